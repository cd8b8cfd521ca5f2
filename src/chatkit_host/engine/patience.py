"""What a running turn needs from the database is worth waiting for: its message was accepted."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from chatkit_host.errors import DatabaseUnavailable

Result = TypeVar("Result")

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 2.0


def pauses() -> Iterator[float]:
    """Between tries, in seconds. Without end."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


async def patiently(look: Callable[[], Awaitable[Result]], seconds: float = 30.0) -> Result:
    """The result of `look`, which is tried again while the database is away. Raises `DatabaseUnavailable` after `seconds`."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    for pause in pauses():
        try:
            return await look()
        except DatabaseUnavailable:
            if loop.time() + pause > end:
                raise
        await asyncio.sleep(pause)
    raise AssertionError
