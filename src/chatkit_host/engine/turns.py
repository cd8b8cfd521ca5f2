"""All turns of this process: start, follow, stop, drain. What goes on by itself meanwhile is in `keepers`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextvars import copy_context
from copy import deepcopy
from functools import partial
from weakref import WeakValueDictionary

from chatkit.types import ThreadMetadata

from chatkit_host.clock import Clock
from chatkit_host.engine import openings, recovery
from chatkit_host.engine.acceptance import Acceptance
from chatkit_host.engine.flushing import Flusher
from chatkit_host.engine.keepers import Keepers
from chatkit_host.engine.limits import TurnLimits
from chatkit_host.engine.log import TurnLog, tail
from chatkit_host.engine.openings import Asking, Opening
from chatkit_host.engine.patience import patiently
from chatkit_host.engine.ports import (
    ConversationStore,
    Lease,
    LogEvent,
    NewTurn,
    PastTurn,
    Turn,
)
from chatkit_host.engine.recovery import Left, Way
from chatkit_host.engine.report import Report
from chatkit_host.engine.responder import TurnInput
from chatkit_host.engine.turn import RunningTurn, StopReason
from chatkit_host.engine.wakeups import Wakeups
from chatkit_host.errors import DatabaseUnavailable, Gone, NotFound, Unavailable
from chatkit_host.ids import Owner, ThreadId, TurnId, new_id

_log = logging.getLogger(__name__)

_MOMENT_SECONDS = 2.0
_TIME_TO_LEAVE_SECONDS = 0.75
"""How long a process that is to go waits for the database after the drain, to write its turns and then to release them. They go on
elsewhere from what is written."""
_LEFT_ENDING_AT_ONCE = 4
"""How many turns whose clients left write their ends at a time. Where thousands leave at once, the models of all hear of it first."""
_TIME_TO_END_SECONDS = 10.0
"""How long something waits for a turn that was stopped. One that still runs then finds its lease gone when it writes."""


class Turns:
    def __init__(
        self,
        store: ConversationStore,
        *,
        worker: str,
        clock: Clock,
        limits: TurnLimits | None = None,
        wakeups: Wakeups | None = None,
        on_end: Report = lambda report: None,
        for_another: Callable[[Owner], Awaitable[Asking | None]] | None = None,
    ) -> None:
        """`for_another`: what it takes to answer an owner's turn that another worker began, or None if that cannot be."""
        self._store = store
        self._worker = worker
        self.clock = clock
        self.limits = limits or TurnLimits()
        self._wakeups = wakeups or Wakeups()
        self._running: dict[TurnId, tuple[RunningTurn, asyncio.Task[None]]] = {}
        self._on_end = on_end
        self._for_another = for_another
        self._draining = self._is_drained = False
        self._left_ending = asyncio.Semaphore(_LEFT_ENDING_AT_ONCE)
        self._flusher = Flusher(store, self.limits.log.flush_seconds)
        self._keepers = Keepers(
            store, worker, clock, self.limits, self._wakeups, running=self._running, go_on=self._go_on
        )
        self._lines: WeakValueDictionary[tuple[Owner, str], asyncio.Lock] = WeakValueDictionary()

    # -- for requests ----------------------------------------------------------------------------

    async def start(
        self, asking: Asking, opening: Opening, *, key: str | None = None, request_hash: str | None = None
    ) -> TurnId:
        """When this returns, the message is in the database and is being answered.

        `TurnRunning`: another answer is being written in the thread. `RateLimited`: this user starts too many. `AlreadySent`: the
        owner has a turn with this key.
        """
        if self._draining:
            raise Unavailable("The server is restarting. Try again in a moment.")
        lease = Lease(
            turn_id=TurnId(new_id("turn")),
            thread_id=ThreadId(opening.thread.id),
            owner=asking.owner,
            worker=self._worker,
        )
        first_events = [LogEvent(seq=seq, data=data) for seq, data in enumerate(opening.first_events, start=1)]
        beginning = _Beginning(partial(self._turn, lease, asking, opening, first_events))
        await beginning.accepted(
            asking.store,
            NewTurn(
                lease=lease,
                lease_seconds=self.limits.lease_seconds,
                operation=opening.operation,
                thread=opening.thread,
                creates_thread=opening.creates_thread,
                items=opening.items,
                removed_items=opening.removed_items,
                supersedes_after=opening.supersedes_after,
                supersedes_from=opening.supersedes_from,
                attachments=opening.attachments,
                input_item_id=opening.user_message.id if opening.user_message is not None else None,
                events=first_events,
                idempotency_key=key,
                request_hash=request_hash,
                quota=self.limits.quota,
                created_at=asking.now,
            ),
            early=asking.responder.asks_early and opening.operation == "message",
        )
        self._run(beginning.turn())
        await asyncio.sleep(0)  # the model is asked first, then the client is told
        return lease.turn_id

    def follow(self, owner: Owner, turn_id: TurnId, *, after: int = 0) -> AsyncIterator[Sequence[LogEvent]]:
        """The turn's events from a cursor to its end; see `log.tail`. The owner was checked when the turn was started or loaded."""
        return tail(
            partial(self._live_log, owner, turn_id),
            self._store,
            self._wakeups,
            owner,
            turn_id,
            after=after,
            heartbeat_seconds=self.limits.heartbeat_seconds,
            is_leaving=lambda: self._draining,
        )

    def stop(self, owner: Owner, turn_id: TurnId, reason: StopReason) -> bool:
        """Asks a turn to end early; what it has said is kept. False: no such turn runs here."""
        running = self._running.get(turn_id)
        if running is None or running[0].lease.owner != owner:
            return False
        running[0].stop(reason)
        return True

    async def load(self, owner: Owner, turn_id: str) -> Turn:
        return await self._store.load_turn(owner, turn_id)

    async def check_kept(self, turn: Turn, *, after: int = 0) -> None:
        """Raises `Gone` when the turn has ended and its events past the cursor are no longer there."""
        has_more = not turn.is_open and after < turn.last_seq
        if has_more and not await self._store.read_events(turn.owner, turn.id, after=after, limit=1):
            raise Gone

    async def of_key(self, owner: Owner, key: str) -> Turn | None:
        return await self._store.turn_of_key(owner, key)

    async def open_in(self, owner: Owner, thread_id: str) -> Turn | None:
        """The turn that is being answered in this thread."""
        return await self._store.open_turn(owner, thread_id)

    async def until_ended(self, owner: Owner, turn_id: str, seconds: float) -> bool:
        """Waits for a turn, whichever worker runs it. False: it still runs."""
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                with self._wakeups.watching(TurnId(turn_id)) as watch:
                    while (turn := await self._store.load_turn(owner, turn_id)).is_open:
                        if (running := self._running.get(turn.id)) is not None:
                            await asyncio.wait({running[1]})
                        else:
                            await watch.wait(self._wakeups.look_seconds)
        except NotFound:
            return True  # its thread was deleted
        except TimeoutError:
            return False
        return True

    def line(self, owner: Owner, thread_id: str) -> asyncio.Lock:
        """Where the messages to a thread wait in this process, first come, first served."""
        return self._lines.setdefault((owner, thread_id), asyncio.Lock())

    async def cancel(self, owner: Owner, turn_id: str) -> Turn:
        """Asks a turn to end early, whichever worker runs it, and waits a moment for it. Asking again is harmless."""
        turn = await self._store.ask_to_cancel(owner, turn_id)
        running = self._running.get(turn.id)
        if running is not None:
            running[0].stop("cancel")
            await asyncio.wait({running[1]}, timeout=_MOMENT_SECONDS)
            return await self._store.load_turn(owner, turn_id)
        self._wakeups.written(turn.id)
        return turn

    async def delete_thread(self, owner: Owner, store: ConversationStore, thread_id: str) -> None:
        """Stops what is being answered in it first. On another worker the turn ends by itself when it next writes."""
        turn = await self._store.open_turn(owner, thread_id)
        if turn is not None and (running := self._running.get(turn.id)) is not None:
            running[0].stop("thread_deleted")
            await asyncio.wait({running[1]}, timeout=_TIME_TO_END_SECONDS)
        await store.delete_thread(owner, thread_id)

    # -- for the application ---------------------------------------------------------------------

    async def open(self) -> None:
        """Looks after what dead workers left behind, from now on."""
        self._wakeups.open(self._keepers.heard)
        self._keepers.open()

    async def drain(self, seconds: float) -> None:
        """No new turns; running ones get `seconds` to end by themselves, then they are left to another worker, or interrupted where
        none could go on. Doing it again is harmless."""
        if self._is_drained:
            return
        self._draining = True
        self._wakeups.all_shown()  # readers of turns elsewhere go at once
        self._keepers.take_nothing_over()
        if tasks := {task for _, task in self._running.values()}:
            await asyncio.wait(tasks, timeout=seconds)
        unfinished = [turn.lease.turn_id for turn, _ in self._running.values()]
        for turn, _ in list(self._running.values()):
            turn.stop("shutdown" if self._for_another is None else "release")
        if tasks := {task for _, task in self._running.values()}:
            await asyncio.wait(tasks, timeout=_TIME_TO_LEAVE_SECONDS)
        for turn, _ in self._running.values():
            turn.log.leave()
        if unfinished and self._for_another is not None:
            try:
                async with asyncio.timeout(_TIME_TO_LEAVE_SECONDS):
                    await self._store.release_turns(self._worker, unfinished)
            except (DatabaseUnavailable, TimeoutError):
                _log.warning("the leases of unfinished turns have to run out")
        self._is_drained = True

    async def close(self) -> None:
        await self.drain(0)
        await self._keepers.close()
        await self._wakeups.close()

    @property
    def is_draining(self) -> bool:
        return self._draining

    @property
    def count(self) -> int:
        return len(self._running)

    # -- inside ----------------------------------------------------------------------------------

    def _turn(
        self,
        lease: Lease,
        asking: Asking,
        opening: Opening,
        first_events: Sequence[LogEvent],
        acceptance: Acceptance,
    ) -> RunningTurn:
        """One that begins to be answered."""
        log = TurnLog(
            lease,
            asking.store,
            self._wakeups,
            first_events=first_events,
            acceptance=acceptance,
            limits=self.limits.log,
            on_broken=lambda error: turn.stop("broken"),
            flusher=self._flusher,
        )
        turn = RunningTurn(
            lease,
            TurnInput(
                id=lease.turn_id,
                owner=asking.owner,
                thread=_copy(opening.thread),
                user_message=opening.user_message,
                context=asking.context,
                past=lambda limit: patiently(partial(_past, asking, opening, acceptance, limit)),
                accepted=acceptance.wait,
                so_far=opening.so_far,
            ),
            opening.run,
            asking.responder,
            log,
            asking.store,
            known=opening.thread,
            clock=self.clock,
            seconds=self.limits.seconds,
            left_ending=self._left_ending,
        )
        return turn

    def _run(self, turn: RunningTurn) -> None:
        lease = turn.lease
        task = asyncio.get_running_loop().create_task(turn.run(), name=f"turn {lease.turn_id}")
        self._running[lease.turn_id] = (turn, task)
        task.add_done_callback(partial(self._ended, lease.turn_id))

    def _ended(self, turn_id: TurnId, task: asyncio.Task[None]) -> None:
        turn, _ = self._running.pop(turn_id)
        if turn.report is not None:
            self._on_end(turn.report)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a turn ended without finishing", extra={"turn_id": turn_id}, exc_info=error)

    def _live_log(self, owner: Owner, turn_id: TurnId) -> TurnLog | None:
        running = self._running.get(turn_id)
        return running[0].log if running is not None and running[0].lease.owner == owner else None

    async def _go_on(self, lease: Lease, left: Left, way: Way) -> bool:
        """Answers on from what a dead worker left. False: that cannot be done here."""
        asking = None if self._for_another is None else await self._for_another(lease.owner)
        if asking is None:
            return False
        so_far = left.transcript if way == "on" else ()
        opening = await openings.of_another_worker(asking, left.turn, so_far)
        beginning = recovery.tidied(left) if way == "on" else recovery.taken_back(left)
        await self._store.write_turn(lease, beginning)
        first_events = [*left.events, *beginning.events]
        self._run(self._turn(lease, asking, opening, first_events, Acceptance.given()))
        self._wakeups.written(lease.turn_id)
        return True


class _Beginning:
    """A turn that begins to be answered while its message is being written, where its responder is made for that.

    A commit waits for a disk, or for another machine. Whatever is checked holds by then, so the model may as well be asked meanwhile.
    Nothing else is done for the turn before the message is safe.
    """

    def __init__(self, turn: Callable[[Acceptance], RunningTurn]) -> None:
        self._acceptance = Acceptance()
        self._made = turn
        self._turn: RunningTurn | None = None

    async def accepted(self, store: ConversationStore, new: NewTurn, *, early: bool) -> None:
        """Writes the beginning of the turn. Raises what `begin_turn` raises."""
        loop = asyncio.get_running_loop()
        try:
            if early:
                # In the context of the request, as all that its turn does; the store calls in one of its own.
                begin = partial(loop.call_soon_threadsafe, self._begin, context=copy_context())
                await store.begin_turn(new, committing=begin)
            else:
                await store.begin_turn(new)
        except BaseException:
            self._acceptance.refuse()
            if self._turn is not None:
                self._turn.refuse()
            raise
        self._acceptance.give()

    def turn(self) -> RunningTurn:
        """Begins to be answered, if it has not begun before."""
        if self._turn is None:
            self._turn = self._made(self._acceptance)
        return self._turn

    def _begin(self) -> None:
        if self._acceptance.is_open:
            self.turn()


def _copy(thread: ThreadMetadata) -> ThreadMetadata:
    """One that shares nothing which can change. A plain deep copy of the few values that there are takes ten times as long."""
    return thread.model_copy(
        update={
            "status": thread.status.model_copy(),
            "metadata": deepcopy(thread.metadata) if thread.metadata else {},
            "allowed_image_domains": None if (domains := thread.allowed_image_domains) is None else [*domains],
        }
    )


async def _past(asking: Asking, opening: Opening, acceptance: Acceptance, limit: int) -> Sequence[PastTurn]:
    """Of a thread that has just begun there is nothing to load, but what it has begun with."""
    if opening.creates_thread:
        if list(opening.items) == [opening.user_message]:
            return ()
        await acceptance.wait()
    return await asking.store.past_turns(asking.owner, opening.thread.id, limit=limit)
