"""What an adapter changes at each layer, paired word by word: from the tests that a record keeps of all its layers."""

from tli_bench.lexicon.pairs import Split
from tli_bench.records.run_record import RunRecord
from tli_bench.stats.pseudo import Estimate, from_test


def layer_changes(record: RunRecord) -> dict[str, Estimate]:
    """Change of the headline of the control words by layer, of an adapter against its own base.

    Empty without an adapter, and for a record from before such tests were kept; a layer that could not be scored is left out.
    """
    family = record.controls.family if record.controls else None
    if family is None or family.split is not Split.CONTROL or "adapted" not in record.best_layer:
        return {}
    return {test.layer: from_test(test.n, test.difference, test.t, test.p) for test in family.tests}
