"""PostgreSQL through asyncpg: a transaction holds a connection for just as long as it takes.

Transactions are begun and committed here, so that a statement that is a transaction by itself goes to the server once.
Connections are not pinged before use: a broken one is met by doing the transaction again on a new one, which costs nothing
while all is well.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import event, exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from chatkit_host.store.address import Address
from chatkit_host.store.failures import DriverError
from chatkit_host.store.prepared import Session

Result = TypeVar("Result")

_STATEMENTS = "chatkit_host.statements"


class PostgreSQL:
    def __init__(self, address: Address) -> None:
        self._engine: AsyncEngine = create_async_engine(
            address.url,
            connect_args=address.connect_args,
            pool_size=10,
            max_overflow=10,
            pool_timeout=10.0,
            pool_recycle=1800,
            hide_parameters=True,  # they are what users wrote, and errors quote them
        )
        event.listen(self._engine.sync_engine, "connect", _prepare)
        event.listen(self._engine.sync_engine, "checkout", _pass_over_if_closed)

    async def read(self, work: Callable[[Session], Result], *, is_one_statement: bool) -> Result:
        return await self._transaction("BEGIN READ ONLY", work, lambda: None, is_one_statement)

    async def write(
        self, work: Callable[[Session], Result], committing: Callable[[], None], *, is_one_statement: bool
    ) -> Result:
        return await self._transaction("BEGIN", work, committing, is_one_statement)

    async def _transaction(
        self, begin: str, work: Callable[[Session], Result], committing: Callable[[], None], is_one_statement: bool
    ) -> Result:
        try:
            return await self._transact(begin, work, committing, is_one_statement)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            raise _as_driver_error(error) from error

    async def _transact(
        self, begin: str, work: Callable[[Session], Result], committing: Callable[[], None], is_one_statement: bool
    ) -> Result:
        async with self._engine.connect() as connection:
            borrowed: Any = await connection.get_raw_connection()
            driver: asyncpg.Connection = borrowed.driver_connection
            statements: dict[str, Any] | None = borrowed.info[_STATEMENTS]
            # A pooler may give the parts of one statement to two servers, unless they are in a transaction.
            is_begun = not is_one_statement or statements is None
            try:
                if is_begun:
                    await driver.execute(begin)
                else:
                    committing()
                result = await _run(connection, borrowed.dbapi_connection, statements, work)
                if is_begun:
                    committing()
                    await driver.execute("COMMIT")
            except (asyncpg.InvalidCachedStatementError, asyncpg.InternalClientError):
                driver.terminate()  # the tables have changed, or the connection broke: what it has prepared is of no use
                raise
            except Exception:
                await _roll_back(driver)
                raise
            except BaseException:
                driver.terminate()  # whoever waited was cancelled, and nobody waits for the statement's end
                raise
            return result

    async def close(self) -> None:
        await self._engine.dispose()

    def connections(self) -> tuple[int, int]:
        pool: Any = self._engine.pool
        return pool.checkedout(), pool.checkedin()


async def _run(
    connection: AsyncConnection, adapted: Any, statements: dict[str, Any] | None, work: Callable[[Session], Result]
) -> Result:
    """Statements are prepared once for a connection. Behind a pooler, where the next transaction may meet another server, each
    time."""

    async def fetch(driver: asyncpg.Connection, text: str, values: Sequence[Any]) -> Sequence[Any]:
        if statements is None:
            return await driver.fetch(text, *values)
        statement = statements.get(text)
        if statement is None:
            statement = statements[text] = await driver.prepare(text)
        return await statement.fetch(*values)

    def run(text: str, values: Sequence[Any]) -> Sequence[Any]:
        return adapted.run_async(lambda driver: fetch(driver, text, values))

    return await connection.run_sync(lambda sync: work(Session(sync, run)))


def _prepare(connection: Any, record: Any) -> None:
    """Finds out whether there is a pooler, which gives its clients process ids of its own making."""
    cursor = connection.cursor()
    cursor.execute("SELECT pg_backend_pid()")
    is_direct = cursor.fetchone()[0] == connection.driver_connection.get_server_pid()
    cursor.close()
    connection.rollback()
    connection.autocommit = True  # SQLAlchemy's word for not beginning anything
    record.info[_STATEMENTS] = {} if is_direct else None


def _pass_over_if_closed(connection: Any, record: object, borrowed: object) -> None:
    if connection.driver_connection.is_closed():
        raise exc.DisconnectionError


def _as_driver_error(error: Exception) -> DriverError:
    return DriverError(
        str(error.args[0]) if error.args else "",  # without the values of the row
        getattr(error, "sqlstate", None),
        is_conflict=isinstance(error, asyncpg.InvalidCachedStatementError),
        # asyncpg calls its own what it meets in a connection that is about to be found broken.
        is_lost=isinstance(error, asyncpg.InternalClientError) or "connection" in str(error),
    )


async def _roll_back(driver: asyncpg.Connection) -> None:
    if driver.is_closed() or not driver.is_in_transaction():
        return
    try:
        await driver.execute("ROLLBACK")
    except Exception:  # noqa: BLE001 - what went wrong first is on its way
        driver.terminate()
