"""What a browser gets: the chat page, and the web element that other pages load from here.

The files are built from `web/` and come with the package. What has a hash in its name never changes and is kept for ever;
`/chatkit.js`, whose address is stable, is a line that leads there. `/resume.js` is for pages that use another element than ours.
"""

import asyncio
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from chatkit_host.errors import NotFound

# Trusted Types: lit makes its templates through a policy of that name, and nothing else may make markup or scripts.
# Pictures come from elsewhere only when the element lets them: the thread allows their domain, or the user asked for one.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob: https:",
        "connect-src 'self'",
        "base-uri 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types lit-html",
    )
)
_PAGE_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-cache",
}
# A page elsewhere may load the element from here; it is public, and what it may ask is decided by the API.
_SHARED_HEADERS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_MINUTES = "public, max-age=300"
_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
_ENDINGS = {"br": ".br", "gzip": ".gz"}


def page_router(*, has_tasks: bool = True) -> APIRouter:
    """`has_tasks`: the page shows the to-do list beside the chat."""
    router = APIRouter(include_in_schema=False)
    built = _Built(files("chatkit_host").joinpath("web/dist"))
    config = json.dumps({"tasks": has_tasks})

    async def page(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        text = await asyncio.to_thread(built.page, f"{root}/", config)
        return _tagged(request, text.encode(), {**_PAGE_HEADERS, "Content-Type": "text/html; charset=utf-8"})

    async def encoded(request: Request, path: str, cache: str) -> tuple[bytes, dict[str, str]]:
        found = await asyncio.to_thread(built.encoded, path, _encoding(request.headers.get("accept-encoding", "")))
        headers = {**_headers(path, cache), "Vary": "Accept-Encoding"}
        if found.encoding:
            headers["Content-Encoding"] = found.encoding
        return found.content, headers

    async def element(request: Request) -> Response:
        return _tagged(request, *await encoded(request, "chatkit.js", _FOR_MINUTES))

    async def resume(request: Request) -> Response:
        return _tagged(request, *await encoded(request, "resume.js", _FOR_MINUTES))

    async def classic_resume(request: Request) -> Response:
        return _tagged(request, *await encoded(request, "resume.global.js", _FOR_MINUTES))

    async def asset(request: Request, name: str) -> Response:
        content, headers = await encoded(request, f"assets/{name}", _FOR_EVER)
        return Response(content, headers=headers)

    for path, answer in (
        ("/", page),
        ("/t/{thread_id}", page),
        ("/chatkit.js", element),
        ("/resume.js", resume),
        ("/resume.global.js", classic_resume),
        ("/assets/{name}", asset),
    ):
        router.add_api_route(path, answer, methods=["GET", "HEAD"])
    return router


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encoded:
    content: bytes
    encoding: str | None


class _Built:
    """The files of the manifest, and no others."""

    def __init__(self, folder: Traversable) -> None:
        self._folder = folder

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(json.loads(self._folder.joinpath("manifest.json").read_bytes()))

    @cached_property
    def _template(self) -> str:
        return self.read("index.html").decode()

    def page(self, base: str, config: str) -> str:
        # Inside a script element only "</" could end it early; a configuration never needs it.
        safe = config.replace("</", "<\\/")
        return self._template.replace("{{base}}", html.escape(base)).replace("{{config}}", safe)

    def read(self, name: str) -> bytes:
        if name not in self._names:
            raise NotFound("There is nothing at this address.")
        return self._folder.joinpath(name).read_bytes()

    def encoded(self, name: str, encoding: str | None) -> _Encoded:
        content = self.read(name)
        if encoding is None:
            return _Encoded(content=content, encoding=None)
        compressed = self._folder.joinpath(name + _ENDINGS[encoding])
        if not compressed.is_file():  # too small to be worth it
            return _Encoded(content=content, encoding=None)
        return _Encoded(content=compressed.read_bytes(), encoding=encoding)


def _headers(name: str, cache: str) -> Mapping[str, str]:
    return {**_SHARED_HEADERS, "Content-Type": _TYPES[name.rpartition(".")[2]], "Cache-Control": cache}


def _tagged(request: Request, content: bytes, headers: Mapping[str, str]) -> Response:
    """With a tag by which a browser finds out that it has this already."""
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={**headers, "ETag": tag})
    return Response(content, headers={**headers, "ETag": tag})


def _encoding(accepted: str) -> str | None:
    """The best of ours that the browser takes: `gzip;q=0` is a no."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameters = part.strip().partition(";")
        weights[name.strip()] = _weight(parameters)
    return next((name for name in _ENDINGS if weights.get(name, 0) > 0), None)


def _weight(parameters: str) -> float:
    _, _, value = parameters.replace(" ", "").partition("q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0
