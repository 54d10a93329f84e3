"""Agreement of the lexicon with a dictionary of one's own."""

from tests.lexicon.test_core import ROWS
from tli_bench.languages import language_of
from tli_bench.lexicon import load_core, load_lexicon
from tools.agreement import agreement, main

FORMS = {row["concept"]: row["swh_Latn"].split("|") for row in ROWS}


def dictionary(path, rows):
    path.write_text("swahili\tenglish\n" + "".join(f"{ours}\t{english}\n" for ours, english in rows), encoding="utf-8")
    return path


def test_preferred_forms_any_form_and_the_rest_are_told_apart(tmp_path):
    assert len(FORMS["aeroplane"]) > 1
    path = dictionary(
        tmp_path / "swh-eng.tsv",
        [
            (FORMS["head"][0].upper(), "head"),
            (FORMS["read"][0].removeprefix("ku"), "to read"),  # another citation form
            (FORMS["aeroplane"][1], "aeroplane"),
            ("mdudu", "tooth"),
            ("neno", "quark"),  # not ours
        ],
    )
    found = agreement(load_core(), load_lexicon(path, pair="swh-eng"), hub=language_of("eng_Latn"))
    assert (found.shared, found.preferred, found.broad) == (4, 2, 3)
    assert [(concept, theirs) for concept, _, theirs in found.apart] == [("tooth", "mdudu")]
    assert str(found) == "4 concepts in common; preferred form 0.500, any form 0.750"


def test_either_direction_and_several_dictionaries(tmp_path, capsys):
    one = dictionary(tmp_path / "one.tsv", [(FORMS["head"][0], "head")])
    other = tmp_path / "other.tsv"
    other.write_text("english\tswahili\nhead\tmguu\nzyzzyva\tneno\n", encoding="utf-8")
    main([str(one), "--pair", "swh-eng"])
    main([str(other), "--pair", "eng-swh", "--list"])
    first, second, listed = capsys.readouterr().out.splitlines()
    assert first == "one.tsv: 1 concepts in common; preferred form 1.000, any form 1.000"
    assert second == "other.tsv: 1 concepts in common; preferred form 0.000, any form 0.000"
    assert listed.split("\t") == ["  head", "|".join(FORMS["head"]), "mguu"]


def test_nothing_in_common_is_said(tmp_path, capsys):
    main([str(dictionary(tmp_path / "far.tsv", [("neno", "zyzzyva")])), "--pair", "swh-eng"])
    assert capsys.readouterr().out == "far.tsv: no concept in common\n"
