"""`train_adapter`: from a model, a pair and a recipe to a saved adapter, resumable at any moment."""

import hashlib
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from tli_bench.base.errors import InputError
from tli_bench.base.paths import expanded
from tli_bench.lexicon import Lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.models import LoadedModel, LoadOptions
from tli_bench.models.body import max_tokens
from tli_bench.models.gate import require_finite
from tli_bench.training.adapt import Adapted, adapted, require_bare, resolve_modules
from tli_bench.training.card import build_card, write_card
from tli_bench.training.data import Collator, PairData, pad_id_of, read_text, require_fit, sampled, shuffled, split_data
from tli_bench.training.figures import Figures, chooser_of, figures_text
from tli_bench.training.first import load_for
from tli_bench.training.fitting import fitted
from tli_bench.training.loggers import require_loggers
from tli_bench.training.losses import LOSSES, LossOptions
from tli_bench.training.objective import PairObjective
from tli_bench.training.places import checkpoints, claimed, is_main_process
from tli_bench.training.recipe import AUTO, Recipe, load_recipe
from tli_bench.training.retention import build_retention, sample_text
from tli_bench.training.save import atomic_folder, round_trained, save_adapter, save_model
from tli_bench.training.scoring import CENTRE_WORDS, DevWords, best_layer, dev_scores, layer_curves, mean_figures
from tli_bench.training.sharded import is_sharded, require_shardable, whole
from tli_bench.training.sharing import may_share
from tli_bench.training.targets import Target, resolve_targets
from tli_bench.training.trainer import PairTrainer, Report, Watched, build_trainer
from tli_bench.training.words import TrainingWords

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The outcome of one training run.

    output: folder of the adapter (or of the model, for full fine-tuning). layers: where the loss was taken.
    blocks: those with trained weights; reached: those that received gradient. steps: optimizer steps in total.
    words_seen: anchors and positives that went through the model. dev_before, dev_after: scores at the layers of the
    loss, None when the lexicon has too few dev pairs. loss: mean over the last logged steps, None when none was logged.
    twin: the same recipe on shuffled pairs, where that was trained, too.
    """

    output: Path
    recipe: Recipe
    pair: str
    seed: int
    layers: tuple[str, ...]
    blocks: tuple[int, ...]
    reached: tuple[int, ...]
    modules: tuple[str, ...]
    parameters: int
    steps: int
    words_seen: int
    loss: float | None
    dev_before: Figures | None
    dev_after: Figures | None
    resumed: bool
    twin: "TrainingResult | None" = None

    def __str__(self) -> str:
        """Where it is, how it was made, and what it did on the dev words."""
        what = "adapter" if self.recipe.kind == "lora" else "model"
        reached = ", ".join(str(block) for block in self.reached)
        lines = [
            f"{what}: {self.output}",
            f"recipe {self.recipe.name}, {self.pair}, seed {self.seed}, loss at layer {', '.join(self.layers)}",
            f"{self.steps} steps, {self.words_seen} words seen, {self.parameters:,} parameters in blocks {reached}",
        ]
        if self.dev_before and self.dev_after:
            lines.append(f"dev: {figures_text(self.dev_before, self.dev_after)}")
        if self.twin:
            lines.append(f"twin on shuffled pairs: {self.twin.output}, {self.twin.steps} steps")
            if self.twin.dev_before and self.twin.dev_after:
                lines.append(f"its dev: {figures_text(self.twin.dev_before, self.twin.dev_after)}")
        return "\n".join(lines)


def train_adapter(
    model: str | LoadedModel,
    pair: str,
    recipe: str | Recipe,
    output: str | Path,
    *,
    lexicon: str | Path | Lexicon | TrainingWords = "core",
    seed: int = 0,
    progress: Report | None = None,
    options: LoadOptions | None = None,
    retain_text: Path | None = None,
    restart: bool = False,
    stop_after: int | None = None,
) -> TrainingResult:
    """Train `recipe` for `pair` on the lexicon's train split and save the result at `output`.

    model: a name for `load_model` or a loaded base, which is left unchanged. options: how a named model is loaded.
    pair: one language pair, or several, joined by commas, whose words are trained together.
    retain_text: lines of ordinary text for the recipe's retention term. restart: discard the checkpoints of an
    interrupted run; without it, the same command continues where it stopped and ends with the same weights.
    stop_after: optimizer steps after which training ends, although the recipe's schedule goes on.

    Raises LexiconError for an empty split, GateError for a base that contains NaN, InputError and UnknownNameError for
    what does not fit the model, DivergedError for a loss that is not finite, OutputError if writing fails, InUseError while another
    process trains into `output`.
    """
    chosen = load_recipe(recipe) if isinstance(recipe, str) else recipe
    require_shardable(chosen.kind, named=isinstance(model, str))
    require_loggers(chosen.report_to)
    words = TrainingWords.load(lexicon, pair)
    target = expanded(output)
    with claimed(target):
        loaded = load_for(model, chosen, options or local_options(), retain_text=retain_text)
        return train_claimed(
            loaded,
            words,
            chosen,
            target,
            seed=seed,
            progress=progress,
            retain_text=retain_text,
            restart=restart,
            stop_after=stop_after,
        )


def train_claimed(
    loaded: LoadedModel,
    words: TrainingWords,
    recipe: Recipe,
    target: Path,
    *,
    seed: int,
    progress: Report | None,
    retain_text: Path | None,
    restart: bool,
    stop_after: int | None = None,
) -> TrainingResult:
    """As `train_adapter`, for whoever holds the lock of `target` already."""
    job = _prepare(loaded, words, recipe, seed=seed, retain_text=retain_text, stop_after=stop_after)
    depth = max(t.block for t in job.targets)
    with (
        checkpoints(target, job.fingerprint, restart=restart) as (work, resume),
        adapted(loaded, job.recipe, depth=depth, seed=seed) as part,
    ):
        return _fit(loaded, job, part, work=work, target=target, resume=resume, seed=seed, progress=progress)


@dataclass(frozen=True, slots=True)
class _Job:
    """Everything decided before the first step.

    dev: by language pair, empty where a lexicon has too few; centred by the mean of trained words, enough for a mean and few
    enough to be cheap; the same ones for a twin. fingerprint: what must agree for a checkpoint to be continued.
    """

    words: TrainingWords
    recipe: Recipe
    train: PairData
    dev: tuple[DevWords, ...]
    targets: tuple[Target, ...]
    text: tuple[tuple[int, ...], ...]
    text_sha256: str | None
    fingerprint: dict[str, Any]
    stop_after: int | None = None


def _prepare(
    loaded: LoadedModel,
    words: TrainingWords,
    recipe: Recipe,
    *,
    seed: int,
    retain_text: Path | None,
    stop_after: int | None,
) -> _Job:
    require_finite(loaded)
    recipe = recipe_for(loaded, recipe, retain_text)
    require_bare(loaded)
    if recipe.kind == "lora":
        resolve_modules(loaded.model, recipe.modules)  # an unknown one is told now, before any forward pass
    needs_dev = recipe.keep == "best" or AUTO in recipe.layer
    at_least = 2 if LOSSES[recipe.loss].needs_batch else 1
    train = split_data(words, Split.TRAIN, loaded.tokenizer, at_least=at_least, framed=recipe.framing)
    require_fit(train, max_tokens(loaded.model))
    dev: list[DevWords] = []
    if needs_dev or all(len(one.of(Split.DEV)) > 1 for one in words.lexicons):
        dev = [_dev_words(loaded, TrainingWords((one,)), framed=recipe.framing) for one in words.lexicons]
    layers = recipe.layer
    if AUTO in layers:
        curves = [layer_curves(loaded.model, *one) for one in dev]
        best = best_layer({name: mean_figures([curve[name] for curve in curves]) for name in curves[0]})
        layers = tuple(best if layer == AUTO else layer for layer in layers)
    targets = resolve_targets(loaded.model, layers)
    if recipe.shuffle_pairs:
        train = shuffled(train, seed=seed, sizes=[len(one.of(Split.TRAIN)) for one in words.trained_parts])
    text = retention_text(loaded, recipe, retain_text, seed=seed)
    text_sha256 = text_digest(text)
    fingerprint = {
        "base": [loaded.id, loaded.revision, loaded.dtype, loaded.quantization],
        "lexicon": [words.name, words.pair, words.content_hash],
        "recipe": recipe.model_dump(mode="json"),
        "seed": seed,
        "text": text_sha256,
        **({"stop_after": stop_after} if stop_after else {}),
        "FSDP": is_sharded() or None,
    }
    return _Job(words, recipe, train, tuple(dev), targets, text, text_sha256, fingerprint, stop_after)


def _dev_words(loaded: LoadedModel, words: TrainingWords, *, framed: str) -> DevWords:
    train = split_data(words, Split.TRAIN, loaded.tokenizer, at_least=1, framed=framed)
    dev = split_data(words, Split.DEV, loaded.tokenizer, at_least=2, framed=framed)
    return DevWords(dev, sampled(train, CENTRE_WORDS, seed=0))


def recipe_for(loaded: LoadedModel, recipe: Recipe, retain_text: Path | None) -> Recipe:
    """The recipe as it fits the model; what had to be changed is logged once, before the first step."""
    fitting, changed = fitted(recipe, loaded, text=retain_text is not None)
    if changed and is_main_process():
        log.warning(changed)
    return fitting


def text_digest(text: tuple[tuple[int, ...], ...]) -> str | None:
    """SHA-256 of a retention text, None without one, as cards state it."""
    return hashlib.sha256(json.dumps(text).encode()).hexdigest() if text else None


def retention_text(
    loaded: LoadedModel, recipe: Recipe, retain_text: Path | None, *, seed: int
) -> tuple[tuple[int, ...], ...]:
    """Token ids of the retention text: the user's, or what the base generates by itself; nothing without retention."""
    if recipe.retention == "none":
        if retain_text is not None:
            raise InputError(
                f"--retain-text {retain_text} is given, but the recipe has no retention; add --retention kl or hidden"
            )
        return ()
    if retain_text is not None:
        return read_text(retain_text, loaded.tokenizer)
    return sample_text(loaded.model, loaded.tokenizer, seed=seed)


def _fit(
    loaded: LoadedModel,
    job: _Job,
    part: Adapted,
    *,
    work: Path,
    target: Path,
    resume: Path | None,
    seed: int,
    progress: Report | None,
) -> TrainingResult:
    recipe = job.recipe
    objective = _objective(job, part)
    before = watched = None
    if job.dev:
        before = dev_scores(objective, job.dev)
        watched = Watched(job.dev, chooser_of(recipe.dev_metric, before))
    trainer = build_trainer(
        objective,
        recipe,
        _collator(job, part, pad_id_of(loaded.tokenizer), seed),
        watched,
        folder=work,
        seed=seed,
        device=loaded.device,
        report=progress if is_main_process() else None,
        stop_after=job.stop_after,
    )
    if not (resume and trainer.take_as_ended(resume)):
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    trainer.require_finite()
    if recipe.kind == "full":
        round_trained(loaded)
    result = _result(job, part, trainer, target=target, seed=seed, before=before, resumed=resume is not None)
    # The checkpoints are deleted after this, and another process may still be reading the best one.
    trainer.accelerator.wait_for_everyone()
    state = whole(loaded.model) if is_sharded() else None
    if trainer.is_world_process_zero():
        _save(loaded, job, part, result, state)
    # A caller in any process may read what was saved.
    trainer.accelerator.wait_for_everyone()
    return result


def _result(
    job: _Job, part: Adapted, trainer: PairTrainer, *, target: Path, seed: int, before: Figures | None, resumed: bool
) -> TrainingResult:
    """What a finished training gave; the dev words are scored once more."""
    recipe, state = job.recipe, trainer.state
    losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
    rows = min(recipe.batch_size, len(job.train)) * recipe.gradient_accumulation * trainer.args.world_size
    return TrainingResult(
        output=target,
        recipe=recipe,
        pair=job.words.pair,
        seed=seed,
        layers=tuple(t.name for t in job.targets),
        blocks=part.blocks,
        reached=part.reached,
        modules=part.modules,
        parameters=part.parameters,
        steps=state.global_step,
        words_seen=2 * min(state.global_step * rows, round((state.epoch or 0) * len(job.train))),
        loss=losses[-1] if losses else None,
        dev_before=before,
        dev_after=dev_scores(trainer.objective, job.dev) if job.dev else None,
        resumed=resumed,
    )


def _objective(job: _Job, part: Adapted) -> PairObjective:
    recipe = job.recipe
    return PairObjective(
        part.model,
        job.targets,
        loss=recipe.loss,
        options=LossOptions(recipe.margin, recipe.temperature, recipe.neighbours),
        retention=build_retention(recipe.retention, part.model),
        retention_weight=recipe.retention_weight,
    )


def _collator(job: _Job, part: Adapted, pad_id: int, seed: int) -> Collator:
    recipe = job.recipe
    return Collator(
        job.train,
        recipe.pooling,
        pad_id,
        mask_false_negatives=recipe.mask_false_negatives,
        text=job.text,
        text_lines=recipe.retention_lines,
        seed=seed,
        share=may_share(part.model, job.train),
    )


def _save(
    loaded: LoadedModel, job: _Job, part: Adapted, result: TrainingResult, state: dict[str, Tensor] | None
) -> None:
    card = build_card(loaded, job.words, result, text_sha256=job.text_sha256)
    with atomic_folder(result.output) as folder:
        if job.recipe.kind == "lora":
            save_adapter(part.model, folder)
        else:
            save_model(loaded, folder, state)
        write_card(card, folder)


def local_options() -> LoadOptions:
    """How to load where nothing is said: under torchrun every process loads on its own GPU."""
    import torch

    rank = os.environ.get("LOCAL_RANK")
    return LoadOptions(device=f"cuda:{rank}") if rank is not None and torch.cuda.is_available() else LoadOptions()
