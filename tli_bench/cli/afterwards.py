"""What `tli-bench run` does with results that are there: samples, trackers, the Hub."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tli_bench.records.schema import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Afterwards:
    """log_samples: write words and documents one by one. trackers: arguments of each one asked for. hub_repo: where to push."""

    log_samples: bool = False
    trackers: dict[str, dict[str, Any]] = field(default_factory=dict)
    hub_repo: str | None = None

    @classmethod
    def asked(cls, hub_repo: str | None, *, log_samples: bool, **trackers: str | None) -> "Afterwards":
        """From the command line; what cannot be done is refused before anything runs: InputError."""
        from tli_bench.models.upload import require_hub_id
        from tli_bench.plugin.trackers import tracker_arguments

        if hub_repo is not None:
            require_hub_id(hub_repo)
        found = {name: tracker_arguments(name, text) for name, text in trackers.items() if text is not None}
        return cls(log_samples=log_samples, trackers=found, hub_repo=hub_repo)

    def do(
        self,
        output: Path,
        results: Path,
        *,
        told: Mapping[str, Any],
        records: "Sequence[RunRecord]",
        documents: Mapping[str, list[dict[str, Any]]],
    ) -> Iterator[str]:
        """Do it, and say what was done, a line each. results: the file; told: what it says; documents: samples of other tasks."""
        from tli_bench.base.errors import ResultError
        from tli_bench.plugin.results import tidy, write_samples
        from tli_bench.records.samples import samples

        words: dict[str, list[dict[str, Any]]] = {}
        for record in records if self.log_samples else ():  # one for each protocol of a task
            try:
                rows = list(samples(record))
            except ResultError as err:
                yield f"no samples: {err}"
            else:
                words.setdefault(record.task, []).extend(rows)
        if self.log_samples:
            kept = sorted({*told["n-samples"]} - {record.task for record in records} - documents.keys())
            if kept:
                yield f"no samples: records keep no answers of {', '.join(kept)}, already done; --overwrite asks again"
            for path in write_samples(output, results, {**words, **documents}):
                yield f"samples in {path}"
        for name, arguments in self.trackers.items():
            from tli_bench.plugin.trackers import track

            track(name, arguments, tidy(told), {**words, **documents})
            yield f"results sent to {name}"
        if self.hub_repo is not None:
            from tli_bench.models.upload import push
            from tli_bench.records.publish import plan_results

            yield f"pushed to {push(plan_results(output, self.hub_repo))}"
