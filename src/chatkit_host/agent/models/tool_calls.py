"""Puts tool calls together from the fragments in which chat completions stream them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from chatkit_host.errors import ModelOutputInvalid
from chatkit_host.ids import new_id
from chatkit_host.text import is_safe, safe_text, safe_value

# LiteLLM appends a thought's signature to the call id; the signature itself travels beside it.
_SIGNATURE_IN_ID = "__thought__"


@dataclass(slots=True)
class _Call:
    index: int | None
    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    signature: str | None = None

    @property
    def arguments(self) -> str:
        return "".join(self.pieces)


class ToolCalls:
    """Calls in the order of their first fragments. `used_ids` are those of earlier calls, which must not come again."""

    def __init__(self, used_ids: Iterable[str] = ()) -> None:
        self._calls: list[_Call] = []
        self._used_ids = used_ids

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, fragment: Mapping[str, Any]) -> None:
        function = fragment.get("function") or {}
        call = self._call_of(fragment, function)
        call.id = call.id or str(fragment.get("id") or "")
        call.name = call.name or str(function.get("name") or "")
        call.signature = call.signature or _signature(fragment)
        arguments = function.get("arguments")
        if isinstance(arguments, str):
            call.pieces.append(arguments)
        elif isinstance(arguments, Mapping):
            call.pieces.append(json.dumps(arguments))
        elif arguments is not None:
            raise ModelOutputInvalid

    def finish(self) -> list[dict[str, Any]]:
        """The calls, each with a name, a JSON object as arguments, and an id that no other call has."""
        used = set(self._used_ids)
        finished: list[dict[str, Any]] = []
        for call in self._calls:
            call_id = safe_text(call.id.split(_SIGNATURE_IN_ID, 1)[0])
            if not call.name:
                raise ModelOutputInvalid
            if not call_id or call_id in used:
                call_id = new_id("tool_call")
            used.add(call_id)
            entry = {"call_id": call_id, "name": safe_text(call.name), "arguments": arguments_object(call.arguments)}
            if call.signature:
                entry["thought_signature"] = call.signature
            finished.append(entry)
        return finished

    def _call_of(self, fragment: Mapping[str, Any], function: Mapping[str, Any]) -> _Call:
        index, call_id, name = fragment.get("index"), fragment.get("id"), function.get("name")
        known = self._known(index, call_id, name)
        if known is not None and not _starts_anew(known, call_id, name):
            return known
        self._calls.append(_Call(index=index))
        return self._calls[-1]

    def _known(self, index: int | None, call_id: str | None, name: str | None) -> _Call | None:
        if index is not None:
            return next((call for call in reversed(self._calls) if call.index == index), None)
        if call_id:
            return next((call for call in reversed(self._calls) if call.id == call_id), None)
        return self._calls[-1] if self._calls else None


def _starts_anew(known: _Call, call_id: str | None, name: str | None) -> bool:
    """Several calls may share one index (Gemini's compatible endpoint) or have none (older Ollama): a name opens the next."""
    if not name or not known.name:
        return False
    if call_id and known.id:
        return call_id != known.id
    return bool(known.pieces) and _is_object(known.arguments)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def arguments_object(text: str) -> str:
    """The arguments as the text of one JSON object that a database accepts."""
    if not text.strip():
        return "{}"
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        if isinstance(value, str):
            value = json.loads(value, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ModelOutputInvalid from None
    if value is None:
        return "{}"
    if not isinstance(value, dict):
        raise ModelOutputInvalid
    lowered = text.lower()
    if text.lstrip().startswith("{") and is_safe(text) and "\\u0000" not in lowered and "\\ud" not in lowered:
        return text
    return orjson.dumps(safe_value(value)).decode()


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _signature(fragment: Mapping[str, Any]) -> str | None:
    """Gemini's thought signature, which it wants back with the call."""
    extra = fragment.get("extra_content") or {}
    provider = fragment.get("provider_specific_fields") or {}
    return (extra.get("google") or {}).get("thought_signature") or provider.get("thought_signature")
