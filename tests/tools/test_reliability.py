"""Faults at every operation on files; all verbs at every operation: `python -m benchmarks.reliability.kills`."""

import argparse
import contextlib
import json
import shutil

import pytest

from benchmarks.reliability import figures, tmpfs
from benchmarks.reliability.faults import VANISH
from benchmarks.reliability.kills import (
    FAULTS,
    Tally,
    Trial,
    at_every_operation,
    import_everything,
    races,
    trials,
    write,
)
from benchmarks.reliability.verbs import VERBS, Verb, content
from tli_bench.base.files import put_away, write_text
from tli_bench.base.locks import writing_into
from tools.reliability_table import reliability_table

ALL = argparse.Namespace(every=1, sizes=4)
LIGHT = ("submit", "results merge")
"""Verbs that load no model: there is time for them in every run of the tests."""


def verb_of(write):
    """A verb that is only `write(path)`."""
    return Verb(
        "mine",
        lambda folder: folder.mkdir(parents=True, exist_ok=True),
        lambda folder: write(folder / "out" / "a.json"),
    )


def careless(path):
    path.parent.mkdir(exist_ok=True)
    if path.exists():
        return  # "already done"
    with path.open("w") as file:
        file.write('{"value": 1}')
    path.with_name("b.json").write_text("{}")


def test_a_writer_that_believes_half_a_file_is_found_out(tmp_path):
    """The instrument itself: what it is to find, it finds."""
    trial = Trial(verb_of(careless), tmp_path / "x")
    assert trial.whole.operations == 2
    assert any("differs: b.json" in what for what in at_every_operation(trial, "kill", 1))
    assert all("No space left on device" in what for what in at_every_operation(trial, "disk full", 1))


def removes(put_away_with):
    """A writer of a file whose work lies in a folder that goes again with `put_away_with`."""

    def write(path):
        with writing_into(path.parent, "test"):
            if path.exists():
                return  # "already done"
            for name in ("a", "b", "c"):
                write_text(path.parent / "work" / name, name)
            put_away_with(path.parent / "work", path)

    return write


def carelessly(work, path):
    write_text(path, "{}")
    shutil.rmtree(work)


def carefully(work, path):
    with put_away(work):
        write_text(path, "{}")


def test_of_a_folder_that_goes_when_its_work_is_done_no_kill_leaves_a_part(tmp_path):
    found = list(at_every_operation(Trial(verb_of(removes(carelessly)), tmp_path / "x"), "kill", 1))
    assert sum("differs: work" in what for what in found) == 3  # before each of its files is removed
    careful = Trial(verb_of(removes(carefully)), tmp_path / "y")
    assert careful.whole.operations > len(found)
    assert [what for what in at_every_operation(careful, "kill", 1) if what] == []


def test_results_of_other_scores_are_found_out_and_of_the_same_are_one(tmp_path):
    def results(name, score):
        scores = {"p1,none": score, "p1_stderr,none": "N/A", "alias": "words"}
        (tmp_path / f"results_{name}.json").write_text(json.dumps({"date": name, "results": {"words": scores}}))

    results("2026", 0.5)
    once = content(tmp_path)
    results("2027", 0.5)
    assert content(tmp_path) == once == {"results": {"words": {"p1,none": 0.5}}}
    results("2027", 0.6)
    assert content(tmp_path) == once | {"results_2027.json": {"words": {"p1,none": 0.6}}}


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """What the children would each import, imported here once."""
    for name in LIGHT:
        folder = tmp_path_factory.mktemp("warm")
        VERBS[name].prepare(folder)
        with pytest.raises(SystemExit, match="0"):
            VERBS[name].call(folder)


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("fault", ["kill", "disk full", "read-only"])
@pytest.mark.parametrize("name", LIGHT)
def test_after_a_fault_at_any_operation_the_same_command_leaves_what_it_should(tmp_path, name, fault):
    trial = Trial(VERBS[name], tmp_path / "a folder [1] of ünïcode 'names'")
    assert trial.whole.operations >= 6
    every = 1 if name == "submit" else 5
    assert [what for what in at_every_operation(trial, fault, every) if what] == []


@pytest.mark.usefixtures("warm")
def test_a_file_that_is_gone_before_it_is_read_is_told_in_one_line(tmp_path):
    trial = Trial(VERBS["submit"], tmp_path / "x")
    assert list(trials(trial, VANISH, ALL)) == [""] * 2  # the records of two models


@pytest.mark.usefixtures("warm")
def test_a_clock_that_was_set_back_changes_nothing_of_what_a_killed_command_left(tmp_path):
    trial = Trial(VERBS["submit"], tmp_path / "x")
    assert set(trials(trial, "clock", ALL)) == {""}


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("name", LIGHT)
def test_a_file_system_that_is_full_halfway_through_a_file_leaves_nothing_of_it(tmp_path, name):
    if why := tmpfs.refused():
        pytest.skip(f"this machine gives a process no mounts of its own: {why}")
    assert list(trials(Trial(VERBS[name], tmp_path / "x"), "tmpfs", ALL)) == [""] * ALL.sizes


def test_room_for_half_a_file_is_no_room_for_a_careless_writer(tmp_path):
    """The instrument itself: a writer that believes the half that fitted."""
    if why := tmpfs.refused():
        pytest.skip(f"this machine gives a process no mounts of its own: {why}")

    def careless(path):
        path.parent.mkdir(exist_ok=True)
        path = path.with_suffix(".bin")
        if not path.exists():
            with contextlib.suppress(OSError):
                path.write_bytes(b"x" * 100_000)

    found = list(trials(Trial(verb_of(careless), tmp_path / "x"), "tmpfs", ALL))
    assert len(found) == ALL.sizes
    assert all("differs: a.bin" in what for what in found), found


@pytest.mark.usefixtures("warm")
def test_two_at_once_end_well_or_are_refused_in_one_line(tmp_path):
    assert list(races(Trial(VERBS["submit"], tmp_path / "x"), 2)) == [""]


def test_the_table_says_with_which_options_each_verb_was_tried(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "FIGURES", tmp_path / "figures.json")
    options = argparse.Namespace(every=1, random=50, seed=0, sizes=12)
    write("kill", {"submit": Tally(6), "leaderboard": Tally(40, ["operation 3: differs"])}, options)
    write("kill", {"train": Tally(15)}, argparse.Namespace(every=6))
    write("tmpfs", {"submit": Tally(12)}, options)
    write("random", {"submit": Tally(50)}, options)
    command = "python -m benchmarks.reliability.kills --faults"
    assert reliability_table().splitlines()[2:] == [
        f"| kill -9 at an operation on files (submit, leaderboard) | 46 | 45 | `{command} 'kill' --verbs 'submit,leaderboard' --every 1` |",
        f"| kill -9 at an operation on files (train) | 15 | 15 | `{command} 'kill' --verbs 'train' --every 6` |",
        f"| kill -9 at random moments (submit) | 50 | 50 | `{command} 'random' --verbs 'submit' --random 50 --seed 0` |",
        f"| {FAULTS['tmpfs']} (submit) | 12 | 12 | `{command} 'tmpfs' --verbs 'submit' --sizes 12` |",
    ]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", VERBS)
def test_every_verb_survives_kills_and_races(tmp_path, name):
    import_everything()
    trial = Trial(VERBS[name], tmp_path / "x")
    options = argparse.Namespace(every=max(1, trial.whole.operations // 6), random=4, seed=0, sizes=4)
    for fault in ("kill", "disk full", "random", "Ctrl-C", "SIGTERM", "clock", "eight"):
        assert [what for what in trials(trial, fault, options) if what] == [], fault
