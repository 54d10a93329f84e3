"""What every page of ours is made of: scripts that run only by their hash, data that cannot end its element, packed curves."""

import base64
import hashlib
import json
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


def compact(data: object) -> str:
    """JSON in ASCII without spaces."""
    return json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def embedded(data: object) -> str:
    """JSON that cannot end the element it is in."""
    return harmless(compact(data))


def harmless(text: str) -> str:
    """JSON text with what could end its element escaped."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def pack_curve(curve: Curve) -> str:
    """A curve as two characters per layer: thousandths from -2.047 to 2.047, and a code for unscored."""
    return "".join(_CODES[4095 if v is None else int(max(0.5, min(4094.5, v * 1000 + 2047.5)))] for v in curve)
