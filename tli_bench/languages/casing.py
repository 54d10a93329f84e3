"""Lower case, decided once for words and texts: by the language's own rule for i."""

import unicodedata

from tli_bench.languages.language import Language

_DOTTED = str.maketrans({"I": "ı", "İ": "i"})


def lower(text: str, language: Language) -> str:
    """Lower case of `text`, in NFC, by the casing of the language.

    With a dotted i (Turkish, Azerbaijani) `I` becomes `ı` and `İ` becomes `i`; elsewhere `İ` becomes a plain `i` too, one code
    point and not two.
    """
    if text.isascii():
        return text.replace("I", "ı").lower() if language.writing.dotted_i else text.lower()
    text = unicodedata.normalize("NFC", text)
    text = text.translate(_DOTTED) if language.writing.dotted_i else text.replace("İ", "i")
    return unicodedata.normalize("NFC", text.lower())
