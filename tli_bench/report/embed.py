"""What every page of ours is made of: scripts that run only by their hash, data that cannot end its element, packed curves."""

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tli_bench.records.columns import Curve

ROOM = Path(__file__).resolve().parent
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_CODES = [a + b for a in _ALPHABET for b in _ALPHABET]


def filled(template: str, parts: Mapping[str, str]) -> str:
    """`template` with each `{{NAME}}` replaced by its part, once: what a part holds is not looked into."""
    return re.sub(r"\{\{([A-Z_]+)\}\}", lambda match: parts[match[1]], template)


def script(source: str) -> str:
    """A script of our own as the text of an element, which it cannot end or hide."""
    if "</script" in source.lower() or "<!--" in source:
        source = re.sub(r"</(script)", r"<\\/\1", source, flags=re.IGNORECASE).replace("<!--", "<\\!--")
    return source.strip()


def closed_script(parts: Iterable[Path]) -> str:
    """Script files of our own as one text, in a scope of their own; the page is marked as drawn once they have run."""
    own = "\n".join(part.read_text(encoding="utf-8") for part in parts)
    mark = 'document.documentElement.dataset.drawn = "";'
    return script(f'"use strict";\n(async () => {{\n{own}\n}})().finally(() => {{ {mark} }});')


def script_hash(text: str) -> str:
    """SHA-256 of a script in base64, as a content security policy names it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def embedded(data: object) -> str:
    """JSON that cannot end the element it is in."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def pack_curve(curve: Curve) -> str:
    """A curve as two characters per layer: thousandths from -2.047 to 2.047, and a code for unscored."""
    return "".join(_CODES[4095 if v is None else int(max(0.5, min(4094.5, v * 1000 + 2047.5)))] for v in curve)


def pack_widths(errors: Curve) -> str:
    """Half widths of 95 % bands from standard errors, one character per layer: 0.001 * 1.12^k, rounded up, `_` for none.

    A step is an eighth of the width: drawn bands are never narrower than they are, and at most that much wider.
    """
    return "".join("_" if e is None else _ALPHABET[_width_code(1.959963984540054 * e)] for e in errors)


def _width_code(half: float) -> int:
    return 0 if half <= 0.001 else min(62, math.ceil(math.log(half / 0.001) / math.log(1.12) - 1e-9))
