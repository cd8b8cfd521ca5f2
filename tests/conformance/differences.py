"""Where our server deliberately does not do what the official SDK does: each with its reason, and what ours says instead.

A `Rewrite` turns what the SDK said into what ours must say; `before` is what ours had to say in the steps before. A step that
names no difference must be answered alike, and one that names a difference must not.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from support.two_sides import Reply

Rewrite = Callable[[Reply, Sequence[Reply]], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    reason: str
    ours: Rewrite


EVERYWHERE = {
    "times are UTC and say so": "browsers read a time without a zone as their own; see `comparable`",
    "deltas that arrive together leave together": "fewer, larger writes; the text is the same; see `comparable`",
}


def _refused(instead: str, *, of: str | None = None) -> Rewrite:
    def rewrite(theirs: Reply, before: Sequence[Reply]) -> Reply:
        assert of is None or theirs.get("raised") == of, theirs
        return {"refused": instead}

    return rewrite


def _items(reply: Reply) -> list[Any]:
    return reply["json"]["data"] if "data" in reply["json"] else reply["json"]["items"]["data"]


def _with_what_was_shown(theirs: Reply, before: Sequence[Reply]) -> Reply:
    """A page of items that also has those which were shown as done, in their places."""
    ours = deepcopy(theirs)
    kept = _items(ours)
    known = {item["id"] for item in kept}
    shown = [event["item"] for reply in before for event in reply.get("events", ()) if event["type"] == _DONE]
    last = -1
    for item in shown:
        if item["id"] in known:
            last = next(place for place, one in enumerate(kept) if one["id"] == item["id"])
        else:
            last += 1
            kept.insert(last, item)
    return ours


def _finish_what_was_begun(theirs: Reply, before: Sequence[Reply]) -> Reply:
    """What has text becomes done, what has none is removed; before the error, which stays the last word."""
    begun: dict[str, Any] = {}
    for event in theirs["events"]:
        match event:
            case {"type": "thread.item.added"}:
                begun[event["item"]["id"]] = deepcopy(event["item"])
            case {"type": "thread.item.done"}:
                begun.pop(event["item"]["id"], None)
            case {"type": "thread.item.updated", "update": {"delta": delta}} if event["item_id"] in begun:
                content = begun[event["item_id"]]["content"] or [{"text": "", "annotations": [], "type": "output_text"}]
                content[0]["text"] += delta
                begun[event["item_id"]]["content"] = content
            case _:
                pass
    ended = [
        {"type": _DONE, "item": item} if item["content"] else {"type": "thread.item.removed", "item_id": item["id"]}
        for item in begun.values()
    ]
    end = len(theirs["events"]) - (theirs["events"][-1]["type"] == "error")
    return {"events": [*theirs["events"][:end], *ended, *theirs["events"][end:]]}


def _kept_at_the_stop(theirs: Reply, before: Sequence[Reply]) -> Reply:
    """The workflow that the client saw beginning is there, at rest; the SDK keeps messages alone."""
    ours = deepcopy(theirs)
    events = next(reply["events"] for reply in reversed(before) if "events" in reply)
    workflow = next(deepcopy(event["item"]) for event in events if event["type"] == "thread.item.added")
    task = next(event["update"]["task"] for event in events if event.get("update", {}).get("task"))
    workflow["workflow"]["tasks"] = [{**task, "status_indicator": "none"}]
    _items(ours).insert(1, workflow)
    return ours


def _without_hidden(theirs: Reply, before: Sequence[Reply]) -> Reply:
    return {"events": [event for event in theirs["events"] if "hidden" not in event.get("item", {}).get("type", "")]}


def _told_in_words(theirs: Reply, before: Sequence[Reply]) -> Reply:
    message = "The model stopped responding. Try again."
    error = {"type": "error", "code": "custom", "message": message, "allow_retry": True}
    return {"events": [*theirs["events"][:-1], error]}


def _with_synced_item(theirs: Reply, before: Sequence[Reply]) -> Reply:
    synced = next(reply["json"]["updated_item"] for reply in before if "updated_item" in reply.get("json", {}))
    ours = deepcopy(theirs)
    items = _items(ours)
    items[:] = [synced if item["id"] == synced["id"] else item for item in items]
    return ours


def _with_changed_widget(theirs: Reply, before: Sequence[Reply]) -> Reply:
    changed = {
        event["item_id"]: event["update"]["widget"]
        for reply in before
        for event in reply.get("events", [])
        if event.get("update", {}).get("type") == "widget.root.updated"
    }
    ours = deepcopy(theirs)
    for item in _items(ours):
        if item["id"] in changed:
            item["widget"] = changed[item["id"]]
    return ours


def _without_upload(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_upload(item) for key, item in value.items() if key != "upload_descriptor"}
        case list():
            return [_without_upload(item) for item in value]
        case _:
            return value


def _each_file_once(theirs: Reply, before: Sequence[Reply]) -> Reply:
    ours = _without_upload(theirs)
    for event in ours["events"]:
        if attachments := event.get("item", {}).get("attachments"):
            event["item"]["attachments"] = list({file["id"]: file for file in attachments}.values())
    return ours


def _clamped(theirs: Reply, before: Sequence[Reply]) -> Reply:
    assert len(theirs["json"]["data"]) > 100 or theirs["json"]["data"] == []
    everything = next(reply["json"]["data"] for reply in before if len(_data_of(reply)) == 100)
    if theirs["json"]["data"]:
        data = theirs["json"]["data"][:100]
        return {"json": {"data": data, "has_more": True, "after": data[-1]["id"]}}
    return {"json": {"data": everything[:1], "has_more": True, "after": everything[0]["id"]}}


def _data_of(reply: Reply) -> list[Any]:
    return reply.get("json", {}).get("data", [])


def _plain_title(theirs: Reply, before: Sequence[Reply]) -> Reply:
    return {"json": {**theirs["json"], "title": " ".join(theirs["json"]["title"].replace("\u202e", " ").split())}}


def _not_answered(theirs: Reply, before: Sequence[Reply]) -> Reply:
    """The SDK's thread got a message more, and an answer to it."""
    ours = deepcopy(theirs)
    del _items(ours)[-2:]
    return ours


_DONE = "thread.item.done"

DIFFERENCES: Mapping[str, Difference] = {
    "what is unknown is 404": Difference(
        reason="the SDK raises, after the 200 of a stream or as a 500, so clients see a torn stream or retry for ever",
        ours=_refused("404 not_found", of="NotFoundError"),
    ),
    "a retry after nothing is 404": Difference(
        reason="the SDK answers an unknown item with an empty stream, which looks like an empty answer",
        ours=_refused("404 not_found"),
    ),
    "what cannot be is 422": Difference(
        reason="the SDK raises ValueError after the 200; repeating the request cannot help",
        ours=_refused("422 invalid_input", of="ValueError"),
    ),
    "actions come from widgets": Difference(
        reason="the SDK opens a stream to say that it cannot; 4xx is what clients understand",
        ours=_refused("422 invalid_input"),
    ),
    "what is not overridden is 422": Difference(
        reason="the SDK raises NotImplementedError or RuntimeError (a 500), or opens a stream with an error",
        ours=_refused("422 not_supported"),
    ),
    "no orphan threads": Difference(
        reason="the SDK saves the thread before it looks at the message's attachments",
        ours=lambda theirs, before: {"json": {"data": [], "has_more": False}},
    ),
    "closed and locked threads refuse": Difference(
        reason="the SDK never looks at a thread's status",
        ours=_refused("409 thread_not_active"),
    ),
    "nothing was said in the closed thread": Difference(
        reason="follows from `closed and locked threads refuse`",
        ours=_not_answered,
    ),
    "limits are clamped": Difference(
        reason="the SDK passes a limit of a million or of minus five on to the store",
        ours=_clamped,
    ),
    "a title is visible text": Difference(
        reason="blank titles cannot be clicked, and invisible characters make one look like another",
        ours=_plain_title,
    ),
    "a title is not empty": Difference(
        reason="blank titles cannot be clicked",
        ours=_refused("422 invalid_input"),
    ),
    "feedback is about items that are there": Difference(
        reason="feedback is stored; the SDK passes any ids to a method that does nothing by default",
        ours=_refused("404 not_found"),
    ),
    "a file that was sent stays": Difference(
        reason="the SDK deletes it and leaves the message pointing nowhere",
        ours=_refused("409 conflict"),
    ),
    "addresses for uploads are not kept": Difference(
        reason="the SDK stores signed addresses and headers in the message and sends them with every history",
        ours=lambda theirs, before: _without_upload(theirs),
    ),
    "each file once": Difference(
        reason="the same id twice is a client's slip, not two files",
        ours=_each_file_once,
    ),
    "an empty message is 422": Difference(
        reason="there is nothing to answer",
        ours=_refused("422 invalid_input"),
    ),
    "audio is base64": Difference(
        reason="the SDK skips what is not base64 and transcribes the rest, or raises",
        ours=_refused("422 invalid_input"),
    ),
    "what an action changed at once is stored": Difference(
        reason="the SDK shows the updated item and forgets it; a reload brings the old one back",
        ours=_with_synced_item,
    ),
    "what an action changed in a stream is stored": Difference(
        reason="the SDK shows the change of a widget and forgets it; a reload brings the old one back",
        ours=_with_changed_widget,
    ),
    "hidden items never leave": Difference(
        reason="the SDK hides them when they are done, and shows them when they are added or replaced",
        ours=_without_hidden,
    ),
    "what was said before an error is finished": Difference(
        reason="the SDK leaves it open in the page and loses it on reload",
        ours=_finish_what_was_begun,
    ),
    "what was shown is there": Difference(
        reason="follows from `what was said before an error is finished`",
        ours=_with_what_was_shown,
    ),
    "work that was stopped is kept": Difference(
        reason="the SDK keeps messages of a stopped answer and drops its workflows, which the user saw",
        ours=_kept_at_the_stop,
    ),
    "known failures are told in words": Difference(
        reason="the SDK shows one sentence for whatever went wrong; a timeout is worth its own",
        ours=_told_in_words,
    ),
}
