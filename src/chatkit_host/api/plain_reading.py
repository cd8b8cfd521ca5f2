"""Reads a turn's log for surfaces that know no items: text, thoughts, tool calls, and how it ended.

The log stays the only event model. A surface says in a subclass what it makes of each of these.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import orjson

from chatkit_host.engine.ports import LogEvent
from chatkit_host.errors import TurnFailed

PARAGRAPH = "\n\n"
"""Between what ChatKit shows as two messages."""

_STOPPED = "The answer was stopped."
_INTERRUPTED = "The server stopped before the answer was finished. Try again."

Part = tuple[str, int]
"""An item and its content part or task."""


class PlainReader:
    def __init__(self) -> None:
        self.message_id: str | None = None
        """The last assistant message that is done."""
        self.usage: dict[str, int] | None = None
        self.seq = 0
        """Of the event that is being read."""
        self._texts = _Pieces(speaker=lambda part: part[0])
        self._thoughts = _Pieces(speaker=lambda part: part)
        self._error: dict[str, Any] | None = None

    # -- what a surface makes of it --------------------------------------------------------------

    def text(self, delta: str) -> None: ...

    def thought(self, delta: str) -> None: ...

    def message_done(self, item_id: str, text: str) -> None: ...

    def message_removed(self, item_id: str) -> None: ...

    def tool_started(self, call_id: str, name: str, arguments: Any) -> None: ...

    def tool_finished(self, call_id: str, name: str, result: Any) -> None: ...

    def completed(self) -> None: ...

    def failed(self, code: str, message: str) -> None: ...

    # -- reading ---------------------------------------------------------------------------------

    def read(self, events: Sequence[LogEvent]) -> None:
        for event in events:
            self.seq = event.seq
            self._read(orjson.loads(event.data))

    def _read(self, event: Any) -> None:
        match event:
            case {"type": "thread.item.updated", "item_id": item_id, "update": update}:
                self._read_update(item_id, update)
            case {"type": "thread.item.added", "item": item}:
                self._read_item(item)
            case {"type": "thread.item.done" | "thread.item.replaced", "item": item}:
                self._read_item(item)
                if item["type"] == "assistant_message":
                    self.message_id = item["id"]
                    self.message_done(item["id"], "".join(part["text"] for part in item["content"]))
            case {"type": "thread.item.removed", "item_id": item_id}:
                if self.message_id == item_id:
                    self.message_id = None
                self.message_removed(item_id)
            case {"type": "host.tool_call.started", "call_id": call_id, "name": name, "arguments": arguments}:
                self.tool_started(call_id, name, _value_of(arguments))
            case {"type": "host.tool_call.finished", "call_id": call_id, "name": name, "result": result}:
                self.tool_finished(call_id, name, _value_of(result))
            case {"type": "host.usage", **counts}:
                self.usage = counts
            case {"type": "error"}:
                self._error = event
            case {"type": "host.turn.ended", "status": status, "code": code, "message": message}:
                self._read_end(status, code, message)
            case _:
                pass  # what has no word here: widgets, notices, progress

    def _read_update(self, item_id: str, update: Any) -> None:
        match update:
            case {"type": "assistant_message.content_part.text_delta", "content_index": index, "delta": delta}:
                self._say(self._texts.more((item_id, index), delta))
            case {
                "type": "assistant_message.content_part.added" | "assistant_message.content_part.done",
                "content_index": index,
                "content": {"text": text},
            }:
                self._say(self._texts.whole((item_id, index), text))
            case {"type": "workflow.task.added" | "workflow.task.updated", "task_index": index, "task": task}:
                self._read_task((item_id, index), task)
            case _:
                pass

    def _read_item(self, item: Any) -> None:
        """An item may come whole, without the updates that lead to it."""
        match item:
            case {"type": "assistant_message", "id": item_id, "content": content}:
                for index, part in enumerate(content):
                    self._say(self._texts.whole((item_id, index), part["text"]))
            case {"type": "workflow", "id": item_id, "workflow": {"tasks": tasks}}:
                for index, task in enumerate(tasks):
                    self._read_task((item_id, index), task)
            case {"type": "task", "id": item_id, "task": task}:
                self._read_task((item_id, 0), task)
            case _:
                pass

    def _read_task(self, part: Part, task: Any) -> None:
        """A thought comes whole each time it has grown."""
        if task["type"] == "thought":
            for piece in self._thoughts.whole(part, task["content"]):
                self.thought(piece)

    def _say(self, pieces: Sequence[str]) -> None:
        for piece in pieces:
            self.text(piece)

    def _read_end(self, status: str, code: str | None, message: str | None) -> None:
        match status:
            case "cancelled":
                self.failed("cancelled", _STOPPED)
            case "interrupted":
                self.failed("interrupted", _INTERRUPTED)
            case _ if (error := self._error) is not None:
                self.failed(code or str(error["code"]), message or error.get("message") or TurnFailed().message)
            case _:
                self.completed()  # also a failure that the assistant has told in its own words


class _Pieces:
    """What is new of texts that arrive in deltas, whole, or both. Another speaker begins a paragraph."""

    def __init__(self, *, speaker: Callable[[Part], Hashable]) -> None:
        self._known: dict[Part, list[str]] = {}
        self._speaker_of = speaker
        self._speaker: Hashable = None

    def more(self, part: Part, delta: str) -> list[str]:
        self._known.setdefault(part, []).append(delta)
        return self._spoken(part, delta)

    def whole(self, part: Part, text: str) -> list[str]:
        """What `text` adds to what is known. Nothing if it was changed in its middle: what was said is not unsaid."""
        known = "".join(self._known.get(part, ()))
        self._known[part] = [text]
        return self._spoken(part, text[len(known) :]) if text.startswith(known) else []

    def _spoken(self, part: Part, new: str) -> list[str]:
        if not new:
            return []
        before, self._speaker = self._speaker, self._speaker_of(part)
        return [new] if before in (None, self._speaker) else [PARAGRAPH, new]


def _value_of(text: str) -> Any:
    """Arguments and results are text; what is a JSON object or list in it is given as that."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
