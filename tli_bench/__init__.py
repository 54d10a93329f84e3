"""tli-bench: the reference benchmark for cross-lingual lexical alignment in language models.

In three lines of Python:

    import tli_bench
    report = tli_bench.score("tiny", adapter="default", pairs="swh-eng")
    report.table(), report.plot(), report.to_pandas(), report.save("runs")

Importing this package loads neither torch nor transformers; the heavy rooms are imported where they are used.
"""

__version__ = "0.1.0"
# As `typing` has it, which takes longer to import than all that the command line needs in order to answer a signal in one line.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from tli_bench.api.comparing import Comparison as Comparison
    from tli_bench.api.comparing import compare as compare
    from tli_bench.api.records import read_records as read_records
    from tli_bench.api.report import Report as Report
    from tli_bench.api.scoring import score as score
    from tli_bench.api.training import train as train
    from tli_bench.api.vectors import word_vectors as word_vectors
    from tli_bench.config.run import RunConfig as RunConfig
    from tli_bench.lexicon import Lexicon as Lexicon
    from tli_bench.lexicon import load_lexicon as load_lexicon
    from tli_bench.lexicon.pairs import WordPair as WordPair
    from tli_bench.models import load_model as load_model
    from tli_bench.records.schema import RunRecord as RunRecord

_FACADE = {
    "Comparison": "tli_bench.api.comparing",
    "compare": "tli_bench.api.comparing",
    "read_records": "tli_bench.api.records",
    "Report": "tli_bench.api.report",
    "score": "tli_bench.api.scoring",
    "train": "tli_bench.api.training",
    "word_vectors": "tli_bench.api.vectors",
    "RunConfig": "tli_bench.config.run",
    "Lexicon": "tli_bench.lexicon",
    "load_lexicon": "tli_bench.lexicon",
    "WordPair": "tli_bench.lexicon.pairs",
    "load_model": "tli_bench.models",
    "RunRecord": "tli_bench.records.schema",
}

__all__ = [
    "Comparison",
    "Lexicon",
    "Report",
    "RunConfig",
    "RunRecord",
    "WordPair",
    "__version__",
    "compare",
    "load_lexicon",
    "load_model",
    "read_records",
    "score",
    "train",
    "word_vectors",
]


def __getattr__(name: str) -> "Any":
    """Import a facade name on first use (PEP 562), so that `import tli_bench` stays light."""
    from importlib import import_module

    if name in _FACADE:
        return getattr(import_module(_FACADE[name]), name)
    raise AttributeError(f"module 'tli_bench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
