"""`tli-bench plan`: what a model takes before any of it is downloaded."""

from typing import Annotated

import typer


def plan(
    model: Annotated[str, typer.Argument(help="Alias, folder, or Hub id; `tli-bench ls models` lists some.")],
    gpus: Annotated[str | None, typer.Option(help="The machine: 24GB for one GPU, 2x24GB for two.")] = None,
    ram: Annotated[str | None, typer.Option(help="A machine without a GPU, by its main memory: 16GB.")] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            "--train", help="A recipe to plan for, by name or YAML file. Default: tli-early, tli and full-finetune."
        ),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(
            help="The first layers to plan for as well, as 0-K. Default: 0-8, where the model has more.",
            show_default=False,
        ),
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Hub revision of the model.")] = None,
) -> None:
    """Say how much memory scoring and training a model take, on which machine they fit, and with which command they start.

    From the configuration alone: that of a folder, of the Hub's cache, of the models whose facts ship with tli-bench, or of the
    Hub. Nothing is loaded: the real steps run on tensors that hold nothing. docs/scale.md sets plans next to what processes
    take on a CPU: near for Llamas, too low for GPT-2.
    """
    from tli_bench.cli.quiet import quiet_libraries

    quiet_libraries()
    from tli_bench.models import LoadOptions
    from tli_bench.models.first import shortened
    from tli_bench.models.layers import first_blocks
    from tli_bench.models.skeleton import describe
    from tli_bench.training.plan import USUAL_LAYERS, machine_of, usual_trainings
    from tli_bench.training.plan import plan as plan_of
    from tli_bench.training.recipe import load_recipe

    machine, early = machine_of(gpus, ram), first_blocks(layers)
    described = describe(model, LoadOptions(revision=revision))
    if early:
        shortened(described.config, early)  # one that is asked for has to be there
    given = load_recipe(recipe) if recipe else None
    usual = [load_recipe(name) for name in ("tli-early", "tli", "full-finetune")]
    found = plan_of(
        described,
        machine=machine,
        trainings=usual_trainings(given, usual),
        early=early or USUAL_LAYERS,
    )
    for line in found.lines():
        print(line)
