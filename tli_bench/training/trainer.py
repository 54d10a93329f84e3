"""`transformers.Trainer` around the objective: dev scores, early stopping, complete checkpoints, a stop at NaN."""

import json
import logging
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from accelerate.utils import DistributedType, FullyShardedDataParallelPlugin
from safetensors import SafetensorError
from torch import nn
from torch.distributed.fsdp import register_fsdp_forward_method
from transformers import (
    EarlyStoppingCallback,
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainerCallback,
    TrainerState,
)
from transformers import TrainingArguments as HFTrainingArguments

from tli_bench.base.errors import InputError, OutputError, UnscorableError
from tli_bench.training.collapse import IN_A_ROW, collapse
from tli_bench.training.data import Collator, PairDataset
from tli_bench.training.errors import CollapsedError, DivergedError
from tli_bench.training.figures import Figures, choosers
from tli_bench.training.objective import PairObjective
from tli_bench.training.recipe import Recipe
from tli_bench.training.save import flush
from tli_bench.training.scoring import DevWords, dev_scores
from tli_bench.training.sharded import is_sharded

log = logging.getLogger(__name__)
COMPLETE = "complete.json"
# What torch.save says of a disk that takes no more, as RuntimeError: at the start, in the middle and at the end of a file.
_OF_TORCH_SAVE = ("writ", "inline_container", "iostream")


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known after a step. dev: figures of the last evaluation, None before the first."""

    step: int
    total: int
    epoch: float
    loss: float | None
    dev: Figures | None


Report = Callable[[Progress], None]


class Watched(NamedTuple):
    """What evaluations look at: the dev words of every language pair, and the measure that chooses."""

    dev: tuple[DevWords, ...]
    metric: str


class PairTrainer(Trainer):
    """A Trainer for a `PairObjective`."""

    def __init__(
        self, *, objective: PairObjective, watched: Watched | None, report: Report | None, patience: int, **kwargs: Any
    ) -> None:
        super().__init__(model=objective, **kwargs)
        self.objective = objective
        self.watched = watched
        self.loss_is_scaled_for_ga = False
        self.last_dev: Figures | None = None
        self._collapses = 0
        # The command line draws progress; the library prints nothing.
        self.remove_callback(PrinterCallback)
        self.remove_callback(ProgressCallback)
        if report is not None:
            self.add_callback(_Reporter(self, report))
        if patience:
            self.add_callback(EarlyStoppingCallback(early_stopping_patience=patience))

    def create_accelerator_and_postprocess(self) -> None:
        """As transformers' own. accelerate shards on accelerators alone, torch on a CPU as well: there, it is told."""
        super().create_accelerator_and_postprocess()
        state = self.accelerator.state
        if is_sharded() and state.distributed_type == DistributedType.MULTI_CPU:
            state.distributed_type, state.fsdp_plugin = DistributedType.FSDP, FullyShardedDataParallelPlugin()
            self.is_fsdp_enabled = True

    def _prepare_for_training(self, *args: Any, **kwargs: Any) -> Any:
        prepared = super()._prepare_for_training(*args, **kwargs)
        # Dev words go through the model outside of the objective's own forward: that, too, needs the shares of all.
        register_fsdp_forward_method(self.objective, "embed")
        return prepared

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The objective's loss; raises DivergedError when it is NaN or infinite."""
        outputs = model(**inputs)
        if not torch.isfinite(outputs["loss"]):
            raise self._diverged(f"the loss became {float(outputs['loss'].detach())}")
        return (outputs["loss"], outputs) if return_outputs else outputs["loss"]

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Dev scores by the protocol's measures instead of a loss."""
        assert self.watched is not None  # Only called when the arguments ask for evaluation, which needs a dev split.
        self.require_finite()
        try:
            self.last_dev = dev_scores(self.objective, self.watched.dev)
        except UnscorableError as err:
            # The base was scored before the first step, so it is the training that broke the states.
            raise self._diverged(f"the dev split can no longer be scored ({err})") from err
        if self.watched.metric not in self.last_dev:
            raise self._diverged(f"the dev split can no longer be scored by {self.watched.metric}")
        shown = collapse(self.last_dev)
        self._collapses = self._collapses + 1 if shown else 0
        if self._collapses == IN_A_ROW:
            raise self._collapsed(shown)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in self.last_dev.items()}
        self.log(dict(metrics))
        self.control: Any = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def take_as_ended(self, checkpoint: Path) -> bool:
        """Whether a checkpoint is of a training that has nothing left to do; then its weights and state are those of the end.

        A trainer that is resumed there would take one step more than it was told to.
        """
        state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
        stopped = state.stateful_callbacks.get("TrainerControl", {}).get("args", {}).get("should_training_stop", False)
        steps = [
            state.max_steps,
            *(callback.steps for callback in self.callback_handler.callbacks if isinstance(callback, _Stop)),
        ]
        if not (stopped or state.global_step >= min(steps)):
            return False
        if is_sharded():
            raise InputError(
                f"{checkpoint} is of a training that has ended, and under FSDP its result cannot be written from there; pass --restart"
            )
        self.state = state
        self._load_from_checkpoint(str(checkpoint))
        if self.args.load_best_model_at_end and state.best_model_checkpoint:
            self._load_best_model()
        return True

    def require_finite(self) -> None:
        """Raise DivergedError when a trained weight is NaN or infinite."""
        for name, parameter in self.objective.named_parameters():
            if parameter.requires_grad and not torch.isfinite(parameter).all():
                raise self._diverged(f"the weight {name} holds NaN or infinity")

    def _diverged(self, what: str) -> DivergedError:
        good = last_checkpoint(Path(self.args.output_dir))
        kept = f"the last good checkpoint is kept: {good}" if good else "no checkpoint had been written yet"
        return DivergedError(
            f"training stopped at step {self.state.global_step + 1}: {what}; {kept}. Lower the learning rate "
            f"(now {self.args.learning_rate:g}), add warm-up steps, or clip gradients (max_grad_norm)"
        )

    def _collapsed(self, what: str) -> CollapsedError:
        losses = [entry["loss"] for entry in self.state.log_history if "loss" in entry]
        loss = f"; the loss stands at {losses[-1]:.3f}" if losses else ""
        return CollapsedError(
            f"training collapsed by step {self.state.global_step}: {what}{loss}. Nothing more is learnt from here. Lower the learning rate "
            f"(now {self.args.learning_rate:g}), use --loss infonce, whose negatives hold words apart, and --pooling word-mean with "
            "--framing words, which keep an attention sink out of the vectors"
        )

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        self.require_finite()
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        try:
            # transformers looks for the folder before FSDP has made it, and where it is not there, forgets which checkpoint is the best.
            folder.mkdir(parents=True, exist_ok=True)
            super()._save_checkpoint(model, trial)
            # Every process writes the state of its own random numbers there.
            self.accelerator.wait_for_everyone()
            if self.args.should_save:
                flush(folder)
                # Written last: a folder without it was cut short by a kill.
                (folder / COMPLETE).write_text(json.dumps({"step": self.state.global_step}), encoding="utf-8")
                flush(folder)
        except (OSError, SafetensorError, RuntimeError) as err:
            if isinstance(err, RuntimeError) and not is_about_writing(err):
                raise
            shutil.rmtree(folder, ignore_errors=True)
            good = last_checkpoint(Path(self.args.output_dir))
            raise OutputError(
                f"cannot write {folder}: {str(err).splitlines()[0]}; "
                f"{f'{good} is intact' if good else 'no earlier checkpoint exists'}. "
                "Free some space and run the same command to continue"
            ) from err


def is_about_writing(err: RuntimeError) -> bool:
    """Whether torch.save could not write; any other RuntimeError of a training is about something else."""
    return any(mark in str(err).lower() for mark in _OF_TORCH_SAVE)


class _Reporter(TrainerCallback):
    """Passes loss and dev scores to the caller as they come."""

    def __init__(self, trainer: PairTrainer, report: Report) -> None:
        self._trainer, self._report = trainer, report
        self._loss: float | None = None

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        self._loss = (logs or {}).get("loss", self._loss)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._send(state)

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._send(state)

    def _send(self, state: Any) -> None:
        self._report(
            Progress(state.global_step, state.max_steps, float(state.epoch or 0), self._loss, self._trainer.last_dev)
        )


class _Stop(TrainerCallback):
    """Ends the training after a number of steps, whatever its schedule says."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_training_stop = control.should_training_stop or state.global_step >= self.steps


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written completely, or None."""
    whole = [path.parent for path in folder.glob(f"checkpoint-*/{COMPLETE}")]
    return max(whole, key=lambda path: int(path.name.rsplit("-", 1)[1]), default=None)


def build_trainer(
    objective: PairObjective,
    recipe: Recipe,
    collator: Collator,
    watched: Watched | None,
    *,
    folder: Path,
    seed: int,
    device: str,
    report: Report | None = None,
    stop_after: int | None = None,
) -> PairTrainer:
    """A trainer of `recipe` that writes checkpoints to `folder`; nothing runs yet."""
    rows = len(collator.data)
    trainer = PairTrainer(
        objective=objective,
        watched=watched,
        report=report,
        patience=recipe.patience,
        args=_arguments(
            recipe, rows=rows, metric=watched.metric if watched else None, folder=folder, seed=seed, device=device
        ),
        data_collator=collator,
        train_dataset=PairDataset(rows),
        eval_dataset=PairDataset(sum(len(one.words) for one in watched.dev)) if watched else None,
    )
    if stop_after is not None:
        trainer.add_callback(_Stop(stop_after))
    return trainer


def _arguments(recipe: Recipe, *, rows: int, metric: str | None, folder: Path, seed: int, device: str) -> Any:
    strategy = "epoch" if recipe.eval_steps is None else "steps"
    on_cpu = torch.device(device).type == "cpu"
    arguments = HFTrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.gradient_accumulation,
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps or -1,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        warmup_steps=recipe.warmup_steps,
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.max_grad_norm,
        optim="adamw_torch",
        bf16=recipe.precision == "bf16",
        fp16=recipe.precision == "fp16",
        use_cpu=on_cpu,
        seed=seed,
        data_seed=seed,
        eval_strategy=strategy if metric else "no",
        eval_steps=recipe.eval_steps,
        save_strategy=strategy,
        save_steps=recipe.eval_steps or 500,
        # Two, so that while one is being written another stays intact.
        save_total_limit=2,
        load_best_model_at_end=recipe.keep == "best",
        metric_for_best_model=f"eval_{metric}" if metric else None,
        greater_is_better=choosers()[metric].higher_is_better if metric else None,
        restore_callback_states_from_checkpoint=True,
        logging_steps=max(1, math.ceil(rows / recipe.batch_size) // 5),
        logging_nan_inf_filter=False,
        report_to=list(recipe.report_to) or "none",
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=[],
        # A last batch of one pair would have no negatives.
        dataloader_drop_last=rows > recipe.batch_size and rows % recipe.batch_size == 1,
        dataloader_pin_memory=not on_cpu,
        ddp_find_unused_parameters=False,
    )
    # One process drives one device: nn.DataParallel would separate anchors from their positives. Use torchrun for several.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments
