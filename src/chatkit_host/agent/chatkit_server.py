"""Answers with a `ChatKitServer` of the user's own, through its override points, so that their class works as it is."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

from chatkit.actions import Action
from chatkit.errors import CustomStreamError
from chatkit.server import ChatKitServer
from chatkit.store import NotFoundError, Store
from chatkit.types import (
    Attachment,
    AttachmentCreateParams,
    AudioInput,
    FeedbackKind,
    StreamOptions,
    SyncCustomActionResponse,
    ThreadItem,
    ThreadMetadata,
    ThreadStreamEvent,
    TranscriptionResult,
    WidgetItem,
)

from chatkit_host.agent.failures import as_turn_failure
from chatkit_host.engine.responder import Responder, TurnEvents, TurnInput
from chatkit_host.errors import HostError, InvalidInput, NotFound, NotSupported
from chatkit_host.ids import new_id


class ServerResponder(Responder):
    """The server's store is used as it is; `ChatKitServer.process` and its stream handling are not."""

    def __init__(self, server: ChatKitServer[Any]) -> None:
        self._server = server

    def stream_options(self, thread: ThreadMetadata, context: Any) -> StreamOptions:
        return self._server.get_stream_options(thread, context)

    def new_thread_id(self, context: Any) -> str:
        if type(self._server.store).generate_thread_id is Store.generate_thread_id:
            return new_id("thread")  # the SDK's default has 32 random bits: it collides, and it can be guessed
        return self._server.store.generate_thread_id(context)

    def new_message_id(self, thread: ThreadMetadata, context: Any) -> str:
        if type(self._server.store).generate_item_id is Store.generate_item_id:
            return new_id("message")
        return self._server.store.generate_item_id("message", thread, context)

    async def respond(self, turn: TurnInput, events: TurnEvents) -> None:
        await _pass_on(self._server.respond(turn.thread, turn.user_message, turn.context), events)

    @property
    def handles_actions(self) -> bool:
        return type(self._server).action is not ChatKitServer.action

    async def act(
        self, turn: TurnInput, events: TurnEvents, action: Action[str, Any], sender: WidgetItem | None
    ) -> None:
        await _pass_on(self._server.action(turn.thread, action, sender, turn.context), events)

    async def act_at_once(
        self, thread: ThreadMetadata, action: Action[str, Any], sender: WidgetItem | None, context: Any
    ) -> SyncCustomActionResponse:
        if type(self._server).sync_action is ChatKitServer.sync_action:
            return await super().act_at_once(thread, action, sender, context)
        with _in_our_words():
            return await self._server.sync_action(thread, action, sender, context)

    async def transcribe(self, audio: AudioInput, context: Any) -> TranscriptionResult:
        if type(self._server).transcribe is ChatKitServer.transcribe:
            return await super().transcribe(audio, context)
        with _in_our_words():
            return await self._server.transcribe(audio, context)

    async def feedback(self, thread_id: str, item_ids: list[str], kind: FeedbackKind, context: Any) -> None:
        with _in_our_words():
            await self._server.add_feedback(thread_id, item_ids, kind, context)

    async def create_attachment(self, params: AttachmentCreateParams, context: Any) -> Attachment:
        if self._server.attachment_store is None:
            return await super().create_attachment(params, context)
        with _in_our_words():
            return await self._server.attachment_store.create_attachment(params, context)

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        if self._server.attachment_store is None:
            return
        with _in_our_words():
            await self._server.attachment_store.delete_attachment(attachment_id, context)

    async def stopped(self, thread: ThreadMetadata, pending: list[ThreadItem], context: Any) -> bool:
        if type(self._server).handle_stream_cancelled is ChatKitServer.handle_stream_cancelled:
            return False  # what the default does, the turn does itself, and shows it to other readers too
        await self._server.handle_stream_cancelled(thread, pending, context)
        return True


@contextmanager
def _in_our_words() -> Iterator[None]:
    """What user code may raise where the answer is JSON. A `CustomStreamError`'s message is meant for the user."""
    try:
        yield
    except NotFoundError as error:
        raise NotFound from error
    except CustomStreamError as error:
        raise InvalidInput(error.message) from error
    except NotImplementedError as error:
        raise NotSupported from error


async def _pass_on(answer: AsyncIterator[ThreadStreamEvent], events: TurnEvents) -> None:
    """Drives the whole generator in this one task, and closes it: the SDK leaves both to chance."""
    try:
        async with aclosing(_closable(answer)) as stream:
            async for event in stream:
                await events.send(event)
    except HostError:
        raise
    except Exception as error:
        failure = as_turn_failure(error)
        if failure.code == "internal":
            raise  # not about a model: `CustomStreamError`, or a defect of the server; the turn tells them apart
        raise failure from error


async def _closable(answer: AsyncIterator[ThreadStreamEvent]) -> AsyncGenerator[ThreadStreamEvent]:
    """`respond` may return any async iterator; only generators can be closed."""
    try:
        async for event in answer:
            yield event
    finally:
        close = getattr(answer, "aclose", None)
        if close is not None:
            await close()
