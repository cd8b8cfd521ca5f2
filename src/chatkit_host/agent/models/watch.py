"""How long a model may be silent.

A client library's read timeout counts bytes, so keep-alive comments defeat it; these limits count data.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Self, TypeVar

from chatkit_host.errors import ModelTimeout

T = TypeVar("T")

_AFTER_THE_END = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds until the first data, seconds between data, and how a call that brought nothing is tried again."""

    first_seconds: float = 60
    idle_seconds: float = 30
    connect_seconds: float = 10
    retries: int = 2
    retry_seconds: float = 0.5
    longest_retry_seconds: float = 20


class Watch:
    """Ends a wait for a model that has fallen silent with `ModelTimeout`.

    One timer serves a whole stream: it looks at the deadline when it fires and arms itself again, so hearing a delta
    costs one clock reading. The clock runs only inside `wait`.
    """

    def __init__(self, patience: Patience) -> None:
        self._idle = patience.idle_seconds
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + patience.first_seconds
        self._left = patience.first_seconds
        self._task: asyncio.Task[object] | None = None
        self._expired = False
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def heard(self) -> None:
        """Data has come: the next must come within the idle limit."""
        self._left = self._idle
        if self._task is not None:
            self._deadline = self._loop.time() + self._idle

    def heard_the_end(self) -> None:
        """The terminal reason has come: only its epilogue (usage, end marker) is awaited, and not for long."""
        self._idle = min(self._idle, _AFTER_THE_END)
        self._left = self._idle

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Awaits within what is left of the current limit; time the consumer spends between waits does not count."""
        started = self._loop.time()
        self._deadline = started + self._left
        if self._timer is None or self._timer.when() > self._deadline:
            self._arm()
        self._task = task = asyncio.current_task(self._loop)
        cancelling = task.cancelling() if task else 0
        try:
            result = await awaitable
        except asyncio.CancelledError:
            if self._expired and task is not None and task.uncancel() <= cancelling:
                raise ModelTimeout from None
            raise
        finally:
            self._task = None
        self._left = self._deadline - self._loop.time()
        return result

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._task is None:
            return
        if self._loop.time() < self._deadline:
            self._arm()
            return
        self._expired = True
        self._task.cancel()
