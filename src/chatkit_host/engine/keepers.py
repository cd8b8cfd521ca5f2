"""What goes on by itself beside the turns: their leases are renewed, stops asked for elsewhere are heard, turns of dead workers are
taken over, old events are forgotten."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from chatkit_host.clock import Clock
from chatkit_host.engine import recovery
from chatkit_host.engine.limits import TurnLimits
from chatkit_host.engine.ports import ConversationStore, Lease, Turn, TurnWrite
from chatkit_host.engine.recovery import Left, Way
from chatkit_host.engine.turn import RunningTurn
from chatkit_host.engine.wakeups import Wakeups
from chatkit_host.engine.worker import is_gone
from chatkit_host.errors import HostError, LeaseLost
from chatkit_host.ids import TurnId

_log = logging.getLogger(__name__)

_LOOK_FOR_THE_DEAD_SECONDS = 2.0
_FORGET_EVERY_SECONDS = 600.0
_FORGOTTEN_AT_ONCE = 100
_LOOK_FOR_CANCELS_SECONDS = 0.5
"""Somebody may ask for a cancel on another worker; the model is to hear of it within a second."""


class Keepers:
    def __init__(
        self,
        store: ConversationStore,
        worker: str,
        clock: Clock,
        limits: TurnLimits,
        wakeups: Wakeups,
        *,
        running: Mapping[TurnId, tuple[RunningTurn, asyncio.Task[None]]],
        go_on: Callable[[Lease, Left, Way], Awaitable[bool]],
    ) -> None:
        """`running`: the turns of this process, as they are at any moment. `go_on` answers on from what a dead worker left, or
        returns False."""
        self._store = store
        self._worker = worker
        self._clock = clock
        self._limits = limits
        self._wakeups = wakeups
        self._running = running
        self._go_on = go_on
        self._takes_over = True
        self._look_for_cancels = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(_every(self._limits.lease_seconds / 3, self._renew), name="lease keeper"),
            loop.create_task(_every(_LOOK_FOR_THE_DEAD_SECONDS, self._reap), name="reaper"),
            loop.create_task(_every(_FORGET_EVERY_SECONDS, self._forget), name="event log keeper"),
            loop.create_task(self._hear_cancels(), name="cancel watcher"),
        ]

    def take_nothing_over(self) -> None:
        self._takes_over = False

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    # -- leases ----------------------------------------------------------------------------------

    async def _renew(self) -> None:
        leases = [turn.lease for turn, _ in self._running.values()]
        if not leases:
            return
        held = await self._store.renew_leases(leases, self._limits.lease_seconds)
        for lease in leases:
            if lease.turn_id not in held and (running := self._running.get(lease.turn_id)) is not None:
                running[0].stop("broken")

    # -- stops -----------------------------------------------------------------------------------

    def heard(self, turn_id: TurnId | None) -> None:
        """Another worker has something to say about a turn here: somebody wants it to end."""
        if turn_id is None or turn_id in self._running:
            self._look_for_cancels.set()

    async def _hear_cancels(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_LOOK_FOR_CANCELS_SECONDS):
                    await self._look_for_cancels.wait()
            except TimeoutError:
                pass
            self._look_for_cancels.clear()
            await _carefully(self._end_what_is_cancelled)

    async def _end_what_is_cancelled(self) -> None:
        if not self._running:
            return
        for turn_id in await self._store.asked_to_cancel(self._worker):
            if (running := self._running.get(turn_id)) is not None:
                running[0].stop("cancel")

    # -- dead workers ----------------------------------------------------------------------------

    async def _reap(self) -> None:
        if not self._takes_over:
            return
        for worker in await self._store.workers():
            if worker != self._worker and is_gone(worker):
                await self._store.release_turns(worker)
        for turn in await self._store.expired_turns():
            if turn.id in self._running:
                continue
            lease = await self._store.take_over(turn, self._worker, self._limits.lease_seconds)
            if lease is not None:
                await self._recover(turn, lease)

    async def _recover(self, turn: Turn, lease: Lease) -> None:
        """Goes on with a dead worker's turn, or ends it."""
        try:
            left = await recovery.what_is_left(self._store, turn)
            way = recovery.way_on(left, self._clock())
            if way != "end" and await self._go_on(lease, left, way):
                _log.warning("goes on with a dead worker's turn", extra={"turn_id": turn.id, "attempt": lease.attempt})
            else:
                await self._end(lease, recovery.end_of(left))
        except HostError as error:
            _log.warning("a dead worker's turn could not be looked after: %s", error.code, extra={"turn_id": turn.id})

    async def _end(self, lease: Lease, end: TurnWrite) -> None:
        try:
            await self._store.write_turn(lease, end)
        except LeaseLost:
            # Its thread is in a Store of the user's own, which only a request can open.
            await self._store.end_for_owner(lease, end)
        self._wakeups.written(lease.turn_id)
        _log.warning("ended a dead worker's turn", extra={"turn_id": lease.turn_id})

    # -- old events ------------------------------------------------------------------------------

    async def _forget(self) -> None:
        """A few turns in a transaction, so that nobody waits for it."""
        before = self._clock() - timedelta(seconds=self._limits.replay_seconds)
        forgotten = _FORGOTTEN_AT_ONCE
        while forgotten == _FORGOTTEN_AT_ONCE:
            forgotten = await self._store.forget_events(before, limit=_FORGOTTEN_AT_ONCE)


async def _every(seconds: float, look: Callable[[], Awaitable[None]]) -> None:
    while True:
        await _carefully(look)
        await asyncio.sleep(seconds)


async def _carefully(look: Callable[[], Awaitable[None]]) -> None:
    try:
        await look()
    except HostError as error:
        _log.warning("turns could not be looked after: %s", error.code)
    except Exception:  # noqa: BLE001 - a keeper outlives whatever goes wrong once
        _log.exception("turns could not be looked after")
