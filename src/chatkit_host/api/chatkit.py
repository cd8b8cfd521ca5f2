"""`POST /chatkit`: the ChatKit protocol, all of its operations, and a few of our own (`api/versions.py`).

Whatever can fail is checked before the 200; a stream that has begun is only ever a turn being read.
"""

import base64
import binascii
from functools import partial
from typing import Any, assert_never

from chatkit.types import (
    AttachmentsCreateReq,
    AttachmentsDeleteReq,
    AudioInput,
    InputTranscribeReq,
    ItemsFeedbackReq,
    ItemsListReq,
    Page,
    SyncCustomActionResponse,
    ThreadsAddClientToolOutputReq,
    ThreadsAddStructuredInputReq,
    ThreadsAddUserMessageReq,
    ThreadsCreateReq,
    ThreadsCustomActionReq,
    ThreadsDeleteReq,
    ThreadsGetByIdReq,
    ThreadsListReq,
    ThreadsRetryAfterItemReq,
    ThreadsSyncCustomActionReq,
    ThreadsUpdateReq,
)
from fastapi import APIRouter
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind
from starlette.requests import Request
from starlette.responses import Response

from chatkit_host.api.body import check_message, parse, read_body
from chatkit_host.api.description import chatkit_answers
from chatkit_host.api.dialect import Dialect
from chatkit_host.api.host import Host
from chatkit_host.api.lean_route import LeanRoute
from chatkit_host.api.rest import visible_line
from chatkit_host.api.schemas import REFUSALS, errors, schema_of, sends
from chatkit_host.api.sse import Encode, encode_chatkit
from chatkit_host.api.streaming import sending_of, stream_turn
from chatkit_host.api.versions import (
    AnyNonStreamingReq,
    AnyReq,
    AnyStreamingReq,
    ThreadsChooseVersionReq,
    ThreadsEditMessageReq,
    ThreadsListVersionsReq,
    versions_answer,
)
from chatkit_host.auth.identity import User
from chatkit_host.engine import events as wire
from chatkit_host.engine import openings
from chatkit_host.engine.openings import Asking, Opening
from chatkit_host.errors import Conflict, InvalidInput
from chatkit_host.ids import ThreadId, TurnId

_REQUEST: TypeAdapter[AnyReq] = TypeAdapter(AnyReq)

PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
TITLE_LENGTH = 200
_FILE_NAME_LENGTH = 255


def chatkit_router(host: Host, other: Dialect, path: str = "/chatkit") -> APIRouter:
    """`other`: a dialect that is spoken at the same address."""
    router = APIRouter(route_class=LeanRoute)
    caller = host.needs("chat")

    @router.post(
        path,
        response_class=Response,
        responses=chatkit_answers(other) | errors(*REFUSALS),
        openapi_extra=sends({"oneOf": [_request_schema(), other.request_schema]}),
    )
    async def chatkit(request: Request, user: User = caller) -> Response:
        """One operation of the ChatKit protocol, or a message in the simple dialect.

        Sends answer with an event stream, everything else with JSON.
        """
        body = await read_body(request, host.limits)
        if other.recognises(body):
            return await other.answer(request, user, body)
        asked = parse(body, _REQUEST)
        if isinstance(asked, ThreadsCreateReq | ThreadsAddUserMessageReq | ThreadsEditMessageReq):
            check_message(asked.params.input, host.limits)
        asking = await host.asking(request, user, asked.metadata)
        if isinstance(asked, AnyStreamingReq):
            sending = sending_of(host, request, body, thread_id=_thread_of(asked), metadata=asked.metadata)
            return await stream_turn(host, request, asking, sending, partial(_opening, asked=asked), _encoder)
        # Before the items are read: a turn that ends in between is followed in vain, the other way round it would be missed.
        running = await _running_turn(host, asking, asked)
        return Response(await _answer(host, asking, asked), media_type="application/json", headers=running)

    return router


def _encoder(thread_id: str, turn_id: TurnId) -> Encode:
    return partial(encode_chatkit, turn_id)


def _thread_of(asked: AnyStreamingReq) -> str | None:
    return None if isinstance(asked, ThreadsCreateReq) else asked.params.thread_id


async def _running_turn(host: Host, asking: Asking, asked: AnyNonStreamingReq) -> dict[str, str]:
    """A page that loads a thread is told which answer is being written in it, so that it can follow."""
    if not isinstance(asked, ThreadsGetByIdReq):
        return {}
    turn = await host.turns.open_in(asking.owner, asked.params.thread_id)
    return {} if turn is None else {"ChatKit-Running-Turn": turn.id}


async def _opening(asking: Asking, asked: AnyStreamingReq) -> Opening:
    match asked:
        case ThreadsCreateReq():
            return await openings.new_thread(asking, asked.params)
        case ThreadsAddUserMessageReq():
            return await openings.message(asking, asked.params)
        case ThreadsAddClientToolOutputReq():
            return await openings.client_tool_output(asking, asked.params)
        case ThreadsAddStructuredInputReq():
            return await openings.structured_input(asking, asked.params)
        case ThreadsRetryAfterItemReq():
            return await openings.retry(asking, asked.params)
        case ThreadsEditMessageReq(params=params):
            return await openings.edit(asking, params.thread_id, params.item_id, params.input)
        case ThreadsCustomActionReq():
            return await openings.action(asking, asked.params)
        case _:
            assert_never(asked)


async def _answer(host: Host, asking: Asking, asked: AnyNonStreamingReq) -> bytes:
    owner, store, responder = asking.owner, asking.store, asking.responder
    match asked:
        case ThreadsGetByIdReq(params=params):
            thread = await store.load_thread(owner, params.thread_id)
            items = await store.load_items(owner, thread.id, limit=PAGE_SIZE, after=None, order="asc")
            return wire.encode(wire.thread_answer(thread, items))
        case ThreadsListReq(params=params):
            threads = await store.load_threads(
                owner, limit=_clamped(params.limit), after=params.after, order=params.order
            )
            answers = [wire.thread_answer(thread) for thread in threads.data]
            return wire.encode(Page(data=answers, has_more=threads.has_more, after=threads.after))
        case ThreadsUpdateReq(params=params):
            changed = await store.change_thread(
                owner, params.thread_id, {"title": visible_line(params.title, TITLE_LENGTH, "name")}
            )
            return wire.encode(wire.thread_answer(changed))
        case ThreadsListVersionsReq(params=params):
            return wire.encode(versions_answer(await store.versions(owner, params.thread_id)))
        case ThreadsChooseVersionReq(params=params):
            await store.choose_version(owner, params.thread_id, params.version_id)
            return wire.encode(versions_answer(await store.versions(owner, params.thread_id)))
        case ThreadsDeleteReq(params=params):
            await host.turns.delete_thread(owner, store, params.thread_id)
            return b"{}"
        case ThreadsSyncCustomActionReq(params=params):
            thread = await store.load_thread(owner, params.thread_id)
            sender = await openings.action_sender(store, owner, params)
            answer = await responder.act_at_once(thread, params.action, sender, asking.context)
            if answer.updated_item is None:
                return wire.encode(answer)
            item = wire.owned_item(answer.updated_item, ThreadId(thread.id))
            await store.save_item(owner, thread.id, item)
            return wire.encode(SyncCustomActionResponse(updated_item=None if wire.is_hidden(item) else item))
        case ItemsListReq(params=params):
            items = await store.load_items(
                owner, params.thread_id, limit=_clamped(params.limit), after=params.after, order=params.order
            )
            return wire.encode(items)
        case ItemsFeedbackReq(params=params):
            if len(params.item_ids) > MAX_PAGE_SIZE:
                raise InvalidInput(f"Feedback is about at most {MAX_PAGE_SIZE} items at once.")
            await store.save_feedback(owner, params.thread_id, params.item_ids, params.kind)
            await responder.feedback(params.thread_id, params.item_ids, params.kind, asking.context)
            return b"{}"
        case AttachmentsCreateReq(params=params):
            if params.size < 0:
                raise InvalidInput("A file's size cannot be negative.")
            params = params.model_copy(update={"name": visible_line(params.name, _FILE_NAME_LENGTH, "name")})
            attachment = await responder.create_attachment(params, asking.context)
            await store.save_attachment(owner, attachment)
            return wire.encode(attachment)
        case AttachmentsDeleteReq(params=params):
            attachment = await store.load_attachment(owner, params.attachment_id)
            if attachment.thread_id is not None:
                raise Conflict("This file is part of a message that was sent.")
            await responder.delete_attachment(attachment.id, asking.context)
            await store.delete_attachment(owner, attachment.id)
            return b"{}"
        case InputTranscribeReq(params=params):
            audio = AudioInput(data=_decoded(params.audio_base64), mime_type=params.mime_type)
            return wire.encode(await responder.transcribe(audio, asking.context))
        case _:
            assert_never(asked)


def _clamped(limit: int | None) -> int:
    return max(1, min(limit or PAGE_SIZE, MAX_PAGE_SIZE))


def _decoded(audio: str) -> bytes:
    try:
        return base64.b64decode(audio, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("The audio is not valid base64.") from error


def _request_schema() -> dict[str, Any]:
    return schema_of(_REQUEST, _SchemaOfRequests)


class _SchemaOfRequests(GenerateJsonSchema):
    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - as the base
