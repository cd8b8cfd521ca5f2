"""What a server process is called, so that another one on the same machine can tell whether it still lives."""

import os
import re
import socket
from pathlib import Path

from chatkit_host.ids import new_id

_PROC = Path("/proc")
_NAME = re.compile(r"(?P<machine>[^|]*)\|(?P<process>\d+)\|(?P<began>\d+)\|\w+\Z")


def worker_name() -> str:
    """`<host>.<boot>.<process namespace>|<process>|<when it began>|<random>` where the system tells; never the same twice."""
    random = new_id("request")[-8:]
    machine, began = _machine(), _began(os.getpid())
    if machine is None or began is None:
        return f"{socket.gethostname()}:{os.getpid()}:{random}"
    return f"{machine}|{os.getpid()}|{began}|{random}"


def is_gone(worker: str) -> bool:
    """Whether this process can be sure that the other one has ended. A worker elsewhere never is: its lease will tell."""
    named = _NAME.match(worker)
    if named is None or named["machine"] != _machine():
        return False
    return _began(int(named["process"])) != int(named["began"])


def _machine() -> str | None:
    """This boot of this machine, as seen from this container."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()}.{boot}.{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return None


def _began(process: int) -> int | None:
    """In clock ticks since the machine started. A process that nobody has buried yet has ended all the same."""
    try:
        fields = (_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else int(fields[19])
