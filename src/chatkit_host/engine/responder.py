"""Who answers: the port between a turn and whatever writes its answer, and what a turn hands over and takes back."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from chatkit.actions import Action
from chatkit.types import (
    Attachment,
    AttachmentCreateParams,
    AudioInput,
    FeedbackKind,
    StreamOptions,
    SyncCustomActionResponse,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    TranscriptionResult,
    UserMessageItem,
    WidgetItem,
)

from chatkit_host.engine.ports import ModelItem, PastTurn
from chatkit_host.errors import NotSupported
from chatkit_host.ids import Owner, TurnId, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext(Mapping[str, Any]):
    """Who asks and how: what user code gets as `context`. Also readable as a mapping, as many ChatKit servers expect."""

    owner: Owner
    user_id: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Request headers in lower case, without `authorization` and `cookie`."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The `metadata` of the ChatKit request: the client's word, not to be trusted."""
    request: Any = None
    """The web framework's request."""

    def __getitem__(self, key: str) -> Any:
        if key not in self.__dataclass_fields__:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self):
        return iter(self.__dataclass_fields__)

    def __len__(self) -> int:
        return len(self.__dataclass_fields__)


async def _at_once() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnInput:
    """One thing to answer."""

    id: TurnId
    owner: Owner
    thread: ThreadMetadata
    """May be changed by the responder (title, status, ...); what changed is saved and sent to the client."""
    user_message: UserMessageItem | None
    """None when a tool's output or a form's answer is what came."""
    context: Any
    past: Callable[[int], Awaitable[Sequence[PastTurn]]]
    """The newest n items of the thread in turns, oldest first; the user message is the last of them."""
    accepted: Callable[[], Awaitable[None]] = _at_once
    """Returns when the message is in the database; see `Responder.asks_early`."""
    so_far: Sequence[ModelItem] = ()
    """The transcript of this turn up to a tool's result, when another worker died behind that: go on from there."""


class TurnEvents(Protocol):
    """Where a responder puts what it says, in order. `chatkit_host.engine.turn` is the implementation."""

    def begin_message(self, item_id: str, created_at: datetime) -> None:
        """An assistant message whose text is to follow. The same as showing that an empty one and a part for text are added."""
        ...

    def text(self, item_id: str, delta: str, content_index: int = 0) -> None:
        """Text of an assistant message that was added: the express lane, nothing is awaited. The text must be safe (`text.safe_text`)."""
        ...

    def show(self, event: ThreadStreamEvent) -> None:
        """An event that says what is going on. An item that is done is stored a moment later, with the next group of events."""
        ...

    def finish(self, event: ThreadItemDoneEvent) -> None:
        """An item that is done. Readers see it, and what comes after it, once it is in the database, with whatever is written next."""
        ...

    async def send(self, event: ThreadStreamEvent) -> None:
        """Any event. When it returns, an item that is done, replaced or removed is so in the database."""
        ...

    def tool_started(self, call_id: str, name: str, arguments: str) -> None: ...

    def tool_finished(self, call_id: str, name: str, result: str, *, failed: bool = False) -> None: ...

    def usage(self, counts: dict[str, int]) -> None:
        """Token counts of the whole turn so far."""
        ...

    def remember(self, transcript: Sequence[ModelItem]) -> None:
        """The model's transcript of the whole turn so far; saved with the next thing that is saved."""
        ...

    async def settle(self) -> None:
        """When it returns, everything so far is in the database: after an effect outside that must not be forgotten."""
        ...


Run = Callable[[TurnInput, TurnEvents], Awaitable[None]]
"""Answers one turn. Raises `TurnFailed` (or any `HostError`) to end it as failed; other exceptions count as `InternalFailure`."""


class Responder:
    """What an application may do. The ways in that a subclass leaves out are refused with `NotSupported`."""

    asks_early = False
    """Whether `respond` may be called while the message is still on its way into the database. Before that is certain, which
    `TurnInput.accepted` awaits, it does nothing but ask the model: nothing that has an effect, nothing that reads the message or what
    its coming has changed."""

    async def open(self) -> None:
        """Called before the first turn."""

    async def close(self) -> None:
        """Called after the last."""

    def stream_options(self, thread: ThreadMetadata, context: Any) -> StreamOptions:
        return StreamOptions(allow_cancel=True)

    def title_for(self, message: UserMessageItem) -> str | None:
        """The title of a thread that starts with this message; None leaves it open."""
        return None

    def check(self, message: UserMessageItem, context: Any) -> None:
        """Refuses a message that cannot be answered, for instance one that asks for a model that is not offered."""

    def new_thread_id(self, context: Any) -> str:
        return new_id("thread")

    def new_message_id(self, thread: ThreadMetadata, context: Any) -> str:
        return new_id("message")

    async def respond(self, turn: TurnInput, events: TurnEvents) -> None:
        raise NotSupported

    async def act(
        self, turn: TurnInput, events: TurnEvents, action: Action[str, Any], sender: WidgetItem | None
    ) -> None:
        raise NotSupported("This server does not handle widget actions.")

    async def act_at_once(
        self, thread: ThreadMetadata, action: Action[str, Any], sender: WidgetItem | None, context: Any
    ) -> SyncCustomActionResponse:
        raise NotSupported("This server does not handle widget actions.")

    @property
    def handles_actions(self) -> bool:
        return False

    async def transcribe(self, audio: AudioInput, context: Any) -> TranscriptionResult:
        raise NotSupported("This server does not turn speech into text.")

    async def feedback(self, thread_id: str, item_ids: list[str], kind: FeedbackKind, context: Any) -> None:
        """Told after the feedback was stored."""

    async def create_attachment(self, params: AttachmentCreateParams, context: Any) -> Attachment:
        raise NotSupported("This server does not accept attachments.")

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        """Removes the bytes; the record is removed afterwards."""

    async def stopped(self, thread: ThreadMetadata, pending: list[ThreadItem], context: Any) -> bool:
        """Told when the user stopped an answer. True: the responder has saved what it wants to keep; nothing more is done."""
        return False
