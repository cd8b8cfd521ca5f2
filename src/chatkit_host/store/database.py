"""The way to the database: reading and writing transactions as two methods and two types.

A transaction is a plain function of a `Read` or a `Write`. It runs as a whole: on SQLite in a thread of the database's own
(one hop for a transaction, not one for each statement), on PostgreSQL on a connection held for just that long. So no
transaction can wait for a model or a client, and each can be repeated when the database asks for it.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, Self, TypeVar

import sqlalchemy as sa

from chatkit_host.clock import Clock, utc_now
from chatkit_host.store.address import Address, parse_address
from chatkit_host.store.failures import FAILURES, is_conflict, is_connection_lost, unavailable
from chatkit_host.store.prepared import AnySelect, Insert, Prepared, Session, insert_in

Result = TypeVar("Result")
Statement = sa.Insert | sa.Update | sa.Delete
AnyRow = sa.Row[*tuple[Any, ...]]
Values = Mapping[str, Any]

_ATTEMPTS = 4


class Read:
    """A transaction that can look."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._connection = session.connection
        self._clock = clock

    @property
    def dialect(self) -> str:
        return self._connection.dialect.name

    def all(self, statement: AnySelect | Prepared, values: Values | None = None) -> Sequence[AnyRow]:
        if isinstance(statement, Prepared):
            return statement.run(self._session, values or {})
        return self._connection.execute(statement, values).all()

    def plain(self, statement: Prepared, values: Values) -> Sequence[Sequence[Any]]:
        """Rows without names, for many of them: of texts and numbers alone."""
        return statement.plain(self._session, values)

    def first(self, statement: AnySelect | Prepared, values: Values | None = None) -> AnyRow | None:
        if isinstance(statement, Prepared):
            return next(iter(statement.run(self._session, values or {})), None)
        return self._connection.execute(statement, values).first()

    def moment(self) -> datetime:
        """The time to stamp a record with."""
        return self._clock()

    def now(self, plus: float = 0.0) -> sa.ColumnElement[datetime] | datetime:
        """The time that leases are measured by, `plus` seconds: the server's, which several hosts share, or this host's."""
        if self.dialect == "postgresql":
            return sa.func.now() + sa.cast(timedelta(seconds=plus), sa.Interval)
        return self._clock() + timedelta(seconds=plus)


class Write(Read):
    """A transaction that can change things."""

    def __init__(self, session: Session, clock: Clock, *, repeated: bool) -> None:
        super().__init__(session, clock)
        self.repeated = repeated
        """The connection broke while an earlier attempt was being committed: its changes may be there already."""

    def insert(self, table: sa.Table) -> Insert:
        """An INSERT that knows ON CONFLICT."""
        return insert_in(self.dialect, table)

    def run(self, statement: Statement, rows: Sequence[Values] | None = None) -> int:
        """The number of rows that were changed, where the driver counts them."""
        return self._connection.execute(statement, rows).rowcount

    def returning(self, statement: sa.UpdateBase | Prepared, values: Values | None = None) -> Sequence[AnyRow]:
        """The rows of a statement with RETURNING; none of one without it that is prepared."""
        if isinstance(statement, Prepared):
            return statement.run(self._session, values or {})
        return self._connection.execute(statement, values).all()

    def many(self, statement: Prepared, rows: Sequence[Values]) -> int:
        """The number of rows that were changed, in SQLite."""
        return statement.run_many(self._session, rows)

    def schema(self, change: Callable[[sa.Connection], object]) -> None:
        """For migrations alone."""
        change(self._connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """To the database, of this process."""

    in_use: int
    idle: int


class _Engine(Protocol):
    async def read(self, work: Callable[[Session], Result], *, is_one_statement: bool) -> Result: ...
    async def write(
        self, work: Callable[[Session], Result], committing: Callable[[], None], *, is_one_statement: bool
    ) -> Result: ...
    async def close(self) -> None: ...
    def connections(self) -> tuple[int, int]: ...


def _engine(address: Address) -> _Engine:
    """Loads what the address needs, and not the other's driver."""
    if address.is_sqlite:
        from chatkit_host.store.sqlite import SQLite

        return SQLite(address)
    from chatkit_host.store.postgresql import PostgreSQL

    return PostgreSQL(address)


class Database:
    """A pool of connections to one database. Nothing is opened before the first transaction."""

    def __init__(self, address: Address, *, clock: Clock = utc_now) -> None:
        self.address = address
        self._clock = clock
        self._engine = _engine(address)

    @classmethod
    def open(cls, url: str, *, clock: Clock = utc_now) -> Self:
        """Raises `AddressError` for an address that cannot be used; `clock` is what leases are measured by on SQLite."""
        return cls(parse_address(url), clock=clock)

    async def reading(self, look: Callable[[Read], Result], *, is_one_statement: bool = False) -> Result:
        """The result of `look` in a transaction of its own, or in none where it says that it is one statement.

        Raises `DatabaseUnavailable`.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._engine.read(
                    lambda session: look(Read(session, self._clock)), is_one_statement=is_one_statement
                )
            except FAILURES as error:
                await self._wait_or_raise(error, attempt)
        raise AssertionError("the last attempt raises")

    async def writing(
        self,
        change: Callable[[Write], Result],
        *,
        is_one_statement: bool = False,
        committing: Callable[[], object] = lambda: None,
    ) -> Result:
        """The result of `change`, committed. Raises `DatabaseUnavailable`; then nothing, or on a break right at the commit
        everything, has been done.

        `change` runs again when the database undid it or the connection broke, so it must have no effect besides the database's;
        where doing it twice is not the same as once, it looks at `repeated`. One statement need not be begun and committed.
        `committing` is called before each try to commit, in any thread.
        """
        is_committing = repeated = False

        def mark_committing() -> None:
            nonlocal is_committing
            is_committing = True
            committing()

        for attempt in range(1, _ATTEMPTS + 1):
            is_committing = False
            again = repeated
            try:
                return await self._engine.write(
                    lambda session: change(Write(session, self._clock, repeated=again)),  # noqa: B023
                    mark_committing,
                    is_one_statement=is_one_statement,
                )
            except FAILURES as error:
                repeated = repeated or (is_committing and not is_conflict(error))
                await self._wait_or_raise(error, attempt)
        raise AssertionError("the last attempt raises")

    async def close(self) -> None:
        await self._engine.close()

    def connections(self) -> Connections:
        in_use, idle = self._engine.connections()
        return Connections(in_use=in_use, idle=idle)

    async def _wait_or_raise(self, error: Exception, attempt: int) -> None:
        if attempt < _ATTEMPTS and (is_conflict(error) or is_connection_lost(error)):
            # Two that met must not meet again at the same moment.
            await asyncio.sleep(random.uniform(0.0, 0.02 * 2**attempt))
            return
        if (ours := unavailable(error)) is not None:
            raise ours from error
        raise error
