"""Statistics of paired comparisons: tests, intervals, effect sizes, power and corrections; pure arrays, seeded."""

from tli_bench.stats.bootstrap import Interval as Interval
from tli_bench.stats.bootstrap import bootstrap_ci as bootstrap_ci
from tli_bench.stats.bootstrap import clustered_bootstrap_ci as clustered_bootstrap_ci
from tli_bench.stats.comparison import PairedResult as PairedResult
from tli_bench.stats.comparison import cohens_d_z as cohens_d_z
from tli_bench.stats.comparison import paired as paired
from tli_bench.stats.contrasts import DifferenceInDifferences as DifferenceInDifferences
from tli_bench.stats.contrasts import GapChange as GapChange
from tli_bench.stats.contrasts import GapValues as GapValues
from tli_bench.stats.contrasts import difference_in_differences as difference_in_differences
from tli_bench.stats.contrasts import gap_change as gap_change
from tli_bench.stats.corrections import benjamini_hochberg as benjamini_hochberg
from tli_bench.stats.corrections import holm as holm
from tli_bench.stats.correlation import SpearmanResult as SpearmanResult
from tli_bench.stats.correlation import spearman as spearman
from tli_bench.stats.power import detectable_correlation as detectable_correlation
from tli_bench.stats.power import minimum_detectable_effect as minimum_detectable_effect
