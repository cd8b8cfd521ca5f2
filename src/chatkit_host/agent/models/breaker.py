"""Leaves a model endpoint alone that keeps failing, so that its users are told at once instead of after a minute each."""

import time
from collections.abc import Callable

FAILURES = 5
PAUSE_SECONDS = 30.0


class Breaker:
    """Of one endpoint. After `FAILURES` in a row it lets nobody through for `PAUSE_SECONDS`; then one call tries for all."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures = 0
        self._closed_until = 0.0

    def lets_through(self) -> bool:
        """Whether a call may be made. It must then say how it went."""
        if self._failures < FAILURES:
            return True
        if self._now() < self._closed_until:
            return False
        self._closed_until = self._now() + PAUSE_SECONDS  # for everybody but this one
        return True

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            self._closed_until = self._now() + PAUSE_SECONDS

    def answered(self) -> None:
        """It can be reached, whatever it said."""
        self._failures = 0
