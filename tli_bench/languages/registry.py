"""Where languages are found: one YAML file each, read when it is asked for, once per process.

The files of the benchmark are in `tasks/languages`. More folders can be named in `TLI_BENCH_LANGUAGES` (joined as in `PATH`),
single files with `register_language`. A wrong file makes only its own language fail.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from tli_bench.base.errors import LanguageError, UnknownNameError, reason_of
from tli_bench.base.paths import data_dir, expanded
from tli_bench.base.yamls import load_yaml
from tli_bench.languages.fields import read_fields
from tli_bench.languages.language import CODE, Language, undeclared

log = logging.getLogger(__name__)
ENVIRONMENT = "TLI_BENCH_LANGUAGES"
PAIRS_FILE = "pairs.yaml"
HINT = "`tli-bench ls languages` lists them, docs/languages.md says how to add one"


class Registry:
    """The languages of some folders, in order: first as the default pairs name them, the target of each first, then by code.

    folders: with `<code>.yaml` files; an earlier folder's file wins. pairs: the file of the default pairs. Nothing is read before
    it is asked for.
    """

    def __init__(self, folders: Sequence[Path], pairs: Path) -> None:
        self._folders, self._pairs = tuple(folders), pairs
        self._added: dict[str, Path] = {}
        self._read: dict[str, Language] = {}
        self._met: dict[str, Language] = {}
        self._wrong: dict[str, LanguageError] = {}
        self._found: dict[str, Language | None] = {}

    def get(self, code: str) -> Language:
        """The language of a code, read on first use.

        A well-formed code without a file is a language with default rules, see `undeclared`. Raises LanguageError naming file and key
        for a file that is wrong, UnknownNameError for something that is not a code.
        """
        known = self._read.get(code) or self._met.get(code)
        if known is not None:
            return known
        path = self.files.get(code)
        if path is not None:
            if code in self._wrong:
                raise self._wrong[code]
            try:
                return self._read.setdefault(code, read_language(path))
            except LanguageError as err:
                self._wrong[code] = err
                log.warning("%s; %s is left out", err, code)
                raise
        if not CODE.fullmatch(code):
            raise UnknownNameError("language", code, self.files, hint=HINT)
        return self._met.setdefault(code, undeclared(code))

    def find(self, name: str) -> Language | None:
        """The language called `name`: a code, ISO code, or English name, in any case; None if there is none."""
        if name not in self._found:
            self._found[name] = self._search(name.strip())
        return self._found[name]

    def _search(self, name: str) -> Language | None:
        code = f"{name[:4].lower()}{name[4:].capitalize()}"
        if code in self.files or code in self._met or CODE.fullmatch(name):
            return self.get(code)
        lowered = name.lower()
        if len(lowered) == 3:
            same = [code for code in self.codes if code.startswith(f"{lowered}_")]
            if same:
                return self.get(same[0])
        met = next((language for language in self._met.values() if language.iso == lowered), None)
        return met or self.aliases.get(lowered)

    def meet(self, language: Language) -> Language:
        """Keep a language that no file describes, so that its name and code are known from now on; a language file takes precedence."""
        if language.code in self.files:
            return self.get(language.code)
        self._met = {code: met for code, met in self._met.items() if met.iso != language.iso} | {
            language.code: language
        }
        self._found.clear()
        return language

    def forget(self, language: Language) -> None:
        """Undo `meet`."""
        self._met.pop(language.code, None)
        self._found.clear()

    def add(self, path: Path) -> Language:
        """Read a file now and keep its language; raises LanguageError for a wrong file or a code that another file has."""
        language = read_language(path)
        other = self.files.get(language.code)
        if other is not None and other.resolve() != path.resolve():
            raise LanguageError(
                f"{path}: {language.code} is already described by {other}; there is one file per language"
            )
        self._added[language.code] = path
        self._read[language.code] = language
        self._met.pop(language.code, None)
        self._wrong.pop(language.code, None)
        self._forget()
        return language

    def _forget(self) -> None:
        self._found.clear()
        for name in ("files", "codes", "aliases", "in_lexicon", "pivot", "pairs"):
            self.__dict__.pop(name, None)

    @cached_property
    def files(self) -> dict[str, Path]:
        """The file of every code; only folders are listed, no file is read."""
        found = dict(self._added)
        for folder in self._folders:
            if not folder.is_dir():
                log.warning("%s names the folder %s, which does not exist", ENVIRONMENT, folder)
            for path in sorted(folder.glob("???_????.yaml")):
                if found.setdefault(path.stem, path) != path:
                    log.warning("%s is skipped: %s already describes %s", path, found[path.stem], path.stem)
        return found

    @cached_property
    def pairs(self) -> tuple[str, ...]:
        """Ids of the default pairs whose two languages have files."""
        kept = tuple(pair for pair in self._listed_pairs if all(code in self.files for code in pair.split("-")))
        for pair in self._listed_pairs:
            if pair not in kept:
                log.warning("%s: %s is left out, since one of its languages has no file", self._pairs, pair)
        return kept

    @cached_property
    def _listed_pairs(self) -> tuple[str, ...]:
        data = _read_yaml(self._pairs)
        pairs = data.get("pairs") if isinstance(data, dict) else None
        if not isinstance(pairs, list) or not pairs:
            raise LanguageError(
                f"{self._pairs}: `pairs` must be a list of pairs like swh_Latn-eng_Latn, got {pairs!r:.60}"
            )
        for pair in pairs:
            if not isinstance(pair, str) or len(pair.split("-")) != 2:
                raise LanguageError(f"{self._pairs}: `pairs`: {pair!r} is not SOURCE-TARGET with two codes")
        return tuple(pairs)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Codes of all files, in order."""
        sides = [code for pair in self._listed_pairs for code in reversed(pair.split("-"))]
        order = [code for code in dict.fromkeys(sides) if code in self.files]
        return (*order, *sorted(self.files.keys() - set(order)))

    @cached_property
    def aliases(self) -> dict[str, Language]:
        """Every language whose file can be read, by each of its other names in lower case; the first language that claims a name has it."""
        found: dict[str, Language] = {}
        for language in self:
            for alias in (*language.called, language.iso, language.name):
                found.setdefault(alias.lower(), language)
        return found

    @cached_property
    def in_lexicon(self) -> dict[str, Language]:
        """The languages of the core lexicon by code."""
        return {language.code: language for language in self if language.lexicon}

    @cached_property
    def pivot(self) -> Language:
        """The language that the others are paired with: the first whose file says `pivot: true`; raises LanguageError if there is none."""
        found = next((language for language in self if language.pivot), None)
        if found is None:
            raise LanguageError(f"no language file says `pivot: true`; looked in {', '.join(map(str, self._folders))}")
        return found

    def __iter__(self) -> Iterator[Language]:
        """Every language whose file can be read; for each of the others a warning was logged."""
        for code in self.codes:
            with suppress(LanguageError):
                yield self.get(code)

    def names(self) -> list[str]:
        """Every name that `find` understands."""
        return [*self.files, *{code[:3] for code in self.files}, *self.aliases]


def read_language(path: Path) -> Language:
    """The language that a file describes; raises LanguageError naming file and key."""
    data = _read_yaml(path)
    if isinstance(data, dict) and "file" in data:
        raise LanguageError(f"{path}: unknown key `file`")
    language = read_fields(Language, {**data, "file": str(path)} if isinstance(data, dict) else data, file=str(path))
    if language.code != path.stem:
        raise LanguageError(f"{path}: `code` is {language.code!r}; the file must be called {language.code}.yaml")
    return language


def _read_yaml(path: Path) -> Any:
    try:
        return load_yaml(path)
    except (OSError, ValueError) as err:
        reason = " ".join(reason_of(err).split())
        raise LanguageError(f"{path}: cannot be read: {reason}") from err


_REGISTRIES: dict[str, Registry] = {}


def registry() -> Registry:
    """The registry of this process: the benchmark's own folder, then those that `TLI_BENCH_LANGUAGES` names."""
    # Asked once per word of a list: `in` is three times as fast as `get`, which raises and catches inside.
    named = os.environ[ENVIRONMENT] if ENVIRONMENT in os.environ else ""  # noqa: SIM401
    if named not in _REGISTRIES:
        own = data_dir("tasks")
        folders = [expanded(part) for part in named.split(os.pathsep) if part]
        _REGISTRIES[named] = Registry([own / "languages", *folders], own / PAIRS_FILE)
    return _REGISTRIES[named]


def register_language(path: str | Path) -> Language:
    """Make the language of a YAML file known to this process, wherever the file is; returns the language.

    Raises LanguageError naming file and key.

    >>> register_language("kin_Latn.yaml").code  # doctest: +SKIP
    'kin_Latn'
    """
    return registry().add(expanded(path))


class Languages(Mapping[str, Language]):
    """The core lexicon's languages by code, in order, read on first use."""

    def __getitem__(self, code: str) -> Language:
        return registry().in_lexicon[code]

    def __iter__(self) -> Iterator[str]:
        return iter(registry().in_lexicon)

    def __len__(self) -> int:
        return len(registry().in_lexicon)


class Pairs(Sequence[str]):
    """Ids of the pairs that are scored by default, in order, read on first use."""

    def __getitem__(self, index: Any) -> Any:
        return registry().pairs[index]

    def __len__(self) -> int:
        return len(registry().pairs)


LANGUAGES = Languages()
DEFAULT_PAIRS = Pairs()
