"""What the engine needs from a store of conversations.

Each port has a real implementation that ships and a contract suite; see `chatkit_host.store` and `chatkit_host.testing`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol, TypedDict

from chatkit.types import (
    Attachment,
    FeedbackKind,
    Page,
    ThreadItem,
    ThreadMetadata,
    ThreadStatus,
)

from chatkit_host.ids import Owner, ThreadId, TurnId

TurnStatus = Literal["queued", "running", "waiting", "completed", "failed", "cancelled", "interrupted"]
TerminalStatus = Literal["completed", "failed", "cancelled", "interrupted"]
Operation = Literal["message", "retry", "client_tool_output", "structured_input", "action"]
"""`retry`: answers again, the same message or another one in its place."""
Order = Literal["asc", "desc"]
WhenBusy = Literal["reject", "queue", "interrupt"]
"""What becomes of a message that is sent while another one of its thread is being answered."""

OPEN_STATUSES: tuple[TurnStatus, ...] = ("queued", "running", "waiting")
"""A thread has at most one turn in one of these."""

HOST_EVENT = b'{"type":"host.'
"""How the JSON of the few events starts that ChatKit has no word for; ChatKit's encoder leaves them out."""

_TURN_ENDED = HOST_EVENT + b'turn.ended"'

ModelItem = dict[str, Any]
"""One entry of a transcript: an input item of the Responses API (message, function_call, function_call_output, reasoning) as JSON."""


class LogEvent(NamedTuple):
    """One event of a turn: `seq` counts from 1 without gaps, `data` is one line of JSON whose first key is `type`."""

    seq: int
    data: bytes

    @property
    def type(self) -> str:
        return self.data[9 : self.data.index(b'"', 9)].decode()

    @property
    def is_host_event(self) -> bool:
        return self.data.startswith(HOST_EVENT)

    @property
    def is_the_end(self) -> bool:
        """Of the turn: no event comes after it."""
        return self.data.startswith(_TURN_ENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to write a turn. A write by anyone who no longer holds it is refused (`LeaseLost`)."""

    turn_id: TurnId
    thread_id: ThreadId
    owner: Owner
    worker: str
    attempt: int = 1


class ThreadChanges(TypedDict, total=False):
    """Columns of a thread to set; absent ones stay as they are, so that a rename survives a running turn."""

    title: str | None
    status: ThreadStatus
    allowed_image_domains: list[str] | None
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What one user may start, counted over all workers; 0 for no limit."""

    messages_per_minute: int = 0
    """On average; as many may come at once."""
    concurrent_turns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTurn:
    """Everything that becomes true at once when a turn is accepted."""

    lease: Lease
    lease_seconds: float
    operation: Operation
    thread: ThreadMetadata
    creates_thread: bool = False
    items: Sequence[ThreadItem] = ()
    """Added or replaced (by id, keeping position), in this order."""
    removed_items: Sequence[str] = ()
    supersedes_after: str | None = None
    """Retry: the visible items after this one become an earlier version; it is shown again unless the turn completes."""
    supersedes_from: str | None = None
    """Edit: the same of this item and all after it; it is shown again when nothing is answered. `NotSupported` where a store keeps
    no versions."""
    attachments: Sequence[Attachment] = ()
    """Bound to the thread; refused (`NotFound`) when they are another owner's or bound to another thread."""
    input_item_id: str | None = None
    """The user message that the turn answers. The item belongs to the turn from now on."""
    events: Sequence[LogEvent] = ()
    idempotency_key: str | None = None
    """The client's name for this request. An owner has one turn for each: `AlreadySent`."""
    request_hash: str | None = None
    quota: Quota | None = None
    """Checked in the same transaction: `RateLimited`."""
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnd:
    status: TerminalStatus
    error_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnWrite:
    """One transaction of a running turn. Events, items, transcript and end become durable together or not at all."""

    events: Sequence[LogEvent] = ()
    items: Sequence[ThreadItem] = ()
    """Added or replaced by id, keeping position."""
    removed_items: Sequence[str] = ()
    thread_changes: ThreadChanges | None = None
    transcript: Sequence[ModelItem] | None = None
    """The whole transcript so far; None leaves it."""
    usage: dict[str, int] | None = None
    """Token counts so far (`input_tokens`, `output_tokens`, ...); None leaves them."""
    end: TurnEnd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    id: TurnId
    thread_id: ThreadId
    owner: Owner
    operation: Operation
    status: TurnStatus
    worker: str
    attempt: int
    input_item_id: str | None
    request_hash: str | None
    """Of the request that started it."""
    last_seq: int
    usage: dict[str, int] | None
    error_code: str | None
    is_to_end: bool
    """Somebody has asked for it."""
    created_at: datetime
    finished_at: datetime | None

    @property
    def lease(self) -> Lease:
        return Lease(
            turn_id=self.id, thread_id=self.thread_id, owner=self.owner, worker=self.worker, attempt=self.attempt
        )

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES


class Words(NamedTuple):
    """A message of the past that is nothing but text, as most are. To make a ThreadItem of each would take longer than all else that
    a long conversation costs."""

    id: str
    role: Literal["user", "assistant"]
    text: str


class PastTurn(NamedTuple):
    """Neighbouring items that one turn wrote, with what the model said and saw in it."""

    turn_id: TurnId | None
    """None for items that were imported, written outside a turn, or by one that also wrote what another version hides."""
    status: TurnStatus | None
    items: Sequence[ThreadItem | Words]
    """Where the turn completed and has a transcript, its assistant messages may be left out: the transcript tells them."""
    transcript: Sequence[ModelItem] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The versions of the rest of a thread from one place on. What follows another version's items goes with it."""

    item_id: str | None
    """The first item of the version that is shown; None when nothing is left of it."""
    ids: Sequence[str]
    """In the order in which they were begun. One that a turn wrote has the turn's id."""
    chosen: str


class ThreadStore(Protocol):
    """Threads, items, attachments and feedback of one owner. A foreign id is as unknown as one that never was: `NotFound`."""

    async def load_thread(self, owner: Owner, thread_id: str) -> ThreadMetadata: ...

    async def load_threads(self, owner: Owner, *, limit: int, after: str | None, order: Order) -> Page[ThreadMetadata]:
        """By last activity. `after` is a thread id, exclusive, in the direction of `order`; an unknown one is `NotFound`."""
        ...

    async def load_items(
        self, owner: Owner, thread_id: str, *, limit: int, after: str | None, order: Order, hidden: bool = False
    ) -> Page[ThreadItem]:
        """By position. `after` is an item id, exclusive, in the direction of `order`; an unknown one is `NotFound`."""
        ...

    async def load_item(self, owner: Owner, thread_id: str, item_id: str) -> ThreadItem: ...

    async def save_item(self, owner: Owner, thread_id: str, item: ThreadItem) -> None:
        """Replaces an item outside a turn, keeping its position. `NotFound` when there is none."""
        ...

    async def change_thread(self, owner: Owner, thread_id: str, changes: ThreadChanges) -> ThreadMetadata: ...

    async def delete_thread(self, owner: Owner, thread_id: str) -> None:
        """With its items, turns, events, feedback and attachments. `NotFound` when there is none."""
        ...

    async def load_attachment(self, owner: Owner, attachment_id: str) -> Attachment: ...

    async def save_attachment(self, owner: Owner, attachment: Attachment) -> None: ...

    async def delete_attachment(self, owner: Owner, attachment_id: str) -> None:
        """`NotFound` when there is none; `Conflict` when a sent message uses it."""
        ...

    async def save_feedback(self, owner: Owner, thread_id: str, item_ids: Sequence[str], kind: FeedbackKind) -> None:
        """The last word on each item counts. `NotFound` when the thread or any of the items is unknown; then none is saved."""
        ...

    async def versions(self, owner: Owner, thread_id: str) -> list[Versions]:
        """Every place where the thread as it is shown has versions, from its beginning on. `NotSupported` without any."""
        ...

    async def choose_version(self, owner: Owner, thread_id: str, version_id: str) -> None:
        """Shows that version from its place on. `TurnRunning` while an answer is written in the thread.

        `NotFound` when there is none, or it is part of a version that is not shown. Nothing is lost, and the choice stays.
        """
        ...


class TurnStore(Protocol):
    """Turns and their event logs."""

    async def begin_turn(self, new: NewTurn, *, committing: Callable[[], object] = lambda: None) -> None:
        """Accepts a turn in one transaction.

        `committing` may be called, in any thread and more than once, when all that is checked holds and nothing but the commit is to
        come. That may still fail.

        `AlreadySent` when the owner has a turn with this key; `TurnRunning` (with that turn's id) when the thread has an open turn;
        `RateLimited` beyond the quota; `NotFound` when the thread, an attachment or the item to be superseded is not the owner's.
        """
        ...

    async def write_turn(self, lease: Lease, write: TurnWrite) -> None:
        """`LeaseLost` when the turn is no longer open under this lease, or its thread is gone.

        Writing the same events again is harmless.
        """
        ...

    async def write_logs(self, groups: Sequence[tuple[Lease, Sequence[LogEvent]]]) -> set[TurnId]:
        """Writes events of several turns in one transaction. Those whose lease is lost are left out; the others are named."""
        ...

    async def end_for_owner(self, lease: Lease, write: TurnWrite) -> None:
        """Ends a turn whose thread is in a Store that only its owner's requests can open.

        Its items, and those that a retry had set aside, wait for the next request. Raises `LeaseLost`.
        """
        ...

    async def load_turn(self, owner: Owner, turn_id: str) -> Turn: ...

    async def open_turn(self, owner: Owner, thread_id: str) -> Turn | None:
        """The turn that is being answered in this thread."""
        ...

    async def turn_of_key(self, owner: Owner, idempotency_key: str) -> Turn | None:
        """The turn that was started with this key."""
        ...

    async def read_events(self, owner: Owner, turn_id: str, *, after: int, limit: int = 1000) -> list[LogEvent]:
        """Events with `seq > after`, in order; at least `limit` of them when there are so many."""
        ...

    async def past_turns(self, owner: Owner, thread_id: str, *, limit: int) -> list[PastTurn]:
        """The newest `limit` visible items of a thread, hidden context included, oldest first, grouped by the turn that wrote them."""
        ...

    async def ask_to_cancel(self, owner: Owner, turn_id: str) -> Turn:
        """Notes that somebody wants the turn to end; its worker sees it. A turn that has ended stays as it is. Returns the turn."""
        ...

    async def asked_to_cancel(self, worker: str) -> set[TurnId]:
        """A worker's open turns, of any owner, that somebody wants to end."""
        ...

    async def renew_leases(self, leases: Sequence[Lease], seconds: float) -> set[TurnId]:
        """Extends those still held and names them."""
        ...

    async def workers(self) -> set[str]:
        """Those that hold open turns."""
        ...

    async def release_turns(self, worker: str, turn_ids: Sequence[TurnId] | None = None) -> None:
        """Ends the leases of a worker's open turns (all of them, or these) as if they had run out."""
        ...

    async def forget_events(self, ended_before: datetime, *, limit: int) -> int:
        """Deletes the event logs of at most `limit` turns of any owner that ended before then; says how many."""
        ...

    async def load_transcript(self, owner: Owner, turn_id: str) -> list[ModelItem]:
        """What was written of it so far."""
        ...

    async def expired_turns(self) -> list[Turn]:
        """Open turns of any owner whose lease has run out: their worker is dead or cut off."""
        ...

    async def take_over(self, turn: Turn, worker: str, seconds: float) -> Lease | None:
        """A lease with the next attempt number, or None when somebody else was first."""
        ...


class ConversationStore(ThreadStore, TurnStore, Protocol):
    """Both halves over one database, so that a turn and its items are one transaction."""
