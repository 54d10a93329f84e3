"""Hidden states: words in, pooled states of every layer out."""

from tli_bench.hidden.body import blocks_of as blocks_of
from tli_bench.hidden.body import body_of as body_of
from tli_bench.hidden.extract import FirstPosition as FirstPosition
from tli_bench.hidden.extract import States as States
from tli_bench.hidden.extract import all_layers as all_layers
from tli_bench.hidden.extract import extract as extract
from tli_bench.hidden.extract import layer_names as layer_names
from tli_bench.hidden.inputs import Encoded as Encoded
from tli_bench.hidden.inputs import encode_words as encode_words
from tli_bench.hidden.inputs import tokens_policy as tokens_policy
from tli_bench.hidden.pooling import pooling_weights as pooling_weights
from tli_bench.hidden.pooling import rest_weights as rest_weights
from tli_bench.hidden.store import StateStore as StateStore
from tli_bench.hidden.store import WordStates as WordStates
from tli_bench.protocols import Pooling as Pooling
