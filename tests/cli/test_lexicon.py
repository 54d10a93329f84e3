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


def test_a_list_with_warnings_is_not_called_clean(capsys, tmp_path):
    path = tmp_path / "words.tsv"
    path.write_text("maji\twater&nbsp;\nmoto\tfire\njiwe\tstone\n", encoding="utf-8")
    code, out, _ = run(capsys, "lexicon", "check", path, "--pair", "swh-eng")
    assert code == 0
    assert out.rstrip().endswith("\nno leakage, no wrong script; 1 warning above")


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


def test_check_respects_the_pair(capsys, tmp_path):
    code, out, _ = run(capsys, "lexicon", "check", "core", "--pair", "kaz-kir", "--json")
    found = {finding["language"] for finding in json.loads(out)["findings"]}
    assert code == 0
    assert found <= {"", "kaz_Cyrl", "kir_Cyrl", "kaz_Cyrl-kir_Cyrl"}
    assert "kaz_Cyrl-kir_Cyrl" in found
    path = tmp_path / "en-tr.txt"
    path.write_text("water su\nfire ateş\nmoon ay\n", encoding="utf-8")
    code, out, _ = run(capsys, "lexicon", "check", path, "--json")
    assert code == 0
    assert json.loads(out)["n"] == 3
    code, _, err = run(capsys, "lexicon", "check", path, "--pair", "swh-eng")
    assert code == 2
    assert "this is a list of eng-tur, not of swh-eng" in err


@pytest.mark.parametrize("verb", ["run", "train", "check", "export"])
def test_every_verb_that_takes_a_list_takes_the_options_for_its_layout(capsys, tmp_path, verb):
    path = tmp_path / "words.tsv"
    rows = ["water\tmaji", "fire\tmoto", "moon\tmwezi", "sun\tjua"]
    path.write_text("".join(f"{i}\t{row}\tx\n" for i, row in enumerate(rows)), encoding="utf-8")
    arguments = {
        "run": ["run", "--lexicon", path, "--pairs", "swh-eng", "--output", tmp_path / "runs"],
        "train": ["train", "--lexicon", path, "--pair", "swh-eng", "--output", tmp_path / "adapter"],
        "check": ["lexicon", "check", path, "--pair", "swh-eng"],
        "export": ["lexicon", "export", tmp_path / "out.tsv", "--lexicon", path, "--pair", "swh-eng"],
    }[verb]
    code, _, err = run(capsys, *arguments, "--columns", "2,3")
    assert code == 2
    assert "swapped" in err
    assert "--swap" in err
    code, _, err = run(capsys, *arguments, "--columns", "2,3", "--swap", "--split-column", "4")
    assert code == 2
    assert "split 'x' is not one of" in err
    code, _, err = run(capsys, *arguments, "--columns", "2,3", "--header", "maybe")
    assert code == 2
    assert "unknown header 'maybe'; use one of yes, no" in err


def test_tiny_is_scored_bare_on_a_list_that_is_not_the_core_and_says_so(capsys, tmp_path):
    path = tmp_path / "words.tsv"
    core = load_lexicon(pair="swh-eng").pairs[:40]
    path.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in core), encoding="utf-8")
    arguments = [
        "run",
        "--pairs",
        "swh-eng",
        "--no-confirm",
        "--placebo",
        "0",
        "--limit",
        "12",
        "--output",
        tmp_path / "runs",
    ]
    code, out, _ = run(capsys, *arguments, "--lexicon", path)
    assert code == 0
    assert "no adapter" in out
    assert "tiny is scored bare: its own adapter was trained for the core lexicon" in out
    assert "--adapter default" in out
    record = json.loads(next((tmp_path / "runs").rglob("tli_alignment*/*.json")).read_text())
    assert record["signature"]["adapter"] is None
    code, out, _ = run(capsys, *arguments, "--lexicon", path, "--adapter", "default", "--allow-leakage")
    assert code == 0
    assert "scored bare" not in out
    assert "adapter tiny-swh-eng-tli" in out


def test_a_run_scores_the_pair_that_the_name_of_its_list_states(capsys, tmp_path):
    path = tmp_path / "en-tr.tsv"
    core = load_lexicon(pair="eng-tur").pairs[:40]
    path.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in core), encoding="utf-8")
    arguments = ["run", "--lexicon", path, "--no-confirm", "--limit", "12", "--output", tmp_path / "runs"]
    code, _, err = run(capsys, *arguments)
    assert code == 0, err
    assert [record.parent.name for record in (tmp_path / "runs").rglob("tli_alignment*/*.json")] == [
        "tli_alignment_eng_Latn-tur_Latn"
    ]
    assert "- eng_Latn-tur_Latn\n" in (tmp_path / "runs" / "run.yaml").read_text("utf-8")
