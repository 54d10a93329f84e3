"""What the code needs of a model, a tokenizer and an lm-eval model, as protocols: any object with these parts will do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    import torch
    from torch import nn


@runtime_checkable
class Model(Protocol):
    """A Hugging Face model: an `nn.Module` with a configuration, whether or not PEFT has wrapped it.

    Calling it gives the model's own output object, whose fields (`logits`, `hidden_states`, ...) depend on the call.
    """

    training: bool

    @property
    def config(self) -> Any:
        """The configuration object; its attributes depend on the architecture."""
        ...

    @property
    def base_model(self) -> nn.Module:
        """The part without a head, or the model itself where there is none; under PEFT, the tuner."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the first floating-point parameter."""
        ...

    @property
    def device(self) -> torch.device:
        """The device of the first parameter."""
        ...

    def num_parameters(self) -> int:
        """How many numbers it has, tied ones once, those in 4 bits as many as they stand for."""
        ...

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """One forward pass."""
        ...

    def get_input_embeddings(self) -> nn.Embedding:
        """The table of token embeddings, `weight` of shape `[vocabulary, dim]`."""
        ...

    def get_output_embeddings(self) -> nn.Linear | None:
        """The language-modelling head; None for a model without one."""
        ...

    def resize_token_embeddings(self, new_num_tokens: int, *, mean_resizing: bool = True) -> nn.Embedding:
        """Give the tables of tokens, of input and output, so many rows; what is added is drawn at random."""
        ...

    def set_submodule(self, target: str, module: nn.Module) -> None:
        """As `nn.Module`'s."""
        ...

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """As `nn.Module`'s."""
        ...

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, nn.Parameter]]:
        """As `nn.Module`'s."""
        ...

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, torch.Tensor]]:
        """As `nn.Module`'s."""
        ...

    def modules(self) -> Iterator[nn.Module]:
        """As `nn.Module`'s."""
        ...

    def named_modules(self) -> Iterator[tuple[str, nn.Module]]:
        """As `nn.Module`'s."""
        ...

    def get_submodule(self, target: str) -> nn.Module:
        """As `nn.Module`'s."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """As `nn.Module`'s."""
        ...

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """As `nn.Module`'s."""
        ...

    def save_pretrained(self, save_directory: str | Path, **kwargs: Any) -> Any:
        """Write weights and configuration into a folder; for a wrapped model, those of the adapter."""
        ...

    def eval(self) -> Self:
        """Switch to evaluation mode; returns the model itself."""
        ...

    def train(self, mode: bool = True) -> Self:
        """Switch to training mode; returns the model itself."""
        ...


@runtime_checkable
class Wrapped(Model, Protocol):
    """A model that PEFT has wrapped: adapters by name, which can be switched off and taken out again."""

    @property
    def peft_config(self) -> dict[str, Any]:
        """The configuration of each adapter."""
        ...

    @property
    def active_adapters(self) -> list[str]:
        """Names of the adapters that are switched on."""
        ...

    def get_base_model(self) -> Model:
        """The model inside, with the adapter's layers in place."""
        ...

    def disable_adapter(self) -> AbstractContextManager[None]:
        """Inside the `with` block it computes what its base computes."""
        ...

    def add_adapter(self, adapter_name: str, peft_config: Any) -> None:
        """Put a second adapter next to the active one, untrained and switched off."""
        ...

    def delete_adapter(self, adapter_name: str) -> None:
        """Take one adapter out again."""
        ...

    def unload(self) -> Model:
        """Take the adapter's layers out; returns the base as it was."""
        ...


@runtime_checkable
class Tokenizer(Protocol):
    """A Hugging Face tokenizer."""

    @property
    def is_fast(self) -> bool:
        """Whether it returns the character offsets of its tokens."""
        ...

    @property
    def all_special_ids(self) -> list[int]:
        """Ids of BOS, EOS, padding and other special tokens."""
        ...

    @property
    def pad_token_id(self) -> int | None:
        """Id of the padding token, if there is one."""
        ...

    @property
    def mask_token_id(self) -> int | None:
        """Id of the mask token, which stands for a token to be predicted, if there is one."""
        ...

    @property
    def bos_token_id(self) -> int | None:
        """Id of the token that begins a text, if there is one."""
        ...

    @property
    def unk_token_id(self) -> int | None:
        """Id of the token that stands for what the vocabulary cannot spell, if there is one."""
        ...

    @property
    def eos_token_id(self) -> int | None:
        """Id of the token that ends a text, if there is one."""
        ...

    def __call__(self, text: str | Sequence[str], **kwargs: Any) -> Mapping[str, Any]:
        """Token ids and whatever else was asked for, by name."""
        ...

    def get_vocab(self) -> dict[str, int]:
        """Ids by token."""
        ...

    def convert_ids_to_tokens(self, ids: Sequence[int]) -> Sequence[Any]:
        """The tokens as the vocabulary writes them."""
        ...

    def decode(self, token_ids: Iterable[int], **kwargs: Any) -> str:
        """The text of token ids."""
        ...

    def save_pretrained(self, save_directory: str | Path, **kwargs: Any) -> Any:
        """Write it into a folder."""
        ...

    def __len__(self) -> int:
        """Size of the vocabulary, added tokens included."""
        ...


@runtime_checkable
class LanguageModel(Protocol):
    """An lm-eval model over a Hugging Face one, as `HFLM` is."""

    @property
    def model(self) -> Model:
        """The model."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer."""
        ...

    @property
    def batch_size(self) -> int:
        """Sequences in one batch, in one process."""
        ...

    @property
    def max_length(self) -> int:
        """How many tokens the model reads at once."""
        ...

    @property
    def max_gen_toks(self) -> int:
        """How many tokens are generated if a task does not say."""
        ...

    @property
    def world_size(self) -> int:
        """The number of processes in which the model runs."""
        ...

    def tok_encode(self, string: str) -> list[int]:
        """Token ids of a prompt, as the model would read it."""
        ...
