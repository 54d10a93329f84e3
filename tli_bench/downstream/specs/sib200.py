"""SIB-200: which of seven topics is a sentence of FLORES about? The one classification task that all eleven languages have."""

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tli_bench.downstream.choice import ChoiceSpec
from tli_bench.downstream.datasets import named_in
from tli_bench.downstream.errors import DataError
from tli_bench.downstream.prompts import fill, prompts
from tli_bench.downstream.sources import HubSet, Loaded, load
from tli_bench.downstream.spec import Definition, Document, Metric


def topics() -> list[str]:
    """The set's names of the topics."""
    return list(prompts("sib200")["topics"])


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """F1 of each topic that occurs as a right answer, averaged; pairs: what was said, and what is right."""
    found = []
    for topic in sorted({gold for _, gold in pairs}):
        both = sum(said == gold == topic for said, gold in pairs)
        found.append(2 * both / (sum(said == topic for said, _ in pairs) + sum(gold == topic for _, gold in pairs)))
    return sum(found) / len(found)


class SIB200(ChoiceSpec):
    """SIB-200 (Adelani et al. 2024): `Davlan/sib200`, or a folder with `<language>/test.tsv` (`data/annotated` of its repository).

    Option: `language` (a code, and the set's name for it in `called`). The prompt is English for every language.
    """

    TITLE = "topics"
    METRICS: ClassVar[Mapping[str, Metric]] = {**ChoiceSpec.METRICS, "f1_macro": Metric(True, macro_f1)}

    @classmethod
    def tasks(cls) -> list[Definition]:
        """One task per language."""
        return [
            Definition(f"tli_sib200_{code}", {"language": code, "called": called}, offline=False, suite=(code,))
            for code, called in named_in("sib200").items()
        ]

    def load(self) -> Loaded[Document]:
        """One document per sentence of the test split."""
        called, known = self.need("called"), topics()
        return load(
            chosen=self.data_dir,
            task="sib200",
            files=(f"{called}/test.tsv",),
            read=lambda path: _read(path, known),
            hub=HubSet("Davlan/sib200", called, "test"),
            of_row=lambda row, source, number: _document(row, known, f"{source}: row {number}"),
        )

    def prompt(self, doc: Document) -> str:
        """The sentence and the topics to choose from, in English."""
        return fill(prompts("sib200")["topic"], text=doc["text"], topics=", ".join(doc["options"]))

    def score(self, doc: Document, answers: Sequence[float]) -> dict[str, object]:
        """As in every multiple choice, and the likeliest topic next to the right one."""
        said = doc["options"][max(range(len(answers)), key=lambda i: answers[i])]
        return {**super().score(doc, answers), "f1_macro": (said, doc["options"][doc["gold"]])}


def _read(path: Path, known: Sequence[str]) -> list[Document]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as err:
        raise DataError(f"{path}: not UTF-8 at byte {err.start}; convert the file") from err
    # Written by pandas: a text that holds quotes is itself in quotes.
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t")
    found = [_document(row, known, f"{path}: line {number}") for number, row in enumerate(rows, start=2)]
    if not found:
        raise DataError(f"{path}: no rows; the columns index_id, category and text are expected")
    return found


def _document(row: Mapping[str, Any], known: Sequence[str], where: str) -> Document:
    text, category = row.get("text"), row.get("category")
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{where}: `text` must be a non-empty text, got {text!r:.60}")
    if category not in known:
        raise DataError(f"{where}: `category` must be one of {', '.join(known)}, got {category!r:.60}")
    return {"text": unicodedata.normalize("NFC", text.strip()), "options": list(known), "gold": known.index(category)}
