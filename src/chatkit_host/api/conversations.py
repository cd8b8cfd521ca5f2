"""`/api/conversations`: ChatKit's threads as REST resources. The same records; nothing is kept twice."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal

from chatkit.types import (
    ActiveStatus,
    AssistantMessageItem,
    ClientToolCallItem,
    GeneratedImageItem,
    Page,
    TaskItem,
    ThoughtTask,
    ThreadItem,
    ThreadMetadata,
    UserMessageItem,
    WidgetItem,
    WorkflowItem,
)
from chatkit.types import Task as WorkflowTask
from fastapi import Depends, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import StreamingResponse

from chatkit_host.api.host import Host
from chatkit_host.api.rest import QueryParameters, RestRouter, known_id, read_json, title_schema, visible_line
from chatkit_host.api.schemas import errors, json_body, schema_of
from chatkit_host.auth.identity import User
from chatkit_host.clock import as_utc
from chatkit_host.engine.conversation_lists import ConversationLists, Found, Overview
from chatkit_host.engine.openings import Asking
from chatkit_host.engine.ports import Order
from chatkit_host.errors import InvalidInput
from chatkit_host.ids import new_id
from chatkit_host.text import folded

TITLE_LENGTH = 200
_EXPORTED_AT_ONCE = 100
_FILE_TYPES = {"json": "application/json", "markdown": "text/markdown; charset=utf-8"}
_FILE_ENDINGS = {"json": "json", "markdown": "md"}


class ConversationAnswer(BaseModel):
    id: str
    title: str | None
    status: str
    """`active`, `locked` or `closed`."""
    created_at: datetime
    updated_at: datetime
    """Of the last message; a new title does not change it."""
    preview: str | None
    """How the last message starts."""
    message_count: int | None
    """Messages of user and assistant; null where the server's store cannot count them."""
    running_turn_id: str | None
    """The answer that is being written, see `/api/turns`."""


class ConversationPageAnswer(BaseModel):
    data: list[ConversationAnswer]
    has_more: bool
    after: str | None
    """Ask with this `after` for what follows; null when nothing does."""


class ToolCallAnswer(BaseModel):
    id: str | None
    name: str
    status: Literal["running", "completed"]
    content: str | None
    """Arguments and result as people read them, in Markdown."""
    arguments: dict[str, Any] | None = None
    """Of a tool that runs in the client, as `output` is."""
    output: Any | None = None


class MessageAnswer(BaseModel):
    id: str
    role: Literal["user", "assistant", "tool"]
    content: str
    created_at: datetime
    tool_calls: list[ToolCallAnswer]


class ConversationWithMessages(ConversationAnswer):
    messages: list[MessageAnswer]
    has_more: bool
    after: str | None
    """Ask with this `after` for the messages that follow; null when none do."""


class ConversationDeleted(BaseModel):
    status: Literal["deleted"] = "deleted"
    id: str


class NewConversation(BaseModel):
    title: Annotated[str | None, Field(json_schema_extra=title_schema(TITLE_LENGTH))] = None


class ConversationPatch(BaseModel):
    title: Annotated[str, Field(json_schema_extra=title_schema(TITLE_LENGTH))]


class SnippetPart(BaseModel):
    text: str
    hit: bool


class FoundAnswer(BaseModel):
    """One message that was found."""

    conversation_id: str
    title: str | None
    message_id: str
    role: Literal["user", "assistant"]
    created_at: datetime
    snippet: list[SnippetPart]
    """A stretch of the message, plain text in pieces; `hit` marks what was looked for."""


class SearchAnswer(BaseModel):
    data: list[FoundAnswer]


class ConversationListQuery(QueryParameters):
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    after: str | None = None
    """The id of the last conversation of the page before."""
    offset: Annotated[int, Field(ge=0, le=100_000)] = 0
    """For older clients. Conversations in which something is said meanwhile are skipped or repeated; use `after`."""


class MessageListQuery(QueryParameters):
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    after: str | None = None
    order: Order = "asc"


class SearchQuery(QueryParameters):
    q: Annotated[str, Field(max_length=1000)]
    """All of these words; the last one may be a beginning."""
    limit: Annotated[int, Field(ge=1, le=50)] = 20


class ExportQuery(QueryParameters):
    format: Literal["json", "markdown"] = "json"


def conversations_router(host: Host) -> RestRouter:
    router = RestRouter("/api/conversations", "conversations")

    caller = host.needs("chat")

    async def asking(request: Request, user: User = caller) -> Asking:
        return await host.asking(request, user)

    def lists(asked: Asking) -> ConversationLists:
        return host.lists(asked.context)

    async def whole(asked: Asking, thread_id: str) -> ConversationAnswer:
        return _conversation(await lists(asked).overview(asked.owner, known_id(thread_id)))

    @router.answer("GET", "", responses=errors(404))
    async def list_conversations(
        asked: Annotated[Asking, Depends(asking)], query: Annotated[ConversationListQuery, Query()]
    ) -> ConversationPageAnswer:
        """Newest activity first."""
        if query.after is not None and query.offset:
            raise InvalidInput("Give either `after` or `offset`.")
        after = None if query.after is None else known_id(query.after)
        page = await lists(asked).page(asked.owner, limit=query.limit, after=after, offset=query.offset)
        conversations = [_conversation(overview) for overview in page.data]
        return ConversationPageAnswer(data=conversations, has_more=page.has_more, after=page.after)

    @router.answer(
        "POST",
        "",
        status_code=201,
        openapi_extra=json_body(schema_of(NewConversation), required=False),
        responses=errors(400, 413, 415),
    )
    async def create_conversation(request: Request, asked: Annotated[Asking, Depends(asking)]) -> ConversationAnswer:
        """An empty conversation. Sending a message to none begins one as well."""
        title = (await read_json(request, host.limits, NewConversation)).title
        thread = ThreadMetadata(
            id=new_id("thread"),
            title=None if title is None else visible_line(title, TITLE_LENGTH),
            created_at=asked.now,
            status=ActiveStatus(),
        )
        await lists(asked).create(asked.owner, thread)
        return await whole(asked, thread.id)

    @router.answer("GET", "/recent/first")
    async def newest_conversation(asked: Annotated[Asking, Depends(asking)]) -> ConversationAnswer | None:
        """The conversation in which something was said last; null when there is none."""
        page = await lists(asked).page(asked.owner, limit=1)
        return _conversation(page.data[0]) if page.data else None

    @router.answer("GET", "/search")
    async def search_conversations(
        asked: Annotated[Asking, Depends(asking)], query: Annotated[SearchQuery, Query()]
    ) -> SearchAnswer:
        """Messages that have all the words, newest first. Case and accents do not matter; nothing in `q` is an operator."""
        found = await lists(asked).search(asked.owner, query.q, limit=query.limit)
        return SearchAnswer(data=[_found(each) for each in found])

    @router.answer("GET", "/{conversation_id}", responses=errors(404))
    async def show_conversation(
        asked: Annotated[Asking, Depends(asking)], conversation_id: str, query: Annotated[MessageListQuery, Query()]
    ) -> ConversationWithMessages:
        """With a page of its messages, oldest first unless `order` says otherwise."""
        conversation = await whole(asked, conversation_id)
        after = None if query.after is None else known_id(query.after)
        page = await asked.store.load_items(
            asked.owner, conversation.id, limit=query.limit, after=after, order=query.order
        )
        return ConversationWithMessages(
            **conversation.model_dump(), messages=_messages(page), has_more=page.has_more, after=page.after
        )

    @router.answer(
        "PATCH",
        "/{conversation_id}",
        openapi_extra=json_body(schema_of(ConversationPatch)),
        responses=errors(400, 404, 413, 415),
    )
    async def rename_conversation(
        request: Request, asked: Annotated[Asking, Depends(asking)], conversation_id: str
    ) -> ConversationAnswer:
        patch = await read_json(request, host.limits, ConversationPatch)
        title = visible_line(patch.title, TITLE_LENGTH)
        await asked.store.change_thread(asked.owner, known_id(conversation_id), {"title": title})
        return await whole(asked, conversation_id)

    @router.answer("DELETE", "/{conversation_id}", responses=errors(404))
    async def delete_conversation(
        asked: Annotated[Asking, Depends(asking)], conversation_id: str
    ) -> ConversationDeleted:
        """With everything in it. An answer that is being written is stopped."""
        await host.turns.delete_thread(asked.owner, asked.store, known_id(conversation_id))
        return ConversationDeleted(id=conversation_id)

    @router.answer(
        "GET",
        "/{conversation_id}/export",
        response_class=StreamingResponse,
        responses=errors(404)
        | {200: {"description": "A file.", "content": {"application/json": {}, "text/markdown": {}}}},
    )
    async def export_conversation(
        asked: Annotated[Asking, Depends(asking)], conversation_id: str, query: Annotated[ExportQuery, Query()]
    ) -> StreamingResponse:
        """The whole conversation as a file to keep."""
        conversation = await whole(asked, conversation_id)
        pages = _pages(asked, conversation.id)
        write = _as_json if query.format == "json" else _as_markdown
        return StreamingResponse(
            write(conversation, pages, await anext(pages)),
            media_type=_FILE_TYPES[query.format],
            headers={
                "Content-Disposition": f'attachment; filename="{_file_name(conversation)}.{_FILE_ENDINGS[query.format]}"'
            },
        )

    return router


async def _pages(asked: Asking, thread_id: str) -> AsyncIterator[list[MessageAnswer]]:
    after: str | None = None
    while True:
        page = await asked.store.load_items(asked.owner, thread_id, limit=_EXPORTED_AT_ONCE, after=after, order="asc")
        yield _messages(page)
        after = page.after
        if not page.has_more or after is None:
            return


async def _as_json(
    conversation: ConversationAnswer, pages: AsyncIterator[list[MessageAnswer]], first: list[MessageAnswer]
) -> AsyncIterator[str]:
    yield conversation.model_dump_json(exclude={"preview", "running_turn_id"})[:-1] + ',"messages":['
    separator = ""
    async for messages in _chained(first, pages):
        for message in messages:
            yield separator + message.model_dump_json()
            separator = ","
    yield "]}"


async def _as_markdown(
    conversation: ConversationAnswer, pages: AsyncIterator[list[MessageAnswer]], first: list[MessageAnswer]
) -> AsyncIterator[str]:
    yield f"# {conversation.title or 'Conversation'}\n"
    async for messages in _chained(first, pages):
        for message in messages:
            parts = [f"\n## {message.role.capitalize()}, {message.created_at:%Y-%m-%d %H:%M:%S} UTC\n"]
            if message.content:
                parts.append(message.content + "\n")
            parts += [f"{call.name} ({call.status})\n\n{call.content or ''}\n" for call in message.tool_calls]
            yield "\n".join(parts)


async def _chained(
    first: list[MessageAnswer], pages: AsyncIterator[list[MessageAnswer]]
) -> AsyncIterator[list[MessageAnswer]]:
    yield first
    async for messages in pages:
        yield messages


def _file_name(conversation: ConversationAnswer) -> str:
    """Letters, digits and hyphens: nothing that a header or a file system gives a meaning to."""
    slug = re.sub("[^a-z0-9]+", "-", folded(conversation.title or ""))[:40].strip("-")
    return "-".join(part for part in ("conversation", f"{conversation.created_at:%Y-%m-%d}", slug) if part)


def _conversation(overview: Overview) -> ConversationAnswer:
    return ConversationAnswer(
        id=overview.id,
        title=overview.title,
        status=overview.status,
        created_at=overview.created_at,
        updated_at=overview.updated_at,
        preview=overview.preview,
        message_count=overview.message_count,
        running_turn_id=overview.running_turn_id,
    )


def _found(found: Found) -> FoundAnswer:
    return FoundAnswer(
        conversation_id=found.thread_id,
        title=found.title,
        message_id=found.item_id,
        role=found.speaker,
        created_at=found.created_at,
        snippet=[SnippetPart(text=part.text, hit=part.hit) for part in found.excerpt],
    )


def _messages(page: Page[ThreadItem]) -> list[MessageAnswer]:
    return [message for item in page.data if (message := _message(item)) is not None]


def _message(item: ThreadItem) -> MessageAnswer | None:
    """None for what is neither said nor done: the end of a turn, thoughts."""
    role: Literal["user", "assistant", "tool"] = "assistant"
    content, calls = "", []
    match item:
        case UserMessageItem():
            role, content = "user", "".join(part.text for part in item.content)
        case AssistantMessageItem():
            content = "".join(part.text for part in item.content)
        case WidgetItem():
            content = item.copy_text or ""
        case GeneratedImageItem():
            pass
        case WorkflowItem():
            role, calls = "tool", [_tool_call(task) for task in item.workflow.tasks if not _is_thought(task)]
        case TaskItem():
            role, calls = "tool", [] if _is_thought(item.task) else [_tool_call(item.task)]
        case ClientToolCallItem():
            role, calls = "tool", [_client_tool_call(item)]
        case _:
            return None
    if role == "tool" and not calls:
        return None
    return MessageAnswer(id=item.id, role=role, content=content, created_at=as_utc(item.created_at), tool_calls=calls)


def _is_thought(task: WorkflowTask) -> bool:
    return isinstance(task, ThoughtTask)


def _tool_call(task: WorkflowTask) -> ToolCallAnswer:
    return ToolCallAnswer(
        id=None,
        name=task.title or "Tool",
        status="running" if task.status_indicator == "loading" else "completed",
        content=getattr(task, "content", None),
    )


def _client_tool_call(item: ClientToolCallItem) -> ToolCallAnswer:
    return ToolCallAnswer(
        id=item.call_id,
        name=item.name,
        status="running" if item.status == "pending" else "completed",
        content=None,
        arguments=item.arguments,
        output=item.output,
    )
