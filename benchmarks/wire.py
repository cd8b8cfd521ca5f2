"""What the processes of a measurement agree on."""

import sys

MARK = "~"
"""Begins every delta that the model server sends; 15 digits follow."""

LAST_CHUNK = b"0\r\n\r\n"


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def ready(port: int) -> None:
    """Tells whoever started this process where it can be reached."""
    print(f"ready: http://127.0.0.1:{port}", file=sys.stderr, flush=True)  # noqa: T201 - this is how it tells


def process_clock(pid: int) -> int:
    """The clock of another process's CPU time, in nanoseconds (see clock_getcpuclockid(3))."""
    return (~pid << 3) | 2
