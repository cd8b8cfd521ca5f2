"""Statements of every turn: written with SQLAlchemy, compiled once, and run by the driver itself.

SQLAlchemy needs several times as long to run a statement as SQLite does, and to build one ten times as long again.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

AnySelect = sa.Select[*tuple[Any, ...]]
Insert = sqlite.Insert | postgresql.Insert

_Process = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Session:
    """A connection in the middle of a transaction."""

    connection: sa.Connection
    run: Callable[[str, Sequence[Any]], Sequence[Sequence[Any]]]
    """The rows of a statement in the driver's own words."""
    run_many: Callable[[str, Sequence[Sequence[Any]]], int] | None = None
    """Runs a statement once for each list of values and returns the number of rows changed; None where that is slow."""


@dataclass(frozen=True, slots=True)
class Compiled:
    text: str
    pick: Callable[[Mapping[str, Any]], Sequence[Any]]
    """The values of a mapping in the order in which the driver wants them."""
    constants: Mapping[str, Any]
    """Values of names that are never given."""
    to_driver: Sequence[tuple[int, _Process]]
    """What makes the driver's value of ours, by place, where they differ."""
    row: Callable[..., Any]
    processes: Sequence[_Process | None] | None
    """What makes our values of the driver's; None when all stay as they are."""

    def given(self, values: Mapping[str, Any]) -> Sequence[Any]:
        picked = self.pick({**self.constants, **values} if self.constants else values)
        if not self.to_driver:
            return picked
        given = [*picked]
        for place, process in self.to_driver:
            given[place] = process(given[place])
        return given

    def plain(self, session: Session, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """The rows as the driver has them, where all values of ours are the driver's."""
        assert self.processes is None
        return session.run(self.text, self.given(values))

    def run(self, session: Session, values: Mapping[str, Any]) -> Sequence[Any]:
        rows = session.run(self.text, self.given(values))
        if self.processes is None:
            return [self.row(*row) for row in rows]
        return [
            self.row(
                *(
                    value if process is None else process(value)
                    for value, process in zip(row, self.processes, strict=True)
                )
            )
            for row in rows
        ]


class Prepared:
    """`build` makes the statement for a dialect's name. It has all of its values as named parameters, none of them expanding;
    those of an INSERT without VALUES are named as the columns are."""

    def __init__(self, build: Callable[[str], AnySelect | sa.Insert | sa.Update]) -> None:
        self._build = build
        self._compiled: dict[tuple[str, ...], Compiled] = {}

    def run(self, session: Session, values: Mapping[str, Any]) -> Sequence[Any]:
        """Rows whose values are attributes, for a statement that has any."""
        return self._compiled_for(session, values).run(session, values)

    def plain(self, session: Session, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """The same without names, for many rows of values that the driver has as we have them."""
        return self._compiled_for(session, values).plain(session, values)

    def run_many(self, session: Session, values: Sequence[Mapping[str, Any]]) -> int:
        """The number of rows changed, of a statement that returns none. Where `session.run_many` is there."""
        assert session.run_many is not None
        compiled = self._compiled_for(session, values[0])
        return session.run_many(compiled.text, [compiled.given(each) for each in values])

    def _compiled_for(self, session: Session, values: Mapping[str, Any]) -> Compiled:
        dialect = session.connection.dialect
        key = (dialect.name, *values)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = _compile(self._build(dialect.name), dialect, list(values))
        return compiled


def insert_in(dialect: str, table: sa.Table) -> Insert:
    """An INSERT that knows ON CONFLICT and asks for no key of what it has added."""
    return (postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)).inline()


def _compile(statement: AnySelect | sa.Insert | sa.Update, dialect: Dialect, names: list[str]) -> Compiled:
    compiled: Any = statement.compile(dialect=dialect, column_keys=names if isinstance(statement, sa.Insert) else None)
    places: Sequence[str] = compiled.positiontup
    processes_of = [_of(compiled.binds[name].type, dialect).bind_processor(dialect) for name in places]
    columns = (
        statement.column_descriptions if isinstance(statement, sa.Select) else statement.returning_column_descriptions
    )
    processes = [_from_driver(column["type"], dialect) for column in columns]
    return Compiled(
        text=compiled.string,
        pick=_picking(places),
        constants={name: compiled.params[name] for name in places if name not in names},
        to_driver=[(place, process) for place, process in enumerate(processes_of) if process is not None],
        row=namedtuple("Row", [column["name"] for column in columns]),
        processes=processes if any(processes) else None,
    )


def _picking(places: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    match places:
        case [] | [_]:
            return lambda values: [values[name] for name in places]
        case _:
            return itemgetter(*places)


def _of(kind: Any, dialect: Dialect) -> Any:
    return kind.dialect_impl(dialect)


def _from_driver(kind: Any, dialect: Dialect) -> _Process | None:
    """Both drivers return a float as it is, which SQLAlchemy would first find out from each answer."""
    return None if isinstance(kind, sa.Float) else _of(kind, dialect).result_processor(dialect, None)
