"""Who is measured: what starts each server, and how a client talks to it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import jwt

from benchmarks.load import Protocol
from benchmarks.processes import SECRET, SERVER_CORE, Process, running

_USERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    name: str
    protocol: Protocol = "chatkit"
    tokens: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of ours, by their environment names; an empty one takes a default of the benchmark away."""
    is_ours: bool = False
    arguments: tuple[str, ...] = ()
    port: int = 0
    core: int | None = SERVER_CORE

    @contextmanager
    def serving(self, model: Process, **settings: str) -> Iterator[Process]:
        if self.name == "direct":
            yield model
            return
        if not self.is_ours:
            with running(["-m", "benchmarks.peers", self.name, f"{model.url}/v1", "as-told"]) as process:
                yield process
            return
        environment = {
            "CHATKIT_HOST_MODEL": "as-told",
            "CHATKIT_HOST_MODEL_BASE_URL": f"{model.url}/v1",
            "CHATKIT_HOST_MODEL_API_KEY": "none",
            **OUR_DEFAULTS,
            **self.settings,
            **settings,
        }
        environment = {name: value for name, value in environment.items() if value}
        arguments = ["-m", "chatkit_host", "serve", *self.arguments, "--port", str(self.port)]
        with running(arguments, environment=environment, core=self.core) as process:
            yield process


def _tokens() -> tuple[str, ...]:
    now = datetime.now(UTC)
    return tuple(
        jwt.encode({"sub": f"user-{number}", "iat": now, "exp": now + timedelta(hours=12)}, SECRET, "HS256")
        for number in range(_USERS)
    )


OUR_DEFAULTS = {
    "JWT_SECRET": SECRET,
    # They are checked, and met by nobody.
    "CHATKIT_HOST_MESSAGES_PER_MINUTE": "60000",
    "CHATKIT_HOST_CONCURRENT_TURNS": "1000",
}
TOKENS = _tokens()
DIRECT = Contestant(name="direct", protocol="model")
"""The model server itself: what the clients and the model cost."""
LIMIT = Contestant(name="limit")
OFFICIAL_RESPONSES = Contestant(name="official_responses")
OFFICIAL_CHAT = Contestant(name="official_chat")
OFFICIAL_LITELLM = Contestant(name="official_litellm")
EXAMPLE_0 = Contestant(name="example_0", protocol="chat")
EXAMPLE_1 = Contestant(name="example_1", protocol="example_1", tokens=TOKENS)


def ours(name: str = "chatkit_host", protocol: Protocol = "chatkit", **settings: str) -> Contestant:
    return Contestant(name=name, protocol=protocol, tokens=TOKENS, settings=settings, is_ours=True)
