"""Wires the rooms of the house together. The only place that knows all of them."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from chatkit_host.api.body import BodyLimits
from chatkit_host.api.chatkit import chatkit_router
from chatkit_host.api.edge import Edge
from chatkit_host.api.errors import add_error_handlers
from chatkit_host.api.health import health_router
from chatkit_host.api.host import Host, MakeContext
from chatkit_host.api.local_only import LocalOnly
from chatkit_host.api.page import page_router
from chatkit_host.api.turns import turns_router
from chatkit_host.auth.authenticator import authenticator
from chatkit_host.auth.tokens import TokenRules
from chatkit_host.clock import utc_now
from chatkit_host.engine.log import LogLimits
from chatkit_host.engine.responder import Responder
from chatkit_host.engine.turns import TurnLimits, Turns
from chatkit_host.errors import DatabaseUnavailable, Unavailable
from chatkit_host.ids import new_id
from chatkit_host.settings import Settings, read_settings
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.migrate import current_revision_matches, migrate
from chatkit_host.store.tasks import DatabaseTasks
from chatkit_host.todo.service import TodoService

if TYPE_CHECKING:
    from agents import Agent
    from chatkit.server import ChatKitServer

_log = logging.getLogger(__name__)

TARGET_VARIABLE = "CHATKIT_HOST_TARGET"
_EXPOSED_HEADERS = ("ChatKit-Turn", "ChatKit-Extensions", "X-Request-ID", "Retry-After", "WWW-Authenticate")


class NotMigrated(Unavailable):
    """The database has no tables of this release yet. Run `chatkit-host migrate`."""

    code = "not_migrated"


def create_app(
    target: "Agent[Any] | ChatKitServer[Any] | None" = None,
    *,
    settings: Settings | None = None,
    make_context: MakeContext | None = None,
) -> FastAPI:
    """The ASGI application: answers with an agent, with a ChatKitServer, or with the Todo assistant.

    `make_context` turns our `RequestContext` into the context that a ChatKitServer expects. To mount the application into
    another one, run its lifespan there: `lifespan=app.router.lifespan_context`.
    """
    return _Wiring(target, settings or read_settings(), make_context).app()


def from_environment() -> FastAPI:
    """For server processes that are started by name: the target is in the environment."""
    named = os.environ.get(TARGET_VARIABLE)
    if not named:
        return create_app()
    from chatkit_host.agent.loading import load_target

    return create_app(load_target(named))


class _Wiring:
    def __init__(self, target: Any, settings: Settings, make_context: MakeContext | None) -> None:
        self.settings = settings
        self.target = target
        self.make_context = make_context or (lambda context: context)
        self.database = self._database()
        self.conversations = DatabaseConversations(self.database)
        self._loading: asyncio.Task[Responder] | None = None
        self.rules = token_rules(settings)
        self.authenticator = authenticator(self.rules)
        self.turns = Turns(
            self.conversations,
            worker=f"{socket.gethostname()}:{os.getpid()}:{new_id('request')[-8:]}",
            clock=utc_now,
            limits=TurnLimits(
                seconds=settings.turn_seconds,
                lease_seconds=settings.lease_seconds,
                heartbeat_seconds=settings.heartbeat_seconds,
                log=LogLimits(flush_seconds=settings.flush_seconds),
            ),
        )

    def app(self) -> FastAPI:
        host = Host(
            authenticator=self.authenticator,
            responder=self.responder,
            turns=self.turns,
            conversations=self._conversations_of,
            clock=utc_now,
            limits=BodyLimits(body_bytes=self.settings.max_body_bytes),
            make_context=self.make_context,
        )
        app = FastAPI(
            title="chatkit-host",
            lifespan=self._lifespan,
            middleware=self._middleware(),
            redirect_slashes=False,
            docs_url=None,  # these pages load scripts from elsewhere
            redoc_url=None,
        )
        app.include_router(chatkit_router(host))
        app.include_router(turns_router(host))
        app.include_router(health_router(self._ready))
        app.include_router(page_router())
        add_error_handlers(app)
        app.state.drain = lambda: self.turns.drain(self.settings.drain_seconds)
        return app

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        try:
            await self._open_database()
            await self.turns.open()
            self._start_loading()
            yield
        finally:
            await self.turns.close()
            if self._loading is not None:
                await (await self._loading).close()
            await self.authenticator.close()
            await self.database.close()

    async def responder(self) -> Responder:
        return await asyncio.shield(self._start_loading())

    def _start_loading(self) -> "asyncio.Task[Responder]":
        """The model side takes a second to import; meanwhile the server listens."""
        if self._loading is None:
            self._loading = asyncio.get_running_loop().create_task(self._load_responder(), name="load responder")
        return self._loading

    async def _load_responder(self) -> Responder:
        responder = await asyncio.to_thread(self._responder)
        await responder.open()
        return responder

    async def _open_database(self) -> None:
        """SQLite is ours to bring up to date; a shared database is the operator's. One that is away may come back."""
        try:
            if self.database.address.is_sqlite:
                await migrate(self.database.address)
            elif not await current_revision_matches(self.database):
                raise NotMigrated
        except DatabaseUnavailable:
            _log.warning("the database cannot be reached yet")

    async def _ready(self) -> None:
        if self.turns.is_draining:
            raise Unavailable("The server is about to stop.")
        if not await current_revision_matches(self.database):
            raise NotMigrated

    def _middleware(self) -> list[Middleware]:
        origins = self.settings.cors_origins
        layers = [
            Middleware(
                CORSMiddleware,
                allow_origins=origins,
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["*"],
                expose_headers=_EXPOSED_HEADERS,
            ),
            Middleware(Edge),
        ]
        if self.rules is None:
            layers.append(Middleware(LocalOnly, origins=origins))
        return layers

    def _database(self) -> Database:
        store = getattr(self.target, "store", None)
        return getattr(store, "database", None) or Database.open(self.settings.database_url.get_secret_value())

    def _conversations_of(self, context: Any) -> Any:
        """A ChatKitServer with a store of its own keeps its conversations there."""
        store = getattr(self.target, "store", None)
        if store is None or getattr(store, "database", None) is self.database:
            return self.conversations
        from chatkit_host.store.foreign import ForeignConversations

        return ForeignConversations(store, self.conversations, context)

    def _responder(self) -> Responder:
        from chatkit.server import ChatKitServer

        from chatkit_host.agent.chatkit_server import ServerResponder
        from chatkit_host.agent.mcp_tools import servers_at
        from chatkit_host.agent.models.routing import ModelOptions, Models
        from chatkit_host.agent.responder import AgentOptions, AgentResponder
        from chatkit_host.agent.todo_assistant import todo_agent

        if isinstance(self.target, ChatKitServer):
            return ServerResponder(self.target)
        settings = self.settings
        return AgentResponder(
            self.target or todo_agent(TodoService(DatabaseTasks(self.database), utc_now)),
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
            servers_at(settings.mcp_servers, seconds=settings.mcp_seconds),
        )


def model_options(settings: Settings, options: Any) -> Any:
    def revealed(secret: Any) -> str | None:
        return secret.get_secret_value() if secret is not None else None

    return options(
        name=settings.model,
        base_url=settings.model_base_url,
        api_key=revealed(settings.model_api_key),
        openai_api_key=revealed(settings.openai_api_key),
        google_api_key=revealed(settings.google_api_key),
        first_token_seconds=settings.first_token_seconds,
        idle_seconds=settings.idle_seconds,
        offline_word_seconds=settings.offline_word_seconds,
    )


def token_rules(settings: Settings) -> TokenRules | None:
    """None when no authentication is configured. `ConfigurationError` when what is configured protects nobody."""
    if settings.jwt_secret is None and settings.jwt_jwks_url is None:
        return None
    return TokenRules(
        secret=settings.jwt_secret.get_secret_value() if settings.jwt_secret is not None else None,
        jwks_url=settings.jwt_jwks_url,
        issuers=settings.jwt_issuer,
        audiences=settings.jwt_audience,
    )
