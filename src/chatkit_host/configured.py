"""The settings in the words of each room: tokens, turns, models, MCP."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chatkit_host.auth.local import LOCAL_USER, is_loopback
from chatkit_host.engine.limits import TurnLimits
from chatkit_host.engine.log import LogLimits
from chatkit_host.engine.ports import Quota
from chatkit_host.settings import Settings

if TYPE_CHECKING:
    from chatkit_host.auth.tokens import TokenRules
    from chatkit_host.todo.mcp_server import Identify, McpAccess

MCP_PATH = "/api/mcp"


def model_options(settings: Settings, options: Any) -> Any:
    def revealed(secret: Any) -> str | None:
        return secret.get_secret_value() if secret is not None else None

    return options(
        name=settings.model,
        fallback=settings.fallback_model,
        base_url=settings.model_base_url,
        api_key=revealed(settings.model_api_key),
        openai_api_key=revealed(settings.openai_api_key),
        google_api_key=revealed(settings.google_api_key),
        first_token_seconds=settings.first_token_seconds,
        idle_seconds=settings.idle_seconds,
        offline_word_seconds=settings.offline_word_seconds,
    )


def token_rules(settings: Settings) -> "TokenRules | None":
    """None when no authentication is configured. `ConfigurationError` when what is configured protects nobody."""
    if not settings.has_authentication:
        return None
    from chatkit_host.auth.tokens import TokenRules

    jwks_urls = _pairs(settings.jwt_jwks_urls)
    return TokenRules(
        secret=settings.jwt_secret.get_secret_value() if settings.jwt_secret is not None else None,
        jwks_url=settings.jwt_jwks_url,
        jwks_urls=jwks_urls,
        issuers=settings.jwt_issuer or tuple(jwks_urls),
        audiences=settings.jwt_audience,
        other_audiences=(settings.mcp_audience,),
        tenant_claim=settings.jwt_tenant_claim,
        leeway=timedelta(seconds=settings.jwt_leeway_seconds),
        max_lifetime=timedelta(days=settings.jwt_max_lifetime_days),
    )


def _pairs(pairs: tuple[str, ...]) -> Mapping[str, str]:
    return {issuer: address for issuer, _, address in (pair.partition("=") for pair in pairs)}


def turn_limits(settings: Settings) -> TurnLimits:
    quota = Quota(messages_per_minute=settings.messages_per_minute, concurrent_turns=settings.concurrent_turns)
    return TurnLimits(
        seconds=settings.turn_seconds,
        lease_seconds=settings.lease_seconds,
        heartbeat_seconds=settings.heartbeat_seconds,
        replay_seconds=settings.replay_seconds,
        log=LogLimits(flush_seconds=settings.flush_seconds),
        quota=quota if settings.has_authentication else None,
    )


def mcp_is_offered(settings: Settings) -> bool:
    """Without a name that it is reached by, a server that other machines reach cannot tell its callers from rebound ones."""
    return settings.public_url is not None or is_loopback(settings.host)


def mcp_metadata_path(settings: Settings) -> str | None:
    return f"/.well-known/oauth-protected-resource{MCP_PATH}" if settings.public_url and _issuer(settings) else None


def _issuer(settings: Settings) -> str | None:
    """Whoever gives tokens out for this server, when that is an address."""
    issuers = settings.jwt_issuer or tuple(_pairs(settings.jwt_jwks_urls))
    return issuers[0] if issuers and issuers[0].startswith(("https://", "http://")) else None


def mcp_access(settings: Settings, identify: "Identify | None") -> "McpAccess":
    from chatkit_host.todo.mcp_server import McpAccess

    hosts, origins = [], [*settings.cors_origins]
    if is_loopback(settings.host):
        names = ("localhost", "127.0.0.1", "[::1]")
        hosts += [*names, *(f"{name}:*" for name in names)]
        origins += [f"http://{name}" for name in names] + [f"http://{name}:*" for name in names]
    if settings.public_url is not None:
        hosts.append(settings.public_url.partition("://")[2])
        origins.append(settings.public_url)
    return McpAccess(
        identify=identify,
        everyone=LOCAL_USER.owner,
        hosts=hosts,
        origins=origins,
        public_url=settings.public_url,
        issuer=_issuer(settings),
    )
