"""Chunks that are built at once are the ones that OpenAI's client builds."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk

from chatkit_host.agent.models.plain_chunks import build_plain_chunks_at_once

BY_THE_CLIENT: Any = classmethod(openai.BaseModel.construct.__func__)  # type: ignore[attr-defined]  # a bound classmethod

text = st.text(max_size=5)
scalars = text | st.integers(-3, 3) | st.none()
others = scalars | st.floats(allow_nan=False) | st.booleans() | st.lists(scalars, max_size=2) | st.just({"tokens": 1})
tool_calls = st.just([{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}])
deltas = st.fixed_dictionaries(
    {},
    optional={
        "content": text | st.none(),
        "role": st.sampled_from(["assistant", "tool", "someone", None]),
        "refusal": scalars,
        "reasoning": others,
        "function_call": others,
        "audio": others,
        "tool_calls": tool_calls | others,
    },
)
choices = st.fixed_dictionaries(
    {"delta": deltas | others},
    optional={
        "index": scalars,
        "finish_reason": st.sampled_from(["stop", "eos", None]) | others,
        "logprobs": others,
        "stop_reason": others,
    },
)
plain_deltas = st.fixed_dictionaries({}, optional={"content": text, "role": st.just("assistant"), "reasoning": scalars})
plain_choices = st.fixed_dictionaries(
    {"delta": plain_deltas}, optional={"index": st.integers(0, 1), "finish_reason": st.none(), "stop_reason": scalars}
)
plain_chunks = st.fixed_dictionaries(
    {"choices": st.lists(plain_choices, min_size=1, max_size=1)},
    optional={
        "id": text,
        "created": st.integers(),
        "model": text,
        "service_tier": scalars,
        "usage": st.none(),
        "kind": text,
    },
)
chunks = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(choices, max_size=2) | others,
        "id": scalars,
        "created": others,
        "model": scalars,
        "object": scalars,
        "service_tier": others,
        "system_fingerprint": scalars,
        "usage": st.just({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}) | others,
        "obfuscation": others,
        "kind": scalars,
        "self": scalars,
    },
)


@pytest.fixture(autouse=True, scope="module")
def _at_once() -> Iterator[None]:
    """Also where LiteLLM was imported before, which has had them built at once since."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ChatCompletionChunk, "construct", BY_THE_CLIENT)
        build_plain_chunks_at_once()
        yield


@given(plain_chunks | chunks)
def test_every_chunk_is_built_as_the_client_builds_it(values: dict[str, Any]) -> None:
    ours, theirs = ChatCompletionChunk.construct(**values), BY_THE_CLIENT.__func__(ChatCompletionChunk, **values)

    assert repr(ours) == repr(theirs)
    assert ours == theirs
    assert ours.model_fields_set == theirs.model_fields_set
    assert ours.model_extra == theirs.model_extra
    assert ours.to_dict(warnings=False) == theirs.to_dict(warnings=False)


def test_plain_chunks_do_not_go_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai._models._construct_field", lambda **_: pytest.fail("every field is looked up"))

    chunk = ChatCompletionChunk.construct(
        id="1",
        object="chat.completion.chunk",
        created=1,
        model="m",
        choices=[{"index": 0, "delta": {"role": "assistant", "content": "word "}, "finish_reason": None}],
        usage=None,
    )

    assert chunk.choices[0].delta.content == "word "
    assert chunk.choices[0].finish_reason is None


def test_what_a_plain_chunk_leaves_out_is_none() -> None:
    chunk = ChatCompletionChunk.construct(choices=[{"delta": {"content": "word "}}])

    assert (chunk.id, chunk.created, chunk.model, chunk.choices[0].index) == (None, None, None, None)


def test_it_is_done_once() -> None:
    before: Any = ChatCompletionChunk.construct

    build_plain_chunks_at_once()

    assert ChatCompletionChunk.construct == before
