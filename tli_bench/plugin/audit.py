"""The audit words of a finished run: the same models, adapters and pairs, scored once more with the sealed words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tli_bench.base.errors import ResultError
from tli_bench.config.run import RunConfig
from tli_bench.config.saved import RECIPE_FILE, read_config
from tli_bench.languages import resolve_pair
from tli_bench.lexicon import Core
from tli_bench.lexicon.pairs import Split
from tli_bench.measures import MEASURES_VERSION
from tli_bench.models.identity import MeasuredModel
from tli_bench.records.audit import contender_of, is_row, unit_of
from tli_bench.records.schema import Record, RunRecord, Signature

AUDIT_FOLDER = "audit"
"""Where the records of audit words are, under the folder of the run."""
_SAME = ("model", "revision", "adapter", "dtype", "quantization")


@dataclass(frozen=True, slots=True)
class Pending:
    """What is to be scored. config: as `tli_bench.plugin.scoring` takes it; like: a record of the same contender."""

    config: RunConfig
    like: RunRecord


def pending(run: Path, records: Sequence[RunRecord], core: Core) -> list[Pending]:
    """The contenders of a run whose audit words are still to be scored, none where the core has no audit words.

    records: of the run's control and audit words. Raises ResultError for records of other words than `core` has, and for records that do
    not say how they were made.
    """
    if Split.AUDIT not in core.splits.values():
        return []
    groups: dict[tuple[object, ...], list[RunRecord]] = {}
    done: set[tuple[str, ...]] = set()
    for record in records:
        if not is_row(record):
            continue
        if not record.signature.audit:
            _require_current(record, core)
            # Protocols of one recipe are scored together.
            asked = (record.recipe or {}).get("protocol")
            groups.setdefault((*contender_of(record.signature), asked), []).append(record)
        elif _is_current(record.signature, core):
            done.add(unit_of(record))
    missing = {key: [r for r in members if unit_of(r) not in done] for key, members in groups.items()}
    return [Pending(_config(run, left), left[0]) for left in missing.values() if left]


def without_stale(records: Sequence[Record], core: Core) -> list[Record]:
    """All but the records of audit words that `core` no longer has."""
    return [
        r for r in records if not (isinstance(r, RunRecord) and r.signature.audit) or _is_current(r.signature, core)
    ]


def require_same(ours: Signature, now: MeasuredModel) -> None:
    """Raise ResultError when the model that was loaded is not the one that the control words were scored with."""
    loaded = {"model": now.id, **{name: getattr(now, name) for name in _SAME[1:]}}
    for name in _SAME:
        old, new = getattr(ours, name), loaded[name]
        if name == "adapter":
            old, new = (part.sha256 if part else None for part in (old, new))
        if old != new:
            raise ResultError(
                f"the audit words must be scored with what the control words were scored with, but {name} was {old!r} and is {new!r} "
                "now; run the control words again, or give --no-audit"
            )


def _is_current(signature: Signature, core: Core) -> bool:
    if signature.audit and Split.AUDIT not in core.splits.values():
        return False
    words = core.lexicon(*resolve_pair(signature.pair), seed=signature.split_seed, audit=signature.audit)
    return signature.lexicon_hash == words.content_hash


def _require_current(record: RunRecord, core: Core) -> None:
    if record.signature.measures != MEASURES_VERSION:
        raise ResultError(
            f"the control words of {record.pair} were scored by measures of version {record.signature.measures}, but this is version "
            f"{MEASURES_VERSION}; run them again, or give --no-audit"
        )
    if not _is_current(record.signature, core):
        raise ResultError(
            f"the control words of {record.pair} are those of {record.signature.lexicon}, but this is core {core.version}, whose audit "
            "words belong to other control words; run them again, or give --no-audit"
        )


def _config(run: Path, left: Sequence[RunRecord]) -> RunConfig:
    """The recipe of a contender's records, for their pairs and the audit words alone: what boards do not show is not computed."""
    recipe = left[0].recipe
    if recipe is None and (run / RECIPE_FILE).is_file():
        recipe = read_config(run / RECIPE_FILE)
    if recipe is None or not run.is_dir():
        raise ResultError(
            f"{run} has no {RECIPE_FILE}, and its records do not say how they were made, so their audit words cannot be scored; give "
            "the folder that `tli-bench run --output` wrote, or --no-audit"
        )
    made = RunConfig.build(recipe | {"tasks": (), "pairs": ()})
    bare = replace(made, twin="none", placebo=0, confirm=False, measures=("default",), shown=())
    return replace(
        bare, audit=True, pairs=tuple(dict.fromkeys(record.pair for record in left)), output=run / AUDIT_FOLDER
    )
