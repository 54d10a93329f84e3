"""`tli-bench lexicon` and `tli-bench run --lexicon` as a user meets them."""

import json

import pytest

from tli_bench.cli import main
from tli_bench.lexicon import load_lexicon

LEAKING = (
    "concept\tswh_Latn\teng_Latn\tsplit\n"
    + "".join(f"c{i}\tneno{i}\tword{i}\t{('train', 'train', 'control', 'dev')[i % 4]}\n" for i in range(60))
    + "x\tneno2\tother\ttrain\n"
)


def run(capsys, *arguments):
    """Exit code, standard output and standard error of one command."""
    code = 0
    try:
        main([str(a) for a in arguments])
    except SystemExit as stop:
        code = stop.code or 0
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_the_core_lexicon_is_clean(capsys):
    code, out, _ = run(capsys, "lexicon", "check")
    assert code == 0
    assert out.rstrip().endswith("clean: no leakage, no wrong script")


def test_a_planted_leak_fails_and_is_named(capsys, tmp_path):
    path = tmp_path / "leak.tsv"
    path.write_text(LEAKING, encoding="utf-8")
    code, out, _ = run(capsys, "lexicon", "check", path, "--pair", "swh-eng")
    assert code == 1
    assert "leak-form" in out
    assert "neno2" in out
    assert "FAILED" in out
    code, out, _ = run(capsys, "lexicon", "check", path, "--pair", "swh-eng", "--json")
    assert code == 1
    assert json.loads(out)["failed"] is True


def test_a_run_refuses_a_leaking_list_and_every_score_says_so_when_allowed(capsys, tmp_path, model_folder):
    path, out_dir = tmp_path / "leak.tsv", tmp_path / "runs"
    path.write_text(LEAKING, encoding="utf-8")
    arguments = (
        "run",
        "--model",
        model_folder(),
        "--lexicon",
        path,
        "--pairs",
        "swh-eng",
        "--skip-gate",
        "--output",
        out_dir,
    )
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert "leaks between train and control" in err
    assert "neno2" in err
    assert not list(tmp_path.rglob("*.json"))
    code, out, _ = run(capsys, *arguments, "--allow-leakage")
    assert code == 0
    assert "leaking" in out
    record = json.loads(next(out_dir.rglob("tli_alignment*/*.json")).read_text())
    assert record["signature"]["leaking"] is True


@pytest.mark.parametrize("format", ["tsv", "muse", "json"])
def test_an_export_is_read_back(capsys, tmp_path, format):
    path = tmp_path / f"pairs.{'txt' if format == 'muse' else format}"
    code, out, _ = run(capsys, "lexicon", "export", path, "--pair", "tur-azj", "--format", format)
    assert code == 0
    assert "pairs of tur_Latn-azj_Latn" in out
    ours, back = load_lexicon(pair="tur-azj"), load_lexicon(path, pair="tur-azj")
    assert {p.source for p in back.pairs} <= {form for p in ours.pairs for form in p.sources}
    assert len(back.pairs) > 700


def test_stats_show_coverage(capsys):
    code, out, _ = run(capsys, "lexicon", "stats", "--json")
    assert code == 0
    found = json.loads(out)
    shares = {row["code"]: row["share"] for row in found["languages"]}
    assert found["concepts"] >= 700
    assert min(shares.values()) >= 0.9
    assert run(capsys, "lexicon", "stats")[1].startswith(" ")


def test_a_broken_list_names_file_line_and_reason(capsys, tmp_path):
    path = tmp_path / "broken.tsv"
    path.write_text("maji\twater\nmoto\n", encoding="utf-8")
    code, _, err = run(capsys, "lexicon", "check", path, "--pair", "swh-eng")
    assert code == 2
    assert "broken.tsv:2" in err


def test_token_counts_under_a_tokenizer(capsys, model_folder):
    code, out, _ = run(capsys, "lexicon", "check", "--tokenizer", model_folder())
    assert code == 0
    assert "tokens per word, swh_Latn: mean" in out
