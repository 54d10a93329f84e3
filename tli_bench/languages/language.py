"""Languages of the benchmark: codes, names, scripts, families and the aliases other data sets use for them."""

from dataclasses import dataclass

from tli_bench.base.errors import InputError, UnknownNameError


@dataclass(frozen=True, slots=True)
class Language:
    """One language as written in one script.

    code: ISO 639-3 and ISO 15924 joined by `_`, as FLORES and Belebele write it (`swh_Latn`).
    family: the group a leaderboard aggregates over (`turkic`, `swahili`, `english`).
    branch: the genealogical branch, for explaining results by distance.
    """

    code: str
    name: str
    family: str
    branch: str
    aliases: tuple[str, ...]

    @property
    def iso(self) -> str:
        """ISO 639-3 code."""
        return self.code.split("_")[0]

    @property
    def script(self) -> str:
        """ISO 15924 code of the script."""
        return self.code.split("_")[1]


_TABLE = (
    Language("eng_Latn", "English", "english", "Germanic", ("en", "english")),
    Language("swh_Latn", "Swahili", "swahili", "Bantu", ("sw", "swa", "swahili", "kiswahili")),
    Language("tur_Latn", "Turkish", "turkic", "Oghuz", ("tr", "turkish")),
    Language("azj_Latn", "North Azerbaijani", "turkic", "Oghuz", ("az", "aze", "azerbaijani")),
    Language("uzn_Latn", "Northern Uzbek", "turkic", "Karluk", ("uz", "uzb", "uzbek")),
    Language("kaz_Cyrl", "Kazakh", "turkic", "Kipchak", ("kk", "kazakh")),
    Language("kir_Cyrl", "Kyrgyz", "turkic", "Kipchak", ("ky", "kyrgyz", "kirghiz")),
    Language("tat_Cyrl", "Tatar", "turkic", "Kipchak", ("tt", "tatar")),
    Language("bak_Cyrl", "Bashkir", "turkic", "Kipchak", ("ba", "bashkir")),
    Language("tuk_Latn", "Turkmen", "turkic", "Oghuz", ("tk", "turkmen")),
    Language("uig_Arab", "Uyghur", "turkic", "Karluk", ("ug", "uyghur", "uighur")),
)

LANGUAGES: dict[str, Language] = {language.code: language for language in _TABLE}
_BY_ALIAS = {alias: lang for lang in _TABLE for alias in (lang.code.lower(), lang.iso, *lang.aliases)}

DEFAULT_PAIRS: tuple[str, ...] = (
    *(f"{lang.code}-eng_Latn" for lang in _TABLE if lang.code != "eng_Latn"),
    "swh_Latn-tur_Latn",
    "tur_Latn-azj_Latn",
    "kaz_Cyrl-kir_Cyrl",
    "tur_Latn-kaz_Cyrl",
    "tat_Cyrl-bak_Cyrl",
)


def resolve_language(name: str) -> Language:
    """The language called `name`: a code (`swh_Latn`), ISO code (`swh`, `sw`) or English name, in any case.

    Raises UnknownNameError with suggestions.
    """
    found = _BY_ALIAS.get(name.strip().lower())
    if found is None:
        raise UnknownNameError("language", name, _BY_ALIAS, hint="`tli-bench ls languages` lists them")
    return found


def resolve_pair(name: str) -> tuple[Language, Language]:
    """Source and target of a pair written `swh-eng`, `swh_Latn-eng_Latn` or `swahili-english`.

    Raises InputError for a malformed pair or one language twice, UnknownNameError for an unknown language.
    """
    parts = name.strip().split("-")
    if len(parts) != 2 or not all(parts):
        raise InputError(f"{name!r} is not a pair; write SOURCE-TARGET, for example 'swh-eng' or 'tur_Latn-azj_Latn'")
    source, target = resolve_language(parts[0]), resolve_language(parts[1])
    if source == target:
        raise InputError(f"{name!r} pairs {source.code} with itself; name two different languages")
    return source, target


def pair_id(source: Language | str, target: Language | str) -> str:
    """Canonical pair id, `swh_Latn-eng_Latn`."""
    codes = [x.code if isinstance(x, Language) else resolve_language(x).code for x in (source, target)]
    return "-".join(codes)
