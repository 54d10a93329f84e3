"""A configuration that holds no number where one is needed is named as what it is: not a type, an architecture or a damaged file."""

import json
import shutil

import pytest
from transformers import LlamaConfig, Mamba2Config

from tests.command import tli_bench
from tli_bench.base.errors import ModelError
from tli_bench.models.catalog import TINY_DIR
from tli_bench.models.numbers import require_numbers


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e-6])
def test_an_epsilon_that_is_not_one_is_named(value):
    with pytest.raises(
        ModelError, match=rf"the configuration of mine says rms_norm_eps = {value}, with which nothing can be computed"
    ):
        require_numbers(LlamaConfig(rms_norm_eps=value), "mine")


def test_nan_deep_in_a_configuration_is_named():
    with pytest.raises(ModelError, match=r"says rope\.factor = nan"):
        require_numbers(LlamaConfig(rope={"kind": "x", "factor": float("nan")}), "mine")


def test_what_published_configurations_say_is_let_through():
    assert Mamba2Config().time_step_limit[1] == float("inf")
    require_numbers(Mamba2Config(), "mamba")
    require_numbers(LlamaConfig(steps=10**400), "llama")


def test_it_is_refused_before_its_weights_are_read_even_without_the_gate(tmp_path):
    model = tmp_path / "model"
    shutil.copytree(TINY_DIR, model)
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"rms_norm_eps": float("nan")}))
    # Its header can be read, its tensors cannot.
    weights = (TINY_DIR / "model.safetensors").read_bytes()
    (model / "model.safetensors").write_bytes(weights[:-1])
    told = tli_bench(
        "run",
        "--model",
        model,
        "--adapter",
        "none",
        "--pairs",
        "swh-eng",
        "--skip-gate",
        "--output",
        tmp_path / "runs",
        code=2,
    )
    assert "says rms_norm_eps = nan" in told
    assert not (tmp_path / "runs").exists()
