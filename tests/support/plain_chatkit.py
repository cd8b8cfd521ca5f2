"""A ChatKit server as the SDK's documentation shows it: FastAPI, `ChatKitServer.process`, a store in memory. Nothing of chatkit-host
answers here; only the built files of the element are ours."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import uvicorn
from chatkit.server import ChatKitServer, StreamingResult
from chatkit.types import Attachment, AttachmentCreateParams, AttachmentUploadDescriptor, FileAttachment
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import AnyUrl
from starlette.requests import ClientDisconnect
from support.awaiting_store import AwaitingStore
from support.scripted_server import ScriptedAttachments, ScriptedServer

_PAGE = """<!doctype html>
<html lang="en">
  <title>A page</title>
  <link rel="icon" href="data:," />
  <body style="margin: 0">
    <main><h1 style="position: absolute; clip-path: inset(50%)">Chat</h1>
    <openai-chatkit style="display: block; height: 100vh"></openai-chatkit></main>
    <script src="/chatkit.js" async></script>
    <script type="module">
      window.told = [];
      await customElements.whenDefined('openai-chatkit');
      const chat = document.querySelector('openai-chatkit');
      for (const name of ['response.start', 'response.end', 'error', 'effect', 'thread.change'])
        chat.addEventListener(`chatkit.${name}`, ({ detail }) => {
          told.push(name);
          if (detail?.threadId) localStorage.setItem('thread', detail.threadId);
        });
      chat.setOptions({
        api: { url: '/chatkit', domainKey: 'unused', uploadStrategy: { type: 'two_phase' } },
        initialThread: localStorage.getItem('thread'),
        threadItemActions: { feedback: true, retry: true },
        composer: { attachments: { enabled: true } },
        onClientTool: async ({ name, params }) => ({ name, params }),
      });
    </script>
  </body>
</html>"""


@dataclass
class PlainChatKit:
    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Every request's operation, and which headers beyond ChatKit's came with it."""
    uploads: list[tuple[str, bytes]] = field(default_factory=list)


class _Attachments(ScriptedAttachments):
    """Which are uploaded to this server."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    async def create_attachment(self, input: AttachmentCreateParams, context: Any) -> Attachment:
        attachment_id = self.generate_attachment_id(input.mime_type, context)
        self.kept.add(attachment_id)
        upload = AttachmentUploadDescriptor(url=AnyUrl(f"{self._url}/uploads/{attachment_id}"), method="PUT")
        return FileAttachment(id=attachment_id, name=input.name, mime_type=input.mime_type, upload_descriptor=upload)


def _app(server: ChatKitServer[Any], about: PlainChatKit) -> FastAPI:
    app = FastAPI()
    beyond = ("chatkit-resume", "idempotency-key")

    @app.post("/chatkit")
    async def chatkit(request: Request) -> Response:
        body = await request.body()
        headers = [name for name in beyond if name in request.headers]
        about.asked.append({"type": json.loads(body)["type"], "headers": headers})
        result = await server.process(body, SimpleNamespace(owner="somebody"))
        if isinstance(result, StreamingResult):
            return StreamingResponse(result, media_type="text/event-stream")
        return Response(result.json, media_type="application/json")

    @app.put("/uploads/{name}")
    async def upload(name: str, request: Request) -> Response:
        try:
            about.uploads.append((name, await request.body()))
        except ClientDisconnect:
            return Response(status_code=400)
        return Response(status_code=204)

    @app.get("/")
    async def page() -> HTMLResponse:
        return HTMLResponse(_PAGE)

    app.mount("/", StaticFiles(directory=str(files("chatkit_host") / "web" / "dist")))
    return app


@contextmanager
def serving_plain_chatkit() -> Iterator[PlainChatKit]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # who connects before the server runs waits for it
        about = PlainChatKit(f"http://127.0.0.1:{listening.getsockname()[1]}")
        chatkit = ScriptedServer(AwaitingStore(), _Attachments(about.url))
        config = uvicorn.Config(_app(chatkit, about), log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), name="plain chatkit", daemon=True)
        thread.start()
        yield about
        server.should_exit = True
        thread.join(10)
