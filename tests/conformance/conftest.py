"""The scripted ChatKitServer, served by us: one process for each kind of server and store."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import support
from support import scripted_server
from support.scripted_server import ServerName, StoreName
from support.server import Server, serving

SECRET = "Zk3vQ9rT1xB7mW5pL8dF2hJ6nC4sG0yA"

Start = Callable[[ServerName, StoreName], Server]


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a server when the first test asks for it."""
    running: dict[tuple[ServerName, StoreName], Server] = {}
    with ExitStack() as stack:

        def start(server: ServerName, store: StoreName) -> Server:
            if (server, store) not in running:
                running[server, store] = stack.enter_context(
                    serving(
                        tmp_path_factory.mktemp(f"{server}-{store}"),
                        f"{scripted_server.__file__}:server",
                        SCRIPTED_SERVER=server,
                        SCRIPTED_STORE=store,
                        JWT_SECRET=SECRET,
                        CHATKIT_HOST_HEARTBEAT_SECONDS="0.05",
                        PYTHONPATH=str(Path(support.__path__[0]).parent),
                    )
                )
            return running[server, store]

        yield start
