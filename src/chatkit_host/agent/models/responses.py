"""OpenAI's Responses API, and servers that speak it, without a client library between the bytes and the lane."""

import logging
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any

from openai.types.responses import (
    Response,
    ResponseOutputItem,
    ResponseOutputMessage,
    ResponseReasoningItem,
    ResponseUsage,
)

from chatkit_host.agent.failures import from_payload
from chatkit_host.agent.lane import Lane
from chatkit_host.agent.models.chat_fold import LENGTH_LIMIT
from chatkit_host.agent.models.chat_request import request_headers
from chatkit_host.agent.models.chunks import parsed
from chatkit_host.agent.models.http import EventStream, HttpPool, as_mid_stream_failure, open_stream
from chatkit_host.agent.models.responses_request import responses_body
from chatkit_host.agent.models.speech import token_usage
from chatkit_host.agent.models.spoken import Answer, ModelRequest, SpokenModel
from chatkit_host.agent.models.tool_calls import arguments_object
from chatkit_host.agent.models.watch import Patience, Watch
from chatkit_host.errors import ContentRefused, ModelIncomplete
from chatkit_host.ids import new_id
from chatkit_host.text import SafeDeltas, safe_value

_logger = logging.getLogger(__name__)

_ANNOTATIONS = ("url_citation", "file_citation", "container_file_citation", "file_path")


class ResponsesModel(SpokenModel):
    """`base_url` is what comes before `/responses`."""

    def __init__(
        self, name: str, *, base_url: str, api_key: str | None, pool: HttpPool, patience: Patience | None = None
    ) -> None:
        super().__init__(name)
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._pool = pool
        self._patience = patience or Patience()

    async def _answer(self, request: ModelRequest, lane: Lane, answer: Answer) -> AsyncGenerator[None]:
        fold = _ResponseFold(lane, request.used_call_ids())
        headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        with Watch(self._patience) as watch:
            stream = await open_stream(
                self._pool,
                f"{self._base_url}/responses",
                request_headers(headers, request.settings.extra_headers),
                responses_body(request, self.name),
                self._patience,
                watch,
            )
            try:
                while fold.response is None:
                    await _hear(stream, fold)
                    yield
                answer.output, answer.usage = await fold.finish()
                await stream.finish()
            finally:
                stream.close()


async def _hear(stream: EventStream, fold: "_ResponseFold") -> None:
    """One network read; the end of the stream before the end of the response is a failure."""
    try:
        events = await stream.read()
        if not events:
            raise ModelIncomplete
        await fold.read([parsed(event) for event in events])
    except Exception as error:  # noqa: BLE001 - translated here
        failure = as_mid_stream_failure(error)
    else:
        return
    # Raised outside the handler: the library's error must not travel along.
    raise failure


class _ResponseFold:
    """Hands what is spoken to the lane under ids of ours, one per output index, and keeps the response's end."""

    def __init__(self, lane: Lane, used_call_ids: Iterable[str]) -> None:
        self.response: Mapping[str, Any] | None = None
        self._lane = lane
        self._used_call_ids = set(used_call_ids)
        self._ids: dict[tuple[int, str], str] = {}
        self._safe: dict[tuple[int, str], SafeDeltas] = {}
        self._spoken: set[int] = set()
        self._items: dict[int, dict[str, Any]] = {}
        self._pending: tuple[int, str, list[str]] | None = None

    async def read(self, events: Iterable[Mapping[str, Any]]) -> None:
        for event in events:
            await self._event(event)
            if self.response is not None:
                break
        self._speak_pending()

    async def finish(self) -> tuple[list[ResponseOutputItem], ResponseUsage]:
        """The output as the run loop needs it; messages end here, after the response has."""
        response = self.response or {}
        raw = response.get("output") or [self._items[index] for index in sorted(self._items)]
        output: list[ResponseOutputItem] = []
        for index, item in enumerate(raw):
            match item.get("type"):
                case "message":
                    item = await self._message(index, item)
                case "reasoning":
                    item = {**item, "id": self._id(index, "reasoning")}
                    if index not in self._items:
                        await self._thought_done(index, item)
                case "function_call":
                    item = self._function_call(item)
                case _:
                    pass
            output += Response.construct(output=[safe_value(item)]).output
        if all(isinstance(item, ResponseReasoningItem) or _is_empty(item) for item in output):
            raise ModelIncomplete
        return output, _usage(response.get("usage"))

    async def _event(self, event: Mapping[str, Any]) -> None:
        index = event.get("output_index", 0)
        match event.get("type"):
            case "response.output_text.delta":
                self._say(index, "text", event.get("delta") or "")
            case "response.refusal.delta":
                self._say(index, "refusal", event.get("delta") or "")
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                self._say(index, "reasoning", event.get("delta") or "")
            case "response.reasoning_summary_part.added":
                if event.get("summary_index"):
                    self._say(index, "reasoning", "\n\n")
            case "response.output_text.annotation.added":
                self._speak_pending()
                if isinstance(annotation := event.get("annotation"), dict):
                    self._lane.annotation(self._id(index, "message"), safe_value(annotation))
            case "response.output_item.done":
                self._speak_pending()
                self._items[index] = item = event.get("item") or {}
                if item.get("type") == "reasoning":
                    await self._thought_done(index, item)
            case "response.completed":
                self.response = event.get("response") or {}
            case "response.incomplete":
                raise _incomplete(event.get("response") or {})
            case "response.failed":
                raise from_payload({"error": (event.get("response") or {}).get("error") or {}})
            case "error" | "response.error":
                raise from_payload(event)
            case None if event.get("object") == "response":
                self._whole(event)
            case None if event.get("error"):
                raise from_payload(event)
            case _:
                pass

    def _whole(self, response: Mapping[str, Any]) -> None:
        """A server that does not stream answers with the whole response."""
        if response.get("status") == "incomplete":
            raise _incomplete(response)
        if response.get("status") != "completed":
            raise from_payload({"error": response.get("error") or {}})
        self.response = response

    def _say(self, index: int, channel: str, delta: str) -> None:
        if self._pending is not None and self._pending[:2] == (index, channel):
            self._pending[2].append(delta)
            return
        self._speak_pending()
        self._pending = (index, channel, [delta])

    def _speak_pending(self) -> None:
        if self._pending is None:
            return
        (index, channel, pieces), self._pending = self._pending, None
        safe = self._safe.setdefault((index, channel), SafeDeltas())
        self._speak(index, channel, safe.feed("".join(pieces)))

    def _speak(self, index: int, channel: str, text: str) -> None:
        if not text:
            return
        self._spoken.add(index)
        match channel:
            case "text":
                self._lane.text(self._id(index, "message"), text)
            case "refusal":
                self._lane.refusal(self._id(index, "message"), text)
            case _:
                self._lane.reasoning(self._id(index, "reasoning"), text)

    async def _message(self, index: int, item: dict[str, Any]) -> dict[str, Any]:
        for channel in ("text", "refusal"):
            if (safe := self._safe.get((index, channel))) is not None:
                self._speak(index, channel, safe.finish())
        if index not in self._spoken:
            for part in item.get("content") or ():
                self._speak(index, "text", safe_value(part.get("text") or ""))
                self._speak(index, "refusal", safe_value(part.get("refusal") or ""))
        message_id = self._id(index, "message")
        if index in self._spoken:
            await self._lane.message_done(message_id)
        content = [_with_known_annotations(part) for part in item.get("content") or ()]
        return {**item, "id": message_id, "role": "assistant", "status": "completed", "content": content}

    async def _thought_done(self, index: int, item: Mapping[str, Any]) -> None:
        if index not in self._spoken:
            for part in (*(item.get("summary") or ()), *(item.get("content") or ())):
                self._speak(index, "reasoning", safe_value(part.get("text") or ""))
        if index in self._spoken:
            await self._lane.reasoning_done(self._id(index, "reasoning"))

    def _function_call(self, item: Mapping[str, Any]) -> dict[str, Any]:
        call_id = item.get("call_id")
        if not call_id or call_id in self._used_call_ids:
            call_id = new_id("tool_call")
        self._used_call_ids.add(call_id)
        arguments = arguments_object(item.get("arguments") or "")
        return {**item, "id": new_id("tool_call"), "call_id": call_id, "arguments": arguments}

    def _id(self, index: int, kind: str) -> str:
        key = (index, kind)
        if key not in self._ids:
            self._ids[key] = new_id("workflow" if kind == "reasoning" else "message")
        return self._ids[key]


def _with_known_annotations(part: Mapping[str, Any]) -> dict[str, Any]:
    """openai's types have no place for a kind of citation that is newer than they are; the lane has seen it."""
    known = [a for a in part.get("annotations") or () if a.get("type") in _ANNOTATIONS]
    return {**part, "annotations": known} if part.get("annotations") else dict(part)


def _incomplete(response: Mapping[str, Any]) -> Exception:
    reason = (response.get("incomplete_details") or {}).get("reason")
    _logger.info(
        "a response ended incomplete: %s", reason if reason in ("max_output_tokens", "content_filter") else "?"
    )
    if reason == "content_filter":
        return ContentRefused()
    return ModelIncomplete(LENGTH_LIMIT) if reason == "max_output_tokens" else ModelIncomplete()


def _is_empty(item: ResponseOutputItem) -> bool:
    if not isinstance(item, ResponseOutputMessage):
        return False
    return not any(getattr(part, "text", "") or getattr(part, "refusal", "") for part in item.content)


def _usage(usage: Mapping[str, Any] | None) -> ResponseUsage:
    counts = usage or {}
    return token_usage(
        counts.get("input_tokens") or 0,
        counts.get("output_tokens") or 0,
        cached=(counts.get("input_tokens_details") or {}).get("cached_tokens") or 0,
        reasoning=(counts.get("output_tokens_details") or {}).get("reasoning_tokens") or 0,
    )
