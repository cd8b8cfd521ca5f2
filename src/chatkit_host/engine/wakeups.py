"""Who waits for a turn's log to grow, in this process and through a line to the others."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from chatkit_host.ids import TurnId

_LOOK_SECONDS = 0.5
"""How often a reader of another worker's turn asks the database when nobody tells it ..."""
_LOOK_TO_BE_SURE_SECONDS = 5.0
"""... and when somebody does: what is told is a hint, and may be lost."""

_TOGETHER_SECONDS = 0.003
"""How long a word may wait for those of other answers: what is done for many in a row costs a processor less than the same again and
again between other things."""


class Line(Protocol):
    """Between the workers of one database. Nothing may depend on it but the time that something takes."""

    @property
    def is_up(self) -> bool: ...

    def say(self, turn_id: TurnId) -> None:
        """Tells the other workers to look at this turn. Returns at once."""
        ...

    def open(self, heard: Callable[[TurnId | None], None]) -> None:
        """`heard` is called for what others say; with None when something may have been missed."""
        ...

    async def close(self) -> None: ...


class Wakeups:
    """Hints: a reader that hears nothing still looks from time to time."""

    def __init__(self, line: Line | None = None) -> None:
        self._line = line
        self._watches: dict[TurnId, set[Watch]] = {}
        self._to_tell: set[TurnId] = set()
        self._telling: asyncio.AbstractEventLoop | None = None
        """Where `_tell` is on its way."""
        self._told_at = 0.0

    def open(self, heard: Callable[[TurnId | None], None]) -> None:
        """`heard` is told what other workers say, after the readers here."""

        def wake(turn_id: TurnId | None) -> None:
            if turn_id is not None:
                self.shown(turn_id)
            else:
                self.all_shown()
            heard(turn_id)

        if self._line is not None:
            self._line.open(wake)

    async def close(self) -> None:
        if self._line is not None:
            await self._line.close()

    @property
    def look_seconds(self) -> float:
        """How often to look at what another worker writes."""
        return _LOOK_TO_BE_SURE_SECONDS if self._line is not None and self._line.is_up else _LOOK_SECONDS

    def shown(self, turn_id: TurnId) -> None:
        """The turn's log has grown for readers in this process."""
        for watch in self._watches.get(turn_id, ()):
            watch.tell()

    def more_shown(self, turn_id: TurnId) -> None:
        """The same, of a text that readers have begun to read: those of many turns are told together, a moment later. The readers of
        a turn that is alone are told at once."""
        if turn_id not in self._watches:
            return
        self._to_tell.add(turn_id)
        loop = asyncio.get_running_loop()
        if self._telling is loop:
            return
        early = self._told_at + _TOGETHER_SECONDS - loop.time()
        if early > 0:
            self._telling = loop
            loop.call_later(early, self._tell, loop)
        else:
            self._tell(loop)

    def _tell(self, loop: asyncio.AbstractEventLoop) -> None:
        told, self._to_tell, self._telling = self._to_tell, set(), None
        self._told_at = loop.time()
        for turn_id in told:
            self.shown(turn_id)

    def all_shown(self) -> None:
        """Every reader in this process has a reason to look."""
        for each in tuple(self._watches):
            self.shown(each)

    def written(self, turn_id: TurnId) -> None:
        """There is something new about the turn in the database."""
        if self._line is not None:
            self._line.say(turn_id)

    @contextmanager
    def watching(self, turn_id: TurnId) -> Iterator["Watch"]:
        watch = Watch(asyncio.get_running_loop())
        watches = self._watches.setdefault(turn_id, set())
        watches.add(watch)
        try:
            yield watch
        finally:
            watch.close()
            watches.discard(watch)
            if not watches and self._watches.get(turn_id) is watches:
                del self._watches[turn_id]


class Watch:
    """Remembers what it was told between two waits, so that nothing is missed by looking meanwhile.

    One timer serves all waits: it arms itself again for the wait that is on when it fires.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._has_news = False
        self._waiter: asyncio.Future[None] | None = None
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def tell(self) -> None:
        self._has_news = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Returns when there may be something new since the last wait, or after `seconds`."""
        if not self._has_news:
            self._until = self._loop.time() + seconds
            if self._timer is None or self._timer.when() > self._until:
                self._arm()
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._has_news = False

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self.close()
        self._timer = self._loop.call_at(self._until, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() < self._until:
            self._arm()
        else:
            self._waiter.set_result(None)
