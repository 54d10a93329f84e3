"""One folder holds several sets, each in a sub-folder with its name, and every loader finds its own."""

import shutil

import pytest

from tests.downstream.test_afriqa_mlqa import AFRIQA, mlqa
from tests.downstream.test_afriqa_mlqa import write as write_afriqa
from tests.downstream.test_exams import TATAR, tumlu, uzlib
from tests.downstream.test_lareqa import write as write_lareqa
from tests.downstream.test_mewslix import ARTICLES, CANDIDATES
from tests.downstream.test_mewslix import write as write_mewslix
from tli_bench.base.paths import data_dir
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.registry import find_spec

OWN = data_dir("tasks")
TR, EN = {"language": "tur_Latn"}, "eng_Latn"
ASKED = {
    "xquad": ("xquad", {**TR, "iso2": "tr"}, 7),
    "tydiqa": ("tydiqa", {"language": "swh_Latn", "prefix": "swahili-"}, 4),
    "xlsum": ("xlsum", {**TR, "xlsum": "turkish"}, 3),
    "wikiann": ("wikiann", {**TR, "called": "tr", "english": "en"}, None),
    "udpos": ("udpos", {**TR, "called": "tr_boun", "english": "en_ewt"}, None),
    "mlqa": ("mlqa", {"language": "deu_Latn", "iso2": "de"}, 1),
    "afriqa": ("afriqa", {"language": EN, "called": "swa"}, 2),
    "xquad-r": ("xquad_r", {"source": "tur_Latn", "source_iso2": "tr", "target": EN, "target_iso2": "en"}, 3),
    "flores": ("bitext", {"source": "swh_Latn", "target": EN, "hub": "flores"}, 2),
    "NTREX-128": ("bitext", {"source": "azj_Latn", "target": EN, "hub": "ntrex"}, 2),
    "sib200": ("sib200", {"language": "tuk_Latn", "called": "tuk_Latn"}, 1),
    "TUMLU-mini": ("exams", {"exam": "tumlu", "language": "tat_Cyrl", "called": "tatar"}, 3),
    "uzlib": ("exams", {"exam": "uzlib", "language": "uzn_Latn", "called": "uz"}, 4),
    "mewsli-x": ("mewslix", {"source": "tur_Latn", "target": EN, "called": "tr"}, 3),
}


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    root = tmp_path_factory.mktemp("sets")
    fixtures = OWN / "xquad" / "fixtures"
    for name, files in (("xquad", "xquad.*"), ("tydiqa", "tydiqa-*")):
        (root / name).mkdir()
        for path in fixtures.glob(files):
            shutil.copy(path, root / name)
    for name in ("xlsum", "wikiann"):
        shutil.copytree(OWN / name / "fixtures", root / name)
    shutil.copytree(OWN / "udpos" / "fixtures", root / "udpos" / "UD_All")
    (root / "mlqa" / "test").mkdir(parents=True)
    mlqa(root / "mlqa" / "test", "de", "Der Zug hielt in Bonn.", "Wo hielt der Zug?", "in Bonn")
    (root / "afriqa").mkdir()
    write_afriqa(root / "afriqa" / "swa", AFRIQA)
    (root / "xquad-r").mkdir()
    write_lareqa(root / "xquad-r")
    names = {
        "flores": ("swh_Latn.devtest", "eng_Latn.devtest"),
        "NTREX-128": ("newstest2019-ref.aze-Latn.txt", "newstest2019-src.eng.txt"),
    }
    for name, files in names.items():
        (root / name).mkdir()
        for file in files:
            (root / name / file).write_text("one\ntwo\n", encoding="utf-8")
    (root / "sib200" / "tuk_Latn").mkdir(parents=True)
    (root / "sib200" / "tuk_Latn" / "test.tsv").write_text("index_id\tcategory\ttext\n0\tsports\tTopar.\n")
    tumlu(root / "TUMLU-mini", TATAR)
    uzlib(root / "uzlib")
    (root / "mewsli-x").mkdir()
    write_mewslix(root / "mewsli-x", ARTICLES, CANDIDATES)
    return root


@pytest.mark.parametrize("name", ASKED)
def test_each_set_is_found_under_its_name(sets, name):
    spec, options, count = ASKED[name]
    found = find_spec(spec)("t", {**options, "data_dir": str(sets)}).load()
    assert found.source.startswith(str(sets))
    assert found.items
    assert count in (None, len(found.items))


def test_what_is_in_neither_place_names_both(sets):
    with pytest.raises(
        DataError, match=r"does not hold any of xquad.hi.json, nor does its sub-folder xquad; give a folder"
    ):
        find_spec("xquad")("t", {"language": "hin_Deva", "iso2": "hi", "data_dir": str(sets)}).load()
