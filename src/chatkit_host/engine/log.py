"""The event log of a turn: one writer, any number of readers, each with a cursor.

A running turn's log is in memory and is written to the database in groups. Text is shown to readers before it is written, at most
`flush_seconds` ahead; what counts (a finished item, the end) is shown only after it was written.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from chatkit.types import ThreadItem

from chatkit_host.engine.acceptance import Acceptance
from chatkit_host.engine.events import TextDeltaEncoder
from chatkit_host.engine.flushing import Flusher
from chatkit_host.engine.patience import pauses
from chatkit_host.engine.ports import Lease, LogEvent, ModelItem, TurnStore, TurnWrite
from chatkit_host.engine.wakeups import Wakeups
from chatkit_host.errors import DatabaseUnavailable
from chatkit_host.ids import Owner, TurnId

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLimits:
    flush_seconds: float = 0.1
    unwritten_bytes: int = 1_048_576
    """How much may wait while the database is away ..."""
    unwritten_seconds: float = 30.0
    """... and for how long, before the turn is given up."""


@dataclass(slots=True)
class _OpenText:
    """Deltas that arrive together leave together: they become one event when somebody wants to read or to write it."""

    item_id: str
    content_index: int
    parts: list[str] = field(default_factory=list)


def _nobody(error: Exception) -> None:
    pass


class TurnLog:
    """The log of a turn that runs in this process. Only its turn writes; everything but `commit` returns at once.

    `first_events` are in the database already, or will be with the `acceptance` of the turn, before which nothing is written: those of
    the opening, or of an earlier attempt.
    """

    def __init__(
        self,
        lease: Lease,
        store: TurnStore,
        wakeups: Wakeups,
        *,
        first_events: Sequence[LogEvent] = (),
        acceptance: Acceptance | None = None,
        limits: LogLimits | None = None,
        on_broken: Callable[[Exception], None] = _nobody,
        flusher: Flusher | None = None,
    ) -> None:
        self._lease = lease
        self._store = store
        self._wakeups = wakeups
        self._acceptance = acceptance or Acceptance.given()
        self._limits = limits or LogLimits()
        self._flusher = flusher or Flusher(store, self._limits.flush_seconds)
        self._on_broken = on_broken
        self._events: list[LogEvent] = list(first_events)
        self._due_items: list[ThreadItem] = []
        self._visible = self._written = len(self._events)
        self._unwritten_bytes = 0
        self._unwritten_since: float | None = None
        self._holding_back = False
        self._held: list[int] = []
        """Places of events that are shown when they are written."""
        self._due_transcript: Sequence[ModelItem] | None = None
        self._due_usage: dict[str, int] | None = None
        self._committing: set[asyncio.Task[None]] = set()
        self._writing = asyncio.Lock()
        self._open_text: _OpenText | None = None
        self._encoder: tuple[str, int, TextDeltaEncoder] | None = None
        self._flush_task: asyncio.Task[None] | None = None
        self._over = False

    # -- writing ---------------------------------------------------------------------------------

    def text(self, item_id: str, content_index: int, delta: str) -> None:
        """Adds a text delta (safe text; see `chatkit_host.text`)."""
        current = self._open_text
        if current is None or current.item_id != item_id or current.content_index != content_index:
            self._seal_text()
            current = self._open_text = _OpenText(item_id, content_index)
            if self._encoder is None or self._encoder[:2] != (item_id, content_index):
                self._encoder = (item_id, content_index, TextDeltaEncoder(item_id, content_index))
                self._wakeups.shown(self._lease.turn_id)  # somebody waits for its first words
            else:
                self._wakeups.more_shown(self._lease.turn_id)
            self._flusher.later(self)
        current.parts.append(delta)

    def append(self, data: bytes, *items: ThreadItem) -> None:
        """Adds an event that readers may see before it is written; `items` are stored in the transaction that writes it."""
        self._due_items.extend(items)
        self.append_all((data,))

    def append_all(self, events: Iterable[bytes]) -> None:
        """Adds events that readers may see before they are written."""
        self._seal_text()
        for data in events:
            self._put(data)
        self._show()
        self._flush_later()

    def append_held(self, data: bytes, *items: ThreadItem) -> None:
        """The same, but readers see it, and what comes after it, when it is written: with a commit, or `flush_seconds` later."""
        self._seal_text()
        self._due_items.extend(items)
        self._held.append(len(self._events))
        self._add(data)

    def store(self, item: ThreadItem) -> None:
        """Stores an item that no reader is told of, with whatever is written next."""
        self._due_items.append(item)

    def remember(self, *, transcript: Sequence[ModelItem] | None = None, usage: dict[str, int] | None = None) -> None:
        """What the next transaction writes along, whatever it is for."""
        self._due_transcript = transcript if transcript is not None else self._due_transcript
        self._due_usage = usage if usage is not None else self._due_usage

    async def commit(self, events: Sequence[bytes] = (), write: TurnWrite | None = None) -> None:
        """Writes everything so far, `events` and `write` (of which the log itself adds events, transcript and usage) in one
        transaction; then shows them.

        Once begun it is done, even if the caller is cancelled meanwhile: what it writes is kept nowhere else.
        """
        writing = asyncio.get_running_loop().create_task(self._commit(events, write or TurnWrite()))
        self._committing.add(writing)
        writing.add_done_callback(self._committed)
        await asyncio.shield(writing)

    async def _commit(self, events: Sequence[bytes], write: TurnWrite) -> None:
        self._seal_text()
        async with self._writing:
            self._seal_text()
            first = len(self._events)
            self._holding_back = True
            try:
                for data in events:
                    self._add(data)
                await self._write(write)
            except Exception:
                self._take_back(first, len(events))
                raise
            finally:
                self._holding_back = False
        self._show()
        self._flush_later()
        if write.end is not None:
            self._over = True
            self._flusher.forget(self)
            self._wakeups.shown(self._lease.turn_id)

    def _take_back(self, first: int, count: int) -> None:
        """Nobody has seen these events, and what they tell is not so. Those that came after them move up."""
        later = self._events[first + count :]
        self._held = [place if place < first else place - count for place in self._held]
        del self._events[first:]
        for event in later:
            self._events.append(LogEvent(seq=self._next_seq, data=event.data))

    def _committed(self, writing: asyncio.Task[None]) -> None:
        self._committing.discard(writing)
        if not writing.cancelled():
            writing.exception()  # seen: the caller has it, or was cancelled and ends the turn anyway

    def abandon(self, events: Sequence[bytes]) -> None:
        """Tells readers how it ended although that cannot be written: the database is gone, or the lease is."""
        self._seal_text()
        unseen = [
            event.data for place, event in enumerate(self._events) if place >= self._visible and place not in self._held
        ]
        del self._events[self._visible :]
        for data in (*unseen, *events):
            self._events.append(LogEvent(seq=self._next_seq, data=data))
        self._over = True
        self._visible = len(self._events)
        self._flusher.forget(self)
        self._wakeups.shown(self._lease.turn_id)

    async def close(self) -> None:
        """Ends the flushing that runs in the background. Nothing is written any more, and readers go."""
        self.leave()
        if self._flush_task is not None:
            await asyncio.wait({self._flush_task})
        async with self._writing:
            pass  # a group that this log is in is written
        # That was the turn, which holds this log; together they would stay in memory for long.
        self._on_broken = _nobody

    def leave(self) -> None:
        """The same, without waiting for what is being written."""
        self._over = True
        self._flusher.forget(self)
        self._wakeups.shown(self._lease.turn_id)

    def _seal_text(self) -> None:
        """Readers were told when the text began."""
        current, self._open_text = self._open_text, None
        if current is None:
            return
        assert self._encoder is not None  # of this text since then
        self._put(self._encoder[2].encode("".join(current.parts)))
        self._uncover()

    def _add(self, data: bytes) -> None:
        self._put(data)
        self._show()
        self._flush_later()

    def _put(self, data: bytes) -> None:
        self._events.append(LogEvent(self._next_seq, data))
        self._unwritten_bytes += len(data)
        if self._unwritten_since is None:
            self._unwritten_since = asyncio.get_running_loop().time()

    @property
    def _next_seq(self) -> int:
        return self._events[-1].seq + 1 if self._events else 1

    def _show(self) -> None:
        if self._uncover():
            self._wakeups.shown(self._lease.turn_id)

    def _uncover(self) -> bool:
        """Readers see everything, except while something that counts is being written. True: there is more for them."""
        shown = self._held[0] if self._held else len(self._events)
        if self._holding_back or shown <= self._visible:
            return False
        self._visible = shown
        return True

    async def _write(self, write: TurnWrite) -> None:
        """Writes all there is, trying again while the database is away, as long as what waits stays within the limits."""
        await self._acceptance.wait()
        upto, items = len(self._events), tuple(self._due_items)
        transcript, usage = self._due_transcript, self._due_usage
        group = replace(
            write,
            events=tuple(self._events[self._written : upto]),
            items=(*items, *write.items),
            transcript=transcript,
            usage=usage,
        )
        for pause in pauses():
            try:
                async with asyncio.timeout(self._limits.unwritten_seconds):
                    await self._store.write_turn(self._lease, group)
                break
            except TimeoutError as error:
                raise DatabaseUnavailable from error
            except DatabaseUnavailable:
                if self._waited_too_long():
                    raise
                _log.warning("events wait for the database", extra={"turn_id": self._lease.turn_id})
            await asyncio.sleep(pause)
        del self._due_items[: len(items)]
        if self._due_transcript is transcript:
            self._due_transcript = None
        if self._due_usage is usage:
            self._due_usage = None
        self._is_written_to(upto)

    def _is_written_to(self, upto: int) -> None:
        self._written = upto
        self._wakeups.written(self._lease.turn_id)
        if self._written == len(self._events):
            self._unwritten_bytes, self._unwritten_since = 0, None
        if self._held and self._held[0] < upto:
            self._held = [place for place in self._held if place >= upto]
            self._show()

    def _waited_too_long(self) -> bool:
        since = self._unwritten_since
        waited = 0.0 if since is None else asyncio.get_running_loop().time() - since
        return waited > self._limits.unwritten_seconds or self._unwritten_bytes > self._limits.unwritten_bytes

    # -- written soon, with other logs where there is nothing but events (`flushing.Flusher`) ---------

    @property
    def lease(self) -> Lease:
        return self._lease

    async def begin_group(self) -> Sequence[LogEvent]:
        if self._writing.locked() or not self._has_only_events_due or not self._acceptance.is_given:
            return ()
        await self._writing.acquire()
        if not self._has_only_events_due:  # somebody was waiting for the lock before us
            self._writing.release()
            return ()
        self._seal_text()
        return tuple(self._events[self._written :])

    def end_group(self, written: int) -> None:
        self._is_written_to(self._written + written)
        self._writing.release()
        if written:
            self._flush_later()

    def flush(self) -> None:
        if self._flush_task is None and self._is_due:
            self._flush_task = asyncio.get_running_loop().create_task(
                self._flush(), name=f"flush {self._lease.turn_id}"
            )

    @property
    def _has_only_events_due(self) -> bool:
        return self._is_due and not self._due_items and self._due_transcript is None and self._due_usage is None

    @property
    def _is_due(self) -> bool:
        return not self._over and (self._open_text is not None or self._written < len(self._events))

    def _flush_later(self) -> None:
        if self._is_due:
            self._flusher.later(self)

    async def _flush(self) -> None:
        try:
            async with self._writing:
                if self._is_due:
                    self._seal_text()
                    await self._write(TurnWrite())
        except Exception as error:  # noqa: BLE001 - a store of the user's own may raise anything; the turn decides
            _log.warning("events could not be written", extra={"turn_id": self._lease.turn_id}, exc_info=error)
            self._on_broken(error)
            return
        finally:
            self._flush_task = None
        self._flush_later()

    # -- reading ---------------------------------------------------------------------------------

    def read(self, after: int) -> Sequence[LogEvent]:
        """What readers may see past a cursor."""
        self._seal_text()
        first = self._visible
        while first and self._events[first - 1].seq > after:
            first -= 1
        return self._events[first : self._visible]

    @property
    def is_complete(self) -> bool:
        """Nothing will be added, and readers may see all there is."""
        return self._over


async def tail(
    log: Callable[[], TurnLog | None],
    store: TurnStore,
    wakeups: Wakeups,
    owner: Owner,
    turn_id: TurnId,
    *,
    after: int = 0,
    heartbeat_seconds: float = 15.0,
    is_leaving: Callable[[], bool] = lambda: False,
) -> AsyncIterator[Sequence[LogEvent]]:
    """A turn's events from a cursor to its end, as they come: from memory while the turn runs here, else from the database.

    An empty batch means that nothing happened for `heartbeat_seconds`.
    `is_leaving`: whether readers of turns elsewhere are to ask another worker.
    """
    loop = asyncio.get_running_loop()
    cursor, last_sign = after, loop.time()
    live: TurnLog | None = None
    with wakeups.watching(turn_id) as watch:
        while True:
            live = live or log()
            if live is not None:
                complete = live.is_complete
                batch = live.read(cursor)
            else:
                complete, batch = await _written(store, owner, turn_id, cursor)
            if batch:
                cursor, last_sign = batch[-1].seq, loop.time()
                yield batch
                if batch[-1].is_the_end:
                    return
            if live is not None:
                if complete:
                    return
            elif batch and not is_leaving():
                continue  # there may be more than were read at once
            elif complete or is_leaving():
                return
            quiet = 0.0 if batch else loop.time() - last_sign
            if quiet >= heartbeat_seconds:
                last_sign = loop.time()
                yield ()
                continue
            await watch.wait(heartbeat_seconds - quiet if live is not None else wakeups.look_seconds)


async def _written(store: TurnStore, owner: Owner, turn_id: TurnId, after: int) -> tuple[bool, Sequence[LogEvent]]:
    """Whether the turn has ended, and its events past the cursor. While the database is away nothing has happened."""
    try:
        complete = not (await store.load_turn(owner, turn_id)).is_open
        return complete, await store.read_events(owner, turn_id, after=after)
    except DatabaseUnavailable:
        return False, ()
