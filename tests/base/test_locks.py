"""One writer at a time: who comes second is told who is first, and nobody waits for the dead."""

import fcntl
import os
import signal
import socket
import threading
from contextlib import suppress

import pytest

from tli_bench.base import locks
from tli_bench.base.errors import OutputError
from tli_bench.base.locks import FOLDER_LOCK, InUseError, replacing, writing_into


def processes(count, work, *ends):
    """Exit statuses of `count` processes that do `work()`, started at once; 1 for one that raises. ends: what only they keep open."""
    reading, writing = os.pipe()
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            status = 1
            with suppress(BaseException):
                os.close(writing)
                os.read(reading, 1)  # until all are there
                status = work() or 0
            os._exit(status)
        children.append(child)
    for end in (reading, writing, *ends):
        os.close(end)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


@pytest.mark.parametrize("hold", [writing_into, replacing])
def test_the_second_is_told_who_is_first_and_what_to_do(tmp_path, hold):
    with hold(tmp_path / "out", "sweep"), pytest.raises(InUseError) as refused, hold(tmp_path / "out", "run"):
        pass
    message = str(refused.value)
    assert (
        f"{tmp_path / 'out'} is being written by tli-bench sweep (process {os.getpid()} on {socket.gethostname()}, since 2"
        in message
    )
    assert message.endswith("; wait for it, stop it, or choose another output")
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("hold", [writing_into, replacing])
def test_nothing_is_left_of_a_lock_or_of_folders_that_were_made_for_it(tmp_path, hold):
    with hold(tmp_path / "new" / "out", "run"):
        assert (tmp_path / "new").is_dir()
    assert not list(tmp_path.iterdir())
    (tmp_path / "there").mkdir()
    with hold(tmp_path / "there", "run"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


def test_the_lock_of_a_killed_process_is_free_and_what_it_was_writing_is_removed(tmp_path):
    def killed():
        with writing_into(tmp_path, "run"):
            (tmp_path / f".record.json.tmp-{os.getpid()}-abc").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)

    assert processes(1, killed) == [-signal.SIGKILL]
    assert len(list(tmp_path.iterdir())) == 2
    with writing_into(tmp_path, "run"):
        assert [path.name for path in tmp_path.iterdir()] == [FOLDER_LOCK]
    assert not list(tmp_path.iterdir())


def test_locks_below_that_nobody_holds_go_and_all_others_stay(tmp_path):
    """A disk that refused to remove one, of a training that was done: nobody would ask for it again."""
    below = tmp_path / "out" / "adapters"
    for name in ("left", "held", "silent"):
        with replacing(below / name, "train"):
            (below / f".{name}.kept").write_bytes((below / f".{name}.lock").read_bytes())
        (below / f".{name}.kept").rename(below / f".{name}.lock")
    (below / ".silent.lock").write_bytes(b"")
    (below / ".foreign.lock").write_text('{"verb": "install"}')
    (below / ".text.lock").write_text("[package]")
    with replacing(below / "held", "train"), writing_into(tmp_path / "out", "sweep"):
        assert sorted(path.name for path in below.iterdir()) == [".foreign.lock", ".held.lock", ".text.lock"]


@pytest.mark.parametrize("count", [2, 8])
def test_of_many_that_start_at_once_one_gets_it(tmp_path, count):
    reading, writing = os.pipe()

    def work():
        try:
            with writing_into(tmp_path / "out", "run"):
                os.close(writing)
                os.read(reading, 1)  # until all others have been refused and are gone
        except InUseError:
            return 2

    assert sorted(processes(count, work, reading, writing)) == [0] + [2] * (count - 1)


def test_no_two_hold_it_while_it_is_taken_and_given_back_all_the_time(tmp_path):
    count = tmp_path / "count"
    count.write_text("0")

    def work():
        done = 0
        while done < 15:
            with suppress(InUseError), replacing(tmp_path / "out", "run"):
                count.write_text(str(int(count.read_text()) + 1))
                done += 1

    assert processes(4, work) == [0] * 4
    assert count.read_text() == "60"


def test_those_that_share_it_hold_it_together_and_nobody_holds_it_alone_meanwhile(tmp_path):
    out = tmp_path / "out"
    with writing_into(out, "sweep", shared=True):
        with writing_into(out, "sweep", shared=True), pytest.raises(InUseError), writing_into(out, "leaderboard"):
            pass
        with pytest.raises(InUseError, match="by tli-bench sweep"), writing_into(out, "leaderboard"):
            pass  # one of the two is still there, and so is the lock
        assert (out / FOLDER_LOCK).exists()
    with writing_into(out, "sweep"), pytest.raises(InUseError), writing_into(out, "sweep", shared=True):
        pass
    assert not out.exists()


def test_a_link_in_the_place_of_a_lock_is_not_written_through(tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / FOLDER_LOCK).symlink_to(tmp_path / "precious")
    with pytest.raises(OutputError, match=r"symbolic links|symbolic link"), writing_into(tmp_path, "run"):
        pass
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match=r"cannot write .*file/out: Not a directory"),
        writing_into(tmp_path / "file" / "out", "run"),
    ):
        pass
    with (
        pytest.raises(OutputError, match="cannot write to /proc/out"),
        replacing(tmp_path.__class__("/proc/out"), "submit"),
    ):
        pass


def test_names_with_the_signs_of_patterns_are_taken_by_the_letter(tmp_path):
    (tmp_path / ".a.tmp-999999-x").write_text("another output's")
    with replacing(tmp_path / "[ab]*", "train"):
        pass
    assert (tmp_path / ".a.tmp-999999-x").exists()


def test_a_holder_that_is_about_to_say_who_it_is_is_waited_for(tmp_path):
    """Two that start at once: one has the lock and has not yet written its note."""
    lock = tmp_path / FOLDER_LOCK
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        said = threading.Timer(0.05, lambda: locks._say_who(held.fileno(), "run"))
        said.start()
        with (
            pytest.raises(InUseError, match=r"is being written by tli-bench run \(process "),
            writing_into(tmp_path, "run"),
        ):
            pass
        said.join()
