"""Other weights in the slots of a model's own adapter, put there for a while: a twin's, or random ones of the same size.

A model that carries an adapter has a place for each tensor of the adapter's file. What is scored next to the adapter from
the same load (a twin trained on shuffled pairs, placebos of random weights) is put into these places, and the adapter's
own weights are put back afterwards, bit for bit.
"""

import copy
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from tli_bench.base.errors import AdapterError
from tli_bench.models.shapes import first_misfit
from tli_bench.models.types import Wrapped

Weights = Mapping[str, torch.Tensor]
"""Tensors of an adapter by their names in `adapter_model.safetensors`."""
_FRESH = "tli-bench-fresh"


def weights_of(model: Wrapped) -> dict[str, torch.Tensor]:
    """The tensors of the active adapter under the names of its file, sharing memory with the model.

    Raises AdapterError unless exactly one adapter is active.
    """
    from peft.utils.save_and_load import get_peft_model_state_dict

    # PEFT asks the Hub whether to write embeddings unless it is told.
    return dict(get_peft_model_state_dict(model, adapter_name=_active(model), save_embedding_layers=False))


@contextmanager
def worn(model: Wrapped, weights: Weights) -> Iterator[None]:
    """Inside the `with` block the active adapter has these weights; afterwards, and after an error, its own, bit for bit.

    Raises AdapterError for tensors whose names or shapes are not those of the adapter; the model is then as it was.
    """
    from peft.utils.save_and_load import set_peft_model_state_dict

    slots = weights_of(model)
    require_fit(weights, slots)
    own = _kept(model, slots)
    before = [tensor.detach().clone() for tensor in own]
    try:
        with torch.no_grad():
            set_peft_model_state_dict(model, dict(weights), adapter_name=_active(model))
        yield
    finally:
        with torch.no_grad():
            for tensor, value in zip(own, before, strict=True):
                tensor.copy_(value)


def neutral(model: Wrapped) -> dict[str, torch.Tensor]:
    """What the active adapter's tensors are before any training; zero where they start at random.

    A vector that scales starts at 1, a copy of a norm at the norm itself, B of a LoRA at 0; A of a LoRA is drawn, so its
    place has zeros. PEFT itself is asked: it adds a fresh adapter twice, under two seeds, and takes it out again.
    Raises AdapterError where it cannot.
    """
    from peft.utils.save_and_load import get_peft_model_state_dict

    config = copy.deepcopy(model.peft_config[_active(model)])
    if hasattr(config, "init_lora_weights"):
        config.init_lora_weights = True  # some of the others change the base
    drawn: list[dict[str, torch.Tensor]] = []
    try:
        for seed in (1, 2):
            with torch.random.fork_rng():
                torch.manual_seed(seed)
                model.add_adapter(_FRESH, config)
            found = get_peft_model_state_dict(model, adapter_name=_FRESH, save_embedding_layers=False)
            drawn.append({name: tensor.detach().clone() for name, tensor in found.items()})
            model.delete_adapter(_FRESH)
    except Exception as err:  # PEFT may raise anything for a kind that allows no second adapter
        if _FRESH in model.peft_config:
            model.delete_adapter(_FRESH)
        raise AdapterError(f"PEFT cannot start a second adapter of this kind: {type(err).__name__}: {err}") from err
    first, second = drawn
    return {
        name: tensor if torch.equal(tensor, second[name]) else torch.zeros_like(tensor)
        for name, tensor in first.items()
    }


def placebo(trained: Weights, start: Weights, *, seed: int, number: int) -> dict[str, torch.Tensor]:
    """Random weights as far from `start` as `trained` is, tensor by tensor (Frobenius norm); whole numbers stay as they are.

    start: as `neutral` gives it. A tensor that training left at its start stays there. The same seed and number give the
    same weights on every machine.
    """
    draw = torch.Generator().manual_seed(int(hashlib.sha256(f"placebo {seed} {number}".encode()).hexdigest()[:15], 16))
    found = {}
    for name, tensor in sorted(trained.items()):
        if not tensor.is_floating_point():
            found[name] = tensor.detach().clone()
            continue
        begin = start[name].detach().to("cpu", torch.float64)
        noise = torch.randn(tensor.shape, generator=draw, dtype=torch.float64)
        far = (tensor.detach().to("cpu", torch.float64) - begin).norm()
        found[name] = (begin + noise * (far / noise.norm().clamp_min(1e-300))).to(tensor.dtype)
    return found


class Placebos:
    """Random weights for the slots of a model's active adapter, each set as far from the start of its training as its own are.

    Raises AdapterError for a kind of adapter whose start PEFT cannot tell.
    """

    def __init__(self, model: Wrapped, *, seed: int) -> None:
        self._model, self._seed = model, seed
        self._trained = {name: tensor.detach().clone() for name, tensor in weights_of(model).items()}
        self._start = neutral(model)

    @contextmanager
    def worn(self, number: int) -> Iterator[None]:
        """Inside the `with` block the adapter has the weights of this placebo, which are the same on every machine."""
        with worn(self._model, placebo(self._trained, self._start, seed=self._seed, number=number)):
            yield


def digest(weights: Weights) -> str:
    """SHA-256 of names, dtypes, shapes and values, whatever their order."""
    found = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        found.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _active(model: Wrapped) -> str:
    active = list(model.active_adapters)
    if len(active) != 1:
        raise AdapterError(f"{len(active)} adapters are active ({', '.join(active)}); other weights fit into one only")
    return active[0]


def _kept(model: Wrapped, slots: Weights) -> list[torch.Tensor]:
    """Every tensor that loading other weights can change: the adapter's own, and what its file holds of the base."""
    name, memory = _active(model), {tensor.data_ptr() for tensor in slots.values()}
    found = [*model.named_parameters(), *model.named_buffers()]
    return [tensor for path, tensor in found if name in path.split(".") or tensor.data_ptr() in memory]


def require_fit(weights: Weights, slots: Weights) -> None:
    """Raise AdapterError unless both hold the same names and shapes. slots: as `weights_of` gives them."""
    given = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    expected = {name: tuple(tensor.shape) for name, tensor in slots.items()}
    misfit = first_misfit(given, expected)
    if misfit is not None:
        raise AdapterError(
            f"the weights do not fit the adapter: {misfit.name} is {misfit.given} in the weights and "
            f"{misfit.expected} in the adapter"
        )
