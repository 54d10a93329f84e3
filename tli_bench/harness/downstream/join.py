"""Does alignment matter? The change of alignment by an adapter against the change of each downstream score."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tli_bench.errors import UnknownNameError, UnscorableError
from tli_bench.harness.downstream.record import DownstreamRecord
from tli_bench.languages import DEFAULT_PAIRS, resolve_language
from tli_bench.schema import RunRecord, Split
from tli_bench.stats.correlation import SpearmanResult, spearman

ENOUGH = 10
"""Points from which a correlation is worth reading; below, the result says that it cannot tell."""
_CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")


@dataclass(frozen=True, slots=True)
class Joined:
    """One downstream score against alignment: a point is a language pair of one model and adapter.

    x: change of the control words' alignment measure at the adapted model's best layer; y: change of the score.
    result: None where it cannot be given; verdict: what may be said, in words.
    """

    kind: str
    metric: str
    labels: tuple[str, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    result: SpearmanResult | None
    verdict: str


def join(
    alignment: Sequence[RunRecord], downstream: Sequence[DownstreamRecord], *, measure: str = "gap", seed: int = 0
) -> list[Joined]:
    """Correlate every downstream score that changed with the change of `measure`, over pairs and adapters.

    Only records of one model, revision and adapter meet; a task of one language meets the pair of it with English.
    """
    changes = {
        _key(r.signature.model, r.signature.revision, r.signature.adapter, r.pair): _change(r, measure)
        for r in alignment
    }
    points: dict[tuple[str, str], list[tuple[str, float, float]]] = {}
    fixtures: set[str] = set()
    for record in downstream:
        pair = pair_of(record.task)
        x = changes.get(_key(record.model, record.revision, record.adapter, pair)) if pair else None
        if pair is None or x is None:
            continue
        kind = kind_of(record.task)
        if record.source.startswith("fixtures:"):
            fixtures.add(kind)
        for metric, after in record.scores.get("adapted", {}).items():
            before = record.scores.get("base", {}).get(metric)
            if metric in record.higher_is_better and after is not None and before is not None:
                adapter = record.adapter.name if record.adapter else ""
                points.setdefault((kind, metric), []).append((f"{pair} {adapter}", x, after - before))
    return [_joined(kind, metric, found, fixtures, seed) for (kind, metric), found in sorted(points.items())]


def _joined(kind: str, metric: str, found: list[tuple[str, float, float]], fixtures: set[str], seed: int) -> Joined:
    labels, x, y = zip(*found, strict=True)
    try:
        result, reason = spearman(x, y, seed=seed), ""
    except UnscorableError as err:
        result, reason = None, str(err)
    if result is None or len(x) < ENOUGH:
        verdict = (
            f"n = {len(x)} is too few to tell (fewer than {ENOUGH})" if len(x) < ENOUGH else f"cannot be told: {reason}"
        )
    elif result.ci is None or result.ci.low <= 0 <= result.ci.high:
        verdict = f"no correlation that n = {len(x)} could tell from none"
    else:
        verdict = f"{'rises' if result.rho > 0 else 'falls'} with alignment (rho {result.rho:+.2f}, n = {len(x)})"
    if kind in fixtures:
        verdict += "; some of it on fixtures, which are no benchmark"
    return Joined(kind, metric, labels, x, y, result, verdict)


def kind_of(task: str) -> str:
    """The task's name without its languages: `tli_bitext`, `tli_xquad_r_sentence`, `tli_xlsum`.

    The two directions of a pair are two kinds, the one against the default pairs' order `..._reversed`: both would meet
    the same change of alignment, and one pair would count twice.
    """
    if task.startswith("tli_xlsum_"):
        return "tli_xlsum_en" if task.endswith("_en") else "tli_xlsum"
    codes = _CODE.findall(task)
    against = len(codes) == 2 and codes[0] != codes[1] and "-".join(reversed(codes)) in DEFAULT_PAIRS
    return _CODE.sub("", task).strip("_-") + (
        "_reversed" if against else "_within" if len(set(codes)) < len(codes) else ""
    )


def pair_of(task: str) -> str | None:
    """The pair that a task's score belongs to, languages sorted; None for a task that names none of our languages."""
    codes = _CODE.findall(task)
    if task.startswith("tli_xlsum_"):
        codes = [_code(task.removeprefix("tli_xlsum_").removesuffix("_en"))]
    languages = {*codes, "eng_Latn"} if len(set(codes)) == 1 else set(codes)
    return "-".join(sorted(languages)) if len(languages) == 2 else None


def _code(name: str) -> str:
    try:
        return resolve_language(name).code
    except UnknownNameError:
        return ""


def _key(model: str, revision: str, adapter: object, pair: str) -> tuple[str, str, str, str]:
    return model, revision, str(getattr(adapter, "sha256", "")), "-".join(sorted(pair.split("-")))


def _change(record: RunRecord, measure: str) -> float | None:
    best = record.best_layer.get("adapted")
    curves = record.curves.get(Split.CONTROL, {})
    if best is None or best not in record.signature.layers:
        return None
    layer = record.signature.layers.index(best)
    after, before = (curves.get(state, {}).get(measure, []) for state in ("adapted", "base"))
    if max(len(after), len(before)) <= layer or not after or not before:
        return None
    a, b = after[layer], before[layer]
    return None if a is None or b is None else a - b
