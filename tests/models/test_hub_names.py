"""Addresses of the Hub and ids without an owner mean the repository that a browser would open."""

import pytest

from tli_bench.base.errors import InputError
from tli_bench.models.catalog import resolve_model
from tli_bench.models.hub_names import CANONICAL, hub_name


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://huggingface.co/Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B"),
        ("https://hf.co/Qwen/Qwen3-0.6B/", "Qwen/Qwen3-0.6B"),
        ("https://huggingface.co/gpt2", "openai-community/gpt2"),
        ("gpt2", "openai-community/gpt2"),
        ("xlm-roberta-base", "FacebookAI/xlm-roberta-base"),
        ("org/name", "org/name"),
        ("tiny", "tiny"),
        ("./folder", "./folder"),
    ],
)
def test_the_repository_is_found(typed, meant):
    assert hub_name(typed) == meant


def test_a_model_is_named_by_its_repository():
    assert resolve_model("gpt2").id == "openai-community/gpt2"
    assert resolve_model("https://huggingface.co/org/name").target == "org/name"


def test_an_id_without_an_owner_stays_where_it_is_cached_so(tmp_path, monkeypatch):
    folder = tmp_path / "models--gpt2" / "snapshots" / ("0" * 40)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (tmp_path / "models--gpt2" / "refs").mkdir()
    (tmp_path / "models--gpt2" / "refs" / "main").write_text("0" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.file_download.constants.HF_HUB_CACHE", str(tmp_path))
    assert hub_name("gpt2") == "gpt2"


def test_an_address_inside_a_repository_says_what_to_give():
    with pytest.raises(InputError, match="give org/name with --revision v2"):
        hub_name("https://huggingface.co/org/name/tree/v2")
    with pytest.raises(InputError, match="give its id org/name"):
        hub_name("https://huggingface.co/org/name/discussions/3")


def test_the_list_holds_no_id_twice():
    assert len(CANONICAL) == len({*CANONICAL.values()})
    assert all(full.endswith(f"/{short}") for short, full in CANONICAL.items())
