"""A model endpoint that costs next to nothing: what it says is encoded before it is asked.

    python -m benchmarks.model_server

Speaks chat completions and the Responses API. The model's name says what happens:

    burst-200           200 deltas, as fast as the socket takes them, each in a send of its own
    paced-20-100        100 deltas, one every 20 ms, the first after 20 ms
    call-list_tasks-5   first a call of that tool without arguments; when its result is there, 5 deltas
    as-told             what `GET /say/burst-200` has said last

A delta is `~` and 15 digits: its number, or, when paced, the microseconds of the monotonic clock at which it was sent.
`GET /streams` tells how many answers are being written.
"""

import asyncio
import re
import time
from dataclasses import dataclass
from functools import cache

import orjson

from benchmarks.wire import LAST_CHUNK, MARK, chunked, ready

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_MODEL = re.compile(rb'"model": ?"(?:[a-z_]+/)?([a-z0-9_-]+)"')
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_USAGE = {"prompt_tokens": 20, "completion_tokens": 20, "total_tokens": 40}


@dataclass(frozen=True, slots=True)
class Answer:
    """Ready to send: `delta` is what surrounds the 15 digits of each delta."""

    opening: bytes
    delta: tuple[bytes, bytes]
    end: bytes
    count: int
    pause: float


@cache
def answer_of(model: str, path: str, has_result: bool) -> Answer:
    match model.split("-"):
        case ["burst", count]:
            return _spoken(model, path, int(count), 0.0)
        case ["paced", milliseconds, count]:
            return _spoken(model, path, int(count), int(milliseconds) / 1000)
        case ["call", _, count] if has_result:
            return _spoken(model, path, int(count), 0.0)
        case ["call", tool, _]:
            return _called(model, tool)
        case _:
            raise ValueError(model)


def _spoken(model: str, path: str, count: int, pause: float) -> Answer:
    if path.endswith("/responses"):
        return _response(model, count, pause)
    head, tail = _chat(model, {"content": f"{MARK}{'#' * 15}"}).split(b"#" * 15)
    opening = chunked(_chat(model, {"role": "assistant", "content": ""}))
    end = chunked(_chat(model, {}, "stop") + _chat_usage(model) + b"data: [DONE]\n\n") + LAST_CHUNK
    return Answer(opening, _delta(head, tail), end, count, pause)


def _called(model: str, tool: str) -> Answer:
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": tool, "arguments": "{}"}}
    opening = chunked(_chat(model, {"role": "assistant", "content": None, "tool_calls": [call]}))
    end = chunked(_chat(model, {}, "tool_calls") + _chat_usage(model) + b"data: [DONE]\n\n") + LAST_CHUNK
    return Answer(opening, (b"", b""), end, 0, 0.0)


def _response(model: str, count: int, pause: float) -> Answer:
    empty = {"type": "output_text", "text": "", "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    said = "".join(f"{MARK}{number:015d}" for number in range(count))
    whole = {**item, "status": "completed", "content": [{**empty, "text": said}]}
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": model,
        "status": "in_progress",
        "output": [],
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
    }
    usage = {
        "input_tokens": 20,
        "output_tokens": 20,
        "total_tokens": 40,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    opening = (
        _event("response.created", response=response)
        + _event("response.output_item.added", output_index=0, item=item)
        + _event("response.content_part.added", **place, part=empty)
    )
    delta = _event("response.output_text.delta", **place, delta=f"{MARK}{'#' * 15}", logprobs=[])
    end = (
        _event("response.output_text.done", **place, text=said, logprobs=[])
        + _event("response.content_part.done", **place, part={**empty, "text": said})
        + _event("response.output_item.done", output_index=0, item=whole)
        + _event("response.completed", response={**response, "status": "completed", "output": [whole], "usage": usage})
    )
    head, tail = delta.split(b"#" * 15)
    return Answer(chunked(opening), _delta(head, tail), chunked(end) + LAST_CHUNK, count, pause)


def _event(kind: str, **fields: object) -> bytes:
    data = orjson.dumps({"type": kind, "sequence_number": 0, **fields})
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


def _chat(model: str, delta: dict[str, object], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return b"data: " + orjson.dumps(_chunk(model) | {"choices": [choice]}) + b"\n\n"


def _chat_usage(model: str) -> bytes:
    return b"data: " + orjson.dumps(_chunk(model) | {"choices": [], "usage": _USAGE}) + b"\n\n"


def _chunk(model: str) -> dict[str, object]:
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}


def _delta(head: bytes, tail: bytes) -> tuple[bytes, bytes]:
    before, after = chunked(head + b"#" * 15 + tail).split(b"#" * 15)
    return before, after


@cache
def _burst(answer: Answer) -> list[bytes]:
    before, after = answer.delta
    return [answer.opening, *(b"%b%015d%b" % (before, number, after) for number in range(answer.count)), answer.end]


class Connection(asyncio.Protocol):
    """One request after the other, as a client that keeps its connections sends them."""

    open_streams = 0
    told = "burst-200"

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._received = b""
        self._answer: Answer | None = None
        self._said = 0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._answer is not None:
            self._end()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(match[1]) if (match := _LENGTH.search(head)) else 0
        if len(body) < length:
            return
        self._received = body[length:]
        path = head.split(b" ", 2)[1].decode()
        if path.startswith("/v1/"):
            self._begin(path, body[:length])
            return
        if path.startswith("/say/"):
            Connection.told = path.removeprefix("/say/")
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n%06d" % Connection.open_streams)

    def _begin(self, path: str, body: bytes) -> None:
        model = _MODEL.search(body)
        assert model is not None
        name = Connection.told if model[1] == b"as-told" else model[1].decode()
        has_result = name.startswith("call-") and orjson.loads(body)["messages"][-1]["role"] == "tool"
        answer = self._answer = answer_of(name, path, has_result)
        Connection.open_streams += 1
        write = self._transport.write
        write(_HEAD)
        if not answer.pause:
            for part in _burst(answer):
                write(part)
            self._end()
            return
        write(answer.opening)
        self._said = 0
        self._due = self._loop.time() + answer.pause
        self._timer = self._loop.call_at(self._due, self._say)

    def _say(self) -> None:
        answer = self._answer
        assert answer is not None
        before, after = answer.delta
        self._transport.write(b"%b%015d%b" % (before, time.monotonic_ns() // 1000, after))
        self._said += 1
        if self._said == answer.count:
            self._transport.write(answer.end)
            self._end()
            return
        self._due += answer.pause
        self._timer = self._loop.call_at(self._due, self._say)

    def _end(self) -> None:
        self._answer = None
        Connection.open_streams -= 1


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=4096)
    ready(server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
