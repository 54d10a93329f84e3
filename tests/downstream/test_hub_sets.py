"""Data sets on a Hub on 127.0.0.1, in the layouts of FLORES+, NTREX, Tatoeba, TyDiQA and XL-Sum, read as a user's process does.

The Hub's address and cache are read at import, so the reading happens in processes of its own. `repositories` says of each set where
its layout was read.
"""

import gzip
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.forked import python
from tests.hub import LoopbackHub
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.parallel import ParallelSet, parallel_sets, read_parallel
from tli_bench.downstream.revisions import pins

ROOT = Path(__file__).resolve().parent.parent.parent
COMMIT = "c0ffee" + "0" * 34
"""What the sets below are at that are not pinned; those that are serve their pinned commit and no other."""
SENTENCES = {
    "swh_Latn": ["Mvua inanyesha.", "Paka amelala."],
    "tur_Latn": ["Yağmur yağıyor.", "Kedi uyuyor."],
    "eng_Latn": ["It is raining.", "The cat is asleep."],
}
SERIES = """
import json, sys
from tli_bench.base.errors import TLIError
from tli_bench.downstream.registry import find_spec
for kind, metadata in json.loads(sys.argv[1]):
    try:
        found = find_spec(kind)("t", metadata).load()
        print(json.dumps({"docs": found.items, "source": found.source}))
    except TLIError as err:
        print(json.dumps({"error": str(err)}))
"""


def parquet(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def lines(path, **columns):
    """A file of JSON lines, compressed where its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    data = "\n".join(json.dumps(row) for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def card(folder, configs):
    """README.md of a data set whose configurations are (name, split, path)."""
    lines = [f"- config_name: {n}\n  data_files:\n  - split: {s}\n    path: {p}\n" for n, s, p in configs]
    (folder / "README.md").write_text("---\nconfigs:\n" + "".join(lines) + "---\n", encoding="utf-8")


@pytest.fixture(scope="module")
def repositories(tmp_path_factory):
    root = tmp_path_factory.mktemp("hub")
    flores, ntrex, tatoeba, xlsum, tydiqa = (root / n for n in ("flores", "ntrex", "tatoeba", "xlsum", "tydiqa"))
    # FLORES+: `<split>/<code>.jsonl` with `id` and `text`, as public loaders of the set read it; earlier commits had parquet.
    for code, texts in SENTENCES.items():
        lines(flores / "devtest" / f"{code}.jsonl", id=[1, 2], text=texts)
    lines(flores / "devtest" / "kaz_Cyrl.jsonl", id=[2, 1], text=["Мысық ұйықтап жатыр.", "Жаңбыр жауып тұр."])
    card(flores, [(code, "devtest", f"devtest/{code}.jsonl") for code in (*SENTENCES, "kaz_Cyrl")])
    # mteb/NTREX: `test.parquet` next to README.md, as the Hub's own listing of it shows; one column per language, as lighteval and
    # other public loaders read it; the columns' names are those of `_LANGUAGES` in mteb's NTREXBitextMining.
    columns = {"swa_Latn": "swh_Latn", "tur_Latn": "tur_Latn", "eng_Latn": "eng_Latn"}
    parquet(ntrex / "test.parquet", **{name: SENTENCES[code] for name, code in columns.items()})
    card(ntrex, [("default", "test", "test.parquet")])
    # mteb/tatoeba-bitext-mining: configurations `<other>-eng` of JSON lines with `sentence1` and `sentence2` (English), as mteb's
    # own tasks read them; what the files are called at the pinned commit was not seen.
    lines(
        tatoeba / "test" / "swh-eng.jsonl.gz",
        sentence1=SENTENCES["swh_Latn"], sentence2=SENTENCES["eng_Latn"], lang=["swh-eng"] * 2,
    )  # fmt: skip
    card(tatoeba, [("swh-eng", "test", "test/swh-eng.jsonl.gz")])
    # csebuetnlp/xlsum, refs/convert/parquet: `<config>/<split>/0000.parquet` since its commit fd9bb30 and no README.
    for config, title in (("kyrgyz", "Көпүрө"), ("turkish", "Köprü")):
        for split in ("train", "validation", "test"):
            parquet(
                xlsum / config / split / "0000.parquet",
                id=[split], url=["u"], title=[title], text=[f"{title} 1. {title} 2."], summary=[f"{title}."],
            )  # fmt: skip
    # google-research-datasets/tydiqa: file names as of its commit da78f23, columns as in copies of its card.
    parquet(
        tydiqa / "secondary_task" / "validation-00000-of-00001.parquet",
        id=["swahili-1", "finnish-1"],
        context=["Juma anaishi Mwanza.", "Juma asuu Mwanzassa."],
        question=["Juma anaishi wapi?", "Missä Juma asuu?"],
        answers=[{"text": ["Mwanza"], "answer_start": [13]}, {"text": ["Mwanzassa"], "answer_start": [10]}],
    )
    card(tydiqa, [("secondary_task", "validation", "secondary_task/validation-*")])
    return {
        "datasets/google-research-datasets/tydiqa": tydiqa,
        "datasets/openlanguagedata/flores_plus": flores,
        "datasets/mteb/NTREX": ntrex,
        "datasets/mteb/tatoeba-bitext-mining": tatoeba,
        "datasets/csebuetnlp/xlsum": xlsum,
    }


def read(home, asked, *, endpoint="http://127.0.0.1:9", offline=False):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "PYTEST"))}
    environment = kept | {
        "HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1" if offline else "0",
        "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    done = python("-c", SERIES, json.dumps(asked), env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def pinned_commits():
    """The commits of the sets that are pinned, by the names of their repositories."""
    return {f"datasets/{ident}": pin.commit for ident, pin in pins().items() if pin.commit}


def bitext(hub, source="swh_Latn", target="tur_Latn"):
    return ["bitext", {"source": source, "target": target, "hub": hub}]


ASKED = [
    bitext("flores"),
    bitext("ntrex"),
    bitext("tatoeba", target="eng_Latn"),
    ["xlsum", {"language": "kir_Cyrl", "xlsum": "kyrgyz", "data_dir": "hub"}],
    ["tydiqa", {"language": "swh_Latn", "prefix": "swahili-", "data_dir": "hub"}],
    bitext("flores", source="kaz_Cyrl"),
    bitext("ntrex", source="uig_Arab"),
    bitext("tatoeba"),
]


@pytest.fixture(scope="module")
def found(repositories, tmp_path_factory):
    """What was read online, then once more with the Hub switched off, and what the Hub was asked."""
    home = tmp_path_factory.mktemp("home")
    with LoopbackHub(repositories, commit=COMMIT, commits=pinned_commits()) as hub:
        online = read(home, ASKED, endpoint=hub.endpoint)
        asked = list(hub.seen)
    return (
        online,
        read(home, ASKED[:5], offline=True),
        asked,
        read(tmp_path_factory.mktemp("empty"), ASKED[:2], offline=True),
    )


def pairs(answer):
    return [(doc["source"], doc["target"]) for doc in answer["docs"]]


def test_every_layout_gives_the_same_pairs(found):
    flores, ntrex, tatoeba = found[0][:3]
    wanted = list(zip(SENTENCES["swh_Latn"], SENTENCES["tur_Latn"], strict=True))
    assert pairs(flores) == pairs(ntrex) == wanted
    assert pairs(tatoeba) == list(zip(SENTENCES["swh_Latn"], SENTENCES["eng_Latn"], strict=True))


def test_the_source_names_the_commit_and_whether_it_was_pinned(found):
    flores, ntrex, tatoeba, xlsum, tydiqa = (answer["source"] for answer in found[0][:5])
    kept = {ident: pin.commit for ident, pin in pins().items()}
    assert tatoeba == f"hf:mteb/tatoeba-bitext-mining/swh-eng/test@{kept['mteb/tatoeba-bitext-mining']}"
    assert flores.split(" + ")[1] == (
        f"hf:openlanguagedata/flores_plus/tur_Latn/devtest@{kept['openlanguagedata/flores_plus']}"
    )
    assert tydiqa == (
        f"hf:google-research-datasets/tydiqa/secondary_task/validation@{kept['google-research-datasets/tydiqa']}"
    )
    assert ntrex == f"hf:mteb/NTREX/default/test@{COMMIT} (unpinned: main)"
    assert xlsum == f"hf:csebuetnlp/xlsum/kyrgyz/test@{COMMIT} (unpinned: refs/convert/parquet)"


def test_a_pinned_set_is_never_asked_for_by_its_branch(found):
    asked = [path for _, path, _ in found[2]]
    for ident, pin in pins().items():
        mine = [path for path in asked if f"/{ident}/resolve/" in path]
        if mine and pin.commit:
            assert not [path for path in mine if "/resolve/main/" in path], ident
    assert [path for path in asked if "/mteb/NTREX/resolve/main/" in path or "/mteb/NTREX/resolve/c0ffee" in path]


def test_a_pinned_commit_that_the_hub_does_not_have_is_an_error(repositories, tmp_path):
    with LoopbackHub(repositories, commit=COMMIT) as hub:
        [answer] = read(tmp_path, ASKED[2:3], endpoint=hub.endpoint)
    pinned = pins()["mteb/tatoeba-bitext-mining"].commit
    assert f"hf:mteb/tatoeba-bitext-mining/swh-eng/test@{pinned} cannot be loaded" in answer["error"]
    assert "give a folder with data_dir" in answer["error"]


def test_the_parquet_branch_of_xlsum_is_read(found):
    """The branch is read without a README that would name its configurations: it has none."""
    (doc,) = found[0][3]["docs"]
    assert (doc["id"], doc["summary"]) == ("test", "Көпүрө.")
    asked = [(path, status) for _, path, status in found[2] if "/csebuetnlp/xlsum/" in path]
    assert ("/datasets/csebuetnlp/xlsum/resolve/refs%2Fconvert%2Fparquet/README.md", 404) in asked
    assert not [path for path, _ in asked if "turkish/" in path]


def test_questions_with_their_answers_in_columns_are_read(found):
    (doc,) = found[0][4]["docs"]
    assert (doc["id"], doc["question"], doc["answers"]) == ("swahili-1", "Juma anaishi wapi?", ["Mwanza"])


def test_no_script_is_ever_fetched(found):
    assert not [path for _, path, status in found[2] if path.endswith(".py") and status == 200]


def test_once_read_the_same_is_read_without_the_hub(found):
    assert found[1] == found[0][:5]


def test_what_is_not_there_says_what_is(found):
    rows, column, pair = (answer["error"] for answer in found[0][5:])
    assert "row 0: `id` is 2 in hf:openlanguagedata/flores_plus/kaz_Cyrl" in rows
    assert "the two are not parallel" in rows
    assert "no column `uig_Arab`; it has eng_Latn, swa_Latn, tur_Latn" in column
    assert pair == (
        "mteb/tatoeba-bitext-mining has no swh_Latn-tur_Latn; its pairs with English: "
        "azj_Latn, kaz_Cyrl, swh_Latn, tat_Cyrl, tuk_Latn, tur_Latn, uig_Arab, uzn_Latn"
    )


def test_without_hub_and_cache_nothing_stands_in_for_flores(found):
    for answer in found[3]:
        assert "is not in the local cache and the Hub is switched off" in answer["error"]
        assert "give a folder with data_dir" in answer["error"]


def test_a_set_that_is_not_described_is_named():
    with pytest.raises(Exception, match=r"unknown set of parallel sentences 'flore'; did you mean 'flores'\?"):
        read_parallel("flore", "swh_Latn", "tur_Latn")


def test_a_malformed_description_names_set_and_field(monkeypatch):
    import tli_bench.downstream.parallel as parallel

    monkeypatch.setattr(parallel, "data_file", lambda name: {"mine": {"id": "a/b"}})
    with pytest.raises(DataError, match=r"tasks/bitext/hub.yaml: `mine.config`: Field required"):
        parallel.parallel_sets()


def test_pairs_of_the_described_sets():
    sets = parallel_sets()
    assert sets["flores"].has("tat_Cyrl", "bak_Cyrl")
    assert sets["tatoeba"].has("eng_Latn", "uig_Arab")
    assert not sets["tatoeba"].has("tur_Latn", "azj_Latn")
    assert not sets["tatoeba"].has("kir_Cyrl", "eng_Latn")
    assert isinstance(sets["ntrex"], ParallelSet)
    assert sets["ntrex"].column_of("uzn_Latn") == "uzb_Latn"
