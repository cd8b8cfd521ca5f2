"""The model side, loaded while the server listens already: its imports take a second."""

import asyncio
import gc
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chatkit_host.clock import utc_now
from chatkit_host.configured import model_options
from chatkit_host.engine.events import OF_EVERY_TURN
from chatkit_host.engine.responder import Responder
from chatkit_host.lean_imports import (
    build,
    imports_that_stay,
    loaded_when_used,
    models_built_when_used,
    not_installed,
)
from chatkit_host.settings import Settings
from chatkit_host.todo.service import TodoService

if TYPE_CHECKING:
    from agents.mcp import MCPServer

_log = logging.getLogger(__name__)

_YOUNG_OBJECTS = 10_000
"""How many more there may be before the youngest are looked through. An answer leaves nothing to be found there; with Python's 700
looking took up to 8 % of the time."""


class ModelSide:
    """Who answers: the user's agent or `ChatKitServer`, or the Todo assistant."""

    def __init__(self, target: Any, settings: Settings, todo: TodoService) -> None:
        self._target = target
        self._settings = settings
        self._todo = todo
        self._loading: asyncio.Task[Responder] | None = None

    async def responder(self) -> Responder:
        return await asyncio.shield(self.start())

    def start(self) -> asyncio.Task[Responder]:
        if self._loading is None:
            self._loading = asyncio.get_running_loop().create_task(self._load(), name="load responder")
        return self._loading

    async def _load(self) -> Responder:
        gc.set_threshold(_YOUNG_OBJECTS)
        try:
            with imports_that_stay():
                responder = await asyncio.to_thread(self._responder)
                await responder.open()
        except Exception:
            _log.exception("the model side could not be loaded: nothing can be answered")
            raise
        return responder

    async def close(self) -> None:
        if self._loading is not None:
            await asyncio.wait({self._loading})
            if self._loading.exception() is None:
                await self._loading.result().close()

    @property
    def has_failed(self) -> bool:
        return self._loading is not None and self._loading.done() and self._loading.exception() is not None

    async def is_configured(self) -> bool:
        """A ChatKitServer brings its own model; of others we know what they need."""
        from chatkit_host.agent.responder import AgentResponder

        loading = self.start()
        await asyncio.wait({loading})
        if loading.exception() is not None:
            return False
        if not isinstance(loading.result(), AgentResponder):
            return True
        from chatkit_host.agent.models.routing import ModelOptions, Models

        return not Models(model_options(self._settings, ModelOptions)).check()

    def _responder(self) -> Responder:
        # The SDK's way to MCP servers, and another HTTP client for OpenAI's: a fifth of the memory, for what most never use.
        with (
            models_built_when_used(),
            loaded_when_used("agents.mcp"),
            not_installed("openai._vendor.httpx_aiohttp"),
        ):
            from chatkit.server import ChatKitServer

            from chatkit_host.agent.chatkit_server import ServerResponder
            from chatkit_host.agent.models.routing import ModelOptions, Models
            from chatkit_host.agent.responder import AgentOptions, AgentResponder
            from chatkit_host.agent.todo_assistant import todo_agent
        build(OF_EVERY_TURN)

        if isinstance(self._target, ChatKitServer):
            return ServerResponder(self._target)
        settings = self._settings
        return AgentResponder(
            self._target or todo_agent(self._todo),
            Models(model_options(settings, ModelOptions)),
            utc_now,
            AgentOptions(
                offered_models=settings.models,
                max_turns=settings.max_turns,
                history_items=settings.history_items,
                history_tokens=settings.history_tokens,
                show_reasoning=settings.show_reasoning,
                tracing=settings.tracing,
            ),
            self._mcp_servers(),
        )

    def _mcp_servers(self) -> "Sequence[MCPServer]":
        if not self._settings.mcp_servers:
            return ()
        with models_built_when_used():
            from chatkit_host.agent.mcp_tools import servers_at
        return servers_at(self._settings.mcp_servers, seconds=self._settings.mcp_seconds)
