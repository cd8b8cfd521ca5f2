"""Somebody who talks to a server that may die at any moment, and who remembers what was acknowledged."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from support.resuming_client import LOST, Reading, Refused, ResumingClient
from support.transcript import questions_in, shown, words_of

from chatkit_host.ids import new_id

PER_THREAD = 5


@dataclass(slots=True, kw_only=True)
class Said:
    text: str
    expected: str
    thread_id: str
    turn_id: str
    reading: Reading
    watching: Reading | None = None
    status: str = ""


@dataclass(slots=True)
class Conversing:
    """Asks for so many words, reads the answer to its end, and asks for more."""

    client: ResumingClient
    name: str
    chance: random.Random
    longest_silence: float = 30.0
    """How long an answer may be silent before it counts as stuck."""
    words: tuple[int, int] = (3, 25)
    watched: bool = False
    """Whether a second reader, on any server, reads every answer along."""
    now: Callable[[], float] = time.monotonic
    """What silence is measured by."""
    said: list[Said] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    posted: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    async def until(self, over: asyncio.Event) -> None:
        thread_id = None
        while not over.is_set():
            if len(self.said) % PER_THREAD == 0:
                thread_id = None
            one = await self._say(thread_id, over)
            if one is None:
                return
            thread_id = one.thread_id
            seconds = self.longest_silence
            async with asyncio.TaskGroup() as group:
                if self.watched:
                    one.watching = Reading(now=self.now)
                    group.create_task(self.client.follow(one.turn_id, one.watching, seconds=seconds))
                one.status = await self.client.follow(one.turn_id, one.reading, first=one.first, seconds=seconds)

    async def _say(self, thread_id: str | None, over: asyncio.Event) -> "_Begun | None":
        """The same key again and again until it is acknowledged. None: nothing was, and it is over."""
        number = self.chance.randint(*self.words)
        text = f"{self.name} {len(self.tried)}: say {number} words"
        key = new_id("request")
        self.tried.append(text)
        since = self.now()
        while True:
            try:
                self.posted += 1
                stream = await self.client.send(text, thread_id=thread_id, key=key)
            except LOST:
                await asyncio.sleep(0.1)
            except Refused as refused:
                self.refused[refused.code] += 1
                if refused.status not in (409, 503):
                    raise
                await asyncio.sleep(0.2)
            else:
                begun = _Begun(
                    text=text,
                    expected=" ".join(f"word{each}" for each in range(1, number + 1)),
                    thread_id=stream.thread_id,
                    turn_id=stream.turn_id,
                    reading=Reading(now=self.now),
                    first=stream,
                )
                self.said.append(begun)
                return begun
            if over.is_set() and self.now() - since > self.longest_silence:
                return None


@dataclass(slots=True, kw_only=True)
class _Begun(Said):
    first: Any


async def check_conversations(client: ResumingClient, talks: Sequence[Conversing]) -> dict[str, Any]:
    """Asserts what is promised, and returns the figures."""
    lost, doubled, gaps, wrong = [], [], [], []
    statuses: Counter[str] = Counter()
    connections, silence, ahead = 0, 0.0, 0
    threads = {one.thread_id for talk in talks for one in talk.said}
    items = {thread_id: await client.items(thread_id) for thread_id in threads}
    asked = Counter(text for each in items.values() for text in questions_in(each))
    for talk in talks:
        doubled += [text for text in talk.tried if asked[text] > 1]
        for one in talk.said:
            if asked[one.text] == 0:
                lost.append(one.text)
            statuses[one.status] += 1
            connections += one.reading.connections
            silence = max(silence, one.reading.longest_silence)
            whole = await client.whole(one.turn_id)
            read = dict(_by_seq(one.reading.events))
            gaps += [
                f"{one.turn_id}:{event.seq} {event.data!r} but {read.get(event.seq)!r}"
                for event in whole
                if read.get(event.seq) != event.data
            ]
            if one.watching is not None:
                watched = dict(_by_seq(one.watching.events))
                gaps += [
                    f"{one.turn_id}:{event.seq} (second reader)"
                    for event in whole
                    if watched.get(event.seq) != event.data
                ]
            ahead += len(read) - len(whole)
            mine = [item for item in items[one.thread_id] if item["id"] in {each["id"] for each in shown(whole)}]
            if shown(whole) != mine or not _answered(one, mine):
                wrong.append((one, mine))
    unended = [one.turn_id for talk in talks for one in talk.said if not one.status]
    for name, found in (("lost", lost), ("doubled", doubled), ("gaps", gaps), ("wrong", wrong), ("unended", unended)):
        assert not found, f"{len(found)} {name}: " + "\n".join(map(str, found[:5]))
    return {
        "acknowledged": sum(len(talk.said) for talk in talks),
        "posted": sum(talk.posted for talk in talks),
        "lost": len(lost),
        "doubled": len(doubled),
        "gaps": len(gaps),
        "connections": connections,
        "shown_but_never_written": ahead,
        "longest_silence": silence,
        **dict(statuses),
        "refused": dict(sum((talk.refused for talk in talks), Counter())),
    }


def _by_seq(events: Sequence[Any]) -> list[tuple[int, bytes]]:
    return [(event.seq, event.data) for event in events]


def _answered(one: Said, items: Sequence[dict[str, Any]]) -> bool:
    """A completed answer says all that was asked for; one that was interrupted says how that begins, if anything."""
    answer = "".join(words_of(item) for item in items if item["type"] == "assistant_message")
    if one.status == "completed":
        return answer == one.expected
    return one.expected.startswith(answer)
