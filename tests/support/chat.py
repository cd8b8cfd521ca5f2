"""A ChatKit client as strict as the protocol: every event must be one of `chatkit.types`, every byte where it belongs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from chatkit.types import (
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    ErrorEvent,
    Thread,
    ThreadCreatedEvent,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    WorkflowItem,
)
from pydantic import TypeAdapter

_EVENT: TypeAdapter[ThreadStreamEvent] = TypeAdapter(ThreadStreamEvent)
_ITEM: TypeAdapter[ThreadItem] = TypeAdapter(ThreadItem)


def user_input(text: str, **other: Any) -> dict[str, Any]:
    return {"content": [{"type": "input_text", "text": text}], "attachments": [], "inference_options": {}, **other}


@dataclass(kw_only=True)
class Answer:
    """What one streaming operation sent."""

    status: int
    headers: httpx.Headers
    events: list[ThreadStreamEvent] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    """The `id` of each event."""
    problem: dict[str, Any] | None = None
    """The `error` of a JSON answer."""

    @property
    def turn_id(self) -> str:
        return self.headers["ChatKit-Turn"]

    @property
    def thread_id(self) -> str:
        for event in self.events:
            if isinstance(event, ThreadCreatedEvent):
                return event.thread.id
        return next(event.item.thread_id for event in self.events if isinstance(event, ThreadItemDoneEvent))

    @property
    def items(self) -> list[ThreadItem]:
        return [event.item for event in self.events if isinstance(event, ThreadItemDoneEvent)]

    @property
    def streamed_text(self) -> str:
        """The deltas, put together."""
        return "".join(
            event.update.delta
            for event in self.events
            if isinstance(event, ThreadItemUpdatedEvent)
            and isinstance(event.update, AssistantMessageContentPartTextDelta)
        )

    @property
    def text(self) -> str:
        """What the finished assistant messages say."""
        return "\n".join(text_of(item) for item in self.items if isinstance(item, AssistantMessageItem))

    @property
    def tool_titles(self) -> list[str]:
        return [
            task.title or ""
            for item in self.items
            if isinstance(item, WorkflowItem)
            for task in item.workflow.tasks
            if task.type == "custom"
        ]

    @property
    def errors(self) -> list[ErrorEvent]:
        return [event for event in self.events if isinstance(event, ErrorEvent)]


class Chat:
    """Speaks as one user."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # Without TLS there is nothing to verify, and loading certificates takes longer than most tests.
        self.http = httpx.AsyncClient(base_url=url, headers=headers, timeout=30, verify=False)

    async def __aenter__(self) -> "Chat":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.http.aclose()

    async def ask(self, operation: str, **params: Any) -> Answer:
        """A streaming operation, read to its end."""
        async with self.asking(operation, **params) as (answer, events):
            async for _ in events:
                pass
        return answer

    def asking(
        self, operation: str, **params: Any
    ) -> AbstractAsyncContextManager[tuple[Answer, AsyncIterator[ThreadStreamEvent]]]:
        """A streaming operation, read as far as the caller likes; leaving the block closes the connection."""
        return self._sending({"type": operation, "params": params}, {})

    async def send(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
        """A whole request of a streaming operation, its answer read to the end."""
        async with self._sending(body, headers or {}) as (answer, events):
            async for _ in events:
                pass
        return answer

    @asynccontextmanager
    async def _sending(
        self, body: dict[str, Any], headers: dict[str, str]
    ) -> AsyncIterator[tuple[Answer, AsyncIterator[ThreadStreamEvent]]]:
        async with self.http.stream("POST", "/chatkit", json=body, headers=headers) as response:
            answer = Answer(status=response.status_code, headers=response.headers)
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                yield answer, _events(response, answer)
            else:
                answer.problem = json.loads(await response.aread()).get("error")
                yield answer, _nothing()

    async def get(self, operation: str, **params: Any) -> httpx.Response:
        """An operation that answers with JSON."""
        return await self.http.post("/chatkit", json={"type": operation, "params": params})

    async def until_written(self, turn_id: str, events: int) -> None:
        """Until as many events of an answer as were read are in the database too."""
        async with asyncio.timeout(20):
            while True:
                if (await self.http.get(f"/api/turns/{turn_id}")).json()["last_event"] >= events:
                    return
                await asyncio.sleep(0.02)  # it is the server that writes

    async def say_when_free(self, thread_id: str, text: str) -> Answer:
        """Says something as soon as the answer before it has ended; a refusal for any other reason is none to wait for."""
        async with asyncio.timeout(10):
            while True:
                answer = await self.say(thread_id, text)
                if answer.status == 200:
                    return answer
                assert answer.problem is not None
                assert answer.problem["code"] == "turn_running"
                await asyncio.sleep(0.02)  # it is the server that ends the answer

    async def create(self, text: str) -> Answer:
        return await self.ask("threads.create", input=user_input(text))

    async def say(self, thread_id: str, text: str) -> Answer:
        return await self.ask("threads.add_user_message", thread_id=thread_id, input=user_input(text))

    async def thread(self, thread_id: str) -> Thread:
        return Thread.model_validate_json(
            (await self.get("threads.get_by_id", thread_id=thread_id)).raise_for_status().content
        )

    async def items(self, thread_id: str) -> list[ThreadItem]:
        """All of a thread's items, oldest first, page by page."""
        items: list[ThreadItem] = []
        after: str | None = None
        while True:
            page = (
                (await self.get("items.list", thread_id=thread_id, order="asc", limit=100, after=after))
                .raise_for_status()
                .json()
            )
            items += [_ITEM.validate_python(item) for item in page["data"]]
            if not page["has_more"]:
                return items
            after = page["after"]


def text_of(item: ThreadItem) -> str:
    assert isinstance(item, AssistantMessageItem)
    return "".join(part.text for part in item.content)


def cursor_and_data(record: bytes) -> tuple[str, bytes]:
    """An event as it comes: its `id` and its JSON, nothing else and nothing in several lines."""
    first, separator, data = record.partition(b"\ndata: ")
    assert first.startswith(b"id: "), record
    assert separator, record
    assert b"\n" not in data, record
    return first[4:].decode(), data


async def _events(response: httpx.Response, answer: Answer) -> AsyncIterator[ThreadStreamEvent]:
    buffer = b""
    async for chunk in response.aiter_raw():
        buffer += chunk
        *records, buffer = buffer.split(b"\n\n")
        for record in records:
            if record.startswith(b":"):
                continue
            cursor, data = cursor_and_data(record)
            assert cursor.startswith(f"{answer.turn_id}:")
            answer.cursors.append(cursor)
            event = _EVENT.validate_json(data)
            answer.events.append(event)
            yield event
    assert buffer == b"", "the stream ended in the middle of an event"


async def _nothing() -> AsyncIterator[ThreadStreamEvent]:
    return
    yield
