"""Statistics of paired comparisons: tests, intervals, effect sizes, power and corrections; pure arrays, seeded."""

from tli_bench.stats.bootstrap import Interval as Interval
from tli_bench.stats.bootstrap import bootstrap_ci as bootstrap_ci
from tli_bench.stats.comparison import PairedResult as PairedResult
from tli_bench.stats.comparison import paired as paired
from tli_bench.stats.corrections import benjamini_hochberg as benjamini_hochberg
from tli_bench.stats.corrections import holm as holm
from tli_bench.stats.correlation import SpearmanResult as SpearmanResult
from tli_bench.stats.correlation import spearman as spearman
from tli_bench.stats.power import detectable_correlation as detectable_correlation
from tli_bench.stats.power import minimum_detectable_effect as minimum_detectable_effect
