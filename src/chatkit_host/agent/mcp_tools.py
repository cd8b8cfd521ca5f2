"""Tools of MCP servers (Streamable HTTP): connected in the background, healed when a server went away.

A server that is down takes its tools with it and nothing else: the assistant starts and answers without them. A call is never
repeated by itself, because the first may have had its effect.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

from agents import AgentBase, RunContextWrapper
from agents.mcp import MCPServer, MCPServerManager, MCPServerStreamableHttp
from mcp.types import CallToolResult, Tool

from chatkit_host.errors import Unavailable

_log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
_LOOK_SECONDS = 4.0
"""How often a server is asked whether it is still there; also when a call fails."""


class McpTools:
    def __init__(self, servers: Sequence[MCPServer]) -> None:
        self._manager = MCPServerManager(
            servers,
            connect_timeout_seconds=_CONNECT_SECONDS,
            cleanup_timeout_seconds=_CONNECT_SECONDS,
            connect_in_parallel=True,
        )
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False
        self._look = asyncio.Event()
        for server in servers:
            if isinstance(server, _Server):
                server.when_a_call_fails = self._look.set

    @property
    def servers(self) -> list[MCPServer]:
        """Those that can be called now."""
        return self._manager.active_servers

    def open(self) -> None:
        self._keeper = asyncio.get_running_loop().create_task(self._keep(), name="MCP keeper")

    async def close(self) -> None:
        self._stopping = True
        self._look.set()
        if self._keeper is not None:
            await asyncio.wait({self._keeper})

    async def _keep(self) -> None:
        """One task connects, looks after, and cleans up: the SDK's connections belong to the task that made them."""
        async with self._manager:
            while not self._stopping:
                self._look.clear()
                await self._heal()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._look.wait(), _LOOK_SECONDS)

    async def _heal(self) -> None:
        lost = [server for server in self.servers if not await _is_there(server)]
        if lost or self._manager.failed_servers:
            _log.warning("%d MCP servers cannot be reached", len(lost) + len(self._manager.failed_servers))
            await self._manager.reconnect(failed_only=not lost)


def servers_at(urls: Sequence[str], *, seconds: float) -> list[MCPServerStreamableHttp]:
    """Servers to connect to; `seconds` is how long a call may take."""
    return [_server(url, seconds) for url in urls]


async def tool_names(url: str, *, seconds: float) -> list[str]:
    """Asks a server once; `Unavailable` when it does not answer as an MCP server does."""
    try:
        async with asyncio.timeout(_CONNECT_SECONDS), _server(url, seconds) as server:
            return [tool.name for tool in await MCPServerStreamableHttp.list_tools(server)]
    except Exception as error:
        raise Unavailable("It cannot be reached, or is no MCP server. Check its address and that it runs.") from error


async def _is_there(server: MCPServer) -> bool:
    session: Any = getattr(server, "session", None)
    if session is None:
        return False
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            await session.list_tools()  # the session's, because the server's own answers from its cache
    except Exception:  # noqa: BLE001 - whatever it is, the connection is of no use
        return False
    return True


class _Server(MCPServerStreamableHttp):
    """One that is away offers no tools, where the SDK's would end the turn; and a slow call holds nobody else's up."""

    when_a_call_fails: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The SDK calls one at a time, because in mcp 1.x a call that failed took those beside it along; in 2.x it does not.
        self._serialize_session_requests = False

    async def list_tools(
        self, run_context: RunContextWrapper[Any] | None = None, agent: AgentBase | None = None
    ) -> list[Tool]:
        try:
            return await super().list_tools(run_context, agent)
        except Exception:  # noqa: BLE001 - the keeper finds out what it is, and heals it
            _log.warning("an MCP server does not tell its tools")
            return []

    async def call_tool(self, *args: Any, **kwargs: Any) -> CallToolResult:
        try:
            return await super().call_tool(*args, **kwargs)
        except Exception:
            self.when_a_call_fails()
            raise


def _server(url: str, seconds: float) -> _Server:
    # A call that takes too long ends by itself; a connection that does so would take the calls beside it along.
    patience = seconds + _CONNECT_SECONDS
    params: Any = {"url": url, "timeout": patience, "sse_read_timeout": patience}
    return _Server(
        params, name=url, client_session_timeout_seconds=seconds, max_retry_attempts=0, cache_tools_list=True
    )
