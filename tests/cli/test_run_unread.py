"""One file that is missing or cannot be read does not stop the other tasks of a run; each is named once and the exit code says so."""

from tests.command import tli_bench
from tli_bench.base.paths import data_dir

SAMPLE = data_dir("tasks") / "bitext" / "sample"
PAIRS = ("swh_Latn-eng_Latn", "tur_Latn-eng_Latn", "swh_Latn-tur_Latn", "kaz_Cyrl-eng_Latn")


def folder(tmp_path):
    """Sentences in the project's own layout; no Turkish, and Kazakh in another encoding."""
    for code in ("swh_Latn", "eng_Latn"):
        text = "\n".join((SAMPLE / f"{code}.txt").read_text(encoding="utf-8").splitlines()[:6])
        (tmp_path / f"{code}.txt").write_text(text + "\n", encoding="utf-8")
    (tmp_path / "kaz_Cyrl.txt").write_bytes("Жаңбыр\n".encode("utf-16"))
    return tmp_path


def run(tmp_path, *tasks, code):
    names = ",".join(f"tli_bitext_ntrex_{pair}" for pair in tasks)
    data, output = folder(tmp_path), tmp_path / "runs"
    return tli_bench(
        "run",
        "--model",
        "tiny",
        "--adapter",
        "none",
        "--tasks",
        names,
        "--data-dir",
        data,
        "--output",
        output,
        code=code,
    ), output


def test_the_other_pairs_are_run_and_the_exit_code_says_that_some_were_not(tmp_path):
    said, output = run(tmp_path, *PAIRS, code=2)
    lines = [line for line in said.splitlines() if line.startswith("not run: ")]
    assert len(lines) == 2  # one for each reason
    assert lines[0].startswith(
        "not run: tli_bitext_ntrex_tur_Latn-eng_Latn, tli_bitext_ntrex_swh_Latn-tur_Latn: data folder"
    )
    assert "does not hold any of newstest2019-ref.tur.txt, tur_Latn.txt" in lines[0]
    assert "kaz_Cyrl.txt: not UTF-8 at byte 0" in lines[1]
    assert "error: 3 of 4 tasks were not run: their documents cannot be read" in said
    for pair in PAIRS[1:]:
        assert said.count(f"tli_bitext_ntrex_{pair}") == 1
    assert [path.name for path in (output / "downstream").iterdir()] == ["tli_bitext_ntrex_swh_Latn-eng_Latn"]


def test_where_nothing_can_be_read_nothing_is_run(tmp_path):
    said, output = run(tmp_path, *PAIRS[1:3], code=2)
    assert "does not hold any of newstest2019-ref.tur.txt" in said
    assert "not run" not in said
    assert not output.exists()
