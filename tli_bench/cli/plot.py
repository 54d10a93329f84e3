"""`tli-bench plot`: figures from records, sweeps and models, as PNG and SVG."""

import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from tli_bench.cli.params import LOAD, takes
from tli_bench.languages import default_pair
from tli_bench.measures.roles import DESCRIPTIONS, HEADLINE

DEFAULT_PAIR = default_pair()
LONGEST = 200
"""Characters of a figure's name, of the 255 bytes that most file systems allow with its ending."""

app = typer.Typer(
    help="Figures as PNG and SVG: curves, change, distributions, sweep, map.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Record = Annotated[Path, typer.Argument(help="A record, or a folder of records: one figure each.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the figures.")]
SplitName = Annotated[str, typer.Option("--split", help="control, dev or train.")]


@app.command("curves")
def curves(
    record: Record,
    out: Out = Path("plots"),
    measure: Annotated[str, typer.Option(help="Any measure: p1_of_50, auc_centred, p1, mexa, cosine, ...")] = HEADLINE,
    split: SplitName = "control",
) -> None:
    """A measure by layer, base and adapted, with 95 % bands over words, or bars where words were kept.

    Raw cosine, mismatched and gap, which conclude nothing, are drawn next to P@1 of 50.
    """
    from tli_bench.report.plots import layer_curves

    _draw(record, out, f"curves-{measure}", split, partial(layer_curves, measure=measure, split=_split(split)))


@app.command("change")
def change(
    record: Record,
    out: Out = Path("plots"),
    quantity: Annotated[str, typer.Option(help="A measure with a value per word: p1_of_50, p1, mexa, ...")] = HEADLINE,
    split: SplitName = "control",
) -> None:
    """Every word before and after the adapter."""
    from tli_bench.report.plots import before_after

    _draw(record, out, f"change-{quantity}", split, partial(before_after, quantity_name=quantity, split=_split(split)))


@app.command("distributions")
def distributions(record: Record, out: Out = Path("plots"), split: SplitName = "control") -> None:
    """Cosines of translations against those of wrong pairs, with P@1 of 50 above them."""
    from tli_bench.report.plots import distributions as draw

    _draw(record, out, "distributions", split, partial(draw, split=_split(split)))


@app.command("sweep")
def sweep(
    source: Annotated[Path, typer.Argument(help="Output folder of `tli-bench sweep`, or its --pack file.")],
    out: Out = Path("plots"),
    measure: Annotated[
        str | None, typer.Option(help="A measure that the sweep holds. Default: what settings are compared by.")
    ] = None,
    split: Annotated[str, typer.Option("--split", help="dev or control.")] = "dev",
    layer: Annotated[str, typer.Option(help="output, loss (each line's own), or a layer's name.")] = "output",
    against: Annotated[str, typer.Option(help="rank (of the LoRA) or parameters (that received gradient).")] = "rank",
    by: Annotated[
        str | None,
        typer.Option(help="Setting that gets one line per value. Default: loss layer and whatever else varied."),
    ] = None,
) -> None:
    """Change of a score by LoRA rank, one line per loss layer, with 95 % intervals over seeds."""
    from tli_bench.cli.quiet import quiet_libraries

    quiet_libraries()
    from tli_bench.base.errors import InputError
    from tli_bench.measures.registry import get_measure
    from tli_bench.records.contender import display_name
    from tli_bench.report.plots import sweep as draw
    from tli_bench.report.scopes import pair_label
    from tli_bench.report.sweeps import lines, load_sweep

    if measure in DESCRIPTIONS:
        raise InputError(
            f"{measure} describes raw geometry, which a constant vector changes: settings are not compared by it; "
            f"leave --measure out for {get_measure(HEADLINE).label}"
        )
    if against not in ("rank", "parameters"):
        raise InputError(f"unknown axis {against!r}; choose rank or parameters")
    found = load_sweep(source)
    for pair in found.base:
        drawn = lines(
            found,
            pair,
            measure=measure,
            split=_split(split),
            layer=layer,
            by=by,
            against="rank" if against == "rank" else "parameters",
        )
        where = "its loss layer" if layer == "loss" else f"layer {drawn[0].layer}"
        title = f"{found.model}, {pair_label(pair)}, at {where}"
        shown = measure or found.score
        score = f"{split} {get_measure(shown).label}"
        drawn_by = ("parameters" if against == "parameters" else "", by or "")
        stem = _stem(display_name(found.model), "sweep", shown, split, layer, *drawn_by, pair)
        _say(draw(drawn, out / stem, title=title, score=score, against=against))


@app.command("map")
@takes(*LOAD)
def embedding_map(
    model: Annotated[str, typer.Option(help="Alias, Hub id or folder.")] = "tiny",
    adapter: Annotated[str | None, typer.Option(help="Adapter folder or Hub id; without it the base alone.")] = None,
    pair: Annotated[str, typer.Option(help="Language pair.")] = DEFAULT_PAIR,
    layer: Annotated[str | None, typer.Option(help="Layer's name. Default: the output.")] = None,
    protocol: Annotated[str, typer.Option(help="Measuring protocol.")] = "words",
    words: Annotated[int, typer.Option(min=3, help="Control words drawn, from the start of the list.")] = 60,
    method: Annotated[str, typer.Option(help="pca or tsne.")] = "pca",
    out: Out = Path("plots"),
    **load: Any,
) -> None:
    """Words of two languages in the plane, before and after the adapter. This one loads the model."""
    from tli_bench.cli.quiet import quiet_libraries
    from tli_bench.languages import pair_id, resolve_pair
    from tli_bench.report.plots import embedding_map as draw
    from tli_bench.report.scopes import pair_label

    quiet_libraries()
    name = pair_id(*resolve_pair(pair))
    shown, states = _vectors(model, adapter, name, layer=layer, protocol=protocol, words=words, load=load)
    drawn = len(states["base"][0])
    title = (
        f"{_short(model)}{f' + {_short(adapter)}' if adapter else ''}\n"
        f"{pair_label(name)}, {drawn} control words, layer {shown}, {method.upper().replace('TSNE', 't-SNE')}"
    )
    stem = _stem(_short(model), _short(adapter or "base"), name, protocol, "map", method, "layer", shown)
    _say(draw(states, out / stem, pair=name, method=method, title=title))


def _short(name: str) -> str:
    return Path(name).name if os.path.isdir(name) else name


def _stem(*parts: str) -> str:
    """Name of a figure's file, of the parts that are not empty; what file systems refuse as too long is cut, and its hash added."""
    from tli_bench.records.names import safe_name

    whole = "-".join(safe_name(part) for part in parts if part)
    if len(whole) <= LONGEST:
        return whole
    return f"{whole[:LONGEST]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _draw(source: Path, out: Path, kind: str, split: str, draw: Callable[[Any, Path], list[Path]]) -> None:
    """A figure of each record; one that has nothing to draw is named, and refused only where it is alone. Raises ResultError."""
    from tli_bench.base.errors import ResultError

    drawn, refused = 0, []
    for where, stem, item in _records(source, out, kind, split):
        try:
            paths = draw(item, stem)
        except ResultError as err:
            refused.append((where, err))
            continue
        _say(paths)
        drawn += 1
    if refused and not drawn:
        raise refused[0][1]
    for where, reason in refused:
        typer.echo(f"not drawn: {where}: {reason}", err=True)


def _records(source: Path, out: Path, kind: str, split: str) -> Any:
    """Records, where each came from and the file that its figure goes to, never the same twice: runs of a folder may differ in little."""
    from tli_bench.config.facts import marks_of
    from tli_bench.lexicon.pairs import Split
    from tli_bench.records.names import run_path
    from tli_bench.records.sources import iter_records

    taken = set()
    for where, record in iter_records(source):
        signature = record.signature
        parts = [
            signature.model,
            signature.adapter.name if signature.adapter else "base",
            record.pair,
            signature.protocol,
        ]
        parts += [] if signature.lexicon.startswith("core ") else [signature.lexicon]
        parts += [*marks_of(signature), kind, *([] if split == Split.CONTROL.value else [split])]
        stem = _stem(*parts)
        if stem in taken:
            stem += f"-{run_path(out, record.task, signature).stem.rpartition('.')[2]}"
        taken.add(stem)
        yield where, out / stem, record


def _split(name: str) -> Any:
    from tli_bench.base.errors import InputError
    from tli_bench.lexicon.pairs import SHOWN, Split

    if name not in SHOWN:
        raise InputError(f"unknown split {name!r}; choose one of {', '.join(SHOWN)}")
    return Split(name)


def _say(paths: list[Path]) -> None:
    for path in paths:
        typer.echo(str(path))


def _vectors(
    model: str, adapter: str | None, pair: str, *, layer: str | None, protocol: str, words: int, load: dict[str, Any]
) -> Any:
    """Layer's name, and by state the source and target vectors of the first control words."""
    from tli_bench.base.errors import UnknownNameError
    from tli_bench.lexicon import load_lexicon
    from tli_bench.lexicon.pairs import Split
    from tli_bench.models import LoadOptions, attach_adapter, inspect_adapter, load_model
    from tli_bench.models.adapters import adapter_disabled
    from tli_bench.vectors.extract import extract
    from tli_bench.vectors.inputs import encode_words, framing
    from tli_bench.vectors.protocols import get_protocol

    lexicon = load_lexicon("core", pair=pair)
    rows = [p for p in lexicon.pairs if p.split is Split.CONTROL][:words]
    loaded, rule = load_model(model, LoadOptions(**load)), get_protocol(protocol)
    source, target = pair.split("-")
    encoded = [
        *encode_words(loaded.tokenizer, [p.source for p in rows], **framing(rule, source)._asdict()),
        *encode_words(loaded.tokenizer, [p.target for p in rows], **framing(rule, target)._asdict()),
    ]
    wrapped = attach_adapter(loaded, inspect_adapter(adapter))[0] if adapter else loaded.model
    with adapter_disabled(wrapped):
        found = {"base": extract(wrapped, encoded, poolings=(rule.pooling,))}
    if adapter:
        found["adapted"] = extract(wrapped, encoded, poolings=(rule.pooling,))
    layers = found["base"].layers
    name = layer or layers[-1]
    if name not in layers:
        raise UnknownNameError("layer", name, layers)
    depth, n = layers.index(name), len(rows)
    vectors = {state: states.vectors[rule.pooling][depth].double().numpy() for state, states in found.items()}
    return name, {state: (both[:n], both[n:]) for state, both in vectors.items()}
