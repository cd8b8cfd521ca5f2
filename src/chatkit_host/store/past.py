"""The past of threads, for the model: what was told of a conversation is kept, so that a turn reads only what has come since.

A thread counts how often something that was said in it was changed or taken away, by whomever (migration 0006). While that number is
the same, what was read before still holds: adding takes nothing back, and a turn that has ended is not written again.
"""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chatkit_host.engine.ports import OPEN_STATUSES, PastTurn
from chatkit_host.errors import NotFound
from chatkit_host.ids import Owner, TurnId
from chatkit_host.store.database import Read
from chatkit_host.store.payloads import past_items
from chatkit_host.store.queries import items, turns
from chatkit_host.store.queries.items import Newest
from chatkit_host.store.queries.turns import Told

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
    characters: int
    limit: int
    """As many items of these turns are there, if the thread has so many."""


_NOTHING = _Kept("", 0, (), 0, 0)


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
            characters = sum([each.characters for each in whole])
            self._keep((owner, thread_id), _Kept(last.state, last.seq, whole, characters, limit))
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
    known = turns.transcripts(r, owner, thread_id, list({row.turn_id: None for row in rows if row.turn_id is not None}))
    last_places = _last_places(rows, known)
    # The transcript of a turn that completed tells its answers.
    answered = {turn_id for turn_id, turn in known.items() if turn.status == "completed" and turn.transcript}
    shown = [place for place, row in enumerate(rows) if row.kind != "assistant_message" or row.turn_id not in answered]
    said = dict(zip(shown, past_items([(rows[place].kind, rows[place].payload) for place in shown]), strict=True))
    together: defaultdict[int, list[int]] = defaultdict(list)
    for place, last_place in enumerate(last_places):
        together[last_place].append(place)
    told: list[_Told] = []
    for last_place, places in sorted(together.items()):
        turn_id = rows[last_place].turn_id
        heard = [said[place] for place in places if place in said]
        characters = sum([len(rows[place].payload) for place in places])
        if turn_id is None or (turn := known.get(turn_id)) is None:
            past = PastTurn(None, None, heard, None)
        else:
            past = PastTurn(TurnId(turn_id), turn.status, heard, turn.transcript)
            characters += turn.size
        told.append(_Told(past, last_place, len(places), characters))
    return _New(told, _ended(rows, known, last_places))


def _last_places(rows: Sequence[Newest], known: Mapping[str, Told]) -> list[int]:
    """For each row where the last one is that it is told with: of its turn, or, where that is not known, of its neighbours."""
    last_places = list(range(len(rows)))
    of_turn: dict[str, int] = {}
    for place in range(len(rows) - 1, -1, -1):
        turn_id = rows[place].turn_id
        if turn_id is not None and turn_id in known:
            last_places[place] = of_turn.setdefault(turn_id, place)
        elif place + 1 < len(rows) and rows[place + 1].turn_id == turn_id:
            last_places[place] = last_places[place + 1]
    return last_places


def _ended(rows: Sequence[Newest], known: Mapping[str, Told], last_places: Sequence[int]) -> int:
    reach = ended = 0
    for place, row in enumerate(rows):
        turn = None if row.turn_id is None else known.get(row.turn_id)
        # A turn that is not known may still write, if another version hides a part of it.
        if row.turn_id is not None and (turn is None or turn.status in OPEN_STATUSES):
            break
        reach = max(reach, last_places[place])
        # What comes next may belong to the last items, where no turn wrote them.
        if reach == place and (turn is not None or place + 1 < len(rows)):
            ended = place + 1
    return ended


def _to_leave_out(counts: Sequence[int], limit: int) -> int:
    """How many of the first turns it takes to come down to `limit` items, and not below."""
    surplus, place = sum(counts) - limit, 0
    while surplus > 0 and counts[place] <= surplus:
        surplus -= counts[place]
        place += 1
    return place
