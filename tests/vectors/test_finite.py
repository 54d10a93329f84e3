"""Numbers that overflow: an error that says whose they are, and never a dash with exit status 0."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.command import tli_bench
from tli_bench.base.errors import AdapterError, GateError
from tli_bench.base.paths import data_dir
from tli_bench.vectors.extract import States
from tli_bench.vectors.finite import broken, require_as_base, require_some
from tli_bench.vectors.protocols import Pooling

NAN, INF = float("nan"), float("inf")


def states(*layers):
    """One dimension; a row of words for each layer."""
    return States(tuple(map(str, range(len(layers)))), {Pooling.WORD_MEAN: torch.tensor(layers)[..., None]})


def test_what_is_broken_is_found_by_layer_and_word():
    assert broken(states([1.0, NAN], [INF, 3.0])).tolist() == [[False, True], [True, False]]


def test_an_adapter_that_breaks_a_word_of_the_base_is_an_error_that_says_where():
    told = r"with the adapter the hidden states from layer 1 on are NaN or infinite for 1 of 2 texts, .* too large for bfloat16"
    with pytest.raises(AdapterError, match=told):
        require_as_base(
            states([1.0, 2.0], [1.0, INF]), states([1.0, 2.0], [1.0, 2.0]), state="adapted", dtype="bfloat16"
        )
    with pytest.raises(AdapterError, match="with the twin"):
        require_as_base(states([NAN, 2.0]), states([1.0, 2.0]), state="twin", dtype="float32")


def test_an_adapter_is_not_blamed_for_what_the_base_does():
    require_as_base(states([1.0, INF]), states([1.0, NAN]), state="adapted", dtype="float16")


def test_a_base_of_which_nothing_can_be_scored_is_an_error_and_one_of_which_something_can_is_not():
    require_some(states([1.0, NAN], [NAN, 1.0]))
    with pytest.raises(GateError, match="the hidden states at layer 1 are NaN or infinite for every text"):
        require_some(states([1.0, 2.0], [NAN, INF]))


def test_a_finite_adapter_that_overflows_is_refused_by_the_command_line(tmp_path):
    shipped, adapter = data_dir("adapters") / "tiny-swh-eng-tli", tmp_path / "adapter"
    adapter.mkdir()
    for path in shipped.iterdir():
        if path.is_file():
            (adapter / path.name).write_bytes(path.read_bytes())
    weights = load_file(adapter / "adapter_model.safetensors")
    huge = {name: (tensor * 1e30).clamp(-3e38, 3e38) for name, tensor in weights.items()}
    assert all(tensor.isfinite().all() for tensor in huge.values())
    save_file(huge, adapter / "adapter_model.safetensors", metadata={"format": "pt"})
    run = (
        "run",
        "--adapter",
        adapter,
        "--twin",
        "none",
        "--placebo",
        0,
        "--pairs",
        "swh-eng",
        "--limit",
        10,
        "--no-confirm",
    )
    told = tli_bench(*run, "--output", tmp_path / "runs", code=2)
    assert "error: with the adapter the hidden states from layer 1 on are NaN or infinite for " in told
    assert not list((tmp_path / "runs").rglob("*.json"))
