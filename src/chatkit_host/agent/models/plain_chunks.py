"""Chunks of OpenAI's client that say nothing but text, made of what they say.

LiteLLM hears OpenAI-compatible endpoints through that client, which looks up the type of every field of every chunk: a third of what
an answer costs there.
"""

from collections.abc import Callable, Mapping
from typing import Any

from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import Choice, ChoiceDelta

from chatkit_host.agent.models.built import built

_SCALARS = (str, int, type(None))


def build_plain_chunks_at_once() -> None:
    """From now on, in this process. They are the same; all others are made as before. Doing it again is harmless."""
    if ChatCompletionChunk.construct.__name__ != _plain_or.__name__:
        construct: Any = ChatCompletionChunk.construct
        ChatCompletionChunk.construct = classmethod(_plain_or(construct.__func__))  # type: ignore[method-assign, assignment]


def _plain_or(construct: Callable[..., ChatCompletionChunk]) -> Callable[..., ChatCompletionChunk]:
    def _plain_or(kind: type[ChatCompletionChunk], /, _fields_set: Any = None, **values: Any) -> ChatCompletionChunk:
        chunk = _plain(values) if kind is ChatCompletionChunk and _fields_set is None else None
        return construct(kind, _fields_set, **values) if chunk is None else chunk

    return _plain_or


def _plain(values: Mapping[str, Any]) -> ChatCompletionChunk | None:
    choices = values.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choice := choices[0], dict):
        return None
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        return None
    if not (_is_flat(delta) and _is_flat(choice, but="delta") and _is_flat(values, but="choices")):
        return None
    said = built(Choice, **{**choice, "delta": built(ChoiceDelta, **delta)})
    return built(ChatCompletionChunk, **{**values, "choices": [said]})


def _is_flat(values: Mapping[str, Any], but: str | None = None) -> bool:
    """Values that stay what they are, whatever type their field has."""
    return all(type(value) in _SCALARS or name == but for name, value in values.items())
