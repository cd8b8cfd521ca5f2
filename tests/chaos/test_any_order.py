"""People do what they like, in any order, while the server dies now and then; a model of what must be true is kept beside it.

Two tenants with three users each send, leave, read on, stop, retry, edit, send again under the same key, rename and delete, and try what is
not theirs; the server is killed or told to stop and started again. Hypothesis makes up the order. What must hold after each step: the
answer to it; and for every user at the end: the threads are those of the model, with the messages that were acknowledged, once each and
in order, and with answers that are whole unless somebody stopped them or the server died.
4,000 steps; the long form makes 120,000, half of them on PostgreSQL:

    CHATKIT_HOST_CHAOS=long .venv/bin/pytest tests/chaos/test_any_order.py -s
"""

import asyncio
import secrets
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.chaos import form, tell
from support.chat import user_input
from support.forked_servers import ForkedServer, ForkedServers
from support.model_server import ModelServer
from support.resuming_client import CUTS, Cut, Reading, Refused, ResumingClient, Stream
from support.transcript import questions_in, shown, words_of

from chatkit_host.auth.mint import mint_token
from chatkit_host.ids import new_id

EXAMPLES, STEPS = form(short=(110, 40), long=(1_100, 60))
STEPS_TO_MAKE = form(short=4_000, long=60_000)
"""Of what an example is made of, hypothesis now and then makes less than it may."""
STEPS_BETWEEN_DEATHS = 30
SECRET = "h2VqT8xKp4ZrW9mC6sLbN3fYj7dGa5Qe"
PEOPLE = [(tenant, user) for tenant in ("north", "south") for user in ("ann", "ben", "cem")]

Result = TypeVar("Result")
Intrusion = Callable[[ResumingClient, "Thread"], Awaitable[object]]


@dataclass(eq=False)
class Turn:
    id: str
    thread: "Thread"
    text: str
    key: str
    params: dict[str, Any]
    expected: str
    reading: Reading = field(default_factory=Reading)
    may_be_cut: bool = False
    """Somebody asked it to stop, or the server died meanwhile."""
    server_died: bool = False
    status: str = ""
    """Once it is known to have ended."""
    set_aside: "list[Turn]" = field(default_factory=list)
    """What a retry or an edit is to take the place of: out of sight when it is completed, else there again and the other out of sight."""
    is_edit: bool = False


@dataclass(eq=False)
class Thread:
    id: str
    owner: "Person"
    turns: list[Turn]
    title: str

    @property
    def questions(self) -> list[str]:
        return [turn.text for turn in self.turns]


@dataclass(eq=False)
class Person:
    client: ResumingClient
    threads: list[Thread] = field(default_factory=list)


class World:
    """One server and what was counted."""

    def __init__(self, server: ForkedServer) -> None:
        self.server = server
        self.runner = asyncio.Runner()
        self.counts: Counter[str] = Counter()
        self.has_failed = False


class AnyOrder(RuleBasedStateMachine):
    world: ClassVar[World]
    threads = Bundle("threads")

    def __init__(self) -> None:
        super().__init__()
        self.since_death = 0
        # Each run has users of its own, so that no run meets what another left behind.
        run = secrets.token_hex(8)
        self.people = [Person(self.do(self._client(f"{user}-{run}", f"{tenant}-{run}"))) for tenant, user in PEOPLE]

    @staticmethod
    async def _client(user: str, tenant: str) -> ResumingClient:
        token = mint_token(SECRET, user, claims={"tenant": tenant})
        return await ResumingClient([AnyOrder.world.server.url], token).__aenter__()

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        with self._told_when_it_fails():
            return self.world.runner.run(asyncio.wait_for(work, 60))

    @contextmanager
    def _told_when_it_fails(self) -> Iterator[None]:
        """What went wrong first. Hypothesis tries again at once, with a server that may be in pieces, and shows what it met then."""
        try:
            yield
        except BaseException:
            if not self.world.has_failed:
                self.world.has_failed = True
                traceback.print_exc()
            raise

    def count(self, what: str) -> None:
        self.world.counts["steps"] += 1
        self.world.counts[what] += 1
        self.since_death += 1

    # -- what people do --------------------------------------------------------------------------

    @rule(
        target=threads,
        who=st.integers(0, 5),
        words=st.integers(1, 16),
        read=st.integers(0, 8),
        how=st.sampled_from(CUTS),
    )
    def begins(self, who: int, words: int, read: int, how: Cut) -> Thread:
        self.count("threads")
        owner = self.people[who]
        return self.do(self._begin(owner, words, read, how))

    @rule(
        thread=threads,
        words=st.integers(1, 16),
        read=st.integers(0, 8),
        how=st.sampled_from(CUTS),
        interrupts=st.booleans(),
    )
    def says(self, thread: Thread, words: int, read: int, how: Cut, interrupts: bool) -> None:
        self.count("messages")
        self.do(self._say(thread, words, read, how, interrupts))

    @rule(thread=threads, which=st.integers(0, 3), another=st.booleans())
    def sends_again(self, thread: Thread, which: int, another: bool) -> None:
        self.count("repeated sends")
        self.do(self._send_again(thread, which, another))

    @rule(thread=threads)
    def stops(self, thread: Thread) -> None:
        self.count("stops")
        self.do(self._stop(thread))

    @rule(thread=threads)
    def reads_to_the_end(self, thread: Thread) -> None:
        self.count("readings")
        self.do(self._read_to_the_end(thread))

    @rule(thread=threads, which=st.integers(0, 3))
    def retries(self, thread: Thread, which: int) -> None:
        self.count("retries")
        self.do(self._replace(thread, which, None, 2))

    @rule(thread=threads, which=st.integers(0, 3), words=st.integers(1, 16), read=st.integers(0, 8))
    def edits(self, thread: Thread, which: int, words: int, read: int) -> None:
        self.count("edits")
        self.do(self._replace(thread, which, _text(words), read))

    @rule(thread=threads, title=st.text("abcäöü ✓", min_size=1, max_size=20).filter(lambda text: text.strip()))
    def renames(self, thread: Thread, title: str) -> None:
        self.count("renames")
        self.do(self._rename(thread, " ".join(title.split())))

    @rule(thread=consumes(threads), tries=st.integers(0, 6))
    def deletes(self, thread: Thread, tries: int) -> None:
        self.count("deletions")
        self.do(self._delete(thread, [INTRUSIONS[tries], INTRUSIONS[tries - 3]]))

    @rule(thread=threads, away=st.integers(1, 5))
    def tries_what_is_not_theirs(self, thread: Thread, away: int) -> None:
        self.count("intrusions")
        other = self.people[(self.people.index(thread.owner) + away) % len(self.people)]
        self.do(self._intrude(thread, other))

    @rule(thread=threads)
    def looks(self, thread: Thread) -> None:
        self.count("looks")
        self.do(self._look(thread))

    @precondition(lambda self: self.since_death > STEPS_BETWEEN_DEATHS)
    @rule(kill=st.booleans())
    def the_server_dies(self, kill: bool) -> None:
        self.count("kills" if kill else "restarts")
        self.since_death = 0
        with self._told_when_it_fails():
            if kill:
                self.world.server.kill()
            else:
                self.world.server.stop()
            self.world.server.start()
        for turn in (turn for person in self.people for thread in person.threads for turn in thread.turns):
            if not turn.status:
                turn.may_be_cut = turn.server_died = True

    def teardown(self) -> None:
        try:
            self.do(_at_once(self._all_is_as_it_should_be(person) for person in self.people))
        finally:
            for person in self.people:
                self.do(person.client.__aexit__())

    # -- what must be true -----------------------------------------------------------------------

    async def _begin(self, owner: Person, words: int, read: int, how: Cut) -> Thread:
        text, key = _text(words), new_id("request")
        stream = await owner.client.send(text, key=key)
        thread = Thread(stream.thread_id, owner, [], title=text)
        owner.threads.append(thread)
        await self._read(self._begun(thread, stream, text, key, {}), stream, read, how)
        return thread

    async def _say(self, thread: Thread, words: int, read: int, how: Cut, interrupts: bool) -> None:
        text, key = _text(words), new_id("request")
        before = thread.turns[-1]
        params: dict[str, Any] = {"thread_id": thread.id}
        when_busy = "interrupt" if interrupts else None
        try:
            stream = await thread.owner.client.send(text, key=key, when_busy=when_busy, **params)
        except Refused as refused:
            _is_busy_with(before, refused)
            if interrupts:
                raise
            return
        if interrupts and not before.status:
            before.may_be_cut = True
        await self._ended(before)
        await self._read(self._begun(thread, stream, text, key, params), stream, read, how)

    async def _send_again(self, thread: Thread, which: int, another: bool) -> None:
        turn = thread.turns[which % len(thread.turns)]
        if not turn.key:
            return
        try:
            stream = await thread.owner.client.send(turn.text + "!" * another, key=turn.key, **turn.params)
        except Refused as refused:
            if not another or (refused.status, refused.code) != (422, "idempotency_mismatch"):
                raise
            return
        assert not another
        assert stream.turn_id == turn.id
        stream.cut("fin")

    async def _stop(self, thread: Thread) -> None:
        turn = thread.turns[-1]
        told = await thread.owner.client.cancel(turn.id)
        if not turn.status:
            turn.may_be_cut = True
        else:
            assert told["status"] == turn.status

    async def _read_to_the_end(self, thread: Thread) -> None:
        await self._ended(thread.turns[-1])

    async def _replace(self, thread: Thread, which: int, text: str | None, read: int) -> None:
        """What was answered to a message, or with a `text` the message too."""
        await self._replacement_ended(thread)
        last = thread.turns[-1]
        turn = thread.turns[which % len(thread.turns)]
        items = await thread.owner.client.items(thread.id)
        asked = {words_of(item): item["id"] for item in items if item["type"] == "user_message"}
        params: dict[str, Any] = {"thread_id": thread.id, "item_id": asked[turn.text]}
        try:
            if text is None:
                stream = await thread.owner.client.open("threads.retry_after_item", **params)
            else:
                stream = await thread.owner.client.open("threads.edit_message", **params, input=user_input(text))
        except Refused as refused:
            _is_busy_with(last, refused)
            return
        await self._ended(last)
        place = thread.turns.index(turn)
        set_aside, thread.turns[place:] = thread.turns[place:], []
        replacement = self._begun(thread, stream, text or turn.text, "", {})
        replacement.set_aside, replacement.is_edit = set_aside, text is not None
        await self._read(replacement, stream, read, "fin")

    async def _rename(self, thread: Thread, title: str) -> None:
        answer = await thread.owner.client.ask("threads.update", thread_id=thread.id, title=title)
        thread.title = title
        assert answer["title"] == title

    async def _delete(self, thread: Thread, tries: Sequence[Intrusion]) -> None:
        await thread.owner.client.ask("threads.delete", thread_id=thread.id)
        thread.owner.threads.remove(thread)
        await _is_hidden(thread, thread.owner.client, tries)

    async def _intrude(self, thread: Thread, other: Person) -> None:
        await _is_hidden(thread, other.client, INTRUSIONS)

    async def _look(self, thread: Thread) -> None:
        """What a page shows that is loaded now."""
        await self._replacement_ended(thread)
        items = await thread.owner.client.items(thread.id)
        assert questions_in(items) == thread.questions
        assert (await thread.owner.client.ask("threads.get_by_id", thread_id=thread.id)).get("title") == thread.title

    async def _all_is_as_it_should_be(self, person: Person) -> None:
        page = await person.client.ask("threads.list", limit=100)
        assert {each["id"]: each.get("title") for each in page["data"]} == {
            thread.id: thread.title for thread in person.threads
        }
        await _at_once(self._thread_is_as_it_should_be(thread) for thread in person.threads)

    async def _thread_is_as_it_should_be(self, thread: Thread) -> None:
        await self._ended(thread.turns[-1])
        items = await thread.owner.client.items(thread.id)
        turns = await _at_once(self._of(turn, items) for turn in thread.turns)
        expected = [item for turn in turns for item in turn]
        assert [(item["id"], words_of(item)) for item in items] == [(item["id"], words_of(item)) for item in expected]
        assert questions_in(items) == thread.questions

    async def _of(self, turn: Turn, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The turn's items, as its log tells them."""
        whole = await turn.thread.owner.client.whole(turn.id)
        await self._ended(turn)
        told = {event.seq: event.data for event in whole}
        seen = {event.seq: event.data for event in turn.reading.events}
        assert all(seen.get(seq) == data for seq, data in told.items() if seq <= turn.reading.cursor)
        if not turn.server_died:
            assert seen == told
        answers = [item for item in shown(whole) if item["type"] == "assistant_message"]
        said = "".join(words_of(item) for item in answers)
        match turn.status:
            case "completed":
                assert said == turn.expected
            case "cancelled" | "interrupted":
                assert turn.may_be_cut
                assert turn.status == "cancelled" or turn.server_died
                assert turn.expected.startswith(said)
            case other:
                raise AssertionError(f"{turn.id} is {other}")
        if turn.key or turn.is_edit:
            return shown(whole)
        question = next(item for item in items if item["type"] == "user_message" and words_of(item) == turn.text)
        return [question, *shown(whole)]

    # -- in between ------------------------------------------------------------------------------

    def _begun(self, thread: Thread, stream: Stream, text: str, key: str, params: dict[str, Any]) -> Turn:
        number = int(text.split()[-2])
        turn = Turn(stream.turn_id, thread, text, key, params, " ".join(f"word{each + 1}" for each in range(number)))
        thread.turns.append(turn)
        return turn

    async def _read(self, turn: Turn, stream: Stream, count: int, how: Cut) -> None:
        if count:
            async for event in stream.events():
                turn.reading.take(event)
                if len(turn.reading.events) == count:
                    break
        stream.cut(how)

    async def _ended(self, turn: Turn) -> None:
        if turn.status:
            return
        turn.status = await turn.thread.owner.client.follow(turn.id, turn.reading, seconds=30)
        if turn.set_aside and turn.status != "completed" and not await self._is_better(turn):
            place = turn.thread.turns.index(turn)
            turn.thread.turns[place : place + 1] = turn.set_aside

    async def _is_better(self, turn: Turn) -> bool:
        """Half an answer is better than none, and an edited message than the one before as soon as it has half an answer."""
        if not await self._has_words(turn):
            return False
        return turn.is_edit or (len(turn.set_aside) == 1 and not await self._has_words(turn.set_aside[0]))

    async def _has_words(self, turn: Turn) -> bool:
        items = shown(await turn.thread.owner.client.whole(turn.id))
        return any(item["type"] == "assistant_message" for item in items)

    async def _replacement_ended(self, thread: Thread) -> None:
        """While something is written in the place of something else, what the thread shows may change at any moment."""
        if thread.turns[-1].set_aside:
            await self._ended(thread.turns[-1])


def _is_busy_with(turn: Turn, refused: Refused) -> None:
    """The only refusal there is for a message: the answer before it may still be being written."""
    if turn.status or refused.code != "turn_running":
        raise refused
    assert refused.problem["turn_id"] == turn.id


INTRUSIONS: tuple[Intrusion, ...] = (
    lambda client, thread: client.ask("threads.get_by_id", thread_id=thread.id),
    lambda client, thread: client.ask("threads.update", thread_id=thread.id, title="mine"),
    lambda client, thread: client.ask("items.list", thread_id=thread.id),
    lambda client, thread: client.send("say 1 words", thread_id=thread.id),
    lambda client, thread: client.turn(thread.turns[-1].id),
    lambda client, thread: client.reopen(thread.turns[-1].id, 0),
    lambda client, thread: client.cancel(thread.turns[-1].id),
)


async def _is_hidden(thread: Thread, client: ResumingClient, tries: Sequence[Intrusion]) -> None:
    answers = await asyncio.gather(*(each(client, thread) for each in tries), return_exceptions=True)
    assert [answer.status for answer in answers if isinstance(answer, Refused)] == [404] * len(answers), answers


async def _at_once(works: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Stops the others when one fails."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
    return [task.result() for task in tasks]


def _text(words: int) -> str:
    return f"{secrets.token_hex(6)}: say {words} words"


@pytest.fixture
def world(forked: ForkedServers, tmp_path: Path, database_url: str, model_server: ModelServer) -> Iterator[World]:
    model_server.token_seconds = 0.004
    with forked.serving(
        tmp_path,
        1,
        DATABASE_URL=database_url,
        JWT_SECRET=SECRET,
        CHATKIT_HOST_JWT_TENANT_CLAIM="tenant",
        CHATKIT_HOST_MODEL="any",
        CHATKIT_HOST_MODEL_BASE_URL=model_server.base_url,
        CHATKIT_HOST_LEASE_SECONDS="1",
        CHATKIT_HOST_DRAIN_SECONDS="0.1",
    ) as [server]:
        world = World(server)
        yield world
        world.runner.close()


@pytest.mark.timeout(form(short=400, long=6 * 3600))
@pytest.mark.parametrize("database_url", form(short=["sqlite"], long=["sqlite", "postgresql"]), indirect=True)
def test_whatever_people_do_in_whatever_order(world: World, database_url: str) -> None:
    AnyOrder.world = world
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=form(short=True, long=False),
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        ),
    )
    assert world.counts["steps"] >= STEPS_TO_MAKE
    tell("any order", database=database_url.split(":")[0], **world.counts)
