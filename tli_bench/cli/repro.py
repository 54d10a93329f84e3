"""`tli-bench repro`: a published experiment next to what its controls say."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tli_bench.cli.params import put_together, takes
from tli_bench.config.run import RunConfig
from tli_bench.languages import default_pair

DEFAULT_PAIR = default_pair()

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tli_bench.measures.measure import Measure
    from tli_bench.plugin.repro import Reproduction
    from tli_bench.records.schema import Comparison

app = typer.Typer(
    name="repro", help="Published experiments with the controls they lack.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def main() -> None:
    """Published experiments with the controls they lack."""


SHARED = (
    "model", "adapter", "lexicon", "limit", "batch_size", "device", "dtype", "quantize", "revision", "seed", "any_base", "skip_gate",
)  # fmt: skip


@app.command("tli-paper")
@takes(*SHARED, order=("model", "adapter", "pair", "lexicon", "layer", "limit", "output"))
def tli_paper(
    pair: Annotated[str, typer.Option(help="Language pair.")] = DEFAULT_PAIR,
    layer: Annotated[str, typer.Option(help="Hidden state of the evaluation.")] = "2",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write figures and both records to this JSON file.")
    ] = None,
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
        from tli_bench.plugin.run import tidy
        from tli_bench.plugin.scoring import open_model
    with console.status("measuring"):
        found = reproduce(open_model(config), config, pair=pair, layer=layer)
    _show(console, found)
    if output is not None:
        write_json(output, tidy(found.to_json()))
        console.print(f"written to {output}", soft_wrap=True, markup=False)


def _show(console: "Console", found: "Reproduction") -> None:
    from rich.text import Text

    from tli_bench.config.facts import flags_of
    from tli_bench.models.catalog import PLANTED_SINK
    from tli_bench.plugin.repro import SOURCE
    from tli_bench.report.terminal.tables import show_table

    signature = found.pilot.signature
    flags = flags_of(signature)
    title = f"{signature.model} ({signature.revision}), {signature.pair}, {signature.lexicon}"
    console.print(Text(title + (f"  [{', '.join(flags)}]" if flags else ""), "bold"), soft_wrap=True)
    console.print(Text(f"reported: {SOURCE}"), soft_wrap=True)
    if signature.model in PLANTED_SINK:
        console.print(
            Text(f"its attention sink at position 0 is {PLANTED_SINK[signature.model]}", "yellow"), soft_wrap=True
        )
    if signature.tokens.startswith("no-bos"):
        console.print(Text("this tokenizer adds no BOS: the two protocols measure the same", "yellow"), soft_wrap=True)
    show_table(console, _pilot(found))
    show_table(console, _evaluation(found))
    contrast = found.contrast
    if contrast is not None:
        interval = f" [{contrast.ci[0]:+.4f}, {contrast.ci[1]:+.4f}]" if contrast.ci else ""
        line = (
            f"{contrast.quantity}, trained minus control: {contrast.difference:+.4f}{interval} "
            "(95 %; about 0 when training carries over to unseen words in full)"
        )
        console.print(Text(line), soft_wrap=True)
    for protocol, verdict in found.verdicts().items():
        console.print(Text(f"layer {found.layer}, {protocol}: {verdict}"), soft_wrap=True)


def _pilot(found: "Reproduction") -> "Table":
    from rich.table import Table

    from tli_bench.measures.registry import get_measure
    from tli_bench.plugin.repro import REPORTED

    split = found.pilot_split.value
    count = found.pilot.signature.n[split]
    table = Table(
        title=f"pilot: {count} {split} pairs, base model; BOS in the mean (tli-pilot) | out of it (tli-eval)",
        box=None,
        header_style="dim",
        padding=(0, 1),
        title_justify="left",
    )
    measures = found.measures
    labels = [f"measured {m.label}" if m.name == REPORTED else m.label for m in measures]
    for name in ("layer", f"reported {get_measure(REPORTED).label}", *labels, "position 0 norm"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found.pilot_rows():
        # Under a sink the mean with position 0 differs in the fifth place only.
        cells = [
            f"{_number(row.inside[m.name], m.digits if m.share else 5)} | "
            f"{_number(row.outside[m.name], m.digits if m.share else 4)}"
            for m in measures
        ]
        ratio = "–" if row.sink_ratio is None else f"{row.sink_ratio:.1f}x"
        table.add_row(row.layer, _number(row.reported, 5), *cells, ratio)
    return table


def _evaluation(found: "Reproduction") -> "Table":
    from rich.table import Table

    from tli_bench.measures.registry import get_measure
    from tli_bench.plugin.repro import REPORTED
    from tli_bench.report.terminal.unit import p_value

    table = Table(
        title=f"evaluation: layer {found.layer}, BOS out of the mean, base → adapted",
        box=None,
        header_style="dim",
        padding=(0, 1),
        title_justify="left",
    )
    table.add_column("words", no_wrap=True)
    first = get_measure(REPORTED).label
    others = [m for m in found.measures if m.name != REPORTED]
    titles = [f"{m.label} change [95 % CI]" if m.name == found.headline else m.label for m in others]
    for name in (f"reported {first}", f"measured {first}", "%", "p", *titles):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found.evaluation_rows():
        reported, change = row.reported, row.changes[REPORTED]
        table.add_row(
            f"{row.split.value} (reported n={reported.n}, measured n={row.n})",
            f"{reported.before:.4f} → {reported.after:.4f} (+{reported.percent:.2f} %, p = {reported.p:.2e})",
            _number(row.before, 4) if change is None else f"{change.before:.4f} → {change.after:.4f}",
            "–" if row.percent is None else f"{row.percent:+.2f}",
            "–" if change is None else p_value(change.p),
            *(_change(m, row.changes[m.name], headline=found.headline) for m in others),
        )
    return table


def _number(value: float | None, places: int) -> str:
    return "–" if value is None else f"{value:.{places}f}"


def _change(measure: "Measure", change: "Comparison | None", *, headline: str) -> str:
    """The headline's change with its interval, any other measure before and after."""
    if change is None:
        return "no adapter" if measure.name == headline else "–"
    if measure.name == headline:
        interval = f" [{change.ci[0]:+.4f}, {change.ci[1]:+.4f}]" if change.ci else ""
        return f"{change.difference:+.4f}{interval}"
    places = measure.digits if measure.share else 4
    return f"{change.before:.{places}f} → {change.after:.{places}f}"
