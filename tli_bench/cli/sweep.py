"""`tli-bench sweep`: train and score every point of a grid."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tli_bench.base.errors import InputError
from tli_bench.cli.params import LOAD, GpusPerTrial, RayAddress, Workers, takes

if TYPE_CHECKING:
    from tli_bench.training.on_ray import Cluster
    from tli_bench.training.sweep import Point, SweepSpec, Unit


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
    shard: Annotated[
        str | None, typer.Option(help="Run only this part of the points, e.g. 3/64: for the jobs of an array.")
    ] = None,
    workers: Workers = None,
    ray_address: RayAddress = "local",
    gpus_per_trial: GpusPerTrial = 0.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the points and stop.")] = False,
    **load: Any,
) -> None:
    """Train every combination of the grid, seed and pair, and compare them by the dev words.

    Recipes may be LoRA or full fine-tuning. The base is loaded once. Finished points are kept: the same command goes on
    where it stopped. In the table `*` marks settings that no smaller or equal one beats on dev words; intervals are 95 %
    over seeds. What control words gain is shown beside it and decides nothing; `control: false` in the file leaves it out.

    With --workers the points are trained by several processes on Ray, with --shard by the jobs of an array, each on its part; run
    without either, the same command gathers what they made. The folder has to be one that all of them see.
    """
    from tli_bench.base.wording import counted
    from tli_bench.base.yamls import read_yaml
    from tli_bench.cli.processes import require_one_process
    from tli_bench.cli.quiet import quiet_libraries
    from tli_bench.plugin.checks import check_base, check_modules

    require_one_process("sweep", "start it without torchrun; `--workers` and `--shard` share a sweep among processes")
    named = read_yaml(spec).get("model", "tiny")
    if isinstance(named, str):  # anything else is told with the other keys
        check_base(named, load)
    quiet_libraries()  # before the libraries are imported, which is when some of them listen
    from tli_bench.training.shard import Shard, shard_of
    from tli_bench.training.sweep import load_spec, require_inputs, units_of

    plan, part = load_spec(spec), shard_of(shard) if shard else Shard(1, 1)
    if shard and workers:
        raise InputError("--shard is for jobs that know nothing of each other, --workers for Ray; give one of them")
    units = part.of(units_of(plan))
    require_inputs(plan)
    folder = output or Path("runs") / "sweeps" / plan.name
    if dry_run:
        for unit in units:
            print(f"{unit.pair}  {_settings(unit.settings)}  seed {unit.seed}")
        print(f"{counted(len(units), 'point')}, to {folder}")
        return
    check_modules(plan.model, {name for unit in units if unit.recipe.kind == "lora" for name in unit.recipe.modules})
    show = _Shown(len(units), layer or plan.layer)
    from tli_bench.base.files import write_text
    from tli_bench.base.locks import writing_into

    if shard:
        # Jobs of an array write side by side: each point is a file of its own, and each part has one job.
        own = folder / "shards" / f"{part.number}-{part.parts}"
        with writing_into(folder, "sweep", shared=True), writing_into(own, "sweep"):
            points = _here(plan, units, folder, load, show)
        print(
            f"shard {shard} is done, {counted(len(points), 'point')} in {folder}; the command without --shard gathers all of them"
        )
        return
    with writing_into(folder, "sweep"):
        if workers:
            from tli_bench.training.on_ray import Cluster

            points = _on_ray(plan, units, folder, load, Cluster(ray_address, workers, gpus_per_trial), show)
        else:
            points = _here(plan, units, folder, load, show)
        from tli_bench.report.sweeps import pack as pack_points
        from tli_bench.report.sweeps import write_sweep
        from tli_bench.training.pareto import as_markdown, pareto

        if pack:
            write_sweep(pack_points(plan.name, points), pack)
        table = as_markdown(pareto(points, layer=layer or plan.layer), text_limit=plan.text_limit)
        write_text(folder / "table.md", table + "\n")
    print(table)


class _Shown:
    """Says on standard error what each point gave, as it ends."""

    def __init__(self, total: int, layer: str) -> None:
        self._total, self._layer, self._count = total, layer, 0

    def __call__(self, point: "Point", reused: bool) -> None:
        from tli_bench.measures.registry import get_measure
        from tli_bench.training.pareto import pareto

        self._count += 1
        (row,) = pareto([point], layer=self._layer)  # an unknown layer is an error now, not after the last point
        state = "kept" if reused else "done"
        typer.echo(
            f"{self._count}/{self._total} {state}: {point.pair}  {_settings(point.settings)}  seed {point.seed}  "
            f"dev {get_measure(row.by).label} at layer {row.layer} {row.score.mean:+.4f}",
            err=True,
        )


def _here(plan: "SweepSpec", units: "list[Unit]", folder: Path, load: dict[str, Any], show: _Shown) -> "list[Point]":
    from tli_bench.models import LoadOptions, load_model
    from tli_bench.training.sweep import run_sweep

    return run_sweep(plan, load_model(plan.model, LoadOptions(**load)), folder, units=units, on_point=show)


def _on_ray(
    plan: "SweepSpec", units: "list[Unit]", folder: Path, load: dict[str, Any], cluster: "Cluster", show: _Shown
) -> "list[Point]":
    from tli_bench.training.on_ray import on_ray
    from tli_bench.training.sweep import SweepWork

    found: dict[int, Point] = {}
    with on_ray(SweepWork(plan.model_dump(mode="json"), str(folder.resolve()), load), cluster) as shared:
        for number, point, reused in shared(units):
            found[number] = point
            show(point, reused)
    return [found[number] for number in sorted(found)]


def _settings(settings: dict[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in settings.items())
