"""Text that every database, JSON encoder and browser accepts.

PostgreSQL refuses NUL, UTF-8 has no lone surrogates, and models emit both: a surrogate pair may even be split over two deltas.
"""

import re
import unicodedata
from typing import Any

_UNSAFE = re.compile("[\x00\ud800-\udfff]")
_PAIR = re.compile("([\ud800-\udbff])([\udc00-\udfff])")
# Accents of Latin, Greek and Cyrillic, vowel signs of Arabic, and joiners, soft hyphens and the like, which nobody types.
_NOT_COMPARED = re.compile("[\u0300-\u036f\u064b-\u0652\u0670\u0640\u00ad\u200b-\u200f\u2060\ufeff]")
_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_HIGH_AT_END = re.compile("[\ud800-\udbff]\\Z")

# Joiners make one emoji of several, and spell words in Persian and Urdu; anywhere else they are as invisible as the rest.
_JOINERS = "\u200c\u200d"
_LONE_JOINER = re.compile(f"(?<![^\x00-\x7f{_JOINERS}])[{_JOINERS}]|[{_JOINERS}](?![^\x00-\x7f{_JOINERS}])")
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols by their category, and blank by their looks."""


def is_safe(text: str) -> bool:
    return "\x00" not in text if text.isascii() else _UNSAFE.search(text) is None


def safe_text(text: str) -> str:
    """`text` with surrogate pairs joined, and each NUL and lone surrogate replaced by U+FFFD."""
    if is_safe(text):
        return text
    joined = _PAIR.sub(lambda pair: (pair[1] + pair[2]).encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return _UNSAFE.sub("\ufffd", joined)


def visible(text: str) -> str:
    """`text` without characters that show nothing but can mislead: controls other than line breaks and tabs, bidi marks, zero-width
    ones. Empty when there is nothing to be seen."""
    lines = safe_text(_LINE_BREAK.sub("\n", text.replace("\x00", "")))
    shown = "".join(
        character
        for character in lines
        if character in "\n\t" or character in _JOINERS or unicodedata.category(character) not in ("Cc", "Cf")
    )
    return _LONE_JOINER.sub("", shown) if any(map(_shows, shown)) else ""


def _shows(character: str) -> bool:
    """Marks (M) and separators (Z) need something to stand on or between."""
    return unicodedata.category(character)[0] in "LNPS" and character not in _FILLERS


def folded(text: str) -> str:
    """`text` as it is compared when people search: without case, accents and forms that only look different."""
    if text.isascii():
        return text.lower()
    bare = _NOT_COMPARED.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", bare.casefold())


def safe_value(value: Any) -> Any:
    """A JSON-like value (dict, list, str, number, bool, None) with every string, keys too, made safe."""
    match value:
        case str():
            return safe_text(value)
        case dict():
            return {safe_text(key) if isinstance(key, str) else key: safe_value(item) for key, item in value.items()}
        case list() | tuple():
            return [safe_value(item) for item in value]
        case _:
            return value


class SafeDeltas:
    """Makes a stream of text deltas safe, joining a surrogate pair that was split between two of them."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, delta: str) -> str:
        """The safe text to emit now; may be empty while half of a pair is held back."""
        if not self._held and is_safe(delta):
            return delta
        text = self._held + delta
        self._held = ""
        if _HIGH_AT_END.search(text):
            text, self._held = text[:-1], text[-1]
        return safe_text(text)

    def finish(self) -> str:
        """What was still held back, as it can be shown."""
        held, self._held = self._held, ""
        return safe_text(held)
