"""SQLite: one writer, because it has one, and a few readers beside it; WAL lets them not wait for each other.

What waits to be written is written in one transaction, each change in a savepoint of its own: a commit waits for the disk, for many
changes no longer than for one. Nobody is told that a change is done before it is committed.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy import event

from chatkit_host.store.address import Address
from chatkit_host.store.prepared import Session

Result = TypeVar("Result")

_READERS = 4
_TOGETHER = 64
"""How many changes one transaction takes at most: the first of them waits for the last."""


class SQLite:
    """Nothing is opened before the first transaction, and a connection stays with the thread that opened it."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._writer = _File(address, "BEGIN IMMEDIATE")
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._writing: threading.Thread | None = None
        self._starting = threading.Lock()
        self._readers: list[_File] = []
        self._reader = threading.local()
        self._reading = ThreadPoolExecutor(_READERS, thread_name_prefix="chatkit-host-reader")
        self._closed = False

    async def read(self, work: Callable[[Session], Result], *, is_one_statement: bool) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._read, work)

    def _read(self, work: Callable[[Session], Result]) -> Result:
        file: _File | None = getattr(self._reader, "file", None)
        if file is None:
            file = self._reader.file = _File(self._address, "BEGIN")
            self._readers.append(file)
        return file.transaction(work)

    async def write(
        self, work: Callable[[Session], Result], committing: Callable[[], None], *, is_one_statement: bool
    ) -> Result:
        if self._closed:
            raise RuntimeError("the database is closed")
        if self._writing is None:
            self._start_writing()
        asked = _Asked(work, committing, asyncio.get_running_loop().create_future())
        self._asked.put(asked)
        return await asked.answer

    def _start_writing(self) -> None:
        with self._starting:
            if self._writing is None:
                self._writing = threading.Thread(target=self._write, name="chatkit-host-writer", daemon=True)
                self._writing.start()

    def _write(self) -> None:
        is_over = False
        while not is_over:
            batch: list[_Asked] = []
            asked = self._asked.get()
            while asked is not None:
                if not asked.answer.cancelled():
                    batch.append(asked)
                if len(batch) == _TOGETHER:
                    break
                try:
                    asked = self._asked.get_nowait()
                except Empty:
                    break
            is_over = asked is None
            if batch:
                _answer(self._write_together(batch) if len(batch) > 1 else [self._write_alone(batch[0])])

    def _write_alone(self, asked: "_Asked") -> "_Outcome":
        try:
            return _Outcome(asked, self._writer.transaction(asked.work, asked.committing))
        except BaseException as error:  # noqa: BLE001 - whoever asked is told
            return _Outcome(asked, error=error)

    def _write_together(self, batch: Sequence["_Asked"]) -> Sequence["_Outcome"]:
        outcomes: list[_Outcome] = []

        def committing() -> None:
            for outcome in outcomes:
                if outcome.error is None:
                    outcome.asked.committing()

        def write(session: Session) -> None:
            for asked in batch:
                session.run("SAVEPOINT change", ())
                try:
                    outcomes.append(_Outcome(asked, asked.work(session)))
                except BaseException as error:
                    if not self._writer.is_in_transaction:
                        raise _Undone from error
                    session.run("ROLLBACK TO change", ())
                    outcomes.append(_Outcome(asked, error=error))
                session.run("RELEASE change", ())

        try:
            self._writer.transaction(write, committing)
        except _Undone:
            return [self._write_alone(asked) for asked in batch]
        except BaseException as error:  # noqa: BLE001 - whoever asked is told
            own = {id(outcome.asked): outcome for outcome in outcomes if outcome.error is not None}
            return [own.get(id(asked), _Outcome(asked, error=error)) for asked in batch]
        return outcomes

    async def close(self) -> None:
        self._closed = True

        def close() -> None:
            if self._writing is not None:
                self._asked.put(None)
                self._writing.join()
            self._reading.shutdown()
            for file in (self._writer, *self._readers):
                file.close()

        await asyncio.to_thread(close)

    def connections(self) -> tuple[int, int]:
        files = [file for file in (self._writer, *self._readers) if file.is_open]
        in_use = sum(file.is_busy for file in files)
        return in_use, len(files) - in_use


class _Undone(Exception):
    """Some failures, such as a full disk, undo the whole transaction and not only the change that met them."""


@dataclass(frozen=True, slots=True)
class _Asked:
    work: Callable[[Session], Any]
    committing: Callable[[], None]
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    asked: _Asked
    result: Any = None
    error: BaseException | None = None


def _answer(outcomes: Sequence[_Outcome]) -> None:
    """Wakes each event loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome.asked.answer.get_loop(), []).append(outcome)
    for loop, told in by_loop.items():
        try:
            loop.call_soon_threadsafe(_tell, told)
        except RuntimeError:
            continue  # it has ended, and nobody waits there any more


def _tell(outcomes: Sequence[_Outcome]) -> None:
    for outcome in outcomes:
        answer = outcome.asked.answer
        if answer.done():
            continue
        if outcome.error is not None:
            answer.set_exception(outcome.error)
        else:
            answer.set_result(outcome.result)


class _File:
    """A connection of one thread. It is SQLAlchemy's too, for statements that are not prepared; transactions are made here.

    BEGIN IMMEDIATE takes the write lock first. A transaction that began as a reader and wants to write later is told
    "database is locked" at once, whatever the timeout, when another process has written in between.
    """

    def __init__(self, address: Address, begin: Literal["BEGIN IMMEDIATE", "BEGIN"]) -> None:
        self._begin = begin
        self._engine = _engine(address, can_write=begin == "BEGIN IMMEDIATE")
        self._driver: Any = None
        self._session: Session | None = None
        self.is_busy = False

    @property
    def is_open(self) -> bool:
        return self._session is not None

    @property
    def is_in_transaction(self) -> bool:
        return self._driver.in_transaction

    def transaction(self, work: Callable[[Session], Result], committing: Callable[[], None] = lambda: None) -> Result:
        session = self._session or self._open()
        self.is_busy = True
        try:
            self._driver.execute(self._begin)
            result = work(session)
            committing()
            self._driver.execute("COMMIT")
        except BaseException:
            self._undo()
            raise
        finally:
            self.is_busy = False
        return result

    def _open(self) -> Session:
        connection = self._engine.connect()
        connection.begin()  # for SQLAlchemy, which leaves the database alone, all is one transaction
        driver: Any = connection.connection.driver_connection
        self._driver = driver
        self._session = Session(
            connection,
            lambda text, values: driver.execute(text, values).fetchall(),
            lambda text, rows: driver.executemany(text, rows).rowcount,
        )
        return self._session

    def _undo(self) -> None:
        if self._driver.in_transaction:
            try:
                self._driver.execute("ROLLBACK")
            except sqlite3.Error:
                self.close()

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.connection.close()
        self._engine.dispose()


def _engine(address: Address, *, can_write: bool) -> sa.Engine:
    engine = sa.create_engine(
        address.url,
        connect_args=address.connect_args,
        poolclass=sa.NullPool,
        hide_parameters=True,  # they are what users wrote, and errors quote them
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        patience: float = address.connect_args["timeout"]
        connection.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
        _use_write_ahead_log(connection, patience)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What a savepoint needs to be undone would go through a file of its own.
        connection.execute("PRAGMA temp_store = MEMORY")
        if not can_write:
            connection.execute("PRAGMA query_only = ON")

    return engine


def _use_write_ahead_log(connection: sqlite3.Connection, patience: float) -> None:
    """The change to WAL does not honour the busy timeout, and several processes may start on a new file together."""
    deadline = time.monotonic() + patience
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
