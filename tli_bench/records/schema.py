"""What records are made of; each part has a file of its own."""

from tli_bench.records.columns import Curve as Curve
from tli_bench.records.columns import Sums as Sums
from tli_bench.records.columns import Words as Words
from tli_bench.records.comparison import Comparison as Comparison
from tli_bench.records.controls import Contrast as Contrast
from tli_bench.records.controls import Controls as Controls
from tli_bench.records.controls import Family as Family
from tli_bench.records.controls import LayerTest as LayerTest
from tli_bench.records.controls import PermutationNull as PermutationNull
from tli_bench.records.controls import Power as Power
from tli_bench.records.controls import Spelling as Spelling
from tli_bench.records.controls import StratumScore as StratumScore
from tli_bench.records.downstream_record import DownstreamRecord as DownstreamRecord
from tli_bench.records.run_record import RunRecord as RunRecord
from tli_bench.records.signature import Signature as Signature
from tli_bench.records.versions import SCHEMA_VERSION as SCHEMA_VERSION

Record = RunRecord | DownstreamRecord
