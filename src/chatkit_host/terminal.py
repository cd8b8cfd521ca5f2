"""A conversation in the terminal, over the same protocol that a browser speaks."""

import asyncio
import contextlib
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import uvicorn

from chatkit_host.settings import Settings

_DIM, _RED, _PLAIN = ("\033[2m", "\033[31m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


async def talk(
    settings: Settings, *, url: str | None, token: str | None, thread: str | None, target: str | None
) -> int:
    """Until the end of input, `/quit`, or Ctrl-C. The exit status: 1 when the server cannot be reached."""
    async with _server(settings, url, target) as address:
        conversation = _Conversation(address, token, thread)
        print(f"{_DIM}Talking to {address}. An empty line or Ctrl-D ends it.{_PLAIN}")
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=5)) as session:
                while said := (await _ask()).strip():
                    if said in ("/quit", "/exit"):
                        break
                    await conversation.send(session, said)
        except aiohttp.ClientConnectionError:
            print(f"{_RED}The server at {address} cannot be reached.{_PLAIN}", file=sys.stderr)
            return 1
        if conversation.thread:
            print(f"{_DIM}Go on with: chatkit-host chat --thread {conversation.thread}{_PLAIN}")
    return 0


class _Conversation:
    def __init__(self, address: str, token: str | None, thread: str | None) -> None:
        self.thread = thread
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._tasks_shown = 0

    async def send(self, session: aiohttp.ClientSession, said: str) -> None:
        message = {"content": [{"type": "input_text", "text": said}], "attachments": [], "inference_options": {}}
        request: dict[str, Any] = {"type": "threads.create", "params": {"input": message}}
        if self.thread:
            request["type"] = "threads.add_user_message"
            request["params"]["thread_id"] = self.thread
        async with session.post(f"{self._address}/chatkit", json=request, headers=self._headers) as answer:
            if answer.status != 200:
                problem = await answer.json(content_type=None)
                print(f"{_RED}{problem.get('error', {}).get('message', answer.status)}{_PLAIN}")
                return
            async for line in answer.content:
                if line.startswith(b"data: "):
                    self._show(orjson.loads(line[6:]))
        print()

    def _show(self, event: dict[str, Any]) -> None:
        match event:
            case {"type": "thread.created", "thread": {"id": thread_id}}:
                self.thread = thread_id
            case {"type": "thread.item.updated", "update": {"type": kind, "delta": str(delta)}} if "text_delta" in kind:
                print(delta, end="", flush=True)
            case {
                "type": "thread.item.updated",
                "update": {"type": "workflow.task.added", "task": {"title": str(title)}},
            }:
                print(f"{_DIM}· {title}{_PLAIN}", flush=True)
            case {"type": "thread.item.done", "item": {"type": "assistant_message"}}:
                print()
            case {"type": "error"}:
                print(f"\n{_RED}{event.get('message') or 'Something went wrong. Try again.'}{_PLAIN}")
            case {"type": "notice", "message": str(message)}:
                print(f"{_DIM}{message}{_PLAIN}")
            case _:
                pass


@asynccontextmanager
async def _server(settings: Settings, url: str | None, target: str | None) -> AsyncIterator[str]:
    """The address of a server: the one that was named, the local one that runs, or one of our own for the time being."""
    if url is not None:
        yield url.rstrip("/")
        return
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    running = f"http://{host}:{settings.port}"
    if target is None and await _answers(running):
        yield running
        return
    from chatkit_host.agent.loading import load_target
    from chatkit_host.app import create_app
    from chatkit_host.serving import DrainingServer

    app = create_app(load_target(target) if target else None, settings=settings)
    listening = socket.create_server(("127.0.0.1", 0))
    server = DrainingServer(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


async def _answers(address: str) -> bool:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1)) as session,
            session.get(f"{address}/health") as answer,
        ):
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


async def _ask() -> str:
    """The next line; empty at the end of input. Its thread does not keep the process alive, so that Ctrl-C ends it."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def answer(text: str) -> None:
        if not line.done():
            line.set_result(text)

    def read() -> None:
        try:
            text = input("> ") if sys.stdin.isatty() and sys.stdout.isatty() else _unbuffered_line()
        except EOFError:
            text = ""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(answer, text)

    threading.Thread(target=read, daemon=True).start()
    return await line


def _unbuffered_line() -> str:
    """A thread that waits in Python's own buffer would abort the process at its end."""
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as given:
        return given.readline().decode(sys.stdin.encoding, "replace")
