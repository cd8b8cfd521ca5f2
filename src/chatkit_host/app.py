"""Wires the rooms of the house together. The only place that knows all of them."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from chatkit_host.api import versions
from chatkit_host.api.body import BodyLimits
from chatkit_host.api.callers import AuthFailures, require
from chatkit_host.api.chat import chat_router
from chatkit_host.api.chatkit import chatkit_router
from chatkit_host.api.conversations import conversations_router
from chatkit_host.api.description import describe
from chatkit_host.api.edge import Edge
from chatkit_host.api.errors import add_error_handlers
from chatkit_host.api.health import health_router
from chatkit_host.api.host import Host, MakeContext
from chatkit_host.api.lean_route import Endpoint, LeanPosts, posts_of
from chatkit_host.api.local_only import LocalOnly
from chatkit_host.api.mcp import McpServer, McpSurface
from chatkit_host.api.metrics import Metrics, OpenStreams, metrics_router
from chatkit_host.api.page import page_router
from chatkit_host.api.simple import simple_dialect
from chatkit_host.api.sse import Tails
from chatkit_host.api.tasks import tasks_router
from chatkit_host.api.turns import turns_router
from chatkit_host.auth.authenticator import authenticators
from chatkit_host.auth.identity import subject_of
from chatkit_host.clock import utc_now
from chatkit_host.configured import MCP_PATH, mcp_access, mcp_is_offered, mcp_metadata_path, token_rules, turn_limits
from chatkit_host.engine.conversation_lists import ConversationLists
from chatkit_host.engine.openings import Asking
from chatkit_host.engine.report import TurnReport, log_report
from chatkit_host.engine.responder import RequestContext, Responder
from chatkit_host.engine.turns import Turns
from chatkit_host.engine.wakeups import Wakeups
from chatkit_host.engine.worker import worker_name
from chatkit_host.errors import DatabaseUnavailable, Unauthorized, Unavailable
from chatkit_host.ids import Owner
from chatkit_host.lean_imports import models_built_when_used, not_installed
from chatkit_host.model_side import ModelSide
from chatkit_host.settings import Settings, read_settings
from chatkit_host.store.address import parse_address
from chatkit_host.store.api_keys import DatabaseApiKeys
from chatkit_host.store.conversation_lists import DatabaseConversationLists, ForeignConversationLists
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.migrate import current_revision_matches, migrate
from chatkit_host.store.tasks import DatabaseTasks
from chatkit_host.todo.service import TodoService

if TYPE_CHECKING:
    from agents import Agent
    from chatkit.server import ChatKitServer

    from chatkit_host.store.line import PostgresLine


_log = logging.getLogger(__name__)

TARGET_VARIABLE = "CHATKIT_HOST_TARGET"
_EXPOSED_HEADERS = (
    "ChatKit-Turn",
    "ChatKit-Thread",
    "ChatKit-Running-Turn",
    "ChatKit-Extensions",
    "X-Request-ID",
    "Retry-After",
    "WWW-Authenticate",
)


class NotMigrated(Unavailable):
    """The database has no tables of this release yet. Run `chatkit-host migrate`."""

    code = "not_migrated"


class NotStarted(Unavailable):
    """The application is mounted into another one, which must run its lifespan: `lifespan=app.router.lifespan_context`."""

    code = "not_started"


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
    with not_installed("pydantic.v1"):  # which FastAPI would load to ask whether models of ours are of it
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
        self.has_own_context = make_context is not None
        self.make_context = make_context or (lambda context: context)
        self.database = self._database()
        self.conversations = DatabaseConversations(self.database)
        self.todo = TodoService(DatabaseTasks(self.database), utc_now)
        self.model_side = ModelSide(target, settings, self.todo)
        self._is_started = False
        self.rules = token_rules(settings)
        self.authenticator, self.mcp_authenticator = authenticators(
            self.rules, utc_now, DatabaseApiKeys(self.database), mcp_audience=settings.mcp_audience
        )
        self.failures = AuthFailures()
        self.metrics = Metrics()
        self.mcp = McpSurface(self._load_mcp, self.failures)
        self.lean_posts: dict[str, Endpoint] = {}
        self.turns = Turns(
            self.conversations,
            worker=worker_name(),
            clock=utc_now,
            limits=turn_limits(settings),
            wakeups=Wakeups(self._line()),
            on_end=self._turn_ended,
            for_another=self._for_another if self._can_go_on_for_another() else None,
        )

    def app(self) -> FastAPI:
        host = Host(
            authenticator=self.authenticator,
            responder=self.responder,
            turns=self.turns,
            conversations=self._conversations_of,
            lists=self._lists_of,
            clock=utc_now,
            limits=BodyLimits(body_bytes=self.settings.max_body_bytes),
            when_busy=self.settings.when_busy,
            keeps_turns=self.settings.on_disconnect == "continue",
            make_context=self.make_context,
            failures=self.failures,
        )
        app = FastAPI(
            title="chatkit-host",
            lifespan=self._lifespan,
            middleware=self._middleware(),
            redirect_slashes=False,
            docs_url=None,  # these pages load scripts from elsewhere
            redoc_url=None,
        )
        chatkit, chat = chatkit_router(host, simple_dialect(host)), chat_router(host, self.model_side.is_configured)
        self.lean_posts |= posts_of(chatkit, chat)
        app.include_router(chatkit)
        app.include_router(chat)
        app.include_router(turns_router(host))
        app.include_router(conversations_router(host))
        app.include_router(tasks_router(host, self.todo))
        app.include_router(health_router(self._ready))
        app.include_router(page_router(has_tasks=self.target is None))
        if mcp_is_offered(self.settings):
            app.router.routes.extend(self.mcp.routes(MCP_PATH, mcp_metadata_path(self.settings)))
        else:
            _log.warning("%s is not offered: set CHATKIT_HOST_PUBLIC_URL to where the server is reached", MCP_PATH)
        if self.settings.metrics:
            app.include_router(metrics_router(self.metrics, self._gauges))
        add_error_handlers(app, self.metrics.request_failed)
        describe(app)
        app.state.drain = lambda: self.turns.drain(self.settings.drain_seconds)
        app.state.drain_seconds = self.settings.drain_seconds
        return app

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        self._is_started = True
        try:
            await self._open_database()
            await self.turns.open()
            self.model_side.start()
            if mcp_is_offered(self.settings):
                self.mcp.open()
            yield
        finally:
            await self.mcp.close()
            await self.turns.close()
            await self.model_side.close()
            await self.authenticator.close()
            await self.database.close()

    def _turn_ended(self, report: TurnReport) -> None:
        log_report(report, with_words=self.settings.log_content)
        self.metrics.turn_ended(report)

    def _gauges(self) -> dict[str, float]:
        connections = self.database.connections()
        return {
            "running_turns": self.turns.count,
            "database_connections_in_use": connections.in_use,
            "database_connections_idle": connections.idle,
        }

    def _can_go_on_for_another(self) -> bool:
        """User code may need the request that started a turn; ours does not."""
        from_a_request = hasattr(self.target, "respond") or self.has_own_context
        return self.settings.restart_turns and not from_a_request

    async def _for_another(self, owner: Owner) -> Asking:
        issuers = self.rules.issuers if self.rules is not None else ()
        context = RequestContext(owner=owner, user_id=subject_of(owner, issuers))
        return Asking(
            owner=owner,
            context=context,
            store=self.conversations,
            responder=await self.responder(),
            now=utc_now(),
        )

    async def responder(self) -> Responder:
        if not self._is_started:
            raise NotStarted
        return await self.model_side.responder()

    async def _load_mcp(self) -> McpServer:
        await asyncio.wait({self.model_side.start()})  # one library after the other
        return await asyncio.to_thread(self._mcp_server)

    def _mcp_server(self) -> McpServer:
        with models_built_when_used():
            from chatkit_host.todo.mcp_server import TodoMcpServer

        identify = self._owner_for_mcp if self.rules is not None else None
        return TodoMcpServer(
            self.todo,
            mcp_access(self.settings, identify),
            path=MCP_PATH,
            version=version("chatkit-host"),
            body_bytes=self.settings.max_body_bytes,
        )

    async def _owner_for_mcp(self, token: str) -> Owner | None:
        try:
            user = await self.mcp_authenticator.authenticate(f"Bearer {token}")
        except Unauthorized:
            return None
        require(user, "mcp", only_looks=False)
        return user.owner

    async def _open_database(self) -> None:
        """SQLite is ours to bring up to date; a shared database is the operator's. One that is away may come back."""
        try:
            if self.database.address.is_sqlite:
                await migrate(self.database.address)
            elif not await current_revision_matches(self.database):
                _log.error(NotMigrated().message)
                raise NotMigrated
        except DatabaseUnavailable:
            _log.warning("the database cannot be reached yet")

    async def _ready(self) -> None:
        if self.turns.is_draining:
            raise Unavailable("The server is about to stop.")
        if self.model_side.has_failed:
            raise Unavailable("The model side could not be loaded. The log says why.")
        if not await current_revision_matches(self.database):
            raise NotMigrated

    def _middleware(self) -> list[Middleware]:
        origins = self.settings.cors_origins
        layers = [
            Middleware(Tails),
            Middleware(
                CORSMiddleware,
                allow_origins=origins,
                allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["*"],
                expose_headers=_EXPOSED_HEADERS,
            ),
            Middleware(Edge, further_extensions=() if self._is_store_theirs() else versions.EXTENSIONS),
        ]
        if self.settings.metrics:
            layers.insert(0, Middleware(OpenStreams, metrics=self.metrics))  # outside `Tails`, which sends them
        if self.rules is None:
            layers.append(Middleware(LocalOnly, origins=origins))
        return [*layers, Middleware(LeanPosts, posts=self.lean_posts, failed=self.metrics.request_failed)]

    def _database(self) -> Database:
        store = getattr(self.target, "store", None)
        return getattr(store, "database", None) or Database.open(self.settings.database_url.get_secret_value())

    def _line(self) -> "PostgresLine | None":
        if self.database.address.is_sqlite:
            return None
        from chatkit_host.store.line import PostgresLine

        direct = self.settings.database_direct_url
        return PostgresLine(self.database.address if direct is None else parse_address(direct.get_secret_value()))

    def _is_store_theirs(self) -> bool:
        store = getattr(self.target, "store", None)
        return store is not None and getattr(store, "database", None) is not self.database

    def _conversations_of(self, context: Any) -> Any:
        """A ChatKitServer with a store of its own keeps its conversations there."""
        if not self._is_store_theirs():
            return self.conversations
        from chatkit_host.store.foreign import ForeignConversations

        return ForeignConversations(getattr(self.target, "store"), self.conversations, context)  # noqa: B009

    def _lists_of(self, context: Any) -> ConversationLists:
        conversations = self._conversations_of(context)
        if conversations is self.conversations:
            return DatabaseConversationLists(self.database)
        return ForeignConversationLists(getattr(self.target, "store"), conversations, context)  # noqa: B009
