"""The lines that `tli-bench run` prints next to the scores of one unit: what else could explain them."""

from collections.abc import Iterator

from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE, headline_for
from tli_bench.models.catalog import PLANTED_SINK
from tli_bench.models.identity import State
from tli_bench.records.schema import Controls, RunRecord
from tli_bench.records.scores import BEST
from tli_bench.records.trained import split_names, trained_here


def control_lines(record: RunRecord) -> Iterator[str]:
    """A few lines about the control words (or what was scored) at the last layer shown for the last state."""
    controls = record.controls
    if controls is None or not record.curves:
        return
    split, state = record.split, record.state
    layer = record.layer(BEST, state)
    where = f"{split_names(record.signature)[split]} {state}, layer {layer}: "
    parts = [*_spelling(controls, split), *_part(controls, split, state, layer), *_last(record, split, state)]
    parts += [
        f"CKA {null.cka:.3f} (shuffled pairs: p = {null.p:.3g})"
        for null in controls.nulls
        if (null.split, null.state, null.layer) == (split, state, layer)
    ]
    if parts:
        yield where + "; ".join(parts)
    yield from _position(record, split, state)
    yield from _variants(record, layer)
    parts = [*_contrast(controls, record, layer), *_power(controls, layer)]
    if parts:
        yield f"layer {layer}: {'; '.join(parts)}"


def _contrast(controls: Controls, record: RunRecord, layer: str) -> Iterator[str]:
    """Trained against control words; nothing where the adapter was not trained on this pair."""
    for contrast in controls.contrasts if trained_here(record.signature) else ():
        if contrast.layer == layer:
            interval = f" [{contrast.ci[0]:+.3f}, {contrast.ci[1]:+.3f}]" if contrast.ci else ""
            yield f"{contrast.quantity}, trained minus control {contrast.difference:+.3f}{interval}"


def _variants(record: RunRecord, layer: str) -> Iterator[str]:
    """Placebos and the twin: what else was put into the adapter's place."""
    placebo = record.controls.placebo if record.controls else None
    for item in placebo.layers if placebo else ():
        if placebo and item.layer == layer:
            label = get_measure(placebo.quantity).label
            yield (
                f"layer {layer}: {placebo.count} placebos of random weights change {label} by {item.mean:+.3f} on average, 95 % of "
                f"them by at most {item.floor:.3f}; the adapter's {item.change:+.3f} is above {item.quantile:.0%} of them"
            )
    if record.signature.twin:
        yield f"scored next to it: the twin on shuffled pairs ({record.signature.twin[:8]})"


def _spelling(controls: Controls, split: Split) -> Iterator[str]:
    if split in controls.spelling:
        found = controls.spelling[split]
        label = get_measure(headline_for(found.n)).label
        yield (
            f"spelling alone P@1 {found.p1:.2f}" if found.value is None else f"spelling alone {label} {found.value:.2f}"
        )


def _part(controls: Controls, split: Split, state: State, layer: str) -> Iterator[str]:
    for part in controls.strata:
        here = (part.split, part.state, part.layer, part.kind) == (split, state, layer, "overlap")
        if here and part.label.startswith("low"):
            interval = f" [{part.ci[0]:.2f}, {part.ci[1]:.2f}]" if part.ci else ""
            yield f"low overlap (n={part.n}) {part.quantity} {part.value:.2f}{interval}, P@1 {part.p1:.2f}"


def _last(record: RunRecord, split: Split, state: State) -> Iterator[str]:
    value = record.value(f"{HEADLINE}_last", split, state, BEST)
    if value is not None:
        yield f"last token {get_measure(HEADLINE).label} {value:.2f}"


def _position(record: RunRecord, split: Split, state: State) -> Iterator[str]:
    names = ("sink_ratio", "cosine_with_first", "cosine_without_first")
    ratio, inside, outside = (record.value(name, split, state, BEST) for name in names)
    ratios = [value for value in record.curve("sink_ratio", split, state) or [] if value is not None]
    if ratio is None or inside is None:
        return
    without = "none without it" if outside is None else f"{outside:.4f} without"
    yield (
        f"position 0{_planted(record)}: norm {ratio:.1f}x the median (largest of all layers {max(ratios):.1f}x); "
        f"matched cosine {inside:.4f} with it, {without}"
    )


def _planted(record: RunRecord) -> str:
    note = PLANTED_SINK.get(record.signature.model)
    return f" ({note})" if note else ""


def _power(controls: Controls, layer: str) -> Iterator[str]:
    for power in controls.power:
        if power.layer == layer and power.quantity.endswith("change"):
            yield f"{power.n} pairs can show a change of {power.detectable:.3f} (80 % power)"
