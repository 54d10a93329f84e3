"""Languages: what each is called, how it is written, what each data set calls it, and which pairs are scored by default."""

from tli_bench.languages.language import Language as Language
from tli_bench.languages.names import default_pair as default_pair
from tli_bench.languages.names import find_language as find_language
from tli_bench.languages.names import language_of as language_of
from tli_bench.languages.names import language_or_default as language_or_default
from tli_bench.languages.names import pair_id as pair_id
from tli_bench.languages.names import pairs_of as pairs_of
from tli_bench.languages.names import pivot as pivot
from tli_bench.languages.names import resolve_language as resolve_language
from tli_bench.languages.names import resolve_pair as resolve_pair
from tli_bench.languages.registry import DEFAULT_PAIRS as DEFAULT_PAIRS
from tli_bench.languages.registry import LANGUAGES as LANGUAGES
from tli_bench.languages.registry import register_language as register_language
