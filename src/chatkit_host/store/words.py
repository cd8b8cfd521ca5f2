"""Words: how a message is indexed, what a search looks for, and where in a message that is.

All of it is decided here and not by a database's own parser, so that both databases find the same, and nothing that a person
types means anything to a query language. Text without spaces (Chinese, Japanese, Thai, ...) is indexed by pairs of characters.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from chatkit.types import AssistantMessageItem, ThreadItem, UserMessageItem

from chatkit_host.engine.conversation_lists import Excerpt
from chatkit_host.ids import Owner
from chatkit_host.text import folded

MESSAGE_KINDS = ("user_message", "assistant_message")

_INDEXED_CHARACTERS = 50_000
"""Of one message: keeps PostgreSQL's `tsvector` well below the megabyte at which it refuses."""
_WORD_CHARACTERS = 40
_TERMS = 32
_BEFORE_HIT, _EXCERPT = 40, 200

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
# Vowel signs and the like, which Python does not count as letters.
_MARKS = "\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff"
_RUN = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[^\W_]|[{_MARKS}])+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_WORD_STARTS = rf"(?:(?<![^\W_])(?<![{_MARKS}])|(?<=[{_UNSPACED}]))"
_WORD_ENDS = rf"(?:(?![^\W_])(?![{_MARKS}])|(?=[{_UNSPACED}]))"
_ASCII_RUN = re.compile("[0-9a-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What to look for: every one of `whole`, and a word that begins with `beginning`."""

    whole: Sequence[str]
    beginning: str
    runs: Sequence[str]
    """The same as people wrote it, to be marked in what was found; the last one is a beginning."""


def said(item: ThreadItem) -> str:
    """The text of a message; empty for anything else."""
    match item:
        case UserMessageItem(content=content) | AssistantMessageItem(content=content):
            return "\n".join(part.text for part in content if part.text)
        case _:
            return ""


@lru_cache(maxsize=1_000)
def owner_word(owner: Owner) -> str:
    """Among the words of every message, so that a search need not look through what others wrote. No text has such a word."""
    return "·" + sha256(owner.encode(errors="replace")).hexdigest()[:16]


def indexed(owner: Owner, text: str) -> str:
    """The words of a text, each once, and its owner's, with a space between."""
    found = {owner_word(owner): None}
    for run in dict.fromkeys(_runs(text[:_INDEXED_CHARACTERS])):
        if _IS_UNSPACED.match(run):
            # The last character alone too: the beginning of any run is then the beginning of an entry.
            found.update(dict.fromkeys(run[place : place + 2] for place in range(len(run))))
        else:
            found[run[:_WORD_CHARACTERS]] = None
    return " ".join(found)


def terms(asked: str) -> Terms | None:
    """None when there is no word in it."""
    runs = _runs(asked)[:_TERMS]
    if not runs:
        return None
    whole: dict[str, None] = {}
    for run in runs:
        if _IS_UNSPACED.match(run) and len(run) > 1:
            whole.update(dict.fromkeys(run[place : place + 2] for place in range(len(run) - 1)))
        else:
            whole[run[:_WORD_CHARACTERS]] = None
    last = runs[-1]
    beginning = last[-2:] if _IS_UNSPACED.match(last) else last[:_WORD_CHARACTERS]
    if runs.count(last) == 1:
        whole.pop(beginning, None)
    return Terms(whole=list(whole)[:_TERMS], beginning=beginning, runs=runs)


def excerpt(text: str, found: Terms) -> list[Excerpt]:
    """The neighbourhood of the first hit, with all hits in it marked."""
    hits = list(_hits(text[:_INDEXED_CHARACTERS], found))
    start = max(0, hits[0][0] - _BEFORE_HIT) if hits else 0
    if start and (space := text.find(" ", start, hits[0][0])) != -1:
        start = space + 1
    end = min(len(text), start + _EXCERPT)
    if end < len(text) and (space := text.rfind(" ", start + _EXCERPT // 2, end)) != -1:
        end = space
    parts: list[Excerpt] = []
    place = start
    for first, last in hits:
        if first >= end:
            break
        if first > place:
            parts.append(Excerpt(text=text[place:first], hit=False))
        parts.append(Excerpt(text=text[first : min(last, end)], hit=True))
        place = min(last, end)
    if place < end:
        parts.append(Excerpt(text=text[place:end], hit=False))
    before = [Excerpt(text="…", hit=False)] if start else []
    after = [Excerpt(text="…", hit=False)] if end < len(text) else []
    return before + parts + after


def _runs(text: str) -> list[str]:
    plain = folded(text)
    return (_ASCII_RUN if plain.isascii() else _RUN).findall(plain)


def _hits(text: str, found: Terms) -> Iterator[tuple[int, int]]:
    """Where `text` has what was looked for, as places in it as it was written."""
    if text.isascii():
        plain, places = text.lower(), range(len(text) + 1)
    else:
        characters, places = [], []
        for place, character in enumerate(text):
            for each in _folded_character(character):
                characters.append(each)
                places.append(place)
        plain = "".join(characters)
        places.append(len(text))
    for hit in _hit_pattern(found).finditer(plain):
        yield places[hit.start()], places[hit.end() - 1] + 1


def _hit_pattern(found: Terms) -> re.Pattern[str]:
    choices: list[str] = []
    for place, run in enumerate(found.runs):
        if _IS_UNSPACED.match(run):
            choices.append(re.escape(run))
            continue
        is_beginning = len(run) > _WORD_CHARACTERS or place == len(found.runs) - 1
        choices.append(_WORD_STARTS + re.escape(run) + ("" if is_beginning else _WORD_ENDS))
    return re.compile("|".join(choices))


@lru_cache(4096)
def _folded_character(character: str) -> str:
    return folded(character)
