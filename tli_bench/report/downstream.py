"""Scores of other tasks, joined to the entry that was scored and to the scopes whose languages they test."""

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from statistics import fmean

from tli_bench.config.facts import asked_text
from tli_bench.languages import Language
from tli_bench.models.fingerprint import is_fingerprint
from tli_bench.records import TaskScore
from tli_bench.report.columns import DOWNSTREAM, Downstream
from tli_bench.report.entries import Entry
from tli_bench.report.scopes import Scope, languages_of

log = logging.getLogger(__name__)
Joined = dict[str, float | None]
_USUAL = "no chat template, examples or system prompt, by transformers"
_PAIR = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}-[a-z]{3}_[A-Z][a-z]{3}")
# A task at one version: another version asks other questions.
_Tasks = dict[tuple[str, str], float]
# How the model was asked, and for how many documents where that is known.
_Way = tuple[str, int | None]


class DownstreamScores:
    """Looks up downstream columns. scores: of any tasks; those that no column names are ignored."""

    def __init__(self, scores: Iterable[TaskScore]) -> None:
        self._by_who: dict[tuple[str, str, str], list[TaskScore]] = defaultdict(list)
        self._told: set[str] = set()
        for score in scores:
            # A limited run is a trial: it may not be listed with full ones.
            if score.value is not None and score.limit is None:
                adapter = score.adapter_sha256 if score.revision else _name(score.adapter)
                model = "" if is_fingerprint(score.revision or "") else score.model
                self._by_who[model, score.revision or "", adapter or ""].append(score)

    def of(self, entries: Sequence[Entry], scope: Scope) -> list[Joined]:
        """By entry, column id to mean over the scope's tasks, for the columns that have one.

        All values of a column are means over the same tasks: those that most entries were scored on, asked in the same way for as
        many documents. An entry without one of them has no value. Our own downstream records are joined by revision, hash and
        precision; lm-eval's files, which say less, by names.
        """
        found: list[Joined] = [{} for _ in entries]
        if not self._by_who:
            return found
        scores = [self._scores(entry) for entry in entries]
        self._tell(self._alone(entries))
        for column in DOWNSTREAM:
            tasks, left_out = _asked_alike([_tasks(column, own, scope) for own in scores])
            self._tell(left_out)
            wanted = _most(tasks)
            for joined, own in zip(found, tasks, strict=True):
                if wanted and wanted <= own.keys():
                    joined[column.column.id] = fmean(own[task] for task in sorted(wanted))
        return found

    def _tell(self, left_out: Iterable[str]) -> None:
        for said in left_out:
            if said not in self._told:
                self._told.add(said)
                log.warning(said)

    def _scores(self, entry: Entry) -> list[TaskScore]:
        adapter, key = entry.signature.adapter, entry.key
        names = dict.fromkeys((key.model, entry.signature.model))
        return [
            *(score for score in self._of(entry) if _precision(score) in (None, (key.dtype, key.quantization))),
            *(score for name in names for score in self._by_who.get((name, "", adapter.name if adapter else ""), [])),
        ]

    def _of(self, entry: Entry) -> list[TaskScore]:
        """What our own records say of the same weights, at any precision."""
        return self._by_who.get(_who(entry), [])

    def _alone(self, entries: Sequence[Entry]) -> list[str]:
        """A sentence about each task and precision at which no words of the same weights were scored."""
        there = {(*_who(entry), entry.key.dtype, entry.key.quantization) for entry in entries}
        said = {
            f"scores of {score.task} by {entry.key.model} at {' '.join(filter(None, precision))} are left out, since it scored no "
            "words at that precision; score both at the same"
            for entry in entries
            for score in self._of(entry)
            if (precision := _precision(score)) and (*_who(entry), *precision) not in there
        }
        return sorted(said)


def _who(entry: Entry) -> tuple[str, str, str]:
    key = entry.key.nameless
    return key.model, key.revision, key.adapter


def _precision(score: TaskScore) -> tuple[str, str] | None:
    return None if score.dtype is None else (score.dtype, score.quantization or "")


def _tasks(column: Downstream, scores: Sequence[TaskScore], scope: Scope) -> dict[tuple[str, str, _Way], float]:
    """Scores of one entry on the column's tasks in a scope, each by the first metric that it has and by how it was asked."""
    values: dict[tuple[str, str, _Way], float] = {}
    for metric in column.metrics:
        for score in scores:
            task = (score.task, score.version or "", (asked_text(score), score.n))
            fits = column.names(score.task) and score.metric == metric and task not in values
            if fits and score.value is not None and (column.every_scope or _tests(score.task, scope)):
                values[task] = score.value
    return values


def _asked_alike(tasks: Sequence[dict[tuple[str, str, _Way], float]]) -> tuple[list[_Tasks], list[str]]:
    """By entry, its scores on the tasks as most entries were asked them; and a sentence about each way that is left out."""
    ways: dict[tuple[str, str], Counter[_Way]] = defaultdict(Counter)
    for name, version, asked in (task for own in tasks for task in own):
        ways[name, version][asked] += 1
    shown = {task: max(sorted(found, key=_order), key=found.__getitem__) for task, found in ways.items()}
    left_out = [
        f"scores of {name} with {_said(asked, shown[name, version])} are left out, since as many or more were made with "
        f"{_said(shown[name, version], asked)}; score all with the same"
        for (name, version), found in ways.items()
        for asked in sorted(found.keys() - {shown[name, version]}, key=_order)
    ]
    kept = [
        {(name, version): value for (name, version, asked), value in own.items() if shown[name, version] == asked}
        for own in tasks
    ]
    return kept, left_out


def _order(way: _Way) -> tuple[str, int]:
    """Of ways that as many entries have: the plainest, with the most documents."""
    return way[0], -(way[1] or 0)


def _said(way: _Way, other: _Way) -> str:
    """A way as a text: how the model was asked, unless that is the same in the other, and for how many documents if they differ."""
    count = "an unknown number of documents" if way[1] is None else f"{way[1]} documents"
    parts = ([way[0] or _USUAL] if way[0] != other[0] else []) + ([count] if way[1] != other[1] else [])
    return " and ".join(parts)


def _most(tasks: Sequence[_Tasks]) -> frozenset[tuple[str, str]]:
    """The tasks that most entries have in common; of two such sets, the larger."""
    counts = Counter(frozenset(own) for own in tasks if own)
    return max(counts, key=lambda s: (counts[s], len(s), sorted(s)), default=frozenset())


def _tests(task: str, scope: Scope) -> bool:
    """Whether a task is about a scope: a task on a pair by the pair, in either order; any other by a language.

    A language is named by code (`tli_xquad_tur_Latn`) or by an alias that is a part of the name (`xquad_tr`).
    """
    if pair := _PAIR.search(task):
        source, target = pair[0].split("-")
        return bool({pair[0], f"{target}-{source}"} & set(scope.pairs))
    parts = set(task.lower().replace("-", "_").split("_"))
    spoken: set[Language] = {lang for name in scope.pairs for lang in languages_of(name) if not lang.pivot}
    return any(lang.iso in parts or parts & set(lang.called) for lang in spoken)


def _name(adapter: str | None) -> str:
    return PurePosixPath(adapter.replace("\\", "/")).name if adapter else ""
