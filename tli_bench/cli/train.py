"""`tli-bench train`: make an adapter from word pairs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tli_bench.base.errors import InputError
from tli_bench.cli.params import LIST, LOAD, list_options, of_model, put_together, takes
from tli_bench.languages import default_pair, pairs_of
from tli_bench.plugin.checks import check_base, check_modules, check_pairs
from tli_bench.training.recipe import Recipe

DEFAULT_PAIR = default_pair()

if TYPE_CHECKING:
    from tli_bench.training.trainer import Progress


@takes(*LIST, *LOAD, first=of_model(Recipe, without=("name", "summary")))
def train(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the finished adapter or model, e.g. adapters/NAME.")
    ],
    model: Annotated[str, typer.Option("--model", "-m", help="Alias (tiny, lugha), folder, or Hub id.")] = "tiny",
    pair: Annotated[
        str,
        typer.Option(
            "--pair",
            "--pairs",
            "-p",
            help="Language pair, source first; several, joined by commas, are trained together.",
        ),
    ] = DEFAULT_PAIR,
    recipe: Annotated[
        str, typer.Option("--recipe", "-r", help="Built-in recipe (tli, tli-paper, ...) or a YAML file.")
    ] = "tli",
    lexicon: Annotated[
        str, typer.Option(help="core, a file, a folder, or hf:ID of a data set with train and dev pairs.")
    ] = "core",
    seed: Annotated[int, typer.Option(help="Seed of initial weights, batches and dropout.", min=0, max=2**32 - 1)] = 0,
    retain_text: Annotated[
        Path | None,
        typer.Option(
            help="Text for --retention: UTF-8 file, one sentence per line. Without it, 512 lines that the base itself generates, "
            "sampled with the seed."
        ),
    ] = None,
    parallel: Annotated[
        Path | None,
        typer.Option(
            help="Parallel sentences that are trained beside the words: UTF-8, a sentence, a tab and its translation a line. "
            "Words that they hold no longer count as unseen."
        ),
    ] = None,
    parallel_only: Annotated[
        bool, typer.Option("--parallel-only", help="Train on the sentences alone; dev words still choose.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Discard the checkpoints of an interrupted run and start again.")
    ] = False,
    twin: Annotated[
        bool,
        typer.Option(
            "--twin",
            help="Then train the same on shuffled pairs, into OUTPUT/twin: what that gains is not translation. An adapter that is at "
            "OUTPUT already, made of the same, only gets its twin.",
        ),
    ] = False,
    **options: Any,
) -> None:
    """Train an adapter, or with --kind full a whole model, that pulls translations together, on the train split only.

    Options given here replace those of the recipe. An interrupted run goes on when the same command is given again
    and ends in the same weights. The dev figures shown are the gap (matched minus mismatched cosine) and P@1 at the
    layers of the loss; `tli-bench run --adapter OUTPUT` (a whole model: --model OUTPUT) scores the control words.
    """
    from tli_bench.cli.quiet import quiet_libraries

    quiet_libraries()  # before the libraries are imported, which is when some of them listen
    from tli_bench.training import load_recipe

    if options["max_steps"] is not None and options["epochs"] is not None:
        raise InputError("--steps and --epochs both say how long to train; give one of them")
    layout = list_options(options)
    load = put_together({name: options.pop(name) for name in LOAD})
    check_base(model, load)
    check_pairs(pairs_of(pair), lexicon, layout)
    check_modules(model, (options["modules"] or "").replace(" ", "").split(","))
    chosen = load_recipe(recipe).with_options(**options)
    check_modules(model, chosen.modules if chosen.kind == "lora" else ())
    from tli_bench.models import LoadOptions
    from tli_bench.training import train_adapter, train_with_twin
    from tli_bench.training.places import is_main_process
    from tli_bench.training.words import TrainingWords

    words = TrainingWords.load(lexicon, pair, parallel=parallel, alone=parallel_only, **layout)
    with _ProgressBar() as bar:
        result = (train_with_twin if twin else train_adapter)(
            model,
            pair,
            chosen,
            output,
            lexicon=words,
            seed=seed,
            progress=bar.show,
            options=LoadOptions(**load) if load else None,
            retain_text=retain_text,
            restart=restart,
        )
    if is_main_process():
        print(result)


class _ProgressBar:
    """Steps, loss and dev figures on standard error; one line per evaluation when that is not a terminal."""

    def __enter__(self) -> "_ProgressBar":
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None)
        self._seen: object = None
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, progress: "Progress") -> None:
        """Draw one report of the trainer."""
        from tli_bench.training.figures import figures_line

        text = f"loss {progress.loss:.4f}" if progress.loss is not None else ""
        if progress.dev is not None:
            text += f"  dev {figures_line(progress.dev)}"
        self._bar.update(self._task, completed=progress.step, total=progress.total, description=text)
        if not self._console.is_terminal and progress.dev is not self._seen:
            self._seen = progress.dev
            self._console.print(
                f"step {progress.step}/{progress.total}  {text}", markup=False, highlight=False, soft_wrap=True
            )
