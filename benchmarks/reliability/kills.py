"""Faults at every operation on files, kills and signals at random moments, and races, for every verb that writes.

Usage: python -m benchmarks.reliability.kills [--write] [--verbs run,train,...] [--faults kill,...] [--every N] [--random N] [--seed S]

After each fault the same command is given again: it must end well, leave what an undisturbed one leaves, byte for byte but for time
and command, and no temporary file, lock or checkpoint; only kept states, which save time, may be missing. A fault that is reported
must be told in one line, with exit status 2.
With --write the counts are put into benchmarks/reliability/figures.json, where those of other faults and verbs stay.
"""

import argparse
import gc
import os
import pkgutil
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path

import tli_bench
from benchmarks.reliability import tmpfs
from benchmarks.reliability.faults import ERRORS, KILLED, VANISH, Outcome, Watch, gone, in_a_child
from benchmarks.reliability.figures import read_figures, write_figure
from benchmarks.reliability.verbs import VERBS, Verb, content, left_behind
from tli_bench.lexicon.core import installed_core

PLACE = "a folder [1] of ünïcode 'names'"
TWO_DAYS = 2 * 24 * 3600.0
SIGNALS = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM}
FAULTS = {
    "kill": "kill -9 at an operation on files",
    **{name: f"{name} at an operation on files" for name in ERRORS},
    "random": "kill -9 at random moments",
    **{name: f"{name} at random moments" for name in SIGNALS},
    VANISH: "a file gone before it is read",
    "clock": "kill -9 at an operation on files, then the clock two days back",
    "tmpfs": "a file system with too little room, of several sizes",
    "two": "two processes on one output",
    "eight": "eight processes on one output",
}


@dataclass(slots=True)
class Tally:
    """tries, and what was wrong after those that were not survived."""

    tries: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, what: str) -> None:
        """Count one try; what: is wrong with it, if anything."""
        self.tries += 1
        if what:
            self.wrong.append(what)


class Trial:
    """One verb in a folder that is made anew for every try."""

    def __init__(self, verb: Verb, folder: Path) -> None:
        self.verb, self.folder = verb, folder
        self.given: set[Path] = set()
        """The files that the command finds, and that are not made again by it."""
        self.whole = self.fresh()
        if self.whole.status:
            raise SystemExit(f"{verb.name} fails by itself: {self.whole.said[-2000:]}")
        self.expected = content(self.output)

    @property
    def output(self) -> Path:
        """Where the verb writes."""
        return self.folder / self.verb.output

    def spares(self, name: str) -> bool:
        """Whether a file of the output may be missing after a fault."""
        return bool(self.verb.spare) and name.startswith(f"{self.verb.spare}{os.sep}")

    def prepared(self) -> None:
        """The folder as it is before the command."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.verb.prepare(self.folder)
        self.given = {path for path in self.folder.rglob("*") if path.is_file()}

    def fresh(self, fault: str = "", at: int = 0, **how: object) -> Outcome:
        """The command in a folder as it is before."""
        self.prepared()
        return self.again(fault, at, **how)

    def again(self, fault: str = "", at: int = 0, **how: object) -> Outcome:
        """The command in the folder as it is now."""
        watch = Watch(self.folder if fault == VANISH else self.output, fault, at)
        return in_a_child(lambda: self.verb.call(self.folder), watch, **how)  # type: ignore[arg-type]

    def wrong(self, **how: object) -> str:
        """What the same command does not put right; empty where it does."""
        done = self.again(**how)
        if done.status:
            return f"status {done.status}: {done.said[-300:]}"
        if left := left_behind(self.output):
            return f"left behind: {', '.join(left)}"
        found = content(self.output)
        differing = [name for name in {*found, *self.expected} if found.get(name) != self.expected.get(name)]
        differing = [name for name in differing if name in found or not self.spares(name)]
        return f"differs: {', '.join(sorted(differing))}" if differing else ""


def at_every_operation(trial: Trial, fault: str, every: int) -> Iterator[str]:
    """What is wrong after a fault at each operation, or at every so manieth."""
    for number in range(1, trial.whole.operations + 1, every):
        done = trial.fresh(fault, number)
        # Threads of a library may take one operation more or less: a command that ended before its time met no fault.
        unharmed = done.status == 0 and 0 < done.operations < number
        told = unharmed or (done.status == KILLED if fault == "kill" else _is_told(done))
        what = _wrong_after(trial, done, told=told)
        yield f"operation {number}: {what}" if what else ""


def _wrong_after(trial: Trial, done: Outcome, *, told: bool) -> str:
    """What is wrong after a command that met a fault: how it ended, where that is not as it should, or what the next one leaves."""
    return trial.wrong() if told else done.said[-300:] or f"status {done.status}"


def _is_told(done: Outcome) -> bool:
    """Whether a fault was told in one line with its exit status, or did no harm, as where a cache or an aside cannot be written."""
    return "Traceback" not in done.said and (
        done.status == 0 or (done.status == 2 and "error: " in done.said.splitlines()[-1])
    )


def at_every_reading(trial: Trial, every: int) -> Iterator[str]:
    """What is wrong where, of a command that is given again, a file is gone just before it is read; what was not its own comes back."""
    trial.fresh()
    for number in range(1, trial.again(VANISH).operations + 1, every):
        trial.fresh()
        done = trial.again(VANISH, number)
        _bring_back(trial)
        what = _wrong_after(trial, done, told=_is_told(done))
        yield f"reading {number}: {what}" if what else ""


def _bring_back(trial: Trial) -> None:
    file, was = gone(trial.folder), gone(trial.folder).with_suffix(".was")
    place = was.readlink()
    was.unlink()
    if place in trial.given:
        file.rename(place)
    else:
        file.unlink()


def with_the_clock_back(trial: Trial, every: int) -> Iterator[str]:
    """What is wrong after kills, where the same command is then given by a clock that was set two days back."""
    for number in range(1, trial.whole.operations + 1, every):
        trial.fresh("kill", number)
        what = trial.wrong(clock=-TWO_DAYS)
        yield f"operation {number}: {what}" if what else ""


def on_small_disks(trial: Trial, sizes: int) -> Iterator[str]:
    """What is wrong after the command on disks with too little room, from none to nearly what it takes, which then get more."""
    trial.folder.mkdir(parents=True, exist_ok=True)
    tmpfs.mount(trial.folder, tmpfs.LARGE)
    trial.prepared()
    before = tmpfs.used(trial.folder)
    trial.again()
    needed = tmpfs.used(trial.folder) - before
    for number in range(sizes):
        trial.prepared()
        tmpfs.mount(trial.folder, tmpfs.used(trial.folder) + needed * number // sizes or 1, again=True)
        done = trial.again()
        tmpfs.mount(trial.folder, tmpfs.LARGE, again=True)
        what = _wrong_after(trial, done, told=_is_told(done))
        yield f"with room for {number} of {sizes} parts: {what}" if what else ""


def at_random(trial: Trial, tries: int, number: int, seed: int) -> Iterator[str]:
    """What is wrong after a signal at each of some random moments."""
    moments = random.Random(seed)
    for _ in range(tries):
        after = moments.uniform(0, trial.whole.seconds)
        done = trial.fresh(after=after, signalled=number, arm=number != signal.SIGKILL)
        if done.status not in (0, KILLED if number == signal.SIGKILL else 128 + number):
            yield f"after {after:.2f} s: status {done.status}: {done.said[-300:]}"
        elif done.status > 0 and (done.said.splitlines()[-1:] == [] or "Traceback" in done.said):
            yield f"after {after:.2f} s: {done.said[-300:]}"
        else:
            yield trial.wrong()


def races(trial: Trial, count: int) -> Iterator[str]:
    """What is wrong after so many processes started at once on one output: each ends well or is refused in one line."""
    shutil.rmtree(trial.folder, ignore_errors=True)
    trial.verb.prepare(trial.folder)
    read, write = os.pipe()
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            done = trial.again()
            fine = done.status == 0 or (done.status == 2 and "is being written by tli-bench" in done.said)
            os.write(write, b"ok\n" if fine else f"{done.status} {done.said[-200:]!r}\n".encode())
            os._exit(0)
        children.append(child)
    os.close(write)
    for child in children:
        os.waitpid(child, 0)
    with os.fdopen(read) as told:
        bad = [line.strip() for line in told if line != "ok\n"]
    yield bad[0] if bad else trial.wrong()


def trials(trial: Trial, fault: str, options: argparse.Namespace) -> Iterator[str]:
    """One entry for each try, empty where it was survived."""
    if fault in ("kill", *ERRORS):
        return at_every_operation(trial, fault, options.every)
    if fault == VANISH:
        return at_every_reading(trial, options.every)
    if fault == "clock":
        return with_the_clock_back(trial, options.every)
    if fault == "tmpfs":
        return tmpfs.in_own_mounts(lambda: on_small_disks(trial, options.sizes))
    if fault in ("two", "eight"):
        return races(trial, 2 if fault == "two" else 8)
    return at_random(trial, options.random, SIGNALS.get(fault, signal.SIGKILL), options.seed)


def how(fault: str, options: argparse.Namespace) -> str:
    """The options that decide how often a fault is tried, as they are given."""
    if fault in ("two", "eight"):
        return ""
    if fault == "tmpfs":
        return f"--sizes {options.sizes}"
    if fault in ("random", *SIGNALS):
        return f"--random {options.random} --seed {options.seed}"
    return f"--every {options.every}"


def write(fault: str, found: dict[str, Tally], options: argparse.Namespace) -> None:
    """Put the counts of a fault next to those of verbs that were tried before."""
    verbs = dict(read_figures().get(fault, {}).get("verbs", {}))
    verbs |= {
        name: {"tries": tally.tries, "survived": tally.tries - len(tally.wrong), "options": how(fault, options)}
        for name, tally in found.items()
    }
    write_figure(
        fault,
        fault=FAULTS[fault],
        tries=sum(one["tries"] for one in verbs.values()),
        survived=sum(one["survived"] for one in verbs.values()),
        command=f"python -m benchmarks.reliability.kills --faults '{fault}'",
        verbs=verbs,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the counts into figures.json")
    parser.add_argument("--verbs", default=",".join(VERBS), help="which, joined by commas; all of them otherwise")
    parser.add_argument("--faults", default=",".join(FAULTS), help="which, joined by commas; all of them otherwise")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th operation")
    parser.add_argument("--sizes", type=int, default=12, metavar="N", help="sizes of a disk with too little room")
    parser.add_argument("--random", type=int, default=50, metavar="N", help="random moments for each verb and signal")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    options = parser.parse_args()
    import_everything()
    found: dict[str, dict[str, Tally]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.verbs.split(","):
            trial = Trial(VERBS[name], Path(folder).resolve() / PLACE)
            print(f"{name}: {trial.whole.operations} operations, {trial.whole.seconds:.1f} s", flush=True)
            for fault in options.faults.split(","):
                tally = found.setdefault(fault, {}).setdefault(name, Tally())
                for what in trials(trial, fault, options):
                    tally.add(what)
                    if what:
                        print(f"  {fault}: {what}", flush=True)
                print(f"  {FAULTS[fault]}: {tally.tries - len(tally.wrong)} of {tally.tries} survived", flush=True)
                if options.write:
                    write(fault, found[fault], options)
    return int(any(tally.wrong for verbs in found.values() for tally in verbs.values()))


def import_everything() -> None:
    """Import and read now what every child would, which takes most of its time: no model runs here."""
    for module in pkgutil.walk_packages(tli_bench.__path__, "tli_bench."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    # These are imported when a model is loaded.
    for name in ("transformers.models.llama.modeling_llama", "peft.tuners.lora.bnb"):
        import_module(name)
    # The names of weights of every family, which transformers compiles when a model is loaded.
    import_module("transformers.conversion_mapping").get_checkpoint_conversion_mapping("llama")
    installed_core()
    # lm-eval asks pip and a dozen programs what machine this is, for every run.
    collect_env = import_module("torch.utils.collect_env")
    collect_env.get_pretty_env_info = cache(collect_env.get_pretty_env_info)  # type: ignore[attr-defined]
    collect_env.get_pretty_env_info()
    # The collector of every child would go through all of this, again and again.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
