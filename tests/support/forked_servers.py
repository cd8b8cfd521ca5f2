"""Server processes that are there at once, for tests that end hundreds of them.

Nearly all of a start is importing. A process that has imported everything, and does nothing else, is asked to fork; its child is then
the same as `chatkit-host serve` with the settings it is given.

    with ForkedServers() as fork:
        server = fork.server(tmp_path, CHATKIT_HOST_MODEL="offline")
        server.start(); server.kill(); server.start()
"""

import gc
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Self

from support.ports import free_port

_OURS = ("CHATKIT_HOST_", "JWT_", "DATABASE_URL", "OPENAI_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY", "CORS_ORIGINS")
_FOR_TESTS = {
    "CHATKIT_HOST_OFFLINE_WORD_SECONDS": "0",
    "CHATKIT_HOST_DRAIN_SECONDS": "1",
    "CHATKIT_HOST_MESSAGES_PER_MINUTE": "0",
    "CHATKIT_HOST_CONCURRENT_TURNS": "0",
}
_LISTENING = b"chatkit-host is ready: http://"
_NOTHING = Path(os.devnull)
_WHEN_STARTED = (
    "pydantic.v1",
    "rich.console",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
)
"""What our libraries import only when a server starts."""
_numbers = itertools.count()

Completed = subprocess.CompletedProcess[str]


class ForkedServers:
    def __init__(self) -> None:
        self._servers: list[ForkedServer] = []
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, (str(Path(__file__).parent.parent), environment.get("PYTHONPATH")))
        )
        self._process = subprocess.Popen(
            [sys.executable, __file__], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            assert self._ask({"ready": True}) == {"ready": True}
        except BaseException:  # a test's time is over before the imports are
            self._process.kill()
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.kill()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()  # it ends when it hears no more
        self._process.wait(10)
        self._process.stdout.close()

    @contextmanager
    def serving(self, workdir: Path, count: int, *arguments: str, **settings: str) -> "Iterator[list[ForkedServer]]":
        """So many servers with the same settings; started together, and stopped at the end."""
        servers = [self.server(workdir, *arguments, **settings) for _ in range(count)]
        for server in servers:
            server.start(wait=False)
        for server in servers:
            server.wait()
        try:
            yield servers
        finally:
            for server in servers:
                server.stop()

    def server(self, workdir: Path, *arguments: str, **settings: str) -> "ForkedServer":
        """Not started yet."""
        server = ForkedServer(self, workdir, arguments, settings)
        self._servers.append(server)
        return server

    def _ask(self, what: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            self._process.stdin.write(json.dumps(what).encode() + b"\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def run(self, workdir: Path, *arguments: str, given: str = "", **settings: str) -> Completed:
        """A command, to its end."""
        name = f"command-{next(_numbers)}"
        given_path, said, log = (workdir / f"{name}.{ending}" for ending in ("in", "out", "err"))
        given_path.write_text(given)
        pid = self.fork(workdir, list(arguments), settings, log, said=said, given=given_path)
        end = time.monotonic() + 60
        while (status := self.ended(pid)) is None:
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
                raise AssertionError(f"the command did not end:\n{log.read_text()}")
            time.sleep(0.01)
        return Completed(arguments, status, said.read_text(), log.read_text())

    def fork(
        self,
        workdir: Path,
        arguments: list[str],
        environment: dict[str, str],
        log: Path,
        *,
        said: Path = _NOTHING,
        given: Path = _NOTHING,
    ) -> int:
        files = {"log": str(log), "said": str(said), "given": str(given)}
        asked = {"workdir": str(workdir), "arguments": arguments, "environment": environment, **files}
        return self._ask({"fork": asked})["pid"]

    def ended(self, pid: int) -> int | None:
        """The exit status of a child, as `subprocess` tells it; None while it runs."""
        return self._ask({"ended": pid})["status"]


class ForkedServer:
    """May be stopped, killed and started again, on the same port."""

    def __init__(self, servers: ForkedServers, workdir: Path, arguments: tuple[str, ...], settings: dict[str, str]):
        self._servers = servers
        self._workdir = workdir
        self._arguments = arguments
        self._port = 0
        self._log = workdir / f"server-{next(_numbers)}.log"
        self.settings = {"DATABASE_URL": f"sqlite:///{workdir}/chat.db", **settings}
        self.pid = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def start(self, *, wait: bool = True) -> None:
        self._port = self._port or free_port()
        arguments = ["serve", *self._arguments, "--port", str(self._port)]
        self._log.touch()
        self._starts = self._log.read_bytes().count(_LISTENING) + 1
        environment = {**_FOR_TESTS, **self.settings}
        self.pid = self._servers.fork(self._workdir, arguments, environment, self._log)
        if wait:
            self.wait()

    def wait(self) -> None:
        """Until it is ready."""
        self.wait_until_listening()
        try:
            wait_until_ready(self.url)
        except AssertionError:
            raise AssertionError(f"the server did not start:\n{self.log}") from None

    def wait_until_listening(self, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while self._log.read_bytes().count(_LISTENING) < self._starts:
            if time.monotonic() > end or self._servers.ended(self.pid) is not None:
                raise AssertionError(f"the server did not start:\n{self.log}")
            time.sleep(0.01)
        self._port = int(self.log.rpartition(_LISTENING.decode())[2].split()[0].rpartition(":")[2])

    def send(self, sign: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, sign)

    def stop_collecting(self) -> None:
        """From now on nothing is freed but what nobody holds."""
        self.send(signal.SIGUSR2)

    def inside(self) -> dict[str, int]:
        """How many asyncio tasks, threads and logs of turns the process has, as it tells itself."""
        told = self._log.with_suffix(f".{self.pid}.json")
        told.unlink(missing_ok=True)
        self.send(signal.SIGUSR1)
        deadline = time.monotonic() + 5
        while not told.exists():
            assert time.monotonic() < deadline, "the server does not tell"
            time.sleep(0.01)
        return json.loads(told.read_text())

    def kill(self) -> None:
        self._end(signal.SIGKILL, 10)

    def stop(self, seconds: float = 20) -> int:
        """SIGTERM; the exit status."""
        return self._end(signal.SIGTERM, seconds)

    def _end(self, sign: signal.Signals, seconds: float) -> int:
        pid, self.pid = self.pid, 0
        if not pid:
            return 0
        with suppress(ProcessLookupError):
            os.kill(pid, sign)
        deadline = time.monotonic() + seconds
        while (status := self._servers.ended(pid)) is None:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                raise AssertionError(f"the server did not stop:\n{self.log}")
            time.sleep(0.01)
        return status


def wait_until_ready(url: str, seconds: float = 30) -> None:
    address = url.partition("://")[2]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        connection = http.client.HTTPConnection(address, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.02)
    raise AssertionError("the server is not ready")


def _main(asked: IO[bytes], told: IO[bytes]) -> None:
    _import_everything()
    statuses: dict[int, int] = {}
    for line in asked:
        match json.loads(line):
            case {"fork": wanted}:
                answer: dict[str, Any] = {"pid": _fork(wanted)}
            case {"ended": pid}:
                answer = {"status": _status(pid, statuses)}
            case _:
                answer = {"ready": True}
        told.write(json.dumps(answer).encode() + b"\n")
        told.flush()


def _import_everything() -> None:
    import importlib
    import pkgutil

    import chatkit_host
    from chatkit_host.lean_imports import models_built_when_used

    with models_built_when_used():  # as `chatkit-host serve` does
        for module in pkgutil.walk_packages(chatkit_host.__path__, "chatkit_host."):
            if not module.name.endswith(("__main__", "migrations.env", "litellm")) and ".versions." not in module.name:
                importlib.import_module(module.name)
        for name in _WHEN_STARTED:
            importlib.import_module(name)
    assert threading.active_count() == 1, "only a process without threads can be forked"
    gc.freeze()


def _fork(wanted: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nothing is left over when this process ends
    os.chdir(wanted["workdir"])
    os.environ.update(wanted["environment"])
    time.tzset()
    os.dup2(os.open(wanted["given"], os.O_RDONLY), 0)
    for target, name in ((1, "said"), (2, "log")):
        os.dup2(os.open(wanted[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND), target)
    told = Path(wanted["log"]).with_suffix(f".{os.getpid()}.json")
    signal.signal(signal.SIGUSR1, lambda *_: _tell(told))
    signal.signal(signal.SIGUSR2, lambda *_: gc.disable())
    from chatkit_host.cli import main

    status: object = 1
    try:
        status = main(wanted["arguments"])
    except SystemExit as end:
        status = end.code
    except BaseException:  # noqa: BLE001 - as the interpreter does at the end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status if isinstance(status, int) else 0 if status is None else 1)


def _tell(path: Path) -> None:
    import asyncio

    from chatkit_host.engine.log import TurnLog

    logs = sum(isinstance(each, TurnLog) for each in gc.get_objects())
    whole = path.with_suffix(".part")
    whole.write_text(json.dumps({"tasks": len(asyncio.all_tasks()), "threads": threading.active_count(), "logs": logs}))
    whole.rename(path)


def _status(pid: int, statuses: dict[int, int]) -> int | None:
    if pid not in statuses:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if not ended:
            return None
        statuses[pid] = os.waitstatus_to_exitcode(status)
    return statuses[pid]


if __name__ == "__main__":
    sys.path.remove(str(Path(__file__).parent))
    _main(sys.stdin.buffer, sys.stdout.buffer)
