"""Writing a file: the old content or the new one, whatever fails, and nothing left behind for good."""

import errno
import os
import time
from pathlib import Path

import pytest

from tli_bench.base import files
from tli_bench.base.errors import OutputError
from tli_bench.base.files import put_away, remove_folder, remove_leftovers, temporary_prefix, write_bytes, write_text


def full(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "step", [(files.tempfile, "mkstemp"), (files.os, "fdopen"), (files.os, "fsync"), (Path, "chmod"), (Path, "replace")]
)
def test_a_full_disk_at_any_step_keeps_the_old_file_and_leaves_no_other(tmp_path, monkeypatch, step):
    path = tmp_path / "record.json"
    write_text(path, "old")
    with monkeypatch.context() as patched:
        patched.setattr(*step, full)
        with pytest.raises(OutputError, match=r"cannot write .*record\.json: No space left on device"):
            write_text(path, "new")
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["record.json"]


def test_a_name_as_long_as_file_systems_allow_can_be_written(tmp_path):
    path = tmp_path / ("с" * 127)
    write_bytes(path, b"1")
    write_bytes(path, b"2")
    assert path.read_bytes() == b"2"


def full_when_gone(folder):
    assert not folder.exists()
    raise OutputError("the disk is full")


def test_a_folder_is_put_away_where_the_block_ends_well_and_back_where_it_does_not(tmp_path):
    folder = tmp_path / "adapter"
    write_text(folder / "deep" / "weights", "1")
    with pytest.raises(OutputError, match="full"), put_away(folder):
        full_when_gone(folder)
    assert (folder / "deep" / "weights").read_text() == "1"
    with put_away(folder):
        pass
    remove_folder(folder)  # there is none
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_renamed_is_removed_where_it_is(tmp_path, monkeypatch):
    write_text(tmp_path / "adapter" / "weights", "1")
    monkeypatch.setattr(Path, "rename", full)
    remove_folder(tmp_path / "adapter")
    assert list(tmp_path.iterdir()) == []


def left_over(folder, name, *, process, age=0.0):
    path = folder / temporary_prefix(name).replace(f".tmp-{os.getpid()}-", f".tmp-{process}-")
    path = path.with_name(f"{path.name}ab12cd34")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    os.utime(path, (time.time() - age,) * 2)
    return path


def ended():
    """The number of a process that has ended."""
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)
    return process


def test_what_a_killed_process_left_half_written_is_removed_and_nothing_else(tmp_path):
    gone = left_over(tmp_path / "deep" / "er", "a.json", process=ended())
    folder = tmp_path / f"{temporary_prefix('adapter').replace(f'.tmp-{os.getpid()}-', f'.tmp-{ended()}-')}x"
    (folder / "inside").mkdir(parents=True)
    running = left_over(tmp_path, "b.json", process=os.getppid())
    others = [tmp_path / ".notes.tmp-mine", tmp_path / "plain.tmp-1-x", tmp_path / ".hidden.json"]
    for path in others:
        path.write_text("theirs")
    remove_leftovers(tmp_path)
    assert [path.exists() for path in (gone, folder, running, *others)] == [False, False, True, True, True, True]


def test_what_was_left_of_a_file_that_no_lock_is_held_for_goes_when_it_is_written_again(tmp_path):
    left_over(tmp_path, "a.svg", process=ended())
    kept = [left_over(tmp_path, "a.svg", process=os.getppid()), left_over(tmp_path, "b.svg", process=ended())]
    write_text(tmp_path / "a.svg", "drawn", alone=True)
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "a.svg", *kept])


def test_a_number_that_another_process_has_by_now_keeps_a_file_for_a_day_only(tmp_path):
    young = left_over(tmp_path, "a", process=os.getppid(), age=3600)
    left_over(tmp_path, "b", process=os.getppid(), age=90_000)
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == [young]


def test_of_a_folder_that_other_machines_write_to_only_what_ended_here_goes_before_it_is_a_day_old(
    tmp_path, monkeypatch
):
    mine = left_over(tmp_path, "a", process=ended())
    running = [left_over(tmp_path, "b", process=number) for number in (os.getpid(), os.getppid())]
    with monkeypatch.context() as patched:
        patched.setattr(files, "_machine", lambda: "0123abcd")
        theirs = left_over(tmp_path, "c", process=ended())
        left_over(tmp_path, "d", process=ended(), age=90_000)
    unsaid = theirs.with_name(f".e.tmp-{ended()}-abc")  # whose name does not tell the machine
    unsaid.write_text("half")
    remove_leftovers(tmp_path, shared=True)
    assert not mine.exists()
    assert {*tmp_path.iterdir()} == {*running, theirs, unsaid}


def test_what_another_user_left_stays(tmp_path, monkeypatch):
    theirs = left_over(tmp_path, "a", process=ended())
    monkeypatch.setattr(files.os, "getuid", lambda: theirs.stat().st_uid + 1)
    remove_leftovers(tmp_path)
    assert theirs.exists()
