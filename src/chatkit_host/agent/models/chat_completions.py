"""Any OpenAI-compatible chat completions endpoint, without a client library between the bytes and the lane."""

import logging
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

from openai.types.responses import ResponseOutputItem

from chatkit_host.agent.lane import Lane
from chatkit_host.agent.models.chat_fold import ChatFold, Said
from chatkit_host.agent.models.chat_request import EncodedTools, chat_messages, chat_parameters, request_headers
from chatkit_host.agent.models.chunks import Chunks
from chatkit_host.agent.models.http import EventStream, HttpPool, as_mid_stream_failure, open_stream
from chatkit_host.agent.models.speech import Speech, chat_usage, function_call
from chatkit_host.agent.models.spoken import Answer, ModelRequest, SpokenModel
from chatkit_host.agent.models.watch import Patience, Watch

_logger = logging.getLogger(__name__)


class ChatCompletionsModel(SpokenModel):
    """`base_url` is what comes before `/chat/completions`."""

    def __init__(
        self, name: str, *, base_url: str, api_key: str | None, pool: HttpPool, patience: Patience | None = None
    ) -> None:
        super().__init__(name)
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._pool = pool
        self._patience = patience or Patience()
        self._tools = EncodedTools()

    async def _answer(self, request: ModelRequest, lane: Lane, answer: Answer) -> AsyncGenerator[None]:
        chunks, fold = Chunks(), ChatFold(request.used_call_ids())
        speech = Speech(lane)
        with Watch(self._patience) as watch:
            stream = await self._open(request, watch)
            if not answer.in_steps:
                stream.offer(partial(_is_more_text, chunks, fold, speech, watch))
            try:
                while (said := await _burst(stream, chunks, fold, watch)) is not None:
                    for part in said:
                        await speech.say(part)
                    yield
                await conclude(fold, speech, answer, self.name)
                await stream.finish()
            finally:
                stream.close()

    async def _open(self, request: ModelRequest, watch: Watch) -> EventStream:
        headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        return await open_stream(
            self._pool,
            f"{self._base_url}/chat/completions",
            request_headers(headers, request.settings.extra_headers),
            self._body(request),
            self._patience,
            watch,
        )

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        settings = request.settings
        body: dict[str, Any] = {
            "model": self.name,
            "messages": chat_messages(request, self.name, self._base_url),
            "stream": True,
            **chat_parameters(request, self._tools.of(request)),
        }
        if settings.include_usage is not False:
            body["stream_options"] = {"include_usage": True}
        if settings.store is not None:
            body["store"] = settings.store
        if settings.metadata:
            body["metadata"] = settings.metadata
        if isinstance(settings.extra_body, dict):
            body.update(settings.extra_body)
        if settings.extra_args:
            body.update(settings.extra_args)
        return body


def _is_more_text(chunks: Chunks, fold: ChatFold, speech: Speech, watch: Watch, read: bytes) -> bool:
    """Says what goes on with the text and says nothing else, as most of an answer does, where the socket brings it."""
    if fold.is_over or fold.finish_reason or not speech.is_in_text:
        return False
    text = chunks.only_text(read)
    if text is None:
        return False
    watch.heard()
    if safe := fold.more_text(text):
        speech.text(safe)
    return True


async def _burst(stream: EventStream, chunks: Chunks, fold: ChatFold, watch: Watch) -> list[Said] | None:
    """What one network read says, or None at the end. After the terminal reason nothing can go wrong any more."""
    if fold.is_over:
        return None
    try:
        events = await stream.read()
        said = fold.read(chunks.read(events))
    except Exception as error:
        if fold.finish_reason:
            _logger.debug("after the end of a model's answer", exc_info=error)
            return None
        failure = as_mid_stream_failure(error)
    else:
        if fold.finish_reason:
            watch.heard_the_end()
        return said if events else None
    # Raised outside the handler: the library's error must not travel along.
    raise failure


async def conclude(fold: ChatFold, speech: Speech, answer: Answer, model: str) -> None:
    """Ends the message and fills the answer in, or raises why there is none."""
    for part in fold.finish():
        await speech.say(part)
    if failure := fold.failure():
        raise failure
    calls = fold.tool_calls()
    for annotation in fold.annotations:
        speech.annotate(annotation)
    await speech.end()
    output: list[ResponseOutputItem] = speech.reasoning_items(model, fold.reasoning_field, fold.thinking_blocks)
    output += speech.message_items()
    for call in calls:
        provider_data = {"model": model}
        if signature := call.pop("thought_signature", None):
            provider_data["thought_signature"] = signature
        output.append(function_call(**call, provider_data=provider_data))
    answer.output = output
    answer.usage = chat_usage(fold.usage)
