"""Every fault in every phase of an answer, with the outcome that is expected of each cell.

For each fault an answer is brought into each phase and held there; then the fault happens, to all of them at once; then they go on. A
cell is one fault in one phase; `?` is none, and a phase in which the fault cannot happen is left out. What must hold besides the outcome:
a message that was acknowledged is there once; what readers saw, however often they came back, is the log; the log is what the thread
shows; a tool had its effect once, or at most once where the answer did not get to its end; and the conversation goes on.
A sample of the faults; the long form has all of them, on SQLite and on PostgreSQL:

    CHATKIT_HOST_CHAOS=long .venv/bin/pytest tests/chaos/test_fault_matrix.py -s
"""

import asyncio
import signal
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import pytest
from support import noting_agent
from support.chaos import FORM, tell
from support.fault_proxy import FaultProxy
from support.forked_servers import ForkedServer, ForkedServers
from support.gated_model import WORDS, Break, GatedModel, Script
from support.noting_mcp_server import NotingMcpServer
from support.restartable_postgres import RestartablePostgres
from support.resuming_client import CUTS, LOST, Cut, Reading, Refused, ResumingClient, Stream
from support.transcript import answers_in, questions_in, shown

from chatkit_host.ids import new_id

Phase = Literal["before ack", "before text", "amid text", "tool running", "between rounds", "at the end", "ended"]
PHASES: dict[Phase, Script] = {
    "before ack": Script(),
    "before text": Script(gate="first"),
    "amid text": Script(gate="text"),
    "tool running": Script(tool=True),
    "between rounds": Script(tool=True, gate="second"),
    "at the end": Script(gate="end"),
    "ended": Script(),
}
DatabaseKind = Literal["sqlite", "postgresql"]
SQLITE: tuple[DatabaseKind, ...] = ("sqlite",)
POSTGRESQL: tuple[DatabaseKind, ...] = ("postgresql",)
BOTH = SQLITE + POSTGRESQL
LONGEST_SILENCE = 20.0


@dataclass
class Run:
    """One cell: an answer that is held in a phase."""

    phase: Phase
    name: str
    script: Script
    key: str = field(default_factory=lambda: new_id("request"))
    stream: Stream | None = None
    turn_id: str = ""
    thread_id: str = ""
    reading: Reading = field(default_factory=Reading)
    refusals: list[int] = field(default_factory=list)
    effects: int | None = None
    """How many are expected, where the phase does not say it."""

    @property
    def text(self) -> str:
        return f"cell {self.name}"


@dataclass
class World:
    servers: list[ForkedServer]
    model: GatedModel
    notes: Path
    database: Path
    """SQLite's file."""
    client: ResumingClient
    """Speaks to all servers."""
    first: ResumingClient
    """Speaks to the first one, where the answers are written."""
    others: list[ResumingClient]
    postgres: RestartablePostgres
    proxy: FaultProxy
    mcp_server: NotingMcpServer


Happening = Callable[[World], AbstractAsyncContextManager[None]]
"""The fault begins, the answers go on in the block, the fault ends."""


@asynccontextmanager
async def nothing(world: World) -> AsyncIterator[None]:
    yield


async def leave_alone(world: World, run: Run) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Fault:
    outcomes: dict[Phase, str]
    """By phase: a turn's status, `failed CODE`, or `deleted`."""
    happening: Happening = nothing
    to_each: Callable[[World, Run], Coroutine[Any, Any, None]] = leave_alone
    """What happens to each answer at its gate."""
    broken: Break = ""
    """What goes wrong with the model when the gate opens."""
    once: bool = False
    databases: tuple[DatabaseKind, ...] = BOTH
    servers: int = 1
    settings: dict[str, str] = field(default_factory=dict)
    resumes: bool = True
    mcp: Literal["", "down", "up"] = ""
    """Whether the tool is an MCP server's, and how that is when the answers begin."""
    effects: dict[Phase, int] = field(default_factory=dict)
    """How often a tool took a note, where the phase does not say it."""
    short: bool = False


def everywhere(outcome: str, **other: str) -> dict[Phase, str]:
    """The same in all phases; others by name, with underscores."""
    named = {name.replace("_", " "): each for name, each in other.items()}
    assert not named.keys() - PHASES.keys()
    return {phase: named.get(phase, outcome) for phase in PHASES if named.get(phase, outcome) != "none"}


def in_running(outcome: str) -> dict[Phase, str]:
    """Of what happens to an answer that is being written; one that has ended stays as it is."""
    return everywhere(outcome, before_ack="none", ended="completed")


# -- faults ------------------------------------------------------------------------------------------


@asynccontextmanager
async def killed(world: World) -> AsyncIterator[None]:
    await asyncio.to_thread(world.servers[0].kill)
    yield
    await asyncio.to_thread(world.servers[0].start)


@asynccontextmanager
async def told_to_stop(world: World) -> AsyncIterator[None]:
    await asyncio.to_thread(world.servers[0].stop)
    yield
    await asyncio.to_thread(world.servers[0].start)


@asynccontextmanager
async def paused(world: World) -> AsyncIterator[None]:
    """For longer than a lease: the other server takes the answers over, and this one wakes up and knows nothing of it."""
    world.servers[0].send(signal.SIGSTOP)
    await asyncio.sleep(3.5)
    yield
    world.servers[0].send(signal.SIGCONT)


@asynccontextmanager
async def locked(world: World, seconds: float) -> AsyncIterator[None]:
    """Another process holds SQLite's write lock."""
    connection = sqlite3.connect(world.database, isolation_level=None, timeout=10)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        await asyncio.sleep(seconds)
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@asynccontextmanager
async def full_disk(world: World) -> AsyncIterator[None]:
    filler = world.database.parent / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 512):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                pass
    yield
    await asyncio.sleep(2)
    filler.unlink()


@asynccontextmanager
async def restarted(world: World, how: Literal["fast", "immediate"], seconds: float) -> AsyncIterator[None]:
    await asyncio.to_thread(world.postgres.stop, how)
    yield
    await asyncio.sleep(seconds)
    await asyncio.to_thread(world.postgres.start)


@asynccontextmanager
async def sessions_ended(world: World) -> AsyncIterator[None]:
    statement = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
    )
    await asyncio.to_thread(world.postgres.server.execute, statement)
    yield
    await asyncio.to_thread(world.postgres.server.execute, statement)


@asynccontextmanager
async def network(world: World, what: "Trouble") -> AsyncIterator[None]:
    """Between server and database."""
    match what:
        case "stall":
            world.proxy.stall()
        case "reset":
            world.proxy.refuse()
        case "cut":
            world.proxy.cut()
        case "slow":
            world.proxy.slow(0.1)
    yield
    await asyncio.sleep(2)
    world.proxy.heal()


@asynccontextmanager
async def mcp_server_killed(world: World) -> AsyncIterator[None]:
    world.mcp_server.kill()
    yield
    await asyncio.to_thread(world.mcp_server.start)


@asynccontextmanager
async def mcp_server_paused(world: World) -> AsyncIterator[None]:
    """For longer than a call may take."""
    world.mcp_server.send(signal.SIGSTOP)
    yield
    await asyncio.sleep(4)
    world.mcp_server.send(signal.SIGCONT)


@asynccontextmanager
async def mcp_call_slow(world: World) -> AsyncIterator[None]:
    await asyncio.sleep(4)
    yield


async def cut(world: World, run: Run, how: Cut) -> None:
    """The reader is cut off, or one that has sent its message is before it hears of it."""
    if run.stream is None:
        sending = asyncio.ensure_future(world.first.send(run.text, key=run.key))
        await asyncio.sleep(0.005)
        sending.cancel()
        await asyncio.wait({sending})
        if not sending.cancelled() and sending.exception() is None:
            sending.result().cut(how)
    elif run.phase != "ended":
        run.stream.cut(how)
        run.stream = None


async def ended(client: ResumingClient, run: Run, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (await client.turn(run.turn_id))["status"] == "running":
        assert time.monotonic() < end, f"{run.phase}: it is still being answered after {seconds} s"
        await asyncio.sleep(0.02)


async def left(world: World, run: Run) -> None:
    """By a client that has no other way to say stop."""
    if run.phase != "ended":
        assert run.stream is not None
        run.stream.cut("fin")
        run.stream = None
        await ended(world.first, run, 10)


async def cancelled(world: World, run: Run, elsewhere: bool) -> None:
    client = world.others[-1] if elsewhere else world.first
    for _ in range(2):
        await client.cancel(run.turn_id)
    await ended(client, run, 10)


async def deleted(world: World, run: Run) -> None:
    await world.first.ask("threads.delete", thread_id=run.thread_id)


async def renamed(world: World, run: Run) -> None:
    await world.others[-1].ask("threads.update", thread_id=run.thread_id, title="My own title")


async def spoken_to(world: World, run: Run) -> None:
    """A second message while the first is being answered."""
    if run.phase == "ended":
        return
    with pytest.raises(Refused) as refused:
        await world.others[-1].send("cell another", thread_id=run.thread_id)
    assert (refused.value.status, refused.value.problem["turn_id"]) == (409, run.turn_id)


async def sent_again(world: World, run: Run) -> None:
    """The same message under the same key, at the other server."""
    again = await world.others[-1].send(run.text, key=run.key)
    assert again.turn_id == run.turn_id
    again.cut("fin")


async def overtaken(world: World, run: Run) -> None:
    """By a message that is to be answered at once in its place."""
    if run.phase != "ended":
        world.model.plan(f"{run.name}-overtaking", Script())
        stream = await world.first.send(f"cell {run.name}-overtaking", thread_id=run.thread_id, when_busy="interrupt")
        assert [event async for event in stream.events()]


SHORT_LEASE = {"CHATKIT_HOST_LEASE_SECONDS": "1"}
IMPATIENT = {"CHATKIT_HOST_FIRST_TOKEN_SECONDS": "1.5", "CHATKIT_HOST_IDLE_SECONDS": "1.5"}
AWAY = everywhere("completed")
"""A database that is away for a moment costs nothing but the moment."""
DIED = everywhere("completed", tool_running="interrupted")
"""An answer goes on elsewhere; not one whose tool may have had an effect that nobody knows of."""

REFUSALS: tuple[tuple[Break, str], ...] = (
    ("500", "model_unavailable"),
    ("429", "model_rate_limited"),
    ("401", "model_auth"),
    ("html", "model_output_invalid"),
)
PASSING: tuple[Break, ...] = ("500", "429", "reset")
BREAKS: tuple[tuple[Break, str, str], ...] = (
    # How it ends before the first word, and behind it.
    ("reset", "model_unavailable", "model_incomplete"),
    ("eof", "model_incomplete", "model_incomplete"),
    ("garbage", "model_output_invalid", "model_output_invalid"),
    ("error", "model_unavailable", "model_unavailable"),
    ("stall", "model_timeout", "model_timeout"),
    ("drip", "model_timeout", "model_timeout"),
)
Trouble = Literal["stall", "reset", "cut", "slow"]
TROUBLES: tuple[Trouble, ...] = ("stall", "reset", "cut", "slow")

FAULTS: dict[str, Fault] = {
    # Processes
    "server killed": Fault(happening=killed, outcomes=DIED, settings=SHORT_LEASE, short=True),
    "server killed beside another": Fault(happening=killed, outcomes=DIED, settings=SHORT_LEASE, servers=2),
    "server told to stop": Fault(happening=told_to_stop, outcomes=DIED, settings=SHORT_LEASE, short=True),
    "server told to stop beside another": Fault(happening=told_to_stop, outcomes=DIED, settings=SHORT_LEASE, servers=2),
    "server paused beside another": Fault(happening=paused, outcomes=DIED, settings=SHORT_LEASE, servers=2),
    # Databases
    "SQLite locked for 1 s": Fault(happening=partial(locked, seconds=1), outcomes=AWAY, databases=SQLITE, short=True),
    "SQLite locked for 8 s": Fault(happening=partial(locked, seconds=8), outcomes=AWAY, databases=SQLITE),
    "disk full": Fault(happening=full_disk, outcomes=AWAY, databases=SQLITE),
    "PostgreSQL restarted": Fault(
        happening=partial(restarted, how="fast", seconds=0), outcomes=AWAY, databases=POSTGRESQL, short=True
    ),
    "PostgreSQL crashed": Fault(
        happening=partial(restarted, how="immediate", seconds=0), outcomes=AWAY, databases=POSTGRESQL
    ),
    "PostgreSQL away for 4 s": Fault(
        happening=partial(restarted, how="fast", seconds=4), outcomes=AWAY, databases=POSTGRESQL
    ),
    "PostgreSQL sessions ended": Fault(happening=sessions_ended, outcomes=AWAY, databases=POSTGRESQL),
    **{
        f"PostgreSQL connections {what}": Fault(
            happening=partial(network, what=what), outcomes=AWAY, databases=POSTGRESQL
        )
        for what in TROUBLES
    },
    # Clients
    **{
        f"reader cut off by {how}": Fault(
            to_each=partial(cut, how=how), outcomes=everywhere("completed"), short=how == "rst"
        )
        for how in CUTS
    },
    "plain client leaves": Fault(to_each=left, outcomes=in_running("cancelled"), resumes=False, short=True),
    "cancelled": Fault(to_each=partial(cancelled, elsewhere=False), outcomes=in_running("cancelled"), short=True),
    "cancelled at another server": Fault(
        to_each=partial(cancelled, elsewhere=True), outcomes=in_running("cancelled"), servers=2
    ),
    "thread deleted": Fault(to_each=deleted, outcomes={**in_running("deleted"), "ended": "deleted"}),
    "thread renamed": Fault(to_each=renamed, outcomes=in_running("completed"), servers=2),
    "second message": Fault(to_each=spoken_to, outcomes=in_running("completed"), servers=2),
    "same message again": Fault(to_each=sent_again, outcomes=in_running("completed"), servers=2),
    "message in its place": Fault(to_each=overtaken, outcomes=in_running("cancelled")),
    # MCP servers: the model is told that the call failed, and speaks all the same; nothing is called again.
    "MCP server down": Fault(
        outcomes={"before text": "completed", "amid text": "completed", "at the end": "completed"}, mcp="down"
    ),
    "MCP server killed": Fault(
        happening=mcp_server_killed, outcomes=in_running("completed"), mcp="up", effects={"before text": 0}
    ),
    "MCP server paused": Fault(
        happening=mcp_server_paused,
        outcomes=in_running("completed"),
        mcp="up",
        settings={"CHATKIT_HOST_MCP_SECONDS": "2"},
    ),
    "MCP server slow": Fault(
        happening=mcp_call_slow, outcomes=in_running("completed"), mcp="up", settings={"CHATKIT_HOST_MCP_SECONDS": "2"}
    ),
    # Models
    **{
        f"model answers {status}": Fault(
            broken=status, outcomes={"before text": f"failed {code}", "between rounds": f"failed {code}"}
        )
        for status, code in REFUSALS
    },
    **{
        f"model answers {status} once": Fault(
            broken=status, once=True, outcomes={"before text": "completed", "between rounds": "completed"}
        )
        for status in PASSING
    },
    **{
        f"model breaks off by {how}": Fault(
            broken=how,
            outcomes={
                "before text": f"failed {first}",
                "amid text": f"failed {later}",
                "between rounds": f"failed {first}",
                "at the end": f"failed {later}",
            },
            settings=IMPATIENT if how in ("stall", "drip") else {},
            short=how in ("reset", "eof"),
        )
        for how, first, later in BREAKS
    },
}
CASES = [
    pytest.param(name, database, id=f"{name}-{database}")
    for name, fault in FAULTS.items()
    for database in fault.databases
    if FORM != "short" or (fault.short and database == fault.databases[len(name) % len(fault.databases)])
]


def test_every_cell_has_an_outcome() -> None:
    cells = dict.fromkeys(BOTH, 0)
    for fault in FAULTS.values():
        assert "?" not in fault.outcomes.values()
        for database in fault.databases:
            cells[database] += len(fault.outcomes)

    tell("fault matrix", **cells)
    assert min(cells.values()) >= 120


@pytest.fixture(scope="module")
def restartable_postgres() -> Iterator[RestartablePostgres]:
    with RestartablePostgres() as postgres:
        yield postgres


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small file system is not allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "database"), CASES)
async def test_every_phase_ends_as_declared(
    request: pytest.FixtureRequest, tmp_path: Path, forked: ForkedServers, name: str, database: DatabaseKind
) -> None:
    fault = FAULTS[name]
    workdir: Path = request.getfixturevalue("small_disk") if name == "disk full" else tmp_path
    postgres: RestartablePostgres | None = (
        request.getfixturevalue("restartable_postgres") if database == "postgresql" else None
    )
    async with AsyncExitStack() as stack:
        world = await opened(stack, fault, workdir, tmp_path, forked, postgres)
        # The running tool last: calls of one MCP server may have to wait for one another.
        phases = sorted(fault.outcomes, key=lambda phase: phase == "tool running")
        runs = [await held(world, fault, phase) for phase in phases]
        async with fault.happening(world):
            async with asyncio.TaskGroup() as group:
                for run in runs:
                    group.create_task(fault.to_each(world, run))
            following = [asyncio.ensure_future(followed(world, run)) for run in runs]
            await asyncio.sleep(0)
            for run in runs:
                (world.notes / f"{run.name}.wait").unlink(missing_ok=True)
                world.model.open(run.name)
        statuses = await asyncio.gather(*following)
        wrong = [
            f"{run.phase}: {problem}"
            for run, status in zip(runs, statuses, strict=True)
            for problem in await problems(world, run, status, fault.outcomes[run.phase])
        ]
        log = "".join(server.log for server in world.servers)

    assert wrong == []
    assert "failed unexpectedly" not in log, log
    tell("fault matrix", fault=name, database=database, cells=len(runs))


async def opened(
    stack: AsyncExitStack,
    fault: Fault,
    workdir: Path,
    tmp_path: Path,
    forked: ForkedServers,
    postgres: RestartablePostgres | None,
) -> World:
    model = stack.enter_context(GatedModel())
    notes = tmp_path / "notes"
    notes.mkdir()
    address = f"sqlite:///{workdir}/chat.db"
    proxy = None
    if postgres is not None:
        parts = urlsplit(postgres.fresh_database())
        proxy = stack.enter_context(FaultProxy("127.0.0.1", parts.port or 0))
        address = urlunsplit(parts._replace(netloc=f"postgres@127.0.0.1:{proxy.port}"))
    mcp_server = stack.enter_context(NotingMcpServer(notes))
    if fault.mcp == "up":
        await asyncio.to_thread(mcp_server.start)
    servers = stack.enter_context(
        forked.serving(
            tmp_path,
            fault.servers,
            f"{noting_agent.__file__}:{'by_mcp' if fault.mcp else 'agent'}",
            CHATKIT_HOST_MCP_SERVERS=mcp_server.url if fault.mcp else "",
            DATABASE_URL=address,
            NOTES=str(notes),
            CHATKIT_HOST_MODEL="gated",
            CHATKIT_HOST_MODEL_BASE_URL=model.base_url,
            **fault.settings,
        )
    )
    clients = [
        await stack.enter_async_context(ResumingClient(urls, resumes=fault.resumes))
        for urls in ([server.url for server in servers], *([server.url] for server in servers))
    ]
    if fault.mcp == "up":
        async with asyncio.timeout(60):
            while "note" not in model.offered:
                stream = await clients[0].send("cell none")
                assert [event async for event in stream.events()]
    return World(
        servers=servers,
        model=model,
        notes=notes,
        database=workdir / "chat.db",
        client=clients[0],
        first=clients[1],
        others=clients[1:],
        postgres=postgres,  # type: ignore[arg-type]
        proxy=proxy,  # type: ignore[arg-type]
        mcp_server=mcp_server,
    )


async def held(world: World, fault: Fault, phase: Phase) -> Run:
    """An answer that has come to its phase and waits there."""
    like = PHASES[phase]
    run = Run(
        phase, phase.replace(" ", "-"), Script(gate=like.gate, tool=like.tool, broken=fault.broken, once=fault.once)
    )
    world.model.plan(run.name, run.script)
    if phase == "before ack":
        return run
    if phase == "tool running":
        (world.notes / f"{run.name}.wait").touch()
    # To have a key is to be able to come back.
    run.stream = await world.first.send(run.text, key=run.key if fault.resumes else None)
    run.turn_id, run.thread_id = run.stream.turn_id, run.stream.thread_id
    async with asyncio.timeout(40):
        if phase == "ended":
            async for event in run.stream.events():
                run.reading.take(event)
        elif phase == "tool running":
            while not (world.notes / f"{run.name}.noted").exists():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.01)
        else:
            assert await asyncio.to_thread(run.script.reached.wait, 30), f"{phase} was not reached"
            await asyncio.sleep(0.1)  # what the model said is on its way
    return run


async def followed(world: World, run: Run) -> str:
    """To its end, whatever comes between; one that was not sent is sent until it is acknowledged."""
    async with asyncio.timeout(120):
        while not run.turn_id:
            try:
                run.stream = await world.first.send(run.text, key=run.key)
                run.turn_id, run.thread_id = run.stream.turn_id, run.stream.thread_id
            except LOST:
                await asyncio.sleep(0.1)
            except Refused as refused:
                run.refusals.append(refused.status)
                await asyncio.sleep(0.2)
        first, run.stream = run.stream, None
        try:
            return await world.client.follow(run.turn_id, run.reading, first=first, seconds=LONGEST_SILENCE)
        except Refused as refused:
            return "deleted" if refused.status == 404 else f"refused {refused.status}"


async def problems(world: World, run: Run, status: str, expected: str) -> list[str]:
    """What does not hold."""
    if any(each not in (503, 507) for each in run.refusals):
        return [f"refused with {run.refusals}"]
    if status == "deleted" or expected == "deleted":
        return [] if status == expected else [f"{status} instead of {expected}"]
    turn = await world.client.turn(run.turn_id)
    ended = f"failed {turn['error_code']}" if turn["status"] == "failed" else turn["status"]
    found: list[str] = []
    if ended != expected:
        found.append(f"{ended} instead of {expected}")
    whole = await world.client.whole(run.turn_id)
    read = {event.seq: event.data for event in run.reading.events}
    if any(read.get(event.seq) != event.data for event in whole):
        found.append("the reader missed an event")
    items = await world.client.items(run.thread_id)
    mine = [item for item in items if item in shown(whole)]
    if mine != shown(whole):
        found.append("the thread does not show what the log tells")
    if questions_in(items).count(run.text) != 1:
        found.append(f"the message is there {questions_in(items).count(run.text)} times")
    answer = "".join(answers_in(mine))
    if not (answer == WORDS if ended == "completed" else WORDS.startswith(answer)):
        found.append(f"the answer is {answer!r}")
    if run.phase == "at the end" and not answer:
        found.append("the answer is not kept")
    noted = world.notes / f"{run.name}.noted"
    effects = len(noted.read_text().splitlines()) if noted.exists() else 0
    expected_effects = (1,) if ended == "completed" and run.script.tool else (0, 1)
    if effects not in (expected_effects if run.effects is None else (run.effects,)):
        found.append(f"the tool had {effects} effects")
    return [*found, *await going_on(world, run)]


async def going_on(world: World, run: Run) -> list[str]:
    try:
        stream = await world.first.send(f"cell {run.name}-next", thread_id=run.thread_id)
        events = [event async for event in stream.events()]
    except (Refused, *LOST) as error:
        return [f"the conversation does not go on: {error!r}"]
    return [] if answers_in(shown(events)) == [WORDS] else ["the next answer is not whole"]
