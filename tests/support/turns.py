"""Short words for making what a `ConversationStore` takes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    FileAttachment,
    InferenceOptions,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTextContent,
)

from chatkit_host.engine.ports import (
    ConversationStore,
    Lease,
    LogEvent,
    NewTurn,
    TerminalStatus,
    TurnEnd,
    TurnWrite,
)
from chatkit_host.ids import Owner, ThreadId, TurnId, new_id

ALICE, BOB = Owner("alice"), Owner("bob")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

_moments = iter(range(10**9))


def later() -> datetime:
    """A moment after all earlier ones."""
    return NOON + timedelta(milliseconds=next(_moments))


def new_thread(**fields: Any) -> ThreadMetadata:
    return ThreadMetadata(**{"id": new_id("thread"), "created_at": later(), **fields})


def question(thread_id: str, text: str = "What is the time?", **fields: Any) -> UserMessageItem:
    return UserMessageItem(
        **{
            "id": new_id("message"),
            "thread_id": thread_id,
            "created_at": later(),
            "content": [UserMessageTextContent(text=text)],
            "inference_options": InferenceOptions(),
            **fields,
        }
    )


def answer(thread_id: str, text: str = "Noon.", **fields: Any) -> AssistantMessageItem:
    content = [AssistantMessageContent(text=text)]
    return AssistantMessageItem(
        **{"id": new_id("message"), "thread_id": thread_id, "created_at": later(), "content": content, **fields}
    )


def attachment(**fields: Any) -> FileAttachment:
    return FileAttachment(**{"id": new_id("attachment"), "name": "notes.txt", "mime_type": "text/plain", **fields})


def new_lease(thread_id: str, owner: Owner = ALICE, worker: str = "worker-1") -> Lease:
    return Lease(turn_id=TurnId(new_id("turn")), thread_id=ThreadId(thread_id), owner=owner, worker=worker)


def events(first: int, last: int) -> list[LogEvent]:
    return [LogEvent(seq=seq, data=b'{"type":"notice","message":"%d"}' % seq) for seq in range(first, last + 1)]


def new_turn(thread: ThreadMetadata, owner: Owner = ALICE, **fields: Any) -> NewTurn:
    """A message to an existing thread, held by worker-1 for a minute; `fields` replace its parts."""
    return NewTurn(
        **{
            "lease": new_lease(thread.id, owner),
            "lease_seconds": 60.0,
            "operation": "message",
            "thread": thread,
            "created_at": later(),
            **fields,
        }
    )


async def begun_turn(
    store: ConversationStore, owner: Owner = ALICE, thread: ThreadMetadata | None = None, **fields: Any
) -> NewTurn:
    """A question in a new thread (or in `thread`), accepted."""
    creates = thread is None
    thread = thread or new_thread()
    asked = question(thread.id)
    new = new_turn(thread, owner, **{"creates_thread": creates, "items": [asked], "input_item_id": asked.id, **fields})
    await store.begin_turn(new)
    return new


async def end_turn(store: ConversationStore, lease: Lease, status: TerminalStatus = "completed", **fields: Any) -> None:
    code = "internal" if status == "failed" else None
    await store.write_turn(lease, TurnWrite(end=TurnEnd(status=status, error_code=code), **fields))


async def answered_thread(
    store: ConversationStore, owner: Owner = ALICE, questions: int = 1, **fields: Any
) -> ThreadMetadata:
    """A thread of questions, each with an answer."""
    thread = new_thread(**fields)
    for number in range(questions):
        new = await begun_turn(store, owner, thread, creates_thread=number == 0)
        await end_turn(store, new.lease, items=[answer(thread.id)])
    return thread


async def item_ids(store: ConversationStore, thread_id: str, owner: Owner = ALICE) -> list[str]:
    page = await store.load_items(owner, thread_id, limit=1000, after=None, order="asc", hidden=True)
    return [item.id for item in page.data]


def ids(records: Sequence[Any]) -> list[str]:
    return [record.id for record in records]
