"""A model that stops where a test wants it to, and goes on, or breaks, when it is told.

A prompt names its script: `cell NAME ...`. With a tool, the model first calls `note(NAME)` and speaks once the result is there.
It runs in a thread with its own loop, like `support.model_server`.
"""

import asyncio
import re
import threading
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import orjson
from aiohttp import web
from support.model_server import Answer, _reset
from support.model_wire import chat_frames

Gate = Literal["first", "text", "second", "end"]
"""Before the first byte; amid the text; before the first byte after a tool's result; when all is said but the reason to stop."""
Break = Literal["", "500", "429", "401", "html", "reset", "eof", "garbage", "error", "stall", "drip"]

WORDS = " ".join(f"word{number}" for number in range(1, 13))
_STATUS = {"500": "server_error", "429": "rate_limit_exceeded", "401": "invalid_api_key"}


@dataclass
class Script:
    gate: Gate | None = None
    """None: it does not stop anywhere."""
    broken: Break = ""
    """What goes wrong at the gate."""
    once: bool = False
    """Only for the first request that comes to the gate."""
    tool: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    arrivals: int = 0


class _Broken(Exception):
    """The answer has ended in some wrong way."""


class GatedModel:
    def __init__(self) -> None:
        self._scripts: dict[str, Script] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="gated-model", daemon=True)
        self._port = 0
        self.offered: list[str] = []
        """The tools that it was offered last."""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def plan(self, name: str, script: Script) -> None:
        self._scripts[name] = script

    def open(self, name: str) -> None:
        """Lets the answer go on, or break."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._scripts[name].opened.set)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10), "the model did not start"
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._answer)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._port = runner.addresses[0][1]
        self._ready.set()
        await self._stopped.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        name = _last_name(body["messages"])
        self.offered = [tool["function"]["name"] for tool in body.get("tools", ())]
        script = self._scripts.get(name) or Script()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        try:
            await self._speak(name, script, body, request, response)
        except _Broken as broken:
            return broken.args[0] if broken.args else response
        except ConnectionResetError:
            pass  # the client left
        return response

    async def _speak(
        self, name: str, script: Script, body: dict[str, Any], request: web.Request, response: web.StreamResponse
    ) -> None:
        has_result = body["messages"][-1]["role"] == "tool"
        answer = Answer(text=WORDS)
        if script.tool and not has_result:
            answer = Answer(tool_calls=[{"name": "note", "arguments": {"cell": name}}])
        frames = chat_frames(answer, str(body["model"]), with_usage=True)
        await self._pass("second" if has_result else "first", script, request, response)
        await response.prepare(request)
        for place, frame in enumerate(frames.spoken):
            if place == len(frames.spoken) // 2 and not answer.tool_calls:
                await self._pass("text", script, request, response)
            await response.write(frame)
            await asyncio.sleep(0.002)
        if not answer.tool_calls:
            await self._pass("end", script, request, response)
        await response.write(b"".join(frames.end))
        await response.write_eof()

    async def _pass(self, gate: Gate, script: Script, request: web.Request, response: web.StreamResponse) -> None:
        if script.gate != gate:
            return
        script.arrivals += 1
        script.reached.set()
        await script.opened.wait()
        if script.broken and not (script.once and script.arrivals > 1):
            await _break(script.broken, request, response)


async def _break(how: Break, request: web.Request, response: web.StreamResponse) -> None:
    if how in _STATUS:
        error = {"error": {"type": "error", "code": _STATUS[how], "message": "No."}}
        raise _Broken(web.json_response(error, status=int(how), headers={"Retry-After": "0"}))
    if how == "html":
        raise _Broken(web.Response(text="<html>Sign in</html>", content_type="text/html"))
    if how == "reset":
        await asyncio.sleep(0.05)  # what was said before has left
        _reset(request)
        raise _Broken
    if not response.prepared:
        await response.prepare(request)
    match how:
        case "stall":
            await asyncio.Event().wait()
        case "drip":
            while True:
                await response.write(b": keep-alive\n\n")
                await asyncio.sleep(0.05)
        case "garbage":
            await response.write(b"data: {not json\n\n")
        case "error":
            await response.write(b'data: {"error": {"code": 503, "message": "Overloaded"}}\n\n')
        case _:
            pass
    await response.write_eof()
    raise _Broken


def _last_name(messages: list[dict[str, Any]]) -> str:
    for message in reversed(messages):
        if message["role"] == "user" and (found := re.search(r"cell (\S+)", str(message["content"]))):
            return found[1]
    return ""
