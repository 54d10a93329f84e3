"""A training recipe: every choice that decides which adapter comes out, read from YAML and checked before any work."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from tli_bench.base.declared import Declared, why
from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.base.paths import data_dir, expanded
from tli_bench.base.yamls import read_yaml
from tli_bench.config.options import Flags
from tli_bench.measures.choice import BEST_LAYER_RULE
from tli_bench.measures.roles import HEADLINE
from tli_bench.training.figures import choosers
from tli_bench.vectors.protocols import Pooling, get_protocol

OUTPUT, BEFORE_NORM, AUTO = "output", "before-norm", "auto"
ALL_LINEAR = "all-linear"
LENGTHS = ("max_steps", "epochs")
"""Keys that say how long to train; the first takes the place of the second."""
_NUMBER = re.compile(r"0|[1-9][0-9]{0,4}")


class Recipe(Declared):
    """What is trained, with which objective, for how long; `tli-bench train` has an option for each field but the first two."""

    name: str = Field("custom", min_length=1, description="Name of the recipe, as cards and tables show it.")
    summary: str = Field("", description="One line on what the recipe is for.")
    kind: Literal["lora", "full"] = Field(
        "lora", description="lora adds an adapter, full changes the weights themselves."
    )
    blocks: Literal["reachable", "all"] = Field(
        "reachable",
        description="reachable: LoRA on the blocks that gradient reaches; all: on every block (the published "
        "layout; above the loss LoRA keeps its initial values, which change nothing).",
    )
    layer: tuple[str, ...] = Field(
        (OUTPUT,),
        description="Hidden states of the loss, averaged, joined by commas: a number, output (after the final norm), "
        f"before-norm (the last block before it) or auto (of the base, the {BEST_LAYER_RULE}).",
    )
    pooling: Pooling = Field(
        Pooling.WORD_MEAN,
        description="How a word's states become one vector in the loss: word-mean, word-last, all-mean, all-weighted or "
        "all-last. Dev figures always use the word's own tokens.",
    )
    framing: str = Field(
        "words",
        description="Protocol whose framing words get in training, for what stands around them: words (a full stop and a space "
        "before the word), words.v1 (nothing), carrier:next and others (`tli-bench ls protocols`).",
    )
    loss: str = Field("infonce", description="triplet, infonce, csls, cosine, cka, barlow or vicreg.")
    margin: float = Field(0.4, ge=0, description="Margin of the triplet loss.")
    temperature: float = Field(0.05, gt=0, description="Temperature of InfoNCE.")
    neighbours: int = Field(10, ge=1, le=100_000, description="Neighbours that CSLS averages over.")
    mask_false_negatives: bool = Field(
        True, description="Never use an accepted translation of the anchor as its negative."
    )
    rank: int = Field(16, ge=1, le=65_536, description="Rank of LoRA.")
    alpha: float = Field(32.0, gt=0, description="Scale of LoRA: alpha / rank.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before LoRA.")
    modules: tuple[str, ...] = Field(
        ("q_proj", "v_proj"), description="Linear modules that get LoRA, e.g. q_proj,v_proj, or all-linear."
    )
    dora: bool = Field(False, description="DoRA in place of plain LoRA.")
    rslora: bool = Field(False, description="Rank-stabilised LoRA: scale alpha / sqrt(rank).")
    batch_size: int = Field(64, ge=1, le=1_000_000, description="Pairs per batch; its other words are the negatives.")
    gradient_accumulation: int = Field(1, ge=1, le=1_000_000, description="Batches per optimizer step.")
    epochs: float = Field(
        20.0,
        gt=0,
        le=1_000_000,
        description="Passes over the train split; as an option, in place of the recipe's steps.",
    )
    max_steps: Annotated[int | None, Flags(["--steps"])] = Field(
        None, ge=1, le=1_000_000_000, description="Optimizer steps, in place of epochs."
    )
    learning_rate: Annotated[float, Flags(["--learning-rate", "--lr"])] = Field(
        2e-3, gt=0, description="Peak learning rate."
    )
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = Field(
        "linear", description="Learning rate over time: linear, cosine or constant_with_warmup."
    )
    warmup_steps: int = Field(0, ge=0, le=1_000_000_000, description="Steps until the peak learning rate.")
    weight_decay: float = Field(0.0, ge=0, description="Weight decay of the optimizer.")
    max_grad_norm: float = Field(1.0, ge=0, description="Gradients are clipped to this norm.")
    keep: Literal["best", "last"] = Field("best", description="Weights of the best evaluation or of the last step.")
    dev_metric: str = Field(
        HEADLINE,
        description="Measure of the dev words that the best evaluation and early stopping look at: p1_of_50, p1, mrr, ...",
    )
    patience: int = Field(0, ge=0, description="Stop after this many evaluations without a dev gain; 0 for never.")
    eval_steps: int | None = Field(
        None,
        ge=1,
        le=1_000_000_000,
        description="Optimizer steps between evaluations and checkpoints. Default: once per epoch.",
    )
    retention: Literal["none", "kl", "hidden"] = Field(
        "none",
        description="Hold ordinary text in place: none, kl (next-token distributions) or hidden (relative distance of the "
        "states at the loss's layers).",
    )
    retention_weight: float = Field(1.0, ge=0, description="Weight of the retention term.")
    retention_lines: int = Field(8, ge=1, le=100_000, description="Lines of text per step for the retention term.")
    shuffle_pairs: bool = Field(False, description="Negative control: train towards wrong translations.")
    precision: Literal["none", "bf16", "fp16"] = Field(
        "none",
        description="Autocast of the trainer: none, bf16 or fp16; the weights keep the dtype they were loaded in.",
    )
    report_to: tuple[str, ...] = Field((), description="Loggers of the trainer: tensorboard, wandb, trackio.")

    @field_validator("layer", "modules", "report_to", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        items = value if isinstance(value, list | tuple) else [value]
        return tuple(str(item) if isinstance(item, int) and not isinstance(item, bool) else item for item in items)

    @model_validator(mode="after")
    def _consistent(self) -> "Recipe":
        # Imported here, so that listing recipes does not load torch.
        from tli_bench.training.losses import LOSSES

        if self.loss not in LOSSES:
            raise UnknownNameError("loss", self.loss, LOSSES)
        get_protocol(self.framing)
        if self.dev_metric not in choosers():
            raise UnknownNameError("dev_metric", self.dev_metric, choosers())
        for layer in self.layer:
            if layer not in (OUTPUT, BEFORE_NORM, AUTO) and not _NUMBER.fullmatch(layer):
                raise ValueError(f"layer {layer!r} is neither a number nor one of {OUTPUT}, {BEFORE_NORM}, {AUTO}")
            if layer == "0":
                raise ValueError("layer 0 is the embeddings: no block lies before it, so nothing could be trained")
        if not self.layer or not self.modules:
            raise ValueError("layer and modules must each name at least one entry")
        if ALL_LINEAR in self.modules and len(self.modules) > 1:
            raise ValueError(f"modules: {ALL_LINEAR} is every linear module; name no others next to it")
        if LOSSES[self.loss].needs_batch and self.batch_size < 2:
            raise ValueError(
                f"batch_size {self.batch_size} leaves {self.loss} no negatives: it compares a word with the other "
                "words of its batch; use batch_size 2 or more (the published recipe has 8)"
            )
        if self.patience and self.keep != "best":
            raise ValueError(f"patience {self.patience} stops at the best evaluation; it needs keep: best")
        if self.kind == "full" and (self.dora or self.rslora):
            raise ValueError("dora and rslora are variants of LoRA; kind: full has none")
        return self

    def with_options(self, *, where: str = "options", **options: Any) -> "Recipe":
        """This recipe with every option that is not None replaced; a changed recipe's name gets a `+`.

        `epochs` take the place of the recipe's `max_steps`. where: what errors call the options. Raises UnknownNameError for an option
        that is not a field, InputError for a value that does not fit and for two that say how long to train.
        """
        changes = {key: value for key, value in options.items() if value is not None}
        require_one_length(changes, where)
        steps = {"max_steps": None} if "epochs" in changes else {}
        changed = build_recipe({**self.model_dump(mode="json"), **steps, **changes}, where=where)
        if changed == self or "name" in changes:
            return changed
        return changed.model_copy(update={"name": self.name if self.name.endswith("+") else f"{self.name}+"})


def build_recipe(data: dict[str, Any], *, where: str) -> Recipe:
    """A checked recipe from untrusted data; `where` names its origin in errors.

    Raises UnknownNameError for an unknown key (with suggestions), InputError for a value that does not fit.
    """
    for key in data:
        if key not in Recipe.model_fields:
            raise UnknownNameError("recipe key", str(key), Recipe.model_fields, hint=f"in {where}")
    try:
        return Recipe.model_validate(data)
    except ValidationError as err:
        raise InputError(f"{where}: {why(err)}") from err


def require_one_length(data: Mapping[str, Any], where: str) -> None:
    """Raise InputError where both keys say how long to train: one of them would do nothing."""
    if all(data.get(key) is not None for key in LENGTHS):
        raise InputError(f"{where}: {' and '.join(LENGTHS)} both say how long to train; give one of them")


def recipe_names() -> list[str]:
    """Names of the recipes that ship with tli-bench."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def load_recipe(name: str) -> Recipe:
    """The built-in recipe called `name`, or the one in the YAML file `name`.

    Raises UnknownNameError if it is neither, and for an unknown key in the file; InputError for an unreadable file.
    """
    path = expanded(name)
    if path.suffix not in (".yaml", ".yml"):
        path = _folder() / f"{name}.yaml"
        if name not in recipe_names():
            raise UnknownNameError("recipe", name, recipe_names(), hint="or give the path of a .yaml file")
    data = read_yaml(path)
    require_one_length(data, str(path))
    return build_recipe({"name": path.stem, **data}, where=str(path))


def _folder() -> Path:
    return data_dir("adapters") / "recipes"
