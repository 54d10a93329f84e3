"""A training recipe: every choice that decides which adapter comes out, read from YAML and checked before any work."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tli_bench.base.errors import InputError, UnknownNameError
from tli_bench.base.paths import data_dir
from tli_bench.vectors.protocols import Pooling

OUTPUT, BEFORE_NORM, AUTO = "output", "before-norm", "auto"
ALL_LINEAR = "all-linear"


class Recipe(BaseModel):
    """What is trained, with which objective, and for how long.

    kind: `lora` adds an adapter, `full` changes the weights themselves.
    blocks: `reachable` puts LoRA on the blocks that gradient reaches, `all` on every block (the published layout:
    above the loss LoRA keeps its initial values, which change nothing).
    layer: hidden states the loss is taken at, averaged: a number (names of `hidden.layer_names`), `output` (after the
    final norm), `before-norm` (last block before it), or `auto` (best dev MRR of the base).
    pooling: how a word's states become one vector in the loss. Dev figures always use the word's own tokens.
    margin: for the triplet loss; temperature: for InfoNCE; neighbours: for CSLS.
    mask_false_negatives: an accepted translation of the anchor is never used as its negative.
    modules: linear modules that get LoRA, by last name, or `all-linear`. dora, rslora: the PEFT variants.
    max_steps: replaces epochs when set. keep: the weights of the `best` evaluation or of the `last` step.
    dev_metric: what `best` and early stopping look at; patience: evaluations without a gain before stopping, 0 = never.
    eval_steps: optimizer steps between evaluations (and checkpoints); None = once per epoch.
    retention: hold ordinary text in place, by KL of the next-token distributions or by relative distance of the hidden
    states at the loss's layers; retention_lines: lines of text per step.
    shuffle_pairs: negative control, every source is trained towards the translation of another word.
    precision: autocast of the trainer; the weights keep the dtype that they were loaded in.
    report_to: loggers of `transformers.Trainer` (`tensorboard`, `wandb`, `trackio`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = "custom"
    summary: str = ""
    kind: Literal["lora", "full"] = "lora"
    blocks: Literal["reachable", "all"] = "reachable"
    layer: tuple[str, ...] = (OUTPUT,)
    pooling: Pooling = Pooling.WORD_MEAN
    loss: str = "infonce"
    margin: float = Field(0.4, ge=0)
    temperature: float = Field(0.05, gt=0)
    neighbours: int = Field(10, ge=1)
    mask_false_negatives: bool = True
    rank: int = Field(16, ge=1)
    alpha: float = Field(32.0, gt=0)
    dropout: float = Field(0.0, ge=0, lt=1)
    modules: tuple[str, ...] = ("q_proj", "v_proj")
    dora: bool = False
    rslora: bool = False
    batch_size: int = Field(64, ge=1)
    gradient_accumulation: int = Field(1, ge=1)
    epochs: float = Field(20.0, gt=0)
    max_steps: int | None = Field(None, ge=1)
    learning_rate: float = Field(2e-3, gt=0)
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "linear"
    warmup_steps: int = Field(0, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float = Field(1.0, ge=0)
    keep: Literal["best", "last"] = "best"
    dev_metric: Literal["mrr", "p1", "gap"] = "mrr"
    patience: int = Field(0, ge=0)
    eval_steps: int | None = Field(None, ge=1)
    retention: Literal["none", "kl", "hidden"] = "none"
    retention_weight: float = Field(1.0, ge=0)
    retention_lines: int = Field(8, ge=1)
    shuffle_pairs: bool = False
    precision: Literal["none", "bf16", "fp16"] = "none"
    report_to: tuple[str, ...] = ()

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
        for layer in self.layer:
            if layer not in (OUTPUT, BEFORE_NORM, AUTO) and not layer.isdigit():
                raise ValueError(f"layer {layer!r} is neither a number nor one of {OUTPUT}, {BEFORE_NORM}, {AUTO}")
            if layer == "0":
                raise ValueError("layer 0 is the embeddings: no block lies before it, so nothing could be trained")
        if not self.layer or not self.modules:
            raise ValueError("layer and modules must each name at least one entry")
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

    def with_options(self, **options: Any) -> "Recipe":
        """This recipe with every option that is not None replaced; a changed recipe's name gets a `+`.

        Raises UnknownNameError for an option that is not a field, InputError for a value that does not fit.
        """
        changes = {key: value for key, value in options.items() if value is not None}
        changed = build_recipe({**self.model_dump(mode="json"), **changes}, where="options")
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
        first = err.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        text = first["msg"].removeprefix("Value error, ")
        given = f" (given: {first['input']!r})" if field else ""
        raise InputError(f"{where}: {field + ': ' if field else ''}{text}{given}") from err


def recipe_names() -> list[str]:
    """Names of the recipes that ship with tli-bench."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def load_recipe(name: str) -> Recipe:
    """The built-in recipe called `name`, or the one in the YAML file `name`.

    Raises UnknownNameError if it is neither, and for an unknown key in the file; InputError for an unreadable file.
    """
    path = Path(name).expanduser()
    if path.suffix not in (".yaml", ".yml"):
        path = _folder() / f"{name}.yaml"
        if name not in recipe_names():
            raise UnknownNameError("recipe", name, recipe_names(), hint="or give the path of a .yaml file")
    data = read_yaml(path)
    return build_recipe({"name": path.stem, **data}, where=str(path))


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; raises InputError if it cannot be read or is not a mapping."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise InputError(f"{path} cannot be read as YAML: {err}") from err
    if not isinstance(data, dict):
        raise InputError(f"{path} holds a {type(data).__name__}, not a mapping of names to values")
    return data


def _folder() -> Path:
    return data_dir("adapters") / "recipes"
