"""The card says what was done, and nothing in it can break out of its place."""

import json
import shutil
from dataclasses import replace

import pytest
import yaml

from tli_bench.base.errors import AdapterError, InputError, ResultError
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.trained import trained_by, trained_on
from tli_bench.measures.roles import HEADLINE
from tli_bench.models import inspect_adapter, load_model
from tli_bench.models.identity import AdapterRef
from tli_bench.models.tuned import facts_of, settings_of
from tli_bench.records.schema import Comparison, RunRecord, Signature
from tli_bench.stats.verdict import Verdict, VerdictKind
from tli_bench.training import load_recipe, train_adapter
from tli_bench.training.card import add_records, render_card
from tli_bench.training.push import plan_push


@pytest.fixture(scope="module")
def made(_loaded, lexicon, tmp_path_factory):
    recipe = load_recipe("tli-paper").with_options(max_steps=3, warmup_steps=0, learning_rate=1e-2)
    return train_adapter(_loaded, "swh-eng", recipe, tmp_path_factory.mktemp("made") / "demo", lexicon=lexicon, seed=7)


@pytest.fixture
def trained(made, tmp_path):
    """One training; each test has a folder of its own, which it may change."""
    return replace(made, output=shutil.copytree(made.output, tmp_path / "demo"))


def _record(sha256):
    signature = Signature(
        protocol="words.v1",
        pooling="word-mean",
        layers=("0", "4"),
        tokens="bos",
        lexicon="core-part@test",
        lexicon_hash="abc",
        split_seed=0,
        pair="swh_Latn-eng_Latn",
        n={"control": 8},
        model="m",
        revision="r",
        adapter=AdapterRef(name="demo", sha256=sha256),
        dtype="float32",
        seed=0,
        measures="1",
        versions={},
    )
    change = Comparison(
        split=Split.CONTROL,
        layer="4",
        quantity=HEADLINE,
        n=8,
        before=0.1,
        after=0.25,
        difference=0.15,
        ci=(0.05, 0.25),
        t=3.0,
        p=0.02,
        d_z=1.0,
    )
    return RunRecord(
        task="tli_words",
        pair="swh_Latn-eng_Latn",
        signature=signature,
        created="2026-01-01",
        command="",
        best_layer={},
        best_layer_rule="",
        curves={},
        comparisons=[change],
        words={},
        columns={},
        verdicts={"4": Verdict(kind=VerdictKind.GENERALISES, text="generalises | <b>control</b> +0.15")},
    )


def _metadata(text):
    return yaml.safe_load(text.split("---\n")[1])


def test_card_states_base_recipe_lexicon_layers_and_budget(trained, loaded, lexicon):
    card = json.loads((trained.output / "tli_card.json").read_text())
    assert card["base"] == {"id": loaded.id, "revision": loaded.revision, "dtype": "float32", "quantization": None}
    assert card["trained_concepts"] == sorted(p.concept for p in lexicon.of(Split.TRAIN))
    assert trained_by(card) == trained_on(lexicon)
    assert (card["trained_forms"]["scheme"], card["trained_forms"]["complete"]) == ("tli-bench trained forms v1", True)
    assert card["lexicon"]["content_hash"] == lexicon.content_hash
    assert card["layers"] == {
        "loss": ["2"],
        "modules": ["q_proj", "v_proj"],
        "blocks": [0, 1, 2, 3],
        "received_gradient": [0, 1],
    }
    # Rank 16 on q (64 -> 64) and v (64 -> 32) of the two blocks that receive gradient.
    assert card["budget"] == {"trainable_parameters": 16 * (128 + 96) * 2, "steps": 3, "words_seen": 48}
    assert (card["seed"], card["recipe"]) == (7, "tli-paper+")
    facts = facts_of(card)
    assert (facts["seed"], facts["settings"]) == (7, settings_of(card))
    assert card["dev"]["before"] != card["dev"]["after"]


@pytest.mark.slow
def test_what_trained_the_base_is_on_the_card_of_what_is_trained_from_it(loaded, lexicon, make_lexicon, tmp_path):
    """Or a list of control words could be trained first and hidden behind a second training."""
    whole = load_recipe("full-finetune").with_options(max_steps=1, batch_size=8)
    first = train_adapter(loaded, "swh-eng", whole, tmp_path / "first", lexicon=make_lexicon(train=40)).output
    recipe = load_recipe("tli-paper").with_options(max_steps=1)
    both = json.loads((_second(first, recipe, tmp_path / "second", lexicon) / "tli_card.json").read_text())
    assert trained_by(both) == trained_on(lexicon) | trained_on(make_lexicon(train=40))

    (first / "tli_card.json").write_text(json.dumps({"kind": "lora", "pair": "swh-eng"}))  # says nothing of its words
    unknown = json.loads((_second(first, recipe, tmp_path / "third", lexicon) / "tli_card.json").read_text())
    assert not trained_by(unknown).known
    assert "the base was trained on more" in render_card(unknown)


def _second(base, recipe, output, lexicon):
    return train_adapter(load_model(str(base)), "swh-eng", recipe, output, lexicon=lexicon).output


def test_a_card_from_before_is_rendered_as_it_was(trained):
    card = json.loads((trained.output / "tli_card.json").read_text())
    assert f"| Trained forms | {len(card['trained_forms']['forms'])}, hashed in tli_card.json |" in render_card(card)
    del card["trained_forms"]
    assert "Trained forms" not in render_card(card)


def test_adapter_config_names_no_path_of_this_machine_beyond_the_base_it_was_given(trained, loaded):
    config = json.loads((trained.output / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == loaded.id
    assert config["target_modules"] == ["q_proj", "v_proj"]


def test_no_word_of_the_lexicon_is_in_the_card(trained, lexicon):
    text = (trained.output / "README.md").read_text() + (trained.output / "tli_card.json").read_text()
    concepts = {p.concept for p in lexicon.pairs}
    assert not [p.source for p in lexicon.pairs if p.source not in concepts and f'"{p.source}"' in text]


def test_records_become_a_model_index_and_a_table(trained):
    before = inspect_adapter(str(trained.output)).sha256
    card = add_records(trained.output, [_record(before)])
    text = (trained.output / "README.md").read_text()
    index = _metadata(text)["model-index"][0]
    assert index["results"][0]["metrics"] == [{"type": HEADLINE, "value": 0.25, "name": HEADLINE}]
    assert f"| control | 4 | {HEADLINE} | 8 | 0.1000 | 0.2500 | +0.1500 [+0.0500, +0.2500] |" in text
    assert "generalises \\| &lt;b&gt;control&lt;/b&gt; +0.15" in text
    assert json.loads((trained.output / "tli_card.json").read_text()) == card
    assert inspect_adapter(str(trained.output)).sha256 == before


def test_records_of_another_adapter_are_refused(trained):
    with pytest.raises(ResultError, match=r"scored adapter 'demo' \(000000000000\), not demo"):
        add_records(trained.output, [_record("0" * 64)])


def test_only_a_hub_id_becomes_base_model(trained):
    card = json.loads((trained.output / "tli_card.json").read_text())
    assert "base_model" not in _metadata(render_card(card))
    card["base"]["id"] = "Lugha-Llama/Lugha-Llama-8B-wura"
    data = _metadata(render_card(card))
    assert data["base_model"] == "Lugha-Llama/Lugha-Llama-8B-wura"
    assert data["language"] == ["swh", "eng"]


def test_names_are_escaped(trained):
    card = json.loads((trained.output / "tli_card.json").read_text())
    card["name"] = "a|b`c\n<script>"
    text = render_card(card)
    assert "<script>" not in text
    assert "# a\\|b\\`c &lt;script&gt;" in text


def test_stock_peft_loads_the_adapter(trained, llama_folder):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(llama_folder), str(trained.output))
    moved = [n for n, p in model.named_parameters() if "lora_B" in n and p.any()]
    assert {n.split(".layers.")[1][0] for n in moved} == {"0", "1"}


def test_push_lists_what_it_would_upload(trained, tmp_path):
    (trained.output / "notes.txt").write_text("private")
    plan = plan_push(trained.output, "org/demo")
    assert {p.name for p in plan.files} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "tli_card.json",
        "README.md",
    }
    with pytest.raises(InputError, match=r"'demo' is not a Hub repository; write ORG/NAME"):
        plan_push(trained.output, "demo")
    with pytest.raises(AdapterError, match=r"no adapter at .*nowhere"):
        plan_push(tmp_path / "nowhere", "org/demo")
