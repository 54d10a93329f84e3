"""One record as the page of `tli-bench view` reads it: what was concluded, its words, groups and curves. All texts made visible."""

from collections.abc import Sequence
from typing import Any

from tli_bench.base.wording import spelt_out, visible
from tli_bench.config.facts import flags_of
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.measure import Measure, Place
from tli_bench.measures.registry import get_measure, list_measures
from tli_bench.measures.roles import COMPANION, SIZES
from tli_bench.models.identity import BEFORE_AFTER
from tli_bench.records.columns import Curve, Sums
from tli_bench.records.schema import RunRecord
from tli_bench.records.scores import BEST
from tli_bench.records.validate import validate_record
from tli_bench.records.verdicts import verdicts_of
from tli_bench.report.diagnosis import cannot_be_judged, tokens_line
from tli_bench.report.paired import layer_changes
from tli_bench.report.scopes import pair_label
from tli_bench.report.view_words import WordLists, bounded, language_names, seen, states_at

NO_NEIGHBOURS = (
    "The record does not say which wrong word is nearest: it was made before that was kept, or was shortened for a board. Score it again "
    "into another --output to see ranks and neighbours."
)
CONTRADICTS = "This record contradicts itself (`tli-bench results validate` says how): "


def listed(record: RunRecord) -> dict[str, Any]:
    """What the list of records shows of one."""
    adapter, training = record.signature.adapter, record.signature.training
    layer, headline = record.layer(BEST, record.state) if record.best_layer else "", _headline(record)
    values = [record.value(headline.name, Split.CONTROL, state, layer) if layer else None for state in _states(record)]
    verdict = record.verdict
    return {
        "verdict": verdict.kind.value if verdict else "no verdict",
        "model": visible(record.signature.model, limit=80),
        "adapter": visible(adapter.name if adapter else training.name if training else "–", limit=60),
        "pair": visible(pair_label(record.pair), limit=60),
        "protocol": visible(record.signature.protocol, limit=40),
        "date": visible(record.created[:16].replace("T", " "), limit=20),
        "values": _short(bounded(headline, values)),
        "flags": [visible(flag, limit=60) for flag in flags_of(record.signature)],
    }


def packed(record: RunRecord, words: WordLists) -> dict[str, Any]:
    """Everything else of one record. words: the lists that its words are added to."""
    at = {layer: states for layer in _layers(record) if (states := states_at(record, layer))}
    measures = {m.name: m for m in (_headline(record), get_measure(COMPANION), *list_measures(Place.SUMMARY))}
    details = record.details
    return {
        "headline": _headline(record).label,
        "states": [seen(state) for state in record.best_layer],
        "chosen": {seen(s): seen(layer) for s, layer in record.best_layer.items() if record.chosen_on_dev(s)},
        "output": seen(record.layers[-1]) if record.layers else "",
        "layers": [seen(layer) for layer in record.layers],
        "languages": language_names(record.pair),
        "verdicts": _verdicts(record),
        "warnings": _warnings(record),
        "facts": [line for line in (visible(tokens_line(record), limit=300),) if line],
        "words": words.add(record),
        "shown": [seen(layer) for layer in at],
        "at": {seen(layer): states for layer, states in at.items()},
        "notes": _notes(record, list(at), near=bool(details and details.neighbours)),
        "strata": _strata(record),
        "curves": [_curves(record, measure) for measure in measures.values()],
        "change": _change(record),
        "command": visible(record.command, limit=1000),
        "commit": visible(record.source_commit or "", limit=60),
        "signature": spelt_out(record.signature.model_dump(mode="json", exclude_none=True)),
    }


def _headline(record: RunRecord) -> Measure:
    return get_measure(record.headline_of(Split.CONTROL))


def _states(record: RunRecord) -> list[str]:
    return [state for state in BEFORE_AFTER if state in record.best_layer]


def _layers(record: RunRecord) -> list[str]:
    """The layer that dev chose for what the record is about, that of the base, and the output; then others that were kept."""
    chosen = [record.best_layer[state] for state in reversed(_states(record))]
    return list(dict.fromkeys([*chosen, *record.layers[-1:], *record.kept_layers(Split.CONTROL)]))


def _verdicts(record: RunRecord) -> list[list[str]]:
    """Layer and line of each verdict, that of the layer chosen on dev first."""
    verdicts = verdicts_of(record)
    first = [layer for layer in _layers(record) if layer in verdicts]
    order = dict.fromkeys([*first, *verdicts])
    return [[seen(layer), visible(str(verdicts[layer]), limit=400)] for layer in order]


def _warnings(record: RunRecord) -> list[str]:
    errors = validate_record(record).errors
    found = [CONTRADICTS + errors[0]] if errors else []
    found += [f"Not ranked: {flag}." for flag in flags_of(record.signature)]
    found += [cannot_be_judged(record), *(record.controls.warnings if record.controls else [])]
    if record.signature.seen_control:
        found.append(f"{len(record.signature.seen_control)} control words were trained and are left out.")
    found += [f"unscored: {reason}" for reason in record.unscored[:5]]
    return [visible(line, limit=400) for line in found if line]


def _notes(record: RunRecord, shown: Sequence[str], *, near: bool) -> list[str]:
    """Why something about the words is missing."""
    n, label = len(record.words.get(Split.CONTROL, ())), _headline(record).label
    if not n:
        return ["The record holds no control words."]
    if not shown:
        return [
            f"The record holds no {label} of its {n:,} words one by one: only sums were kept, or it was made before there was one."
        ]
    found = [] if near else [NO_NEIGHBOURS]
    scored = (record.column(_headline(record).name, Split.CONTROL, state, shown[0]) for state in record.best_layer)
    if all(column is None for column in scored):
        found.append(f"The words have no {label}, which needs more than {SIZES[-1]} control words; there are {n}.")
    return found


def _strata(record: RunRecord) -> list[list[Any]]:
    """State, layer, kind, label, words, score and its interval of each group of control words."""
    headline = _headline(record)
    return [
        [
            item.state,
            seen(item.layer),
            visible(item.kind, limit=40),
            visible(item.label, limit=60),
            item.n,
            *_short(bounded(headline, [item.value, *(item.ci or (None, None))])),
        ]
        for item in (record.controls.strata if record.controls else [])
        if item.split is Split.CONTROL and item.quantity == headline.label
    ]


def _curves(record: RunRecord, measure: Measure) -> dict[str, Any]:
    """One measure by layer, of every state: values, and the bounds of the 95 % intervals that are known."""
    states = {}
    for state in record.best_layer:
        curve = record.curve(measure.name, Split.CONTROL, state)
        if curve is not None:
            bands = _band(record, measure, state)
            states[seen(state)] = [_short(bounded(measure, part)) for part in (curve, *bands)]
    return {"label": measure.label, "about": measure.definition, "states": states}


def _band(record: RunRecord, measure: Measure, state: str) -> tuple[Curve, Curve]:
    """Bounds at every layer, or at those of which pseudo-values were kept."""
    known = record.details.bands.get(state, {}).get(measure.name) if record.details else None
    if known is None:
        known = [_interval(record, measure, state, layer) for layer in record.layers]
    return [ci[0] if ci else None for ci in known], [ci[1] if ci else None for ci in known]


def _interval(record: RunRecord, measure: Measure, state: str, layer: str) -> tuple[float, float] | None:
    held = record.held_pseudo(measure.name, Split.CONTROL, state, layer)
    found = (
        None if held is None or isinstance(held, Sums) else record.estimate(measure.name, Split.CONTROL, state, layer)
    )
    return found.ci if found else None


def _change(record: RunRecord) -> dict[str, Any] | None:
    """Change of the headline at every layer with its 95 % interval; None where there is none."""
    if not (changes := layer_changes(record)):
        return None
    found = [changes.get(layer) for layer in record.layers]
    parts: list[Curve] = [[None if e is None else getattr(e, part) for e in found] for part in ("value", "low", "high")]
    return {"label": f"{_headline(record).label} change", "states": {"change": [_short(part) for part in parts]}}


def _short(values: Sequence[float | None]) -> Curve:
    return [None if value is None else round(value, 4) for value in values]
