"""The event stream reader against a second, naive reader, cut at any byte."""

import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatkit_host.agent.models.sse import SseDecoder
from chatkit_host.errors import ModelOutputInvalid

LINES = st.one_of(
    st.binary(max_size=12).map(lambda value: b"data: " + value.translate(None, b"\r\n")),
    st.sampled_from([b"data", b"data:", b"data:x", b":", b": ping", b"event: delta", b"id: 7", b"retry: 1", b"other"]),
    st.just(b""),
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"])), max_size=30)


def expected(stream: bytes) -> list[bytes]:
    events: list[bytes] = []
    data: list[bytes] = []
    lines = re.split(rb"\r\n|\r|\n", stream.removeprefix(b"\xef\xbb\xbf"))
    for line in [*lines[:-1], b""]:
        name, _, value = line.partition(b":")
        if line == b"":
            if data:
                events.append(b"\n".join(data))
            data = []
        elif name == b"data":
            data.append(value.removeprefix(b" "))
    return events


@given(STREAMS, st.booleans(), st.lists(st.integers(0, 400), max_size=20))
@example([(b"data: a", b"\r\n"), (b"", b"\r\n")], True, [1, 2, 3, 10, 11, 12, 13])
def test_any_cut_gives_the_same_events(stream: list[tuple[bytes, bytes]], has_bom: bool, cuts: list[int]) -> None:
    whole = (b"\xef\xbb\xbf" if has_bom else b"") + b"".join(line + ending for line, ending in stream)
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    decoder = SseDecoder()
    events: list[bytes] = []
    for start, end in itertools.pairwise(places):
        events += decoder.feed(whole[start:end])
    events += decoder.finish()
    assert events == expected(whole)


@given(STREAMS)
def test_one_byte_at_a_time(stream: list[tuple[bytes, bytes]]) -> None:
    whole = b"".join(line + ending for line, ending in stream)
    decoder = SseDecoder()
    events = [event for byte in whole for event in decoder.feed(bytes([byte]))] + decoder.finish()
    assert events == expected(whole)


def test_half_a_line_at_the_end_is_no_event() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b'data: {"a": 1}\n\ndata: {"b": ') == [b'{"a": 1}']
    assert decoder.finish() == []


def test_all_events_of_one_read_come_together() -> None:
    assert SseDecoder().feed(b"data: 1\n\ndata: 2\n\n: ping\n\ndata: 3\n\nda") == [b"1", b"2", b"3"]


def test_a_line_without_end_is_refused() -> None:
    decoder = SseDecoder()
    for _ in range(32):
        decoder.feed(b"x" * 1024 * 1024)
    with pytest.raises(ModelOutputInvalid):
        decoder.feed(b"x")
