"""The official files themselves, where `TLI_OFFICIAL` names a folder of them: what is read has the published sizes.

The folder holds sub-folders with the files of github.com/google-deepmind/xquad (`xquad`), google-research-datasets/lareqa (`xquad-r`),
MicrosoftTranslator/NTREX (`ntrex`) and FLORES-200's devtest (`flores`). Languages that are not there are left out.
"""

import os
from pathlib import Path

import pytest

from tli_bench.downstream.folders import file_names
from tli_bench.downstream.readers import read_squad
from tli_bench.downstream.registry import find_spec
from tli_bench.downstream.sentences import sentences
from tli_bench.languages.registry import registry

OFFICIAL = Path(os.environ.get("TLI_OFFICIAL", ""))
pytestmark = pytest.mark.skipif(
    not os.environ.get("TLI_OFFICIAL"), reason="TLI_OFFICIAL names no folder of official files (docs/downstream.md)"
)

# Candidates of XQuAD-R, from the table of LAReQA's README.
CANDIDATES = {
    "ar": 1222, "de": 1276, "el": 1234, "en": 1180, "es": 1215, "hi": 1244, "ru": 1219, "th": 852, "tr": 1167, "vi": 1209, "zh": 1196,
}  # fmt: skip
# Sentences of XQuAD by our own splitter, where they were counted.
OURS = {"en": 1174, "tr": 1191}
LINES = {"flores": 1012, "ntrex": 1997}


def those_there(found, what):
    if not found:
        pytest.skip(f"{OFFICIAL} holds no {what}")
    return found


def codes(name):
    """Languages with a file of a set of parallel sentences."""
    here = [one.code for one in registry() if name in one.datasets]
    return those_there([code for code in here if (OFFICIAL / name / file_names(code, name)[0]).is_file()], name)


def isos(place, pattern):
    names = {one.datasets["xquad"]: one.code for one in registry() if "xquad" in one.datasets}
    return those_there(
        {iso: code for iso, code in names.items() if (OFFICIAL / place / pattern.format(iso)).is_file()}, place
    )


@pytest.mark.parametrize("name", sorted(LINES))
def test_parallel_sets_have_all_their_lines(name):
    found = codes(name)
    assert "eng_Latn" in found
    for code in found:
        options = {"source": code, "target": "eng_Latn", "hub": name, "data_dir": str(OFFICIAL)}
        docs = find_spec("bitext")("t", options).load().items
        assert len(docs) == LINES[name], code
        assert not [doc for doc in docs if doc["source"].startswith("\ufeff")]


def test_mexa_compares_the_first_hundred_sentences():
    options = {"source": "eng_Latn", "target": "eng_Latn", "hub": "flores", "data_dir": str(OFFICIAL)}
    assert codes("flores")
    assert len(find_spec("mexa")("t", options).load().items) == 100


def test_xquad_has_its_questions_and_passages():
    for iso, code in isos("xquad", "xquad.{}.json").items():
        found = find_spec("xquad")("t", {"language": code, "iso2": iso, "data_dir": str(OFFICIAL)}).questions().items
        contexts = {question.context for question in found}
        assert (len(found), len(contexts)) == (1190, 240), iso
        assert not [context for context in contexts if context.startswith("\ufeff")]
        for question in found:
            for text, start in zip(question.answers, question.starts, strict=True):
                assert question.context[start:].startswith(text)
        if iso in OURS:
            assert len({one.text for context in contexts for one in sentences(context)}) == OURS[iso]


def test_the_turkish_contexts_do_begin_with_a_byte_order_mark():
    """Or else the test above says nothing."""
    path = OFFICIAL / "xquad" / "xquad.tr.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    assert path.read_text(encoding="utf-8").count('"\\ufeff') + path.read_text(encoding="utf-8").count('"\ufeff') == 5


def test_lareqas_pools_are_those_of_its_table():
    there = isos("xquad-r", "{}.json")
    for iso, code in there.items():
        spec = find_spec("xquad_r")(
            "t", {"source": code, "source_iso2": iso, "target": code, "target_iso2": iso, "data_dir": str(OFFICIAL)}
        )
        assert len(spec.load().items) == 1190
        assert spec.facts() == {"splitter": "LAReQA sentence_breaks", "pool": {code: CANDIDATES[iso]}, "unanswered": 0}
    first = next(iter(there))
    whole = find_spec("xquad_r")(
        "t", {"source": there[first], "source_iso2": first, "target": "all", "data_dir": str(OFFICIAL)}
    )
    whole.load()
    assert whole.facts()["pool"] == {code: CANDIDATES[iso] for iso, code in there.items()}


def test_sentences_and_paragraphs_are_the_same_texts():
    for iso in isos("xquad-r", "{}.json"):
        path = OFFICIAL / "xquad" / f"xquad.{iso}.json"
        if path.is_file():
            found = [
                {question.context for question in read_squad(one)}
                for one in (path, OFFICIAL / "xquad-r" / f"{iso}.json")
            ]
            assert found[0] == found[1]
