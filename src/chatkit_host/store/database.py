"""The way to the database: reading and writing transactions as two methods and two types.

A transaction is a plain function of a `Read` or a `Write`. It runs as a whole: on SQLite in a thread of the database's own
(one hop for a transaction, not one for each statement), on PostgreSQL on a connection held for just that long. So no
transaction can wait for a model or a client, and each can be repeated when the database asks for it.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chatkit_host.clock import Clock, utc_now
from chatkit_host.store.address import Address, parse_address
from chatkit_host.store.failures import FAILURES, is_conflict, is_connection_lost, unavailable

Result = TypeVar("Result")
Statement = sa.Insert | sa.Update | sa.Delete
AnySelect = sa.Select[*tuple[Any, ...]]
AnyRow = sa.Row[*tuple[Any, ...]]

_ATTEMPTS = 4
_BUSY_SECONDS = 5.0
_READERS = 4


class Read:
    """A transaction that can look."""

    def __init__(self, connection: sa.Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def all(self, statement: AnySelect) -> Sequence[AnyRow]:
        return self._connection.execute(statement).all()

    def first(self, statement: AnySelect) -> AnyRow | None:
        return self._connection.execute(statement).first()

    def moment(self) -> datetime:
        """The time to stamp a record with."""
        return self._clock()

    def now(self, plus: float = 0.0) -> sa.ColumnElement[datetime] | datetime:
        """The time that leases are measured by, `plus` seconds: the server's, which several hosts share, or this host's."""
        if self._connection.dialect.name == "postgresql":
            return sa.func.now() + sa.cast(timedelta(seconds=plus), sa.Interval)
        return self._clock() + timedelta(seconds=plus)


class Write(Read):
    """A transaction that can change things."""

    def __init__(self, connection: sa.Connection, clock: Clock, *, repeated: bool) -> None:
        super().__init__(connection, clock)
        self.repeated = repeated
        """The connection broke while an earlier attempt was being committed: its changes may be there already."""

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ON CONFLICT."""
        return postgresql.insert(table) if self._connection.dialect.name == "postgresql" else sqlite.insert(table)

    def run(self, statement: Statement, rows: Sequence[dict[str, Any]] | None = None) -> int:
        """The number of rows that were changed, where the driver counts them."""
        return self._connection.execute(statement, rows).rowcount

    def returning(self, statement: sa.UpdateBase) -> Sequence[AnyRow]:
        """The rows of a statement with RETURNING."""
        return self._connection.execute(statement).all()

    def schema(self, change: Callable[[sa.Connection], object]) -> None:
        """For migrations alone."""
        change(self._connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """To the database, of this process."""

    in_use: int
    idle: int


class _Engine(Protocol):
    async def read(self, work: Callable[[sa.Connection], Result]) -> Result: ...
    async def write(self, work: Callable[[sa.Connection], Result], committing: Callable[[], None]) -> Result: ...
    async def close(self) -> None: ...
    def pools(self) -> Sequence[sa.Pool]: ...


class Database:
    """A pool of connections to one database. Nothing is opened before the first transaction."""

    def __init__(self, address: Address, *, clock: Clock = utc_now) -> None:
        self.address = address
        self._clock = clock
        self._engine: _Engine = _SQLite(address) if address.is_sqlite else _PostgreSQL(address)

    @classmethod
    def open(cls, url: str, *, clock: Clock = utc_now) -> Self:
        """Raises `AddressError` for an address that cannot be used; `clock` is what leases are measured by on SQLite."""
        return cls(parse_address(url), clock=clock)

    async def reading(self, look: Callable[[Read], Result]) -> Result:
        """The result of `look` in a transaction of its own. Raises `DatabaseUnavailable`."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._engine.read(lambda connection: look(Read(connection, self._clock)))
            except FAILURES as error:
                await self._wait_or_raise(error, attempt)
        raise AssertionError("the last attempt raises")

    async def writing(self, change: Callable[[Write], Result]) -> Result:
        """The result of `change`, committed. Raises `DatabaseUnavailable`; then nothing, or on a break right at the commit
        everything, has been done.

        `change` runs again when the database undid it or the connection broke, so it must have no effect besides the database's;
        where doing it twice is not the same as once, it looks at `repeated`.
        """
        committing = repeated = False

        def mark_committing() -> None:
            nonlocal committing
            committing = True

        for attempt in range(1, _ATTEMPTS + 1):
            committing = False
            again = repeated
            try:
                return await self._engine.write(
                    lambda connection: change(Write(connection, self._clock, repeated=again)),  # noqa: B023
                    mark_committing,
                )
            except FAILURES as error:
                repeated = repeated or (committing and not is_conflict(error))
                await self._wait_or_raise(error, attempt)
        raise AssertionError("the last attempt raises")

    async def close(self) -> None:
        await self._engine.close()

    def connections(self) -> Connections:
        pools = [pool for pool in self._engine.pools() if isinstance(pool, sa.QueuePool)]
        return Connections(
            in_use=sum(pool.checkedout() for pool in pools), idle=sum(pool.checkedin() for pool in pools)
        )

    async def _wait_or_raise(self, error: Exception, attempt: int) -> None:
        if attempt < _ATTEMPTS and (is_conflict(error) or is_connection_lost(error)):
            # Two that met must not meet again at the same moment.
            await asyncio.sleep(random.uniform(0.0, 0.02 * 2**attempt))
            return
        if (ours := unavailable(error)) is not None:
            raise ours from error
        raise error


class _SQLite:
    """One writer, because SQLite has one, and a few readers beside it; WAL lets them not wait for each other.

    BEGIN IMMEDIATE takes the write lock first. A transaction that began as a reader and wants to write later is told
    "database is locked" at once, whatever the timeout, when another process has written in between.
    """

    def __init__(self, address: Address) -> None:
        self._writer = _sqlite_engine(address, "BEGIN IMMEDIATE", connections=1)
        self._reader = _sqlite_engine(address, "BEGIN", connections=_READERS)
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="chatkit-host-writer")
        self._reading = ThreadPoolExecutor(_READERS, thread_name_prefix="chatkit-host-reader")

    async def read(self, work: Callable[[sa.Connection], Result]) -> Result:
        def transaction() -> Result:
            with self._reader.connect() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._reading, transaction)

    async def write(self, work: Callable[[sa.Connection], Result], committing: Callable[[], None]) -> Result:
        def transaction() -> Result:
            with self._writer.begin() as connection:
                result = work(connection)
                committing()
            return result

        return await asyncio.get_running_loop().run_in_executor(self._writing, transaction)

    async def close(self) -> None:
        def close() -> None:
            self._writing.shutdown()
            self._reading.shutdown()
            self._writer.dispose()
            self._reader.dispose()

        await asyncio.to_thread(close)

    def pools(self) -> Sequence[sa.Pool]:
        return self._writer.pool, self._reader.pool


def _sqlite_engine(address: Address, begin: str, *, connections: int) -> sa.Engine:
    engine = sa.create_engine(
        address.url,
        connect_args=address.connect_args,
        poolclass=sa.QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_BUSY_SECONDS,
        hide_parameters=True,  # they are what users wrote, and errors quote them
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}")
        _use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if begin == "BEGIN":
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """The change to WAL does not honour the busy timeout, and several processes may start on a new file together."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class _PostgreSQL:
    """asyncpg, one transaction to a connection, nothing kept on the connection between two of them.

    Connections are not pinged before use: a broken one is met by doing the transaction again on a new one, which costs
    nothing while all is well.
    """

    def __init__(self, address: Address) -> None:
        self._engine: AsyncEngine = create_async_engine(
            address.url,
            connect_args=address.connect_args,
            pool_size=10,
            max_overflow=10,
            pool_timeout=10.0,
            pool_recycle=1800,
            hide_parameters=True,
        )
        self._reader = self._engine.execution_options(postgresql_readonly=True)

    async def read(self, work: Callable[[sa.Connection], Result]) -> Result:
        async with self._reader.connect() as connection:
            return await connection.run_sync(work)

    async def write(self, work: Callable[[sa.Connection], Result], committing: Callable[[], None]) -> Result:
        async with self._engine.connect() as connection:
            result = await connection.run_sync(work)
            committing()
            await connection.commit()
            return result

    async def close(self) -> None:
        await self._engine.dispose()

    def pools(self) -> Sequence[sa.Pool]:
        return (self._engine.pool,)
