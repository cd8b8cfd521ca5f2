"""Items of a thread, in the order of their positions. What another version hides is not there for anyone."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from chatkit.types import Page, ThreadItem

from chatkit_host.clock import as_utc
from chatkit_host.errors import NotFound
from chatkit_host.ids import Owner, TurnId
from chatkit_host.store.database import Read, Write
from chatkit_host.store.payloads import HIDDEN_KINDS, item_from, item_json, safe
from chatkit_host.store.prepared import Insert, Prepared, insert_in
from chatkit_host.store.queries import search, threads
from chatkit_host.store.queries.pages import check_limit, following, page_of
from chatkit_host.store.tables import items
from chatkit_host.store.tables import threads as threads_table

VISIBLE = items.c.superseded_by.is_(None)


class Newest(NamedTuple):
    turn_id: str | None
    kind: str
    payload: str
    seq: int
    state: str
    """Of the thread: another one as soon as something in it was changed or taken away, or it is another thread with the same id."""


_STATE = (
    sa.select(sa.cast(threads_table.c.rewrites, sa.Text) + " " + sa.cast(threads_table.c.created_at, sa.Text))
    .where(threads_table.c.id == sa.bindparam("of_thread"), threads_table.c.owner == sa.bindparam("of_owner"))
    .scalar_subquery()
)
_NEWEST = Prepared(
    lambda _: (
        sa.select(items.c.turn_id, items.c.kind, items.c.payload, items.c.seq, _STATE.label("state"))
        .where(
            items.c.thread_id == sa.bindparam("of_thread"),
            items.c.owner == sa.bindparam("of_owner"),
            items.c.seq > sa.bindparam("after", type_=sa.BigInteger),
            VISIBLE,
        )
        .order_by(items.c.seq.desc())
        .limit(sa.bindparam("at_most", type_=sa.Integer))
    )
)


def _in_thread(owner: Owner, thread_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(items.c.thread_id == thread_id, items.c.owner == owner)


def load(r: Read, owner: Owner, thread_id: str, item_id: str) -> ThreadItem:
    statement = sa.select(items.c.kind, items.c.payload)
    row = r.first(statement.where(_in_thread(owner, thread_id), items.c.id == item_id, VISIBLE))
    if row is None:
        raise NotFound
    return item_from(row.kind, row.payload)


def page(
    r: Read, owner: Owner, thread_id: str, *, limit: int, after: str | None, order: str, hidden: bool
) -> Page[ThreadItem]:
    check_limit(limit)
    position = None if after is None else (_position(r, owner, thread_id, after),)
    statement = sa.select(items.c.kind, items.c.payload).where(_in_thread(owner, thread_id), VISIBLE)
    if not hidden:
        statement = statement.where(items.c.kind.not_in(HIDDEN_KINDS))
    rows = r.all(following(statement, (items.c.seq,), position, order, limit))
    if not rows and after is None:
        threads.require(r, owner, thread_id)
    return page_of([item_from(row.kind, row.payload) for row in rows], limit)


def newest(r: Read, owner: Owner, thread_id: str, *, limit: int, after: int = 0) -> list[Newest]:
    """The last `limit` items, hidden ones included, oldest first, and only those past a position. `NotFound` when there is no such
    thread."""
    check_limit(limit)
    rows = r.plain(_NEWEST, {"of_thread": thread_id, "of_owner": owner, "after": after, "at_most": limit})
    if not rows and not after:
        threads.require(r, owner, thread_id)
    return [Newest(*row) for row in reversed(rows)]


def all_shown(r: Read, owner: Owner, thread_id: str, item_ids: Sequence[str]) -> bool:
    """Whether every one of `item_ids` is an item of the thread that a client sees."""
    wanted = set(item_ids)
    statement = sa.select(sa.func.count()).select_from(items)
    row = r.first(
        statement.where(
            _in_thread(owner, thread_id), VISIBLE, items.c.id.in_(wanted), items.c.kind.not_in(HIDDEN_KINDS)
        )
    )
    return row is not None and row[0] == len(wanted)


def save(
    w: Write, owner: Owner, thread_id: str, saved: Sequence[ThreadItem], *, turn_id: TurnId | None, moment: datetime
) -> bool:
    """Adds each item at the thread's end, or replaces the one with its id where that is; False when there is no such thread."""
    first = threads.reserve_positions(w, owner, thread_id, len(saved), moment)
    if first is None:
        return False
    save_at(w, owner, thread_id, saved, first=first, turn_id=turn_id)
    return True


def save_at(
    w: Write, owner: Owner, thread_id: str, saved: Sequence[ThreadItem], *, first: int, turn_id: TurnId | None
) -> None:
    """The same at positions that are reserved already."""
    statement = _SAVE if turn_id is None else _SAVE_BY_A_TURN
    for seq, item in enumerate(saved, first):
        w.returning(
            statement,
            {
                "thread_id": thread_id,
                "id": safe(item.id),
                "owner": owner,
                "seq": seq,
                "kind": item.type,
                "payload": item_json(item),
                "turn_id": turn_id,
                "created_at": as_utc(item.created_at),
            },
        )
    search.index(w, owner, thread_id, saved)


def _saving(dialect: str, *replaced: str) -> Insert:
    statement = insert_in(dialect, items)
    return statement.on_conflict_do_update(
        index_elements=[items.c.thread_id, items.c.id],
        set_={name: statement.excluded[name] for name in replaced},
        where=items.c.owner == statement.excluded.owner,
    )


_SAVE = Prepared(lambda dialect: _saving(dialect, "kind", "payload"))
_SAVE_BY_A_TURN = Prepared(lambda dialect: _saving(dialect, "kind", "payload", "turn_id"))


def replace(w: Write, owner: Owner, thread_id: str, item: ThreadItem) -> None:
    """Where it is, and by whichever turn it was written. `NotFound` when there is none."""
    rows = w.returning(
        sa.update(items)
        .where(_in_thread(owner, thread_id), items.c.id == item.id, VISIBLE)
        .values(kind=item.type, payload=item_json(item))
        .returning(items.c.id)
    )
    if not rows:
        raise NotFound
    search.index(w, owner, thread_id, [item])


def delete(w: Write, owner: Owner, thread_id: str, item_ids: Sequence[str]) -> None:
    w.run(sa.delete(items).where(_in_thread(owner, thread_id), items.c.id.in_(list(item_ids))))


def position(r: Read, owner: Owner, thread_id: str, item_id: str) -> int:
    """Of an item that is shown."""
    return _position(r, owner, thread_id, item_id, VISIBLE)


def position_before(r: Read, owner: Owner, thread_id: str, item_id: str) -> int:
    """Of what is shown before the item; 0 when it is the first."""
    place = position(r, owner, thread_id, item_id)
    before = sa.select(sa.func.max(items.c.seq)).where(_in_thread(owner, thread_id), items.c.seq < place, VISIBLE)
    row = r.first(before)
    return 0 if row is None or row[0] is None else row[0]


def _position(r: Read, owner: Owner, thread_id: str, item_id: str, *further: sa.ColumnElement[bool]) -> int:
    """Also of an item that was just hidden, so that a client that is paging can go on."""
    row = r.first(sa.select(items.c.seq).where(_in_thread(owner, thread_id), items.c.id == item_id, *further))
    if row is None:
        raise NotFound
    return row.seq
