"""What a client shows: items by id, folded from a snapshot and events, as a front end does it."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from support.resuming_client import Event

_ID = re.compile(r"\b[a-z]+(?:_[a-z]+)*_[0-9a-f]{32}\b")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.0-9]*Z")

Items = dict[str, dict[str, Any]]


def shown(events: Iterable[Event], snapshot: Iterable[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """The items that are done after `events`, on top of `snapshot`, in the order in which they were first done."""
    items: Items = {item["id"]: item for item in snapshot}
    for event in events:
        told = orjson.loads(event.data)
        match told["type"]:
            case "thread.item.done" | "thread.item.replaced":
                items[told["item"]["id"]] = told["item"]
            case "thread.item.removed":
                items.pop(told["item_id"], None)
            case _:
                pass
    return list(items.values())


def streamed_text(events: Iterable[Event]) -> str:
    """The text deltas, put together."""
    parts: list[str] = []
    for event in events:
        told = orjson.loads(event.data)
        if told["type"] == "thread.item.updated" and "delta" in told["update"]:
            parts.append(told["update"]["delta"])
    return "".join(parts)


def words_of(item: dict[str, Any]) -> str:
    return "".join(part.get("text", "") for part in item["content"])


def answers_in(items: Iterable[dict[str, Any]]) -> list[str]:
    return [words_of(item) for item in items if item["type"] == "assistant_message"]


def questions_in(items: Iterable[dict[str, Any]]) -> list[str]:
    return [words_of(item) for item in items if item["type"] == "user_message"]


def without_identity(events: Sequence[Event]) -> list[Any]:
    """Events with ids and times taken out and neighbouring deltas joined: equal for two runs that said the same."""
    names: dict[str, str] = {}
    told: list[Any] = []
    for event in events:
        named = _ID.sub(lambda found: names.setdefault(found[0], f"id-{len(names)}"), event.data.decode())
        each = orjson.loads(_TIME.sub("then", named))
        update = each.get("update") or {}
        last = told[-1].get("update") or {} if told else {}
        if "delta" in update and "delta" in last and told[-1]["item_id"] == each["item_id"]:
            last["delta"] += update["delta"]
        else:
            told.append(each)
    return told
