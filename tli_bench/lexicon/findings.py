"""What the doctor reports: findings, and the report that holds them."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tli_bench.lexicon.tokens import TokenCount

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    kind: `leak-form`, `leak-variant`, `leak-stem`, `near-leak`, `shared-root`, `root-across`, `wrong-script`, `unusual-character`,
    `multi-word`, `duplicate`, `homograph`, `many-to-one`, `identical`, `near-identical` or `unbalanced-split`.
    language: the code of the language or pair it concerns, empty for the whole list.
    """

    kind: str
    severity: Severity
    language: str
    concepts: tuple[str, ...]
    forms: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Report:
    """All findings about one lexicon.

    tokens: for each language code, how a tokenizer cuts the preferred forms; empty without a tokenizer.
    """

    name: str
    n: int
    findings: tuple[Finding, ...]
    tokens: dict[str, TokenCount] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether the lexicon must not be scored: it leaks, or has words in the wrong script."""
        return any(finding.severity == "error" for finding in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """Number of findings of each kind."""
        return dict(sorted(Counter(finding.kind for finding in self.findings).items()))

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity == severity)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        return {
            "name": self.name,
            "n": self.n,
            "failed": self.failed,
            "counts": self.counts,
            "findings": [asdict(finding) for finding in self.findings],
            "tokens": {code: asdict(count) for code, count in self.tokens.items()},
        }
