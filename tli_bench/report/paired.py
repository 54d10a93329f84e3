"""Row minus base at one layer, paired word by word: possible only where records keep the pseudo-values of both."""

import numpy as np

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.roles import HEADLINE
from tli_bench.records.run_record import RunRecord
from tli_bench.stats.pseudo import Estimate, difference


def layer_changes(record: RunRecord) -> dict[str, Estimate]:
    """Change of the headline of the control words by layer, of an adapter against its own base; empty without an adapter."""
    if "adapted" not in record.best_layer or "base" not in record.best_layer:
        return {}
    found = {}
    for layer in record.pseudo.get(Split.CONTROL, {}).get("adapted", {}):
        before, after = (record.pseudo_column(HEADLINE, Split.CONTROL, state, layer) for state in ("base", "adapted"))
        if (
            before is not None
            and after is not None
            and len(after) > 1
            and not (np.isnan(before) | np.isnan(after)).any()
        ):
            found[layer] = difference(before, after)
    return found
