"""Looks at everything that has to be right before the first message, and says what to do about what is not."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chatkit_host.auth.configuration import ConfigurationError
from chatkit_host.auth.local import refuse_open_bind
from chatkit_host.configured import MCP_PATH, mcp_is_offered, model_options, token_rules
from chatkit_host.errors import DatabaseUnavailable, HostError
from chatkit_host.settings import Settings
from chatkit_host.store.address import AddressError
from chatkit_host.store.database import Database
from chatkit_host.store.migrate import current_revision_matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    subject: str
    ok: bool
    words: str


async def examine(settings: Settings, target: str | None) -> list[Finding]:
    checks: list[tuple[str, Callable[[], Awaitable[str]]]] = [
        ("authentication", lambda: _authentication(settings)),
        ("MCP", lambda: _mcp(settings)),
        ("database", lambda: _database(settings)),
        ("agent", lambda: _agent(target)),
        ("model", lambda: _model(settings)),
    ]
    checks += [(f"MCP server {url}", lambda url=url: _mcp_server(url, settings)) for url in settings.mcp_servers]
    return [await _finding(subject, check) for subject, check in checks]


async def _finding(subject: str, check: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(subject=subject, ok=True, words=await check())
    except HostError as error:
        return Finding(subject=subject, ok=False, words=error.message)
    except (ConfigurationError, AddressError) as error:
        return Finding(subject=subject, ok=False, words=str(error))


async def _authentication(settings: Settings) -> str:
    if token_rules(settings) is not None:
        return "access tokens are required" + ("" if settings.jwt_audience else "; consider setting JWT_AUDIENCE")
    if refusal := refuse_open_bind(settings.host, False):
        raise ConfigurationError(f"{refusal} (JWT_SECRET, JWT_JWKS_URL, HOST)")
    return "none: everyone on this machine is the user 'local'"


async def _mcp(settings: Settings) -> str:
    if mcp_is_offered(settings):
        with_what = (
            "with tokens of `chatkit-host token USER --mcp`" if settings.has_authentication else "to this machine"
        )
        return f"{MCP_PATH} is offered {with_what}"
    return f"{MCP_PATH} is not offered; set CHATKIT_HOST_PUBLIC_URL to where the server is reached"


async def _database(settings: Settings) -> str:
    database = Database.open(settings.database_url.get_secret_value())
    try:
        if await current_revision_matches(database):
            return "reachable and up to date"
        if database.address.is_sqlite:
            return "will be made at the first start"
        raise DatabaseUnavailable("It has no tables of this release yet. Run `chatkit-host migrate`.")
    finally:
        await database.close()


async def _agent(target: str | None) -> str:
    if target is None:
        return "the Todo assistant"
    from chatkit_host.agent.loading import load_target

    try:
        return f"{type(load_target(target)).__name__} loaded"
    except HostError:
        raise
    except Exception as error:
        raise HostError(f"{target} cannot be loaded: {type(error).__name__}. `serve` shows where.") from error


async def _model(settings: Settings) -> str:
    from chatkit_host.agent.models.routing import ModelOptions, Models

    models = Models(model_options(settings, ModelOptions))
    try:
        if problems := models.check():
            raise HostError(" ".join(problems))
        await models.probe()
        return f"{settings.model} answers"
    finally:
        await models.close()


async def _mcp_server(url: str, settings: Settings) -> str:
    from chatkit_host.agent.mcp_tools import tool_names

    names = await tool_names(url, seconds=settings.mcp_seconds)
    return f"offers {len(names)} tools"
