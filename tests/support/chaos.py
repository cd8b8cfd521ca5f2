"""What the chaos suites have in common: which form is run, how figures are told, how time is measured."""

import asyncio
import os
import time
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


class FairClock:
    """Seconds, as far as this process got to run: where others take the processors, time passes more slowly.

    For limits that a promise names, on machines that are busy with something else.
    """

    def __init__(self) -> None:
        self._seconds = 0.0

    def __call__(self) -> float:
        return self._seconds

    async def run(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = time.monotonic()
            self._seconds += min(now - last, 2 * _TICK_SECONDS)
            last = now


_TICK_SECONDS = 0.05
