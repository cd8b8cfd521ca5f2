"""Servers of ours, each a process that is started when the first test asks for it: the scripted ChatKitServer by kind and
store, and the Todo assistant by the way to its model.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Generic, TypeVar

import pytest
import support
from support import scripted_server
from support.chat import Chat
from support.model_server import FAULTS, ModelServer
from support.scripted_server import ServerName, StoreName
from support.server import Server, serving

from chatkit_host.auth.mint import mint_token

SECRET = "Zk3vQ9rT1xB7mW5pL8dF2hJ6nC4sG0yA"

TESTS = str(Path(support.__path__[0]).parent)

Start = Callable[[ServerName, StoreName], Server]


Launch = tuple[Path, tuple[str, ...], dict[str, str]]
"""Working directory, arguments and settings."""
Name = TypeVar("Name", bound=Hashable)


class Servers(ExitStack, Generic[Name]):
    """Started together when the first of them is asked for: a start takes two seconds, most of them waiting for imports."""

    def __init__(self, settings: Mapping[Name, Launch]) -> None:
        super().__init__()
        self._settings = settings
        self._starting: dict[Name, Future[Server]] = {}

    def get(self, name: Name) -> Server:
        if not self._starting:
            pool = self.enter_context(ThreadPoolExecutor())
            self._starting = {one: pool.submit(self._start, one) for one in self._settings}
        return self._starting[name].result()

    def _start(self, name: Name) -> Server:
        workdir, arguments, settings = self._settings[name]
        return self.enter_context(serving(workdir, *arguments, **settings))


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    kinds: list[tuple[ServerName, StoreName]] = [("full", "database"), ("full", "awaiting"), ("plain", "awaiting")]
    settings: dict[tuple[ServerName, StoreName], Launch] = {
        (server, store): (
            tmp_path_factory.mktemp(f"{server}-{store}"),
            (f"{scripted_server.__file__}:server",),
            {
                "SCRIPTED_SERVER": server,
                "SCRIPTED_STORE": store,
                "JWT_SECRET": SECRET,
                "CHATKIT_HOST_HEARTBEAT_SECONDS": "0.05",
                "TZ": "IST-5:30",
                "PYTHONPATH": TESTS,
            },
        )
        for server, store in kinds
    }
    with Servers(settings) as servers:
        yield lambda server, store: servers.get((server, store))


@pytest.fixture
async def chat_on(scripted: Start) -> AsyncIterator[Callable[[ServerName, StoreName], Chat]]:
    """A client of a scripted server, as a user that nobody has been before."""
    token = mint_token(SECRET, f"user-{secrets.token_hex(8)}")
    async with AsyncExitStack() as stack:
        chats: list[Chat] = []

        def chat(server: ServerName, store: StoreName) -> Chat:
            chats.append(Chat(scripted(server, store).url, token))
            stack.push_async_exit(chats[-1])
            return chats[-1]

        yield chat


@pytest.fixture(params=["database", "awaiting"])
def store(request: pytest.FixtureRequest) -> StoreName:
    return request.param


@pytest.fixture
def chat(chat_on: Callable[[ServerName, StoreName], Chat], store: StoreName) -> Chat:
    return chat_on("full", store)


@pytest.fixture(scope="session")
def running_model_server() -> Iterator[ModelServer]:
    with ModelServer(hold_after=8) as server:
        yield server


@pytest.fixture
def model_server(running_model_server: ModelServer) -> ModelServer:
    running_model_server.requests.clear()
    running_model_server.disconnects.clear()
    running_model_server.forget_attempts()
    return running_model_server


PREFIXES = {"chat completions": "", "responses": "responses/", "litellm": "litellm/openai/"}
"""Ways to a model, by what stands before its name."""


@pytest.fixture(scope="session")
def todo_servers(
    tmp_path_factory: pytest.TempPathFactory, running_model_server: ModelServer
) -> Iterator[Callable[[str], Server]]:
    settings: dict[str, Launch] = {
        way: (
            tmp_path_factory.mktemp("todo"),
            (),
            {
                "JWT_SECRET": SECRET,
                "CHATKIT_HOST_MODEL": f"{prefix}some-model",
                "CHATKIT_HOST_MODELS": ",".join(f"{prefix}{name}" for name in (*FAULTS, "hold")),
                "CHATKIT_HOST_MODEL_BASE_URL": running_model_server.base_url,
                "CHATKIT_HOST_MODEL_API_KEY": "any",
            },
        )
        for way, prefix in PREFIXES.items()
    }
    with Servers(settings) as servers:
        yield servers.get


@pytest.fixture(params=list(PREFIXES))
def way(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def todo(todo_servers: Callable[[str], Server], way: str, model_server: ModelServer) -> AsyncIterator[Chat]:
    """A client of the Todo assistant on that model, as a user that nobody has been before."""
    token = mint_token(SECRET, f"user-{secrets.token_hex(8)}")
    async with Chat(todo_servers(way).url, token) as chat:
        yield chat
