"""Training at an early hidden state loads the blocks below it alone, and makes the adapter that the whole model makes."""

import pytest
import torch

from tests.shards import count_reads, make_sharded, names_in
from tli_bench.models import LoadOptions, attach_adapter, inspect_adapter, load_model
from tli_bench.training import Recipe, train_adapter
from tli_bench.training.first import first_blocks_do
from tli_bench.vectors.extract import all_layers


@pytest.fixture(scope="module")
def sharded(tmp_path_factory):
    return make_sharded(tmp_path_factory.mktemp("sharded"))


@pytest.fixture
def opened(monkeypatch):
    return count_reads(monkeypatch)


def test_an_adapter_trained_on_the_first_blocks_is_that_of_the_whole_model(sharded, lexicon, tmp_path):
    recipe = Recipe().with_options(layer="3", max_steps=3, batch_size=8, modules="q_proj,v_proj")
    of_first = train_adapter(str(sharded), "swh-eng", recipe, tmp_path / "first", lexicon=lexicon)
    whole = load_model(str(sharded))
    of_whole = train_adapter(whole, "swh-eng", recipe, tmp_path / "whole", lexicon=lexicon)
    assert (of_first.dev_before, of_first.dev_after) == (of_whole.dev_before, of_whole.dev_after)
    assert (of_first.layers, of_first.blocks, of_first.parameters) == (
        of_whole.layers,
        of_whole.blocks,
        of_whole.parameters,
    )
    for name in ("adapter_model.safetensors", "adapter_config.json", "tli_card.json"):
        assert (tmp_path / "first" / name).read_bytes().replace(b"first", b"whole") == (
            tmp_path / "whole" / name
        ).read_bytes(), name
    ids = torch.arange(3, 11)[None]
    before = all_layers(whole.model, ids)
    adapted, _ = attach_adapter(whole, inspect_adapter(str(tmp_path / "first")))
    after = all_layers(adapted, ids)
    assert torch.equal(before[0], after[0])
    assert not torch.equal(before[3], after[3])
    # Fewer blocks than the adapter is on: what it does to those is what counts.
    fewer, _ = attach_adapter(
        load_model(str(sharded), LoadOptions(layers="0-2")), inspect_adapter(str(tmp_path / "first"))
    )
    assert torch.equal(all_layers(fewer, ids)[2], after[2])
    short = load_model(str(sharded), LoadOptions(layers="0-3"))
    again, _ = attach_adapter(short, inspect_adapter(str(tmp_path / "first")))
    assert torch.equal(all_layers(again, ids)[3], after[3])


def test_training_opens_the_first_blocks_alone(sharded, opened, lexicon, tmp_path):
    recipe = Recipe().with_options(layer="2", max_steps=1, batch_size=8, modules="q_proj,v_proj")
    train_adapter(str(sharded), "swh-eng", recipe, tmp_path / "adapter", lexicon=lexicon)
    assert set(opened) == names_in(sharded, 2)[0]


@pytest.mark.parametrize(
    ("changes", "text", "enough"),
    [({}, False, True), ({"retention": "kl"}, True, False), ({"retention": "hidden"}, False, False),
     ({"retention": "hidden"}, True, True), ({"kind": "full"}, False, False), ({"blocks": "all"}, False, False)],
)  # fmt: skip
def test_what_asks_for_more_than_the_blocks_below_the_loss(changes, text, enough):
    assert first_blocks_do(Recipe().with_options(**changes), 2, 12, text=text) is enough
    assert not first_blocks_do(Recipe().with_options(**changes), 12, 12, text=text)
