"""Ports for servers that tests start."""

import random
import socket
from contextlib import suppress
from pathlib import Path

_OF_CONNECTIONS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST_ELSEWHERE = 49_152
"""Where the kernel does not tell: the first of those that are set aside for connections."""


def free_port() -> int:
    """Below those that the kernel gives to connections: one of them could sit on it while a server is away that is to come back."""
    lowest = int(_OF_CONNECTIONS.read_text().split()[0]) if _OF_CONNECTIONS.exists() else _FIRST_ELSEWHERE
    while True:
        port = random.randrange(lowest // 2, lowest)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
