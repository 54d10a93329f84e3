"""What is committed under leaderboards/ is what `make leaderboard` would write now, and every committed record is sound."""

import json
import re
import tomllib

import pytest

from tli_bench.base.paths import data_dir
from tli_bench.records import RecordStore, read_record, record_schema
from tli_bench.records.checked import Refused
from tli_bench.report.reported import load_reported
from tli_bench.report.sweeps import load_sweep, write_sweep
from tli_bench.report.table import build, load_results
from tli_bench.report.terminal.layout import lay_out
from tli_bench.report.terminal.unit import unit_parts
from tli_bench.report.write import RENDERERS
from tli_bench.training.sweep import load_spec, units_of

FOLDER = data_dir("leaderboards")
RECORDS = sorted(RecordStore(FOLDER / "records").paths())
SWEEPS = sorted(FOLDER.glob("sweeps/*.json"))


@pytest.fixture(scope="module")
def built_and_read():
    """The boards, and of each record that they were built of its place by what it says, or why it was refused."""
    store, read = RecordStore(FOLDER / "records", compressed=True), []

    def noted(records):
        for record in records:
            read.append(str(record) if isinstance(record, Refused) else store.path(record.task, record.signature))
            yield record

    records, scores = load_results(FOLDER / "records")
    sweeps, reported = [load_sweep(path) for path in SWEEPS], load_reported(FOLDER / "reported.yaml")
    return build(noted(records), scores=scores, sweeps=sweeps, reported=reported), read


@pytest.fixture(scope="module")
def built(built_and_read):
    return built_and_read[0]


@pytest.fixture(scope="module")
def rendered(built):
    """Each table and the page, by its file's name."""
    return {name: render(built) for name, render in RENDERERS.items()}


@pytest.mark.parametrize("name", list(RENDERERS))
def test_the_committed_tables_are_fresh(rendered, name):
    fresh = rendered[name] == (FOLDER / name).read_bytes().decode()
    assert fresh, f"leaderboards/{name} is stale: run `make leaderboard` and commit the result"


def test_every_relative_link_of_the_page_leads_somewhere(rendered):
    page = rendered["index.html"]
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    entries = [entry for board in data["boards"] for entry in board["entries"]]
    links = set(re.findall(r'href="([^"#]+)"', page))
    links |= {fact[2] for entry in entries for fact in entry["facts"] if len(fact) > 2}
    records = {data["texts"][unit[8]] for entry in entries for unit in entry["units"]}
    assert len(records) == sum(len(entry["units"]) for entry in entries)
    relative = {link for link in links | records if not re.match(r"[a-z]+:", link)}
    assert "../adapters/me5-swh-eng-tli/" in relative
    assert [link for link in sorted(relative) if not (FOLDER / link).exists()] == []


def test_the_committed_schema_is_fresh():
    committed = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    assert committed == record_schema(), "leaderboards/schema.json is stale: run `make leaderboard`"


def test_every_committed_record_is_valid_and_ranked_without_reservation(built_and_read):
    """Boards are built of what passes every check of `results validate`, and name what does not."""
    assert built_and_read[1] == RECORDS


def test_every_committed_sweep_is_as_pack_writes_it_of_a_committed_specification(tmp_path):
    for path in SWEEPS:
        write_sweep(load_sweep(path), tmp_path / path.name)
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), f"{path}: run `make leaderboard-sweeps`"
        spec = load_spec(path.with_suffix(".yaml"))
        assert len(load_sweep(path).points) == len(units_of(spec)), path


def test_the_wheel_holds_the_tables_and_no_records():
    config = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8"))
    packed = config["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    shipped = {name.removeprefix("leaderboards/") for name in packed if name.startswith("leaderboards")}
    assert shipped == {*RENDERERS, "reported.yaml", "schema.json", "sweeps"}
    assert all(packed[f"leaderboards/{name}"] == f"tli_bench/data/leaderboards/{name}" for name in shipped)


def test_the_wheel_holds_every_adapter_but_the_one_that_only_the_board_needs():
    config = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8"))
    packed = config["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    there = {path.name for path in (FOLDER.parent / "adapters").iterdir()}
    assert {name.removeprefix("adapters/") for name in packed if name.startswith("adapters")} == there - {
        "smollm2-bos-swh-eng-tli"
    }


def test_reported_figures_are_in_no_rank(built):
    ranked = {entry.key.model for board in built.boards for entry in board.entries}
    assert not ranked & {row.model for row in built.reported}


def test_real_models_come_first_and_stand_in_the_right_order(built):
    """A multilingual encoder above an English one and above an English language model, on every pair; `tiny` apart from them."""
    first, *others = built.boards
    assert [board.key.demonstration for board in built.boards] == [False, True]
    assert {entry.key.model for board in others for entry in board.entries} == {"tiny"}
    bare = {entry.key.model: i for i, entry in enumerate(first.entries) if entry.kind == "base"}
    assert set(bare) == {"me5", "minilm", "smollm2", "smollm2-bos"}
    pairs = [section for section in first.sections if section.scope.kind == "pair"]
    assert len(pairs) == 15
    for section in (first.sections[0], *pairs):
        rows = {row.entry: row for row in section.rows}
        me5, *rest = (rows[bare[name]] for name in ("me5", "minilm", "smollm2", "smollm2-bos"))
        assert all(me5.score > other.score for other in rest), section.scope.id
        assert all(me5.ranked.rank <= other.ranked.rank for other in rest), section.scope.id
    for pair in ("tur_Latn-azj_Latn", "tat_Cyrl-bak_Cyrl"):  # which the raw gap orders the other way round
        rows = {row.entry: row for s in pairs if s.scope.id == pair for row in s.rows}
        assert rows[bare["me5"]].ranked.rank < rows[bare["minilm"]].ranked.rank
    packages = {entry.key.model: entry.signature.package for entry in first.entries}
    assert all(package is not None and package.name == model for model, package in packages.items())


@pytest.mark.parametrize("adapter", ["me5-swh-eng-tli", "smollm2-bos-swh-eng-tli"])
def test_the_reports_of_real_models_in_the_readme_are_those_of_their_records(adapter):
    (record,) = (
        record
        for path in FOLDER.glob(f"records/*/*+{adapter}-[0-9a-f]*/tli_alignment_swh_Latn-eng_Latn/*")
        if not (record := read_record(path)).signature.audit
    )
    blank, *lines = (text.plain.rstrip() for text in lay_out(unit_parts(record), None))
    assert (blank, len(lines) > 15) == ("", True)
    assert "\n".join(lines) in (FOLDER.parent / "README.md").read_text(encoding="utf-8")
