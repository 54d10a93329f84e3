"""`tli-bench run`: score a model, and its adapter, on word pairs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tli_bench.cli.params import given, takes
from tli_bench.cli.showing import Plain
from tli_bench.config.options import settings
from tli_bench.config.run import RunConfig
from tli_bench.config.saved import read_config


@takes()
def run(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(help="YAML file of options, such as the run.yaml of an earlier run; options given here win."),
    ] = None,
    plain: Plain = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Score again what is finished in --output, and replace it.")
    ] = False,
    log_samples: Annotated[
        bool,
        typer.Option(
            "--log-samples",
            help="Write each control word with its ranks and nearest wrong words, and each document with its answer, as JSON lines.",
        ),
    ] = False,
    hub_repo: Annotated[
        str | None,
        typer.Option("--hub-repo", help="Then push the results as a private data set of the Hub, ORG/NAME."),
    ] = None,
    wandb_args: Annotated[
        str | None, typer.Option("--wandb-args", help="Send the results to Weights & Biases: project=NAME,name=RUN,...")
    ] = None,
    trackio_args: Annotated[
        str | None, typer.Option("--trackio-args", help="The same for Trackio: project=NAME,...")
    ] = None,
    **_: Any,
) -> None:
    """Score a model, layer by layer, on whether words and their translations lie in the same place.

    Without options: the embedded model `tiny` with its Swahili-English adapter, over the default pairs, offline.

    Each pair begins with its verdict; a run over several ends with one sentence over all of them. Lines and tables fit the
    terminal; through a pipe they are as wide as they are. `tli-bench ls terms` says what trained, control, gain, best layer and
    verdict mean.

    `torchrun --nproc_per_node N -m tli_bench run ...` or `accelerate launch` shares words and prompts among N processes, each with a
    copy of the model on a GPU of its own.
    """
    from tli_bench.cli.afterwards import Afterwards
    from tli_bench.cli.running import execute

    then = Afterwards.asked(hub_repo, log_samples=log_samples, wandb=wandb_args, trackio=trackio_args)
    declared = settings(RunConfig)
    told = {name: value for name, value in given(context).items() if name in declared}
    apart = {p.name: p.opts[0] for p in context.command.params if p.name and p.name not in declared}
    from_file = read_config(config, apart=apart) if config is not None else {}
    for one, other in (("pairs", "tasks"), ("tasks", "pairs")):
        if told.get(one) and not told.get(other):
            from_file.pop(other, None)
    execute(RunConfig.build(from_file | told), plain=plain, again=overwrite, then=then)
