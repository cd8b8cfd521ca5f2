"""A real server process on a free loopback port, as `chatkit-host serve` starts it, except that its imports are done already.

What starting takes and says is tested in `tests/live/test_start.py`, with processes that begin from nothing.
"""

import atexit
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from support.forked_servers import ForkedServer as Server
from support.forked_servers import ForkedServers
from support.forked_servers import wait_until_ready as wait_until_ready


@contextmanager
def serving(workdir: Path, *arguments: str, **settings: str) -> Iterator[Server]:
    """Started on entry, stopped on exit. `settings` by their environment names. The database is a SQLite file in `workdir` unless
    DATABASE_URL says otherwise."""
    server = _forks().server(workdir, *arguments, **settings)
    server.start(wait=False)
    server.wait_until_listening()
    try:
        yield server
    finally:
        server.stop()


def command(workdir: Path, *arguments: str, given: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """`chatkit-host ...`, to its end."""
    return _forks().run(workdir, *arguments, given=given, **settings)


@cache
def _forks() -> ForkedServers:
    """One for all tests of this process."""
    forks = ForkedServers().__enter__()
    atexit.register(forks.__exit__)
    return forks
