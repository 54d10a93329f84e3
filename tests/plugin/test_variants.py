"""A twin and placebos from one load: scored as if each were an adapter of its own, and nothing else is changed by them."""

import json
import pickle
import shutil
from types import SimpleNamespace

import peft
import pytest
from safetensors.torch import load_file, save_file

import tli_bench
from tests.models.test_adapters import save_adapter
from tli_bench.base.errors import AdapterError, InputError
from tli_bench.models import attach_adapter, inspect_adapter, load_model
from tli_bench.models.variants import neutral, placebo, weights_of
from tli_bench.plugin.lm import TLIModel
from tli_bench.records.controls import PlaceboLayer
from tli_bench.records.validate import validate_record
from tli_bench.vectors.placebos import Placebos
from tli_bench.vectors.protocols import get_protocols

WEIGHTS = "adapter_model.safetensors"
PAIR = "swh-eng"


@pytest.fixture(scope="module")
def base(model_folder):
    return model_folder("llama")


@pytest.fixture(scope="module")
def shipped(base, tmp_path_factory):
    """An adapter with a card that names its twin, in a folder below its own."""
    folder = save_adapter(base, tmp_path_factory.mktemp("shipped") / "mine")
    twin = shutil.copytree(folder, folder / "twin")
    draw = load_file(twin / WEIGHTS)
    save_file({name: -tensor.flip(0).contiguous() for name, tensor in draw.items()}, twin / WEIGHTS)
    card = {"twin": {"path": "twin", "sha256": inspect_adapter(str(twin)).sha256}}
    (folder / "tli_card.json").write_text(json.dumps(card))
    return folder


def record_of(base, adapter, **options):
    options = {"placebo": 0, "limit": 120, "skip_gate": True, "pairs": PAIR} | options
    (record,) = tli_bench.score(str(base), adapter=str(adapter), **options).records
    return record


@pytest.fixture(scope="module")
def plain(base, shipped):
    return record_of(base, shipped, twin="none")


@pytest.fixture(scope="module")
def full(base, shipped):
    return record_of(base, shipped, placebo=3)


def of_states(record, *states):
    """All that a record holds of these states, as it is."""
    both = ("curves", "columns", "pseudo")
    return {
        (part, split, state): getattr(record, part)[split].get(state)
        for part in both
        for split in record.curves
        for state in states
    }


def test_base_and_adapted_are_the_same_to_the_last_bit_with_and_without_them(plain, full):
    assert of_states(plain, "base", "adapted") == of_states(full, "base", "adapted")
    assert plain.comparisons == full.comparisons
    assert plain.best_layer == {state: full.best_layer[state] for state in ("base", "adapted")}
    assert (plain.controls.placebo, plain.signature.placebo, plain.signature.twin) == (None, 0, None)


def test_the_twin_is_a_third_state_with_the_scores_that_it_has_as_an_adapter(base, shipped, full):
    assert tuple(full.best_layer) == ("base", "adapted", "twin")
    assert full.signature.twin == inspect_adapter(str(shipped / "twin")).sha256
    alone = record_of(base, shipped / "twin", shown=tuple(full.kept_layers()))
    assert alone.curves["control"]["adapted"] == full.curves["control"]["twin"]
    for layer in full.kept_layers():
        assert alone.columns["control"]["adapted"][layer] == full.columns["control"]["twin"][layer]
        assert alone.pseudo["control"]["adapted"][layer] == full.pseudo["control"]["twin"][layer]
    assert full.curves["control"]["twin"] != full.curves["control"]["adapted"]


def test_a_record_with_a_twin_and_placebos_is_sound_and_shown(full):
    assert validate_record(full).errors == ()
    shown = str(tli_bench.api.report.Report(config=None, records=(full,), results={"results": {}}).table())
    assert "3 placebos of random weights" in shown
    assert f"the twin on shuffled pairs ({full.signature.twin[:8]})" in shown


def test_a_placebo_scores_what_the_same_weights_score_as_an_adapter(base, shipped, full, tmp_path):
    found = full.controls.placebo
    assert (found.count, found.seed, found.split, full.signature.placebo) == (3, 0, "control", 3)
    model, _ = attach_adapter(load_model(str(base)), inspect_adapter(str(shipped)))
    drawn = placebo(weights_of(model), neutral(model), seed=0, number=1)
    folder = shutil.copytree(shipped, tmp_path / "placebo", ignore=shutil.ignore_patterns("tli_card.json", "twin"))
    save_file(drawn, folder / WEIGHTS)
    alone = record_of(base, folder, shown=tuple(full.kept_layers()))
    assert {item.layer for item in found.layers} <= set(full.kept_layers())
    assert found.layers
    for item in found.layers:
        before, after = (alone.value(found.quantity, "control", state, item.layer) for state in ("base", "adapted"))
        assert item.changes[1] == pytest.approx(after - before, abs=1e-12)
        own = [full.value(found.quantity, "control", state, item.layer) for state in ("base", "adapted")]
        assert item.change == own[1] - own[0]
        assert len(set(item.changes)) > 1 or item.layer == "0"


def test_floor_mean_and_quantile_of_a_layer():
    item = PlaceboLayer(layer="1", change=0.05, changes=[-0.1, 0.0, 0.05, 0.02])
    assert item.mean == pytest.approx(-0.0075)
    assert item.floor == pytest.approx(
        0.05 + 0.85 * 0.05
    )  # between the two largest sizes, at 95 % of the way from the first
    assert item.quantile == 0.875  # above three of four, beside the fourth


def test_the_model_is_as_it_was_after_placebos_and_twin(base, shipped):
    lm = TLIModel(str(base), str(shipped), placebo=2, skip_gate=True)
    protocols = get_protocols("words")
    asked = [SimpleNamespace(args=("maji", "water", protocols, "swh_Latn-eng_Latn"))]
    with lm.vectors.unchanged() as before:
        pass
    (first,) = lm.hidden_states(asked)
    held = lm.vectors.cache._held()
    words = [(("maji",), _framing(lm, protocols, side)) for side in ("swh_Latn", "eng_Latn")]
    drawn = list(first.placebos.states(words, protocols[0].pooling, depths=[0, 3], seed=0))
    assert [[tuple(side.shape) for side in both] for both in drawn] == [[(2, 1, 32)] * 2] * 2
    assert lm.vectors.cache._held() == held  # a placebo's states are nobody's to find
    with lm.vectors.unchanged() as after:
        assert after == before


def _framing(lm, protocols, language):
    from tli_bench.vectors.answer import inputs_of

    return inputs_of(protocols, language, causal=lm.vectors.causal)[protocols[0].name].framing


def test_a_copy_of_an_answer_has_no_model_to_ask(base, shipped):
    lm = TLIModel(str(base), str(shipped), placebo=2, skip_gate=True)
    asked = [SimpleNamespace(args=("maji", "water", get_protocols("words"), "swh_Latn-eng_Latn"))]
    (answer,) = lm.hidden_states(asked)
    assert isinstance(answer.placebos, Placebos)
    assert pickle.loads(pickle.dumps(answer)).placebos is None
    running = [SimpleNamespace(args=("maji", "water", get_protocols("words"), "swh_Latn-eng_Latn", True))]
    assert lm.hidden_states(running)[0].states == ("base", "adapted")  # a twin is for words


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"path": "elsewhere", "sha256": "a" * 64}, "names, elsewhere, is not there: it is not scored"),
        ({"path": "twin", "sha256": "a" * 64}, "but the card of mine names aaaaaaaaaaaa: it is not scored"),
        ({"path": "../twin", "sha256": "a" * 64}, "in a way that cannot be read"),
        ({"path": "/etc", "sha256": "a" * 64}, "in a way that cannot be read"),
        ("twin", "in a way that cannot be read"),
    ],
)
def test_a_twin_that_is_not_what_the_card_says_is_not_scored_and_that_is_said(base, shipped, tmp_path, change, said):
    folder = shutil.copytree(shipped, tmp_path / "mine")
    (folder / "tli_card.json").write_text(json.dumps({"twin": change}))
    lm = TLIModel(str(base), str(folder), skip_gate=True)
    assert lm.identity.twin is None
    (note,) = lm.identity.notes
    assert said in note


def test_the_sentence_is_in_the_record(base, shipped, tmp_path):
    folder = shutil.copytree(shipped, tmp_path / "mine", ignore=shutil.ignore_patterns("twin"))
    record = record_of(base, folder)
    assert any("the twin that the card of mine names, twin, is not there" in line for line in record.unscored)
    assert "twin" not in record.curves["control"]


def test_a_twin_is_named_or_switched_off(base, shipped):
    bare = TLIModel(str(base), str(shipped), twin="none", skip_gate=True)
    assert (bare.identity.twin, bare.identity.notes) == (None, ())
    named = TLIModel(str(base), str(shipped / "twin"), twin=str(shipped), skip_gate=True)
    assert named.identity.twin == inspect_adapter(str(shipped)).sha256
    with pytest.raises(InputError, match="is the twin of an adapter; give the adapter with --adapter"):
        TLIModel(str(base), None, twin=str(shipped), skip_gate=True)


def test_an_adapter_of_another_kind_is_no_twin(base, shipped, tmp_path):
    other = save_adapter(
        base, tmp_path / "other", peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], lora_alpha=4)
    )
    with pytest.raises(AdapterError, match=r"is no twin of .*: lora_alpha is 4 there and 8 in the adapter"):
        TLIModel(str(base), str(shipped), twin=str(other), skip_gate=True)


def test_unless_they_are_asked_for_their_cost_decides():
    slow = SimpleNamespace(pace=1.0)
    source = Placebos(slow, None)
    assert source.decide(60).startswith(
        "no placebos: they would take about 1200 s a pair, which took 0 s without them; "
    )
    assert source.count == 0
    assert source.decide(60) == ""  # said once
    free = Placebos(SimpleNamespace(pace=1e-9), None)
    free.began -= 10
    assert free.decide(60) == ""
    assert free.count == 20
    assert Placebos(slow, 5).decide(60) == ""


@pytest.mark.slow
def test_a_run_with_another_number_of_placebos_takes_the_old_records_place(base, shipped, tmp_path):
    for count in (0, 2, 2):
        tli_bench.score(
            str(base), str(shipped), pairs=PAIR, limit=30, skip_gate=True, placebo=count, output=tmp_path, twin="none"
        )
        (path,) = tmp_path.rglob("tli_alignment*/*.json")
        assert json.loads(path.read_text())["signature"]["placebo"] == count
