"""A call of the run loop as a chat completions request, by the Agents SDK's own converter."""

from collections.abc import Mapping
from functools import partial
from itertools import groupby
from typing import Any

import orjson
from agents.models.chatcmpl_converter import Converter
from agents.tool import FunctionTool, Tool
from openai import Omit

from chatkit_host.agent.models.spoken import ModelRequest


def chat_messages(request: ModelRequest, model: str, base_url: str | None, *, litellm: bool = False) -> list[Any]:
    settings = request.settings
    convert = partial(
        Converter.items_to_messages,
        model=model,
        base_url=base_url,
        preserve_thinking_blocks=litellm and settings.reasoning is not None and settings.reasoning.effort is not None,
        preserve_tool_output_all_content=litellm,
    )
    messages: list[Any] = []
    if request.instructions:
        messages.append({"role": "system", "content": request.instructions})
    if isinstance(request.input, str):
        return messages + convert(request.input)
    # The converter, which tries what each item might be, carries nothing over words alone; most of a conversation is that.
    for are_words, neighbours in groupby(request.input, _is_words):
        items = [*neighbours]
        messages += map(dict, items) if are_words else convert(items)
    return messages


def _is_words(item: Any) -> bool:
    """Whether an input item is a chat message as it is."""
    return (
        len(item) == 2
        and isinstance(item.get("content"), str)
        and item.get("role") in ("user", "assistant", "system", "developer")
    )


def chat_tools(request: ModelRequest) -> list[Any]:
    tools: list[Any] = [Converter.tool_to_openai(tool) for tool in request.tools]
    return tools + [Converter.convert_handoff_tool(handoff) for handoff in request.handoffs]


class EncodedTools:
    """The tools of a request as JSON, made anew only when they are not those of the request before."""

    def __init__(self) -> None:
        self._tools: list[Tool] = []
        self._said: list[Any] = []
        self._encoded: orjson.Fragment | None = None

    def of(self, request: ModelRequest) -> orjson.Fragment | None:
        """None where there are none."""
        if request.handoffs:
            return orjson.Fragment(_encoded(chat_tools(request)))
        if not request.tools:
            return None
        # Lists of the same objects are compared without a look into them.
        said = [
            (tool.name, tool.description, tool.params_json_schema, tool.strict_json_schema)
            for tool in request.tools
            if isinstance(tool, FunctionTool)
        ]
        if self._encoded is None or said != self._said or request.tools != self._tools:
            self._encoded = orjson.Fragment(_encoded(chat_tools(request)))
            self._tools, self._said = [*request.tools], said
        return self._encoded


def _encoded(tools: list[Any]) -> bytes:
    return orjson.dumps(tools, option=orjson.OPT_NON_STR_KEYS)


def chat_parameters(request: ModelRequest, tools: list[Any] | orjson.Fragment | None) -> dict[str, Any]:
    """Everything but model, messages, streaming and transport; absent where nothing was asked for. `tools`: those of the request."""
    settings = request.settings
    parameters: dict[str, Any] = {
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "frequency_penalty": settings.frequency_penalty,
        "presence_penalty": settings.presence_penalty,
        "max_tokens": settings.max_tokens,
        "reasoning_effort": settings.reasoning.effort if settings.reasoning is not None else None,
        "verbosity": settings.verbosity,
        "top_logprobs": settings.top_logprobs,
        "logprobs": True if settings.top_logprobs is not None else None,
        "response_format": present(Converter.convert_response_format(request.output_schema)),
    }
    if tools:
        # Both are refused where there are no tools.
        parameters["tools"] = tools
        parameters["tool_choice"] = present(Converter.convert_tool_choice(settings.tool_choice))
        parameters["parallel_tool_calls"] = settings.parallel_tool_calls
    return {name: value for name, value in parameters.items() if value is not None}


def present(value: Any) -> Any:
    return None if isinstance(value, Omit) else value


def request_headers(own: Mapping[str, str], extra: Mapping[str, Any] | None) -> dict[str, str]:
    return {**own, **{name: str(value) for name, value in (extra or {}).items() if not isinstance(value, Omit)}}
