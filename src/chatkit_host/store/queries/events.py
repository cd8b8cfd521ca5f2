"""The event log of a turn: a row for each group of events that was written together."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from chatkit_host.engine.ports import Lease, LogEvent
from chatkit_host.errors import NotFound
from chatkit_host.ids import Owner, first_id
from chatkit_host.store.database import Read, Write
from chatkit_host.store.prepared import AnySelect, Insert, Prepared, insert_in
from chatkit_host.store.queries.pages import check_limit
from chatkit_host.store.tables import turn_events, turns
from chatkit_host.text import safe_text


def append(w: Write, lease: Lease, events: Sequence[LogEvent]) -> None:
    """A group that is there already stays, or grows when it is written again with more behind it.

    The owner was checked with the lease, which the caller has fenced in this transaction.
    """
    w.returning(_APPEND, group(lease, events))


def append_all(w: Write, groups: Sequence[Mapping[str, Any]]) -> None:
    """The same of several turns, in SQLite."""
    w.many(_APPEND, groups)


def appending_for(held: sa.CTE) -> sa.CTE:
    """The same in PostgreSQL, of the values `of_group`, where `held` has a row."""
    values = [sa.bindparam(f"group_{column.name}", type_=column.type).label(column.name) for column in turn_events.c]
    return _appended(sa.select(*values).select_from(held))


def appending_all(held: sa.CTE) -> sa.CTE:
    """The same of the groups that are in the rows of `held`."""
    return _appended(sa.select(*(held.c[column.name] for column in turn_events.c)))


def _appended(rows: AnySelect) -> sa.CTE:
    names = [column.name for column in turn_events.c]
    return _or_grow(postgresql.insert(turn_events).from_select(names, rows)).cte("appended")


def of_group(row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"group_{name}": value for name, value in row.items()}


def group(lease: Lease, events: Sequence[LogEvent]) -> dict[str, Any]:
    """The row of `turn_events` that holds them."""
    first, last = events[0].seq, events[-1].seq
    if last - first + 1 != len(events):
        raise ValueError("the events of a group are numbered without gaps")
    return {
        "turn_id": lease.turn_id,
        "first_seq": first,
        "last_seq": last,
        "attempt": lease.attempt,
        "payload": _lines([event.data for event in events]),
    }


def _or_grow(statement: Insert) -> Insert:
    """What becomes of a group that is there already."""
    return statement.on_conflict_do_update(
        index_elements=[turn_events.c.turn_id, turn_events.c.first_seq],
        set_={name: statement.excluded[name] for name in ("last_seq", "attempt", "payload")},
        where=turn_events.c.last_seq < statement.excluded.last_seq,
    )


_APPEND = Prepared(lambda dialect: _or_grow(insert_in(dialect, turn_events)))


def read(r: Read, owner: Owner, turn_id: str, *, after: int, limit: int) -> list[LogEvent]:
    check_limit(limit)
    # The group that holds event `after + 1` starts at or before it; found by the primary key alone.
    earlier = turn_events.alias()
    start = (
        sa.select(sa.func.coalesce(sa.func.max(earlier.c.first_seq), 0))
        .where(earlier.c.turn_id == turn_id, earlier.c.first_seq <= after + 1)
        .scalar_subquery()
    )
    rows = r.all(
        sa.select(turn_events.c.first_seq, turn_events.c.payload)
        .select_from(
            turns.outerjoin(
                turn_events,
                sa.and_(
                    turn_events.c.turn_id == turns.c.id,
                    turn_events.c.first_seq >= start,
                    turn_events.c.last_seq > after,
                ),
            )
        )
        .where(turns.c.id == turn_id, turns.c.owner == owner)
        .order_by(turn_events.c.first_seq)
        .limit(limit)
    )
    if not rows:
        raise NotFound
    events: list[LogEvent] = []
    for row in rows:
        if row.first_seq is None:
            break  # the turn is there and has nothing new
        for seq, line in enumerate(row.payload.encode().split(b"\n"), row.first_seq):
            if seq > after:
                events.append(LogEvent(seq=seq, data=line))
                after = seq
    return events


def _lines(documents: Sequence[bytes]) -> str:
    # JSON has newlines between its tokens only, where a space means the same.
    text = b"\n".join(documents)
    if text.count(b"\n") >= len(documents):
        text = b"\n".join(document.replace(b"\n", b" ") for document in documents)
    return safe_text(text.decode(errors="replace"))


def forget(w: Write, ended_before: datetime, limit: int) -> int:
    """The system's own: logs of all owners. Read along the primary key, where the oldest come first."""
    old = (
        sa.select(turn_events.c.turn_id)
        .distinct()
        .select_from(turn_events.join(turns, turns.c.id == turn_events.c.turn_id))
        .where(turn_events.c.turn_id < first_id("turn", ended_before), turns.c.finished_at < ended_before)
        .order_by(turn_events.c.turn_id)
        .limit(limit)
    )
    ids = [row.turn_id for row in w.all(old)]
    if ids:
        w.run(sa.delete(turn_events).where(turn_events.c.turn_id.in_(ids)))
    return len(ids)
