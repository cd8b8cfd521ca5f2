"""How fast a user may send, and how many answers may be written for one user at once; the same for all workers.

The rate is a leaky bucket (GCRA): each message fills it by the time that it costs, and time empties it. One number tells all:
when the bucket will be empty.
"""

import math
from typing import Any

import sqlalchemy as sa

from chatkit_host.engine.ports import Quota
from chatkit_host.errors import RateLimited
from chatkit_host.ids import Owner
from chatkit_host.store.database import Read, Write
from chatkit_host.store.prepared import Prepared, insert_in
from chatkit_host.store.tables import IS_OPEN, message_rates, turns

_NO_LIMIT = 1_000_000
"""Of messages; the row is written all the same, for its lock."""
_TURN_RETRY_SECONDS = 5
_MINUTE = 60.0
_ROUNDING = 0.001
"""Sums of fractions of a minute must not be more than a minute."""


def take(w: Write, owner: Owner, quota: Quota) -> None:
    """For a turn that this transaction has added. Raises `RateLimited`; then the turn must not be committed.

    The owner's row in `message_rates` is locked until the commit, so that turns of one user are counted one after the other.
    """
    _take_message(w, owner, quota.messages_per_minute or _NO_LIMIT)
    if quota.concurrent_turns and _open_turns(w, owner) > quota.concurrent_turns:
        raise RateLimited(
            f"At most {quota.concurrent_turns} answers may be written for you at once. Wait for one to end, or stop one.",
            retry_after=_TURN_RETRY_SECONDS,
        )


def _take_message(w: Write, owner: Owner, per_minute: int) -> None:
    cost, now = _MINUTE / per_minute, _seconds(w)
    values = {"for_owner": owner, "cost": cost} | ({} if isinstance(now, sa.ColumnElement) else {"now": now})
    taken = w.returning(_TAKE, values)
    if taken:
        return
    row = w.first(
        sa.select((message_rates.c.free_at + cost - _MINUTE - now).label("wait")).where(message_rates.c.owner == owner)
    )
    wait = max(1, math.ceil(row.wait)) if row is not None else 1
    raise RateLimited(f"You have sent {per_minute} messages within a minute. Try again in {wait} s.", retry_after=wait)


def _taking(dialect: str) -> sa.Insert:
    cost = sa.bindparam("cost", type_=sa.Double)
    now = _POSTGRESQL_SECONDS if dialect == "postgresql" else sa.bindparam("now", type_=sa.Double)
    full = sa.case((message_rates.c.free_at > now, message_rates.c.free_at), else_=now) + cost
    return (
        insert_in(dialect, message_rates)
        .values(owner=sa.bindparam("for_owner"), free_at=now + cost)
        .on_conflict_do_update(
            index_elements=[message_rates.c.owner], set_={"free_at": full}, where=full <= now + _MINUTE + _ROUNDING
        )
        .returning(message_rates.c.free_at)
    )


_OPEN_TURNS = Prepared(
    lambda _: sa.select(sa.func.count().label("number")).where(turns.c.owner == sa.bindparam("of_owner"), IS_OPEN)
)


def _open_turns(r: Read, owner: Owner) -> int:
    row = r.first(_OPEN_TURNS, {"of_owner": owner})
    return 0 if row is None else row.number


_POSTGRESQL_SECONDS = sa.cast(sa.extract("epoch", sa.func.now()), sa.Double)
_TAKE = Prepared(_taking)


def _seconds(r: Read) -> Any:
    """The clock that all workers share, as a number."""
    now = r.now()
    return _POSTGRESQL_SECONDS if isinstance(now, sa.ColumnElement) else now.timestamp()
