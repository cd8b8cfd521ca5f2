"""What the chaos suites have in common: which form is run, how figures are told, who a server's workers are."""

import os
from pathlib import Path
from typing import Any, TypeVar

Value = TypeVar("Value")

FORM = os.environ.get("CHATKIT_HOST_CHAOS", "short")


def form(short: Value, long: Value, middle: Value | None = None) -> Value:
    """The value for the form that is run: `CHATKIT_HOST_CHAOS=long`, `=middle`, or the short one that every test run has."""
    match FORM:
        case "short":
            return short
        case "middle":
            return middle if middle is not None else short
        case "long":
            return long
        case _:
            raise ValueError("CHATKIT_HOST_CHAOS is short, middle or long")


def tell(suite: str, **figures: Any) -> None:
    """Prints the figures of a suite on a line of their own; pytest shows them with `-s`."""
    shown = ", ".join(
        f"{name.replace('_', ' ')} {value:.2f}" if isinstance(value, float) else f"{name.replace('_', ' ')} {value}"
        for name, value in figures.items()
    )
    print(f"\n{suite} ({FORM}): {shown}", flush=True)


def workers_of(supervisor: int) -> list[int]:
    """The process ids of the server processes that `serve --workers` started."""
    try:
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [int(child) for child in children if b"spawn_main" in _command(int(child))]


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
