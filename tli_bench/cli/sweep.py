"""`tli-bench sweep`: train and score every point of a grid."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tli_bench.cli.params import LOAD, takes


@takes(*LOAD)
def sweep(
    spec: Annotated[Path, typer.Argument(help="YAML file: name, model, pairs, recipes, grid, seeds, layer, ...")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the points. Default: runs/sweeps/NAME.")
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(help="Layer that settings are compared at: output, loss, or a name. Default: the file's."),
    ] = None,
    pack: Annotated[
        Path | None, typer.Option(help="Also write all points into one small file, as leaderboards/sweeps/ holds.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the points and stop.")] = False,
    **load: Any,
) -> None:
    """Train every combination of the grid, seed and pair, and compare them by the dev words.

    Recipes may be LoRA or full fine-tuning. The base is loaded once. Finished points are kept: the same command goes on
    where it stopped. In the table `*` marks settings that no smaller or equal one beats on dev words; intervals are 95 %
    over seeds. What control words gain is shown beside it and decides nothing; `control: false` in the file leaves it out.
    """
    from tli_bench.base.yamls import read_yaml
    from tli_bench.cli.processes import require_one_process
    from tli_bench.cli.quiet import quiet_libraries
    from tli_bench.plugin.checks import check_base, check_modules

    require_one_process("sweep", "start it without torchrun; `tli-bench train` can use several")
    check_base(str(read_yaml(spec).get("model", "tiny")), load)
    quiet_libraries()  # before the libraries are imported, which is when some of them listen
    from tli_bench.base.files import write_text
    from tli_bench.base.locks import writing_into
    from tli_bench.measures.registry import get_measure
    from tli_bench.models import LoadOptions, load_model
    from tli_bench.report.sweeps import pack as pack_points
    from tli_bench.report.sweeps import write_sweep
    from tli_bench.training.pareto import as_markdown, pareto
    from tli_bench.training.sweep import Point, load_spec, run_sweep, units_of

    plan = load_spec(spec)
    units = units_of(plan)
    where = layer or plan.layer
    folder = output or Path("runs") / "sweeps" / plan.name
    if dry_run:
        for unit in units:
            print(f"{unit.pair}  {_settings(unit.settings)}  seed {unit.seed}")
        print(f"{len(units)} points, to {folder}")
        return
    count = 0

    def show(point: Point, reused: bool) -> None:
        nonlocal count
        count += 1
        (row,) = pareto([point], layer=where)  # an unknown layer is an error now, not after the last point
        state = "kept" if reused else "done"
        typer.echo(
            f"{count}/{len(units)} {state}: {point.pair}  {_settings(point.settings)}  seed {point.seed}  "
            f"dev {get_measure(row.by).label} at layer {row.layer} {row.score.mean:+.4f}",
            err=True,
        )

    check_modules(plan.model, {name for unit in units if unit.recipe.kind == "lora" for name in unit.recipe.modules})
    with writing_into(folder, "sweep"):
        points = run_sweep(plan, load_model(plan.model, LoadOptions(**load)), folder, on_point=show)
        if pack:
            write_sweep(pack_points(plan.name, points), pack)
        table = as_markdown(pareto(points, layer=where), text_limit=plan.text_limit)
        write_text(folder / "table.md", table + "\n")
    print(table)


def _settings(settings: dict[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in settings.items())
