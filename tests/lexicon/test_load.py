import gc
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tli_bench.base.errors import InputError, LexiconError, UnknownNameError
from tli_bench.lexicon import Lexicon, check, load_lexicon
from tli_bench.lexicon.pairs import SHOWN, Split


def written(tmp_path: Path, text: str, name: str = "words.tsv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_identical_pairs_are_merged_and_several_targets_are_variants(tmp_path: Path) -> None:
    read = load_lexicon(written(tmp_path, "Nyumba\thouse\nnyumba\tHouse\nnyumba\thome\n"), pair="swh-eng")
    [pair] = read.pairs
    assert pair.sources == ("Nyumba",)
    assert pair.targets == ("house", "home")
    assert pair.concept == "nyumba"


def test_a_list_without_splits_gets_all_three_without_leaks(tmp_path: Path) -> None:
    letters = "abcdefghij"
    text = "".join(f"{a}{b}\t{b}{a}z\n" for a in letters for b in letters)
    read = load_lexicon(written(tmp_path, text), pair="swh-eng")
    sizes = {split: len(read.of(split)) for split in SHOWN}
    assert sizes == {Split.TRAIN: 70, Split.DEV: 10, Split.CONTROL: 20}


def test_partly_filled_splits_are_kept_and_the_rest_assigned(tmp_path: Path) -> None:
    text = "swahili\tenglish\tsplit\nmaji\twater\tcontrol\nmajimaji\twaters\t\nmbwa\tdog\t\n"
    read = load_lexicon(written(tmp_path, text), pair="swh-eng")
    assert read.pairs[0].split == Split.CONTROL
    assert read.pairs[1].split == Split.CONTROL  # `waters` is the plural of a control word


def test_one_source_word_in_two_splits_is_refused(tmp_path: Path) -> None:
    text = "swahili\tenglish\tsplit\nnyumba\thouse\ttrain\nnyumba\thome\tcontrol\n"
    with pytest.raises(LexiconError, match=r"words\.tsv:3: 'nyumba' is in two splits: control, train"):
        load_lexicon(written(tmp_path, text), pair="swh-eng")


def hashed(tmp_path: Path, rows: list[str]) -> str:
    header = "concept\tswahili\tenglish\tsplit\n"
    return load_lexicon(written(tmp_path, header + "".join(rows)), pair="swh-eng").content_hash


def test_the_hash_ignores_the_order_of_rows_and_sees_everything_else(tmp_path: Path) -> None:
    rows = ["a\tmaji\twater\ttrain\n", "b\tmbwa\tdog|hound\tcontrol\n"]
    original = hashed(tmp_path, rows)
    assert hashed(tmp_path, rows[::-1]) == original
    for old, new in (("maji", "moto"), ("dog|hound", "hound|dog"), ("control", "dev"), ("b\t", "c\t")):
        assert hashed(tmp_path, [row.replace(old, new) for row in rows]) != original


def test_gold_accepts_variants_homographs_and_the_diagonal(tmp_path: Path) -> None:
    text = "concept\tswahili\tenglish\nmouth\tmdomo\tmouth\nlip\tmdomo\tlip\n"
    text += "house\tnyumba\thouse|home\nhome\tmakazi\thome\n"
    read = load_lexicon(written(tmp_path, text), pair="swh-eng")
    expected = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]], dtype=bool)
    assert np.array_equal(read.gold(read.pairs), expected)


def test_gold_of_a_subset_knows_translations_of_the_whole_lexicon(tmp_path: Path) -> None:
    text = "concept\tswahili\tenglish\nmouth\tmdomo\tmouth\nlip\tmdomo\tlip\nbrim\tukingo\tlip\n"
    read = load_lexicon(written(tmp_path, text), pair="swh-eng")
    mouth, _, brim = read.pairs
    assert np.array_equal(read.gold([mouth, brim]), [[True, True], [False, True]])


def test_words_and_pair_of_the_core() -> None:
    core = load_lexicon("core", pair="swahili-english")
    assert core.pair == "swh_Latn-eng_Latn"
    assert core.source_words[0] == "kichwa"
    assert core.target_words[0] == "head"
    assert sum(len(core.of(split)) for split in Split) == len(core.pairs)
    assert core.pairs[0].pos == "noun"
    assert core.pairs[0].field == "body"


def test_what_cannot_be_found_says_what_was_tried(tmp_path: Path) -> None:
    with pytest.raises(
        LexiconError, match=r"no lexicon 'cor': it is not 'core', there is no file .* not the id of a Hub data set"
    ):
        load_lexicon("cor")
    with pytest.raises(LexiconError, match=r"neither a CLDF data set .* nor PanLex lists"):
        load_lexicon(tmp_path)
    with pytest.raises(LexiconError, match="its own control split; leave `control` out"):
        load_lexicon("core", control="control.json")
    with pytest.raises(InputError, match="'swahili' is not a pair"):
        load_lexicon("core", pair="swahili")
    with pytest.raises(UnknownNameError, match="unknown language 'swx'"):
        load_lexicon("core", pair="swx-eng")


def test_a_data_set_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    with pytest.raises(
        LexiconError, match=r"cannot load the data set 'tli-bench/no-such' \(revision v1\).*check the id"
    ):
        load_lexicon("tli-bench/no-such", revision="v1")


def test_the_import_loads_no_heavy_package() -> None:
    heavy = "{'torch', 'transformers', 'datasets', 'pycldf', 'pyarrow', 'lm_eval'}"
    code = (
        f"import sys, tli_bench.lexicon as lexicon; lexicon.load_lexicon(); print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_lexicon_is_frozen() -> None:
    lexicon: Lexicon = load_lexicon()
    with pytest.raises(AttributeError):
        lexicon.seed = 3  # type: ignore[misc]


def test_a_long_list_is_read_and_checked_in_time_that_grows_with_its_length(tmp_path: Path) -> None:
    # The budgets, 100,000 pairs in 10 s and 1,000,000 in 2 min and 1.5 GiB, are those of benchmarks/lexicon.py.
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    rng = random.Random(0)
    rows = (f"{''.join(rng.choices(syllables, k=4))}\t{''.join(rng.choices(syllables, k=4))}\n" for _ in range(20_000))
    path = written(tmp_path, "".join(rows))
    started = time.process_time()
    report = check(load_lexicon(path, pair="swh-eng"))
    assert report.n > 19_000
    assert not report.failed
    assert time.process_time() - started < 6


def test_the_search_for_cycles_goes_on_after_a_list_was_read(tmp_path: Path) -> None:
    load_lexicon(written(tmp_path, "maji\twater\n"), pair="swh-eng")
    assert gc.isenabled()
    with pytest.raises(LexiconError):
        load_lexicon(tmp_path / "none.tsv", pair="swh-eng")
    assert gc.isenabled()
