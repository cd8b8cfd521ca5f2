"""The chunks of a chat completion, as plain dicts; where they say nothing but text, as that text.

Most chunks of an answer differ from one another in nothing but their text. Once one of them was read, such a run is recognised
by its bytes, and its text is read at once.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from chatkit_host.errors import ModelOutputInvalid

Chunk = dict[str, Any] | str

_DATA, _END = b"data: ", b"\n\n"
_CONTENT = b'"content":'
_FRUITLESS = 8
"""So many shapes that no further chunk had, and looking for one is given up: every chunk of this answer has something of its own."""


def parsed(event: bytes) -> dict[str, Any]:
    """One event's JSON object. orjson refuses lone surrogates and NaN, which models send; `json` does not."""
    try:
        value = orjson.loads(event)
    except ValueError:
        try:
            value = json.loads(event.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            raise ModelOutputInvalid from None
    if not isinstance(value, dict):
        raise ModelOutputInvalid
    return value


class Chunks:
    """Those of one answer."""

    def __init__(self) -> None:
        self._shape: tuple[bytes, bytes] | None = None
        """What stands before and after the text, its quotes included."""
        self._unlearned: tuple[bytes, dict[str, Any]] | None = None
        """The last chunk that did not have the shape: what it teaches is for the next one, and this one is waited for."""
        self._fruitless = 0

    def read(self, events: Sequence[bytes]) -> Iterator[Chunk]:
        run: list[bytes] = []
        for event in events:
            if self._has_the_shape(event):
                run.append(event)
                continue
            yield from self._joined(run)
            run.clear()
            chunk = parsed(event)
            self._unlearned = event, chunk
            yield chunk
        yield from self._joined(run)

    def only_text(self, read: bytes) -> str | None:
        """The text of whole events that say nothing else, as most reads are; None for all others."""
        if self._shape is self._unlearned is None or not read.startswith(_DATA) or not read.endswith(_END):
            return None
        events = read[len(_DATA) : -len(_END)].split(_END + _DATA)
        return self._text_of(events) if all(map(self._has_the_shape, events)) else None

    def _has_the_shape(self, event: bytes) -> bool:
        if self._unlearned is not None:
            last, self._unlearned = self._unlearned, None
            self._learn(*last)
        if self._shape is None:
            return False
        head, tail = self._shape
        end = len(event) - len(tail)
        # The next quote ends the text, unless it is an escaped one: then the whole chunk is looked at.
        return (
            event.startswith(head)
            and event.endswith(tail)
            and event.find(b'"', len(head)) == end
            and event[end - 1] != 0x5C
        )

    def _joined(self, run: Sequence[bytes]) -> Iterator[Chunk]:
        if not run:
            return
        text = self._text_of(run)
        if text is None:
            yield from map(parsed, run)
        else:
            yield text

    def _text_of(self, run: Sequence[bytes]) -> str | None:
        """Of events that have the shape; None where it is nothing that orjson reads."""
        assert self._shape is not None
        self._fruitless = 0
        before, after = map(len, self._shape)
        try:
            return orjson.loads(b'"%b"' % b"".join([event[before : len(event) - after] for event in run]))
        except ValueError:
            return None

    def _learn(self, event: bytes, chunk: dict[str, Any]) -> None:
        if self._fruitless >= _FRUITLESS:
            return
        text = _only_text(chunk)
        if not text or event.count(_CONTENT) != 1:
            return
        start = event.find(b'"', event.find(_CONTENT) + len(_CONTENT)) + 1
        end = event.find(b'"', start)
        try:
            is_it = orjson.loads(event[start - 1 : end + 1]) == text
        except ValueError:
            return
        if is_it:
            self._shape = (event[:start], event[end:])
            self._fruitless += 1


def _only_text(chunk: dict[str, Any]) -> str | None:
    """The text of a chunk that says nothing else."""
    choices = chunk.get("choices")
    if chunk.get("usage") or chunk.get("error") or not isinstance(choices, list) or len(choices) != 1:
        return None
    choice = choices[0]
    delta = choice.get("delta") if isinstance(choice, dict) else None
    if not isinstance(delta, dict) or choice.get("index") or choice.get("finish_reason"):
        return None
    if any(value for name, value in delta.items() if name not in ("content", "role")):
        return None
    text = delta.get("content")
    return text if isinstance(text, str) else None
