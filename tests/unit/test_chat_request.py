"""A conversation as chat messages: what the Agents SDK's converter makes of it, though it sees only what is more than words."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import orjson
import pytest
from agents import Agent, FunctionTool, ModelSettings, handoff
from agents.models.chatcmpl_converter import Converter
from hypothesis import given
from hypothesis import strategies as st

from chatkit_host.agent.models.chat_request import EncodedTools, chat_messages, chat_parameters, chat_tools
from chatkit_host.agent.models.spoken import ModelRequest

NUMBERS = count()
TEXT = st.sampled_from(["", "Hello", "two\nlines"])
PARTS = st.lists(st.builds(lambda text: {"type": "input_text", "text": text}, TEXT), min_size=1, max_size=2)


def _called(output: str) -> list[dict[str, Any]]:
    call_id = f"call_{next(NUMBERS)}"
    return [
        {"type": "function_call", "call_id": call_id, "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": call_id, "output": output},
    ]


def _spoken(text: str) -> dict[str, Any]:
    said = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": "msg", "role": "assistant", "status": "completed", "content": [said]}


WORDS = st.builds(
    lambda role, content: [{"role": role, "content": content}],
    st.sampled_from(["user", "assistant", "system", "developer"]),
    TEXT,
)
IN_PARTS = st.builds(lambda content: [{"role": "user", "content": content}], PARTS)
TYPED = st.builds(lambda text: [{"type": "message", "role": "user", "content": text}], TEXT)
THOUGHT = st.just(
    [
        {
            "type": "reasoning",
            "id": "rs",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "Hm."}],
            "provider_data": {"model": "demo", "reasoning_field": "reasoning"},
        }
    ]
)
PIECES = st.one_of(
    WORDS,
    WORDS,
    IN_PARTS,
    TYPED,
    THOUGHT,
    st.builds(lambda text: [_spoken(text)], TEXT),
    st.builds(_called, TEXT),
    st.builds(lambda text: [*_called(text)[:1], _spoken(text)], TEXT),
)


def _request(conversation: Any, instructions: str | None = None) -> ModelRequest:
    return ModelRequest(
        instructions=instructions,
        input=conversation,
        settings=ModelSettings(),
        tools=[],
        output_schema=None,
        handoffs=[],
    )


@given(st.lists(PIECES, max_size=8), st.sampled_from(["demo", "deepseek-reasoner"]))
def test_any_conversation(pieces: list[list[dict[str, Any]]], model: str) -> None:
    conversation: list[Any] = [item for piece in pieces for item in piece]
    expected = Converter.items_to_messages(conversation, model=model)
    assert chat_messages(_request(conversation), model, None) == expected


def test_words_alone_are_not_converted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Converter, "items_to_messages", lambda *args, **kwargs: pytest.fail("it was asked"))
    conversation = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    said = chat_messages(_request(conversation, "Be kind."), "demo", None)
    assert said == [{"role": "system", "content": "Be kind."}, *conversation]
    assert not any(message is item for message in said for item in conversation)


def test_a_question_alone() -> None:
    assert chat_messages(_request("Hello"), "demo", None) == [{"role": "user", "content": "Hello"}]


def _tool(name: str) -> FunctionTool:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    return FunctionTool(name=name, description="Looks.", params_json_schema=schema, on_invoke_tool=_nothing)


async def _nothing(context: Any, arguments: str) -> str:
    return arguments


def test_tools_that_were_encoded_before_are_those_of_the_request() -> None:
    look, add = _tool("look"), _tool("add")
    encoded = EncodedTools()

    def sent(*tools: FunctionTool, handoffs: Sequence[Any] = ()) -> Any:
        request = replace(_request("Hello"), tools=[*tools], handoffs=[*handoffs])
        said = orjson.loads(orjson.dumps(chat_parameters(request, encoded.of(request))))
        assert said.get("tools", []) == chat_tools(request)
        return encoded.of(request)

    once = sent(look, add)
    assert sent(look, add) is once
    assert sent(add, look) is not once
    assert sent(look) is not sent()
    look.description = "Looks closely."
    sent(look)
    look.params_json_schema = {"type": "object", "properties": {}}
    sent(look)
    look.name = "see"
    sent(look)
    sent(look, handoffs=[handoff(Agent(name="Other"))])
    sent(look)
