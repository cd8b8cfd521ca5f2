"""Turns: who may write one, how far it is, how it ended."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from chatkit_host.engine.ports import Lease, LogEvent, ModelItem, NewTurn, Turn, TurnStatus, TurnWrite
from chatkit_host.errors import AlreadySent, Conflict, LeaseLost, NotFound, TurnRunning
from chatkit_host.ids import Owner, ThreadId, TurnId
from chatkit_host.store.database import AnyRow, Read, Write
from chatkit_host.store.payloads import safe, value_from, value_json, values_from
from chatkit_host.store.prepared import AnySelect, Prepared, insert_in
from chatkit_host.store.queries import events, quotas
from chatkit_host.store.tables import IS_HIDDEN, IS_OPEN, items, turn_events, turns

_SHOWN = (
    turns.c.id,
    turns.c.thread_id,
    turns.c.owner,
    turns.c.operation,
    turns.c.status,
    turns.c.worker,
    turns.c.attempt,
    turns.c.input_item_id,
    turns.c.request_hash,
    turns.c.last_seq,
    turns.c.usage,
    turns.c.error_code,
    turns.c.cancel_requested_at,
    turns.c.created_at,
    turns.c.finished_at,
)
_RENEWED_AT_ONCE = 500


def add(w: Write, new: NewTurn, *, set_aside: str | None = None) -> None:
    """Raises `AlreadySent`, `TurnRunning` when the thread has an open turn, `RateLimited` when its owner has used up the quota."""
    lease = new.lease
    until = w.now(plus=new.lease_seconds)
    values = {
        "id": lease.turn_id,
        "owner": lease.owner,
        "thread_id": lease.thread_id,
        "operation": new.operation,
        "status": "running",
        "worker": lease.worker,
        "attempt": lease.attempt,
        "input_item_id": safe(new.input_item_id),
        "set_aside": set_aside,
        "idempotency_key": new.idempotency_key,
        "request_hash": new.request_hash,
        "last_seq": new.events[-1].seq if new.events else 0,
        "created_at": new.created_at,
    }
    if isinstance(until, datetime):
        values["lease_until"] = until
    else:
        values["lease_seconds"] = timedelta(seconds=new.lease_seconds)
    # Two tries: the turn that is in the way may end between the statements.
    for _ in range(2):
        if w.returning(_ADD, values):
            if new.quota is not None:
                quotas.take(w, lease.owner, new.quota)
            return
        if new.idempotency_key is not None and of_key(w, lease.owner, new.idempotency_key) is not None:
            raise AlreadySent
        if (running := open_in(w, lease.owner, lease.thread_id)) is not None:
            raise TurnRunning(running.id)
    raise Conflict


def _adding(dialect: str) -> sa.Insert:
    statement = insert_in(dialect, turns)
    if dialect == "postgresql":  # whose clock the leases go by
        lease = sa.bindparam("lease_seconds", type_=sa.Interval)
        statement = statement.values(lease_until=sa.func.now() + lease)
    return statement.on_conflict_do_nothing().returning(turns.c.id)


_ADD = Prepared(_adding)


def was_added(r: Read, lease: Lease) -> bool:
    row = r.first(sa.select(turns.c.worker).where(turns.c.id == lease.turn_id, turns.c.owner == lease.owner))
    return row is not None and row.worker == lease.worker


def write(w: Write, lease: Lease, change: TurnWrite, *, waiting: str | None = None) -> AnyRow | None:
    """Takes the turn's row, sets what changes in it, appends its events, and returns `operation, input_item_id`.

    A turn that ends keeps nothing of somebody else's Store but `waiting`.

    This is the fence: raises `LeaseLost` when the turn is not open under this lease. None when a commit whose outcome was unknown
    turns out to have ended the turn, exactly as asked for here.
    """
    values: dict[str, Any] = {}
    if change.events:
        values["last_seq"] = change.events[-1].seq
    if change.transcript is not None:
        values["transcript"] = value_json(list(change.transcript)) if change.transcript else None
    if change.usage is not None:
        values["usage"] = value_json(change.usage)
    if change.end is not None:
        values |= {"status": change.end.status, "error_code": safe(change.end.error_code), "finished_at": w.moment()}
        values["set_aside"] = waiting
    given = {f"new_{name}": value for name, value in values.items()} | _lease_values(lease)
    if change.events and w.dialect == "postgresql":
        rows = w.returning(
            _writing_with_events(tuple(values)), given | events.of_group(events.group(lease, change.events))
        )
    else:
        rows = w.returning(_writing(tuple(values)), given)
        if rows and change.events:
            events.append(w, lease, change.events)
    if rows:
        return rows[0]
    if w.repeated and change.end is not None:
        row = _ended_as(w, lease)
        if row is not None and row.status == change.end.status:
            return None
    raise LeaseLost


@cache
def _writing(names: tuple[str, ...]) -> Prepared:
    return Prepared(lambda _: _update(names))


@cache
def _writing_with_events(names: tuple[str, ...]) -> Prepared:
    """The same and `events.append`: one way to the server and back, not two."""

    def build(_: str) -> AnySelect:
        held = _update(names).cte("held")
        return sa.select(held.c.operation, held.c.input_item_id).add_cte(events.appending_for(held))

    return Prepared(build)


def _update(names: tuple[str, ...]) -> sa.Update:
    return _changing(names).returning(turns.c.operation, turns.c.input_item_id)


def _changing(names: tuple[str, ...]) -> sa.Update:
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}", type_=turns.c[name].type) for name in names}
    if "last_seq" in values:
        last = values["last_seq"]
        values["last_seq"] = sa.case((turns.c.last_seq < last, last), else_=turns.c.last_seq)
    return sa.update(turns).where(_HELD).values(values or {"attempt": turns.c.attempt})


def write_logs(w: Write, groups: Sequence[tuple[Lease, Sequence[LogEvent]]]) -> set[TurnId]:
    """Appends to several turns. Those whose lease is not held are left out; the others are returned."""
    if not groups:
        return set()
    rows = [events.group(lease, new) for lease, new in groups]
    if w.dialect == "postgresql":
        columns = {f"all_{name}": [row[name] for row in rows] for name in rows[0]}
        holders = {f"all_{name}": [getattr(lease, name) for lease, _ in groups] for name in ("owner", "worker")}
        return {TurnId(row.id) for row in w.returning(_WRITING_LOGS, columns | holders)}
    reached = [_lease_values(lease) | {"new_last_seq": new[-1].seq} for lease, new in groups]
    if w.many(_ADVANCING, reached) == len(groups):
        events.append_all(w, rows)
        return {lease.turn_id for lease, _ in groups}
    held: set[TurnId] = set()
    for lease, new in groups:
        try:
            write(w, lease, TurnWrite(events=new))
        except LeaseLost:
            continue
        held.add(lease.turn_id)
    return held


def _writing_logs(_: str) -> AnySelect:
    """All groups in one statement: the rows of turns are taken in the order of their ids, so that two never wait for each other."""
    names = {**{column.name: column.type for column in turn_events.c}, "owner": sa.Text(), "worker": sa.Text()}
    arrays = [sa.bindparam(f"all_{name}", type_=sa.ARRAY(kind)) for name, kind in names.items()]
    given = (
        sa.func.unnest(*arrays).table_valued(*(sa.column(name, kind) for name, kind in names.items())).render_derived()
    )
    held = (
        sa.select(turns.c.id, *(given.c[column.name] for column in turn_events.c))
        .join_from(turns, given, turns.c.id == given.c.turn_id)
        .where(
            turns.c.owner == given.c.owner,
            turns.c.worker == given.c.worker,
            turns.c.attempt == given.c.attempt,
            IS_OPEN,
        )
        .order_by(turns.c.id)
        .with_for_update(of=turns)
        .cte("held")
    )
    advanced = (
        sa.update(turns)
        .where(turns.c.id == held.c.id)
        .values(last_seq=sa.func.greatest(turns.c.last_seq, held.c.last_seq))
        .returning(turns.c.id)
        .cte("advanced")
    )
    return sa.select(held.c.id).add_cte(advanced, events.appending_all(held))


_WRITING_LOGS = Prepared(_writing_logs)


_ADVANCING = Prepared(lambda _: _changing(("last_seq",)))


def _ended_as(r: Read, lease: Lease) -> AnyRow | None:
    return r.first(
        sa.select(turns.c.status).where(
            turns.c.id == lease.turn_id,
            turns.c.owner == lease.owner,
            turns.c.worker == lease.worker,
            turns.c.attempt == lease.attempt,
        )
    )


def set_aside(r: Read, lease: Lease) -> str | None:
    """What the turn keeps of somebody else's Store, as JSON. Raises `LeaseLost` as `write` does."""
    row = r.first(sa.select(turns.c.set_aside).where(_HELD), _lease_values(lease))
    if row is None:
        raise LeaseLost
    return row.set_aside


def waiting(r: Read, owner: Owner, thread_id: str) -> list[AnyRow]:
    """`id, set_aside` (JSON) of turns that ended without their items' coming home, oldest first."""
    return list(
        r.all(
            sa.select(turns.c.id, turns.c.set_aside)
            .where(turns.c.owner == owner, turns.c.thread_id == thread_id, ~IS_OPEN, turns.c.set_aside.is_not(None))
            .order_by(turns.c.id)
        )
    )


def nothing_waits(w: Write, owner: Owner, turn_ids: Sequence[str]) -> None:
    w.run(sa.update(turns).where(turns.c.owner == owner, turns.c.id.in_(list(turn_ids))).values(set_aside=None))


def load(r: Read, owner: Owner, turn_id: str) -> Turn:
    row = r.first(_LOAD, {"turn": turn_id, "for_owner": owner})
    if row is None:
        raise NotFound
    return _turn(row)


_LOAD = Prepared(
    lambda _: sa.select(*_SHOWN).where(turns.c.id == sa.bindparam("turn"), turns.c.owner == sa.bindparam("for_owner"))
)


def open_in(r: Read, owner: Owner, thread_id: str) -> Turn | None:
    row = r.first(_OPEN_IN, {"for_owner": owner, "thread": thread_id})
    return None if row is None else _turn(row)


_OPEN_IN = Prepared(
    lambda _: sa.select(*_SHOWN).where(
        turns.c.owner == sa.bindparam("for_owner"), turns.c.thread_id == sa.bindparam("thread"), IS_OPEN
    )
)


def of_key(r: Read, owner: Owner, idempotency_key: str) -> Turn | None:
    row = r.first(sa.select(*_SHOWN).where(turns.c.owner == owner, turns.c.idempotency_key == idempotency_key))
    return None if row is None else _turn(row)


class Told(NamedTuple):
    """What a turn is remembered by."""

    status: TurnStatus
    transcript: list[ModelItem] | None
    size: int
    """Of the transcript, in characters."""


def transcripts(r: Read, owner: Owner, thread_id: str, turn_ids: Sequence[str]) -> dict[str, Told]:
    """By turn; without turns of which another version hides a part."""
    if not turn_ids:
        return {}
    given = {"of_owner": owner, "of_thread": thread_id, "of_turns": value_json(list(turn_ids))}
    rows = r.plain(_TRANSCRIPTS, given)
    transcripts = values_from(["null" if text is None else text for _, _, text in rows])
    return {
        turn_id: Told(status, transcript, len(text or ""))
        for (turn_id, status, text), transcript in zip(rows, transcripts, strict=True)
    }


def _of_these(dialect: str) -> AnySelect:
    ids = sa.bindparam("of_turns", type_=sa.Text)
    each = sa.func.json_each(ids) if dialect == "sqlite" else sa.func.json_array_elements_text(sa.cast(ids, sa.JSON))
    return sa.select(turns.c.id, turns.c.status, turns.c.transcript).where(
        turns.c.id.in_(sa.select(each.table_valued("value").c.value)),
        # Not as columns of an index: SQLite would read through all turns of the thread, or of the owner, to find a few by id.
        turns.c.owner + "" == sa.bindparam("of_owner", type_=sa.Text),
        turns.c.thread_id + "" == sa.bindparam("of_thread", type_=sa.Text),
        ~sa.exists().where(items.c.thread_id == turns.c.thread_id, items.c.turn_id == turns.c.id, IS_HIDDEN),
    )


_TRANSCRIPTS = Prepared(_of_these)


def delete_of_thread(w: Write, owner: Owner, thread_id: str) -> int:
    """With their events."""
    return w.run(sa.delete(turns).where(turns.c.owner == owner, turns.c.thread_id == thread_id))


def ask_to_cancel(w: Write, owner: Owner, turn_id: str) -> Turn:
    w.run(
        sa.update(turns)
        .where(turns.c.id == turn_id, turns.c.owner == owner, IS_OPEN, turns.c.cancel_requested_at.is_(None))
        .values(cancel_requested_at=w.moment())
    )
    return load(w, owner, turn_id)


def asked_to_cancel(r: Read, worker: str) -> set[TurnId]:
    """The system's own: a worker asks for its turns of all owners."""
    mine = sa.select(turns.c.id).where(IS_OPEN, turns.c.worker == worker, turns.c.cancel_requested_at.is_not(None))
    return {TurnId(row.id) for row in r.all(mine)}


def renew(w: Write, leases: Sequence[Lease], seconds: float) -> set[TurnId]:
    """The system's own: leases of all owners at once. A lease names its turn, worker and attempt, which nobody can guess."""
    renewed: set[TurnId] = set()
    for start in range(0, len(leases), _RENEWED_AT_ONCE):
        held = [(each.turn_id, each.worker, each.attempt) for each in leases[start : start + _RENEWED_AT_ONCE]]
        mine = sa.select(turns.c.id).where(sa.tuple_(turns.c.id, turns.c.worker, turns.c.attempt).in_(held), IS_OPEN)
        rows = w.returning(
            sa.update(turns)
            .where(turns.c.id.in_(mine.order_by(turns.c.id).with_for_update()))  # in the order of `_writing_logs`
            .values(lease_until=w.now(plus=seconds))
            .returning(turns.c.id)
        )
        renewed |= {TurnId(row.id) for row in rows}
    return renewed


def workers(r: Read) -> set[str]:
    """The system's own: the turns of all owners."""
    return {row.worker for row in r.all(sa.select(turns.c.worker).where(IS_OPEN).distinct())}


def release(w: Write, worker: str, turn_ids: Sequence[TurnId] | None) -> None:
    """The system's own: turns of all owners that one worker holds."""
    some = sa.true() if turn_ids is None else turns.c.id.in_(list(turn_ids))
    # A second ago, because a lease that ends now has not run out yet.
    w.run(sa.update(turns).where(IS_OPEN, turns.c.worker == worker, some).values(lease_until=w.now(plus=-1.0)))


def transcript(r: Read, owner: Owner, turn_id: str) -> list[ModelItem]:
    row = r.first(sa.select(turns.c.transcript).where(turns.c.id == turn_id, turns.c.owner == owner))
    if row is None:
        raise NotFound
    return [] if row.transcript is None else value_from(row.transcript)


def expired(r: Read) -> list[Turn]:
    """The system's own: turns of all owners."""
    rows = r.all(sa.select(*_SHOWN).where(IS_OPEN, turns.c.lease_until < r.now()).order_by(turns.c.lease_until))
    return [_turn(row) for row in rows]


def take_over(w: Write, turn: Turn, worker: str, seconds: float) -> Lease | None:
    """The system's own, for the owner of the turn. The lease must still be out: its holder may have come back meanwhile."""
    rows = w.returning(
        sa.update(turns)
        .where(_HELD, turns.c.lease_until < w.now())
        .values(worker=worker, attempt=turns.c.attempt + 1, lease_until=w.now(plus=seconds))
        .returning(turns.c.attempt),
        _lease_values(turn.lease),
    )
    if rows:
        return Lease(
            turn_id=turn.id, thread_id=turn.thread_id, owner=turn.owner, worker=worker, attempt=rows[0].attempt
        )
    return None


_HELD = sa.and_(
    turns.c.id == sa.bindparam("held_turn"),
    turns.c.owner == sa.bindparam("held_owner"),
    turns.c.worker == sa.bindparam("held_worker"),
    turns.c.attempt == sa.bindparam("held_attempt"),
    IS_OPEN,
)


def _lease_values(lease: Lease) -> dict[str, Any]:
    """What `_HELD` compares with."""
    return {
        "held_turn": lease.turn_id,
        "held_owner": lease.owner,
        "held_worker": lease.worker,
        "held_attempt": lease.attempt,
    }


def _turn(row: AnyRow) -> Turn:
    return Turn(
        id=TurnId(row.id),
        thread_id=ThreadId(row.thread_id),
        owner=Owner(row.owner),
        operation=row.operation,
        status=row.status,
        worker=row.worker,
        attempt=row.attempt,
        input_item_id=row.input_item_id,
        request_hash=row.request_hash,
        last_seq=row.last_seq,
        usage=None if row.usage is None else value_from(row.usage),
        error_code=row.error_code,
        is_to_end=row.cancel_requested_at is not None,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
