"""XML of strangers, read as a stream: no entity is expanded, none is dropped, and any encoding that expat knows is read."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Generic, TypeVar
from xml.parsers import expat

from tli_bench.base.errors import LexiconError
from tli_bench.base.wording import visible

_CHUNK = 1 << 16
_ENCODING = {
    expat.errors.codes[name]
    for name in (expat.errors.XML_ERROR_UNKNOWN_ENCODING, expat.errors.XML_ERROR_INCORRECT_ENCODING)
}
Item = TypeVar("Item")


class XmlStream(ABC, Generic[Item]):
    """Walks a file and yields what `start`, `end` and `text` put into `done`.

    Raises LexiconError with file and line for XML that is not well-formed, for an entity that the file declares, which could
    expand without limit, for one that it does not declare, which would lose a letter, and for an unknown encoding.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.done: list[Item] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = lambda tag, attributes: self.start(tag.rpartition(" ")[2], attributes)
        self._parser.EndElementHandler = lambda tag: self.end(tag.rpartition(" ")[2])
        self._parser.CharacterDataHandler = self.text
        self._parser.EntityDeclHandler = self._declared
        self._parser.SkippedEntityHandler = self._undeclared

    @abstractmethod
    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins; its name is without a namespace."""

    @abstractmethod
    def end(self, name: str) -> None:
        """An element ends."""

    @abstractmethod
    def text(self, text: str) -> None:
        """Characters, in pieces."""

    @property
    def line(self) -> int:
        """The line that the parser is at, from 1."""
        return self._parser.CurrentLineNumber

    def read(self) -> Iterator[Item]:
        """Every item of the file, in order."""
        try:
            with self.path.open("rb") as handle:
                while chunk := handle.read(_CHUNK):
                    self._parser.Parse(chunk, False)
                    yield from self._take()
                self._parser.Parse(b"", True)
                yield from self._take()
        except expat.ExpatError as err:
            advice = "; save the file as UTF-8, and let its first line say so" if err.code in _ENCODING else ""
            raise LexiconError(
                f"{self.path}:{err.lineno}: not well-formed XML: {expat.ErrorString(err.code)}{advice}"
            ) from err
        except (LookupError, ValueError) as err:  # what the parser says about an encoding that it cannot use
            raise LexiconError(
                f"{self.path}:{self.line}: the encoding cannot be read: {visible(str(err))}; save the file as UTF-8"
            ) from err

    def _take(self) -> list[Item]:
        taken, self.done = self.done, []
        return taken

    def _declared(self, name: str, *_: object) -> None:
        raise LexiconError(
            f"{self.path}:{self.line}: declares the entity {name!r}; "
            "files with entity declarations are refused, remove the declaration"
        )

    def _undeclared(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            raise LexiconError(
                f"{self.path}:{self.line}: uses the entity '&{name};', which it does not define; write the character itself"
            )
