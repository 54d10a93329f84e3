"""What `score` gives back: records, and the ways to look at them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tli_bench.api.records import COLUMNS, score_rows
from tli_bench.base.errors import InputError
from tli_bench.config.facts import flags_of
from tli_bench.config.run import RunConfig
from tli_bench.lexicon.pairs import Split
from tli_bench.measures.registry import get_measure
from tli_bench.measures.roles import HEADLINE
from tli_bench.models.identity import BEFORE_AFTER, State
from tli_bench.records.schema import DownstreamRecord, RunRecord
from tli_bench.records.scores import OUTPUT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from tli_bench.evaluate.overall import Overall
    from tli_bench.report.terminal.shown import Shown


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """The scores of a run.

    config: every option with its resolved value, enough to do the run again. records: one for each pair and protocol.
    downstream: one for each other task. results: everything in lm-eval's layout.
    """

    config: RunConfig
    records: tuple[RunRecord, ...]
    downstream: tuple[DownstreamRecord, ...] = ()
    results: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The model, and its adapter where there is one."""
        first = (self.records or self.downstream)[0]
        signature = first.signature if isinstance(first, RunRecord) else first
        return signature.model + (f" + {signature.adapter.name}" if signature.adapter else "")

    @property
    def base(self) -> "StateOf":
        """The scores without the adapter, for `compare`."""
        return StateOf(self, "base")

    @property
    def adapted(self) -> "StateOf":
        """The scores with the adapter, for `compare`."""
        return StateOf(self, "adapted")

    @property
    def overall(self) -> "list[Overall]":
        """What may be said over all pairs together; empty where no two of them were scored alike."""
        from tli_bench.evaluate.overall import overall

        return overall(self.records)

    def table(self) -> "Shown":
        """What `tli-bench run` prints: a block for each pair, and one line for each where there are several."""
        from tli_bench.report.terminal.shown import shown_run

        return shown_run(self.records, dict(self.results))

    def to_pandas(self) -> "pd.DataFrame":
        """Every score as one row: task, pair, protocol, split, state, layer, measure, value (NaN where unscored).

        Layers are in the model's order. Downstream tasks are in `downstream`, since their metrics have no layers.
        """
        import pandas as pd

        return pd.DataFrame(score_rows(self.records), columns=list(COLUMNS)).astype({"value": float})

    def plot(self, measure: str = HEADLINE, *, pair: str | None = None, split: str = "control") -> "Figure":
        """One measure by layer, before and after the adapter, for one pair (the first one unless it is named).

        Raises InputError for a pair that was not scored, ResultError for a measure that has no curve.
        """
        from tli_bench.languages import pair_id, resolve_pair
        from tli_bench.report.plots import draw_layer_curves

        wanted = None if pair is None else pair_id(*resolve_pair(pair))
        found = [record for record in self.records if wanted in (None, record.pair)]
        if not found:
            scored = ", ".join(dict.fromkeys(record.pair for record in self.records))
            raise InputError(f"pair {pair!r} is not in this report; it has {scored or 'no pairs'}")
        figure: Figure = draw_layer_curves(found[0], measure=measure, split=Split(split))
        return figure

    def save(self, folder: str | Path) -> Path:
        """Write records, results and run.yaml as `tli-bench run --output` does, and give the folder; raises OutputError."""
        from tli_bench.base.locks import writing_into
        from tli_bench.plugin.results import write_run
        from tli_bench.records import RecordStore
        from tli_bench.records.downstream import write_downstream

        root = Path(folder)
        store = RecordStore(root)
        with writing_into(root, "score"):
            for record in self.records:
                store.write(record)
            for other in self.downstream:
                write_downstream(root, other)
            write_run(self.config, self.results, self.records, root)
        return root

    def __repr__(self) -> str:
        lines = [f"Report: {self.name}, {len(self.records)} of word pairs, {len(self.downstream)} other tasks"]
        lines += [f"  {_line(record)}" for record in self.records[:10]]
        hidden = len(self.records) - 10
        return "\n".join([*lines, *([f"  and {hidden} more; see .table()"] if hidden > 0 else [])])


@dataclass(frozen=True, slots=True)
class StateOf:
    """One state of a report, as one side of a comparison."""

    report: Report
    state: State


def _line(record: RunRecord) -> str:
    """Pair, protocol, and the headline of the control words at the output."""
    measure = get_measure(HEADLINE)
    states = [state for state in BEFORE_AFTER if state in record.curves[record.split]]
    values = " → ".join(measure.shown(record.value(HEADLINE, record.split, state, OUTPUT)) for state in states)
    flags = flags_of(record.signature)
    marks = f"  [{', '.join(flags)}]" if flags else ""
    return (
        f"{record.pair} {record.signature.protocol}: {record.split.value} {measure.label} {values} at the output{marks}"
    )
