"""Conversations as lists show them: a page is one statement, however much was said in them."""

from collections.abc import Sequence

import orjson
import sqlalchemy as sa

from chatkit_host.engine.conversation_lists import PREVIEW_LENGTH, Overview, OverviewPage
from chatkit_host.errors import NotFound
from chatkit_host.ids import Owner
from chatkit_host.store.database import AnyRow, AnySelect, Read
from chatkit_host.store.payloads import status_from
from chatkit_host.store.queries.pages import check_limit, following
from chatkit_host.store.queries.threads import require
from chatkit_host.store.tables import IS_MESSAGE, IS_OPEN, items, threads, turns

_KEYS = (threads.c.updated_at, threads.c.id)
_SHOWN = (threads.c.id, threads.c.owner, threads.c.title, threads.c.status, threads.c.created_at, threads.c.updated_at)
_CURSOR = threads.alias("cursor")
_CUT = PREVIEW_LENGTH * 10


def page(r: Read, owner: Owner, *, limit: int, after: str | None, offset: int) -> OverviewPage:
    check_limit(limit)
    mine = sa.select(*_SHOWN).where(threads.c.owner == owner)
    if after is not None:
        position = sa.select(_CURSOR.c.updated_at, _CURSOR.c.id).where(_CURSOR.c.id == after, _CURSOR.c.owner == owner)
        mine = mine.where(sa.tuple_(*_KEYS) < position.scalar_subquery())
    mine = following(mine, _KEYS, None, "desc", limit)
    rows = _told(r, mine.offset(offset) if offset else mine)
    if not rows and after is not None:
        require(r, owner, after)
    return OverviewPage(data=[_overview(row) for row in rows[:limit]], has_more=len(rows) > limit)


def load(r: Read, owner: Owner, thread_id: str) -> Overview:
    rows = _told(r, sa.select(*_SHOWN).where(threads.c.id == thread_id, threads.c.owner == owner))
    if not rows:
        raise NotFound
    return _overview(rows[0])


def _told(r: Read, mine: AnySelect) -> Sequence[AnyRow]:
    """What else a list tells of the threads that `mine` selects. First they, then the rest: also when there is an offset."""
    chosen = mine.subquery("chosen")
    messages = sa.and_(items.c.thread_id == chosen.c.id, items.c.owner == chosen.c.owner, IS_MESSAGE)
    count = sa.select(sa.func.count()).select_from(items).where(messages)
    last = sa.select(items.c.payload).where(messages).order_by(items.c.seq.desc()).limit(1)
    running = sa.select(turns.c.id).where(turns.c.owner == chosen.c.owner, turns.c.thread_id == chosen.c.id, IS_OPEN)
    return r.all(
        sa.select(
            chosen,
            count.scalar_subquery().label("message_count"),
            last.scalar_subquery().label("last_message"),
            running.scalar_subquery().label("running_turn_id"),
        ).order_by(chosen.c.updated_at.desc(), chosen.c.id.desc())
    )


def _overview(row: AnyRow) -> Overview:
    return Overview(
        id=row.id,
        title=row.title,
        status=status_from(row.status).type,
        created_at=row.created_at,
        updated_at=row.updated_at,
        preview=None if row.last_message is None else _preview(row.last_message),
        message_count=row.message_count,
        running_turn_id=row.running_turn_id,
    )


def _preview(payload: str) -> str:
    text = " ".join(part.get("text") or "" for part in orjson.loads(payload)["content"])
    line = " ".join(text[:_CUT].split())
    return line if len(line) <= PREVIEW_LENGTH else line[: PREVIEW_LENGTH - 1].rstrip() + "…"
