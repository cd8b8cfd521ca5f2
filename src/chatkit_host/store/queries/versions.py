"""Versions: what the rest of a thread was before a message was edited, or an answer asked for again.

A fork is a position; its versions are what follows it, and one of them is shown. What a version hides names it in `superseded_by`,
items and the forks between them alike. So everything comes back as it was, however deep forks are nested in versions.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from chatkit_host.engine.ports import Versions
from chatkit_host.errors import NotFound
from chatkit_host.ids import Owner, TurnId, new_id
from chatkit_host.store.database import AnyRow, Read, Write
from chatkit_host.store.payloads import HIDDEN_KINDS
from chatkit_host.store.tables import items, versions

_IN_SIGHT = versions.c.superseded_by.is_(None)
_SAYS_SOMETHING = items.c.kind.not_in((*HIDDEN_KINDS, "end_of_turn"))


def begin(w: Write, owner: Owner, thread_id: str, after_seq: int, turn_id: TurnId) -> None:
    """Hides what is shown after the position, for the version that the turn is about to write."""
    _hide(w, owner, thread_id, after_seq, _added(w, owner, thread_id, after_seq, turn_id))


def settle(
    w: Write, owner: Owner, thread_id: str, turn_id: TurnId, *, input_item_id: str | None, is_completed: bool
) -> None:
    """The turn has ended. What it wrote is shown: an answer that is whole, and one to an edited message as soon as it has a word.

    Otherwise the version before it is shown again. A version in which nothing is said is dropped.
    """
    begun = _version(w, owner, thread_id, turn_id) or _adopted(w, owner, thread_id, turn_id, input_item_id)
    if begun is None or begun.instead_of is None:
        return
    tail = sa.and_(_of(items, owner, thread_id), items.c.seq > begun.after_seq, items.c.superseded_by.is_(None))
    says = {row.id for row in w.all(sa.select(items.c.id).where(tail, _SAYS_SOMETHING))}
    is_edit = input_item_id in says
    has_answer = bool(says - {input_item_id})
    is_better = is_completed or is_edit or not _has_anything(w, owner, thread_id, begun.instead_of)
    is_kept = (has_answer and is_better) or (is_edit and is_completed)
    if not is_kept:
        _show(w, owner, thread_id, begun.after_seq, shown=begun.id, chosen=begun.instead_of)
    set_aside = begun.instead_of if is_kept else begun.id
    if not _has_anything(w, owner, thread_id, set_aside):
        _drop(w, owner, thread_id, set_aside)
    left = _versions(w, owner, thread_id, begun.after_seq)
    if len(left) == 1:
        w.run(sa.delete(versions).where(_of(versions, owner, thread_id), versions.c.id == left[0].id))


def choose(w: Write, owner: Owner, thread_id: str, version_id: str) -> None:
    """`NotFound` when there is no such version in what is shown."""
    chosen = _version(w, owner, thread_id, version_id)
    if chosen is None or chosen.superseded_by is not None:
        raise NotFound
    if not chosen.is_chosen:
        fork = _versions(w, owner, thread_id, chosen.after_seq)
        shown = next(version.id for version in fork if version.is_chosen)
        _show(w, owner, thread_id, chosen.after_seq, shown=shown, chosen=version_id)


def in_sight(r: Read, owner: Owner, thread_id: str) -> list[Versions]:
    first = (
        sa.select(items.c.id)
        .where(
            items.c.thread_id == versions.c.thread_id,
            items.c.owner == versions.c.owner,
            items.c.seq > versions.c.after_seq,
            items.c.superseded_by.is_(None),
            _SAYS_SOMETHING,
        )
        .order_by(items.c.seq)
        .limit(1)
        .scalar_subquery()
    )
    rows = r.all(
        sa.select(versions.c.id, versions.c.after_seq, versions.c.is_chosen, first.label("item_id"))
        .where(_of(versions, owner, thread_id), _IN_SIGHT)
        .order_by(versions.c.after_seq, versions.c.number)
    )
    forks: dict[int, list[AnyRow]] = {}
    for row in rows:
        forks.setdefault(row.after_seq, []).append(row)
    return [
        Versions(
            item_id=fork[0].item_id,
            ids=[version.id for version in fork],
            chosen=next(version.id for version in fork if version.is_chosen),
        )
        for fork in forks.values()
    ]


def fork_before(r: Read, owner: Owner, thread_id: str, seq: int) -> int:
    """The position of the last fork in sight before `seq`; 0 when there is none."""
    nearest = sa.select(sa.func.max(versions.c.after_seq)).where(
        _of(versions, owner, thread_id), versions.c.after_seq < seq, _IN_SIGHT
    )
    row = r.first(nearest)
    return 0 if row is None or row[0] is None else row[0]


def _of(table: sa.Table, owner: Owner, thread_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.thread_id == thread_id, table.c.owner == owner)


def _version(r: Read, owner: Owner, thread_id: str, version_id: str) -> AnyRow | None:
    return r.first(sa.select(versions).where(_of(versions, owner, thread_id), versions.c.id == version_id))


def _versions(r: Read, owner: Owner, thread_id: str, after_seq: int) -> Sequence[AnyRow]:
    here = sa.and_(_of(versions, owner, thread_id), versions.c.after_seq == after_seq)
    return r.all(sa.select(versions).where(here).order_by(versions.c.number))


def _added(w: Write, owner: Owner, thread_id: str, after_seq: int, turn_id: TurnId) -> str:
    """Adds the version of a turn, and the one that was shown until now where that was the only one; returns the latter's id."""
    fork = _versions(w, owner, thread_id, after_seq)
    shown = next((version.id for version in fork if version.is_chosen), None)
    if shown is None:
        shown = new_id("version")
        _add(w, owner, thread_id, after_seq, shown, number=1, instead_of=None)
    number = fork[-1].number + 1 if fork else 2
    _add(w, owner, thread_id, after_seq, turn_id, number=number, instead_of=shown)
    _mark(w, owner, thread_id, after_seq, turn_id)
    return shown


def _add(
    w: Write, owner: Owner, thread_id: str, after_seq: int, version_id: str, *, number: int, instead_of: str | None
) -> None:
    w.run(
        sa.insert(versions).values(
            id=version_id,
            thread_id=thread_id,
            owner=owner,
            after_seq=after_seq,
            number=number,
            is_chosen=False,
            instead_of=instead_of,
            created_at=w.moment(),
        )
    )


def _show(w: Write, owner: Owner, thread_id: str, after_seq: int, *, shown: str, chosen: str) -> None:
    _hide(w, owner, thread_id, after_seq, shown)
    for table in (items, versions):
        w.run(
            sa.update(table)
            .where(_of(table, owner, thread_id), table.c.superseded_by == chosen)
            .values(superseded_by=None)
        )
    _mark(w, owner, thread_id, after_seq, chosen)


def _hide(w: Write, owner: Owner, thread_id: str, after_seq: int, version_id: str) -> None:
    for table, place in ((items, items.c.seq), (versions, versions.c.after_seq)):
        w.run(
            sa.update(table)
            .where(_of(table, owner, thread_id), place > after_seq, table.c.superseded_by.is_(None))
            .values(superseded_by=version_id)
        )


def _mark(w: Write, owner: Owner, thread_id: str, after_seq: int, version_id: str) -> None:
    w.run(
        sa.update(versions)
        .where(_of(versions, owner, thread_id), versions.c.after_seq == after_seq)
        .values(is_chosen=versions.c.id == version_id)
    )


def _has_anything(r: Read, owner: Owner, thread_id: str, version_id: str) -> bool:
    """Of a version that is not shown: whether a client would see something of it."""
    mine = sa.and_(_of(items, owner, thread_id), items.c.superseded_by == version_id, _SAYS_SOMETHING)
    forks = sa.and_(_of(versions, owner, thread_id), versions.c.superseded_by == version_id)
    found = (sa.select(table.c.id).where(rows).limit(1) for table, rows in ((items, mine), (versions, forks)))
    return any(r.first(statement) is not None for statement in found)


def _drop(w: Write, owner: Owner, thread_id: str, version_id: str) -> None:
    """A version that is not shown, with what no client sees of it."""
    w.run(sa.delete(items).where(_of(items, owner, thread_id), items.c.superseded_by == version_id))
    w.run(sa.delete(versions).where(_of(versions, owner, thread_id), versions.c.id == version_id))


def _adopted(w: Write, owner: Owner, thread_id: str, turn_id: TurnId, question: str | None) -> AnyRow | None:
    """Of a retry that the release before began: it hid the old answer under the turn's own id."""
    aside = sa.and_(_of(items, owner, thread_id), items.c.superseded_by == turn_id)
    place = w.first(sa.select(items.c.seq).where(_of(items, owner, thread_id), items.c.id == question))
    if place is None or w.first(sa.select(items.c.id).where(aside).limit(1)) is None:
        return None
    before = _added(w, owner, thread_id, place.seq, turn_id)
    w.run(sa.update(items).where(aside).values(superseded_by=before))
    forks = sa.and_(_of(versions, owner, thread_id), versions.c.after_seq > place.seq, _IN_SIGHT)
    w.run(sa.update(versions).where(forks).values(superseded_by=before))
    return _version(w, owner, thread_id, turn_id)
