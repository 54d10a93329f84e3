"""`tli-bench run`: score a model, and its adapter, on word pairs."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_ADAPTER_PAIRS = "swh-eng"


def names(values: list[str] | None) -> list[str]:
    """The names of a repeatable option, each of which may hold several joined by commas."""
    return [part for value in values or [] for part in value.split(",") if part]


def run(
    model: Annotated[str, typer.Option(help="Alias (tiny, lugha), Hub id ORG/NAME, or a model folder.")] = "tiny",
    adapter: Annotated[
        str | None,
        typer.Option(
            help="PEFT adapter: a folder or a Hub id. `tiny` has its own by default; `none` scores the base alone."
        ),
    ] = None,
    pairs: Annotated[
        list[str] | None, typer.Option(help="Language pairs, e.g. swh-eng,tur-azj. Default: 15 pairs.")
    ] = None,
    tasks: Annotated[
        list[str] | None, typer.Option(help="Task or group names instead of pairs (`tli-bench ls tasks`).")
    ] = None,
    lexicon: Annotated[str, typer.Option(help="Word list: core, a file, a folder, or hf:ID.")] = "core",
    control: Annotated[Path | None, typer.Option(help="Separate control list, for lists that keep it apart.")] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            help="Downstream data: a folder in the official layout, `hub`, or `fixtures` (our small samples). "
            "Default: the Hub, or the samples where it is off; `tiny` takes the samples."
        ),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            help="Measuring protocols joined by commas (`tli-bench ls protocols`), or FILE.yaml of your own; one record each."
        ),
    ] = "words",
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Only the first N word pairs or documents of each task; for trying things out."),
    ] = None,
    output: Annotated[
        Path, typer.Option(help="Folder for records and results; finished units in it are not run again.")
    ] = Path("runs"),
    batch_size: Annotated[int, typer.Option(min=1, help="Words per forward pass.")] = 256,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, cuda:1, mps. Default: a GPU when there is one.")
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="float32, bfloat16 or float16. Default: float32 on CPU, bfloat16 on GPU.")
    ] = None,
    quantize: Annotated[
        str | None, typer.Option(help="nf4, int8 or none. Default: nf4 for lugha, none otherwise.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Hub revision of the model.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of splits (own lists) and of the bootstrap.")] = 0,
    allow_leakage: Annotated[
        bool, typer.Option("--allow-leakage", help="Score a lexicon whose control words leak; every score says so.")
    ] = False,
    any_base: Annotated[bool, typer.Option("--any-base", help="Accept an adapter recorded for another base.")] = False,
    skip_gate: Annotated[
        bool, typer.Option("--skip-gate", help="Score a base that fails the sanity gate; every score says so.")
    ] = False,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Run code shipped with the model.")
    ] = False,
) -> None:
    """Score a model, layer by layer, on whether words and their translations lie in the same place.

    Without options: the embedded model `tiny` with its Swahili-English adapter, over the default pairs, offline.
    """
    from tli_bench.cli.running import RunOptions, execute

    execute(
        RunOptions(
            model=model,
            adapter=adapter,
            pairs=tuple(names(pairs)),
            tasks=tuple(names(tasks)),
            lexicon=lexicon,
            control=control,
            data_dir=data_dir,
            protocol=protocol,
            limit=limit,
            output=output,
            batch_size=batch_size,
            device=device,
            dtype=dtype,
            quantize=quantize,
            revision=revision,
            seed=seed,
            allow_leakage=allow_leakage,
            any_base=any_base,
            skip_gate=skip_gate,
            trust_remote_code=trust_remote_code,
        )
    )
