"""Chat in plain JSON: `POST /api/chat` (a stream), `POST /api/chat/sync` (one answer) and `POST /api/{user_id}/chat`.

The server's history is the authority. With a thread, of the messages that a client sends only the last one counts.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Literal

from chatkit.types import InferenceOptions, ThreadAddUserMessageParams, ThreadCreateParams
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from chatkit_host.api.body import check_message, parse, read_body, text_message
from chatkit_host.api.errors import turn_error_answer
from chatkit_host.api.host import Host
from chatkit_host.api.lean_route import LeanRoute
from chatkit_host.api.plain_reading import PARAGRAPH, PlainReader
from chatkit_host.api.schemas import NOT_BLANK, REFUSALS, errors, event_stream, schema_of, sends
from chatkit_host.api.streaming import Open, json_event, read_turn, sending_of, stream_turn, turn_headers
from chatkit_host.auth.identity import User
from chatkit_host.engine import openings
from chatkit_host.engine.openings import Asking, Earlier, Opening
from chatkit_host.engine.ports import LogEvent
from chatkit_host.engine.sending import Sending
from chatkit_host.errors import Forbidden, InvalidInput
from chatkit_host.ids import TurnId

_FAILURES = (500, 502, 504)


class ChatMessage(BaseModel):
    role: Literal["user", "assistant"]
    content: str
    """Of the last message: must not be blank."""


class ChatRequest(BaseModel):
    """The last message is the one to answer. Without a thread, those before it begin the new one."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    messages: list[ChatMessage] = Field(min_length=1)
    thread_id: str | None = None
    user_id: str | None = None
    """If it is sent, it must be the caller's own."""
    model: str | None = None
    """One of the models that the server offers."""


class UserChatRequest(BaseModel):
    message: str = Field(json_schema_extra=NOT_BLANK)
    conversation_id: str | None = None


class ToolCall(BaseModel):
    """A tool that was called, and what it gave."""

    id: str
    name: str
    args: Any = None
    result: Any = None


class ChatAnswer(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    content: str
    thread_id: str
    message_id: str | None
    """The last message of the answer; null when nothing was said."""
    tool_calls: list[ToolCall]
    usage: dict[str, int] | None
    """Token counts, as far as the model told them."""


class UserChatAnswer(BaseModel):
    conversation_id: str
    response: str
    tool_calls: list[ToolCall]


class ChatHealth(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True, protected_namespaces=())

    status: Literal["healthy", "degraded"]
    model_configured: bool
    """Whether nothing is missing that the model needs, such as its key. It is not called."""


class Started(BaseModel):
    """The first event: where the conversation goes on."""

    thread_id: str
    turn_id: str


class Content(BaseModel):
    """The answer, as it grows: to be appended."""

    content: str


class StartedCall(BaseModel):
    id: str
    name: str
    args: Any


class FinishedCall(BaseModel):
    id: str
    name: str
    result: Any


class Called(BaseModel):
    """A tool is called, and later, under the same id: what it gave."""

    tool_call: StartedCall | FinishedCall


class Problem(BaseModel):
    code: str
    message: str


class Failed(BaseModel):
    """The last event of an answer that failed or was stopped. What was said stays in the thread."""

    error: Problem


class Done(BaseModel):
    """The last event of an answer that is complete."""

    done: Literal[True]
    thread_id: str
    message_id: str | None


ChatEvent = Started | Content | Called | Failed | Done

_CHAT = TypeAdapter(ChatRequest)
_USER_CHAT = TypeAdapter(UserChatRequest)


def chat_router(host: Host, model_configured: Callable[[], Awaitable[bool]]) -> APIRouter:
    router = APIRouter(route_class=LeanRoute)
    caller = host.needs("chat")

    @router.post(
        "/api/chat",
        response_class=Response,
        responses=event_stream(schema_of(TypeAdapter(ChatEvent)), "Events, one JSON object per `data:` line.")
        | errors(*REFUSALS),
        openapi_extra=sends(schema_of(ChatRequest)),
    )
    async def chat(request: Request, user: User = caller) -> Response:
        """Answers the last message as a stream. Closing the connection stops the answer; what was said is kept."""
        asking, sending, open_ = await _asked(host, request, user)
        return await stream_turn(host, request, asking, sending, open_, ChatEncoder)

    @router.post(
        "/api/chat/sync",
        response_model=ChatAnswer,
        responses=errors(*REFUSALS, *_FAILURES),
        openapi_extra=sends(schema_of(ChatRequest)),
    )
    async def chat_sync(request: Request, user: User = caller) -> Response:
        """Answers the last message in one piece. An answer that failed is an error that names its thread.

        Nothing is sent before the answer's end, since a status that went out early could not tell of a failure. Where something in
        between cuts connections that are silent, send an `Idempotency-Key`: the answer goes on, and the same request joins it.
        """
        asking, sending, open_ = await _asked(host, request, user)
        return await _answer(host, request, asking, sending, open_, _chat_answer)

    @router.get("/api/chat/health", response_model=ChatHealth)
    async def health() -> ChatHealth:
        """Whether a model is set up. No model is called, nothing secret is told."""
        configured = await model_configured()
        return ChatHealth(status="healthy" if configured else "degraded", model_configured=configured)

    @router.post(
        "/api/{user_id}/chat",
        response_model=UserChatAnswer,
        responses=errors(*REFUSALS, *_FAILURES),
        openapi_extra=sends(schema_of(UserChatRequest)),
    )
    async def user_chat(request: Request, user_id: str, user: User = caller) -> Response:
        """Answers one message in one piece. The user in the path must be the caller.

        As `/api/chat/sync`, it sends nothing before the answer's end; an `Idempotency-Key` keeps the answer of a lost connection.
        """
        _refuse_another(user, user_id)
        body = await read_body(request, host.limits)
        asked = parse(body, _USER_CHAT)
        messages = [ChatMessage(role="user", content=asked.message)]
        sending = sending_of(host, request, body, thread_id=asked.conversation_id)
        open_ = partial(_opening, host=host, messages=messages, thread_id=asked.conversation_id)
        return await _answer(host, request, await host.asking(request, user), sending, open_, _user_chat_answer)

    return router


async def _asked(host: Host, request: Request, user: User) -> tuple[Asking, Sending, Open]:
    body = await read_body(request, host.limits)
    asked = parse(body, _CHAT)
    if asked.user_id is not None:
        _refuse_another(user, asked.user_id)
    sending = sending_of(host, request, body, thread_id=asked.thread_id)
    open_ = partial(_opening, host=host, messages=asked.messages, thread_id=asked.thread_id, model=asked.model)
    return await host.asking(request, user), sending, open_


def _refuse_another(user: User, user_id: str) -> None:
    if user_id != user.id:
        raise Forbidden("The request names another user than its token.")


async def _opening(
    asking: Asking, *, host: Host, messages: Sequence[ChatMessage], thread_id: str | None, model: str | None = None
) -> Opening:
    *before, last = messages
    if last.role != "user":
        raise InvalidInput("The last message must be the user's.")
    given = text_message(last.content, InferenceOptions(model=model))
    check_message(given, host.limits)
    if thread_id is not None:
        return await openings.message(asking, ThreadAddUserMessageParams(thread_id=thread_id, input=given))
    earlier = [Earlier(role=message.role, text=message.content) for message in before if message.content.strip()]
    if len(earlier) > host.limits.earlier_messages:
        raise InvalidInput(f"A new thread may begin with at most {host.limits.earlier_messages} earlier messages.")
    for message in earlier:
        if message.role == "user":
            check_message(text_message(message.text, InferenceOptions()), host.limits)
    return await openings.new_thread(asking, ThreadCreateParams(input=given), earlier)


class ChatEncoder(PlainReader):
    """A turn's log as the events of `/api/chat`. Thoughts have no word here."""

    def __init__(self, thread_id: str, turn_id: TurnId) -> None:
        super().__init__()
        self._thread_id = thread_id
        self._turn_id = turn_id
        self._lines = list[bytes]()
        self._send(thread_id=thread_id, turn_id=turn_id)

    def __call__(self, events: Sequence[LogEvent]) -> bytes:
        self.read(events)
        encoded = b"".join(self._lines)
        self._lines.clear()
        return encoded

    def text(self, delta: str) -> None:
        self._send(content=delta)

    def tool_started(self, call_id: str, name: str, arguments: Any) -> None:
        self._send(tool_call={"id": call_id, "name": name, "args": arguments})

    def tool_finished(self, call_id: str, name: str, result: Any) -> None:
        self._send(tool_call={"id": call_id, "name": name, "result": result})

    def completed(self) -> None:
        self._send(done=True, thread_id=self._thread_id, message_id=self.message_id)

    def failed(self, code: str, message: str) -> None:
        self._send(error={"code": code, "message": message})

    def _send(self, **event: Any) -> None:
        self._lines.append(json_event(self._turn_id, self.seq, event))


async def _answer(
    host: Host,
    request: Request,
    asking: Asking,
    sending: Sending,
    open_: Open,
    shape: "Callable[[WholeAnswer], BaseModel]",
) -> Response:
    accepted, whole = await read_turn(host, request, asking, sending, open_, WholeAnswer)
    headers = turn_headers(accepted)
    if whole.problem is not None:
        details = {"thread_id": accepted.thread_id, "turn_id": accepted.turn_id}
        return turn_error_answer(whole.problem.code, whole.problem.message, details, headers)
    return Response(shape(whole).model_dump_json(), media_type="application/json", headers=headers)


class WholeAnswer(PlainReader):
    """What a turn's log adds up to."""

    def __init__(self, thread_id: str) -> None:
        super().__init__()
        self.thread_id = thread_id
        self.problem: Problem | None = None
        self._messages: dict[str, str] = {}
        self._tool_calls: dict[str, ToolCall] = {}

    @property
    def content(self) -> str:
        return PARAGRAPH.join(text for text in self._messages.values() if text)

    @property
    def tool_calls(self) -> list[ToolCall]:
        """In the order in which they were started."""
        return list(self._tool_calls.values())

    def message_done(self, item_id: str, text: str) -> None:
        self._messages[item_id] = text

    def message_removed(self, item_id: str) -> None:
        self._messages.pop(item_id, None)

    def tool_started(self, call_id: str, name: str, arguments: Any) -> None:
        self._tool_calls[call_id] = ToolCall(id=call_id, name=name, args=arguments)

    def tool_finished(self, call_id: str, name: str, result: Any) -> None:
        if call_id in self._tool_calls:
            self._tool_calls[call_id].result = result

    def failed(self, code: str, message: str) -> None:
        self.problem = Problem(code=code, message=message)


def _chat_answer(whole: WholeAnswer) -> ChatAnswer:
    return ChatAnswer(
        content=whole.content,
        thread_id=whole.thread_id,
        message_id=whole.message_id,
        tool_calls=whole.tool_calls,
        usage=whole.usage,
    )


def _user_chat_answer(whole: WholeAnswer) -> UserChatAnswer:
    return UserChatAnswer(conversation_id=whole.thread_id, response=whole.content, tool_calls=whole.tool_calls)
