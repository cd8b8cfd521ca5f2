"""A real PgBouncer in transaction mode before a PostgreSQL of the tests. Debian's package is `pgbouncer`."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.ports import free_port
from support.postgres import unprivileged_user

_CONFIGURATION = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
pidfile =
"""


def require_pgbouncer() -> str:
    """The binary. Skips the test when there is none, unless everything is to be proved."""
    found = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        reason = "NO PGBOUNCER: apt-get install pgbouncer. Safety behind a pooler in transaction mode is not proved."
        if os.environ.get("CI") == "true" or os.environ.get("CHATKIT_HOST_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextlib.contextmanager
def running_pgbouncer(url: str) -> Iterator[str]:
    """Gives the address of the same database through the pooler, which has three connections for all clients."""
    binary = require_pgbouncer()
    server, own_port = urlsplit(url), free_port()
    directory = Path(tempfile.mkdtemp(prefix="chatkit-host-pgbouncer-"))
    try:
        directory.chmod(0o755)
        configuration = directory / "pgbouncer.ini"
        configuration.write_text(
            _CONFIGURATION.format(
                host=server.hostname, port=server.port, user=server.username or "postgres", own_port=own_port
            )
        )
        process = subprocess.Popen(
            [binary, "-q", str(configuration)],
            user=unprivileged_user(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_until_listening(own_port, process)
            yield f"postgresql://{server.username or 'postgres'}@127.0.0.1:{own_port}{server.path}?pgbouncer=true"
        finally:
            process.terminate()
            process.wait(10)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None:
                raise RuntimeError(f"PgBouncer ended with {process.returncode}") from None
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
