"""Every other provider, through LiteLLM: imported when first used, and held to the same rules as our own client."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import nullcontext, suppress
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from chatkit_host.agent.failures import as_turn_failure
from chatkit_host.agent.lane import Lane
from chatkit_host.agent.models.attempts import note_failure, until_it_answers
from chatkit_host.agent.models.chat_completions import conclude
from chatkit_host.agent.models.chat_fold import ChatFold, Said
from chatkit_host.agent.models.chat_request import chat_messages, chat_parameters, chat_tools, request_headers
from chatkit_host.agent.models.plain_chunks import build_plain_chunks_at_once
from chatkit_host.agent.models.speech import Speech
from chatkit_host.agent.models.spoken import Answer, ModelRequest, SpokenModel
from chatkit_host.agent.models.watch import Patience, Watch
from chatkit_host.errors import ModelIncomplete, ModelNotFound, ModelUnavailable
from chatkit_host.lean_imports import imports_that_stay

_logger = logging.getLogger(__name__)

NOT_INSTALLED = (
    "The configured model needs LiteLLM, which this server lacks. "
    "The operator can add it with: pip install 'chatkit-host[litellm]'"
)
_CLOSING_SECONDS = 2.0

# Read by LiteLLM when it is imported: no download of price lists, no end after 100 equal chunks (a table's dashes, say), no cap
# on connections, which each stream holds for as long as the model speaks.
_ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
    "REPEATED_STREAMING_CHUNK_LIMIT": str(10**9),
    "AIOHTTP_CONNECTOR_LIMIT": "0",
    "AIOHTTP_CONNECTOR_LIMIT_PER_HOST": "0",
}


def imported_litellm() -> ModuleType:
    """LiteLLM, made quiet: no banners, no calls home. Takes seconds the first time: call it in a thread."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        with imports_that_stay() if _is_to_be_imported() else nullcontext():
            import litellm
    except ImportError:
        raise ModelNotFound(NOT_INSTALLED) from None
    litellm.suppress_debug_info = True
    litellm.num_retries = 0
    # In case something else imported it before us.
    litellm.REPEATED_STREAMING_CHUNK_LIMIT = 10**9  # pyright: ignore[reportPrivateImportUsage] - where its stream reads it
    _keep_missing_reasons_missing()
    build_plain_chunks_at_once()
    return litellm


def _is_to_be_imported() -> bool:
    return "litellm" not in sys.modules and find_spec("litellm") is not None


def _keep_missing_reasons_missing() -> None:
    """LiteLLM's Gemini route writes the terminal reason "stop" into every chunk that has none.

    Left so, a stream that breaks off looks finished, and the tool calls in it would run.
    """
    from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import VertexGeminiConfig

    create = VertexGeminiConfig._create_streaming_choice
    if create.__name__ == "create_with_own_reason":
        return

    def create_with_own_reason(*args: Any, candidate: Any, **kwargs: Any) -> Any:
        choice = create(*args, candidate=candidate, **kwargs)
        if not candidate.get("finishReason"):
            choice.finish_reason = None
        return choice

    setattr(VertexGeminiConfig, create.__name__, staticmethod(create_with_own_reason))


async def close_litellm() -> None:
    """Closes the connections that LiteLLM keeps for the whole process, if it was used at all."""
    litellm = sys.modules.get("litellm")
    if litellm is None or not hasattr(litellm, "close_litellm_async_clients"):
        return
    await litellm.close_litellm_async_clients()
    litellm.in_memory_llm_clients_cache.flush_cache()


class LiteLLMModel(SpokenModel):
    """`name` is what LiteLLM calls the model, such as `anthropic/claude-sonnet-4-5`."""

    def __init__(
        self, name: str, *, base_url: str | None = None, api_key: str | None = None, patience: Patience | None = None
    ) -> None:
        super().__init__(name)
        self._base_url = base_url
        self._api_key = api_key
        self._patience = patience or Patience()

    async def _answer(self, request: ModelRequest, lane: Lane, answer: Answer) -> AsyncGenerator[None]:
        litellm = await asyncio.to_thread(imported_litellm)
        fold = ChatFold(request.used_call_ids())
        speech = Speech(lane)
        arguments = self._arguments(request)
        with Watch(self._patience) as watch:

            async def attempt() -> tuple[AsyncIterator[Any], Any]:
                stream = await watch.wait(litellm.acompletion(**arguments))
                try:
                    chunk = await watch.wait(anext(stream, None))
                    if chunk is None:
                        raise ModelIncomplete
                except BaseException:
                    await _close(stream)
                    raise
                return stream, chunk

            stream, chunk = await until_it_answers(attempt, self._patience)
            watch.heard()
            try:
                said: list[Said] | None = fold.read([_as_dict(chunk)])
                while said is not None:
                    for part in said:
                        await speech.say(part)
                    yield
                    said = await _burst(stream, fold, watch)
                if not _provider_has_ended(stream):
                    fold.finish_reason = None
                await conclude(fold, speech, answer, self.name)
            finally:
                await _close(stream)

    def _arguments(self, request: ModelRequest) -> dict[str, Any]:
        settings = request.settings
        arguments: dict[str, Any] = {
            "model": self.name,
            "messages": _for_litellm(chat_messages(request, self.name, self._base_url, litellm=True), self.name),
            "stream": True,
            "stream_options": {"include_usage": True} if settings.include_usage is not False else None,
            "num_retries": 0,
            "max_retries": 0,
            "api_key": self._api_key,
            "base_url": self._base_url,
            "extra_headers": request_headers({}, settings.extra_headers) or None,
            "extra_body": settings.extra_body,
            "metadata": settings.metadata,
            **chat_parameters(request, chat_tools(request)),
            **(settings.extra_args or {}),
        }
        if "tools" in arguments:
            # LiteLLM's discovery of MCP tools is for its proxy.
            arguments.setdefault("_skip_mcp_handler", True)
        return {name: value for name, value in arguments.items() if value is not None}


async def _burst(stream: AsyncIterator[Any], fold: ChatFold, watch: Watch) -> list[Said] | None:
    """What one chunk says, or None at the end. After the terminal reason nothing can go wrong any more."""
    if fold.is_over:
        return None
    try:
        chunk = await watch.wait(anext(stream))
        watch.heard()
        said = fold.read([_as_dict(chunk)])
    except StopAsyncIteration:
        return None
    except Exception as error:
        if fold.finish_reason:
            _logger.debug("after the end of a model's answer", exc_info=error)
            return None
        failure = as_turn_failure(error)
        note_failure(failure, error)
        if isinstance(failure, ModelUnavailable):
            failure = ModelIncomplete()
    else:
        if fold.finish_reason:
            watch.heard_the_end()
        return said
    # Raised outside the handler: the library's error quotes the provider.
    raise failure


def _provider_has_ended(stream: Any) -> bool:
    """Whether the terminal reason was the provider's: for most providers LiteLLM makes one up when a stream breaks off."""
    marks = ("received_finish_reason", "intermittent_finish_reason", "received_any_finish_reason")
    return any(getattr(stream, mark, None) for mark in marks) or not hasattr(stream, marks[0])


async def _close(stream: Any) -> None:
    """Ends the provider's stream even when this task is being cancelled."""
    closing = asyncio.ensure_future(stream.aclose())
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(closing), _CLOSING_SECONDS)


def _as_dict(chunk: Any) -> dict[str, Any]:
    """A chunk's fields as they lie in LiteLLM's objects; its own `model_dump` would cost more than everything else here."""
    usage = getattr(chunk, "usage", None)
    return {
        "usage": _usage(usage) if usage is not None else None,
        "choices": [
            {
                "index": getattr(choice, "index", 0),
                "finish_reason": getattr(choice, "finish_reason", None),
                "delta": _delta(getattr(choice, "delta", None)),
            }
            for choice in getattr(chunk, "choices", None) or ()
        ],
    }


def _usage(usage: Any) -> dict[str, Any]:
    counts = _fields(usage)
    details = ("prompt_tokens_details", "completion_tokens_details")
    return counts | {name: _fields(counts.get(name)) for name in details}


def _delta(delta: Any) -> dict[str, Any]:
    fields = _fields(delta)
    if calls := fields.get("tool_calls"):
        fields["tool_calls"] = [_fields(call) | {"function": _fields(_fields(call).get("function"))} for call in calls]
    if blocks := fields.get("thinking_blocks"):
        fields["thinking_blocks"] = [_fields(block) for block in blocks]
    if annotations := fields.get("annotations"):
        fields["annotations"] = [_fields(annotation) for annotation in annotations]
    return fields


def _fields(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    return {**vars(value), **(getattr(value, "__pydantic_extra__", None) or {})}


def _for_litellm(messages: list[Any], model: str) -> list[Any]:
    """Gemini's thought signatures lie elsewhere in LiteLLM's messages than in Google's own."""
    if "gemini" in model.lower():
        for message in messages:
            for call in message.get("tool_calls") or ():
                if extra := call.pop("extra_content", None):
                    call["provider_specific_fields"] = dict(extra.get("google") or {})
    return messages
