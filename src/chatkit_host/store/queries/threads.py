"""Threads: which are mine, what are they called, when was something said."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from chatkit.types import Page, ThreadMetadata

from chatkit_host.clock import as_utc
from chatkit_host.engine.ports import ThreadChanges
from chatkit_host.errors import NotFound
from chatkit_host.ids import Owner
from chatkit_host.store.database import AnyRow, Read, Write
from chatkit_host.store.payloads import safe, status_from, status_json, value_from, value_json
from chatkit_host.store.prepared import Prepared, insert_in
from chatkit_host.store.queries.pages import check_limit, following, page_of
from chatkit_host.store.tables import threads

_SHOWN = (
    threads.c.id,
    threads.c.title,
    threads.c.status,
    threads.c.allowed_image_domains,
    threads.c["metadata"],
    threads.c.created_at,
)


def load(r: Read, owner: Owner, thread_id: str) -> ThreadMetadata:
    row = r.first(_LOAD, {"thread": thread_id, "for_owner": owner})
    if row is None:
        raise NotFound
    return _thread(row)


_LOAD = Prepared(
    lambda _: sa.select(*_SHOWN).where(
        threads.c.id == sa.bindparam("thread"), threads.c.owner == sa.bindparam("for_owner")
    )
)


def require(r: Read, owner: Owner, thread_id: str) -> None:
    if r.first(sa.select(threads.c.id).where(threads.c.id == thread_id, threads.c.owner == owner)) is None:
        raise NotFound


def hold(w: Write, owner: Owner, thread_id: str) -> None:
    """Until the transaction ends. `NotFound` when there is none. SQLite's writer is alone anyway."""
    mine = sa.select(threads.c.id).where(threads.c.id == thread_id, threads.c.owner == owner)
    if w.first(mine.with_for_update()) is None:
        raise NotFound


def page(r: Read, owner: Owner, *, limit: int, after: str | None, order: str) -> Page[ThreadMetadata]:
    check_limit(limit)
    keys = (threads.c.updated_at, threads.c.id)
    position = None
    if after is not None:
        position = r.first(sa.select(*keys).where(threads.c.id == after, threads.c.owner == owner))
        if position is None:
            raise NotFound
    statement = sa.select(*_SHOWN).where(threads.c.owner == owner)
    rows = r.all(following(statement, keys, position, order, limit))
    return page_of([_thread(row) for row in rows], limit)


def create(w: Write, owner: Owner, thread: ThreadMetadata, moment: datetime, *, items: int = 0) -> bool:
    """With room for `items` at positions 1, 2, ...; False when the id is taken, by whomever."""
    return bool(w.returning(_CREATE, _values(owner, thread, moment, items)))


_CREATE = Prepared(lambda dialect: insert_in(dialect, threads).on_conflict_do_nothing().returning(threads.c.id))


def save(w: Write, owner: Owner, thread: ThreadMetadata) -> None:
    """Adds the thread or replaces its columns. Its owner stays, and so does its activity, which is not a matter of names."""
    statement = w.insert(threads).values(_values(owner, thread, w.moment(), 0))
    statement = statement.on_conflict_do_update(
        index_elements=[threads.c.id],
        set_={
            name: statement.excluded[name]
            for name in ("title", "status", "allowed_image_domains", "metadata", "created_at")
        },
        where=threads.c.owner == owner,
    )
    if not w.returning(statement.returning(threads.c.id)):
        raise NotFound


def reserve_positions(w: Write, owner: Owner, thread_id: str, count: int, moment: datetime) -> int | None:
    """The first of `count` positions at the thread's end, which is active as of `moment`; None when there is no such thread.

    Holds the thread's row until the transaction ends, so that positions become visible in their order.
    """
    rows = w.returning(_RESERVE, {"of_thread": thread_id, "of_owner": owner, "count": count, "moment": moment})
    return rows[0].next_seq - count if rows else None


_MOMENT = sa.bindparam("moment", type_=threads.c.updated_at.type)
_RESERVE = Prepared(
    lambda _: (
        sa.update(threads)
        .where(threads.c.id == sa.bindparam("of_thread"), threads.c.owner == sa.bindparam("of_owner"))
        .values(
            next_seq=threads.c.next_seq + sa.bindparam("count", type_=sa.BigInteger),
            # Clocks of several hosts differ; a thread does not go down in the list because something was said.
            updated_at=sa.case((threads.c.updated_at < _MOMENT, _MOMENT), else_=threads.c.updated_at),
        )
        .returning(threads.c.next_seq)
    )
)


def change(w: Write, owner: Owner, thread_id: str, changes: ThreadChanges) -> ThreadMetadata:
    if not changes:
        return load(w, owner, thread_id)
    rows = w.returning(
        sa.update(threads)
        .where(threads.c.id == thread_id, threads.c.owner == owner)
        .values(_columns(changes))
        .returning(*_SHOWN)
    )
    if not rows:
        raise NotFound
    return _thread(rows[0])


def delete(w: Write, owner: Owner, thread_id: str) -> bool:
    """With its items; whether there was one."""
    return bool(w.run(sa.delete(threads).where(threads.c.id == thread_id, threads.c.owner == owner)))


def _columns(changes: ThreadChanges) -> Mapping[str, Any]:
    columns: dict[str, Any] = {}
    if "title" in changes:
        columns["title"] = safe(changes["title"])
    if "status" in changes:
        columns["status"] = status_json(changes["status"])
    if "allowed_image_domains" in changes:
        domains = changes["allowed_image_domains"]
        columns["allowed_image_domains"] = None if domains is None else value_json(domains)
    if "metadata" in changes:
        columns["metadata"] = value_json(changes["metadata"])
    return columns


def _values(owner: Owner, thread: ThreadMetadata, moment: datetime, items: int) -> Mapping[str, Any]:
    return {
        **_columns(
            {
                "title": thread.title,
                "status": thread.status,
                "allowed_image_domains": thread.allowed_image_domains,
                "metadata": thread.metadata,
            }
        ),
        "id": thread.id,
        "owner": owner,
        "created_at": as_utc(thread.created_at),
        "updated_at": moment,
        "next_seq": items + 1,
    }


def _thread(row: AnyRow) -> ThreadMetadata:
    domains = row.allowed_image_domains
    return ThreadMetadata(
        id=row.id,
        title=row.title,
        status=status_from(row.status),
        allowed_image_domains=None if domains is None else value_from(domains),
        metadata=value_from(row.metadata),
        created_at=row.created_at,
    )
