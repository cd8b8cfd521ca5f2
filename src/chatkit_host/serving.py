"""The server process: uvicorn, except that running answers are drained before the application's lifespan ends."""

import asyncio
import os
import socket
import sys
from collections.abc import Coroutine
from typing import Any

import uvicorn
from uvicorn.supervisors import multiprocess

from chatkit_host.app import TARGET_VARIABLE
from chatkit_host.logs import configure_logging
from chatkit_host.settings import Settings, read_settings

_TIME_TO_CLOSE_SECONDS = 3
"""How long other requests may take that are not over after the drain ..."""
_CLOSED_AFTER_SECONDS = 1.4
"""... if that is not later than so long after the drain's time; the rest of the promised 2 seconds is for the database."""
_SHORTEST_CLOSE_SECONDS = 0.2


class DrainingServer(uvicorn.Server):
    """Uvicorn ends the lifespan before it cancels streams; by then the database would be gone."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app: Any = self.config.loaded_app
        while not hasattr(app, "state") and hasattr(app, "app"):
            app = app.app
        state: Any = getattr(app, "state", None)
        if (drain := getattr(state, "drain", None)) is not None:
            loop = asyncio.get_running_loop()
            closed_by = loop.time() + state.drain_seconds + _CLOSED_AFTER_SECONDS
            await self._unless_forced(drain())
            left: Any = max(_SHORTEST_CLOSE_SECONDS, closed_by - loop.time())
            self.config.timeout_graceful_shutdown = min(_TIME_TO_CLOSE_SECONDS, left)
        await super().shutdown(sockets)

    async def _unless_forced(self, drain: Coroutine[Any, Any, None]) -> None:
        """A second Ctrl-C is meant."""
        draining = asyncio.ensure_future(drain)
        while not draining.done() and not self.force_exit:
            await asyncio.wait({draining}, timeout=0.2)
        draining.cancel()


class AnnouncingServer(DrainingServer):
    """Says where it can be reached, once it can."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            announce(self.config.host, sockets[0].getsockname()[1] if sockets else self.config.port)


class _Worker(multiprocess.Process):
    """One of several server processes. It is started afresh: nothing of this process is set up in it."""

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        settings = read_settings()
        configure_logging(settings.log_level, settings.log_format)
        if named := os.environ.get(TARGET_VARIABLE):
            from chatkit_host.agent.loading import load_target

            load_target(named)  # before the event loop runs, which user code may want for itself
        super().target(sockets)

    @property
    def server(self) -> uvicorn.Server:
        if self._server is None:
            self._server = DrainingServer(self.config)
        return self._server


def announce(host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else "localhost" if host in ("127.0.0.1", "0.0.0.0") else host
    print(f"chatkit-host is ready: http://{shown}:{port}  (ChatKit endpoint: /chatkit)", file=sys.stderr, flush=True)  # noqa: T201


def serve(settings: Settings, target: str | None) -> None:
    """Runs until it is told to stop. `OSError` when the address is taken."""
    if target is not None:
        os.environ[TARGET_VARIABLE] = target
    config = uvicorn.Config(
        "chatkit_host.app:from_environment",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_TIME_TO_CLOSE_SECONDS,
        timeout_keep_alive=75,
        h11_max_incomplete_event_size=64 * 1024,
    )
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    bound.set_inheritable(True)
    if settings.workers == 1:
        AnnouncingServer(config).run(sockets=[bound])
        return
    announce(settings.host, bound.getsockname()[1])
    multiprocess.Process = _Worker  # the supervisor has no other way to be given one
    multiprocess.Multiprocess(config, sockets=[bound]).run()
