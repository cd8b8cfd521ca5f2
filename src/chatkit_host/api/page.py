"""What somebody sees who opens the server's address in a browser."""

from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import HTMLResponse

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def page_router() -> APIRouter:
    router = APIRouter()
    page = files("chatkit_host").joinpath("web/index.html").read_text("utf-8")

    @router.get("/", include_in_schema=False)
    async def index() -> HTMLResponse:
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"})

    return router
