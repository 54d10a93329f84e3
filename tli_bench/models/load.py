"""Load a model and its tokenizer once, in the form in which they are measured: dtype, quantisation, device, checks."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from tli_bench.base.errors import InputError, ModelError, TLIError
from tli_bench.config.loading import DTYPES as DTYPE_NAMES
from tli_bench.config.options import settings
from tli_bench.config.run import RunConfig
from tli_bench.models.catalog import ModelSource, resolve_model
from tli_bench.models.families import families, family_of
from tli_bench.models.fingerprint import hub_commit, hub_file, model_fingerprint
from tli_bench.models.gguf import stored_as
from tli_bench.models.hub import first_line, hub_reason
from tli_bench.models.identity import TrainingRef
from tli_bench.models.layers import first_blocks
from tli_bench.models.numbers import require_numbers
from tli_bench.models.packaged import Package
from tli_bench.models.placement import memory_of, require_in_memory, require_one_placement
from tli_bench.models.tuned import hub_model_card, read_model_card, training_of
from tli_bench.models.types import Model, Tokenizer

if TYPE_CHECKING:
    from tli_bench.models.partial import First

DTYPES: dict[str, torch.dtype] = {name: getattr(torch, name) for name in DTYPE_NAMES}


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load. dtype, quantize and device default to what the alias and the machine suggest.

    dtype: a key of DTYPES; float32 on a CPU and bfloat16 on a GPU when None.
    quantize: `nf4`, `nf4-double`, `int8`, `none`, or None for the alias's own default. device_map, max_memory: spread over
    devices in place of one. attn: implementation of attention. layers: `0-K` for the embeddings and the first K blocks alone.
    """

    dtype: str | None = None
    quantize: str | None = None
    device: str | None = None
    revision: str | None = None
    trust_remote_code: bool = False
    device_map: str | None = None
    max_memory: tuple[str, ...] = ()
    attn: str | None = None
    layers: str | None = None

    def __post_init__(self) -> None:
        declared = settings(RunConfig)
        for field in fields(self):
            object.__setattr__(self, field.name, declared[field.name].parse(getattr(self, field.name)))
        require_one_placement(self.device, self.device_map, self.max_memory)
        first_blocks(self.layers)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready to be measured.

    id: its name in signatures; revision: Hub commit or fingerprint; path: what PEFT records as the base. stored: dtype
    of its files, if its configuration says. card: what tli-bench wrote about a fully fine-tuned model. package: what it came in.
    first: what it was cut from, where only its first blocks were loaded.
    """

    model: Model
    tokenizer: Tokenizer
    id: str
    revision: str
    path: str
    dtype: str
    quantization: str | None
    device: str
    stored: str | None = None
    card: dict[str, Any] | None = None
    package: Package | None = None
    first: "First | None" = None

    @property
    def parameters(self) -> int:
        """How many numbers the whole model has, tied ones once; what PEFT has wrapped counts its adapter, too."""
        return self.first.parameters if self.first else self.model.num_parameters()

    @property
    def training(self) -> TrainingRef | None:
        """How tli-bench fully fine-tuned the model; None for any other model."""
        return training_of(self.card)


def load_model(name: str, options: LoadOptions | None = None) -> LoadedModel:
    """Load the model called `name` (alias, folder or Hub id) and its tokenizer.

    Raises ModelError (what is missing and what to do), UnknownNameError, InputError.
    """
    options = options or LoadOptions()
    source = resolve_model(name)
    device = device_of(options.device)
    quantize = source.quantize if options.quantize is None else options.quantize
    quantize = None if quantize == "none" else quantize
    if source.gguf and quantize:
        raise InputError(
            f"{name} is quantised already; leave out --quantize {quantize}, or give the model it was made from"
        )
    dtype = options.dtype or ("float32" if device == "cpu" else "bfloat16")
    kept_as = stored_as(source.path) if source.gguf and source.path else None
    config = load_config(source, options)
    require_numbers(config, source.id)
    stored = _stored_dtype(config)
    if source.path is None:
        # Tokenizer and weights come from the same commit as the configuration, whatever is pushed in the meantime.
        options = replace(options, revision=_commit(source, options))
        if source.gguf:
            kept_as = stored_as(hub_file(source.target, options.revision, file=source.gguf) or Path(source.gguf))
    tokenizer = _from_hub(source, _load_tokenizer, options)
    model, first = _from_hub(
        source, _load_weights, options, config=config, dtype=dtype, quantize=quantize, device=device
    )
    require_in_memory(model, source.id)
    _keep_quantised_weights_as_they_are(model)
    check_vocabulary(model, tokenizer, source.id)
    revision = model_fingerprint(source.path) if source.path else str(options.revision)
    card = None
    if source.gguf is None:
        card = read_model_card(source.path) if source.path else hub_model_card(source.target, revision)
    return LoadedModel(
        model.eval(),
        tokenizer,
        source.id,
        revision,
        source.target,
        dtype,
        kept_as or quantize,
        str(next(model.parameters()).device) if options.device_map else device,
        stored,
        card,
        source.package,
        first,
    )


def _stored_dtype(config: Any) -> str | None:
    """A key of DTYPES: the dtype in which the weights are stored according to the configuration, before loading changes it."""
    name = str(getattr(config, "dtype", None)).removeprefix("torch.")
    return name if name in DTYPES else None


def device_of(asked: str | None) -> str:
    """The device that was asked for, or the one that torch finds best; raises InputError for one that is not there."""
    if asked is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    there = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    there += ["cuda"] if len(there) > 1 else []
    there += ["mps"] if torch.backends.mps.is_available() else []
    if asked not in there:
        raise InputError(f"there is no device {asked!r} on this machine; use one of {', '.join(there)}")
    return asked


def load_tokenizer(name: str, options: LoadOptions | None = None) -> Tokenizer:
    """The tokenizer of a model, without its weights; raises as `load_model` does."""
    return _from_hub(resolve_model(name), _load_tokenizer, options or LoadOptions())


def _commit(source: ModelSource, options: LoadOptions) -> str:
    commit = hub_commit(source.target, options.revision, file=source.gguf or "config.json")
    if commit is None:
        raise ModelError(f"{source.target} was loaded, but the cache does not say from which commit; check HF_HOME")
    return commit


def _common(source: ModelSource, options: LoadOptions) -> dict[str, Any]:
    known: dict[str, Any] = {"revision": options.revision, "trust_remote_code": options.trust_remote_code}
    return known | ({"gguf_file": source.gguf} if source.gguf else {})


def load_config(source: ModelSource, options: LoadOptions) -> Any:
    """The configuration of a model, without its weights; raises as `load_model` does."""
    return _from_hub(source, _read_config, options)


def _read_config(source: ModelSource, options: LoadOptions) -> Any:
    from transformers import AutoConfig

    families()  # packages with rows of their own also register their configurations
    return AutoConfig.from_pretrained(source.target, **_common(source, options))


def _load_tokenizer(source: ModelSource, options: LoadOptions) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(source.target, **_common(source, options))


def _load_weights(
    source: ModelSource, options: LoadOptions, *, config: Any, dtype: str, quantize: str | None, device: str
) -> "tuple[Model, First | None]":
    row, blocks = family_of(config), first_blocks(options.layers)
    if blocks is not None:
        return _load_first(source, options, config, blocks, dtype, quantize, device)
    model, missing = _from_class(row.load_class(), source, options, config, dtype, quantize, device)
    if missing and row.head == "masked" and set(missing).isdisjoint(_body_names(model)):
        from transformers import AutoModel

        # Saved from a class with a head, but without its weights: the body is intact, and only the body is scored.
        model, missing = _from_class(AutoModel, source, options, config, dtype, quantize, device)
    if missing:
        raise ModelError(
            f"the weights of {source.target} lack {len(missing)} tensors that its configuration asks for ({missing[0]}); "
            "configuration and weights do not belong together"
        )
    return model, None


def _load_first(
    source: ModelSource, options: LoadOptions, config: Any, blocks: int, dtype: str, quantize: str | None, device: str
) -> "tuple[Model, First | None]":
    from tli_bench.models.partial import load_first

    if source.gguf:
        raise InputError(f"{source.id} is a GGUF file, of which all is read; leave out --layers {options.layers}")
    given = _given(options, dtype, quantize, device) | {"use_safetensors": True}

    def load(factory: Any, folder: str, short: Any) -> tuple[Any, dict[str, Any]]:
        loaded: tuple[Any, dict[str, Any]] = factory.from_pretrained(folder, config=short, **given)
        return loaded

    return load_first(source, config, blocks, load, revision=options.revision)


def _body_names(model: Model) -> set[str]:
    prefix = next(name for name, part in model.named_modules() if part is model.base_model)
    return {name for name, _ in model.named_parameters() if name.startswith(f"{prefix}.")}


def _from_class(
    factory: Any,
    source: ModelSource,
    options: LoadOptions,
    config: Any,
    dtype: str,
    quantize: str | None,
    device: str,
) -> tuple[Model, list[str]]:
    """The model, and the names of the tensors that its files lack and that transformers filled with random numbers."""
    model, info = factory.from_pretrained(
        source.target,
        config=config,
        use_safetensors=None if source.gguf else True,
        **_given(options, dtype, quantize, device),
        **_common(source, options),
    )
    # A pooler is not part of any hidden state.
    return model, sorted(key for key in info["missing_keys"] if "pooler" not in key)


def _given(options: LoadOptions, dtype: str, quantize: str | None, device: str) -> dict[str, Any]:
    return {
        "dtype": DTYPES[dtype],
        "quantization_config": _quantization(quantize, dtype),
        "device_map": options.device_map or {"": device},
        "max_memory": memory_of(options.max_memory),
        "attn_implementation": options.attn,
        "output_loading_info": True,
    }


def _quantization(quantize: str | None, dtype: str) -> Any:
    if quantize is None:
        return None
    from transformers import BitsAndBytesConfig

    if quantize == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=DTYPES[dtype],
        bnb_4bit_use_double_quant=quantize == "nf4-double",
    )


def _keep_quantised_weights_as_they_are(model: Model) -> None:
    """Stop bitsandbytes from repacking 4-bit weights in the first evaluation forward on CPUs with AVX512-BF16.

    The repacking rounds the scales to bfloat16, so a score would depend on the processor; no gradient passes through
    the repacked weights; and it fails for layers whose width is not a multiple of 32.
    """
    modules: Iterator[Any] = model.modules()
    for module in modules:
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _from_hub(source: ModelSource, step: Any, options: LoadOptions, **kwargs: Any) -> Any:
    """Run one loading step, turning what the libraries raise into one sentence that says what to do next."""
    try:
        return step(source, options, **kwargs)
    except TLIError:
        raise
    except Exception as err:  # what the libraries raise for third-party files has no common base
        raise ModelError(_explain(source, options, err)) from err


def _explain(source: ModelSource, options: LoadOptions, err: Exception) -> str:
    told = first_line(err)
    if source.path is not None:
        return f"cannot load the model in {source.path}: {told}"
    if "safetensors" in str(err) and "does not appear to have a file" in str(err):
        return f"{source.target} has no safetensors weights, and pickled weights are never opened ({told})"
    return hub_reason(source.target, options.revision, err) or f"cannot load {source.target}: {told}"


def check_vocabulary(model: Model, tokenizer: Tokenizer, name: str) -> None:
    """Raise ModelError when the tokenizer can produce an id that the model has no embedding for.

    A special token that is not put around words (such as a pad token added and never trained) does no harm.
    """
    rows = model.get_input_embeddings().weight.shape[0]
    unused = set(tokenizer.all_special_ids) - set(tokenizer("a")["input_ids"])
    vocabulary = {token: index for token, index in tokenizer.get_vocab().items() if index not in unused}
    if not vocabulary:
        raise ModelError(f"the tokenizer of {name} has an empty vocabulary")
    token, top = max(vocabulary.items(), key=lambda item: item[1])
    if top >= rows:
        raise ModelError(
            f"tokenizer and model of {name} disagree: token {token!r} has id {top}, but the model has only {rows} "
            "embeddings; they do not belong together"
        )
