"""Writes the logs of a process's turns together: one transaction for all that was shown since the last one, not one for each."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from chatkit_host.engine.ports import Lease, LogEvent, TurnStore
from chatkit_host.errors import HostError
from chatkit_host.ids import TurnId

_log = logging.getLogger(__name__)

_TOGETHER = 200
"""Logs in one transaction."""
_PATIENCE_SECONDS = 5.0


class Flushable(Protocol):
    """A turn's log."""

    @property
    def lease(self) -> Lease: ...

    async def begin_group(self) -> Sequence[LogEvent]:
        """The events to write. When there are any, nothing else of this log is written until `end_group`."""
        ...

    def end_group(self, written: int) -> None: ...

    def flush(self) -> None:
        """Writes what is due by itself, and deals with what goes wrong."""
        ...


class Flusher:
    def __init__(self, store: TurnStore, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._due: dict[Flushable, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def later(self, log: Flushable) -> None:
        """Within `seconds`, or as soon as the database has taken what came before."""
        self._due[log] = None
        self._wait()

    def forget(self, log: Flushable) -> None:
        self._due.pop(log, None)

    def _wait(self) -> None:
        if self._due and self._timer is None and self._writing is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._start)

    def _start(self) -> None:
        self._timer = None
        due, self._due = list(self._due), {}
        if due:
            self._writing = asyncio.get_running_loop().create_task(self._write(due), name="event log writer")

    async def _write(self, due: Sequence[Flushable]) -> None:
        try:
            for start in range(0, len(due), _TOGETHER):
                await self._write_together(due[start : start + _TOGETHER])
        finally:
            self._writing = None
            self._wait()

    async def _write_together(self, logs: Sequence[Flushable]) -> None:
        groups = {log: group for log in logs if (group := await log.begin_group())}
        held: set[TurnId] = set()
        try:
            if groups:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    held = await self._store.write_logs([(log.lease, group) for log, group in groups.items()])
        except (HostError, TimeoutError):
            pass  # each log meets it again by itself
        except Exception:  # noqa: BLE001 - and so it does whatever else went wrong
            _log.exception("events could not be written together")
        finally:
            for log, group in groups.items():
                log.end_group(len(group) if log.lease.turn_id in held else 0)
        for log in logs:
            if log.lease.turn_id not in held:
                log.flush()
