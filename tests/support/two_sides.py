"""The same ChatKit operations, asked of our server over HTTP and of the official SDK in process, and what both say made comparable."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
from chatkit.server import ChatKitServer, StreamingResult
from support.chat import cursor_and_data

from chatkit_host.engine.responder import RequestContext
from chatkit_host.ids import Owner

Reply = dict[str, Any]
"""`{"events": [...]}`, `{"json": ...}`, `{"refused": "404 not_found"}` or, from the SDK, either with `{"raised": "ValueError"}`."""

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_ID_FIELDS = ("id", "thread_id", "item_id", "after")
_DELTA = "assistant_message.content_part.text_delta"
_FREE_SECONDS = 10


class Side(Protocol):
    async def ask(self, body: Mapping[str, Any], leave_at: str | None) -> Reply:
        """`leave_at`: the client goes away as soon as an event says this."""
        ...


class OurSide:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def ask(self, body: Mapping[str, Any], leave_at: str | None) -> Reply:
        """Waits for an answer that somebody else has stopped and that is still being put away."""
        async with asyncio.timeout(_FREE_SECONDS):
            while (  # noqa: ASYNC110 - it is another process that ends the turn
                reply := await self._ask(body, leave_at)
            ) == {"refused": "409 turn_running"}:
                await asyncio.sleep(0.01)
        if leave_at is not None:
            await self._until_put_away(next(e["item"]["thread_id"] for e in reply["events"] if "item" in e))
        return reply

    async def _until_put_away(self, thread_id: str) -> None:
        """Until what was shown of a stopped answer is in the thread; at most a second, for nothing may have been worth keeping."""
        body = {"type": "items.list", "params": {"thread_id": thread_id, "limit": 1}}
        for _ in range(100):
            newest = (await self._ask(body, None))["json"]["data"]
            # The page is empty when the newest item is a hidden note.
            if not newest or newest[0]["type"] != "user_message":
                return
            await asyncio.sleep(0.01)

    async def _ask(self, body: Mapping[str, Any], leave_at: str | None) -> Reply:
        async with self._http.stream("POST", "/chatkit", json=body) as response:
            if response.headers["content-type"] == "text/event-stream; charset=utf-8":
                return {"events": await self._events(response, leave_at)}
            answer = json.loads(await response.aread())
        if response.status_code != 200:
            return {"refused": f"{response.status_code} {answer['error']['code']}"}
        return {"json": answer}

    async def _events(self, response: httpx.Response, leave_at: str | None) -> list[Any]:
        events: list[Any] = []
        rest = b""
        async for chunk in response.aiter_raw():
            *records, rest = (rest + chunk).split(b"\n\n")
            for record in records:
                if record != b": ping":
                    events.append(json.loads(cursor_and_data(record)[1]))
                    if leave_at is not None and leave_at in record.decode():
                        return events
        assert rest == b"", "the stream ended in the middle of an event"
        assert leave_at is None, "the stream ended before it said what was waited for"
        return events


class OfficialSide:
    def __init__(self, server: ChatKitServer[Any], owner: str) -> None:
        self._server = server
        self._context = RequestContext(owner=Owner(owner), user_id=owner)

    async def ask(self, body: Mapping[str, Any], leave_at: str | None) -> Reply:
        try:
            result = await self._server.process(json.dumps(body), self._context)
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises is its answer
            return {"raised": type(error).__name__}
        if not isinstance(result, StreamingResult):
            return {"json": json.loads(result.json)}
        events: list[Any] = []
        left = asyncio.Event()

        async def read() -> None:
            async for record in result:
                assert record.startswith(b"data: ")
                assert record.endswith(b"\n\n")
                events.append(json.loads(record[6:]))
                if leave_at is not None and leave_at in record.decode():
                    left.set()

        reading = asyncio.ensure_future(read())
        leaving = asyncio.ensure_future(left.wait())
        await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        if left.is_set():
            await asyncio.sleep(0)
            reading.cancel()
        await asyncio.wait({reading})
        if not reading.cancelled() and (error := reading.exception()) is not None:
            return {"events": events, "raised": type(error).__name__}
        return {"events": events}


@dataclass(kw_only=True)
class Step:
    operation: str
    reply: Reply
    differs: str | None


@dataclass
class Conversation:
    """Asks one side, remembers the ids that it was told, and keeps what was said."""

    side: Side
    steps: list[Step] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    items: dict[str, list[str]] = field(default_factory=dict)
    attachments: list[str] = field(default_factory=list)

    async def do(
        self, operation: str, *, differs: str | None = None, leave_at: str | None = None, **params: Any
    ) -> Reply:
        reply = await self.side.ask({"type": operation, "params": params}, leave_at)
        self.steps.append(Step(operation=operation, reply=reply, differs=differs))
        for event in reply.get("events", ()):
            if event["type"] == "thread.created":
                self.threads.append(event["thread"]["id"])
            if event["type"] in ("thread.item.done", "thread.item.added"):
                known = self.items.setdefault(event["item"]["type"], [])
                if event["item"]["id"] not in known:
                    known.append(event["item"]["id"])
        if operation == "attachments.create" and "json" in reply:
            self.attachments.append(reply["json"]["id"])
        return reply

    @property
    def thread(self) -> str:
        return self.threads[-1]

    def item(self, kind: str) -> str:
        """The newest item of a kind that was shown."""
        return self.items[kind][-1]

    async def create(self, words: str, *, differs: str | None = None, **more: Any) -> Reply:
        return await self.do("threads.create", differs=differs, input=said(words), **more)

    async def say(self, words: str, *, differs: str | None = None, leave_at: str | None = None) -> Reply:
        return await self.do(
            "threads.add_user_message", differs=differs, leave_at=leave_at, thread_id=self.thread, input=said(words)
        )

    async def look(self, *, differs: str | None = None) -> None:
        """At everything that is kept of the thread."""
        await self.do("items.list", differs=differs, thread_id=self.thread, order="asc", limit=100)
        await self.do("threads.get_by_id", differs=differs, thread_id=self.thread)


def said(words: str, **other: Any) -> dict[str, Any]:
    content = [{"type": "input_text", "text": words}]
    return {"content": content, "attachments": [], "inference_options": {}, **other}


def comparable(replies: list[Reply], *, ours: bool) -> list[Reply]:
    """With ids numbered in the order in which they appear, times blanked, and text deltas joined that follow one another.

    Our times must be UTC and say so; the SDK's may be anything.
    """
    numbers: dict[str, str] = {}

    def plain(value: Any, name: str = "") -> Any:
        match value:
            case dict():
                return {key: plain(item, key) for key, item in value.items()}
            case list():
                return [plain(item, name) for item in value]
            case str() if name in _ID_FIELDS:
                return numbers.setdefault(value, f"<{len(numbers) + 1}>")
            case str() if name == "created_at" and (not ours or _UTC.fullmatch(value)):
                return "<time>"
            case _:
                return value

    return [plain(_joined(reply)) for reply in replies]


def _joined(reply: Reply) -> Reply:
    if "events" not in reply:
        return reply
    events: list[Any] = []
    for event in reply["events"]:
        before = events[-1] if events else None
        if before is not None and _is_delta(before) and _is_delta(event) and _place(before) == _place(event):
            update = {**before["update"], "delta": before["update"]["delta"] + event["update"]["delta"]}
            events[-1] = {**before, "update": update}
        else:
            events.append(event)
    return {**reply, "events": events}


def _is_delta(event: Any) -> bool:
    return event["type"] == "thread.item.updated" and event["update"]["type"] == _DELTA


def _place(event: Any) -> tuple[str, int]:
    return event["item_id"], event["update"]["content_index"]
