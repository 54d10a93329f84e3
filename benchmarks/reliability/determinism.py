"""How far numbers move when only the way changes in which they are computed: batches, order, threads, the disk, a stop, processes.

Usage: python -m benchmarks.reliability.determinism [--limit N] [--only words|run|tasks|training] [--write]

Words: the embedded model and its adapter on Swahili-English, read in several ways and compared with the first. Run: the command on
the same words, shared among two processes. Tasks: one that embeds sentences, one that compares log-likelihoods and one that
generates, in the same ways. Training: one recipe on the same model, trained in several ways. Exit status 1 when anything moves by
more than its bound. --write puts what was found into benchmarks/reliability/determinism.json; docs/explanation/reliability.md shows it.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import load_file

import tli_bench
from benchmarks.reliability.figures import MOVED
from tli_bench.api.quiet import quiet
from tli_bench.base.files import write_json
from tli_bench.base.paths import data_dir
from tli_bench.lexicon import Lexicon, export, load_lexicon
from tli_bench.lexicon.pairs import SHOWN
from tli_bench.measures.roles import HEADLINE
from tli_bench.models import LoadedModel, attach_adapter, inspect_adapter, load_model
from tli_bench.models.adapter_files import WEIGHTS
from tli_bench.models.adapters import detach_adapter
from tli_bench.records import RecordStore
from tli_bench.records.schema import RunRecord
from tli_bench.training import load_recipe, train_adapter
from tli_bench.vectors.backend import DEFAULT_BATCH, Backend
from tli_bench.vectors.inputs import framing
from tli_bench.vectors.protocols import get_protocol

PAIR = "swh-eng"
HUBS = {"hub_skew_forward", "hub_skew_backward"}
ADAPTER = str(data_dir("adapters") / "tiny-swh-eng-tli")
BOUNDS = {"vectors": 1e-5, "headline": 1e-6, "scores": 1e-5, "hubs": 1e-3, "weights": 1e-5}
"""What may move, in fp32 on a CPU, and by how much at most.

vectors: difference from the vector, relative to its length. headline: P@1 of 50. scores: any other score, relative to itself where it
is larger than 1. hubs: hub skew, likewise: it counts among whose nearest words each word is, and of two that are equally near to within
rounding either may be counted. weights: any weight of an adapter.
"""
TASKS = ("tli_bitext_swh_Latn-eng_Latn", "tli_translate_eng_Latn-swh_Latn", "tli_xquad_tur_Latn")
RECIPE: Mapping[str, Any] = {
    "max_steps": 6, "eval_steps": 2, "batch_size": 32, "dropout": 0.1, "keep": "last", "retention": "none"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """One way to compute the same. threads: of the process; shuffled: whether the words come in another order; kept: whether
    their states are read from the disk.
    """

    name: str
    batch_size: int = DEFAULT_BATCH
    threads: int = 1
    shuffled: bool = False
    kept: bool = False


WAYS = (
    Way("the same again"),
    Way("batches of 1", batch_size=1),
    Way("batches of 7", batch_size=7),
    Way("words in another order", shuffled=True),
    Way("two threads", threads=2),
    Way("states read from the disk", kept=True),
)


@dataclass(frozen=True, slots=True)
class Moved:
    """What was found of one way. moved: by name of `BOUNDS`, the largest difference."""

    what: str
    way: str
    moved: dict[str, float]

    @property
    def beyond(self) -> list[str]:
        """What moved by more than its bound; NaN did."""
        return [name for name, value in self.moved.items() if not value <= BOUNDS[name]]


@dataclass(frozen=True, slots=True)
class Read:
    """vectors: by state, of each distinct word `[words, layers, dim]`; record: of the scores."""

    vectors: dict[str, torch.Tensor]
    record: RunRecord


def word_ways(folder: Path, *, ways: Iterable[Way] = WAYS, limit: int | None = None) -> Iterator[Moved]:
    """What each way of reading words moves, against the default one. limit: concepts, all of the shown splits otherwise."""
    words, loaded = _words(limit), load_model("tiny")
    plain = _read(loaded, words, Way("plain"), folder)
    for way in ways:
        found = _read(loaded, words, way, folder)
        yield Moved("words", way.name, differences(plain, found))


def run_ways(folder: Path, *, limit: int | None = None) -> Iterator[Moved]:
    """What a run of the same words moves that is shared among two processes."""
    plain = _read(load_model("tiny"), _words(limit), Way("plain"), folder)
    yield Moved("run", "two processes (torchrun), against one", _scores_apart(plain.record, _run_by_two(folder)))


def _words(limit: int | None) -> Lexicon:
    whole = load_lexicon("core", pair=PAIR)
    return replace(whole, pairs=tuple(pair for pair in whole.pairs if pair.split in SHOWN)[:limit])


def task_ways(*, ways: Iterable[Way] = WAYS, limit: int = 10) -> Iterator[Moved]:
    """What each way of answering tasks moves, against the default one. limit: documents of each."""
    loaded = load_model("tiny")
    plain = _answered(loaded, Way("plain"), limit)
    for way in ways:
        if not way.shuffled and not way.kept:
            found = _answered(loaded, way, limit)
            if plain.keys() != found.keys():
                raise ValueError(f"{way.name}: other scores, {sorted(plain.keys() ^ found.keys())}")
            yield Moved("tasks", way.name, {"scores": max(_apart(plain[key], found[key]) for key in plain)})


def _answered(loaded: LoadedModel, way: Way, limit: int) -> dict[tuple[str, str, str], float]:
    with _threads(way.threads):
        report = tli_bench.score(loaded, ADAPTER, tasks=TASKS, limit=limit, batch_size=way.batch_size)
    return {
        (record.task, state, name): value
        for record in report.downstream
        for state, scores in record.scores.items()
        for name, value in scores.items()
        if value is not None
    }


def _read(loaded: LoadedModel, words: Lexicon, way: Way, folder: Path) -> Read:
    pairs = [*words.pairs]
    if way.shuffled:
        random.Random(0).shuffle(pairs)
    path = folder / "words.tsv"
    export(replace(words, pairs=tuple(pairs)), path)
    how = {"lexicon": str(path), "placebo": 0, "twin": "none", "confirm": False, "batch_size": way.batch_size}
    with _threads(way.threads), _kept(folder / "states" if way.kept else None):
        for _ in range(1 + way.kept):
            report = tli_bench.score(loaded, ADAPTER, pairs=PAIR, **how)
        (record,) = report.records
        return Read(_vectors(loaded, words, pairs, way), record)


def _vectors(loaded: LoadedModel, words: Lexicon, pairs: list[Any], way: Way) -> dict[str, torch.Tensor]:
    protocol, found = get_protocol("words"), {}
    model, _ = attach_adapter(loaded, inspect_adapter(ADAPTER))
    try:
        backend = Backend(model, loaded.tokenizer, batch_size=way.batch_size)
        for state in ("base", "adapted"):
            texts = {}
            for language, asked in (
                (words.source_language, [pair.source for pair in pairs]),
                (words.target_language, [pair.target for pair in pairs]),
            ):
                answer = backend.states(asked, framing(protocol, language.code), (protocol.pooling,), state=state)
                texts |= {(language.code, text): answer.texts[text].vectors[protocol.pooling] for text in asked}
            found[state] = torch.stack([texts[key] for key in sorted(texts)])
    finally:
        detach_adapter(model, loaded)
    return found


def differences(plain: Read, other: Read) -> dict[str, float]:
    """The largest difference of each kind between two readings of the same words."""
    vectors = max(
        float(((other.vectors[state] - mine).norm(dim=-1) / mine.norm(dim=-1)).max())
        for state, mine in plain.vectors.items()
    )
    return {"vectors": vectors, **_scores_apart(plain.record, other.record)}


def _scores_apart(plain: RunRecord, other: RunRecord) -> dict[str, float]:
    moved = {"headline": 0.0, "scores": 0.0, "hubs": 0.0}
    for name, mine, theirs in _values(plain, other):
        kind = "headline" if name == HEADLINE else "hubs" if name in HUBS else "scores"
        moved[kind] = max(moved[kind], _apart(mine, theirs))
    return moved


def _apart(mine: float, theirs: float) -> float:
    return abs(mine - theirs) / max(1.0, abs(mine))


def _values(one: RunRecord, other: RunRecord) -> Iterator[tuple[str, float, float]]:
    """Each value of a curve in two records, by its measure; raises ValueError where one has a value and the other has none."""
    for split, states in one.curves.items():
        for state, curves in states.items():
            for name, curve in curves.items():
                for mine, theirs in zip(curve, other.curves[split][state][name], strict=True):
                    if (mine is None) != (theirs is None):
                        raise ValueError(f"{name} of {state}, {split}: {mine} and {theirs}")
                    if mine is not None and theirs is not None:
                        yield name, mine, theirs


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _kept(folder: Path | None) -> Iterator[None]:
    if folder is None:
        yield
        return
    os.environ["TLI_BENCH_CACHE"] = str(folder)
    try:
        yield
    finally:
        del os.environ["TLI_BENCH_CACHE"]


def train_ways(folder: Path) -> Iterator[Moved]:
    """What each way of training moves."""
    plain = _trained(folder / "plain")
    yield _moved("the same again", plain, _trained(folder / "again"))
    yield _moved("two threads", plain, _trained(folder / "threads", threads=2))
    with suppress(KeyboardInterrupt):
        _trained(folder / "stopped", stop_at=5)
    yield _moved("stopped, then given again", plain, _trained(folder / "stopped"))
    recipe = {**RECIPE, "dropout": 0.0}  # whose random numbers are each process's own
    one = _trained(folder / "one", recipe={**recipe, "gradient_accumulation": 2})
    yield _moved("two processes (torchrun), against batches twice a step", one, _by_two(folder / "two", recipe))


def _trained(
    output: Path, *, recipe: Mapping[str, Any] = RECIPE, threads: int = 1, stop_at: int | None = None
) -> dict[str, torch.Tensor]:
    def stop(progress: Any) -> None:
        if progress.step == stop_at:
            raise KeyboardInterrupt

    with _threads(threads), quiet():
        train_adapter("tiny", PAIR, load_recipe(_recipe_file(output, recipe)), output, progress=stop)
    return load_file(output / WEIGHTS)


def _by_two(output: Path, recipe: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    _torchrun("train", "--pair", PAIR, "--recipe", _recipe_file(output, recipe), "--output", output)
    return load_file(output / WEIGHTS)


def _run_by_two(folder: Path) -> RunRecord:
    """The record of the words that `_read` has just read, from the command."""
    options = ("--placebo", "0", "--twin", "none", "--no-confirm", "--output", folder / "runs")
    _torchrun("run", "--pairs", PAIR, "--lexicon", folder / "words.tsv", "--adapter", ADAPTER, *options)
    (record,) = RecordStore(folder / "runs")
    return record


def _torchrun(*command: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "-m", "tli_bench", *command],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
    )
    if done.returncode:
        raise SystemExit(f"torchrun ended with status {done.returncode}: {done.stderr[-2000:]}")


def _recipe_file(output: Path, recipe: Mapping[str, Any]) -> str:
    path = output.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(dict(recipe)))
    return str(path)


def _moved(way: str, one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> Moved:
    if one.keys() != other.keys():
        raise ValueError(f"{way}: other weights, {sorted(one.keys() ^ other.keys())}")
    return Moved("training", way, {"weights": max(float((one[key] - other[key]).abs().max()) for key in one)})


def main() -> int:
    """Exit status 1 when something moved by more than its bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, metavar="N", help="the first N concepts alone")
    parser.add_argument("--only", choices=("words", "run", "tasks", "training"))
    parser.add_argument(
        "--write", action="store_true", help="put what was found into determinism.json, where other kinds stay"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    kinds: dict[str, Callable[[Path], Iterator[Moved]]] = {
        "words": lambda folder: word_ways(folder, limit=options.limit),
        "run": lambda folder: run_ways(folder, limit=options.limit),
        "tasks": lambda folder: task_ways(),
        "training": train_ways,
    }
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, ways in kinds.items():
            for one in ways(Path(folder)) if options.only in (None, kind) else ():
                shown = ", ".join(f"{name} {value:.1e}" for name, value in one.moved.items())
                print(f"{kind}, {one.way}: {shown}{'' if not one.beyond else f'; too much: {one.beyond}'}", flush=True)
                found.append(one)
    if options.write:
        kept = json.loads(MOVED.read_text())["found"] if options.only else []
        kept = [one for one in kept if one["what"] != options.only]
        rows = sorted([*kept, *map(asdict, found)], key=lambda one: [*kinds].index(one["what"]))
        write_json(MOVED, {"bounds": BOUNDS, "found": rows})
    return int(any(one.beyond for one in found))


if __name__ == "__main__":
    sys.exit(main())
