"""tli-bench: the reference benchmark for cross-lingual lexical alignment in language models.

Importing this package loads neither torch nor transformers; the heavy rooms are imported where they are used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tli_bench.lexicon import Lexicon as Lexicon
    from tli_bench.lexicon import load_lexicon as load_lexicon
    from tli_bench.lexicon.pairs import WordPair as WordPair
    from tli_bench.records.schema import RunRecord as RunRecord

_FACADE = {
    "Lexicon": "tli_bench.lexicon",
    "load_lexicon": "tli_bench.lexicon",
    "RunRecord": "tli_bench.records.schema",
    "WordPair": "tli_bench.lexicon.pairs",
}

__all__ = ["Lexicon", "RunRecord", "WordPair", "__version__", "load_lexicon"]


def __getattr__(name: str) -> Any:
    """Import a facade name on first use (PEP 562), so that `import tli_bench` stays light."""
    if name in _FACADE:
        return getattr(import_module(_FACADE[name]), name)
    raise AttributeError(f"module 'tli_bench' has no attribute {name!r}")
