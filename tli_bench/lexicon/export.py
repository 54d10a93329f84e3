"""Writing a lexicon for other tools: TSV and JSON keep everything, MUSE keeps the pairs."""

import json
from pathlib import Path

from tli_bench.base.errors import LexiconError
from tli_bench.base.files import write_text
from tli_bench.lexicon.entries import VARIANT_SEPARATOR
from tli_bench.lexicon.lexicon import Lexicon

FORMATS = {"tsv": (".tsv",), "muse": (".txt", ".dict"), "json": (".json",)}
"""The endings by which the reader of each format is found."""


def export(lexicon: Lexicon, path: str | Path, *, format: str = "tsv") -> None:
    """Write `lexicon` to `path`, atomically, in a form that `load_lexicon` reads back.

    format: `tsv` and `json` keep concepts, variants and splits; `muse` writes one line per pair of accepted forms, with
    underscores for spaces. Raises LexiconError for another format or an ending that does not fit it,
    OutputError if the path cannot be written.
    """
    writers = {"tsv": as_tsv, "muse": as_muse, "json": as_json}
    if format not in writers:
        raise LexiconError(f"unknown export format {format!r}; known: {', '.join(FORMATS)}")
    if Path(path).suffix.lower() not in FORMATS[format]:
        fitting = "; ".join(f"{name}: {' or '.join(endings)}" for name, endings in FORMATS.items())
        raise LexiconError(
            f"{path}: a list is read by its ending, and this one is not of the format {format} ({fitting})"
        )
    write_text(Path(path), writers[format](lexicon), alone=True)


def as_tsv(lexicon: Lexicon) -> str:
    """A table with a header: concept, the two languages, part of speech, field, split."""
    header = ("concept", lexicon.source_language.code, lexicon.target_language.code, "pos", "field", "split")
    rows = (
        (p.concept, VARIANT_SEPARATOR.join(p.sources), VARIANT_SEPARATOR.join(p.targets), p.pos, p.field, p.split.value)
        for p in lexicon.pairs
    )
    return "".join("\t".join(row) + "\n" for row in (header, *rows))


def as_muse(lexicon: Lexicon) -> str:
    """One line for every accepted source and target form of every pair."""
    lines = (
        f"{source.replace(' ', '_')} {target.replace(' ', '_')}\n"
        for pair in lexicon.pairs
        for source in pair.sources
        for target in pair.targets
    )
    return "".join(dict.fromkeys(lines))


def as_json(lexicon: Lexicon) -> str:
    """A list of objects keyed by language code."""
    source, target = lexicon.source_language.code, lexicon.target_language.code
    items = [
        {
            "concept": p.concept,
            source: list(p.sources),
            target: list(p.targets),
            "pos": p.pos,
            "field": p.field,
            "split": p.split.value,
        }
        for p in lexicon.pairs
    ]
    return json.dumps(items, ensure_ascii=False, indent=1) + "\n"
