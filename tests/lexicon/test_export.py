import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tli_bench.base.errors import LexiconError, OutputError
from tli_bench.base.paths import data_dir
from tli_bench.languages import DEFAULT_PAIRS
from tli_bench.lexicon import Lexicon, export, load_core, load_lexicon, match_key
from tli_bench.lexicon.export import FORMATS
from tli_bench.lexicon.pairs import SHOWN, Split

FOLDER = data_dir("tasks") / "lexicon"
TOOL = Path(__file__).parents[2] / "tools" / "lexicon_release.py"


@pytest.mark.parametrize("pair", ["swh-eng", "uzn-tuk", "uig-kaz"])
@pytest.mark.parametrize(("format", "name"), [("tsv", "out.tsv"), ("json", "out.json")])
def test_tsv_and_json_come_back_the_same(tmp_path: Path, pair: str, format: str, name: str) -> None:
    lexicon = load_lexicon("core", pair=pair)
    export(lexicon, tmp_path / name, format=format)
    read = load_lexicon(tmp_path / name, pair=pair)
    assert read.pairs == lexicon.pairs
    assert read.content_hash == lexicon.content_hash


def test_muse_comes_back_with_every_pair_of_accepted_forms(tmp_path: Path) -> None:
    lexicon = load_lexicon("core", pair="swh-eng")
    export(lexicon, tmp_path / "out.txt", format="muse")
    read = load_lexicon(tmp_path / "out.txt", pair="swh-eng")
    assert _translations(read) == _translations(lexicon)


def _translations(lexicon: Lexicon) -> set[tuple[str, str]]:
    """Pairs of match keys: MUSE keeps no concepts, so `chungu` pot and `-chungu` bitter become one source."""
    source, target = lexicon.source_language, lexicon.target_language
    return {(match_key(s, source), match_key(t, target)) for p in lexicon.pairs for s in p.sources for t in p.targets}


def test_an_unknown_format_and_an_unwritable_place_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="unknown export format 'xlsx'; known: tsv, muse, json"):
        export(load_lexicon(), tmp_path / "x", format="xlsx")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        export(load_lexicon(), tmp_path / "file" / "x.tsv")


@pytest.mark.parametrize(
    ("format", "name"),
    [("muse", "x.muse"), ("muse", "x.tsv"), ("tsv", "x.txt"), ("tsv", "x.csv"), ("json", "x.jsonl"), ("tsv", "x")],
)
def test_an_ending_by_which_no_reader_of_the_format_is_found_is_refused(tmp_path: Path, format: str, name: str) -> None:
    with pytest.raises(
        LexiconError,
        match=rf"{name}: .* not of the format {format} \(tsv: \.tsv; muse: \.txt or \.dict; json: \.json\)",
    ):
        export(load_lexicon(), tmp_path / name, format=format)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("format", "ending"), [(name, ending) for name, found in FORMATS.items() for ending in found])
def test_every_ending_that_is_taken_is_read_again(tmp_path: Path, format: str, ending: str) -> None:
    lexicon = load_lexicon("core", pair="swh-eng")
    export(lexicon, tmp_path / f"OUT{ending.upper()}", format=format)
    assert _translations(load_lexicon(tmp_path / f"OUT{ending.upper()}", pair="swh-eng")) == _translations(lexicon)


def test_a_failed_export_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "out.tsv"
    export(load_lexicon(), target)
    before = target.read_bytes()
    with pytest.raises(LexiconError):
        export(load_lexicon(), target, format="xlsx")
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lexicon_release", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pairs_card_and_version_are_not_stale(tool: ModuleType) -> None:
    stale = [str(path) for path, text in tool.released(FOLDER).items() if path.read_bytes() != text.encode()]
    assert stale == [], "run tools/lexicon_release.py"
    assert {p.parent.name for p in (FOLDER / "pairs").rglob("*.tsv")} == set(DEFAULT_PAIRS)


def test_an_appended_concept_is_released_without_moving_another(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "lexicon"
    shutil.copytree(FOLDER, folder)
    before = load_core(folder)
    forms = [f"zzword{letter}" for letter in "abcdefghijk"]
    row = ["zz-new", "noun", "tools", "", *forms, ""]
    assert len(forms) == len(before.languages)
    with (folder / "core.tsv").open("a", encoding="utf-8") as handle:
        handle.write("\t".join(row) + "\n")
    monkeypatch.setattr(sys, "argv", ["lexicon_release.py", "--check", str(folder)])
    assert tool.main() == 1
    monkeypatch.setattr(sys, "argv", ["lexicon_release.py", str(folder)])
    assert tool.main() == 0
    after = load_core(folder)
    assert after.splits["zz-new"] in set(Split)
    assert {concept: after.splits[concept] for concept in before.splits} == before.splits
    assert after.content_hash != before.content_hash
    assert after.content_hash in (folder / "README.md").read_text("utf-8")


@pytest.mark.parametrize("pair", ["swh_Latn-eng_Latn", "tat_Cyrl-bak_Cyrl"])
def test_the_folder_is_a_data_set_offline(pair: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    lexicon = load_lexicon("core", pair=pair)
    for split in SHOWN:
        rows = datasets.load_dataset(str(FOLDER), pair, split=split.value, cache_dir=str(tmp_path))
        wanted = [(p.concept, p.source, p.target, "|".join(p.sources[1:])) for p in lexicon.of(split)]
        assert [(r["concept"], r["source"], r["target"], r["source_variants"]) for r in rows] == wanted


def test_the_data_set_reads_back_as_a_lexicon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path)
    read = load_lexicon(f"hf:{FOLDER}:swh_Latn-eng_Latn", pair="swh-eng")
    assert read.content_hash == load_lexicon("core", pair="swh-eng").content_hash
