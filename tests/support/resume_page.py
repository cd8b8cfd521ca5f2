"""A page of somebody else's, on an origin of its own and with a strict policy, that talks to a chat server through `resume.js`."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from playwright.sync_api import Page, Request
from support.chat import user_input
from support.fault_proxy import FaultProxy
from support.server import Server

_SCRIPT = Path(__file__).parent.parent / "browser" / "assets" / "resume_page.js"


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/page.js":
            self._send("text/javascript", _SCRIPT.read_bytes())
            return
        asked = parse_qs(address.query)
        [server] = asked["server"]
        classic = f'<script src="{server}/resume.global.js"></script>' if "classic" in asked else ""
        page = f'<!doctype html><title>A page</title>{classic}<script type="module" src="page.js"></script>'
        self._send("text/html", page.encode(), f"default-src 'none'; script-src 'self' {server}; connect-src {server}")

    def _send(self, kind: str, content: bytes, policy: str = "default-src 'none'") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", policy)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving_pages() -> Iterator[str]:
    """Their origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="pages", daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(10)


class Switch(FaultProxy):
    """New connections go to whichever server it is set to."""

    def __init__(self, server: Server) -> None:
        super().__init__("127.0.0.1", _port(server))

    def lead_to(self, server: Server) -> None:
        self._target = ("127.0.0.1", _port(server))


@dataclass(kw_only=True)
class ForeignPage:
    page: Page
    server: Server
    proxy: FaultProxy
    token: str | None = None
    requests: list[Request] = field(default_factory=list)
    """All that went to the chat server."""

    def open(self, origin: str, options: dict[str, Any] | None = None, **asked: str) -> "ForeignPage":
        address = f"http://{self.proxy.address}"
        self.page.on("request", lambda one: self.requests.append(one) if one.url.startswith(address) else None)
        given = {"server": address, "options": json.dumps(options or {}), **asked}
        if self.token is not None:
            given["token"] = self.token
        self.page.goto(f"{origin}/?{urlencode(given)}")
        self.wait_for(lambda: self.page.evaluate("globalThis.isReady"))
        return self

    def post(self, operation: str, params: dict[str, Any], **how: Any) -> None:
        self.page.evaluate("([type, params, how]) => post(type, params, how)", [operation, params, how])

    def start(self, text: str, **how: Any) -> None:
        self.post("threads.create", {"input": user_input(text)}, **how)

    def until_events(self, count: int) -> None:
        """Or until it is over."""
        self.page.evaluate(f"run.until({count})")

    def until_over(self) -> str:
        """How the stream ended: `closed`, or the name of an error."""
        self.page.evaluate("run.until(Infinity)")
        return self.told("end")

    def wait_for(self, holds: Callable[[], Any], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "it did not come to pass"
            self.page.wait_for_timeout(20)

    def told(self, name: str) -> Any:
        return self.page.evaluate(f"run.{name}")

    def posts(self) -> list[Request]:
        return [one for one in self.requests if one.method == "POST" and urlsplit(one.url).path == "/chatkit"]

    # -- what the server knows, asked without the proxy ------------------------------------------

    def ask(self, operation: str, **params: Any) -> dict[str, Any]:
        body = {"type": operation, "params": params}
        return httpx.post(f"{self.server.url}/chatkit", json=body, headers=self._headers).raise_for_status().json()

    def turn(self, turn_id: str | None = None) -> dict[str, Any]:
        address = f"{self.server.url}/api/turns/{turn_id or self.told('turn')}"
        return httpx.get(address, headers=self._headers).raise_for_status().json()

    def whole(self, turn_id: str | None = None) -> str:
        """The answer as one that was never cut."""
        address = f"{self.server.url}/api/turns/{turn_id or self.told('turn')}/events"
        return without_comments(httpx.get(address, headers=self._headers, timeout=30).raise_for_status().text)

    def items(self, turn: dict[str, Any]) -> list[dict[str, Any]]:
        return self.ask("items.list", thread_id=turn["thread_id"], order="asc", limit=100)["data"]

    def threads(self) -> int:
        return len(self.ask("threads.list", limit=100)["data"])

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def rows_of(text: str) -> dict[str, str]:
    """What a client shows after these events: the text of each row, by kind."""
    rows: dict[str, tuple[str, str]] = {}
    for record in without_comments(text).removesuffix("\n\n").split("\n\n"):
        match json.loads(record.partition("data: ")[2]):
            case {"type": "thread.item.added" | "thread.item.done", "item": item}:
                rows[item["id"]] = (item["type"], "".join(part.get("text", "") for part in item.get("content", [])))
            case {"type": "thread.item.updated", "item_id": item_id, "update": {"delta": delta}}:
                kind, said = rows[item_id]
                rows[item_id] = (kind, said + delta)
            case {"type": "thread.item.removed", "item_id": item_id}:
                del rows[item_id]
            case _:
                pass
    assert len({kind for kind, _ in rows.values()}) == len(rows), "one row of each kind"
    return dict(rows.values())


def without_comments(text: str) -> str:
    return "".join(f"{event}\n\n" for event in text.split("\n\n") if event and not event.startswith(":"))


def _port(server: Server) -> int:
    port = urlsplit(server.url).port
    assert port is not None
    return port
