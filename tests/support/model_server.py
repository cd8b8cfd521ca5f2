"""A model provider on a loopback port: real wire formats, a deterministic brain, and every fault a provider has shown us.

It runs in a thread with its own loop, so synchronous tests, asynchronous tests and other processes can all use it:

    with ModelServer() as server:
        options = ModelOptions(name="demo", base_url=server.base_url, api_key="sk-test")

The model's name picks what goes wrong (`fault-…`, see `FAULTS`); any other name answers. Answers come from `queue`, or are
`N` words for a prompt like "say 20 words", or what the offline demo would say and do with the tools that were offered.
"""

import asyncio
import re
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
from aiohttp import web
from support.model_wire import Frames, chat_frames, gemini_frames, responses_frames

from chatkit_host.agent.models.offline_brain import Reply, decide
from chatkit_host.agent.models.offline_history import messages_from_items, text_of

CANARY = "sk-LEAK-canary-7f3a"
"""Stands in every error body and header of a provider here; it may appear nowhere else."""

FAULTS = (
    "fault-429",
    "fault-429-once",
    "fault-429-long",
    "fault-500",
    "fault-500-once",
    "fault-401",
    "fault-404",
    "fault-context",
    "fault-reset-first",
    "fault-reset-first-once",
    "fault-reset-mid",
    "fault-stall",
    "fault-stall-mid",
    "fault-drip",
    "fault-truncated",
    "fault-truncated-tool",
    "fault-aborted-chunked",
    "fault-garbage",
    "fault-html",
    "fault-duplicate-ids",
    "fault-length",
    "fault-length-tool",
    "fault-content-filter",
    "fault-empty",
    "fault-error-in-200",
    "fault-surrogate",
    "fault-nul",
    "fault-slow-first",
)

_STATUS_FAULTS: dict[str, tuple[int, dict[str, Any], dict[str, str]]] = {
    "fault-429": (429, {"code": "rate_limit_exceeded", "message": f"Slow down {CANARY}"}, {"Retry-After": "0"}),
    "fault-429-long": (429, {"code": "rate_limit_exceeded", "message": f"Slow down {CANARY}"}, {"Retry-After": "3600"}),
    "fault-500": (500, {"code": "server_error", "message": f"Traceback {CANARY}"}, {}),
    "fault-401": (401, {"code": "invalid_api_key", "message": f"Incorrect API key provided: {CANARY}"}, {}),
    "fault-404": (404, {"code": "model_not_found", "message": f"The model does not exist {CANARY}"}, {}),
    "fault-context": (
        400,
        {"code": "context_length_exceeded", "message": f"This model's maximum context length is 8 tokens. {CANARY}"},
        {},
    ),
}
_TOOL_TO_TRUNCATE = {"name": "delete_task", "arguments": {"task_id": "task_1"}}


@dataclass(slots=True, kw_only=True)
class Answer:
    """What the model says next. `tool_calls` are `{"name", "arguments", "id"?}`; `reasoning_field` is the dialect."""

    text: str = ""
    reasoning: str = ""
    reasoning_field: str = "reasoning_content"
    refusal: str = ""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    finish_reason: str | None = None
    raw: list[bytes] | None = None
    """Bytes to send instead, one network write each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class ModelServer:
    def __init__(self, *, token_seconds: float = 0.0, first_seconds: float = 0.3, hold_after: int = 6) -> None:
        self.token_seconds = token_seconds
        self.first_seconds = first_seconds
        self.hold_after = hold_after
        self.requests: list[Recorded] = []
        self.open_streams = 0
        self.disconnects: list[float] = []
        """`time.monotonic()` of each client that left before the end."""
        self.port = 0
        self._answers: deque[Answer] = deque()
        self._attempts: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._held: asyncio.Event | None = None
        self._stopped: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="model-server", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def gemini_url(self) -> str:
        """Gemini's OpenAI-compatible path."""
        return f"{self.url}/v1beta/openai"

    def queue(self, *answers: Answer) -> None:
        self._answers.extend(answers)

    def release(self) -> None:
        """Lets every held stream go on, now and later."""
        if self._loop is not None and self._held is not None:
            self._loop.call_soon_threadsafe(self._held.set)

    def hold(self) -> None:
        """Holds streams again that begin from now on."""
        if self._loop is not None and self._held is not None:
            self._loop.call_soon_threadsafe(self._held.clear)

    def forget(self) -> None:
        """Nobody has asked yet, and nothing was queued."""
        self.requests.clear()
        self.disconnects.clear()
        self._answers.clear()
        self.forget_attempts()

    def forget_attempts(self) -> None:
        """Makes the `-once` faults happen again."""
        self._attempts.clear()

    def wait_for_streams(self, count: int, seconds: float = 5.0) -> None:
        """Blocks until so many streams are open; from a coroutine, call it in a thread."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.open_streams == count, seconds), f"{self.open_streams} streams"

    def wait_for_disconnect(self, seconds: float = 5.0) -> float:
        """Blocks until a client has left; returns when that was."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.disconnects, seconds), "no client has left"
            return self.disconnects[-1]

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10), "the model server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._held, self._stopped = asyncio.Event(), asyncio.Event()
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1beta/openai/chat/completions", self._chat)
        app.router.add_post("/v1/responses", self._responses)
        app.router.add_post(r"/v1beta/models/{model:[^:]+}:streamGenerateContent", self._gemini)
        app.router.add_post(r"/models/{model:[^:]+}:streamGenerateContent", self._gemini)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stopped.wait()
        await runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await self._record(request)
        tools = [tool["function"]["name"] for tool in body.get("tools", ())]
        with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        return await self._answer(
            request,
            str(body["model"]),
            body["messages"],
            tools,
            lambda answer: chat_frames(answer, str(body["model"]), with_usage),
        )

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        body = await self._record(request)
        messages = messages_from_items(body["input"])
        tools = [tool["name"] for tool in body.get("tools", ()) if tool.get("type") == "function"]
        return await self._answer(
            request, str(body["model"]), messages, tools, lambda answer: responses_frames(answer, str(body["model"]))
        )

    async def _gemini(self, request: web.Request) -> web.StreamResponse:
        body = await self._record(request)
        model = request.match_info["model"]
        tools = [
            declaration["name"]
            for tool in body.get("tools", ())
            for declaration in tool.get("functionDeclarations", tool.get("function_declarations", ()))
        ]
        messages = list(_gemini_messages(body.get("contents", ())))
        return await self._answer(request, model, messages, tools, lambda answer: gemini_frames(answer, model))

    async def _record(self, request: web.Request) -> dict[str, Any]:
        body = orjson.loads(await request.read())
        self.requests.append(Recorded(path=request.path, headers=dict(request.headers), body=body))
        return body

    async def _answer(
        self, request: web.Request, model: str, messages: list[dict[str, Any]], tools: list[str], encode: Any
    ) -> web.StreamResponse:
        fault = model.rsplit("/", 1)[-1]
        self._attempts[fault] += 1
        if fault.endswith("-once"):
            fault = fault.removesuffix("-once") if self._attempts[fault] == 1 else ""
        if fault in _STATUS_FAULTS:
            status, error, headers = _STATUS_FAULTS[fault]
            error = {"type": "error", "param": None, "status": error["code"].upper(), **error}
            return web.json_response({"error": error}, status=status, headers={**headers, "X-Debug": CANARY})
        if fault == "fault-html":
            return web.Response(text=f"<html><body>Sign in {CANARY}</body></html>", content_type="text/html")
        if fault == "fault-reset-first":
            _reset(request)
            return web.Response()
        answer = self._faulty(fault, messages) or self._next(messages, tools)
        return await self._stream(request, fault, encode(answer))

    def _faulty(self, fault: str, messages: list[dict[str, Any]]) -> Answer | None:
        has_results = bool(messages) and messages[-1].get("role") == "tool"
        match fault:
            case "fault-truncated-tool":
                return Answer(tool_calls=[_TOOL_TO_TRUNCATE])
            case "fault-length-tool":
                return Answer(tool_calls=[_TOOL_TO_TRUNCATE], finish_reason="length")
            case "fault-duplicate-ids" if not has_results:
                calls = [{"name": "add_task", "arguments": {"title": title}, "id": "call_0"} for title in ("A", "B")]
                return Answer(tool_calls=calls)
            case "fault-length":
                return Answer(text="This answer is cut", finish_reason="length")
            case "fault-content-filter":
                return Answer(finish_reason="content_filter")
            case "fault-empty":
                return Answer()
            case "fault-surrogate":
                return Answer(text="A smile \ud83d|\ude00 and a half \ud83d.")
            case "fault-nul":
                return Answer(text="Before\x00after.")
            case _:
                return None

    def _next(self, messages: list[dict[str, Any]], tools: list[str]) -> Answer:
        if self._answers:
            return self._answers.popleft()
        prompt = next((text_of(message["content"]) for message in reversed(messages) if message["role"] == "user"), "")
        if match := re.search(r"\bsay (\d+) words\b", prompt):
            return Answer(text=" ".join(f"word{number}" for number in range(1, int(match[1]) + 1)))
        decision = decide(messages, tools)
        if isinstance(decision, Reply):
            return Answer(text=decision.text)
        return Answer(tool_calls=[{"name": call.name, "arguments": dict(call.arguments)} for call in decision.calls])

    async def _stream(self, request: web.Request, fault: str, frames: Frames) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        self._opened(+1)
        try:
            await response.prepare(request)
            await self._write(request, response, fault, frames)
        except (asyncio.CancelledError, ConnectionResetError):
            with self._changed:
                self.disconnects.append(time.monotonic())
            raise
        finally:
            self._opened(-1)
        return response

    def _opened(self, change: int) -> None:
        with self._changed:
            self.open_streams += change
            self._changed.notify_all()

    async def _write(self, request: web.Request, response: web.StreamResponse, fault: str, frames: Frames) -> None:
        half = frames.spoken[: max(1, len(frames.spoken) // 2)]
        match fault:
            case "fault-stall":
                await asyncio.Event().wait()
            case "fault-drip":
                while True:
                    await response.write(b": keep-alive\n\n")
                    await asyncio.sleep(0.02)
            case "fault-stall-mid":
                await self._say(response, half)
                await asyncio.Event().wait()
            case "fault-reset-mid":
                await self._say(response, half)
                await asyncio.sleep(0.05)
                _reset(request)
            case "fault-aborted-chunked":
                await self._say(response, frames.spoken)
                await asyncio.sleep(0.05)
                if request.transport is not None:
                    request.transport.close()
            case "fault-truncated" | "fault-truncated-tool":
                await self._say(response, frames.spoken)
                await response.write_eof()
            case "fault-garbage":
                await self._say(response, half)
                await response.write(f"data: {{not json {CANARY}\n\n".encode())
                await response.write_eof()
            case "fault-error-in-200":
                await self._say(response, half)
                error = {"code": 429, "type": "rate_limit_exceeded", "message": f"Slow down {CANARY}"}
                await response.write(b"data: " + orjson.dumps({**error, "error": error, "type": "error"}) + b"\n\n")
                await response.write_eof()
            case "hold":
                assert self._held is not None
                await self._say(response, frames.spoken[: self.hold_after])
                await self._held.wait()
                await self._say(response, frames.spoken[self.hold_after :] + frames.end)
                await response.write_eof()
            case _:
                if fault == "fault-slow-first":
                    await asyncio.sleep(self.first_seconds)
                await self._say(response, frames.spoken)
                await response.write(b"".join(frames.end))
                await response.write_eof()

    async def _say(self, response: web.StreamResponse, frames: list[bytes]) -> None:
        for frame in frames:
            await response.write(frame)
            if self.token_seconds:
                await asyncio.sleep(self.token_seconds)


def _reset(request: web.Request) -> None:
    """Ends the connection with RST instead of FIN."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _gemini_messages(contents: Any) -> Iterator[dict[str, Any]]:
    numbers: Counter[str] = Counter()
    open_calls: deque[str] = deque()
    for content in contents:
        for part in content.get("parts", ()):
            if call := part.get("functionCall") or part.get("function_call"):
                numbers[call["name"]] += 1
                call_id = f"{call['name']}-{numbers[call['name']]}"
                open_calls.append(call_id)
                yield {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": call_id, "function": {"name": call["name"], "arguments": "{}"}}],
                }
            elif result := part.get("functionResponse") or part.get("function_response"):
                call_id = open_calls.popleft() if open_calls else result["name"]
                response = result.get("response") or {}
                output = response.get("content", response.get("result", response.get("output", response)))
                text = output if isinstance(output, str) else orjson.dumps(output).decode()
                yield {"role": "tool", "tool_call_id": call_id, "content": text}
            elif text := part.get("text"):
                yield {"role": "assistant" if content.get("role") == "model" else "user", "content": text}
