"""A PostgreSQL of a test's own that may be stopped, crashed and started again on the same port and data."""

import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

import asyncpg
from support import postgres
from support.ports import free_port
from support.postgres import PostgresServer, in_new_thread, unprivileged_user

from chatkit_host.store.migrate import migrate

Shutdown = Literal["fast", "immediate"]
"""`fast` ends sessions and writes everything; `immediate` is a crash, and the next start recovers."""


class RestartablePostgres:
    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="chatkit-host-postgres-"))
        self._user = unprivileged_user()
        self._binaries = postgres._binaries()
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> PostgresServer:
        return PostgresServer(url=f"postgresql://postgres@127.0.0.1:{self._port}/postgres?sslmode=disable")

    def fresh_database(self) -> str:
        """The address of an empty, migrated database."""
        url = self.server.fresh_database()
        in_new_thread(lambda: migrate(url))
        return url

    def __enter__(self) -> Self:
        if self._user is not None:
            shutil.chown(self._directory, self._user)
        subprocess.run(
            [
                self._binaries / "initdb",
                "-D",
                self._directory / "data",
                "-U",
                "postgres",
                "--auth=trust",
                "--encoding=utf8",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            user=self._user,
            cwd=self._directory,
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop("immediate")
        shutil.rmtree(self._directory, ignore_errors=True)

    def start(self) -> None:
        # fsync guards against the machine's end, not the process's.
        settings = {"fsync": "off", "listen_addresses": "127.0.0.1", "port": self._port, "unix_socket_directories": ""}
        settings |= {"max_connections": 100, "shared_buffers": "16MB", "log_min_messages": "fatal"}
        self._process = subprocess.Popen(
            [
                self._binaries / "postgres",
                "-D",
                self._directory / "data",
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            user=self._user,
            cwd=self._directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.server.execute("SELECT 1")
            except (TimeoutError, OSError, asyncpg.PostgresError):
                assert self._process.poll() is None, "PostgreSQL did not start"
                assert time.monotonic() < deadline, "PostgreSQL is not ready"
                time.sleep(0.05)

    def stop(self, how: Shutdown = "fast") -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGINT if how == "fast" else signal.SIGQUIT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
            return
        process.kill()
        process.wait(10)
