"""HTTP/1.1 as endpoints send it: whatever the pieces, the same body; and who waits for whom."""

import asyncio
import gzip
import zlib
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.waiting import until
from support.wire import Talk, always, once, wire_endpoint

from chatkit_host.agent.models.connection import BrokenConnection, Connection
from chatkit_host.agent.models.http import HttpPool

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = (
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    b"5\r\nThere\r\n1;said=slowly\r\n \r\n0b \r\nwas a word.\r\n0\r\nX-Checked: yes\r\n\r\n"
)
BODY = b"There was a word."
SIZED = HEAD + b"Content-Length: 17\r\n\r\n" + BODY


async def whole(connection: Connection) -> bytes:
    pieces = []
    while piece := await connection.read():
        pieces.append(piece)
    return b"".join(pieces)


async def body_from(pool: HttpPool, url: str) -> bytes:
    """Asks, reads to the end, and gives the connection back."""
    connection, keep = await pool.post(url, {}, b"{}", connect_seconds=5)
    try:
        return await whole(connection)
    finally:
        keep()


async def test_a_chunked_answer_may_be_cut_anywhere(pool: HttpPool) -> None:
    async def cut_elsewhere_each_time(talk: Talk) -> None:
        for position in range(1, len(CHUNKED)):
            await talk.hear()
            await talk.say(CHUNKED[:position], CHUNKED[position:])
        await talk.left()

    async with wire_endpoint(cut_elsewhere_each_time) as endpoint:
        for position in range(1, len(CHUNKED)):
            assert await body_from(pool, endpoint.url) == BODY, position
        assert endpoint.connections == 1
        await pool.close()


async def test_what_has_come_is_read_before_the_rest_is_there(pool: HttpPool) -> None:
    more = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nTh")
        await more.wait()
        await talk.say(b"ere\r\n0\r\n\r\n")

    async with wire_endpoint(script) as endpoint:
        connection, keep = await pool.post(endpoint.url, {}, b"", connect_seconds=5)
        assert await connection.read() == b"Th"
        more.set()
        assert await whole(connection) == b"ere"
        keep()


@pytest.mark.parametrize(
    "answer",
    {
        "a length": SIZED,
        "no length, HTTP/1.1": HEAD + b"\r\n" + BODY,
        "no length, HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
        "no reason": b"HTTP/1.1 200\r\nContent-Length: 17\r\n\r\n" + BODY,
        "line feeds alone": SIZED.replace(b"\r\n", b"\n"),
        "100 before it": b"HTTP/1.1 100 Continue\r\n\r\n" + SIZED,
        "103 before it": b"HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\nContent-Encoding: br\r\n\r\n" + CHUNKED,
        "both before it": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + SIZED,
        "closed, with a length": SIZED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        "gzip": HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(BODY),
        "x-gzip": HEAD + b"Content-Encoding: X-GZIP\r\n\r\n" + gzip.compress(BODY),
        "deflate": HEAD + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(BODY),
        "deflate, bare": HEAD + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(BODY, wbits=-15),
        "identity": HEAD + b"Content-Encoding: identity\r\n\r\n" + BODY,
        "gzip in two members": HEAD
        + b"Content-Encoding: gzip\r\n\r\n"
        + gzip.compress(BODY[:5])
        + gzip.compress(BODY[5:]),
    }.items(),
    ids=lambda answer: answer[0],
)
async def test_an_answer_is_read(answer: tuple[str, bytes], pool: HttpPool) -> None:
    said = answer[1]
    for size in (1, 7, len(said)):
        async with wire_endpoint(once(*(said[at : at + size] for at in range(0, len(said), size)))) as endpoint:
            connection, keep = await pool.post(endpoint.url, {}, b"", connect_seconds=5)
            assert connection.status == 200
            assert await whole(connection) == BODY
            keep()


async def test_an_answer_without_a_body_is_complete(pool: HttpPool) -> None:
    async with wire_endpoint(always(b"HTTP/1.1 204 No Content\r\n\r\n")) as endpoint:
        assert [await body_from(pool, endpoint.url) for _ in range(3)] == [b"", b"", b""]
        assert endpoint.connections == 1
        await pool.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>Sign in</html>",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\nabc",
        HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        HEAD + b"X-Long: " + b"x" * 400_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 16_000,
        b"",
        HEAD[:20],
    ],
    ids=lambda answer: repr(answer[:100])[-50:],
)
async def test_what_is_no_answer_has_no_head(answer: bytes, pool: HttpPool) -> None:
    async with wire_endpoint(once(answer)) as endpoint:
        with pytest.raises(BrokenConnection):
            await pool.post(endpoint.url, {}, b"", connect_seconds=5)
        assert len(endpoint.requests) == 1


async def test_a_head_that_never_ends_is_not_read_for_ever(pool: HttpPool) -> None:
    async def script(talk: Talk) -> None:
        await talk.hear()
        while True:
            await talk.say(b"HTTP/1.1 100 Continue\r\nX-More: yes\r\n\r\n" * 100)

    async with wire_endpoint(script) as endpoint:
        with pytest.raises(BrokenConnection):
            await pool.post(endpoint.url, {}, b"", connect_seconds=5)
        await until(lambda: endpoint.open == 0, 1)


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 18\r\n\r\n" + BODY,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n11\r\n" + BODY + b"\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n11\r\n" + BODY + b"\r\n1",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n11\r\n" + BODY + b"\r\n0\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n11\r\n" + BODY + b"\r\nHello\r\n",
    ],
    ids=["length", "chunk", "chunk header", "end", "garbage"],
)
async def test_a_body_that_breaks_off_is_read_so_far(answer: bytes, pool: HttpPool) -> None:
    async with wire_endpoint(once(answer)) as endpoint:
        connection, keep = await pool.post(endpoint.url, {}, b"", connect_seconds=5)
        assert await connection.read() == BODY
        with pytest.raises(BrokenConnection):
            await connection.read()
        keep()
        assert not connection.can_be_asked


async def test_a_reset_is_not_the_end_of_a_body_without_length(pool: HttpPool) -> None:
    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(HEAD + b"\r\n" + BODY)
        talk.reset()

    async with wire_endpoint(script) as endpoint:
        connection, _ = await pool.post(endpoint.url, {}, b"", connect_seconds=5)
        assert await connection.read() == BODY
        with pytest.raises(BrokenConnection):
            await connection.read()


@pytest.mark.parametrize("encoded", [b"No gzip at all", gzip.compress(bytes(64 * 1024 * 1024))], ids=["no", "bomb"])
async def test_what_does_not_unpack_is_refused(encoded: bytes, pool: HttpPool) -> None:
    async with wire_endpoint(once(HEAD + b"Content-Encoding: gzip\r\n\r\n" + encoded)) as endpoint:
        connection, _ = await pool.post(endpoint.url, {}, b"", connect_seconds=5)
        with pytest.raises(BrokenConnection):
            await whole(connection)


async def test_what_nobody_can_unpack_is_refused(pool: HttpPool) -> None:
    async with wire_endpoint(once(HEAD + b"Content-Encoding: br\r\nContent-Length: 3\r\n\r\nabc")) as endpoint:
        connection, _ = await pool.post(endpoint.url, {}, b"", connect_seconds=5)
        with pytest.raises(BrokenConnection):
            await connection.read()


@pytest.mark.parametrize("length", [b"", b"Content-Length: %d\r\n"])
async def test_packed_content_that_breaks_off_is_no_whole_body(length: bytes, pool: HttpPool) -> None:
    half = gzip.compress(BODY)[:-9]
    head = HEAD + (length % len(half) if length else b"")
    async with wire_endpoint(once(head + b"Content-Encoding: gzip\r\n\r\n" + half)) as endpoint:
        connection, _ = await pool.post(endpoint.url, {}, b"", connect_seconds=5)
        with pytest.raises(BrokenConnection):
            await whole(connection)


@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
async def test_an_endpoint_waits_for_a_slow_reader(is_packed: bool, pool: HttpPool) -> None:
    piece, pieces, sent = 65_536, 512, 0

    def numbered(number: int) -> bytes:
        return number.to_bytes(4, "big") * (piece // 4)

    async def script(talk: Talk) -> None:
        nonlocal sent
        await talk.hear()
        packing = zlib.compressobj(level=0, wbits=31)
        await talk.say(HEAD + (b"Content-Encoding: gzip\r\n\r\n" if is_packed else b"\r\n"))
        for number in range(pieces):
            said = numbered(number)
            talk.writer.write(packing.compress(said) if is_packed else said)
            await talk.writer.drain()
            sent = number + 1
        if is_packed:
            await talk.say(packing.flush())

    async with wire_endpoint(script) as endpoint:
        connection, keep = await pool.post(endpoint.url, {}, b"", connect_seconds=5)
        await _stands_still(lambda: sent)
        # What is under way is in the kernel's buffers.
        assert sent < pieces * 3 // 4
        first = await connection.read()
        assert len(first) < 1_000_000
        read = first + await whole(connection)
        assert read == b"".join(numbered(number) for number in range(pieces))
        keep()


async def _stands_still(value: Any) -> None:
    seen = None
    while seen != value():
        seen = value()
        await asyncio.sleep(0.05)


def _cut(answer: bytes, positions: list[int]) -> list[bytes]:
    cuts = [0, *sorted({position % len(answer) for position in positions} - {0}), len(answer)]
    return [answer[start:end] for start, end in pairwise(cuts)]


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bytes, bool]:
    """An answer's bytes, its body, and whether the connection can be asked again."""
    body = draw(st.binary(max_size=60))
    head = [b"HTTP/1.1 200 OK", b"Content-Type: text/plain"]
    is_kept = draw(st.booleans())
    if not is_kept:
        head.append(b"Connection: close")
    encoded = body
    if draw(st.booleans()):
        head.append(b"Content-Encoding: gzip")
        encoded = gzip.compress(body)
    match draw(st.sampled_from(["length", "chunked", "end"])):
        case "length":
            head.append(b"Content-Length: %d" % len(encoded))
        case "chunked":
            head.append(b"Transfer-Encoding: chunked")
            parts = _cut(encoded, draw(st.lists(st.integers(0, 60), max_size=3))) if encoded else []
            encoded = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        case _:
            is_kept = False
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\n"]))
    return interim + b"\r\n".join((*head, b"", b"")) + encoded, body, is_kept


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=answers(), positions=st.lists(st.integers(1, 500), max_size=8))
async def test_the_pieces_do_not_matter(answer: tuple[bytes, bytes, bool], positions: list[int]) -> None:
    said, body, is_kept = answer

    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(*_cut(said, positions))
        if is_kept:
            await talk.left()

    pool = HttpPool()
    async with wire_endpoint(script) as endpoint:
        connection, keep = await pool.post(endpoint.url, {}, b"{}", connect_seconds=5)
        assert await whole(connection) == body
        assert connection.can_be_asked == is_kept
        keep()
        await pool.close()


async def test_what_comes_while_the_reader_waits_is_offered_and_what_is_taken_is_not_read(pool: HttpPool) -> None:
    offered: list[bytes] = []
    nobody_waits, somebody_waits = asyncio.Event(), asyncio.Event()

    def take(piece: bytes) -> bool:
        offered.append(piece)
        return piece.islower() and piece != b"ten"

    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await somebody_waits.wait()
        await talk.say(b"3\r\ntwo\r\n")
        await until(lambda: len(offered) == 1, 5)
        somebody_waits.clear()
        await talk.say(b"3\r\nTWO\r\n")
        await nobody_waits.wait()
        await talk.say(b"3\r\nsix\r\n")
        await talk.say(b"3\r\nten\r\n")
        await somebody_waits.wait()
        await talk.say(b"3\r\nend\r\n0\r\n\r\n")

    async with wire_endpoint(script) as endpoint:
        connection, keep = await pool.post(endpoint.url, {}, b"", connect_seconds=5)
        assert await connection.read() == b"one"
        connection.take = take
        reading = asyncio.ensure_future(connection.read())
        somebody_waits.set()  # the task begins before the endpoint wakes
        assert await reading == b"TWO"
        nobody_waits.set()
        await asyncio.sleep(0.2)
        assert offered == [b"two", b"TWO"], "nobody waited for the next two"
        assert await connection.read() == b"sixten"
        reading = asyncio.ensure_future(connection.read())
        somebody_waits.set()  # the task begins before the endpoint wakes
        assert await reading == b"", "the end was taken, and is the end all the same"
        assert offered[2:] == [b"end"]
        assert connection.can_be_asked
        keep()


async def test_what_the_taker_raises_its_reader_gets(pool: HttpPool) -> None:
    somebody_waits = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await somebody_waits.wait()
        await talk.say(b"3\r\ntwo\r\n")
        await talk.left()

    def take(piece: bytes) -> bool:
        raise KeyError(piece)

    async with wire_endpoint(script) as endpoint:
        connection, keep = await pool.post(endpoint.url, {}, b"", connect_seconds=5)
        assert await connection.read() == b"one"
        connection.take = take
        reading = asyncio.ensure_future(connection.read())
        somebody_waits.set()  # the task begins before the endpoint wakes
        with pytest.raises(KeyError, match="two"):
            await reading
        connection.abort()
        keep()


async def test_an_endpoint_that_was_held_up_goes_on_when_all_is_taken(pool: HttpPool) -> None:
    """Packed text may be more in one read than what may wait."""
    packing = zlib.compressobj(wbits=31)
    parts = [packing.compress(text) + packing.flush(zlib.Z_SYNC_FLUSH) for text in (b"one", b"two " * 200_000, b"end")]
    parts[-1] += packing.flush()

    async def script(talk: Talk) -> None:
        await talk.hear()
        await talk.say(HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in parts:
            await talk.say(b"%x\r\n%b\r\n" % (len(part), part))
            await asyncio.sleep(0.05)
        await talk.say(b"0\r\n\r\n")

    taken: list[int] = []

    def take(piece: bytes) -> bool:
        taken.append(len(piece))
        return len(piece) > 3

    async with wire_endpoint(script) as endpoint:
        connection, keep = await pool.post(endpoint.url, {}, b"", connect_seconds=5)
        assert await connection.read() == b"one"
        connection.take = take
        async with asyncio.timeout(5):
            assert await whole(connection) == b"end"
        keep()

    assert max(taken) > 262_144, "it was held up"
