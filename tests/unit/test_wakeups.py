"""Who is told when of what a log has grown by."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest
from support.waiting import until

from chatkit_host.engine import wakeups as module
from chatkit_host.engine.wakeups import Wakeups, Watch
from chatkit_host.ids import TurnId

FIRST, SECOND, THIRD = (TurnId(f"turn_{number}") for number in (1, 2, 3))


@pytest.fixture
def wakeups(monkeypatch: pytest.MonkeyPatch) -> Wakeups:
    monkeypatch.setattr(module, "_TOGETHER_SECONDS", 0.5)  # no pause of the machine is as long
    return Wakeups()


class Readers:
    """One of each turn, and in which order they were told."""

    def __init__(self, wakeups: Wakeups, stack: ExitStack) -> None:
        self.told: list[TurnId] = []
        self._watches = {turn: stack.enter_context(wakeups.watching(turn)) for turn in (FIRST, SECOND, THIRD)}
        self._tasks = [asyncio.ensure_future(self._read(turn, watch)) for turn, watch in self._watches.items()]

    async def _read(self, turn: TurnId, watch: Watch) -> None:
        while True:
            await watch.wait(60)
            self.told.append(turn)

    async def go(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)


@pytest.fixture
async def readers(wakeups: Wakeups) -> AsyncIterator[Readers]:
    with ExitStack() as stack:
        readers = Readers(wakeups, stack)
        await settled()
        yield readers
        await readers.go()


async def settled() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_lone_turn_is_told_of_at_once(wakeups: Wakeups, readers: Readers) -> None:
    wakeups.more_shown(FIRST)
    await settled()
    assert readers.told == [FIRST]


async def test_many_are_told_together_and_each_once(wakeups: Wakeups, readers: Readers) -> None:
    wakeups.more_shown(FIRST)
    for turn in (SECOND, THIRD, SECOND):
        wakeups.more_shown(turn)
        await settled()
    assert readers.told == [FIRST]
    await until(lambda: len(readers.told) == 3)
    await settled()
    assert readers.told[0] == FIRST
    assert sorted(readers.told[1:]) == [SECOND, THIRD]


async def test_what_does_not_wait_waits_for_nobody(wakeups: Wakeups, readers: Readers) -> None:
    wakeups.more_shown(FIRST)
    wakeups.more_shown(SECOND)
    wakeups.shown(THIRD)
    wakeups.shown(SECOND)
    await settled()
    assert readers.told == [FIRST, THIRD, SECOND]


async def test_after_a_while_the_next_is_a_lone_one_again(wakeups: Wakeups, readers: Readers) -> None:
    wakeups.more_shown(FIRST)
    await asyncio.sleep(0.6)
    wakeups.more_shown(SECOND)
    await settled()
    assert readers.told == [FIRST, SECOND]


async def test_a_turn_that_nobody_reads_is_nobodys_news(wakeups: Wakeups, readers: Readers) -> None:
    wakeups.more_shown(TurnId("turn_unread"))
    wakeups.more_shown(FIRST)
    await settled()
    assert readers.told == [FIRST]
