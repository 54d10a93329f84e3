"""Word pairs: the core lexicon, readers of others' lists, normalisation, splits and the doctor."""

from tli_bench.lexicon.core import Core as Core
from tli_bench.lexicon.core import load_core as load_core
from tli_bench.lexicon.coverage import Coverage as Coverage
from tli_bench.lexicon.coverage import stats as stats
from tli_bench.lexicon.doctor import check as check
from tli_bench.lexicon.doctor import leaks as leaks
from tli_bench.lexicon.entries import Entry as Entry
from tli_bench.lexicon.export import export as export
from tli_bench.lexicon.findings import Finding as Finding
from tli_bench.lexicon.findings import Report as Report
from tli_bench.lexicon.lexicon import Lexicon as Lexicon
from tli_bench.lexicon.load import load_lexicon as load_lexicon
from tli_bench.lexicon.normalise import loose_key as loose_key
from tli_bench.lexicon.normalise import match_key as match_key
from tli_bench.lexicon.normalise import normalise as normalise
from tli_bench.lexicon.splits import assign_splits as assign_splits
