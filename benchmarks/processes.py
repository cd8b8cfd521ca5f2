"""The processes of a measurement: the server under test on one core, model server and clients on another."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.load import Load

ROOT = Path(__file__).parent.parent
SERVER_CORE, OTHER_CORE = 0, 1
SECRET = "a secret that only benchmarks know, 32 bytes"
_READY = re.compile(r"ready: (http://\S+)")
_READY_SECONDS = 120


@dataclass(slots=True)
class Process:
    """A server that told where it is reached."""

    popen: subprocess.Popen[str]
    url: str
    seconds_to_ready: float
    directory: str
    """Where it runs."""

    @property
    def pids(self) -> list[int]:
        """Its own and, where it has some, its workers'."""
        children = psutil.Process(self.popen.pid).children(recursive=True)
        return [
            self.popen.pid,
            *(child.pid for child in children if "resource_tracker" not in " ".join(child.cmdline())),
        ]

    @property
    def memory(self) -> int:
        """Resident bytes."""
        return sum(psutil.Process(pid).memory_info().rss for pid in self.pids)


@contextmanager
def running(
    arguments: Sequence[str], *, environment: Mapping[str, str] | None = None, core: int | None = SERVER_CORE
) -> Iterator[Process]:
    """`python ARGUMENTS` until the end of the block, in a directory of its own."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as directory:
        log = Path(directory) / "log"
        started = time.perf_counter()
        with log.open("w") as errors:
            popen = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=directory,
                env=_clean_environment()
                | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
                | dict(environment or {}),
                stdout=subprocess.DEVNULL,
                stderr=errors,
                text=True,
                preexec_fn=pin(core),
            )
        try:
            url = _address(popen, log)
            yield Process(popen, url, time.perf_counter() - started, directory)
        finally:
            popen.terminate()
            try:
                popen.wait(10)
            except subprocess.TimeoutExpired:
                popen.kill()
                popen.wait(10)


def _clean_environment() -> dict[str, str]:
    ours = ("CHATKIT_HOST_", "JWT_", "DATABASE_URL", "OPENAI_", "LITELLM_", "CORS_ORIGINS")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def pin(core: int | None) -> Any:
    """For a process that is about to start; None takes any core, as where there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    if core is None or len(cores) < 2:
        return None
    return lambda: os.sched_setaffinity(0, {cores[core]})


def _address(popen: subprocess.Popen[str], log: Path) -> str:
    end = time.perf_counter() + _READY_SECONDS
    while time.perf_counter() < end and popen.poll() is None:
        if found := _READY.search(log.read_text()):
            return found[1].replace("localhost", "127.0.0.1")
        time.sleep(0.002)
    popen.kill()
    raise RuntimeError(f"{popen.args} did not start:\n{log.read_text()}")


def running_model() -> Any:
    return running(["-m", "benchmarks.model_server"], core=OTHER_CORE)


def open_streams(model: Process) -> int:
    with urllib.request.urlopen(f"{model.url}/streams", timeout=5) as answer:
        return int(answer.read())


def measured(load: Load) -> dict[str, Any]:
    """What the clients saw; they run in a process of their own."""
    clients = clients_of(load)
    told, errors = clients.communicate(timeout=300)
    if clients.returncode:
        raise RuntimeError(errors)
    return json.loads(told)


def clients_of(load: Load) -> subprocess.Popen[str]:
    """The clients, just started."""
    popen = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=pin(OTHER_CORE),
    )
    assert popen.stdin is not None
    popen.stdin.write(json.dumps(asdict(load)) + "\n")
    popen.stdin.flush()
    return popen


def say(model: Process, what: str) -> None:
    """From now on the model `as-told` answers so."""
    with urllib.request.urlopen(f"{model.url}/say/{what}", timeout=5):
        pass
