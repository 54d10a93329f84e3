"""Real models whose public facts ship with tli-bench: size, licence, gating and architecture, for listing and planning offline."""

from functools import cache
from pathlib import Path
from typing import Any

from tli_bench.base.frozen import Frozen
from tli_bench.base.yamls import load_yaml

UNKNOWN = "unknown"


class Known(Frozen):
    """Facts of a model on the Hub; None is what nobody stated. config: its architecture, as `config.json` names things.

    gated: whether the Hub asks for agreement before it hands out files.
    """

    id: str
    parameters: int | None = None
    licence: str = UNKNOWN
    gated: bool | None = None
    note: str = ""
    config: dict[str, Any] | None = None

    def line(self) -> str:
        """Size, licence, gating and need as one line of text."""
        size = f"{self.parameters / 1e9:.2f} B" if self.parameters else "size unknown"
        need = f"{self.parameters * 2 / 1e9:.1f} GB of weights in bfloat16" if self.parameters else "need unknown"
        gated = {None: "gating unknown", True: "gated", False: "open"}[self.gated]
        licence = "licence unknown" if self.licence == UNKNOWN else f"licence {self.licence}"
        return "; ".join(part for part in (f"{size}, {need}", licence, gated, self.note) if part)


@cache
def known_models() -> dict[str, Known]:
    """Every model of `known.yaml` by its Hub id."""
    data = load_yaml(Path(__file__).with_name("known.yaml"))
    rows = [Known.model_validate(row) for row in data["models"]]
    return {row.id: row for row in rows}
