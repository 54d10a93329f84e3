"""The verbs that read records, through the command line itself."""

import json

import pytest
from typer.testing import CliRunner

from tests.command import require_light
from tests.report import cases
from tests.support import changed_columns, scored_record
from tli_bench.cli import app
from tli_bench.cli.verbs import register
from tli_bench.models.identity import AdapterRef
from tli_bench.records import RecordStore
from tli_bench.records.seal import json_digest
from tli_bench.report.render_md import render_markdown
from tli_bench.report.sweeps import write_sweep
from tli_bench.report.table import build, load_results
from tli_bench.stats.verdict import Verdict, VerdictKind

register(app)
ADAPTER = AdapterRef(name="tli", sha256="a" * 64, recipe="tli", rank=4, trainable_parameters=100)


@pytest.fixture
def runs(tmp_path):
    store = RecordStore(tmp_path / "runs")
    for pair in ("swh_Latn-eng_Latn", "tur_Latn-eng_Latn"):
        store.write(
            scored_record(pair=pair, adapter=ADAPTER, scores=(0.3, 0.5, 0.4) * 8, base_scores=(0.1, 0.2, 0.3) * 8)
        )
    return tmp_path / "runs"


def invoke(*arguments, code=0):
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=True)
    assert done.exit_code == code, (done.output, done.exception)
    return done


def test_ls_show_and_validate(runs):
    assert invoke("results", "ls", runs).stdout.count("P@1 of 50 +0.400") == 2
    lines = [json.loads(line) for line in invoke("results", "ls", runs, "--json").stdout.splitlines()]
    assert [line["pair"] for line in lines] == ["swh_Latn-eng_Latn", "tur_Latn-eng_Latn"]
    assert "lexicon_hash" in invoke("results", "show", runs).stdout
    assert "2 valid, 0 invalid" in invoke("results", "validate", runs).stdout


def test_validate_fails_on_a_lie_and_goes_on(runs):
    path = sorted(runs.rglob("*.json"))[0]
    data = json.loads(path.read_text())
    data["columns"]["control"]["base"]["1"]["cosine"][0] = 0.9
    del data["sha256"]
    path.write_text(json.dumps(data | {"sha256": json_digest(data)}))
    (runs / "broken.json").write_text("{")
    output = invoke("results", "validate", runs, code=1).stdout
    assert "1 valid, 2 invalid" in output
    assert "is given as" in output


def test_every_verb_refuses_a_record_in_which_a_digit_was_changed(runs, tmp_path):
    path = sorted(runs.rglob("*.json"))[0]
    text = path.read_text()
    path.write_text(text.replace("0.55,", "0.56,", 1))
    assert path.read_text() != text
    out = tmp_path / "out"
    for verb in (
        ("results", "ls", runs), ("results", "show", runs), ("compare", f"{runs}@base", runs), ("explain", runs),
        ("submit", runs, "--out", out.with_suffix(".zip")), ("plot", "curves", runs, "--out", out),
        ("results", "merge", runs, "--into", out),
    ):  # fmt: skip
        assert "was changed after it was written" in str(invoke(*verb, code=1).exception), verb
    assert not out.exists()
    assert not out.with_suffix(".zip").exists()
    output = invoke("results", "validate", runs, code=1).stdout
    assert f"invalid {path}: was changed after it was written" in output
    assert "1 valid, 1 invalid" in output


def test_what_show_prints_as_json_is_the_record(runs, tmp_path):
    (tmp_path / "copy.json").write_text(invoke("results", "show", sorted(runs.rglob("*.json"))[0], "--json").stdout)
    assert "1 valid, 0 invalid" in invoke("results", "validate", tmp_path / "copy.json").stdout


def test_a_measure_of_a_package_that_is_not_here_is_a_note(tmp_path):
    record = changed_columns(scored_record(), lambda columns: columns | {"probe": columns["p1"]})
    RecordStore(tmp_path).write(record)
    output = invoke("results", "validate", tmp_path).stdout
    assert "note: measures of a package that is not installed here, not computed again: probe" in output


def test_compare_in_three_formats(runs):
    assert "0.200" in invoke("compare", f"{runs}@base", runs).stdout
    table = invoke("compare", f"{runs}@base", runs, "--format", "markdown").stdout
    assert table.count("| tli_alignment_swh_Latn-eng_Latn |") == 1
    found = json.loads(invoke("compare", f"{runs}@base", "tli", "--results", runs, "--format", "json").stdout)
    assert found["rows"][0]["difference"] == pytest.approx(0.2)
    assert found["tests"] == 2
    assert [row["pairs"] for row in found["overall"]] == [2]


def test_compare_concludes_alike_in_every_format(runs):
    """0.2 is the mean of (0.2, 0.3, 0.1): B is ahead, of both pairs and over them."""
    sides = (f"{runs}@base", runs)
    (said,) = json.loads(invoke("compare", *sides, "--format", "json").stdout)["conclusions"]
    assert " is ahead of " in said
    assert "over 2 pairs of tli_alignment [words.v1]: P@1 of 50 0.200 and 0.400" in said
    assert invoke("compare", *sides).stdout.splitlines()[0] == said
    assert invoke("compare", *sides, "--plain").stdout.splitlines()[0] == f"# {said}"
    markdown = invoke("compare", *sides, "--format", "markdown").stdout.splitlines()[0]
    assert markdown.replace("\\", "") == said
    rows = json.loads(invoke("compare", *sides, "--format", "json").stdout)["rows"]
    assert [row["outcome"] for row in rows] == ["B is ahead"] * 2
    assert all(0 < row["permutation_p"] < 0.001 for row in rows)
    other = json.loads(invoke("compare", *sides, "--format", "json", "--quantity", "mexa").stdout)
    assert other["conclusions"] == other["headline"]["conclusions"]
    assert [row["outcome"] for row in other["rows"]] == [None, None]
    message = str(invoke("compare", *sides, "--plain", "--format", "json", code=1).exception)
    assert "--format json is not; leave one of them out" in message
    refused = str(invoke("compare", *sides, "--quantity", "cosine", code=1).exception)
    assert "cosine describes raw geometry" in refused


@pytest.mark.parametrize(
    ("verb", "columns"),
    [
        (
            ("compare", "{}@base", "{}"),
            ["side A", "quantity", "split", "against", "task", "task kind", "A", "B", "B - A"],
        ),
        (("explain", "{}"), ["records", "layer", "pair", "base P@1 of 50", "gain in P@1 of 50"]),
        (("results", "show", "{}"), ["task", "protocol", "layer", "layer role", "words", "P@1 of 50 base"]),
    ],
)
def test_plain_is_tab_separated(runs, verb, columns):
    lines = invoke(*(part.format(runs) for part in verb), "--plain").stdout.splitlines()
    head, row = [line for line in lines if not line.startswith("#")][:2]
    assert head.split("\t")[: len(columns)] == columns
    assert len(row.split("\t")) == len(head.split("\t"))
    assert "tab-separated" in " ".join(
        invoke(*verb[: 2 if verb[0] == "results" else 1], "--help").stdout.lower().split()
    )


def test_settings_are_not_drawn_by_raw_geometry(tmp_path):
    write_sweep(cases.sweep(), tmp_path / "ranks.json")
    refused = invoke("plot", "sweep", tmp_path / "ranks.json", "--measure", "gap", code=1).exception
    assert "gap describes raw geometry" in str(refused)
    assert "leave --measure out for P@1 of 50" in str(refused)


def test_submit_validate_merge(runs, tmp_path):
    packed = tmp_path / "s.zip"
    assert "2 records" in invoke("submit", runs, "--out", packed).stdout
    assert "2 valid" in invoke("results", "validate", packed).stdout
    assert "2 added" in invoke("results", "merge", packed, "--into", tmp_path / "in", "--compressed").stdout
    assert len(list((tmp_path / "in").rglob("*.json.gz"))) == 2


def test_leaderboard_writes_every_format(runs, tmp_path):
    printed = " ".join(invoke("leaderboard", runs, "--out", tmp_path / "lb").stdout.split())
    told = render_markdown(build(load_results(runs)[0])).splitlines()
    assert told[2].strip("*").replace("&#64;", "@").replace("\\", "") in printed
    names = sorted(path.name for path in (tmp_path / "lb").iterdir())
    assert names == [
        "index.html",
        "leaderboard.csv",
        "leaderboard.md",
        "leaderboard.tex",
        "reported.csv",
        "sweeps.csv",
        "trainings.csv",
    ]


def test_leaderboard_leaves_out_what_fails_and_says_so_on_standard_error(runs, tmp_path):
    path = sorted(runs.rglob("*.json"))[0]
    path.write_text(path.read_text().replace('"pair":', '"pairs":', 1))
    done = invoke("leaderboard", runs, "--out", tmp_path / "lb")
    assert f"left out: {path.relative_to(runs)}: was changed after it was written" in done.stderr
    assert "left out" not in done.stdout
    assert "1 board, 2 entries, " in done.stdout
    assert path.name in (tmp_path / "lb" / "leaderboard.md").read_text(encoding="utf-8").replace("\\", "")


def test_leaderboard_of_nothing_but_bad_files_is_an_error_with_the_next_step(runs, tmp_path):
    for path in runs.rglob("*.json"):
        path.write_text("{}")
    message = str(invoke("leaderboard", runs, "--out", tmp_path / "lb", code=1).exception)
    assert "holds nothing that can be ranked" in message
    assert f"`tli-bench results validate {runs}` says what is wrong with each file" in message
    assert not (tmp_path / "lb").exists()


def test_sweeps_are_found_beside_the_records_or_named(runs, tmp_path):
    invoke("leaderboard", runs, "--out", tmp_path / "none")
    assert "Rank of LoRA" not in (tmp_path / "none" / "leaderboard.md").read_text(encoding="utf-8")
    packed = tmp_path / "sweeps" / "ranks.json"
    write_sweep(cases.sweep(), packed)
    assert "1 sweep, " in invoke("leaderboard", runs, "--out", tmp_path / "lb").stdout
    table = (tmp_path / "lb" / "leaderboard.md").read_text(encoding="utf-8")
    assert "### ranks: org/good, swh-eng" in table
    assert "1 sweep, " in invoke("leaderboard", runs, "--out", tmp_path / "lb", "--sweep", packed).stdout
    message = invoke("leaderboard", runs, "--out", tmp_path / "lb", "--sweep", tmp_path / "no.json", code=1).exception
    assert "tli-bench sweep SPEC --pack" in str(message)


def test_plot_of_a_packed_sweep(tmp_path):
    write_sweep(cases.sweep(), tmp_path / "ranks.json")
    for more in ([], ["--against", "parameters", "--layer", "loss", "--measure", "p1"]):
        paths = invoke("plot", "sweep", tmp_path / "ranks.json", "--out", tmp_path / "plots", *more).stdout.split()
        assert sorted(p.rsplit(".", 1)[1] for p in paths) == ["png", "svg"]
    message = invoke("plot", "sweep", tmp_path / "ranks.json", "--against", "x", code=1).exception
    assert "choose rank or parameters" in str(message)


def test_schema_to_a_file(tmp_path):
    invoke("results", "schema", "--out", tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text())["anyOf"] == [
        {"$ref": "#/$defs/RunRecord"},
        {"$ref": "#/$defs/DownstreamRecord"},
    ]


@pytest.mark.parametrize("kind", ["curves", "change", "distributions"])
def test_plots_from_records(runs, tmp_path, kind):
    paths = invoke("plot", kind, runs, "--out", tmp_path / "plots").stdout.split()
    assert sorted(p.rsplit(".", 1)[1] for p in paths) == ["png", "png", "svg", "svg"]


def test_a_record_with_nothing_to_draw_is_named_and_the_others_are_drawn(runs, tmp_path):
    draw = ("plot", "change", runs, "--out", tmp_path / "plots")
    store = RecordStore(runs)
    bare = store.write(scored_record(scores=(0.1, 0.2, 0.3) * 8))
    done = invoke(*draw)
    assert len(done.stdout.split()) == 4
    assert done.stderr == (
        f"not drawn: {bare}: the record has no adapted state; before and after need a run with an adapter\n"
    )
    alone = invoke("plot", "change", bare, "--out", tmp_path / "plots", code=1)
    assert "no adapted state" in str(alone.exception)


def test_names_of_any_length_have_figures_of_their_own(tmp_path):
    store, names = RecordStore(tmp_path / "runs"), [f"{'long' * 40}-{end}" for end in "ab"]
    for name in names:
        adapter = ADAPTER.model_copy(update={"name": name, "sha256": name[-1] * 64})
        store.write(scored_record(model="m" * 200, adapter=adapter, lexicon="list" * 30))
    paths = invoke("plot", "curves", tmp_path / "runs", "--out", tmp_path / "plots").stdout.split()
    assert len(set(paths)) == 4


def test_scores_of_several_runs_are_not_those_of_one_name(runs):
    """The card of a model would claim what its adapter scored."""
    assert invoke("results", "model-index", runs).stdout.startswith("model-index:\n- name: tli\n")
    RecordStore(runs).write(scored_record(scores=(0.1, 0.2, 0.3) * 8))
    message = str(invoke("results", "model-index", runs, code=1).exception)
    assert (
        message
        == "these are records of 2 runs: org/model sha256:abc; org/model sha256:abc tli; give the folder of one run"
    )


def test_no_figure_overwrites_that_of_another_run_list_or_split(tmp_path):
    """One model, one pair: the run proper, a trial, two lists of the same name, another precision, and other words of each."""
    store = RecordStore(tmp_path / "runs")
    for k, about in enumerate(({}, {"limit": 24}, {"lexicon": "b"}, {"lexicon": "b"}, {"dtype": "bfloat16"})):
        store.write(scored_record(scores=(0.3, 0.5, 0.4) * 8, lexicon_hash=str(k) * 64, **about))
    draw = ("plot", "curves", tmp_path / "runs", "--out", tmp_path / "plots")
    paths = [path for split in ("control", "dev") for path in invoke(*draw, "--split", split).stdout.split()]
    assert len(set(paths)) == len(paths) == 2 * 2 * 5
    assert sum("limit24" in path for path in paths) == sum("bfloat16" in path for path in paths) == 4
    write_sweep(cases.sweep(), tmp_path / "ranks.json")
    sweep = ("plot", "sweep", tmp_path / "ranks.json", "--out", tmp_path / "plots")
    drawn = [invoke(*sweep, "--against", against).stdout for against in ("rank", "parameters")]
    assert drawn[0] != drawn[1]
    assert all("/org_good-sweep-" in out for out in drawn)


def test_reading_verbs_load_no_torch(runs, tmp_path):
    calls = [
        ["results", "validate", str(runs)],
        ["compare", f"{runs}@base", str(runs)],
        ["leaderboard", str(runs), "--out", str(tmp_path)],
        ["submit", str(runs), "--out", str(tmp_path / "s.zip")],
    ]
    require_light(*calls, heavy=("torch", "transformers", "peft", "lm_eval", "matplotlib"))


def test_a_record_cannot_write_to_the_terminal(tmp_path):
    record = scored_record(model="org/x\x1b[2Jy")
    record = record.model_copy(
        update={
            "command": "run\x1b]0;t",
            "verdicts": {"1": Verdict(kind=VerdictKind.UNCLEAR, text="fine\x1b[31m")},
            "unscored": ["why\x1b[5m"],
        }
    )
    RecordStore(tmp_path).write(record)
    for arguments in (["results", "show", tmp_path], ["results", "ls", tmp_path]):
        output = invoke(*arguments).output
        assert "\x1b" not in output
        assert "U+001B" in output or "\\u001b" in output
    output = invoke("results", "validate", tmp_path, code=1).output
    assert "\x1b" not in output
