"""CONTRIBUTING.md is true: its steps for words, pairs and protocols, walked in a copy of the tree."""

import pytest

from tests.walk import commands, copy_of_the_tree, touched, type_in

pytestmark = pytest.mark.slow  # commands of the page, in a copy of the tree
WORDS, PAIR, PROTOCOL = "Correct a word, or add one", "Add a language pair", "Add a protocol"


@pytest.fixture
def tree(tmp_path):
    return copy_of_the_tree(tmp_path)


def test_a_word_is_corrected_and_another_added(tree):
    table = tree / "tasks" / "lexicon" / "core.tsv"
    lines = table.read_text(encoding="utf-8").splitlines()
    row = next(i for i, line in enumerate(lines) if line.startswith("water\t"))
    assert "\tmaji\t" in lines[row]
    lines[row] = lines[row].replace("\tmaji\t", "\tmaji|maji safi\t")
    columns = lines[0].split("\t")
    new = {
        "concept": "kayak",
        "pos": "noun",
        "field": "travel",
        "eng_Latn": "kayak",
        "swh_Latn": "kayaki",
        "tur_Latn": "kayak",
    }
    table.write_text("\n".join([*lines, "\t".join(new.get(name, "") for name in columns)]) + "\n", encoding="utf-8")
    for line in commands(WORDS):
        printed = type_in(tree, line)
    assert "clean: no leakage, no wrong script" in printed
    after = table.read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[-1] for line in after[:-1]] == [line.split("\t")[-1] for line in lines]
    assert after[-1].split("\t")[-1] in ("train", "dev", "control")
    split = lines[row].split("\t")[-1]
    pairs = (tree / "tasks" / "lexicon" / "pairs" / "swh_Latn-eng_Latn" / f"{split}.tsv").read_text(encoding="utf-8")
    assert "\tmaji\twater\tmaji safi\t" in pairs
    by_hand = [name for name in touched(tree) if "pairs/" not in name]
    assert by_hand == ["tasks/lexicon/README.md", "tasks/lexicon/core.tsv", "tasks/lexicon/version.yaml"]


def test_a_pair_becomes_a_default(tree):
    pairs = tree / "tasks" / "pairs.yaml"
    pairs.write_text(pairs.read_text(encoding="utf-8").rstrip() + "\n  - kaz_Cyrl-uzn_Latn\n", encoding="utf-8")
    make, listed = commands(PAIR)
    type_in(tree, make)
    assert "kaz_Cyrl-uzn_Latn" in type_in(tree, listed).splitlines()
    written = touched(tree)
    for name in (
        "alignment/kaz_Cyrl-uzn_Latn.yaml",
        "lexicon/pairs/kaz_Cyrl-uzn_Latn/control.tsv",
        "groups/tli_turkic.yaml",
    ):
        assert f"tasks/{name}" in written
    assert not [name for name in written if not name.startswith(("tasks/", "docs/"))]


def test_a_protocol_of_ones_own_and_one_of_the_benchmark(tree):
    (tree / "bare.yaml").write_text("name: bare\nversion: 1\npooling: word-last\n", encoding="utf-8")
    own, listed, shipped = commands(PROTOCOL)
    assert "bare.v1+" in type_in(tree, own)
    source = tree / "tli_bench" / "vectors" / "protocols.py"
    text = source.read_text(encoding="utf-8")
    anchor = '        Protocol("words-last.v1", 1,'
    assert text.count(anchor) == 1
    row = '        Protocol("first-token", 1, Pooling.ALL_MEAN, "a trial"),\n'
    source.write_text(text.replace(anchor, row + anchor), encoding="utf-8")
    assert "first-token.v1" in type_in(tree, listed)
    assert "first-token.v1" in type_in(tree, shipped)
    assert [name for name in touched(tree) if name != "bare.yaml"] == ["tli_bench/vectors/protocols.py"]
