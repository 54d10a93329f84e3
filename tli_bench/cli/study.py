"""`tli-bench study`: from a declared design to a page with an answer."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tli_bench.cli.params import LOAD, GpusPerTrial, RayAddress, Workers, takes

if TYPE_CHECKING:
    from tli_bench.models import LoadedModel
    from tli_bench.studies.design import Design
    from tli_bench.studies.plan import Plan
    from tli_bench.studies.points import Asked, Point, Study
    from tli_bench.training.on_ray import Cluster


@takes(*LOAD)
def study(
    design: Annotated[
        Path,
        typer.Argument(
            help="YAML file: question, arms, words, seeds, primary outcome, contrasts; see docs/studies.md."
        ),
    ],
    model: Annotated[
        str | None, typer.Option(help="Model to ask the question of. Default: each of the file's models.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the points. Default: runs/studies/NAME/MODEL.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Say what it takes and what it can show, with the commands, and stop; trains nothing."
        ),
    ] = False,
    exploratory: Annotated[
        bool,
        typer.Option(
            "--exploratory", help="Go on although the design cannot show its own smallest effect of interest."
        ),
    ] = False,
    points: Annotated[
        Path | None, typer.Option(help="Make the page from the points that --pack wrote; trains nothing.")
    ] = None,
    again: Annotated[
        int, typer.Option(min=0, help="With --points: train so many of them again and compare what they score.")
    ] = 0,
    pack: Annotated[Path | None, typer.Option(help="Also write all points into one small file.")] = None,
    page: Annotated[
        Path | None, typer.Option(help="Folder of the page (Markdown, HTML, SVG). Default: the folder of the points.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder with the official files of downstream tasks; see docs/downstream.md.")
    ] = None,
    workers: Workers = None,
    ray_address: RayAddress = "local",
    gpus_per_trial: GpusPerTrial = 0.0,
    **load: Any,
) -> None:
    """Run a declared study: train its arms, compare them by words that no training saw, and write a page with the answer.

    Points are kept: the same command goes on where it stopped. Learning rates are chosen on dev words, as many for each arm. What
    was declared after the first point was made is marked exploratory. A design without a primary outcome, with arms of unequal tries,
    or too small to show its own smallest effect of interest is refused. With --workers trainings are made by several processes on Ray, into
    a folder that all of them see.
    """
    from tli_bench.base.errors import InputError
    from tli_bench.base.locks import writing_into
    from tli_bench.cli.processes import require_one_process
    from tli_bench.cli.quiet import quiet_libraries

    require_one_process("study", "start it without torchrun")
    from tli_bench.base.yamls import read_yaml
    from tli_bench.plugin.checks import check_base
    from tli_bench.plugin.tasklist import require_known

    if points is None:
        named = [model] if model else read_yaml(design).get("models")
        for name in named if isinstance(named, list) else ():
            check_base(str(name), load)
    quiet_libraries()  # before the libraries are imported, which is when some of them listen
    from tli_bench.studies.covariates import covariates_of
    from tli_bench.studies.design import load_design

    declared = load_design(design)
    if points is None:
        require_known(declared.tasks)
    if declared.uriel:
        covariates_of(declared)  # a file that lacks something is told before the first training, not after the last
    models = (model,) if model else declared.models
    if len(models) > 1 and (output or points or pack):
        raise InputError(
            f"{design} is about {len(models)} models; say which with --model, since --output, --points and --pack are of one"
        )
    for name in models:
        folder = output or Path("runs") / "studies" / declared.name / name.replace("/", "--")
        plan = _plan(declared, name, folder, points)
        if dry_run:
            _tell(plan, declared, design, name)
        _require(plan, declared, exploratory=exploratory)
        if dry_run:
            continue
        if points is None and not workers:
            _require_memory(plan, declared, design, name, load)
        with writing_into(folder, "study"):
            from tli_bench.training.on_ray import Cluster

            if points is not None:
                found = _unpacked(points, declared, name, folder, again=again, data_dir=data_dir, load=load)
            else:
                cluster = Cluster(ray_address, workers, gpus_per_trial) if workers else None
                found = _made(declared, name, folder, data_dir=data_dir, load=load, cluster=cluster)
            _show(found, declared, folder, design, name, page=page, pack=pack, points=points)


def _plan(design: "Design", model: str, folder: Path, points: Path | None) -> "Plan":
    from tli_bench.studies.plan import plan_of
    from tli_bench.studies.points import read_study, unpack

    made = unpack(points) if points else read_study(folder) if any((folder / "points").glob("*.json")) else None
    return plan_of(design, model, made)


def _tell(plan: "Plan", design: "Design", file: Path, model: str) -> None:
    from tli_bench.studies.plan import commands

    print(f"{design.name} on {model}: {design.question}")
    print("\n".join(plan.lines(design)))
    print("commands:")
    print("\n".join(f"  {line}" for line in commands(design, str(file), model)))


def _require(plan: "Plan", design: "Design", *, exploratory: bool) -> None:
    from tli_bench.studies.plan import require_power

    require_power(plan, design, told=exploratory or design.smoke)


def _require_memory(plan: "Plan", design: "Design", file: Path, model: str, load: dict[str, Any]) -> None:
    """Refuse, with the plan, what this machine cannot hold."""
    import torch

    from tli_bench.base.errors import InputError

    if torch.cuda.is_available() and load.get("device") != "cpu":
        there = sum(torch.cuda.get_device_properties(i).total_memory for i in range(torch.cuda.device_count())) / 1e9
    else:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    if plan.memory_gb is not None and plan.memory_gb > there:
        _tell(plan, design, file, model)
        raise InputError(
            f"{model} needs about {plan.memory_gb:,.0f} GB in this study and this machine has {there:,.0f}; "
            "run the commands above where there is as much"
        )


def _unpacked(
    points: Path,
    design: "Design",
    model: str,
    folder: Path,
    *,
    again: int,
    data_dir: Path | None,
    load: dict[str, Any],
) -> "Study":
    """The points of a packed file, some of them made again where asked for."""
    from tli_bench.studies.again import compare_again
    from tli_bench.studies.points import unpack

    found = unpack(points)
    if again:
        for line in compare_again(found, design, _loaded(model, load), folder, again, data_dir=data_dir):
            print(line)
    return found


def _made(
    design: "Design",
    model: str,
    folder: Path,
    *,
    data_dir: Path | None,
    load: dict[str, Any],
    cluster: "Cluster | None",
) -> "Study":
    """The points, made by this process, or by workers on a Ray cluster."""
    from tli_bench.studies.run import here, run_study
    from tli_bench.studies.worker import StudyWork, StudyWorker

    def say(what: str, record: "Point | Asked", reused: bool) -> None:
        label = getattr(getattr(record, "job", None), "setting", None)
        named = f" {label.label}, {record.pair}, seed {record.seed}, {record.kind}" if label and record.pair else ""  # type: ignore[union-attr]
        typer.echo(f"{'kept' if reused else 'done'}: {what}{named}, {record.seconds:.0f} s", err=True)

    if cluster is None:
        worker = StudyWorker(design, _loaded(model, load), folder, data_dir=data_dir)
        return run_study(design, folder, here(worker), on_done=say)
    from tli_bench.training.on_ray import on_ray

    where = str(data_dir.resolve()) if data_dir else None
    with on_ray(StudyWork(design, model, str(folder.resolve()), load, where), cluster) as shared:
        return run_study(design, folder, shared, on_done=say)


def _loaded(model: str, load: dict[str, Any]) -> "LoadedModel":
    from tli_bench.models import LoadOptions, load_model

    return load_model(model, LoadOptions(**load))


def _show(
    found: "Study",
    design: "Design",
    folder: Path,
    file: Path,
    model: str,
    *,
    page: Path | None,
    pack: Path | None,
    points: Path | None,
) -> None:
    from tli_bench.studies.analysis import analyse
    from tli_bench.studies.answer import answer
    from tli_bench.studies.covariates import covariates_of
    from tli_bench.studies.page import files_of, write_page
    from tli_bench.studies.plan import commands
    from tli_bench.studies.points import pack as pack_points

    findings = analyse(found, design, covariates_of(design))
    name = f"{design.name}-{Path(model).name}"
    files = files_of(page or folder, file, pack or points or folder / "points")
    paths = write_page(findings, page or folder, commands(design, str(file), model), name=name, files=files)
    if pack:
        pack_points(found, pack)
        paths.append(pack)
    print(answer(findings))
    print("\n".join(map(str, paths)))
