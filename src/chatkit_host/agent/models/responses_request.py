"""A call of the run loop as a request of the Responses API, by the Agents SDK's own converter.

The history is ours, so nothing is stored at the provider, and items go back without the ids of either side.
"""

import re
from typing import Any

from agents.items import ItemHelpers
from agents.models.openai_responses import Converter

from chatkit_host.agent.models.chat_request import present
from chatkit_host.agent.models.spoken import ModelRequest

# Others answer a request for encrypted reasoning with 400.
_DOES_NOT_REASON = re.compile(r"^(?:ft:)?(?:gpt-3|gpt-4|chatgpt|davinci|babbage)|-chat\b")
_WITHOUT_ID = ("message", "reasoning", "function_call", "function_call_output", "web_search_call", None)


def responses_body(request: ModelRequest, model: str) -> dict[str, Any]:
    settings = request.settings
    computer_model = Converter.resolve_computer_tool_model(request_model=model, tools=request.tools)
    converted = Converter.convert_tools(
        request.tools, request.handoffs, model=computer_model, tool_choice=settings.tool_choice
    )
    include = set(converted.includes) | set(settings.response_include or ())
    if not _DOES_NOT_REASON.search(model):
        include.add("reasoning.encrypted_content")
    text: dict[str, Any] = dict(present(Converter.get_response_format(request.output_schema)) or {})
    if settings.verbosity is not None:
        text["verbosity"] = settings.verbosity
    reasoning = settings.reasoning.model_dump(exclude_none=True) if settings.reasoning is not None else None
    body: dict[str, Any] = {
        "model": model,
        "input": [item for raw in ItemHelpers.input_to_new_input_list(request.input) if (item := _sendable(raw))],
        "instructions": request.instructions,
        "stream": True,
        "store": settings.store or False,
        "include": sorted(include) or None,
        "text": text or None,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "top_logprobs": settings.top_logprobs,
        "truncation": settings.truncation,
        "max_output_tokens": settings.max_tokens,
        "reasoning": reasoning,
        "metadata": settings.metadata or None,
        "prompt_cache_retention": settings.prompt_cache_retention,
        "context_management": settings.context_management,
    }
    if converted.tools:
        body["tools"] = list(converted.tools)
        body["parallel_tool_calls"] = settings.parallel_tool_calls
        body["tool_choice"] = present(
            Converter.convert_tool_choice(
                settings.tool_choice, tools=request.tools, handoffs=request.handoffs, model=computer_model
            )
        )
    body = {name: value for name, value in body.items() if value is not None}
    if isinstance(settings.extra_body, dict):
        body.update(settings.extra_body)
    if settings.extra_args:
        body.update(settings.extra_args)
    return body


def _sendable(raw: Any) -> dict[str, Any] | None:
    """The item as the API takes it, or None for another provider's reasoning and for reasoning that cannot be replayed."""
    item = dict(raw)
    kind = item.get("type")
    if kind == "reasoning":
        if item.get("provider_data") or not item.get("encrypted_content"):
            return None
        item.pop("status", None)
    item.pop("provider_data", None)
    if kind in _WITHOUT_ID:
        item.pop("id", None)
    return item
