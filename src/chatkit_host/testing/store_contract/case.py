"""A case of the contract, and the world that it finds itself in."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from chatkit.store import NotFoundError, Store
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    FileAttachment,
    InferenceOptions,
    Page,
    ThreadItem,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTextContent,
)

Topic = Literal["threads", "items", "text", "attachments", "owners", "concurrency", "identifiers", "server"]
MakeStore = Callable[[], "Store[Any] | Awaitable[Store[Any]]"]
ContextFor = Callable[[str], Any]

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


class Context(dict[str, Any]):
    """A request context that says whose request it is: `context["user_id"]`, `context.user_id`, and the same as `owner`."""

    def __init__(self, user: str) -> None:
        super().__init__(user_id=user, owner=user)
        self.user_id = self.owner = user


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCase:
    topic: Topic
    name: str
    module: str
    check: Callable[["World"], Awaitable[None]]

    async def run(self, make_store: MakeStore, *, context_for: ContextFor = Context) -> None:
        """Checks the store that `make_store` makes; raises `AssertionError`, or whatever the store raises.

        `context_for(user)` is the request context of a user, when your Store wants one of your own kind.
        """
        made = make_store()
        store = await made if inspect.isawaitable(made) else made
        await self.check(World(store, context_for))

    def __str__(self) -> str:
        return f"{self.topic}-{self.name}"


CASES: list[StoreCase] = []


def case(topic: Topic, name: str | None = None) -> Callable[[Callable[["World"], Awaitable[None]]], Any]:
    """Registers a function as a case; its name is the sentence that it proves."""

    def register(check: Callable[["World"], Awaitable[None]]) -> Any:
        CASES.append(
            StoreCase(topic=topic, name=name or check.__name__, module=check.__module__, check=check)  # pyright: ignore[reportFunctionMemberAccess]
        )
        return check

    return register


class World:
    """A store, two users who have never met, and short words for making what goes in."""

    def __init__(self, store: Store[Any], context_for: ContextFor) -> None:
        self.store = store
        unique = uuid4().hex
        self.alice = context_for(f"alice-{unique}")
        self.bob = context_for(f"bob-{unique}")
        self._made = 0

    def later(self) -> datetime:
        """A moment after all earlier ones."""
        self._made += 1
        return NOON + timedelta(seconds=self._made)

    def thread(self, **fields: Any) -> ThreadMetadata:
        return ThreadMetadata(**{"id": f"thr_{uuid4().hex}", "created_at": self.later(), **fields})

    async def saved_thread(self, **fields: Any) -> ThreadMetadata:
        """Alice's."""
        thread = self.thread(**fields)
        await self.store.save_thread(thread, self.alice)
        return thread

    def question(self, thread: ThreadMetadata, text: str = "What is the time?", **fields: Any) -> UserMessageItem:
        content = [UserMessageTextContent(text=text)]
        return UserMessageItem(
            **{"content": content, "inference_options": InferenceOptions(), **self.item_fields(thread), **fields}
        )

    def answer(self, thread: ThreadMetadata, text: str = "Noon.", **fields: Any) -> AssistantMessageItem:
        return AssistantMessageItem(
            **{"content": [AssistantMessageContent(text=text)], **self.item_fields(thread), **fields}
        )

    def item_fields(self, thread: ThreadMetadata) -> dict[str, Any]:
        return {"id": f"msg_{uuid4().hex}", "thread_id": thread.id, "created_at": self.later()}

    def attachment(self, **fields: Any) -> FileAttachment:
        return FileAttachment(**{"id": f"atc_{uuid4().hex}", "name": "notes.txt", "mime_type": "text/plain", **fields})

    async def add(self, thread: ThreadMetadata, *items: ThreadItem) -> None:
        for item in items:
            await self.store.add_thread_item(thread.id, item, self.alice)

    async def added_answers(self, thread: ThreadMetadata, count: int, **fields: Any) -> list[str]:
        """The ids of that many new items, in order."""
        items = [self.answer(thread, f"Answer {number}.", **fields) for number in range(count)]
        await self.add(thread, *items)
        return [item.id for item in items]

    async def item_ids(self, thread: ThreadMetadata, order: str = "asc", limit: int = 1000) -> list[str]:
        """Of all items, page after page."""
        return await _all_ids(
            lambda after: self.store.load_thread_items(thread.id, after, limit, order, self.alice), limit
        )

    async def thread_ids(self, order: str = "desc", limit: int = 1000) -> list[str]:
        return await _all_ids(lambda after: self.store.load_threads(limit, after, order, self.alice), limit)


async def _all_ids(load: Callable[[str | None], Awaitable[Page[Any]]], limit: int) -> list[str]:
    ids: list[str] = []
    after: str | None = None
    for _ in range(1000):
        page = await load(after)
        ids += [entry.id for entry in page.data]
        assert len(page.data) <= limit, "a page has more entries than asked for"
        if not page.has_more:
            return ids
        assert page.data, "an empty page says that there is more"
        assert page.after == page.data[-1].id, "`after` must be the id of the last entry when there is more"
        after = page.after
    raise AssertionError("paging does not come to an end")


async def assert_not_found(answer: Awaitable[Any]) -> None:
    try:
        found = await answer
    except NotFoundError:
        return
    raise AssertionError(f"expected chatkit.store.NotFoundError, got {found!r}")


async def refused_or_ignored(answer: Awaitable[Any]) -> None:
    """A Store may refuse what has no effect, or say nothing. The case then looks at the effect."""
    try:
        await answer
    except NotFoundError:
        return


async def assert_nothing_follows(answer: Awaitable[Page[Any]]) -> None:
    """An unknown cursor is not found, or has nothing after it; starting over would page for ever."""
    try:
        page = await answer
    except NotFoundError:
        return
    assert page.data == [], "an unknown cursor starts over"
    assert not page.has_more
