"""Scores of other tasks, joined to the entry that was scored and to the scopes whose languages they test."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from tli_bench.languages import Language
from tli_bench.leaderboard.columns import DOWNSTREAM, Downstream
from tli_bench.leaderboard.entries import Entry
from tli_bench.leaderboard.scopes import Scope, languages_of
from tli_bench.results import TaskScore

Joined = dict[str, float | None]


class DownstreamScores:
    """Looks up downstream columns. scores: of any tasks; those that no column names are passed over."""

    def __init__(self, scores: Iterable[TaskScore]) -> None:
        self._by_who: dict[tuple[str, str, str], list[TaskScore]] = defaultdict(list)
        for score in scores:
            # A limited run is a trial: it may not stand beside full ones.
            if score.value is not None and score.limit is None:
                adapter = score.adapter_sha256 if score.revision else _name(score.adapter)
                self._by_who[score.model, score.revision or "", adapter or ""].append(score)

    def of(self, entry: Entry, scope: Scope) -> Joined:
        """Column id to mean over the scope's tasks, for the columns that have one.

        Our own downstream records are joined by revision and hash; lm-eval's files, which say less, by names.
        """
        adapter, key = entry.signature.adapter, entry.key
        scores = [
            *self._by_who.get((key.model, key.revision, key.adapter), []),
            *self._by_who.get((key.model, "", adapter.name if adapter else ""), []),
        ]
        if not scores:
            return {}
        spoken = {lang for pair in scope.pairs for lang in languages_of(pair) if lang.family != "english"}
        return {d.column.id: value for d in DOWNSTREAM if (value := _mean(d, scores, spoken)) is not None}


def _mean(column: Downstream, scores: list[TaskScore], spoken: set[Language]) -> float | None:
    values: dict[str, float] = {}
    for metric in column.metrics:
        for score in scores:
            fits = column.names(score.task) and score.metric == metric and score.task not in values
            if fits and score.value is not None and (column.every_scope or _tests(score.task, spoken)):
                values[score.task] = score.value
    return sum(values.values()) / len(values) if values else None


def _tests(task: str, spoken: set[Language]) -> bool:
    """Whether a language is named in a task: by code (`tli_xquad_tur_Latn`) or by an alias as a part (`xquad_tr`)."""
    parts = set(task.lower().replace("-", "_").split("_"))
    return any(lang.iso in parts or parts & set(lang.aliases) for lang in spoken)


def _name(adapter: str | None) -> str:
    return PurePosixPath(adapter.replace("\\", "/")).name if adapter else ""
