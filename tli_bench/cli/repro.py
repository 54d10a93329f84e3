"""`tli-bench repro`: a published experiment next to what its controls say."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tli_bench.cli.params import put_together, takes
from tli_bench.cli.showing import Plain, show
from tli_bench.config.run import RunConfig
from tli_bench.languages import default_pair

DEFAULT_PAIR = default_pair()

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tli_bench.measures.measure import Measure
    from tli_bench.plugin.repro import Reproduction
    from tli_bench.records.schema import Comparison
    from tli_bench.report.terminal.parts import Cell, Part, Sheet

app = typer.Typer(
    name="repro", help="Published experiments with the controls they lack.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def main() -> None:
    """Published experiments with the controls they lack."""


SHARED = (
    "model", "adapter", "twin", "placebo", "lexicon", "limit", "batch_size", "device", "dtype", "quantize", "revision", "seed", "any_base",
    "skip_gate",
)  # fmt: skip


@app.command("tli-paper")
@takes(*SHARED, order=("model", "adapter", "twin", "placebo", "pair", "lexicon", "layer", "limit", "output"))
def tli_paper(
    pair: Annotated[str, typer.Option(help="Language pair.")] = DEFAULT_PAIR,
    layer: Annotated[str, typer.Option(help="Hidden state of the evaluation.")] = "2",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write figures and both records to this JSON file.")
    ] = None,
    plain: Plain = False,
    **options: Any,
) -> None:
    """The pilot (BOS in the mean) and the evaluation (BOS out) of arXiv 2506.15415, from one pass.

    Published figures are in columns marked `reported`, ours in those marked `measured`, next to them what the paper
    lacks: mismatched pairs, gap, P@1, position 0's norm, trained against control, and a verdict.
    """
    from rich.console import Console

    from tli_bench.base.files import require_writable, write_json
    from tli_bench.cli.quiet import quiet_libraries

    quiet_libraries()
    config = RunConfig.build(put_together(options))
    if output is not None:
        require_writable(output.parent)
    console = Console()
    with console.status("loading lm-eval, torch and transformers"):
        from tli_bench.plugin.repro import reproduce
        from tli_bench.plugin.results import tidy
        from tli_bench.plugin.scoring import open_model
    with console.status("measuring"):
        found = reproduce(open_model(config), config, pair=pair, layer=layer)
    show(console, _parts(found), plain=plain)
    if output is not None:
        write_json(output, tidy(found.to_json()), alone=True)
        console.print(f"written to {output}", soft_wrap=True, markup=False)


def _parts(found: "Reproduction") -> "Iterator[Part]":
    from rich.text import Text

    from tli_bench.config.facts import flags_of
    from tli_bench.models.catalog import PLANTED_SINK
    from tli_bench.plugin.repro import SOURCE

    signature = found.pilot.signature
    flags = flags_of(signature)
    title = f"{signature.model} ({signature.revision}), {signature.pair}, {signature.lexicon}"
    yield Text(title + (f"  [{', '.join(flags)}]" if flags else ""), "bold")
    yield Text(f"reported: {SOURCE}")
    if signature.model in PLANTED_SINK:
        yield Text(f"its attention sink at position 0 is {PLANTED_SINK[signature.model]}", "yellow")
    if signature.tokens.startswith("no-bos"):
        yield Text("this tokenizer adds no BOS: the two protocols measure the same", "yellow")
    yield _pilot(found)
    yield _evaluation(found)
    contrast = found.contrast
    if contrast is not None:
        interval = f" [{contrast.ci[0]:+.4f}, {contrast.ci[1]:+.4f}]" if contrast.ci else ""
        line = (
            f"{contrast.quantity}, trained minus control: {contrast.difference:+.4f}{interval} "
            "(95 %; about 0 when training carries over to unseen words in full)"
        )
        yield Text(line)
    for protocol, verdict in found.verdicts().items():
        yield Text(f"layer {found.layer}, {protocol}: {verdict}")


def _pilot(found: "Reproduction") -> "Sheet":
    from tli_bench.measures.registry import get_measure
    from tli_bench.plugin.repro import REPORTED
    from tli_bench.report.terminal.parts import Column, Sheet

    split = found.pilot_split.value
    count = found.pilot.signature.n[split]
    measures = found.measures
    labels = [f"measured {m.label}" if m.name == REPORTED else m.label for m in measures]
    columns = [Column(name) for name in ("layer", f"reported {get_measure(REPORTED).label}")]
    columns += [Column(name, form="beside", parts=("BOS in", "BOS out")) for name in labels]
    rows: list[tuple[Cell, ...]] = []
    for row in found.pilot_rows():
        # Under a sink the mean with position 0 differs in the fifth place only.
        cells: list[Cell] = [
            (
                _number(row.inside[m.name], m.digits if m.share else 5),
                _number(row.outside[m.name], m.digits if m.share else 4),
            )
            for m in measures
        ]
        ratio = "–" if row.sink_ratio is None else f"{row.sink_ratio:.1f}x"
        rows.append((row.layer, _number(row.reported, 5), *cells, ratio))
    title = f"pilot: {count} {split} pairs, base model; BOS in the mean (tli-pilot) | out of it (tli-eval)"
    return Sheet((*columns, Column("position 0 norm")), tuple(rows), title=title)


def _evaluation(found: "Reproduction") -> "Sheet":
    from tli_bench.measures.registry import get_measure
    from tli_bench.plugin.repro import REPORTED
    from tli_bench.records.outcomes import p_text
    from tli_bench.report.terminal.parts import Column, Sheet

    first = get_measure(REPORTED).label
    others = [m for m in found.measures if m.name != REPORTED]
    titles = [f"{m.label} change [95 % CI]" if m.name == found.headline else m.label for m in others]
    names = (f"reported {first}", f"measured {first}", "%", "p", *titles)
    rows: list[tuple[Cell, ...]] = []
    adapted = found.evaluation.signature.adapter is not None
    why = "too few words" if adapted else "no adapter"
    for row in found.evaluation_rows():
        reported, change = row.reported, row.changes[REPORTED]
        rows.append((
            f"{row.split.value} (reported n={reported.n}, measured n={row.n})",
            f"{reported.before:.4f} → {reported.after:.4f} (+{reported.percent:.2f} %, p = {reported.p:.2e})",
            _number(row.before, 4) if change is None else f"{change.before:.4f} → {change.after:.4f}",
            "–" if row.percent is None else f"{row.percent:+.2f}",
            "–" if change is None else p_text(change.p),
            *(_change(m, row.changes[m.name], headline=found.headline, why=why) for m in others),
        ))  # fmt: skip
    title = f"evaluation: layer {found.layer}, BOS out of the mean, {'base → adapted' if adapted else 'base alone'}"
    return Sheet((Column("words", left=True), *map(Column, names)), tuple(rows), title=title)


def _number(value: float | None, places: int) -> str:
    return "–" if value is None else f"{value:.{places}f}"


def _change(measure: "Measure", change: "Comparison | None", *, headline: str, why: str) -> str:
    """The headline's change with its interval, any other measure before and after; why: there is no change to be told."""
    if change is None:
        return why if measure.name == headline else "–"
    if measure.name == headline:
        interval = f" [{change.ci[0]:+.4f}, {change.ci[1]:+.4f}]" if change.ci else ""
        return f"{change.difference:+.4f}{interval}"
    places = measure.digits if measure.share else 4
    return f"{change.before:.{places}f} → {change.after:.{places}f}"
