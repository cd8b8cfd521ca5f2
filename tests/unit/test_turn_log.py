"""The log of a running turn: what readers see and when, and what is written with what."""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Any, cast

import anyio
import pytest
from chatkit.types import EndOfTurnItem
from support.waiting import until

from chatkit_host.clock import utc_now
from chatkit_host.engine.events import encode_host
from chatkit_host.engine.flushing import Flusher
from chatkit_host.engine.log import LogLimits, TurnLog, tail
from chatkit_host.engine.ports import Lease, LogEvent, TurnEnd, TurnStore, TurnWrite
from chatkit_host.engine.wakeups import Wakeups
from chatkit_host.errors import DatabaseUnavailable, LeaseLost
from chatkit_host.ids import Owner, ThreadId, TurnId

LEASE = Lease(turn_id=TurnId("turn_1"), thread_id=ThreadId("thr_1"), owner=Owner("alice"), worker="w")
ENDED = encode_host("host.turn.ended", status="completed", code=None, message=None)


class SlowStore:
    """Writes when it is let: the part of the store that a log needs, really awaiting."""

    def __init__(self) -> None:
        self.writes: list[TurnWrite] = []
        self.may_write = asyncio.Event()
        self.may_write.set()
        self.fails_with: Exception | None = None
        self.fails_once_with: Exception | None = None
        self.has_written = asyncio.Event()

    async def write_turn(self, lease: Lease, write: TurnWrite) -> None:
        await self.may_write.wait()
        if self.fails_once_with is not None:
            error, self.fails_once_with = self.fails_once_with, None
            raise error
        if self.fails_with is not None:
            raise self.fails_with
        self.writes.append(write)
        self.has_written.set()

    async def write_logs(self, groups: Sequence[tuple[Lease, Sequence[LogEvent]]]) -> set[TurnId]:
        """Of a lease that is lost it does not say so: it leaves it out."""
        held: set[TurnId] = set()
        for lease, events in groups:
            try:
                await self.write_turn(lease, TurnWrite(events=events))
            except LeaseLost:
                continue
            held.add(lease.turn_id)
        return held

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a log does not need {name}")

    @property
    def written(self) -> list[bytes]:
        return [event.data for write in self.writes for event in write.events]


@pytest.fixture
def store() -> SlowStore:
    return SlowStore()


@pytest.fixture
def wakeups() -> Wakeups:
    return Wakeups()


def a_log(store: SlowStore, wakeups: Wakeups, **limits: float) -> TurnLog:
    return TurnLog(LEASE, store, wakeups, limits=LogLimits(**{"flush_seconds": 60, **limits}))  # type: ignore[arg-type]


def batches_of(log: TurnLog, store: SlowStore, wakeups: Wakeups, **how: Any) -> AsyncGenerator[Sequence[LogEvent]]:
    """What a reader gets."""
    batches: Any = tail(lambda: log, cast(TurnStore, store), wakeups, LEASE.owner, LEASE.turn_id, **how)
    return batches


def texts(events: Sequence[LogEvent]) -> list[bytes]:
    return [event.data for event in events]


async def test_deltas_that_arrive_together_leave_together(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups)

    log.text("msg_1", 0, "one ")
    log.text("msg_1", 0, "two")

    assert [event.data.endswith(b'"delta":"one two"}}') for event in log.read(0)] == [True]


async def test_the_first_words_of_a_text_wait_for_nobody(
    store: SlowStore, wakeups: Wakeups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatkit_host.engine.wakeups._TOGETHER_SECONDS", 60.0)
    log = a_log(store, wakeups)
    with wakeups.watching(TurnId("turn_another")), wakeups.watching(LEASE.turn_id) as watch:
        wakeups.more_shown(TurnId("turn_another"))
        for item_id in ("msg_1", "msg_2"):
            log.text(item_id, 0, "The first")
            with anyio.fail_after(10):
                await watch.wait(60)
            log.read(0)
            log.text(item_id, 0, " and more")
            with pytest.raises(TimeoutError), anyio.fail_after(0.05):
                await watch.wait(60)
            log.read(0)


async def test_an_event_comes_after_the_text_before_it(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups)

    log.text("msg_1", 0, "text")
    log.append(b'{"type":"notice"}')
    log.text("msg_2", 0, "more")
    await asyncio.sleep(0)

    assert [event.type for event in log.read(0)] == ["thread.item.updated", "notice", "thread.item.updated"]
    assert [event.seq for event in log.read(0)] == [1, 2, 3]


async def test_what_counts_is_shown_only_after_it_was_written(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups)
    store.may_write.clear()

    log.append(b'{"type":"first"}')
    committing = asyncio.create_task(log.commit([b'{"type":"counts"}']))
    await asyncio.sleep(0.01)
    log.append(b'{"type":"later"}')
    assert texts(log.read(0)) == [b'{"type":"first"}']

    store.may_write.set()
    await committing
    assert texts(log.read(0)) == [b'{"type":"first"}', b'{"type":"counts"}', b'{"type":"later"}']
    assert store.written == [b'{"type":"first"}', b'{"type":"counts"}']


async def test_text_is_written_in_groups_soon_after(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups, flush_seconds=0.01)

    log.append(b'{"type":"a"}')
    log.append(b'{"type":"b"}')
    with anyio.fail_after(2):
        await store.has_written.wait()

    assert [texts(write.events) for write in store.writes] == [[b'{"type":"a"}', b'{"type":"b"}']]


async def test_an_item_is_stored_in_the_transaction_of_its_event(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups)
    item = EndOfTurnItem(id="i", thread_id="thr_1", created_at=utc_now())

    log.append(b'{"type":"thread.item.done"}', item)
    await log.commit([ENDED], TurnWrite(end=TurnEnd(status="completed")))

    assert [(texts(write.events), list(write.items)) for write in store.writes] == [
        ([b'{"type":"thread.item.done"}', ENDED], [item])
    ]


async def test_what_counts_is_never_written_apart_from_what_belongs_to_it(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups, flush_seconds=0.01)
    item = EndOfTurnItem(id="i", thread_id="thr_1", created_at=utc_now())
    store.may_write.clear()

    log.append(b'{"type":"text"}')
    await asyncio.sleep(0.03)  # the flush of the text has begun, and waits
    committing = asyncio.create_task(log.commit([b'{"type":"done"}'], TurnWrite(items=[item])))
    await asyncio.sleep(0.03)  # time for another flush
    store.may_write.set()
    await committing

    assert texts(log.read(0)) == [b'{"type":"text"}', b'{"type":"done"}']
    assert [(texts(write.events), list(write.items)) for write in store.writes] == [
        ([b'{"type":"text"}'], []),
        ([b'{"type":"done"}'], [item]),
    ]


async def test_a_commit_that_fails_takes_nothing_of_others_with_it(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups)
    store.may_write.clear()
    store.fails_once_with = RuntimeError()

    failing = asyncio.create_task(log.commit([b'{"type":"failed"}']))
    await asyncio.sleep(0.01)
    waiting = asyncio.create_task(log.commit([b'{"type":"other"}']))
    log.append(b'{"type":"text"}')
    await asyncio.sleep(0.01)
    store.may_write.set()
    await asyncio.wait({failing, waiting})
    await log.commit([ENDED], TurnWrite(end=TurnEnd(status="completed")))

    assert isinstance(failing.exception(), RuntimeError)
    seen = log.read(0)
    assert b'{"type":"failed"}' not in texts(seen)
    assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
    assert texts(seen)[-1] == ENDED
    assert store.written == texts(seen)


async def test_what_the_model_was_told_is_written_with_whatever_is_written_next(
    store: SlowStore, wakeups: Wakeups
) -> None:
    log = a_log(store, wakeups, flush_seconds=0.01)

    log.remember(transcript=[{"role": "assistant", "content": "Hi"}], usage={"output_tokens": 1})
    log.append(b'{"type":"a"}')
    with anyio.fail_after(2):
        await store.has_written.wait()
    await log.commit()

    assert [(write.transcript, write.usage) for write in store.writes] == [
        ([{"role": "assistant", "content": "Hi"}], {"output_tokens": 1}),
        (None, None),
    ]


async def test_a_stop_in_the_middle_of_a_commit_does_not_undo_it(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups)
    store.may_write.clear()

    committing = asyncio.create_task(log.commit([b'{"type":"done"}']))
    await asyncio.sleep(0.01)
    committing.cancel()
    await asyncio.wait({committing})
    store.may_write.set()
    await log.commit([ENDED], TurnWrite(end=TurnEnd(status="cancelled")))

    assert store.written == [b'{"type":"done"}', ENDED]


async def test_a_database_that_is_away_for_a_moment_costs_nothing(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups)
    store.fails_with = DatabaseUnavailable()

    committing = asyncio.create_task(log.commit([b'{"type":"counts"}']))
    await asyncio.sleep(0.05)
    store.fails_with = None
    with anyio.fail_after(3):
        await committing

    assert store.written == [b'{"type":"counts"}']


async def test_a_database_that_stays_away_breaks_the_turn_and_shows_nothing_as_done(
    store: SlowStore, wakeups: Wakeups
) -> None:
    log = a_log(store, wakeups, unwritten_seconds=0.1)
    store.fails_with = DatabaseUnavailable()

    with pytest.raises(DatabaseUnavailable), anyio.fail_after(3):
        await log.commit([b'{"type":"counts"}'])

    assert log.read(0) == []


async def test_a_lost_lease_is_told_at_once(store: SlowStore, wakeups: Wakeups) -> None:
    broken: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
    log = TurnLog(LEASE, store, wakeups, limits=LogLimits(flush_seconds=0.01), on_broken=broken.set_result)  # type: ignore[arg-type]
    store.fails_with = LeaseLost()

    log.append(b'{"type":"a"}')
    with anyio.fail_after(2):
        assert isinstance(await broken, LeaseLost)
    await log.close()


async def test_a_reader_gets_everything_from_its_cursor_to_the_end(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups)
    log.append(b'{"type":"missed"}')

    async def read() -> list[bytes]:
        return [event.data async for batch in batches_of(log, store, wakeups, after=1) for event in batch]

    reading = asyncio.create_task(read())
    await asyncio.sleep(0)
    log.append(b'{"type":"heard"}')
    await asyncio.sleep(0)
    await log.commit([ENDED], TurnWrite(end=TurnEnd(status="completed")))
    with anyio.fail_after(2):
        assert await reading == [b'{"type":"heard"}', ENDED]


async def test_a_silent_reader_is_told_that_the_connection_lives(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups)

    batches = batches_of(log, store, wakeups, heartbeat_seconds=0.02)
    with anyio.fail_after(2):
        assert [await anext(batches), await anext(batches)] == [(), ()]
    await batches.aclose()


async def test_readers_of_a_log_that_is_left_get_what_is_there_and_go(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups)
    batches = batches_of(log, store, wakeups)
    reading = asyncio.ensure_future(anext(batches))
    await asyncio.sleep(0)

    log.text("msg_1", 0, "half a sen")
    log.leave()

    with anyio.fail_after(2):
        assert [event.data.endswith(b'"delta":"half a sen"}}') for event in await reading] == [True]
        with pytest.raises(StopAsyncIteration):
            await anext(batches)


async def test_readers_of_an_abandoned_turn_are_not_left_waiting(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups)
    log.append(b'{"type":"a"}')

    log.abandon([ENDED])

    assert log.is_complete
    assert texts(log.read(0)) == [b'{"type":"a"}', ENDED]


async def test_a_finished_item_is_shown_once_it_is_written_and_all_that_comes_after_it(
    store: SlowStore, wakeups: Wakeups
) -> None:
    log = a_log(store, wakeups)
    item = EndOfTurnItem(id="end_1", thread_id="thr_1", created_at=utc_now())

    log.append(b'{"type":"first"}')
    log.append_held(b'{"type":"done"}', item)
    log.append(b'{"type":"later"}')
    assert texts(log.read(0)) == [b'{"type":"first"}']
    await log.commit()

    assert texts(log.read(0)) == [b'{"type":"first"}', b'{"type":"done"}', b'{"type":"later"}']
    assert [list(write.items) for write in store.writes] == [[item]]


async def test_a_finished_item_does_not_wait_for_a_commit(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups, flush_seconds=0.01)

    log.append_held(b'{"type":"done"}', EndOfTurnItem(id="end_1", thread_id="thr_1", created_at=utc_now()))
    with anyio.fail_after(2):
        await store.has_written.wait()
    await asyncio.sleep(0)

    assert texts(log.read(0)) == [b'{"type":"done"}']


async def test_a_finished_item_that_could_not_be_written_is_never_shown(store: SlowStore, wakeups: Wakeups) -> None:
    log = a_log(store, wakeups)
    store.fails_with = LeaseLost()

    log.append_held(b'{"type":"done"}', EndOfTurnItem(id="end_1", thread_id="thr_1", created_at=utc_now()))
    log.append(b'{"type":"later"}')
    with pytest.raises(LeaseLost):
        await log.commit()
    log.abandon([ENDED])

    assert texts(log.read(0)) == [b'{"type":"later"}', ENDED]
    assert [event.seq for event in log.read(0)] == [1, 2]


# --- several logs


def a_flusher(store: SlowStore, seconds: float = 0.01) -> Flusher:
    return Flusher(store, seconds)  # type: ignore[arg-type]


def another_log(number: int, store: SlowStore, wakeups: Wakeups, flusher: Flusher, **more: Any) -> TurnLog:
    return TurnLog(replace(LEASE, turn_id=TurnId(f"turn_{number}")), store, wakeups, flusher=flusher, **more)  # type: ignore[arg-type]


async def test_logs_are_written_together(store: SlowStore, wakeups: Wakeups) -> None:
    together: list[int] = []
    write_logs = store.write_logs

    async def counted(groups: Sequence[tuple[Lease, Sequence[LogEvent]]]) -> set[TurnId]:
        together.append(len(groups))
        return await write_logs(groups)

    store.write_logs = counted  # type: ignore[method-assign]
    flusher = a_flusher(store)
    logs = [another_log(number, store, wakeups, flusher) for number in range(5)]
    for log in logs:
        log.append(b'{"type":"notice"}')
    await until(lambda: len(store.writes) == 5)

    assert together == [5]


async def test_what_fails_for_all_is_tried_again_for_each(store: SlowStore, wakeups: Wakeups) -> None:
    store.fails_once_with = DatabaseUnavailable()
    flusher = a_flusher(store)
    logs = [another_log(number, store, wakeups, flusher) for number in range(5)]
    for log in logs:
        log.append(b'{"type":"notice"}')
    await until(lambda: len(store.writes) == 5)

    assert store.written == [b'{"type":"notice"}'] * 5


async def test_a_lost_lease_ends_its_own_turn_alone(store: SlowStore, wakeups: Wakeups) -> None:
    broken: list[Exception] = []
    flusher = a_flusher(store)
    lost, held = (another_log(number, store, wakeups, flusher, on_broken=broken.append) for number in range(2))
    write_turn = store.write_turn

    async def refused(lease: Lease, write: TurnWrite) -> None:
        if lease == lost.lease:
            raise LeaseLost
        await write_turn(lease, write)

    store.write_turn = refused  # type: ignore[method-assign]
    for log in (lost, held):
        log.append(b'{"type":"notice"}')
    await until(lambda: bool(broken and store.writes))

    assert [type(error) for error in broken] == [LeaseLost]
    assert store.written == [b'{"type":"notice"}']


async def test_commits_and_writing_together_take_turns(wakeups: Wakeups) -> None:
    """However they meet, all is written once and in order, an item with its event, and nobody waits for ever."""
    store = HurriedStore()
    flusher = a_flusher(store, 0)
    logs = [another_log(number, store, wakeups, flusher) for number in range(5)]

    async def append(log: TurnLog, chance: random.Random) -> None:
        for number in range(300):
            if chance.random() < 0.2:
                item = EndOfTurnItem(id=f"end_{number}", thread_id="thr_1", created_at=utc_now())
                log.append(b'{"item":"end_%d"}' % number, item)
            else:
                log.append(b'{"n":%d}' % number)
            for _ in range(chance.randrange(3)):
                await asyncio.sleep(0)

    async def commit(log: TurnLog, chance: random.Random) -> None:
        for number in range(100):
            await asyncio.gather(*(log.commit([b'{"c":%d}' % number]) for _ in range(chance.randrange(1, 4))))
            await asyncio.sleep(0)

    async def speak(log: TurnLog, chance: random.Random) -> None:
        async with asyncio.TaskGroup() as both:
            both.create_task(append(log, chance))
            both.create_task(commit(log, chance))
        await log.commit([ENDED], TurnWrite(end=TurnEnd(status="completed")))

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for number, log in enumerate(logs):
            group.create_task(speak(log, random.Random(number)))

    for log in logs:
        writes = [write for lease, write in store.all if lease == log.lease]
        written = [event for write in writes for event in write.events]
        assert written == log.read(0)
        for write in writes:
            told = [event.data for event in write.events if event.data.startswith(b'{"item"')]
            assert told == [b'{"item":"%b"}' % item.id.encode() for item in write.items]


class HurriedStore(SlowStore):
    """Takes a few steps of the event loop for everything."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[tuple[Lease, TurnWrite]] = []
        self._chance = random.Random(1)

    async def write_turn(self, lease: Lease, write: TurnWrite) -> None:
        for _ in range(self._chance.randrange(4)):
            await asyncio.sleep(0)
        self.all.append((lease, write))
