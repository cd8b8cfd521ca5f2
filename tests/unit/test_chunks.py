"""A run of chunks that differ in nothing but their text reads like the chunks one by one."""

import json
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit_host.agent.models.chat_fold import ChatFold
from chatkit_host.agent.models.chunks import Chunks, parsed
from chatkit_host.agent.models.sse import SseDecoder
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


def heard(reads: list[bytes], *, at_once: bool) -> str:
    """As `EventStream` and its reader share them: what is only text is taken where it comes."""
    decoder, chunks, fold = SseDecoder(), Chunks(), ChatFold()
    said: list[str] = []
    for read in reads:
        if at_once and decoder.is_between_events and (text := chunks.only_text(read)) is not None:
            said += [text for _, text in fold.read([text])]
        else:
            said += [text for _, text in fold.read(chunks.read(decoder.feed(read)))]
    return "".join(said + [text for _, text in fold.finish()])


@given(st.data(), encoders, st.lists(texts, max_size=12), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_text_that_is_taken_where_it_comes_is_the_same(
    data: st.DataObject, encode: Any, said: list[str], newline: bytes
) -> None:
    between = st.sampled_from([b"", b": wait" + newline, newline])
    events = [data.draw(between) + b"data: " + encode(chunk(text)) + newline * 2 for text in said]
    wire = b"".join(events)
    ends = {sum(map(len, events[: number + 1])) for number in range(len(events))}
    cuts = data.draw(st.sets(st.sampled_from(sorted(ends)) | st.integers(0, len(wire)))) if ends else set()
    edges = sorted({0, len(wire), *cuts})
    reads = [wire[start:end] for start, end in pairwise(edges)]

    assert heard(reads, at_once=True) == heard(reads, at_once=False)


def test_whole_events_of_only_text_are_recognised() -> None:
    chunks = Chunks()
    one, two = (b"data: " + orjson.dumps(chunk(text)) + b"\n\n" for text in ("one ", "t\u00e4o "))
    assert chunks.only_text(one) is None, "nothing is known yet"
    list(chunks.read([one[6:-2]]))

    assert chunks.only_text(two) == "t\u00e4o "
    assert chunks.only_text(one + two + one) == "one t\u00e4o one "
    for other in (
        one[:-1],
        one + two[:-2],
        b": wait\n\n" + one,
        one + b": wait\n\n",
        one.replace(b"\n", b"\r\n"),
        one + b"data: [DONE]\n\n",
        one + b"data: " + orjson.dumps(chunk("end", reason="stop")) + b"\n\n",
        one + two.removeprefix(b"data: "),
        one.replace(b"one ", b"one\ndata: "),
        one.replace(b"one ", b"\\"),
    ):
        assert chunks.only_text(other) is None, other


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


@given(st.lists(st.text(st.characters(exclude_categories=()))))
def test_more_text_is_what_reading_it_would_say(texts: list[str]) -> None:
    read, more = ChatFold(), ChatFold()
    for text in texts:
        assert [("text", said) for said in [more.more_text(text)] if said] == read.read([text])
    read.finish_reason = more.finish_reason = "stop"
    assert more.finish() == read.finish()
    assert (more.failure() is None) == (read.failure() is None)
