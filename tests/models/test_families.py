"""Which family a checkpoint belongs to is read from what it is; rows come from the table and from other packages."""

import json
import sys
from textwrap import indent

import pytest
import torch

from tests.conftest import make_tokenizer
from tests.models import architectures
from tests.models.architectures import PACKAGES, build, build_package, config_of, package_class, package_config
from tests.walk import commands, copy_of_the_tree, section, touched, type_in
from tli_bench.base.errors import ModelError
from tli_bench.models import families as table
from tli_bench.models import load_model
from tli_bench.models.body import blocks_of, body_of, family
from tli_bench.models.families import LOADED, REFUSED, Family, family_of, register_family
from tli_bench.models.load import LoadedModel, check_vocabulary
from tli_bench.models.probe import declares_causal, probe

TITLE = "Add a model family"


def named(kind, *classes, **changes):
    config = config_of(kind, **changes)
    config.architectures = list(classes) or None
    return family_of(config).name


@pytest.mark.parametrize(
    ("kind", "saved_from", "expected"),
    [
        ("bert", "BertForMaskedLM", "masked LM"),
        ("bert", "BertModel", "encoder"),
        ("bert", "BertLMHeadModel", "causal LM"),
        ("bert", "BertForSequenceClassification", "encoder"),
        ("llama", "LlamaForCausalLM", "causal LM"),
        ("llama", "LlamaModel", "encoder"),  # LLM2Vec: a body without a head
        ("gpt2", "GPT2LMHeadModel", "causal LM"),
        ("llama", "SomebodysOwnForCausalLM", "causal LM"),
        ("modernbert-decoder", "ModernBertDecoderForCausalLM", "causal LM"),
        ("mpnet", "MPNetForMaskedLM", "masked LM"),
        ("xlm", "XLMWithLMHeadModel", "masked LM"),
        ("gemma3_text", "Gemma3TextModel", "encoder"),  # EmbeddingGemma
        ("electra", "ElectraForPreTraining", "encoder"),
    ],
)
def test_a_checkpoint_is_what_it_was_saved_from(kind, saved_from, expected):
    assert named(kind, saved_from) == expected


@pytest.mark.parametrize(("kind", "expected"), [("llama", "causal LM"), ("bert", "encoder"), ("mpnet", "encoder")])
def test_a_configuration_that_names_no_class_is_judged_by_its_type(kind, expected):
    assert named(kind) == expected


@pytest.mark.parametrize("kind", PACKAGES)
def test_packages_load_as_causal_lms(kind):
    config = package_config(kind)
    config.architectures = [package_class(kind)]
    row = family_of(config)
    assert (row.name.startswith("multimodal package"), row.head) == (True, "causal")
    assert row.loader == ("AutoModelForCausalLM" if kind in ("gemma3", "qwen3_5") else "AutoModelForImageTextToText")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (("t5", {}), "encoder-decoder"),
        (("bart", {}), "encoder-decoder"),
        (("opt", {"word_embed_proj_dim": 16}), "projects its embeddings to another width"),
        (("gemma3n_text", {"num_kv_shared_layers": 0}), "several copies of each hidden state"),
        (("canine", {}), "do not represent the same tokens"),
        (("funnel", {}), "do not represent the same tokens"),
        (("mamba", {}), "do not line up"),
        (("rwkv", {}), "do not line up"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(config, said):
    kind, changes = config
    with pytest.raises(ModelError, match=said) as refused:
        family_of(config_of(kind, **changes))
    assert "\n" not in str(refused.value)


def test_states_that_are_not_one_vector_per_token_are_refused_whatever_the_type():
    model = build("llama", "AutoModelForCausalLM")
    model.model.norm.register_forward_hook(lambda _module, _args, output: output[:, :-1])
    with pytest.raises(ModelError, match=r"returned a hidden state of shape \(1, 3, 32\) for 4 tokens"):
        probe(model)


def test_a_model_that_needs_more_than_ids_says_what():
    model = build("xmod", "AutoModelForMaskedLM", default_language=None)
    with pytest.raises(ModelError, match="does not run on token ids alone: Input language unknown"):
        probe(model)


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("llama", {}, True),
        ("bert", {}, False),
        ("bert", {"is_decoder": True}, True),
        ("gemma3_text", {"use_bidirectional_attention": True}, False),
        ("mpnet", {}, False),
        ("xlm", {"causal": True}, True),
    ],
)
def test_what_configurations_declare(kind, changes, expected):
    assert declares_causal(config_of(kind, **changes)) is expected


@pytest.mark.parametrize("kind", ["gemma3", "qwen3_5", "mistral3"])
def test_a_saved_package_is_loaded_and_read_in_its_text(kind, tmp_path):
    package = build_package(kind)
    package.save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    loaded = load_model(str(tmp_path))
    assert loaded.model.get_output_embeddings() is not None
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        plain = package(input_ids=ids, output_hidden_states=True).hidden_states[-1]
        assert torch.equal(body_of(loaded.model)(input_ids=ids).last_hidden_state, plain)


def test_a_masked_lm_without_the_weights_of_its_head_is_loaded_as_an_encoder(tmp_path):
    build("bert", "AutoModel").save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"architectures": ["BertForMaskedLM"]}))
    loaded = load_model(str(tmp_path))
    assert (type(loaded.model).__name__, family(loaded.model).name) == ("BertModel", "encoder")
    check_vocabulary(loaded.model, loaded.tokenizer, "m")


def test_the_types_that_the_table_says_were_tried_are_the_ones_that_tests_build():
    tried = {row.name: set(row.tried) for row in LOADED}
    assert tried["causal LM"] == set(architectures.CAUSAL)
    assert tried["masked LM"] == set(architectures.MASKED)
    assert tried["encoder"] == set(architectures.ENCODER)
    assert tried["multimodal package, causal LM"] | tried["multimodal package"] == set(PACKAGES)
    assert not any(row.tried for row in REFUSED)


@pytest.fixture
def rows():
    """The rows that a test registers are gone after it."""
    before = list(table._registered)
    yield
    table._registered[:] = before
    table._from_packages.cache_clear()


def test_a_row_registered_by_python_comes_first_and_the_next_of_its_name_replaces_it(rows):
    for note in ("first", "second"):
        register_family(Family("mine", "everything", lambda _it: True, note=note))
    assert family_of(config_of("llama")).note == "second"
    assert [row.name for row in table.families()].count("mine") == 1


OUTSIDE = '''
"""A model of somebody else: its blocks are called floors, and its configuration counts storeys."""

import torch
from torch import nn
from transformers import AutoConfig, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from tli_bench.models.families import Family


class TowerConfig(PretrainedConfig):
    model_type = "tower_of_words"

    def __init__(self, storeys=3, vocab_size=320, width=16, **kwargs):
        self.storeys, self.vocab_size, self.width = storeys, vocab_size, width
        super().__init__(**kwargs)


class TowerModel(PreTrainedModel):
    config_class = TowerConfig
    base_model_prefix = "tower"

    def __init__(self, config):
        super().__init__(config)
        self.ground = nn.Embedding(config.vocab_size, config.width)
        self.building = nn.ModuleDict({"floors": nn.ModuleList(
            nn.Linear(config.width, config.width) for _ in range(config.storeys)
        )})
        self.post_init()

    def get_input_embeddings(self):
        return self.ground

    def forward(self, input_ids=None, attention_mask=None, output_hidden_states=False):
        states = [self.ground(input_ids)]
        for floor in self.building["floors"]:
            states.append(floor(states[-1]))
        return BaseModelOutput(last_hidden_state=states[-1], hidden_states=tuple(states))


AutoConfig.register("tower_of_words", TowerConfig)
ROW = Family(
    "tower", "type `tower_of_words`", lambda it: it.kind == "tower_of_words", "tower_package:TowerModel",
    blocks="building.floors", depth="storeys",
)
'''


def test_a_package_of_its_own_brings_a_family_that_the_benchmark_scores(rows, tmp_path, monkeypatch):
    """By its entry point alone: nothing of it is named here."""
    packages, folder = tmp_path / "packages", tmp_path / "model"
    info = packages / "tower_package-1.0.dist-info"
    info.mkdir(parents=True)
    (packages / "tower_package.py").write_text(OUTSIDE, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tower-package\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[tli_bench.families]\ntower = tower_package:ROW\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(packages))
    table._from_packages.cache_clear()
    assert "tower" in [row.name for row in table.families()]
    package = sys.modules["tower_package"]
    package.TowerModel(package.TowerConfig()).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    loaded = load_model(str(folder))
    assert isinstance(loaded, LoadedModel)
    assert family(loaded.model).name == "tower"
    assert len(blocks_of(loaded.model)) == 3
    assert probe(loaded.model).causal
    from tli_bench.vectors.backend import Backend
    from tli_bench.vectors.inputs import Framing
    from tli_bench.vectors.protocols import Pooling

    found = Backend(loaded.model, loaded.tokenizer).states(["maji"], Framing(), (Pooling.WORD_MEAN,))
    assert found.layers == ("0", "1", "2", "3")


@pytest.mark.slow  # the walk, in a copy of the tree
def test_the_steps_of_contributing_add_a_family(tmp_path):
    """One row in a copy of the tree; before it the same checkpoint belongs to another."""
    tree, folder = copy_of_the_tree(tmp_path / "tree"), tmp_path / "xlnet"
    build("xlnet", "AutoModelForCausalLM").save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    assert family_of(build("xlnet", "AutoModelForCausalLM").config, ("XLNetLMHeadModel",)).name == "causal LM"
    source = tree / "tli_bench" / "models" / "families.py"
    row = indent(section(TITLE).split("```python\n")[1].split("```")[0].rstrip(), "    ") + ",\n"
    text = source.read_text(encoding="utf-8")
    anchor = '    Family(\n        "masked LM",'
    assert text.count(anchor) == 1
    source.write_text(text.replace(anchor, row + anchor), encoding="utf-8")
    for line in commands(TITLE):
        printed = type_in(tree, line.replace("FOLDER", str(folder)) + (" --output ../out" if "run" in line else ""))
    assert "swh" in printed
    assert "| XLNet | type `xlnet` |" in (tree / "docs" / "model-families.md").read_text(encoding="utf-8")
    assert touched(tree) == ["docs/model-families.md", "tli_bench/models/families.py"]
