"""Several language pairs trained together: what is right for what, what dev words say, and what the card states."""

import json
from dataclasses import replace
from statistics import fmean

import pytest
from typer.testing import CliRunner

from tests.support import make_signature
from tli_bench.base.errors import InputError
from tli_bench.cli import app
from tli_bench.cli.verbs import register
from tli_bench.languages import resolve_pair
from tli_bench.lexicon import Lexicon, load_lexicon
from tli_bench.lexicon.pairs import Split, WordPair
from tli_bench.lexicon.trained import trained_by, trained_on
from tli_bench.models.identity import AdapterRef
from tli_bench.records.trained import trained_here
from tli_bench.report.scopes import short_pair
from tli_bench.training import Recipe, train_adapter
from tli_bench.training.data import shuffled, split_data
from tli_bench.training.scoring import layer_curves, mean_figures
from tli_bench.training.words import TrainingWords

PAIRS = ("swh-eng", "tur-eng", "swh-tur")
register(app)
IDS = ("swh_Latn-eng_Latn", "tur_Latn-eng_Latn", "swh_Latn-tur_Latn")


def part(pair, rows):
    made = tuple(WordPair(concept, sources, targets, Split.TRAIN) for concept, sources, targets in rows)
    return Lexicon("part", "test", *resolve_pair(pair), made)


@pytest.fixture
def three():
    """Swahili-English, Turkish-English and Swahili-Turkish; two concepts share an English word."""
    return TrainingWords(
        (
            part("swh-eng", [("water", ("maji",), ("water",)), ("bank.river", ("ukingo",), ("bank", "shore"))]),
            part("tur-eng", [("water", ("su",), ("water",)), ("bank.money", ("banka",), ("bank",)), ("shore", ("kıyı",), ("shore",))]),
            part("swh-tur", [("water", ("maji",), ("su",)), ("shore", ("pwani",), ("kıyı",))]),
        )
    )  # fmt: skip


def few(pair, *, train=40, dev=60):
    """The core lexicons of the language pairs of `pair`, cut down to some words of each split."""
    counts = {Split.TRAIN: train, Split.DEV: dev, Split.CONTROL: 10}
    return TrainingWords(
        tuple(
            replace(one, pairs=tuple(word for split, count in counts.items() for word in one.of(split)[:count]))
            for one in TrainingWords.load("core", pair).lexicons
        )
    )


def test_a_target_is_right_for_its_concept_and_where_its_own_language_accepts_it(three):
    right = three.gold(Split.TRAIN).int().tolist()
    assert right == [
        [1, 0, 1, 0, 0, 1, 0],  # maji: water, water, su
        [0, 1, 0, 1, 1, 0, 0],  # ukingo: bank, bank, shore
        [1, 0, 1, 0, 0, 1, 0],  # su: as maji
        [0, 1, 0, 1, 0, 0, 0],  # banka: bank, bank
        [0, 0, 0, 0, 1, 0, 1],  # kıyı: shore, kıyı
        [1, 0, 1, 0, 0, 1, 0],  # maji: as above
        [0, 0, 0, 0, 1, 0, 1],  # pwani: shore, kıyı
    ]


def test_one_pair_is_what_its_lexicon_says():
    lexicon = load_lexicon("core", pair="swh-eng")
    words = TrainingWords((lexicon,))
    assert (words.pair, words.content_hash, words.trained) == (lexicon.pair, lexicon.content_hash, trained_on(lexicon))
    assert (words.gold(Split.DEV).numpy() == lexicon.gold(lexicon.of(Split.DEV))).all()


def test_shuffled_targets_stay_in_their_language_pair(loaded):
    words = TrainingWords.load("core", "swh-eng,swh-tur")
    data = split_data(words, Split.TRAIN, loaded.tokenizer, at_least=2)
    sizes = [len(one.of(Split.TRAIN)) for one in words.lexicons]
    mixed = shuffled(data, seed=0, sizes=sizes)
    assert not mixed.gold.diagonal().any()
    for rows in (slice(0, sizes[0]), slice(sizes[0], None)):
        before, after = (sorted(target.text for target in one.targets[rows]) for one in (data, mixed))
        assert before == after


@pytest.mark.parametrize("pair", ["swh-eng,swh-eng", "swh-eng,tur-eng,eng-swh"])
def test_a_pair_named_twice_is_refused(pair):
    with pytest.raises(InputError, match="names a pair twice"):
        TrainingWords.load("core", pair)


def test_the_card_states_all_that_was_trained(loaded, tmp_path):
    recipe = Recipe(batch_size=32, max_steps=2, eval_steps=1, framing="words")
    pair = ",".join(PAIRS[:2])
    words = few(pair)
    result = train_adapter(loaded, pair, recipe, tmp_path / "mine", lexicon=words)
    card = json.loads((tmp_path / "mine" / "tli_card.json").read_text("utf-8"))
    assert result.pair == card["pair"] == ",".join(IDS[:2])
    for lexicon in words.lexicons:
        assert trained_on(lexicon).forms <= trained_by(card).forms
        assert {p.concept for p in lexicon.of(Split.TRAIN)} <= set(card["trained_concepts"])
        assert not {p.concept for p in lexicon.of(Split.CONTROL)} & set(card["trained_concepts"])
    assert len(card["trained_concepts"]) == len(set(card["trained_concepts"]))
    readme = (tmp_path / "mine" / "README.md").read_text("utf-8")
    assert "- swh\n- eng\n- tur\n" in readme
    assert "swh_Latn-eng_Latn, tur_Latn-eng_Latn" in readme


def test_dev_figures_before_training_are_the_mean_of_those_of_each_pair(loaded, tmp_path):
    recipe = Recipe(batch_size=32, max_steps=1, eval_steps=1)
    seen = [
        train_adapter(loaded, pair, recipe, tmp_path / str(number), lexicon=few(pair)).dev_before
        for number, pair in enumerate(["swh-eng", "tur-eng", "swh-eng,tur-eng"])
    ]
    for name, value in seen[2].items():
        assert value == pytest.approx(fmean(one[name] for one in seen[:2]), abs=1e-12)


def test_the_layer_is_chosen_on_the_mean_curves_of_all_pairs(loaded, tmp_path):
    recipe = Recipe(batch_size=32, max_steps=1, layer="auto")
    words = few("swh-eng,tur-eng")
    result = train_adapter(loaded, "swh-eng,tur-eng", recipe, tmp_path / "mine", lexicon=words)
    curves = []
    for lexicon in words.lexicons:
        dev, train = (split_data(lexicon, s, loaded.tokenizer, at_least=2) for s in (Split.DEV, Split.TRAIN))
        curves.append(layer_curves(loaded.model, dev, train))
    mean = {layer: mean_figures([curve[layer] for curve in curves])["p1_of_50"] for layer in curves[0] if layer != "0"}
    assert mean[result.layers[0]] == pytest.approx(max(mean.values()), abs=1e-3)


@pytest.mark.parametrize(("pair", "here"), [("swh-eng", True), ("eng-tur", True), ("kaz-eng", False)])
def test_trained_words_are_those_of_each_of_its_pairs(pair, here):
    adapter = AdapterRef(name="both", sha256="0" * 64, trained_on=",".join(IDS[:2]))
    signed = make_signature(pair="-".join(language.code for language in resolve_pair(pair)), adapter=adapter)
    assert trained_here(signed) is here


def test_a_narrow_column_names_the_first_and_how_many_more():
    assert short_pair(",".join(IDS)) == "swh-eng + 2"
    assert short_pair(IDS[0]) == "swh-eng"


def test_the_command_line_trains_two_pairs_and_keeps_what_is_finished(llama_folder, tmp_path):
    cheap = ["--steps", "1", "--layer", "1", "--retention", "none", "--keep", "last"]
    arguments = ["train", "-m", str(llama_folder), "-p", "swh-eng,tur-eng", *cheap, "--twin"]
    done = CliRunner().invoke(app, [*arguments, "--output", str(tmp_path / "mine")])
    assert done.exit_code == 0, (done.output, done.exception)
    assert "swh_Latn-eng_Latn,tur_Latn-eng_Latn" in done.output
    weights = tmp_path / "mine" / "adapter_model.safetensors"
    first = weights.stat().st_mtime_ns
    again = CliRunner().invoke(app, [*arguments, "--output", str(tmp_path / "mine")])
    assert again.exit_code == 0, (again.output, again.exception)
    assert weights.stat().st_mtime_ns == first
