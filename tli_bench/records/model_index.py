"""`model-index`: scores in the form in which cards of the Hub state them."""

from collections.abc import Iterable
from typing import Any

from tli_bench.base.errors import ResultError
from tli_bench.base.wording import visible
from tli_bench.config.facts import flags_of
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Place
from tli_bench.measures.registry import list_measures
from tli_bench.records.contender import runs_of
from tli_bench.records.run_record import RunRecord
from tli_bench.records.scores import BEST, OUTPUT


def index_entry(
    lexicon: str, lexicon_hash: str, pair: str, layer: str, protocol: str, metrics: dict[str, tuple[str, float]]
) -> dict[str, Any]:
    """One result of a model index: control words of a pair at one layer. metrics: the name shown and the value, by measure."""
    return {
        "task": {"type": "feature-extraction", "name": "cross-lingual lexical alignment"},
        "dataset": {
            "type": "lexicon",
            "name": f"{lexicon} control, {pair}, layer {layer}, {protocol}",
            "revision": lexicon_hash,
        },
        "metrics": [{"type": name, "value": value, "name": shown} for name, (shown, value) in metrics.items()],
    }


def model_index(name: str, records: Iterable[RunRecord]) -> dict[str, Any]:
    """The `model-index` of a card, of the state that each record is about: the layer that dev chose and the output.

    Records with a reservation (a limit, a skipped gate, leaking words) and those of audit words are left out. Raises ResultError
    for records of several models, adapters or precisions, whose scores are not those of one name.
    """
    results, records = [], list(records)
    runs = runs_of(records)
    if len(runs) > 1:
        raise ResultError(
            f"these are records of {len(runs)} runs: {visible('; '.join(runs), limit=600)}; give the folder of one run"
        )
    for record in records:
        signature = record.signature
        if signature.audit or flags_of(signature) or not record.best_layer:
            continue
        for layer in dict.fromkeys((record.layer(BEST, record.state), record.layer(OUTPUT, record.state))):
            values = {
                measure.name: (measure.label, value)
                for measure in list_measures(Place.SUMMARY)
                if (value := record.value(measure.name, Split.CONTROL, record.state, layer)) is not None
            }
            told = (signature.lexicon, signature.lexicon_hash, record.pair, layer, signature.protocol)
            results.append(index_entry(*told, metrics=values))
    return {"model-index": [{"name": name, "results": results}]}
