"""Outcomes of the sanity gate, kept in the user's cache: a model in the same state passes once. A failure is never kept."""

import json
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from tli_bench.base.errors import OutputError
from tli_bench.base.files import keep_text
from tli_bench.base.jsons import read_json
from tli_bench.base.paths import cache_dir
from tli_bench.base.versions import package_versions
from tli_bench.models import gate
from tli_bench.models.body import unwrapped
from tli_bench.models.gate import GateReport
from tli_bench.models.live import whole_fingerprint
from tli_bench.models.load import LoadedModel


def require_sane_once(loaded: LoadedModel) -> GateReport | None:
    """As `require_sane`, unless a model with the same weights, adapter, head, tokenizer and dtype passed the same gate before.

    What is compared is what is in memory, so a model that was changed since it was read is asked again; so is one whose code comes from
    anywhere but transformers. Raises as `require_sane` does.
    """
    place = _place(loaded)
    if place is None:
        return gate.require_sane(loaded)
    with suppress(OSError, ValueError, TypeError, KeyError):  # not kept, or damaged: it is asked again
        kept = read_json(place)["passed"]
        report = None if kept is None else GateReport(**kept)
        if report is None or report.passed:
            return report
    report = gate.require_sane(loaded)
    with suppress(OutputError):  # then it is asked again next time
        keep_text(place, json.dumps({"passed": None if report is None else asdict(report)}))
    return report


def _place(loaded: LoadedModel) -> Path | None:
    if not type(unwrapped(loaded.model)).__module__.startswith("transformers.models."):
        return None
    # The device in full: kernels differ between cards, and so may what overflows.
    facts = [gate.VERSION, package_versions(), gate.sentences_for(loaded), str(loaded.model.device), loaded.device]
    state = whole_fingerprint(loaded.model, loaded.tokenizer)
    digest = sha256(json.dumps([*facts, state], sort_keys=True).encode()).hexdigest()
    return cache_dir() / "gates" / f"{digest}.json"
