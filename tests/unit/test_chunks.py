"""A run of chunks that differ in nothing but their text reads like the chunks one by one."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit_host.agent.models.chat_fold import ChatFold
from chatkit_host.agent.models.chunks import Chunks, parsed
from chatkit_host.errors import ModelOutputInvalid


def chunk(text: str | None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": "1", "choices": [{"index": 0, "delta": {"content": text, **more}, "finish_reason": reason}]}


def spoken(reads: list[list[bytes]]) -> str:
    chunks, fold = Chunks(), ChatFold()
    said = [part for events in reads for part in fold.read(chunks.read(events))] + fold.finish()
    assert {channel for channel, _ in said} <= {"text"}
    return "".join(text for _, text in said)


def spoken_one_by_one(reads: list[list[bytes]]) -> str:
    fold = ChatFold()
    said = [part for events in reads for event in events for part in fold.read([parsed(event)])] + fold.finish()
    return "".join(text for _, text in said)


encoders = st.sampled_from(
    [
        lambda value: json.dumps(value).encode(),
        lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"),
        lambda value: json.dumps(value, separators=(",", ":")).encode(),
    ]
)
texts = st.text(st.characters() | st.sampled_from('"\\{}[]:,\n\ud83d\ude00'), max_size=8)


@given(encoders, st.lists(st.lists(texts, max_size=6), max_size=5))
def test_any_text_is_heard_as_it_was_said(encode: Any, said: list[list[str]]) -> None:
    reads = [[encode(chunk(text)) for text in texts] for texts in said]

    assert spoken(reads) == spoken_one_by_one(reads)


def test_a_run_of_chunks_is_read_as_one() -> None:
    events = [orjson.dumps(chunk(f"word{number} ")) for number in range(5)]

    assert list(Chunks().read(events)) == [chunk("word0 "), "word1 word2 word3 word4 "]


def test_whatever_says_more_than_text_is_read_whole() -> None:
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
    events = [
        orjson.dumps(chunk("a")),
        orjson.dumps(chunk("b")),
        orjson.dumps(chunk("c", tool_calls=[call])),
        orjson.dumps(chunk("d", reason="stop")),
        orjson.dumps({**chunk("e"), "usage": {"prompt_tokens": 1}}),
    ]
    fold, chunks = ChatFold(), Chunks()

    said = fold.read(chunks.read(events))

    assert said == [("text", "abcde")]
    assert fold.finish_reason == "stop"
    assert fold.usage == {"prompt_tokens": 1}
    assert [each["name"] for each in fold.tool_calls()] == ["f"]


def test_more_fields_behind_the_text_are_not_taken_for_text() -> None:
    plain, more = orjson.dumps(chunk("a")), orjson.dumps(chunk("b", refusal="no"))
    assert more.startswith(plain[: plain.index(b'"a"')])
    fold, chunks = ChatFold(), Chunks()

    said = fold.read(chunks.read([plain, more]))

    assert said == [("text", "ab"), ("refusal", "no")]


def test_chunks_of_which_no_two_are_alike_are_read_too() -> None:
    events = [orjson.dumps({**chunk(f"{number} "), "obfuscation": "x" * number}) for number in range(30)]

    assert spoken([events]) == "".join(f"{number} " for number in range(30))


def test_a_broken_chunk_in_a_run_is_still_broken() -> None:
    whole = orjson.dumps(chunk("a"))
    broken = whole.replace(b'"a"', b'"\x01"')

    with pytest.raises(ModelOutputInvalid):
        list(Chunks().read([whole, whole, broken]))
