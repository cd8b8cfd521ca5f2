"""A reader is cut off after every event in turn, by FIN, by RST and by silence, and goes on with its cursor.

What must hold: what it has seen then is, byte for byte, what a reader saw that was never cut off; and the same as in a run in
which nobody was cut off, but for ids and times. 200 cuts; the long form makes 3,000:

    CHATKIT_HOST_CHAOS=long .venv/bin/pytest tests/chaos/test_disconnect_sweep.py -s
"""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from support.chaos import form, tell
from support.forked_servers import ForkedServers
from support.model_server import ModelServer
from support.resuming_client import CUTS, Cut, Event, Reading, ResumingClient, Stream
from support.transcript import shown, without_identity

CUTS_TO_MAKE = form(short=200, long=3_000)
AT_ONCE = 8
PROMPTS = ("say 16 words", "add buy milk")
"""Text alone; and a tool, its display, and text. Of two tools at once either may end first."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database_url", form(short=["sqlite"], long=["sqlite", "postgresql"]), indirect=True)
async def test_a_reader_that_is_cut_off_anywhere_sees_what_others_see(
    tmp_path: Path, database_url: str, forked: ForkedServers, model_server: ModelServer
) -> None:
    model_server.token_seconds = 0.004
    settings = {"CHATKIT_HOST_MODEL": "any", "CHATKIT_HOST_MODEL_BASE_URL": model_server.base_url}
    with forked.serving(tmp_path, 1, DATABASE_URL=database_url, **settings) as [server]:
        async with ResumingClient([server.url]) as client:
            uncut = {prompt: without_identity(await uncut_run(client, prompt)) for prompt in PROMPTS}
            sweep = Sweep(client, uncut)
            await asyncio.wait_for(sweep.run(CUTS_TO_MAKE), form(short=250, long=3_000))

    assert sum(sweep.cuts.values()) >= CUTS_TO_MAKE
    tell("disconnect sweep", database=database_url.split(":")[0], turns=sweep.turns, **sweep.figures())


async def uncut_run(client: ResumingClient, prompt: str) -> list[Event]:
    stream = await client.send(prompt)
    return [event async for event in stream.events()]


class Sweep:
    def __init__(self, client: ResumingClient, uncut: dict[str, list[object]]) -> None:
        self._client = client
        self._uncut = uncut
        self._next = 0
        self._stalled: list[tuple[Stream, Reading, list[Event]]] = []
        self.cuts: Counter[Cut] = Counter()
        self.turns = 0

    def figures(self) -> dict[str, int]:
        return {how: self.cuts[how] for how in CUTS}

    async def run(self, cuts: int) -> None:
        while sum(self.cuts.values()) < cuts:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    place, how, prompt = self._next // 6, CUTS[self._next % 3], PROMPTS[self._next // 3 % 2]
                    self._next += 1
                    group.create_task(self._one(prompt, place, how))
            await self._read_what_was_stalled()
            if self._next // 6 > 40:
                self._next = 0

    async def _one(self, prompt: str, place: int, how: Cut) -> None:
        """A turn whose reader is cut off after `place` events, and again after as many more, as often as there are some."""
        self.turns += 1
        stream = await self._client.send(prompt)
        turn_id, thread_id, reading = stream.turn_id, stream.thread_id, Reading()
        witness = asyncio.create_task(self._client.whole(turn_id))
        if place == 0:
            self._cut(stream, how, reading)
            stream = await self._client.reopen(turn_id, 0)
        while await self._read(stream, reading, max(place, 1), how):
            stream = await self._client.reopen(turn_id, reading.cursor)

        whole = await witness
        assert reading.events == whole, f"cut by {how} after {place} events of {prompt!r}"
        assert without_identity(whole) == self._uncut[prompt]
        assert shown(whole) == await self._client.items(thread_id)

    async def _read(self, stream: Stream, reading: Reading, place: int, how: Cut) -> bool:
        """False: the end came before the cut."""
        upto = len(reading.events) + place
        async for event in stream.events():
            reading.take(event)
            if len(reading.events) == upto:
                self._cut(stream, how, reading)
                return True
        return False

    def _cut(self, stream: Stream, how: Cut, reading: Reading) -> None:
        stream.cut(how)
        self.cuts[how] += 1
        if how == "stall":
            self._stalled.append((stream, reading, list(reading.events)))

    async def _read_what_was_stalled(self) -> None:
        """A connection that was silent for a while and wakes up goes on where it was."""
        for stream, reading, seen in self._stalled:
            stream.wake()
            seen += [event async for event in stream.events()]
            assert seen == reading.events
        self._stalled.clear()
