"""Languages: what each is called, how it is written, and which pairs the benchmark scores by default."""

from tli_bench.languages.language import DEFAULT_PAIRS as DEFAULT_PAIRS
from tli_bench.languages.language import LANGUAGES as LANGUAGES
from tli_bench.languages.language import Language as Language
from tli_bench.languages.language import pair_id as pair_id
from tli_bench.languages.language import resolve_language as resolve_language
from tli_bench.languages.language import resolve_pair as resolve_pair
