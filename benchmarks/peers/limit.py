"""The limit: a bare ASGI relay that emits ChatKit's real events and does nothing else.

One pooled aiohttp session, orjson, one send for each network read. It knows no user, keeps nothing, calls no tool and does not
notice a client that leaves.
"""

import secrets
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson

_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")],
}


class Limit:
    def __init__(self, base_url: str, model: str) -> None:
        self._url = f"{base_url}/chat/completions"
        self._model = model
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        said = "".join(part["text"] for part in orjson.loads(body)["params"]["input"]["content"])
        thread_id, message_id, item_id = (f"{kind}_{secrets.token_hex(8)}" for kind in ("thr", "msg", "msg"))
        now = datetime.now(UTC).isoformat()
        await send(_START)
        await send(_body(*_opening(thread_id, message_id, item_id, said, now)))
        parts: list[str] = []
        head = (
            b'data: {"type":"thread.item.updated","item_id":"%b","update":'
            b'{"type":"assistant_message.content_part.text_delta","content_index":0,"delta":' % item_id.encode()
        )
        assert self._session is not None
        asked = {"model": self._model, "messages": [{"role": "user", "content": said}], "stream": True}
        async with self._session.post(self._url, json=asked) as response:
            rest = b""
            async for read in response.content.iter_any():
                *events, rest = (rest + read).split(b"\n\n")
                lines: list[bytes] = []
                for event in events:
                    if event == b"data: [DONE]":
                        continue
                    choices = orjson.loads(event[6:])["choices"]
                    if choices and (text := choices[0]["delta"].get("content")):
                        parts.append(text)
                        lines.append(head + orjson.dumps(text) + b"}}\n\n")
                if lines:
                    await send({"type": "http.response.body", "body": b"".join(lines), "more_body": True})
        await send(_body(*_closing(thread_id, item_id, "".join(parts), now)))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
                await send({"type": "lifespan.startup.complete"})
            else:
                if self._session is not None:
                    await self._session.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _body(*events: Any) -> dict[str, Any]:
    lines = b"".join(b"data: " + orjson.dumps(event) + b"\n\n" for event in events)
    return {"type": "http.response.body", "body": lines, "more_body": True}


def _opening(thread_id: str, message_id: str, item_id: str, said: str, now: str) -> list[Any]:
    thread = {
        "id": thread_id,
        "created_at": now,
        "status": {"type": "active"},
        "items": {"data": [], "has_more": False},
    }
    place = {"thread_id": thread_id, "created_at": now}
    asked = {
        "type": "user_message",
        "id": message_id,
        **place,
        "content": [{"type": "input_text", "text": said}],
        "attachments": [],
        "inference_options": {},
    }
    return [
        {"type": "thread.created", "thread": thread},
        {"type": "thread.item.done", "item": asked},
        {"type": "stream_options", "stream_options": {"allow_cancel": True}},
        {"type": "thread.item.added", "item": {"type": "assistant_message", "id": item_id, **place, "content": []}},
        _update(item_id, "assistant_message.content_part.added", _content("")),
    ]


def _closing(thread_id: str, item_id: str, text: str, now: str) -> list[Any]:
    whole = _content(text)
    item = {"type": "assistant_message", "id": item_id, "thread_id": thread_id, "created_at": now, "content": [whole]}
    return [
        _update(item_id, "assistant_message.content_part.done", whole),
        {"type": "thread.item.done", "item": item},
    ]


def _update(item_id: str, kind: str, content: Any) -> Any:
    return {
        "type": "thread.item.updated",
        "item_id": item_id,
        "update": {"type": kind, "content_index": 0, "content": content},
    }


def _content(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}
