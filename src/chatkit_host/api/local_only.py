"""Without authentication, whoever reaches the server is the user. So it answers only to this machine's own pages and programs.

A web page anywhere could otherwise talk to it through the user's browser: under a name of its own (DNS rebinding), or with a
request that browsers send without asking first.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from yarl import URL

from chatkit_host.api.errors import error_answer
from chatkit_host.auth.local import is_loopback
from chatkit_host.errors import Forbidden


class LocalOnly:
    def __init__(self, app: ASGIApp, *, origins: tuple[str, ...]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if not _is_local(scope) or not _names_this_machine("http://" + headers.get("host", "localhost")):
                await error_answer(Forbidden("Without authentication this server answers to localhost only."))(
                    scope, receive, send
                )
                return
            origin = headers.get("origin")
            if origin is not None and origin not in self._origins and not _names_this_machine(origin):
                await error_answer(Forbidden("This web page may not use the server; see CORS_ORIGINS."))(
                    scope, receive, send
                )
                return
        await self._app(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    """The connection comes from this machine, whatever its headers say. In-process callers and sockets have no address."""
    client = scope.get("client")
    return client is None or not client[0] or client[0] == "testclient" or is_loopback(client[0])


def _names_this_machine(address: str) -> bool:
    try:
        return is_loopback(URL(address).host or "")
    except ValueError:
        return False
