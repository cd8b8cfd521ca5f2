"""The one place where errors of SQLAlchemy and the drivers become ours.

A database that cannot be reached, is locked, full or read-only is `DatabaseUnavailable`. Anything else is a mistake of this
program and goes on as it is.
"""

import sqlite3
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chatkit_host.errors import DatabaseUnavailable


class DriverError(Exception):
    """What asyncpg raised by itself, past SQLAlchemy; its own error is the cause."""

    def __init__(self, message: str, sqlstate: str | None, *, is_conflict: bool = False, is_lost: bool = False) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.is_conflict = is_conflict
        self.is_lost = is_lost


FAILURES = (SQLAlchemyError, sqlite3.Error, DriverError, OSError, EOFError)
"""What a transaction may raise on the database's account."""

_SQLITE_UNAVAILABLE = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    )
)
_CONFLICTS = frozenset(("40001", "40P01"))
# Connection exceptions, no authorisation, no such database, insufficient resources, operator intervention (shut down,
# starting up), system errors. Poolers report a lost server connection as 08P01.
_UNAVAILABLE_CLASSES = ("08", "28", "3D", "53", "57", "58")
_READ_ONLY = frozenset(("25006", "55P03"))


def sql_state(error: BaseException) -> str | None:
    """PostgreSQL's five-character code, wherever the driver or SQLAlchemy put it."""
    seen: BaseException | None = error
    while seen is not None:
        state: Any = getattr(seen, "sqlstate", None)
        if isinstance(state, str):
            return state
        seen = seen.orig if isinstance(seen, DBAPIError) else seen.__cause__
    return None


def is_conflict(error: BaseException) -> bool:
    """Two transactions met, or a transaction and a migration; this one was undone and may be repeated."""
    return sql_state(error) in _CONFLICTS or (isinstance(error, DriverError) and error.is_conflict)


def is_connection_lost(error: BaseException) -> bool:
    """The connection broke, or could not be made; a new one may work at once."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = sql_state(error)
    if state is not None:
        return state.startswith("08") or state in ("57P01", "57P02", "57P03", "25006")
    if isinstance(error, DriverError):
        return error.is_lost
    return isinstance(error, (ConnectionError, EOFError)) or _is_closed(error)


def unavailable(error: BaseException) -> DatabaseUnavailable | None:
    """What to raise instead of `error`, or None when it is not about the database being there."""
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        code: int | None = getattr(original, "sqlite_errorcode", None)
        # The low byte is the error, the rest its refinement.
        return DatabaseUnavailable() if code is not None and code & 0xFF in _SQLITE_UNAVAILABLE else None
    state = sql_state(error)
    if state is not None:
        known = state.startswith(_UNAVAILABLE_CLASSES) or state in _READ_ONLY or state in _CONFLICTS
        return DatabaseUnavailable() if known else None
    if isinstance(error, (OSError, EOFError, TimeoutError, PoolTimeout)) or is_connection_lost(error):
        return DatabaseUnavailable()
    return None


def is_missing_table(error: BaseException) -> bool:
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.OperationalError):
        return "no such table" in str(original)
    return sql_state(error) == "42P01"


def _is_closed(error: BaseException) -> bool:
    """SQLAlchemy's words, which have no code, for a connection that was closed under a statement."""
    said = str(error.orig) if isinstance(error, DBAPIError) else ""
    return "connection is closed" in said or "connection was closed" in said
