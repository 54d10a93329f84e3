"""Model families: one row for each says what marks a checkpoint, how it is loaded and where its text body is.

A checkpoint is judged by what its configuration says it is (the classes it was saved from, nested text part, model
type), never by parts of class names. The first row that matches counts. Rows from other packages come first: they are
registered with `register_family` or the entry point `tli_bench.families`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal

from tli_bench.base.errors import ModelError

Config = Any
"""A `transformers` configuration: its attributes depend on the architecture."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a model is judged by. classes: those its files were saved from, or the class of a model in memory."""

    config: Config
    classes: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The configuration's `model_type`, empty if it has none."""
        return model_type(self.config)


Head = Literal["causal", "masked"]


@dataclass(frozen=True, slots=True)
class Family:
    """One row. `match` is called with the checkpoint; `marks` says the same in words, for the documentation.

    loader: the class whose `from_pretrained` loads it, from `transformers` or as `module:Class`. head: which language-modelling
    head the loaded class has, None without one. body: path of the text body inside the model's own base model; empty if it
    is the base model, or the part whose configuration is the nested text configuration. blocks: path of the list of
    blocks inside the body; empty if it is the only list as long as the configuration says, None if the blocks are not
    all in one list, so that nothing can be trained and no state before the final norm is shown. depth: the
    configuration's name for the number of blocks. neurons: path, inside a block, of the activation function of its feed-forward
    part; empty if it is the only activation function there. refusal: why such a checkpoint is not supported; `{name}` is its class.
    tried: model types that the tests build and compare with the plain forward.
    """

    name: str
    marks: str
    match: Callable[[Checkpoint], bool]
    loader: str = "AutoModel"
    head: Head | None = None
    body: str = ""
    blocks: str | None = ""
    depth: str = "num_hidden_layers"
    neurons: str = ""
    refusal: str = ""
    note: str = ""
    tried: tuple[str, ...] = ()

    def load_class(self) -> Any:
        """The class whose `from_pretrained` is called."""
        module, _, name = self.loader.rpartition(":")
        return getattr(import_module(module or "transformers"), name)


def text_part(config: Config) -> Config:
    """The configuration of the text part: nested in a multimodal package, else the configuration itself.

    Raises ModelError if there is more than one.
    """
    try:
        return config.get_text_config() if hasattr(config, "get_text_config") else config
    except ValueError as err:
        raise ModelError(
            f"the configuration of this {model_type(config)} has more than one text part, so it is not clear which to score"
        ) from err


def model_type(config: Config) -> str:
    """The configuration's `model_type`, empty if it has none."""
    return str(getattr(config, "model_type", "") or "")


def _types(*names: str) -> Callable[[Checkpoint], bool]:
    wanted = frozenset(names)
    return lambda it: it.kind in wanted


def _seq2seq(it: Checkpoint) -> bool:
    # The encoder of a T5, saved alone, has the type of the whole model.
    return bool(getattr(it.config, "is_encoder_decoder", False)) or it.kind in ("t5", "mt5", "umt5", "longt5")


def _projected_opt(it: Checkpoint) -> bool:
    width = getattr(it.config, "word_embed_proj_dim", None)
    return it.kind == "opt" and width not in (None, it.config.hidden_size)


@cache
def _table(task: str) -> dict[str, Any]:
    """transformers' table from model types to the classes for a task (`CAUSAL_LM`, ...)."""
    from transformers.models.auto import modeling_auto

    return dict(getattr(modeling_auto, f"MODEL_FOR_{task}_MAPPING_NAMES"))


@cache
def _classes_for(task: str) -> frozenset[str]:
    return frozenset(
        name for entry in _table(task).values() for name in ((entry,) if isinstance(entry, str) else entry)
    )


def _any_class_for(it: Checkpoint, task: str) -> bool:
    return not _classes_for(task).isdisjoint(it.classes)


def _package(it: Checkpoint) -> bool:
    bare = it.classes and not any("For" in name for name in it.classes)  # transformers names every head `...For...`
    return text_part(it.config) is not it.config and not bare


def _causal_package(it: Checkpoint) -> bool:
    return _package(it) and it.kind in _table("CAUSAL_LM")


def _image_text_package(it: Checkpoint) -> bool:
    return _package(it) and it.kind in _table("IMAGE_TEXT_TO_TEXT")


def _masked(it: Checkpoint) -> bool:
    return _any_class_for(it, "MASKED_LM")


def _causal(it: Checkpoint) -> bool:
    if not it.classes:
        return it.kind in _table("CAUSAL_LM") and it.kind not in _table("MASKED_LM")
    # A class from a repository's own code is not in any table of transformers; there the ending is a convention.
    return _any_class_for(it, "CAUSAL_LM") or any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in it.classes)


REFUSED = (
    Family(
        "encoder-decoder",
        "`is_encoder_decoder`, or a type related to T5",
        _seq2seq,
        refusal="{name} is an encoder-decoder model; use a causal LM or an encoder",
        note="T5, BART, mBART, NLLB, T5Gemma: two stacks of states, one of which needs a target text.",
    ),
    Family(
        "gemma3n",
        "type `gemma3n`, `gemma3n_text`",
        _types("gemma3n", "gemma3n_text"),
        refusal="{name} carries several copies of each hidden state between its blocks (AltUp), so a layer does not have one vector; "
        "use Gemma 3 instead",
    ),
    Family(
        "opt-projected",
        "type `opt` with `word_embed_proj_dim` other than `hidden_size`",
        _projected_opt,
        refusal="{name} projects its embeddings to another width, so its layers differ in width and cannot be compared; "
        "use an OPT model of another size (only OPT-350m is like this)",
    ),
    Family(
        "state-space",
        "type `mamba`, `mamba2`, `falcon_mamba`, `rwkv`",
        _types("mamba", "mamba2", "falcon_mamba", "rwkv"),
        refusal="{name} has no state for its embeddings and counts its hidden states from the first block on, so its layers do not "
        "line up with those of other models; use an attention or hybrid model",
    ),
    Family(
        "resampled",
        "type `canine`, `funnel`, `perceiver`, `reformer`, `blt`",
        _types("canine", "funnel", "perceiver", "reformer", "blt"),
        refusal="{name} shortens, resamples or doubles the sequence between its layers, so its hidden states do not represent the "
        "same tokens; use a model that keeps one state for each token in each layer",
    ),
)  # fmt: skip

LOADED = (
    Family(
        "multimodal package, causal LM",
        "a nested text configuration, and its type has a causal-LM class",
        _causal_package,
        "AutoModelForCausalLM",
        "causal",
        note="Only the text part is hooked and trained, whatever the depth of the vision tower. Some types load as their text "
        "model alone (Qwen3.5), others with the tower (Gemma 3).",
        tried=("gemma3", "qwen3_5"),
    ),
    Family(
        "multimodal package",
        "a nested text configuration, and its type has an image-text-to-text class",
        _image_text_package,
        "AutoModelForImageTextToText",
        "causal",
        note="As above; the tower is loaded and stays idle.",
        tried=("mistral3", "qwen3_vl", "qwen2_5_vl", "llava"),
    ),
    Family(
        "masked LM",
        "saved from a class with a masked-LM head",
        _masked,
        "AutoModelForMaskedLM",
        "masked",
        note="Without the head's weights it is loaded as an encoder.",
        tried=(
            "bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "electra", "ernie", "camembert", "modernbert",
            "deberta", "deberta-v2", "albert", "xlm", "flaubert", "longformer", "convbert", "roformer", "rembert",
            "megatron-bert", "luke", "big_bird", "data2vec-text", "mobilebert", "xmod", "nystromformer", "eurobert",
            "nomic_bert", "gte", "squeezebert", "fnet", "roberta-prelayernorm", "xlm-roberta-xl",
        ),
    ),
    Family(
        "causal LM",
        "saved from a class with a causal-LM head, or saved without naming a class, and its type has only such a class",
        _causal,
        "AutoModelForCausalLM",
        "causal",
        note="Whether it sees both ways is probed: BERT's LM class without `is_decoder` does.",
        tried=(
            "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "gpt2", "gpt_neox", "gptj", "phi",
            "phi3", "olmo", "olmo2", "olmo3", "opt", "bloom", "mpt", "falcon", "xglm", "stablelm", "cohere", "cohere2",
            "granite", "starcoder2", "smollm3", "helium", "glm", "glm4", "exaone4", "nemotron", "biogpt", "codegen",
            "ctrl", "modernbert-decoder", "mixtral", "qwen3_moe", "olmoe", "persimmon", "ernie4_5", "apertus", "arcee",
            "seed_oss", "openai-gpt", "gpt_bigcode", "deepseek_v3", "gpt_oss", "lfm2", "recurrent_gemma",
            "bert-generation",
        ),
    ),
    Family(
        "encoder",
        "anything else",
        lambda _config: True,
        "AutoModel",
        note="No LM head, so the sanity gate checks its weights alone.",
        tried=("bert", "xlm-roberta", "mpnet", "modernbert", "gemma3_text", "xlnet"),
    ),
)  # fmt: skip

_registered: list[Family] = []


def register_family(family: Family) -> None:
    """Put a row before all others, for this process; a row with the same name is replaced."""
    _registered[:] = [family, *(row for row in _registered if row.name != family.name)]


@cache
def _from_packages() -> tuple[Family, ...]:
    """Rows from installed packages: each entry point of the group `tli_bench.families` names one Family or several."""
    rows: list[Family] = []
    for entry in entry_points(group="tli_bench.families"):
        found = entry.load()
        rows += [found] if isinstance(found, Family) else list(found)
    return tuple(rows)


def families() -> tuple[Family, ...]:
    """Every row, in the order in which they are tried."""
    return (*_registered, *_from_packages(), *REFUSED, *LOADED)


def has_foreign_rows() -> bool:
    """Whether there are rows that are not ours: what they do to a model, no version of ours tells."""
    return bool(_registered or _from_packages())


def family_of(config: Config, classes: tuple[str, ...] | None = None) -> Family:
    """The family of a checkpoint with this configuration; raises ModelError if it is not supported.

    classes: what the model is an instance of, if it is in memory; the configuration's `architectures` unless given.
    """
    saved_from = tuple(getattr(config, "architectures", None) or ())
    it = Checkpoint(config, saved_from if classes is None else classes)
    row = next(row for row in families() if row.match(it))
    if row.refusal:
        raise ModelError(row.refusal.format(name=next(iter(it.classes), None) or it.kind or type(config).__name__))
    return row


# Causal attention of these types of text configuration reads mask and positions as given, so that texts can share the states of
# their prefixes; the tests compare each with the plain forward. Not so: ALiBi counts places in the batch (BLOOM, MPT), a mask of its
# own does not know branches (GPT), a recurrent state passes from one place to the next (LFM2, RecurrentGemma, Qwen3.5).
SHARING = frozenset({
    "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "gpt2", "gpt_neox", "gptj", "phi", "phi3", "olmo", "olmo2",
    "olmo3", "opt", "falcon", "xglm", "stablelm", "cohere", "cohere2", "granite", "starcoder2", "smollm3", "helium", "glm", "glm4",
    "exaone4", "nemotron", "biogpt", "codegen", "ctrl", "modernbert-decoder", "mixtral", "qwen3_moe", "olmoe", "persimmon", "ernie4_5",
    "apertus", "arcee", "seed_oss", "gpt_oss", "bert-generation", "qwen3_vl_text", "qwen2_5_vl_text",
})  # fmt: skip


def shares_prefixes(config: Config) -> str:
    """Why texts may not share the states of their prefixes in a model of this text configuration; empty if they may."""
    kind = model_type(config)
    if kind not in SHARING:
        return (
            f"the table of families does not list type {kind or 'without a name'} as one whose texts can share prefixes"
        )
    if getattr(config, "alibi", False):
        return "its ALiBi counts places in the batch"
    attention = getattr(config, "_attn_implementation", None)
    if attention not in ("sdpa", "eager"):
        return f"its attention {attention!r} takes no mask of a tree"
    return ""


def window(config: Config) -> int | None:
    """How many tokens back the shortest window of attention reaches, by a text configuration; None without a window."""
    if getattr(config, "use_sliding_window", True) is False:
        return None
    sizes = (getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size"))
    return min((size for size in sizes if isinstance(size, int)), default=None)


def families_table() -> str:
    """The table of families in docs/model-families.md, as Markdown; other packages' rows are left out."""
    lines = ["| family | what marks it | loaded by | LM head | tried | notes |", "|---|---|---|---|---|---|"]
    for row in (*REFUSED, *LOADED):
        loader = "not supported" if row.refusal else f"`{row.loader}`"
        note = row.note or row.refusal.format(name="It")
        tried = ", ".join(f"`{kind}`" for kind in row.tried)
        lines.append(f"| {row.name} | {row.marks} | {loader} | {row.head or ''} | {tried} | {note} |")
    return "\n".join(lines)
