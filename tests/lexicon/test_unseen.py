"""An adapter that was trained on control words is refused, by whatever road it comes."""

import json

import pytest

from tli_bench.base.errors import AdapterError
from tli_bench.lexicon import load_lexicon
from tli_bench.lexicon.pairs import Split
from tli_bench.lexicon.unseen import require_unseen, seen_control, trained_concepts

CORE = load_lexicon(pair="swh-eng")
TRAIN, CONTROL = (frozenset(p.concept for p in CORE.of(split)) for split in (Split.TRAIN, Split.CONTROL))


def test_the_train_split_is_fine_and_one_control_word_is_not():
    require_unseen(CORE, TRAIN, adapter="a")
    one = sorted(CONTROL)[0]
    with pytest.raises(AdapterError, match=f"trained on 1 of the {len(CONTROL)} control words of core .first: {one}"):
        require_unseen(CORE, TRAIN | {one}, adapter="a")


def test_another_list_is_compared_by_its_words(tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text(
        "concept\tswh_Latn\teng_Latn\tsplit\n1\tmaji\twater\tcontrol\n2\tmoto\tfire\ttrain\n3\tnyota\tstar\tdev\n",
        encoding="utf-8",
    )
    mine = load_lexicon(path, pair="swh-eng")
    assert seen_control(mine, frozenset({"water", "fire"})) == ["1"]
    assert seen_control(mine, frozenset({"fire"})) == []


@pytest.mark.parametrize("card", [None, {}, {"trained_concepts": "water"}, {"trained_concepts": None}])
def test_a_card_without_a_list_says_nothing(card):
    assert trained_concepts(card) == frozenset()


def test_a_run_refuses_it_and_names_it_when_told_to_go_on(tmp_path, capsys):
    import shutil

    from tli_bench.base.paths import data_dir
    from tli_bench.cli import main

    adapter = tmp_path / "cheat"
    shutil.copytree(data_dir("adapters") / "tiny-swh-eng-tli", adapter)
    card = json.loads((adapter / "tli_card.json").read_text())
    card["trained_concepts"] += sorted(CONTROL)[:2]
    (adapter / "tli_card.json").write_text(json.dumps(card))
    arguments = [
        "run",
        "--adapter",
        str(adapter),
        "--pairs",
        "swh-eng",
        "--limit",
        "120",
        "--output",
        str(tmp_path / "runs"),
    ]
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "trained on 2 of the" in capsys.readouterr().err
    assert not list(tmp_path.rglob("results_*.json"))
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--allow-leakage"])
    assert stop.value.code == 0
    record = json.loads(next((tmp_path / "runs").rglob("tli_alignment*/*.json")).read_text())
    assert record["signature"]["leaking"] is True
