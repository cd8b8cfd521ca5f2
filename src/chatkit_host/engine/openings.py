"""The ways a turn can start. Each checks all that can fail and says what becomes true when the turn is accepted; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from chatkit.types import (
    ActiveStatus,
    AssistantMessageContent,
    AssistantMessageItem,
    Attachment,
    ClientToolCallItem,
    InferenceOptions,
    Page,
    StructuredInputAnswer,
    StructuredInputItem,
    StructuredInputMultipleChoice,
    StructuredInputSubmission,
    ThreadAddClientToolOutputParams,
    ThreadAddStructuredInputParams,
    ThreadAddUserMessageParams,
    ThreadCreateParams,
    ThreadCustomActionParams,
    ThreadItem,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadRetryAfterItemParams,
    UserMessageInput,
    UserMessageItem,
    UserMessageTextContent,
    WidgetItem,
)

from chatkit_host.engine import events as wire
from chatkit_host.engine.ports import ConversationStore, ModelItem, Operation, Turn
from chatkit_host.engine.responder import Responder, Run
from chatkit_host.errors import InvalidInput, NotSupported, ThreadNotActive
from chatkit_host.ids import Owner

_RECENT_ITEMS = 20
"""How far back a client tool call may wait: as far as the SDK looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks whom, with what at hand."""

    owner: Owner
    context: Any
    store: ConversationStore
    responder: Responder
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    operation: Operation
    thread: ThreadMetadata
    run: Run
    first_events: Sequence[bytes]
    creates_thread: bool = False
    user_message: UserMessageItem | None = None
    items: Sequence[ThreadItem] = ()
    removed_items: Sequence[str] = ()
    supersedes_after: str | None = None
    supersedes_from: str | None = None
    attachments: Sequence[Attachment] = ()
    so_far: Sequence[ModelItem] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A message that was said elsewhere, before the thread began here."""

    role: Literal["user", "assistant"]
    text: str


async def new_thread(asking: Asking, params: ThreadCreateParams, earlier: Sequence[Earlier] = ()) -> Opening:
    """A thread that may begin with messages said elsewhere; they are part of it when it is created, and are not answered."""
    thread = ThreadMetadata(id=asking.responder.new_thread_id(asking.context), created_at=asking.now)
    imported = [_imported(asking, thread, message) for message in earlier]
    message = await _user_message(asking, thread, params.input)
    first = next(item for item in (*imported, message) if isinstance(item, UserMessageItem))
    thread.title = asking.responder.title_for(first)
    return Opening(
        operation="message",
        thread=thread,
        creates_thread=True,
        run=asking.responder.respond,
        user_message=message,
        items=[*imported, message],
        attachments=message.attachments,
        first_events=[
            wire.thread_begun(thread, Page(data=imported)),
            wire.done(message),
            _stream_options(asking, thread),
        ],
    )


async def message(asking: Asking, params: ThreadAddUserMessageParams) -> Opening:
    thread = await _active_thread(asking, params.thread_id)
    message = await _user_message(asking, thread, params.input)
    return Opening(
        operation="message",
        thread=thread,
        run=asking.responder.respond,
        user_message=message,
        items=[message],
        attachments=message.attachments,
        first_events=[wire.done(message), _stream_options(asking, thread)],
    )


async def client_tool_output(asking: Asking, params: ThreadAddClientToolOutputParams) -> Opening:
    """The newest item that the client can see must be the tool call; others left waiting are dropped, as the SDK does."""
    thread = await _active_thread(asking, params.thread_id)
    page = await asking.store.load_items(
        asking.owner, thread.id, limit=_RECENT_ITEMS, after=None, order="desc", hidden=True
    )
    visible = [item for item in page.data if not wire.is_hidden(item)]
    waiting = [item for item in visible if isinstance(item, ClientToolCallItem) and item.status == "pending"]
    if not waiting or visible[0] is not waiting[0]:
        raise InvalidInput("No client tool call is waiting for a result in this thread.")
    answered = waiting[0].model_copy(update={"status": "completed", "output": params.result})
    return Opening(
        operation="client_tool_output",
        thread=thread,
        run=asking.responder.respond,
        items=[answered],
        removed_items=[item.id for item in waiting[1:]],
        first_events=[_stream_options(asking, thread)],
    )


async def structured_input(asking: Asking, params: ThreadAddStructuredInputParams) -> Opening:
    thread = await _active_thread(asking, params.thread_id)
    item = await asking.store.load_item(asking.owner, thread.id, params.item_id)
    if not isinstance(item, StructuredInputItem):
        raise InvalidInput("This item does not ask for input.")
    if item.status != "pending":
        raise InvalidInput("This form was answered before.")
    answered = _with_answers(item, params.input)
    return Opening(
        operation="structured_input",
        thread=thread,
        run=asking.responder.respond,
        items=[answered],
        first_events=[_stream_options(asking, thread), wire.encode(ThreadItemReplacedEvent(item=answered))],
    )


async def edit(asking: Asking, thread_id: str, item_id: str, given: UserMessageInput) -> Opening:
    """Another message takes the place of one that was sent, and of all that followed it. What was there is kept as a version."""
    thread = await _active_thread(asking, thread_id)
    item = await asking.store.load_item(asking.owner, thread.id, item_id)
    if not isinstance(item, UserMessageItem):
        raise InvalidInput("Only a user's message can be edited.")
    message = await _user_message(asking, thread, given)
    return Opening(
        operation="retry",
        thread=thread,
        run=asking.responder.respond,
        user_message=message,
        items=[message],
        supersedes_from=item.id,
        attachments=message.attachments,
        first_events=[wire.done(message), _stream_options(asking, thread)],
    )


async def retry(asking: Asking, params: ThreadRetryAfterItemParams) -> Opening:
    """The answer is asked for again. The old one is set aside as an earlier version until the new one is there."""
    thread = await _active_thread(asking, params.thread_id)
    item = await asking.store.load_item(asking.owner, thread.id, params.item_id)
    if not isinstance(item, UserMessageItem):
        raise InvalidInput("Only what follows a user's message can be written again.")
    return Opening(
        operation="retry",
        thread=thread,
        run=asking.responder.respond,
        user_message=item,
        supersedes_after=item.id,
        first_events=[_stream_options(asking, thread)],
    )


async def action(asking: Asking, params: ThreadCustomActionParams) -> Opening:
    if not asking.responder.handles_actions:
        raise NotSupported("This server does not handle widget actions.")
    thread = await _active_thread(asking, params.thread_id)
    sender = await action_sender(asking.store, asking.owner, params)
    return Opening(
        operation="action",
        thread=thread,
        run=partial(asking.responder.act, action=params.action, sender=sender),
        first_events=[_stream_options(asking, thread)],
    )


async def of_another_worker(asking: Asking, turn: Turn, so_far: Sequence[ModelItem]) -> Opening:
    """A turn that was accepted elsewhere, to be answered here."""
    thread = await asking.store.load_thread(asking.owner, turn.thread_id)
    asked = None
    if turn.input_item_id is not None:
        asked = await asking.store.load_item(asking.owner, thread.id, turn.input_item_id)
    return Opening(
        operation=turn.operation,
        thread=thread,
        run=asking.responder.respond,
        user_message=asked if isinstance(asked, UserMessageItem) else None,
        first_events=[],
        so_far=so_far,
    )


async def action_sender(store: ConversationStore, owner: Owner, params: ThreadCustomActionParams) -> WidgetItem | None:
    """The widget that an action comes from, if it comes from one."""
    if not params.item_id:
        return None
    item = await store.load_item(owner, params.thread_id, params.item_id)
    if not isinstance(item, WidgetItem):
        raise InvalidInput("Actions come from widgets; this item is none.")
    return item


async def _active_thread(asking: Asking, thread_id: str) -> ThreadMetadata:
    thread = await asking.store.load_thread(asking.owner, thread_id)
    if not isinstance(thread.status, ActiveStatus):
        raise ThreadNotActive(f"This thread is {thread.status.type}: it does not accept messages.")
    return thread


def _imported(asking: Asking, thread: ThreadMetadata, said: Earlier) -> ThreadItem:
    """With an id and a time of ours: when it was said elsewhere is not known."""
    item_id = asking.responder.new_message_id(thread, asking.context)
    match said.role:
        case "user":
            return UserMessageItem(
                id=item_id,
                thread_id=thread.id,
                created_at=asking.now,
                content=[UserMessageTextContent(text=said.text)],
                inference_options=InferenceOptions(),
            )
        case "assistant":
            return AssistantMessageItem(
                id=item_id,
                thread_id=thread.id,
                created_at=asking.now,
                content=[AssistantMessageContent(text=said.text)],
            )


async def _user_message(asking: Asking, thread: ThreadMetadata, given: UserMessageInput) -> UserMessageItem:
    if not given.content and not given.attachments:
        raise InvalidInput("The message is empty.")
    attachments = [
        (await asking.store.load_attachment(asking.owner, attachment_id)).model_copy(
            update={"thread_id": thread.id, "upload_descriptor": None}
        )
        for attachment_id in dict.fromkeys(given.attachments)
    ]
    message = UserMessageItem(
        id=asking.responder.new_message_id(thread, asking.context),
        thread_id=thread.id,
        created_at=asking.now,
        content=given.content,
        attachments=attachments,
        quoted_text=given.quoted_text,
        inference_options=given.inference_options,
    )
    asking.responder.check(message, asking.context)
    return message


def _stream_options(asking: Asking, thread: ThreadMetadata) -> bytes:
    return wire.stream_options(asking.responder.stream_options(thread, asking.context))


def _with_answers(item: StructuredInputItem, submission: StructuredInputSubmission) -> StructuredInputItem:
    """Answers to questions that were not asked are left out; a single choice keeps its first value."""
    answered = item.model_copy(deep=True, update={"status": submission.status})
    for question in answered.inputs:
        given = submission.answers.get(question.id)
        if submission.status == "skipped" or given is None or given.skipped or not given.values:
            question.answer = StructuredInputAnswer(skipped=True)
        elif isinstance(question, StructuredInputMultipleChoice) and not question.multiple:
            question.answer = StructuredInputAnswer(values=given.values[:1])
        else:
            question.answer = StructuredInputAnswer(values=given.values)
    return answered
