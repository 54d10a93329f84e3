"""Control against audit words: a row whose control words score better than words that nothing was chosen on may be fitted to them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tli_bench.base.errors import ResultError, UnscorableError
from tli_bench.base.wording import visible
from tli_bench.lexicon.core import AUDIT_NAME
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import State
from tli_bench.records.contender import display_name, weights_of
from tli_bench.records.schema import Record, RunRecord, Signature
from tli_bench.records.scores import BEST
from tli_bench.stats.arrays import Floats
from tli_bench.stats.pseudo import Estimate, clustered, two_sample

MEANING = (
    "Control exceeds audit by more than chance: recipe, prompt or settings may have been fitted to the control words, unless the "
    "untrained base has the same gap; the audit value is the better guess for new words."
)
"""What the flag of a row says."""


@dataclass(frozen=True, slots=True)
class Side:
    """The headline of one language pair on control or audit words.

    layer: where it was read, chosen on the dev words; dev: those words, concept, source, target; concepts, values: the pseudo-value
    of each concept `[n]`.
    """

    layer: str
    dev: frozenset[tuple[str, str, str]]
    concepts: Sequence[str]
    values: Floats


@dataclass(frozen=True, slots=True)
class Gap:
    """The headline of control and of audit words, means over `pairs` language pairs, and control minus audit."""

    pairs: int
    control: float
    audit: float
    difference: Estimate

    @property
    def exceeds(self) -> bool:
        """Whether control exceeds audit by more than chance: the whole 95 % interval lies above 0."""
        return self.difference.low is not None and self.difference.low > 0


def audited(lexicon: str) -> str | None:
    """What a signature calls the audit words of the lexicon that it calls `lexicon`; None for a list without audit words."""
    name, _, version = lexicon.partition(" ")
    return f"{AUDIT_NAME} {version}" if name == "core" and version and " " not in version else None


def control_minus_audit(
    control: Mapping[str, Side], audit: Mapping[str, Side], *, weights: Mapping[str, float] | None = None
) -> Gap:
    """Compare the headline of control and audit words, both by language pair, as samples of different concepts.

    A concept counts once, however many pairs it is in. weights: of each pair in the means, all alike where there are none. Raises
    ResultError unless both sides have the same pairs, chose their layers on the same dev words and chose the same ones;
    UnscorableError without a pair.
    """
    if odd := sorted(control.keys() ^ audit.keys()):
        raise ResultError(f"{odd[0]} has no {'audit' if odd[0] in control else 'control'} words scored")
    for pair, ours in control.items():
        theirs = audit[pair]
        if ours.dev != theirs.dev:
            raise ResultError(f"{pair}: control and audit were read at layers that other dev words chose")
        if ours.layer != theirs.layer:
            raise ResultError(
                f"{pair}: control was read at layer {ours.layer}, audit at {theirs.layer}; run both again"
            )
    x, y = (_over_pairs(sides, weights) for sides in (control, audit))
    return Gap(len(control), float(x.mean()), float(y.mean()), two_sample(x, y))


def _over_pairs(sides: Mapping[str, Side], weights: Mapping[str, float] | None) -> Floats:
    shares = [weights[pair] for pair in sides] if weights else []
    _, phi = clustered(
        [side.values for side in sides.values()], [side.concepts for side in sides.values()], weights=shares
    )
    return phi


def side_of(record: RunRecord, state: State) -> Side:
    """The headline of a record's control words, or of the audit words in their place; raises ResultError without one."""
    layer = record.layer(BEST, state)
    column, words = record.pseudo_column(HEADLINE, Split.CONTROL, state, layer), record.words.get(Split.CONTROL)
    if column is None or words is None or column.size == 0 or column.sum() != column.sum():
        raise ResultError(f"{record.pair}: no {get_measure(HEADLINE).label} of every word")
    return Side(layer, dev_words(record), words.concepts, column)


def dev_words(record: RunRecord) -> frozenset[tuple[str, str, str]]:
    """The words that chose the layer: concept, source, target."""
    return frozenset(record.words[Split.DEV].triples()) if Split.DEV in record.words else frozenset()


def gap_of(records: Iterable[RunRecord]) -> Gap:
    """Control minus audit of one contender under one protocol, of its adapter where it has one.

    records: of its control and audit words, one of each for a pair. Raises as `control_minus_audit` and `side_of` do.
    """
    sides: tuple[dict[str, Side], dict[str, Side]] = ({}, {})
    for record in records:
        sides[record.signature.audit][record.pair] = side_of(record, "adapted" if record.signature.adapter else "base")
    return control_minus_audit(*sides)


def contender_of(signature: Signature) -> tuple[str, ...]:
    """What all control and audit records of one contender share: the same weights at the same precision, on as many words."""
    adapter = signature.adapter.sha256 if signature.adapter else ""
    words = (signature.measures, str(signature.split_seed), str(signature.limit))
    return (*weights_of(signature), adapter, signature.dtype, signature.quantization or "", *words)


def is_audited(records: Iterable[Record]) -> bool:
    """Whether every record of control words of the core lexicon has its record of audit words, and there is one at all."""
    units: tuple[set[tuple[str, ...]], set[tuple[str, ...]]] = (set(), set())
    for record in records:
        if isinstance(record, RunRecord) and is_row(record):
            units[record.signature.audit].add(unit_of(record))
    return bool(units[0]) and units[0] <= units[1]


def is_row(record: RunRecord) -> bool:
    """Whether a record can be a row of a board on the core lexicon, or the audit of one."""
    if record.kind != "tli_alignment":
        return False
    return record.signature.audit or audited(record.signature.lexicon) is not None


def unit_of(record: RunRecord) -> tuple[str, ...]:
    """What a record of control words and that of the same row's audit words share."""
    return (*contender_of(record.signature), record.signature.protocol, record.pair)


def gaps(records: Iterable[RunRecord]) -> Iterator[str]:
    """One sentence for each contender and protocol that has records of audit words, or why the two cannot be compared."""
    rows: dict[tuple[str, ...], list[RunRecord]] = {}
    for record in records:
        rows.setdefault((*contender_of(record.signature), record.signature.protocol), []).append(record)
    for row in rows.values():
        if any(record.signature.audit for record in row):
            signature = row[0].signature
            trained = signature.adapter or signature.training
            name = visible(
                f"{display_name(signature.model)}, {trained.name if trained else 'base'}, {signature.protocol}",
                limit=160,
            )
            try:
                yield in_words(name, gap_of(row))
            except (ResultError, UnscorableError) as err:
                yield f"{name}: control and audit words cannot be compared: {err}"


def in_words(name: str, gap: Gap) -> str:
    """One sentence that shows control and audit side by side."""
    found, over = gap.difference, f", mean over {gap.pairs} pairs" if gap.pairs > 1 else ""
    told = f"{name}: {get_measure(HEADLINE).label} of control words {gap.control:.3f}, of audit words {gap.audit:.3f}{over}"
    if found.low is None or found.high is None:
        return f"{told}; too few words to say whether they differ."
    interval = f"control minus audit {found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]".replace("-", "−")
    return f"{told}; {interval}. {MEANING}" if gap.exceeds else f"{told}; {interval}: no more than chance."
