"""`tli-bench train`: make an adapter from word pairs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tli_bench.base.errors import InputError

if TYPE_CHECKING:
    from tli_bench.training.train import TrainingResult
    from tli_bench.training.trainer import Progress


def train(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the finished adapter or model, e.g. adapters/NAME.")
    ],
    model: Annotated[str, typer.Option("--model", "-m", help="Alias (tiny, lugha), folder, or Hub id.")] = "tiny",
    pair: Annotated[str, typer.Option("--pair", "-p", help="Language pair, source first.")] = "swh-eng",
    recipe: Annotated[
        str, typer.Option("--recipe", "-r", help="Built-in recipe (tli, tli-paper, ...) or a YAML file.")
    ] = "tli",
    lexicon: Annotated[
        str, typer.Option(help="core, a file, a folder, or hf:ID of a data set with train and dev pairs.")
    ] = "core",
    seed: Annotated[int, typer.Option(help="Seed of initial weights, batches and dropout.")] = 0,
    layer: Annotated[
        str | None,
        typer.Option(help="Hidden states of the loss: numbers, output, before-norm or auto; several with commas."),
    ] = None,
    loss: Annotated[str | None, typer.Option(help="triplet, infonce, csls, cosine, barlow or vicreg.")] = None,
    pooling: Annotated[str | None, typer.Option(help="word-mean, word-last, all-mean, all-weighted, all-last.")] = None,
    rank: Annotated[int | None, typer.Option(help="Rank of LoRA.")] = None,
    alpha: Annotated[float | None, typer.Option(help="Scale of LoRA: alpha / rank.")] = None,
    dropout: Annotated[float | None, typer.Option(help="Dropout before LoRA.")] = None,
    modules: Annotated[
        str | None, typer.Option(help="Linear modules that get LoRA, e.g. q_proj,v_proj, or all-linear.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="lora, or full for full fine-tuning.")] = None,
    margin: Annotated[float | None, typer.Option(help="Margin of the triplet loss.")] = None,
    temperature: Annotated[float | None, typer.Option(help="Temperature of InfoNCE.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Pairs a batch; its other words are the negatives.")] = None,
    epochs: Annotated[float | None, typer.Option(help="Passes over the train split.")] = None,
    steps: Annotated[int | None, typer.Option(help="Optimizer steps, in place of epochs.")] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", "--lr", help="Peak learning rate.")] = None,
    patience: Annotated[int | None, typer.Option(help="Stop after this many evaluations without a dev gain.")] = None,
    retention: Annotated[
        str | None,
        typer.Option(help="none, kl (next-token distributions) or hidden (states): hold ordinary text in place."),
    ] = None,
    retention_weight: Annotated[float | None, typer.Option(help="Weight of the retention term.")] = None,
    retain_text: Annotated[
        Path | None,
        typer.Option(
            help="Text for --retention: UTF-8 file, one sentence a line. Without it, 512 lines that the base itself says, "
            "sampled with the seed."
        ),
    ] = None,
    shuffle_pairs: Annotated[
        bool, typer.Option("--shuffle-pairs", help="Negative control: train towards wrong translations.")
    ] = False,
    report_to: Annotated[str | None, typer.Option(help="Loggers: tensorboard, wandb, trackio.")] = None,
    quantize: Annotated[str | None, typer.Option(help="nf4, int8 or none.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32, bfloat16 or float16.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, ...")] = None,
    revision: Annotated[str | None, typer.Option(help="Hub revision of the base.")] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Discard the checkpoints of an interrupted run and begin anew.")
    ] = False,
) -> None:
    """Train an adapter, or with --kind full a whole model, that pulls translations together, on the train split only.

    Options given here replace those of the recipe. An interrupted run goes on when the same command is given again
    and ends in the same weights. The dev figures shown are the gap (matched minus mismatched cosine) and P@1 at the
    layers of the loss; `tli-bench run --adapter OUTPUT` (a whole model: --model OUTPUT) scores the control words.
    """
    from tli_bench.cli.quiet import quiet_libraries

    quiet_libraries()  # before the libraries are imported, which is when some of them listen
    from tli_bench.training import load_recipe, train_adapter
    from tli_bench.training.train import is_main_process

    chosen = load_recipe(recipe).with_options(
        layer=layer,
        loss=loss,
        pooling=pooling,
        rank=rank,
        alpha=alpha,
        dropout=dropout,
        modules=modules,
        kind=kind,
        margin=margin,
        temperature=temperature,
        batch_size=batch_size,
        epochs=epochs,
        max_steps=steps,
        learning_rate=learning_rate,
        patience=patience,
        retention=retention,
        retention_weight=retention_weight,
        shuffle_pairs=shuffle_pairs or None,
        report_to=report_to,
    )
    if steps is not None and epochs is not None:
        raise InputError("--steps and --epochs both say how long to train; give one of them")
    options = _load_options(quantize=quantize, dtype=dtype, device=device, revision=revision)
    with _ProgressBar() as bar:
        result = train_adapter(
            model,
            pair,
            chosen,
            output,
            lexicon=lexicon,
            seed=seed,
            progress=bar.show,
            options=options,
            retain_text=retain_text,
            restart=restart,
        )
    if is_main_process():
        print(_summary(result))


def _load_options(**given: str | None) -> Any:
    from tli_bench.models import LoadOptions

    return LoadOptions(**given) if any(value is not None for value in given.values()) else None  # type: ignore[arg-type]


def _summary(result: "TrainingResult") -> str:
    from tli_bench.training.figures import figures_text

    what = "adapter" if result.recipe.kind == "lora" else "model"
    reached = ", ".join(str(block) for block in result.reached)
    lines = [
        f"{what}: {result.output}",
        f"recipe {result.recipe.name}, {result.pair}, seed {result.seed}, loss at layer {', '.join(result.layers)}",
        f"{result.steps} steps, {result.words_seen} words seen, {result.parameters:,} parameters in blocks {reached}",
    ]
    if result.dev_before and result.dev_after:
        lines.append(f"dev: {figures_text(result.dev_before, result.dev_after)}")
    return "\n".join(lines)


class _ProgressBar:
    """Steps, loss and dev figures on standard error; one line an evaluation when that is no terminal."""

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
