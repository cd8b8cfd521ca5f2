"""Every setting, its environment name and its default. Read by the application's wiring and the command line alone."""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "CHATKIT_HOST_"


class SettingsError(Exception):
    """A setting has a value that cannot be used; the message names it and never holds the value."""


class Settings(BaseSettings):
    """From the environment, else from a file `.env` in the working directory. Lists are separated by commas."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    database_url: SecretStr = Field(SecretStr("sqlite:///chatkit-host.db"), validation_alias="DATABASE_URL")
    """Where conversations are kept: `sqlite:///file.db` or `postgresql://...`, also as Neon, Supabase, RDS and Heroku write it."""

    model: str = "offline"
    """The model: `offline`, `openai/...`, `gemini/...`, `ollama/...`, `litellm/...`, or any name with a base URL."""
    fallback_model: str | None = None
    """The model that is asked when the other one cannot begin to answer."""
    model_base_url: str | None = None
    """An OpenAI-compatible endpoint, such as `http://localhost:1234/v1`."""
    model_api_key: SecretStr | None = None
    """The key of that endpoint."""
    openai_api_key: SecretStr | None = Field(None, validation_alias="OPENAI_API_KEY")
    """For models `openai/...`."""
    google_api_key: SecretStr | None = Field(None, validation_alias=AliasChoices("GOOGLE_API_KEY", "GEMINI_API_KEY"))
    """For models `gemini/...`."""
    models: Annotated[tuple[str, ...], NoDecode] = ()
    """Models that a client may choose by name; others are refused."""
    max_turns: int = Field(10, ge=1, le=100)
    """How many times the model may be asked in one answer (each round of tool calls asks it once more)."""
    history_items: int = Field(200, ge=1, le=2000)
    """How many items of a conversation the model may see."""
    history_tokens: int = Field(32_000, ge=500)
    """About how many tokens of a conversation the model may see; older turns are left out whole."""
    show_reasoning: bool = True
    """Whether a model's thinking is shown to the user."""
    first_token_seconds: float = Field(60.0, gt=0)
    """How long a model may take to begin."""
    idle_seconds: float = Field(30.0, gt=0)
    """How long a model may pause. Keep-alive comments do not count as an answer."""
    turn_seconds: float = Field(600.0, gt=0)
    """How long an answer may take in all."""
    offline_word_seconds: float = Field(0.02, ge=0)
    """How long the offline model takes for a word."""
    mcp_servers: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses of MCP servers (Streamable HTTP) whose tools the assistant may use."""
    mcp_seconds: float = Field(30.0, gt=0)
    """How long a call of such a tool may take."""
    tracing: bool = False
    """Whether the Agents SDK exports traces to OpenAI."""

    jwt_secret: SecretStr | None = Field(None, validation_alias=AliasChoices("JWT_SECRET", "BETTER_AUTH_SECRET"))
    """Shared secret of HS256 tokens, at least 32 bytes."""
    jwt_jwks_url: str | None = Field(None, validation_alias="JWT_JWKS_URL")
    """Where the keys of RS, PS, ES or EdDSA tokens are published."""
    jwt_issuer: Annotated[tuple[str, ...], NoDecode] = Field((), validation_alias="JWT_ISSUER")
    """Who must have issued a token (`iss`)."""
    jwt_audience: Annotated[tuple[str, ...], NoDecode] = Field((), validation_alias="JWT_AUDIENCE")
    """For whom a token must be (`aud`)."""
    jwt_jwks_urls: Annotated[tuple[str, ...], NoDecode] = ()
    """Several issuers with keys of their own, as `issuer=address` pairs, instead of `JWT_JWKS_URL`; the first one's users come first."""
    jwt_tenant_claim: str | None = None
    """The claim that names a user's tenant. Then a token without it is refused, and tenants share nothing."""
    jwt_max_lifetime_days: float = Field(30.0, gt=0)
    """The longest that a token may live."""
    jwt_leeway_seconds: float = Field(30.0, ge=0, le=300)
    """How far clocks may differ."""
    mcp_audience: str = Field("chatkit-host-mcp", min_length=1)
    """For whom a token must be that is used at `/api/mcp`; those for the chat are refused there, and these in the chat."""
    public_url: str | None = None
    """Where the server is reached from outside, such as `https://chat.example.com`; `/api/mcp` is offered there and nowhere else."""
    messages_per_minute: int = Field(20, ge=0, le=60_000)
    """How many messages a user may send in a minute, or at once; 0 for no limit. Without authentication there is none."""
    concurrent_turns: int = Field(4, ge=0, le=1000)
    """How many answers may be written for a user at once; 0 for no limit. Without authentication there is none."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field((), validation_alias="CORS_ORIGINS")
    """Web pages that may call this server from a browser, such as `https://app.example.com`."""

    host: str = Field("127.0.0.1", validation_alias="HOST")
    """Where to listen. Anything but loopback needs authentication."""
    port: int = Field(8000, ge=0, le=65535, validation_alias="PORT")
    """0 takes a free one."""
    workers: int = Field(1, ge=1, le=64)
    """Server processes."""
    log_level: str = Field("INFO", validation_alias="LOG_LEVEL")
    """`DEBUG`, `INFO`, `WARNING` or `ERROR`."""
    log_format: str = Field("auto", pattern="^(auto|json|text)$")
    """`json`, `text`, or `auto`: text on a terminal."""
    log_content: bool = False
    """Whether the log holds what users and the assistant say."""
    metrics: bool = False
    """Whether `/metrics` tells numbers (no names, no texts) to whoever can reach it, for Prometheus."""

    when_busy: Literal["reject", "queue", "interrupt"] = "reject"
    """What becomes of a message to a thread that is being answered; a request may say otherwise with `ChatKit-When-Busy`."""
    on_disconnect: Literal["stop", "continue"] = "stop"
    """Whether an answer goes on when a client leaves that has not said, with `ChatKit-Resume: 1`, that it comes back."""

    restart_turns: bool = True
    """Whether an answer whose server died goes on elsewhere, or after a restart, where nothing would be done twice."""

    replay_seconds: float = Field(86_400.0, ge=3600)
    """How long after its end an answer can be read again event by event; its thread keeps all that was said."""
    database_direct_url: SecretStr | None = None
    """The PostgreSQL server itself, where `DATABASE_URL` is a pooler's, which cannot LISTEN; else other workers' readers poll."""

    max_body_bytes: int = Field(1_048_576, ge=1024)
    """The largest request."""
    lease_seconds: float = Field(15.0, ge=1)
    """After how long without a sign of life a worker's turns are ended by another."""
    heartbeat_seconds: float = Field(15.0, gt=0)
    """How often a silent stream shows that it is alive."""
    flush_seconds: float = Field(0.1, gt=0)
    """How far shown text may be ahead of the database."""
    drain_seconds: float = Field(25.0, ge=0)
    """How long running answers may go on when the server is told to stop."""

    @property
    def has_authentication(self) -> bool:
        return self.jwt_secret is not None or self.jwt_jwks_url is not None or bool(self.jwt_jwks_urls)

    @field_validator(
        "models", "mcp_servers", "jwt_issuer", "jwt_audience", "jwt_jwks_urls", "cors_origins", mode="before"
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("jwt_jwks_urls")
    @classmethod
    def _pairs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        issuers = [issuer for issuer, _, address in (pair.partition("=") for pair in value) if issuer and address]
        if len(issuers) != len(value) or len(set(issuers)) != len(issuers):
            raise ValueError(
                "must be pairs such as https://one.example=https://one.example/jwks.json, one for each issuer"
            )
        return value

    @field_validator("public_url")
    @classmethod
    def _without_a_path(cls, value: str | None) -> str | None:
        if value is None:
            return None
        scheme, _, rest = value.rstrip("/").partition("://")
        if scheme not in ("http", "https") or not rest or any(char in rest for char in "/?#@* "):
            raise ValueError("must be an address such as https://chat.example.com, without a path")
        return value.rstrip("/")

    @field_validator("cors_origins")
    @classmethod
    def _exact_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            scheme, _, rest = origin.partition("://")
            if scheme not in ("http", "https") or not rest or "/" in rest or "*" in rest:
                raise ValueError("must be exact origins such as https://app.example.com, without a path or wildcard")
        return value


def environment_name(name: str) -> str:
    """The name by which a setting is set."""
    alias = Settings.model_fields[name].validation_alias
    match alias:
        case str():
            return alias
        case AliasChoices():
            return str(alias.choices[0])
        case _:
            return PREFIX + name.upper()


def read_settings(**given: Any) -> Settings:
    """`given` values win over the environment. `SettingsError` names what is wrong."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problems = [
            f"{_named(problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}" for problem in error.errors()
        ]
        raise SettingsError("; ".join(problems)) from None


def _named(place: tuple[int | str, ...]) -> str:
    first = str(place[0]) if place else "settings"
    return environment_name(first) if first in Settings.model_fields else first
