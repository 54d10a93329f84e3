"""Retrieval from hidden states: planted vectors give planted scores, and a real model runs base and adapter at once."""

import math

import pytest
import torch
from lm_eval import evaluate

from tests.conftest import make_model, make_tokenizer
from tests.downstream.conftest import Scripted
from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.folders import file_names
from tli_bench.downstream.specs.bitext import Bitext
from tli_bench.languages import LANGUAGES
from tli_bench.models.identity import MeasuredModel
from tli_bench.plugin.downstream_tasks import EmbeddedTask
from tli_bench.vectors.protocols import get_protocols
from tli_bench.vectors.responses import PairStates, ProtocolStates

IDENTITY = MeasuredModel("planted", "1", "float32", None, "bos", None)


class Planted(Scripted):
    """Embeds each text by `embed(text)`, one vector a layer `[layers, dim]`."""

    def __init__(self, embed):
        super().__init__(lambda doc: "")
        self.embed = embed

    def hidden_states(self, requests, **_):
        found = []
        for request in requests:
            both = torch.stack([self.embed(text) for text in request.args[:2]], dim=1)
            state = ProtocolStates({"base": both}, {}, {}, False, (1, 1))
            layers = tuple(str(i) for i in range(len(both)))
            found.append(
                PairStates(layers, {protocol.id: state for protocol in request.args[2]}, IDENTITY, repr(request.args))
            )
        return found


def one_hot(index, size=200):
    return torch.nn.functional.one_hot(torch.tensor(index), size).float()


def test_the_sample_has_every_language_and_no_twins():
    columns = {}
    for code in LANGUAGES:
        lines = (data_dir("tasks") / "bitext" / "sample" / f"{code}.txt").read_text(encoding="utf-8").splitlines()
        assert len(set(lines)) == len(lines)
        columns[code] = len(lines)
    assert set(columns.values()) == {102}


def test_bitext_finds_a_planted_layer(scores, manager):
    """Layer 1 holds the sentence's number, layer 0 nothing that tells sentences apart."""
    docs = manager.load(["tli_bitext_swh_Latn-eng_Latn"])["tasks"]["tli_bitext_swh_Latn-eng_Latn"].test_docs()
    number = {doc[side]: doc["position"] for doc in docs for side in ("source", "target")}
    found = scores(
        Planted(lambda text: torch.stack([torch.ones(200), one_hot(number[text])])), "tli_bitext_swh_Latn-eng_Latn"
    )
    assert [found[k] for k in ("best_layer", "p1", "mrr", "mexa", "queries")] == [1, 1, 1, 1, 102]
    assert [found["p1_L00"], found["p1_L01"]] == [0, 1]
    errors = ("xsim", "xsim_backward", "margin_error_forward", "margin_error_backward")
    assert [found[name] for name in errors] == [0, 0, 0, 0]


def test_one_sentence_cannot_be_scored(scores):
    found = scores(Planted(lambda text: torch.ones(1, 4)), "tli_bitext_tur_Latn-eng_Latn", limit=1)
    assert math.isnan(found["p1"])


@pytest.mark.parametrize("pair", ["eng_Latn-tur_Latn", "tur_Latn-eng_Latn", "tur_Latn-tur_Latn"])
@pytest.mark.parametrize("unit", ["sentence", "paragraph"])
def test_a_question_finds_what_answers_it(scores, manager, pair, unit):
    name = f"tli_xquad_r_{unit}_{pair}"
    docs = manager.load([name])["tasks"][name].test_docs()
    golds = sorted({doc["gold"][0] for doc in docs})
    pool = sorted({text for doc in docs for text in doc["candidates"]})
    assert len(pool) == (9 if unit == "sentence" else 3)
    vector = {text: one_hot(golds.index(text) if text in golds else 20 + i) for i, text in enumerate(pool)}
    vector |= {doc["question"]: one_hot(golds.index(doc["gold"][0])) for doc in docs}
    found = scores(Planted(lambda text: vector[text][None]), name)
    assert [found[k] for k in ("p1", "mrr", "map", "queries")] == [1, 1, 1, 7]
    assert found["pool_output"] == len(pool)
    flat = scores(Planted(lambda text: torch.ones(1, 4)), name)
    assert flat["p1_output"] == 0


# Read in github.com/MicrosoftTranslator/NTREX, folder NTREX-128, at c9f006f2c132c932b83ccd7aaa6a35930dd9c370.
NTREX = {
    "azj_Latn": "newstest2019-ref.aze-Latn.txt", "bak_Cyrl": "newstest2019-ref.bak.txt", "eng_Latn": "newstest2019-src.eng.txt",
    "kaz_Cyrl": "newstest2019-ref.kaz.txt", "kir_Cyrl": "newstest2019-ref.kir.txt", "swh_Latn": "newstest2019-ref.swa.txt",
    "tat_Cyrl": "newstest2019-ref.tat.txt", "tuk_Latn": "newstest2019-ref.tuk.txt", "tur_Latn": "newstest2019-ref.tur.txt",
    "uig_Arab": "newstest2019-ref.uig.txt", "uzn_Latn": "newstest2019-ref.uzb.txt",
}  # fmt: skip
# FLORES-200's own names in the folder devtest: the code and the split.
FLORES = {code: f"{code}.devtest" for code in LANGUAGES}
OWN = {code: f"{code}.txt" for code in LANGUAGES}


def test_the_names_of_ntrex_are_those_of_its_repository():
    assert NTREX.keys() == LANGUAGES.keys()
    for code, name in NTREX.items():
        assert file_names(code, "ntrex")[0] == name
        assert name in file_names(code)


@pytest.mark.parametrize(
    ("place", "names", "hub"),
    [
        ("", OWN, None), ("", FLORES, None), ("", NTREX, None), ("", FLORES, "flores"), ("flores", FLORES, "flores"),
        ("", NTREX, "ntrex"), ("ntrex", NTREX, "ntrex"), ("NTREX-128", NTREX, "ntrex"), ("", OWN, "ntrex"),
    ],
)  # fmt: skip
def test_flores_and_ntrex_layouts(tmp_path, place, names, hub):
    (tmp_path / place).mkdir(exist_ok=True)
    for code, lines in (("swh_Latn", "moja\nmbili\n"), ("tur_Latn", "\ufeffbir\n\ufeffiki\n")):
        (tmp_path / place / names[code]).write_text(lines, encoding="utf-8")
    task = EmbeddedTask({"task": "t", "metadata": meta(tmp_path, hub)})
    assert [(d["source"], d["target"]) for d in task.test_docs()] == [("moja", "bir"), ("mbili", "iki")]
    assert task.source == str(tmp_path)


@pytest.mark.parametrize("place", ["", "tatoeba"])
@pytest.mark.parametrize("source", ["swh_Latn", "eng_Latn"])
def test_tatoebas_files_name_the_pair(tmp_path, place, source):
    """As LASER's `data/tatoeba/v1` has them, and `tatoeba_preprocess` of github.com/google-research/xtreme reads them."""
    (tmp_path / place).mkdir(exist_ok=True)
    for end, lines in (("swh", "moja\nmbili\n"), ("eng", "one\ntwo\n")):
        (tmp_path / place / f"tatoeba.swh-eng.{end}").write_text(lines, encoding="utf-8")
    target = {"swh_Latn": "eng_Latn", "eng_Latn": "swh_Latn"}[source]
    said = meta(tmp_path, "tatoeba") | {"source": source, "target": target}
    docs = EmbeddedTask({"task": "t", "metadata": said}).test_docs()
    assert {(doc["source"], doc["target"]) for doc in docs} == (
        {("moja", "one"), ("mbili", "two")} if source == "swh_Latn" else {("one", "moja"), ("two", "mbili")}
    )
    with pytest.raises(DataError, match=r"any of tur_Latn.txt, nor|any of swh_Latn.txt, nor"):
        EmbeddedTask({"task": "t", "metadata": meta(tmp_path, "tatoeba")}).test_docs()


def test_one_set_is_not_read_for_another(tmp_path):
    for code in ("swh_Latn", "tur_Latn"):
        (tmp_path / FLORES[code]).write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"any of newstest2019-ref.swa.txt, swh_Latn.txt, nor does its sub-folder ntrex or"
    ):
        EmbeddedTask({"task": "t", "metadata": meta(tmp_path, "ntrex")}).test_docs()


def meta(folder, hub=None):
    found = {"spec": "bitext", "source": "swh_Latn", "target": "tur_Latn", "data_dir": str(folder)}
    return found if hub is None else {**found, "hub": hub}


def test_texts_longer_than_the_model_are_cut_and_counted(tmp_path):
    """The tiny Llama of these tests reads 64 tokens: two of six sentences are longer."""
    from tli_bench.plugin.lm import TLIModel

    folder = tmp_path / "model"
    make_model("llama").save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    lm = TLIModel(pretrained=str(folder), skip_gate=True, device="cpu")
    long = "maji moto nyumba kitabu " * 10
    (tmp_path / "swh_Latn.txt").write_text(f"maji\n{long}\nmoto\n", encoding="utf-8")
    (tmp_path / "tur_Latn.txt").write_text(f"su\n{long}kağıt\nateş\n", encoding="utf-8")
    task = EmbeddedTask({"task": "t", "metadata": meta(tmp_path)})
    found = evaluate(lm=lm, task_dict={"t": task}, bootstrap_iters=0, log_samples=False)
    assert found["results"]["t"]["truncated_texts,none"] == 2
    assert found["higher_is_better"]["t"]["truncated_texts"] is False
    assert 0 <= found["results"]["t"]["p1_output,none"] <= 1


def test_files_that_are_not_parallel_are_refused(tmp_path):
    task = EmbeddedTask({"task": "t", "metadata": meta(tmp_path)})
    with pytest.raises(DataError, match=r"does not hold any of swh_Latn.txt, swh_Latn.devtest"):
        task.test_docs()
    (tmp_path / "swh_Latn.txt").write_text("moja\nmbili\n", encoding="utf-8")
    (tmp_path / "tur_Latn.txt").write_text("bir\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"swh_Latn.txt has 2 lines and .*tur_Latn.txt has 1"):
        task.test_docs()
    with pytest.raises(DataError, match="does not exist"):
        EmbeddedTask({"task": "t", "metadata": meta(tmp_path / "no")}).test_docs()
    with pytest.raises(InputError, match=r"`metadata.source` is required"):
        Bitext("t", {}).need("source")
    assert "newstest2019-src.eng.txt" in file_names("eng")


def test_protocols_of_the_command_line_are_taken():
    task = EmbeddedTask({"task": "t", "metadata": {**meta("x"), "protocol": "mexa,words"}})
    assert task.protocols == get_protocols("mexa")
