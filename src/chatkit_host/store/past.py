"""The past of threads, for the model: what was told of a conversation is kept, so that a turn reads only what has come since.

A thread counts how often something that was said in it was changed or taken away, by whomever (migration 0006). While that number is
the same, what was read before still holds: adding takes nothing back, and a turn that has ended is not written again.
"""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from chatkit.types import ThreadItem

from chatkit_host.engine.ports import OPEN_STATUSES, PastTurn, Words
from chatkit_host.errors import NotFound
from chatkit_host.ids import Owner, TurnId
from chatkit_host.store.database import Read
from chatkit_host.store.payloads import past_items
from chatkit_host.store.queries import items, turns
from chatkit_host.store.queries.items import Newest

_MOST_CHARACTERS = 16 * 1024 * 1024
_COUNTING = ("sqlite",)
"""Databases whose threads count. PostgreSQL's do not: the count would be one more row for writers to wait for each other at."""


class _Told(NamedTuple):
    turn: PastTurn
    last_place: int
    """Of its items, among those that it was read with."""
    items: int
    characters: int


class _Kept(NamedTuple):
    state: str
    upto: int
    """The position up to which all is told, by turns that have ended."""
    told: Sequence[_Told]
    limit: int
    """As many items of these turns are there, if the thread has so many."""

    @property
    def characters(self) -> int:
        return sum([each.characters for each in self.told])


_NOTHING = _Kept("", 0, (), 0)


class Pasts:
    """Of the threads in which something was asked last. For any number of threads of the process."""

    def __init__(self, *, most_characters: int = _MOST_CHARACTERS) -> None:
        self._most_characters = most_characters
        self._characters = 0
        self._kept: OrderedDict[tuple[Owner, str], _Kept] = OrderedDict()
        self._changing = threading.Lock()

    def of(self, r: Read, owner: Owner, thread_id: str, *, limit: int) -> list[PastTurn]:
        """The turns of the last `limit` items, the oldest whole where it was so before. `NotFound` when there is no such thread."""
        kept = self._kept.get((owner, thread_id), _NOTHING)
        if kept.limit < limit:
            kept = _NOTHING
        try:
            rows = items.newest(r, owner, thread_id, limit=limit, after=kept.upto)
            if kept is not _NOTHING and not _go_on(rows, kept, limit):
                kept, rows = _NOTHING, items.newest(r, owner, thread_id, limit=limit)
        except NotFound:
            self.forget(owner, thread_id)
            raise
        new = _told(r, owner, thread_id, rows)
        told = [*kept.told, *new.turns]
        left_out = _to_leave_out([each.items for each in told], limit)
        if new.ended and r.dialect in _COUNTING:
            ended = [each for each in new.turns if each.last_place < new.ended]
            whole = told[left_out : len(kept.told) + len(ended)]
            last = rows[new.ended - 1]
            self._keep((owner, thread_id), _Kept(last.state, last.seq, whole, limit))
        return [each.turn for each in told[left_out:]]

    def forget(self, owner: Owner, thread_id: str) -> None:
        self._keep((owner, thread_id), _NOTHING)

    def _keep(self, thread: tuple[Owner, str], kept: _Kept) -> None:
        with self._changing:
            self._characters -= self._kept.pop(thread, _NOTHING).characters
            # One alone does not drive out all others.
            if kept.told and kept.characters <= self._most_characters // 2:
                self._kept[thread] = kept
                self._characters += kept.characters
            while self._characters > self._most_characters:
                self._characters -= self._kept.popitem(last=False)[1].characters


def _go_on(rows: Sequence[Newest], kept: _Kept, limit: int) -> bool:
    """Whether nothing has happened since but what the rows tell."""
    if not 0 < len(rows) < limit or rows[0].state != kept.state:
        return False
    return {row.turn_id for row in rows}.isdisjoint([each.turn.turn_id for each in kept.told if each.turn.turn_id])


class _New(NamedTuple):
    turns: Sequence[_Told]
    ended: int
    """How many of the rows, from the first on, are told by turns that have ended."""


def _told(r: Read, owner: Owner, thread_id: str, rows: Sequence[Newest]) -> _New:
    """A turn is told once, where its last item is: an action may have replaced an item of long ago. Items that no transcript tells of
    are told by their content, turn by turn."""
    last_place = {row.turn_id: place for place, row in enumerate(rows)}
    known = turns.transcripts(r, owner, thread_id, [turn_id for turn_id in last_place if turn_id is not None])
    # The transcript of a turn that completed tells its answers.
    answered = {turn_id for turn_id, turn in known.items() if turn.status == "completed" and turn.transcript}
    is_told = [row.kind == "assistant_message" and row.turn_id in answered for row in rows]
    said = iter(past_items([(row.kind, row.payload) for row, told in zip(rows, is_told, strict=True) if not told]))
    of_turn: defaultdict[str | None, list[ThreadItem | Words]] = defaultdict(list)
    count: defaultdict[str | None, int] = defaultdict(int)
    size: defaultdict[str | None, int] = defaultdict(int)
    told: list[_Told] = []
    reach = ended = 0
    has_open = False
    for place, row in enumerate(rows):
        turn_id, turn = row.turn_id, known.get(row.turn_id or "")
        count[turn_id] += 1
        size[turn_id] += len(row.payload)
        if not is_told[place]:
            of_turn[turn_id].append(next(said))
        if turn is None:
            is_last = place + 1 == len(rows) or rows[place + 1].turn_id != turn_id
            past = PastTurn(None, None, of_turn[turn_id], None)
        else:
            is_last = place == last_place[turn_id]
            past = PastTurn(TurnId(str(turn_id)), turn.status, of_turn[turn_id], turn.transcript)
            size[turn_id] += turn.size if is_last else 0
        if is_last:
            told.append(_Told(past, place, count.pop(turn_id), size.pop(turn_id)))
            del of_turn[turn_id]
        # A turn that is not known may still write, if another version hides a part of it.
        has_open = has_open or (turn_id is not None and (turn is None or turn.status in OPEN_STATUSES))
        reach = max(reach, place if turn is None else last_place[turn_id])
        # What comes next may belong to the items before, where no turn wrote them.
        may_go_on = turn is None and place + 1 == len(rows)
        if reach == place and is_last and not has_open and not may_go_on:
            ended = place + 1
    return _New(told, ended)


def _to_leave_out(counts: Sequence[int], limit: int) -> int:
    """How many of the first turns it takes to come down to `limit` items, and not below."""
    surplus, place = sum(counts) - limit, 0
    while surplus > 0 and counts[place] <= surplus:
        surplus -= counts[place]
        place += 1
    return place
