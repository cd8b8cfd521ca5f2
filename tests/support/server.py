"""A real server process on a free loopback port, as `chatkit-host serve` starts it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

_OURS = ("CHATKIT_HOST_", "JWT_", "DATABASE_URL", "OPENAI_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY", "CORS_ORIGINS")
_READY_SECONDS = 30


class Server:
    """Started on entry, stopped on exit; may be stopped, killed and started again in between, on the same port."""

    def __init__(self, workdir: Path, settings: Mapping[str, str], arguments: tuple[str, ...] = ()) -> None:
        self._workdir = workdir
        self.settings = settings
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self._lines: list[str] = []
        self._port = 0
        self.seconds_to_ready = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def log(self) -> str:
        """Everything that the processes wrote so far."""
        return "\n".join(self._lines)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        environment = {
            **inherited,
            "CHATKIT_HOST_OFFLINE_WORD_SECONDS": "0",
            "CHATKIT_HOST_DRAIN_SECONDS": "1",
            # Tests send faster than people; those of the limits set their own.
            "CHATKIT_HOST_MESSAGES_PER_MINUTE": "0",
            "CHATKIT_HOST_CONCURRENT_TURNS": "0",
            **self.settings,
        }
        started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chatkit_host", "serve", *self._arguments, "--port", str(self._port)],
            cwd=self._workdir,
            env=environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        ready = threading.Event()
        self._listener = threading.Thread(target=self._listen, args=(self._process, ready), daemon=True)
        self._listener.start()
        if not ready.wait(_READY_SECONDS) or self._process.poll() is not None:
            self.kill()
            raise AssertionError(f"the server did not start:\n{self.log}")
        self.seconds_to_ready = time.monotonic() - started

    def stop(self, seconds: float = 20) -> int:
        """SIGTERM; the exit status."""
        return self._end(signal.SIGTERM, seconds)

    def kill(self) -> None:
        self._end(signal.SIGKILL, 10)

    def _end(self, sign: signal.Signals, seconds: float) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(sign)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise AssertionError(f"the server did not stop:\n{self.log}") from None
        assert self._listener is not None
        self._listener.join(5)
        return status

    def _listen(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self._lines.append(line.rstrip("\n"))
                if "chatkit-host is ready: " in line:
                    self._port = int(line.split("http://", 1)[1].split()[0].rsplit(":", 1)[1])
                    ready.set()
        ready.set()


@contextmanager
def serving(workdir: Path, *arguments: str, **settings: str) -> Iterator[Server]:
    """`settings` by their environment names. The database is a SQLite file in `workdir` unless DATABASE_URL says otherwise."""
    server = Server(workdir, {"DATABASE_URL": f"sqlite:///{workdir}/chat.db", **settings}, arguments)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def wait_until_ready(url: str, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the server is not ready")
