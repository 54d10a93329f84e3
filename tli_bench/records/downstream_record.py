"""The record of one downstream task of one model, without and with its adapter."""

from typing import Literal

from pydantic import Field, JsonValue, model_validator

from tli_bench.base.frozen import Frozen
from tli_bench.models.identity import AdapterRef, State
from tli_bench.records.columns import Curve
from tli_bench.records.versions import SCHEMA_VERSION


class DownstreamRecord(Frozen):
    """Scores of one downstream task for the base and, with an adapter, the adapted model, from one load.

    source: where the documents came from. scores: by state, then metric; None is unscored. layers, curves: for a task
    read from hidden states, `curves[state][metric]` holds one value for each layer; empty for other tasks. model, revision,
    adapter, dtype, quantization: as in the signatures of alignment records, which is what joins the two.
    chat_template, system_prompt: whether prompts went into the model's chat template, and what stood before them. num_fewshot,
    fewshot_source: how many answered examples each prompt began with, where they came from, and a hash of them. engine: what answered
    in place of transformers, `vllm` and its version. task_sha256: of the
    task's configuration, documents and examples; None in records made before it was kept.
    command, source_commit, recipe: as in `RunRecord`; empty in records made before they were kept.
    """

    schema_version: Literal[3] = SCHEMA_VERSION
    task: str
    task_version: int | float | None
    source: str
    documents: int
    limit: int | None
    model: str
    revision: str
    adapter: AdapterRef | None
    dtype: str
    quantization: str | None
    chat_template: bool = False
    num_fewshot: int = Field(default=0, ge=0)
    fewshot_source: str | None = None
    system_prompt: str | None = None
    engine: str | None = None
    task_sha256: str | None = None
    scores: dict[State, dict[str, float | None]]
    higher_is_better: dict[str, bool]
    layers: tuple[str, ...] = ()
    curves: dict[State, dict[str, Curve]] = Field(default_factory=dict)
    versions: dict[str, str]
    created: str
    command: str = ""
    source_commit: str | None = None
    recipe: dict[str, JsonValue] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "DownstreamRecord":
        if "base" not in self.scores or ("adapted" in self.scores) != (self.adapter is not None):
            expected = "base and adapted" if self.adapter else "base alone, since no adapter is named"
            raise ValueError(f"scores of {', '.join(self.scores) or 'no state'}; expected {expected}")
        for state, measures in self.curves.items():
            for name, curve in measures.items():
                if len(curve) != len(self.layers):
                    raise ValueError(f"curve {state}/{name} has {len(curve)} values for {len(self.layers)} layers")
        return self

    @property
    def fixtures(self) -> bool:
        """Whether the documents are the small samples that ship with the project: they are never a benchmark."""
        return of_fixtures(self.source)


def of_fixtures(source: str) -> bool:
    """Whether the `source` of documents names the small samples that ship with the project."""
    return "fixtures:" in source
