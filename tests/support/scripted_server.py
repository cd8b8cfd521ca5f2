"""A ChatKitServer whose answers follow a script that the user's message names: `text`, `widget`, `form`, ...

It is what the conformance tests drive twice: served by us in a process of its own (`server()` below, with the variant in the
environment), and by the official SDK's `ChatKitServer.process` in the test.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

from chatkit.actions import Action, ActionConfig
from chatkit.errors import CustomStreamError, ErrorCode, StreamError
from chatkit.server import ChatKitServer
from chatkit.store import AttachmentStore, NotFoundError, Store
from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageContentPartAdded,
    AssistantMessageContentPartAnnotationAdded,
    AssistantMessageContentPartDone,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    Attachment,
    AttachmentCreateParams,
    AttachmentUploadDescriptor,
    AudioInput,
    ClientEffectEvent,
    ClientToolCallItem,
    ClosedStatus,
    CustomSummary,
    CustomTask,
    EndOfTurnItem,
    ErrorEvent,
    FeedbackKind,
    FileAttachment,
    GeneratedImage,
    GeneratedImageItem,
    GeneratedImageUpdated,
    HiddenContextItem,
    ImageAttachment,
    LockedStatus,
    NoticeEvent,
    ProgressUpdateEvent,
    SDKHiddenContextItem,
    StreamOptions,
    StructuredInputFreeform,
    StructuredInputItem,
    StructuredInputMultipleChoice,
    StructuredInputMultipleChoiceOption,
    SyncCustomActionResponse,
    TaskItem,
    ThoughtTask,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    TranscriptionResult,
    URLSource,
    UserMessageItem,
    UserMessageTagContent,
    UserMessageTextContent,
    WidgetItem,
    WidgetRootUpdated,
    WidgetStreamingTextValueDelta,
    Workflow,
    WorkflowItem,
    WorkflowTaskAdded,
    WorkflowTaskUpdated,
)
from chatkit.widgets import Button, Card, Text
from pydantic import AnyUrl
from support.awaiting_store import SLOW, UNSTORABLE, AwaitingStore

from chatkit_host.store.chatkit_store import DatabaseStore

StoreName = Literal["database", "awaiting"]
ServerName = Literal["full", "plain"]

Events = AsyncIterator[ThreadStreamEvent]

_turn_of: ContextVar[str] = ContextVar("turn_of", default="")
_SAME_MOMENT = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def server() -> ChatKitServer[Any]:
    """For `chatkit-host serve scripted_server.py:server`."""
    store: Store[Any]
    match os.environ["SCRIPTED_STORE"]:
        case "database":
            store = DatabaseStore.open(os.environ["DATABASE_URL"])
        case "elsewhere":
            store = SomebodysStore.open(os.environ["SCRIPTED_URL"])
        case _:
            store = AwaitingStore()
    return make_server(store, "full" if os.environ["SCRIPTED_SERVER"] == "full" else "plain")


def make_server(store: Store[Any], name: ServerName) -> ChatKitServer[Any]:
    if name == "plain":
        return PlainServer(store)
    return ScriptedServer(store, ScriptedAttachments())


class SomebodysStore(DatabaseStore):
    """One that lasts and that the host knows nothing of."""

    database = None  # type: ignore[assignment]  # by this the host would recognise its own


class PlainServer(ChatKitServer[Any]):
    """Overrides what must be overridden and nothing else."""

    async def respond(self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: Any) -> Events:
        script = await self._script(thread, input_user_message, context)
        answer = getattr(_Scripts(self, thread, input_user_message, context), script, None)
        if answer is None:
            return
        async for event in answer():
            yield event

    async def _script(self, thread: ThreadMetadata, message: UserMessageItem | None, context: Any) -> str:
        if message is not None:
            return _words(message).split()[0] if _words(message).split() else "text"
        page = await self.store.load_thread_items(thread.id, None, 5, "desc", context)
        for item in page.data:
            if isinstance(item, ClientToolCallItem) and item.status == "completed":
                return "after_client_tool"
            if isinstance(item, StructuredInputItem):
                return "after_form"
        return "text"


class ScriptedAttachments(AttachmentStore[Any]):
    def __init__(self) -> None:
        self.kept: set[str] = set()

    async def create_attachment(self, input: AttachmentCreateParams, context: Any) -> Attachment:
        attachment_id = self.generate_attachment_id(input.mime_type, context)
        self.kept.add(attachment_id)
        upload = AttachmentUploadDescriptor(
            url=AnyUrl("https://files.example.com/upload"), method="PUT", headers={"X-Signature": "signed"}
        )
        common: dict[str, Any] = {
            "id": attachment_id,
            "name": input.name,
            "mime_type": input.mime_type,
            "upload_descriptor": upload,
            "metadata": {"bucket": "private"},
        }
        if input.mime_type.startswith("image/"):
            return ImageAttachment(**common, preview_url=AnyUrl("https://files.example.com/preview"))
        return FileAttachment(**common)

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        if attachment_id not in self.kept:
            raise NotFoundError
        self.kept.discard(attachment_id)


class ScriptedServer(PlainServer):
    """Overrides everything that there is to override."""

    def get_stream_options(self, thread: ThreadMetadata, context: Any) -> StreamOptions:
        return StreamOptions(allow_cancel=thread.title != "no stop")

    async def add_feedback(self, thread_id: str, item_ids: list[str], feedback: FeedbackKind, context: Any) -> None:
        await self._rename(thread_id, f"{feedback} on {len(item_ids)}", context)

    async def handle_stream_cancelled(
        self, thread: ThreadMetadata, pending_items: list[ThreadItem], context: Any
    ) -> None:
        for item in pending_items:
            if isinstance(item, AssistantMessageItem):
                words = "".join(part.text for part in item.content)
                item.content = [AssistantMessageContent(text=f"{words} [kept by the override]")]
                await self.store.add_thread_item(thread.id, item, context)

    async def transcribe(self, audio_input: AudioInput, context: Any) -> TranscriptionResult:
        return TranscriptionResult(text=f"{len(audio_input.data)} bytes of {audio_input.media_type}")

    async def action(
        self, thread: ThreadMetadata, action: Action[str, Any], sender: WidgetItem | None, context: Any
    ) -> Events:
        match action.type:
            case "fail":
                raise CustomStreamError("That button is out of order.", allow_retry=True)
            case "replace":
                assert sender is not None
                changed = sender.model_copy(update={"widget": _card(f"clicked {action.payload}")})
                yield ThreadItemReplacedEvent(item=changed)
            case "root":
                assert sender is not None
                yield ThreadItemUpdatedEvent(item_id=sender.id, update=WidgetRootUpdated(widget=_card("only shown")))
            case _:
                yield ThreadItemDoneEvent(item=_said(thread, f"{action.type} {action.payload}"))

    async def sync_action(
        self, thread: ThreadMetadata, action: Action[str, Any], sender: WidgetItem | None, context: Any
    ) -> SyncCustomActionResponse:
        if sender is None:
            return SyncCustomActionResponse()
        if action.type == "hide":
            note = HiddenContextItem(**{**_head(thread, "hid"), "id": sender.id}, content="secret note")
            return SyncCustomActionResponse(updated_item=note)
        now = datetime.now()  # noqa: DTZ005 - as the SDK stamps
        changed = {"widget": _card(f"synced {action.payload}"), "created_at": now}
        return SyncCustomActionResponse(updated_item=sender.model_copy(update=changed))

    async def _rename(self, thread_id: str, title: str, context: Any) -> None:
        thread = await self.store.load_thread(thread_id, context)
        thread.title = title
        await self.store.save_thread(thread, context)


class _Scripts:
    """One method per script. Items are stamped with naive local time, as the SDK itself does."""

    def __init__(
        self, server: PlainServer, thread: ThreadMetadata, message: UserMessageItem | None, context: Any
    ) -> None:
        self.server = server
        self.thread = thread
        self.message = message
        self.context = context

    async def text(self) -> Events:
        async for event in self._stream(_said(self.thread, ""), ["You said ", "something", "."]):
            yield event

    async def silence(self) -> Events:
        return
        yield

    async def recall(self) -> Events:
        """All that the store has of the thread, hidden items too."""
        page = await self.server.store.load_thread_items(self.thread.id, None, 100, "asc", self.context)
        notes = [item.content for item in page.data if isinstance(item, HiddenContextItem | SDKHiddenContextItem)]
        kinds = [item.type for item in page.data]
        yield ThreadItemDoneEvent(item=_said(self.thread, f"{kinds} {notes} {self.thread.metadata}"))

    async def recall_ids(self) -> Events:
        page = await self.server.store.load_thread_items(self.thread.id, None, 100, "asc", self.context)
        yield ThreadItemDoneEvent(item=_said(self.thread, " ".join(item.id for item in page.data)))

    async def echo(self) -> Events:
        """What the script got, as far as a client may see it."""
        assert self.message is not None
        tags = [part.id for part in self.message.content if isinstance(part, UserMessageTagContent)]
        options = self.message.inference_options
        yield ThreadItemDoneEvent(
            item=_said(
                self.thread,
                f"tags={tags} quoted={self.message.quoted_text} model={options.model} "
                f"tool={options.tool_choice.id if options.tool_choice else None} "
                f"files={[file.name for file in self.message.attachments]} thread={self.thread.status.type}",
            )
        )

    async def annotated(self) -> Events:
        source = URLSource(title="A source", url="https://example.com", attribution="example")
        message = _said(self.thread, "")
        yield ThreadItemAddedEvent(item=message)
        part = AssistantMessageContentPartAdded(content_index=0, content=AssistantMessageContent(text=""))
        yield ThreadItemUpdatedEvent(item_id=message.id, update=part)
        yield ThreadItemUpdatedEvent(item_id=message.id, update=_delta("As they say"))
        noted = AssistantMessageContentPartAnnotationAdded(
            content_index=0, annotation_index=0, annotation=Annotation(source=source, index=11)
        )
        yield ThreadItemUpdatedEvent(item_id=message.id, update=noted)
        content = AssistantMessageContent(text="As they say", annotations=[Annotation(source=source, index=11)])
        yield ThreadItemUpdatedEvent(
            item_id=message.id, update=AssistantMessageContentPartDone(content_index=0, content=content)
        )
        yield ThreadItemDoneEvent(item=message.model_copy(update={"content": [content]}))

    async def two_messages(self) -> Events:
        for words in (["First."], ["Second", "."]):
            async for event in self._stream(_said(self.thread, ""), words):
                yield event

    async def two_at_once(self) -> Events:
        """Two messages and two parts of one of them, in turns."""
        one, two = _said(self.thread, ""), _said(self.thread, "")
        yield ThreadItemAddedEvent(item=one)
        yield ThreadItemAddedEvent(item=two)
        for item, index, delta in [(one, 0, "a"), (two, 0, "x"), (one, 1, "c"), (one, 0, "b"), (two, 0, "y")]:
            update = AssistantMessageContentPartTextDelta(content_index=index, delta=delta)
            yield ThreadItemUpdatedEvent(item_id=item.id, update=update)
        for item, words in ((one, ["ab", "c"]), (two, ["xy"])):
            content = [AssistantMessageContent(text=word) for word in words]
            yield ThreadItemDoneEvent(item=item.model_copy(update={"content": content}))

    async def odd_text(self) -> Events:
        async for event in self._stream(_said(self.thread, ""), ["Grüße 👩‍👩‍👧", " \u2028 ‏عربي", " <b>&</b>"]):
            yield event

    async def unannounced(self) -> Events:
        """Deltas for an item that was never added, then the item."""
        message = _said(self.thread, "Hello")
        yield ThreadItemUpdatedEvent(item_id=message.id, update=_delta("Hello"))
        yield ThreadItemDoneEvent(item=message)

    async def widget(self) -> Events:
        item = WidgetItem(**_head(self.thread, "wid"), widget=_card("hel"), copy_text="hello")
        yield ThreadItemAddedEvent(item=item)
        grown = WidgetStreamingTextValueDelta(component_id="txt", delta="lo", done=True)
        yield ThreadItemUpdatedEvent(item_id=item.id, update=grown)
        yield ThreadItemUpdatedEvent(item_id=item.id, update=WidgetRootUpdated(widget=_card("hello")))
        yield ThreadItemDoneEvent(item=item.model_copy(update={"widget": _card("hello")}))

    async def client_tool(self) -> Events:
        async for event in self.text():
            yield event
        yield ThreadItemDoneEvent(item=self._tool_call())

    async def two_client_tools(self) -> Events:
        yield ThreadItemDoneEvent(item=self._tool_call())
        yield ThreadItemDoneEvent(item=self._tool_call())

    async def client_tool_then_hidden(self) -> Events:
        yield ThreadItemDoneEvent(item=self._tool_call())
        yield ThreadItemDoneEvent(item=HiddenContextItem(**_head(self.thread, "hid"), content="secret note"))

    async def after_client_tool(self) -> Events:
        page = await self.server.store.load_thread_items(self.thread.id, None, 20, "desc", self.context)
        calls = [item for item in page.data if isinstance(item, ClientToolCallItem)]
        told = ", ".join(f"{call.status} {call.output}" for call in calls)
        async for event in self._stream(_said(self.thread, ""), ["The browser says: ", told]):
            yield event

    async def form(self) -> Events:
        size = StructuredInputMultipleChoice(
            id="size",
            question="Which size?",
            options=[StructuredInputMultipleChoiceOption(value=value) for value in ("S", "M")],
        )
        colours = size.model_copy(update={"id": "colours", "question": "Which colours?", "multiple": True})
        notes = StructuredInputFreeform(id="notes", question="Anything else?", description="Optional")
        yield ThreadItemDoneEvent(item=StructuredInputItem(**_head(self.thread, "form"), inputs=[size, colours, notes]))

    async def after_form(self) -> Events:
        page = await self.server.store.load_thread_items(self.thread.id, None, 20, "desc", self.context)
        form = next(item for item in page.data if isinstance(item, StructuredInputItem))
        answers = {question.id: question.answer.values if question.answer else None for question in form.inputs}
        yield ThreadItemDoneEvent(item=_said(self.thread, f"{form.status}: {answers}"))

    async def everything(self) -> Events:
        """One of all that a later operation can name; the client tool call last, so that it can be answered."""
        for script in (self.text, self.widget, self.form):
            async for event in script():
                yield event
        yield ThreadItemDoneEvent(item=self._tool_call())

    async def workflow(self) -> Events:
        item = WorkflowItem(**_head(self.thread, "wf"), workflow=Workflow(type="custom", tasks=[], expanded=True))
        yield ThreadItemAddedEvent(item=item)
        tasks = [CustomTask(title="Look", icon="search", status_indicator="loading"), ThoughtTask(content="Hm.")]
        for index, task in enumerate(tasks):
            yield ThreadItemUpdatedEvent(item_id=item.id, update=WorkflowTaskAdded(task_index=index, task=task))
        done = CustomTask(title="Look", icon="search", status_indicator="complete", content="found")
        yield ThreadItemUpdatedEvent(item_id=item.id, update=WorkflowTaskUpdated(task_index=0, task=done))
        whole = Workflow(type="custom", tasks=[done, tasks[1]], summary=CustomSummary(title="Looked"), expanded=False)
        yield ThreadItemDoneEvent(item=item.model_copy(update={"workflow": whole}))

    async def other_items(self) -> Events:
        yield ThreadItemDoneEvent(item=TaskItem(**_head(self.thread, "tsk"), task=CustomTask(title="Alone")))
        image = GeneratedImageItem(**_head(self.thread, "img"))
        yield ThreadItemAddedEvent(item=image)
        made = GeneratedImage(id="image", url="https://example.com/image.png")
        yield ThreadItemUpdatedEvent(item_id=image.id, update=GeneratedImageUpdated(image=made, progress=0.5))
        yield ThreadItemDoneEvent(item=image.model_copy(update={"image": made}))
        yield ThreadItemDoneEvent(item=EndOfTurnItem(**_head(self.thread, "end")))

    async def signals(self) -> Events:
        yield ProgressUpdateEvent(icon="search", text="Looking")
        yield ClientEffectEvent(name="highlight", data={"where": ["a", None, 1.5]})
        yield NoticeEvent(level="warning", message="Almost **full**", title="Limit")
        yield NoticeEvent(level="info", message="No title")
        yield ErrorEvent(message="Not fatal", allow_retry=True)
        async for event in self.text():
            yield event

    async def title(self) -> Events:
        self.thread.title = "Before the first word"
        async for event in self._stream(_said(self.thread, ""), ["Renamed", "."]):
            yield event
        self.thread.title = "After the last word"

    async def title_in_between(self) -> Events:
        message = _said(self.thread, "")
        yield ThreadItemAddedEvent(item=message)
        self.thread.title = "In between"
        yield ThreadItemUpdatedEvent(item_id=message.id, update=_delta("Renamed."))
        self.thread.metadata["seen"] = True
        self.thread.allowed_image_domains = ["example.com"]
        yield ThreadItemDoneEvent(item=_with(message, "Renamed."))

    async def title_then_fail(self) -> Events:
        yield ThreadItemDoneEvent(item=_said(self.thread, "Renaming."))
        self.thread.title = "Just before the fall"
        raise CustomStreamError("Fell.")

    async def close(self) -> Events:
        yield ThreadItemDoneEvent(item=_said(self.thread, "Closing."))
        self.thread.status = ClosedStatus(reason="all done")

    async def lock(self) -> Events:
        yield ThreadItemDoneEvent(item=_said(self.thread, "Locking."))
        self.thread.status = LockedStatus(reason="for review")

    async def hidden(self) -> Events:
        yield ThreadItemDoneEvent(item=HiddenContextItem(**_head(self.thread, "hid"), content={"secret": "note"}))
        yield ThreadItemDoneEvent(item=SDKHiddenContextItem(**_head(self.thread, "hid"), content="secret note"))
        yield ThreadItemDoneEvent(item=_said(self.thread, "Nothing to see."))

    async def hidden_leak(self) -> Events:
        note = HiddenContextItem(**_head(self.thread, "hid"), content="secret note")
        yield ThreadItemAddedEvent(item=note)
        yield ThreadItemDoneEvent(item=note)
        yield ThreadItemReplacedEvent(item=note.model_copy(update={"content": "secret and better"}))
        yield ThreadItemDoneEvent(item=_said(self.thread, "Nothing to see."))

    async def replace(self) -> Events:
        item = _said(self.thread, "First version.")
        yield ThreadItemDoneEvent(item=item)
        yield ThreadItemDoneEvent(item=_said(self.thread, "Something after it."))
        yield ThreadItemReplacedEvent(item=_with(item, "Second version."))
        yield ThreadItemReplacedEvent(item=_said(self.thread, "Never there before."))

    async def remove(self) -> Events:
        item = _said(self.thread, "Soon gone.")
        yield ThreadItemDoneEvent(item=item)
        yield ThreadItemDoneEvent(item=_said(self.thread, "Stays."))
        yield ThreadItemRemovedEvent(item_id=item.id)
        yield ThreadItemRemovedEvent(item_id=_head(self.thread, "never")["id"])

    async def twice(self) -> Events:
        """The SDK's own agent stream reports some items as done twice."""
        item = _said(self.thread, "Once.")
        yield ThreadItemDoneEvent(item=item)
        yield ThreadItemDoneEvent(item=_said(self.thread, "After it."))
        yield ThreadItemDoneEvent(item=_with(item, "Twice."))

    async def unfinished(self) -> Events:
        message = _said(self.thread, "")
        yield ThreadItemAddedEvent(item=message)
        yield ThreadItemUpdatedEvent(item_id=message.id, update=_delta("Never done."))

    async def custom_error(self) -> Events:
        async for event in self._half():
            yield event
        raise CustomStreamError("The oven is *off*.", allow_retry=True)

    async def final_error(self) -> Events:
        raise CustomStreamError("Never again.")
        yield

    async def stream_error(self) -> Events:
        raise StreamError(ErrorCode.STREAM_ERROR)
        yield

    async def stream_error_without_retry(self) -> Events:
        raise StreamError(ErrorCode.STREAM_ERROR, allow_retry=False)
        yield

    async def exception(self) -> Events:
        async for event in self._half():
            yield event
        raise RuntimeError("sk-very-secret")

    async def timeout(self) -> Events:
        raise TimeoutError
        yield

    async def unstorable(self) -> Events:
        item = _said(self.thread, "This cannot be stored.")
        yield ThreadItemDoneEvent(item=item.model_copy(update={"id": f"{UNSTORABLE}_{item.id}"}))
        yield ThreadItemDoneEvent(item=_said(self.thread, "This is not reached."))

    async def unstorable_at_the_end(self) -> Events:
        item = _said(self.thread, "")
        item = item.model_copy(update={"id": f"{UNSTORABLE}_{item.id}"})
        yield ThreadItemAddedEvent(item=item)
        yield ThreadItemUpdatedEvent(item_id=item.id, update=_delta("This cannot be stored."))

    async def stored_slowly(self) -> Events:
        item = _said(self.thread, "")
        item = item.model_copy(update={"id": f"{SLOW}_{item.id}"})
        yield ThreadItemAddedEvent(item=item)
        yield ThreadItemUpdatedEvent(item_id=item.id, update=_delta("Important."))
        yield ThreadItemDoneEvent(item=_with(item, "Important."))

    async def hold(self) -> Events:
        """Says half of something and waits for ever."""
        workflow = WorkflowItem(**_head(self.thread, "wf"), workflow=Workflow(type="custom", tasks=[]))
        yield ThreadItemAddedEvent(item=workflow)
        task = CustomTask(title="Working", status_indicator="loading")
        yield ThreadItemUpdatedEvent(item_id=workflow.id, update=WorkflowTaskAdded(task_index=0, task=task))
        async for event in self._half():
            yield event
        await asyncio.Event().wait()

    async def hold_before_the_first_word(self) -> Events:
        yield ThreadItemAddedEvent(item=_said(self.thread, ""))
        await asyncio.Event().wait()

    async def hold_until_told(self) -> Events:
        """Waits until the thread's title, which any request may change, says so; heartbeats pass meanwhile."""
        token = _turn_of.set(self.thread.id)
        message = _said(self.thread, "")
        yield ThreadItemAddedEvent(item=message)
        yield ThreadItemUpdatedEvent(item_id=message.id, update=_delta("Slowly"))
        await _until(self._is_told)
        yield ThreadItemUpdatedEvent(item_id=message.id, update=_delta(" done."))
        yield ThreadItemDoneEvent(item=_with(message, "Slowly done."))
        _turn_of.reset(token)

    async def tidy(self) -> Events:
        """Tells through the store that it was closed and not left to the garbage collector."""
        try:
            async for event in self._half():
                yield event
            await asyncio.Event().wait()
        finally:
            await self.server.store.add_thread_item(self.thread.id, _said(self.thread, "Tidied up."), self.context)

    async def retitle_while_renamed(self) -> Events:
        """Changes something else of the thread after the user has renamed it."""
        message = _said(self.thread, "")
        yield ThreadItemAddedEvent(item=message)
        yield ThreadItemUpdatedEvent(item_id=message.id, update=_delta("Wait"))
        await _until(self._is_told)
        self.thread.metadata["told"] = True
        yield ThreadItemDoneEvent(item=_with(message, "Wait."))

    async def sixty(self) -> Events:
        for number in range(60):
            yield ThreadItemDoneEvent(item=_said(self.thread, f"Item {number}"))

    async def same_moment(self) -> Events:
        for number in range(6):
            item = _said(self.thread, f"Item {number}")
            yield ThreadItemDoneEvent(item=item.model_copy(update={"created_at": _SAME_MOMENT}))

    async def retried(self) -> Events:
        """Answers once; asked again, says something and fails."""
        page = await self.server.store.load_thread_items(self.thread.id, None, 1, "asc", self.context)
        if self.thread.metadata.get("asked"):
            yield ThreadItemDoneEvent(item=_said(self.thread, "A worse answer."))
            raise CustomStreamError("Not today.")
        assert page.data
        self.thread.metadata["asked"] = True
        yield ThreadItemDoneEvent(item=_said(self.thread, "A good answer."))

    async def held_when_retried(self) -> Events:
        if self.thread.metadata.get("asked"):
            async for event in self.hold():
                yield event
        self.thread.metadata["asked"] = True
        yield ThreadItemDoneEvent(item=_said(self.thread, "A good answer."))

    def _tool_call(self) -> ClientToolCallItem:
        return ClientToolCallItem(
            **_head(self.thread, "tc"), call_id="call_1", name="get_selection", arguments={"deep": {"er": [1]}}
        )

    async def _is_told(self) -> bool:
        return (await self.server.store.load_thread(self.thread.id, self.context)).title == "go on"

    async def _half(self) -> Events:
        message = _said(self.thread, "")
        yield ThreadItemAddedEvent(item=message)
        yield ThreadItemUpdatedEvent(item_id=message.id, update=_delta("Half of "))
        yield ThreadItemUpdatedEvent(item_id=message.id, update=_delta("an answer"))

    async def _stream(self, message: AssistantMessageItem, deltas: list[str]) -> Events:
        yield ThreadItemAddedEvent(item=message)
        part = AssistantMessageContentPartAdded(content_index=0, content=AssistantMessageContent(text=""))
        yield ThreadItemUpdatedEvent(item_id=message.id, update=part)
        for delta in deltas:
            yield ThreadItemUpdatedEvent(item_id=message.id, update=_delta(delta))
        whole = _with(message, "".join(deltas))
        done = AssistantMessageContentPartDone(content_index=0, content=whole.content[0])
        yield ThreadItemUpdatedEvent(item_id=message.id, update=done)
        yield ThreadItemDoneEvent(item=whole)


SCRIPTS = [name for name in vars(_Scripts) if not name.startswith("_")]

_numbers = iter(range(1, 10**9))


def _head(thread: ThreadMetadata, prefix: str) -> dict[str, Any]:
    return {
        "id": f"{prefix}_{os.getpid()}_{next(_numbers)}",
        "thread_id": thread.id,
        "created_at": datetime.now(),  # noqa: DTZ005 - as the SDK stamps
    }


def _said(thread: ThreadMetadata, text: str) -> AssistantMessageItem:
    return _with(AssistantMessageItem(**_head(thread, "said"), content=[]), text)


def _with(message: AssistantMessageItem, text: str) -> AssistantMessageItem:
    content = [AssistantMessageContent(text=text)] if text else []
    return message.model_copy(update={"content": content})


def _delta(text: str) -> AssistantMessageContentPartTextDelta:
    return AssistantMessageContentPartTextDelta(content_index=0, delta=text)


def _card(text: str) -> Card:
    button = Button(label="Press", onClickAction=ActionConfig(type="press", payload={"n": 1}))
    return Card(children=[Text(id="txt", value=text, streaming=False), button])


def _words(message: UserMessageItem) -> str:
    return "".join(part.text for part in message.content if isinstance(part, UserMessageTextContent))


async def _until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await is_so():  # noqa: ASYNC110 - it is another process that makes it so
            await asyncio.sleep(0.01)
