"""PostgreSQL as a line between workers: LISTEN and NOTIFY on a connection of its own."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from chatkit_host.ids import TurnId, new_id
from chatkit_host.store.address import Address

_log = logging.getLogger(__name__)

_CHANNEL = "chatkit_host_turns"
_TOGETHER_SECONDS = 0.02
"""What is said within this time is sent at once."""
_IN_A_NOTICE = 150
"""Turns that one notice names: PostgreSQL's have less than 8,000 bytes. Each is delivered to every worker, its own included."""
_IS_PROBE = "probe "
_PROBE_SECONDS = 5.0
_SILENT_SECONDS = 30.0
"""After so long without a word the connection is tried."""
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 10.0
_WITHOUT_A_LINE_SECONDS = 300.0
_LOST = (OSError, TimeoutError, DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError)


class PostgresLine:
    """Fulfils `engine.wakeups.Line`. A pooler in transaction mode takes LISTEN and never delivers; that is found out by trying."""

    def __init__(self, address: Address) -> None:
        self._engine = create_async_engine(address.url, connect_args=address.connect_args, poolclass=NullPool)
        self._due: set[TurnId] = set()
        self._has_due = asyncio.Event()
        self._probed = asyncio.Event()
        self._probe = ""
        self._is_up = False
        self._heard: Callable[[TurnId | None], None] = lambda turn_id: None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        return self._is_up

    def say(self, turn_id: TurnId) -> None:
        if self._is_up:  # otherwise they poll
            self._due.add(turn_id)
            self._has_due.set()

    def open(self, heard: Callable[[TurnId | None], None]) -> None:
        self._heard = heard
        self._keeping = asyncio.get_running_loop().create_task(self._keep(), name="line between workers")

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})
        await self._engine.dispose()

    async def _keep(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            delivers = True
            try:
                delivers = await self._talk()
                pause = _FIRST_PAUSE_SECONDS
            except _LOST:
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            finally:
                self._is_up = False
            if not delivers:
                _log.info("the database address is a pooler's: readers of other workers' answers look twice a second")
            await asyncio.sleep(pause if delivers else _WITHOUT_A_LINE_SECONDS)

    async def _talk(self) -> bool:
        """Until the connection breaks. False: it delivers nothing."""
        async with self._engine.connect() as borrowed:
            connection: Any = (await borrowed.get_raw_connection()).driver_connection
            lost = asyncio.Event()  # this connection's own: an old one may still be closing

            def on_lost(_: object) -> None:
                lost.set()
                self._has_due.set()

            connection.add_termination_listener(on_lost)
            await connection.add_listener(_CHANNEL, self._on_notice)
            if not await self._is_heard_from_elsewhere():
                return False
            self._is_up = True
            self._heard(None)  # whatever was said meanwhile
            while not lost.is_set():
                await self._say_what_is_due(connection)
        return True

    async def _is_heard_from_elsewhere(self) -> bool:
        """Said on another connection: a pooler may have this one's words heard on this one."""
        self._probe = _IS_PROBE + new_id("request")
        self._probed.clear()
        async with self._engine.begin() as other:
            await other.execute(sa.select(sa.func.pg_notify(_CHANNEL, self._probe)))
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await self._probed.wait()
        except TimeoutError:
            return False
        return True

    async def _say_what_is_due(self, connection: Any) -> None:
        try:
            async with asyncio.timeout(_SILENT_SECONDS):
                await self._has_due.wait()
        except TimeoutError:
            await connection.execute("SELECT 1")
            return
        self._has_due.clear()
        due, self._due = list(self._due), set()
        notices = [" ".join(due[first : first + _IN_A_NOTICE]) for first in range(0, len(due), _IN_A_NOTICE)]
        await connection.execute("SELECT pg_notify($1, said) FROM unnest($2::text[]) AS said", _CHANNEL, notices)
        await asyncio.sleep(_TOGETHER_SECONDS)

    def _on_notice(self, connection: Any, process: int, channel: str, said: str) -> None:
        if said == self._probe:
            self._probed.set()
        elif not said.startswith(_IS_PROBE) and process != connection.get_server_pid():
            for turn_id in said.split():
                self._heard(TurnId(turn_id))
