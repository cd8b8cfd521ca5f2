"""What is measured of our server alone, because it is about something that the others do not have or do."""

import asyncio
import os
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from benchmarks.contestants import DIRECT, LIMIT, TOKENS, Contestant, ours
from benchmarks.load import Load
from benchmarks.processes import Process, clients_of, measured, open_streams, running, say
from benchmarks.results import Number
from benchmarks.scenarios import BURST_50, PACED_1

_LONG, _SHORT = 1_000, 10


def start(times: int) -> dict[str, float]:
    """A start without any setting: how long until it listens, and its memory once all is loaded."""
    ready, memory = [], []
    for _ in range(times):
        with running(["-m", "chatkit_host", "serve", "--port", "0"]) as process:
            ready.append(process.seconds_to_ready)
            time.sleep(4)
            memory.append(process.memory / 2**20)
    return {"ready_seconds": statistics.median(ready), "memory_mb": statistics.median(memory)}


def first_token(model: Process, repeats: int) -> dict[str, float]:
    """How much later the first word of a lone client comes than from the model itself: through the limit, and through ours.

    All are asked in turn, on fresh servers each time: between two servers of the same code, as between two moments of the machine, is
    half a millisecond, and a virtual machine that wakes slowly costs each hop.
    """
    contestants = (DIRECT, LIMIT, ours())
    added: dict[str, list[float]] = {"limit": [], "ours": []}
    for _ in range(repeats):
        with ExitStack() as servers:
            served = [servers.enter_context(each.serving(model)) for each in contestants]
            time.sleep(3)
            direct, limit, own = (
                PACED_1.run(each, server, model)["first_ms"]["p50"]
                for each, server in zip(contestants, served, strict=True)
            )
        added["limit"].append(limit - direct)
        added["ours"].append(own - direct)
    return {**_median_of(added["ours"], "added_ms"), "added_by_the_limit_ms": statistics.median(added["limit"])}


def _median_of(values: Sequence[float], name: str) -> dict[str, float]:
    number = Number.of(values)
    assert number is not None
    return {name: number.median, f"{name}_spread": number.spread}


def standing(contestant: Contestant, model: Process, streams: int) -> dict[str, float]:
    """Many streams that say a word a second: memory of each; then all clients leave at once.

    `left_open` are those that the model still writes a second later.
    """
    with contestant.serving(model, DATABASE_URL="sqlite:///standing.db") as server:
        time.sleep(4)
        say(model, "burst-1")
        _turns(contestant, server, turns=10, clients=1, deltas=1)
        say(model, "paced-1000-600")
        before = server.memory
        load = Load(
            url=server.url,
            protocol=contestant.protocol,
            deltas=600,
            clients=streams,
            turns=1,
            warm_up=0,
            spread_seconds=max(1.0, streams / 150),
            tokens=contestant.tokens,
        )
        began = time.perf_counter()
        clients = clients_of(load)
        try:
            opened = 0
            while opened < streams and time.perf_counter() - began < 90:
                time.sleep(0.2)
                opened = open_streams(model)
            seconds = time.perf_counter() - began
            time.sleep(3)
            memory = server.memory
        finally:
            clients.kill()
            clients.communicate()
        time.sleep(1)
        left_open = open_streams(model)
    per_stream = (memory - before) / 1024 / max(1, opened)
    return {"opened": opened, "seconds": seconds, "kb_per_stream": per_stream, "left_open": left_open}


def _turns(contestant: Contestant, server: Process, **values: Any) -> dict[str, Any]:
    load = Load(url=server.url, protocol=contestant.protocol, tokens=contestant.tokens, pids=server.pids, **values)
    return measured(load)


def history(model: Process, repeats: int) -> dict[str, float]:
    """Turns in a thread with many messages against turns in one with few, in turn. Both are new each time: they grow with each turn.

    The first turn in a thread reads its past, the others what has come since; `first_turn` is of those alone.
    """
    contestant = ours()
    with contestant.serving(model, DATABASE_URL="sqlite:///history.db") as server:
        time.sleep(3)
        say(model, "burst-1")
        seen: dict[int, list[tuple[float, float, float]]] = {count: [] for count in (_SHORT, _LONG)}
        for _ in range(repeats):
            for count in seen:
                thread_id = asyncio.run(_thread_with(count, f"sqlite:///{server.directory}/history.db"))
                load = Load(
                    url=server.url,
                    protocol="chatkit",
                    deltas=1,
                    turns=1,
                    warm_up=0,
                    tokens=TOKENS[:1],
                    thread_id=thread_id,
                    pids=server.pids,
                )
                first = measured(load)["turn_ms"]["p50"]
                told = measured(replace(load, turns=10, warm_up=2))
                cpu_ms = sum(told["cpu_seconds"]) / max(1, told["turns"]) * 1000
                seen[count].append((told["turn_ms"]["p50"], cpu_ms, first))
    few, many = seen[_SHORT], seen[_LONG]

    def ratios(place: int) -> list[float]:
        return [b[place] / a[place] for a, b in zip(few, many, strict=True)]

    return {
        "turn_ms_at_10": statistics.median(turn for turn, _, _ in few),
        "turn_ms_at_1000": statistics.median(turn for turn, _, _ in many),
        "cpu_ratio": statistics.median(ratios(1)),
        "first_turn_ratio": statistics.median(ratios(2)),
        **_median_of(ratios(0), "turn_ratio"),
    }


async def _thread_with(count: int, url: str) -> str:
    """Of `count` messages, asked and answered."""
    from chatkit.types import (
        AssistantMessageContent,
        AssistantMessageItem,
        InferenceOptions,
        ThreadMetadata,
        UserMessageItem,
        UserMessageTextContent,
    )

    from chatkit_host.engine.ports import Lease, NewTurn, TurnEnd, TurnWrite
    from chatkit_host.ids import Owner, ThreadId, TurnId, new_id
    from chatkit_host.store.conversations import DatabaseConversations
    from chatkit_host.store.database import Database

    now, owner = datetime.now(UTC), Owner("user-0")
    thread = ThreadMetadata(id=new_id("thread"), title="Long", created_at=now)
    database = Database.open(url)
    store = DatabaseConversations(database)
    for number in range(0, count, 2):
        turn_id, known = TurnId(new_id("turn")), {"thread_id": thread.id, "created_at": now}
        lease = Lease(turn_id=turn_id, thread_id=ThreadId(thread.id), owner=owner, worker="benchmark")
        asked = UserMessageItem(
            **known,
            id=new_id("message"),
            content=[UserMessageTextContent(text=f"Message {number} of a conversation that goes on for a while.")],
            inference_options=InferenceOptions(),
        )
        answer = f"Message {number + 1} of a conversation that goes on for a while."
        said = AssistantMessageItem(**known, id=new_id("message"), content=[AssistantMessageContent(text=answer)])
        beginning = NewTurn(
            lease=lease,
            lease_seconds=60,
            operation="message",
            thread=thread,
            creates_thread=number == 0,
            items=[asked],
            input_item_id=asked.id,
            created_at=now,
        )
        transcript = [{"role": "assistant", "content": answer}]
        await store.begin_turn(beginning)
        await store.write_turn(lease, TurnWrite(items=[said], transcript=transcript, end=TurnEnd(status="completed")))
    await database.close()
    return thread.id


def tools(model: Process, repeats: int) -> dict[str, float]:
    """A turn with one call of `list_tasks`: as a function that answers at once, as the tool that our MCP endpoint offers too, which
    asks the database, and as that one through the endpoint, as an external server; and a turn without."""
    by_function = replace(ours("function tool", JWT_SECRET=""), arguments=("benchmarks.targets:with_functions",))
    own = ours("our own tool", JWT_SECRET="")
    port = _free_port()
    by_mcp = replace(
        ours("MCP tool", JWT_SECRET="", CHATKIT_HOST_MCP_SERVERS=f"http://127.0.0.1:{port}/api/mcp"),
        arguments=("benchmarks.targets:without_tools",),
        port=port,
    )
    seen: dict[str, list[float]] = {"plain": [], "function": [], "own": [], "mcp": []}
    with by_function.serving(model) as function, own.serving(model) as todo, by_mcp.serving(model) as mcp:
        time.sleep(6)  # the MCP keeper has connected
        for _ in range(repeats):
            for name, server, said in (
                ("plain", function, "burst-1"),
                ("function", function, "call-list_tasks-1"),
                ("own", todo, "call-list_tasks-1"),
                ("mcp", mcp, "call-list_tasks-1"),
            ):
                say(model, said)
                told = _turns(by_function, server, deltas=1, turns=30, warm_up=5)
                if told["errors"]:
                    raise RuntimeError(f"{name}: {told['errors']}")
                seen[name].append(told["turn_ms"]["p50"])
    return {
        "plain_ms": statistics.median(seen["plain"]),
        "function_ms": statistics.median(seen["function"]),
        "own_ms": statistics.median(seen["own"]),
        "mcp_ms": statistics.median(seen["mcp"]),
        "own_over_function_ms": statistics.median(b - a for a, b in zip(seen["function"], seen["own"], strict=True)),
        "mcp_over_function_ms": statistics.median(b - a for a, b in zip(seen["function"], seen["mcp"], strict=True)),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def two_workers(model: Process, fresh: Callable[[], str], repeats: int) -> dict[str, float]:
    """Two workers against one on the same PostgreSQL.

    The machine's cores are shared with clients, model and database, so that what is compared is not throughput but what one core
    of server brings: deltas for each second of CPU, times the share of the busier worker.

    The same code takes a fifth longer as soon as something else keeps the other core busy, whatever that is. So the one worker is
    measured beside another server that has a database of its own and as many clients; `over_one_alone` is the ratio without.
    """

    def workers(count: int) -> AbstractContextManager[tuple[Contestant, Process]]:
        return _unpinned(replace(ours(DATABASE_URL=fresh(), CHATKIT_HOST_WORKERS=str(count)), core=None), model)

    half = replace(BURST_50, clients=BURST_50.clients // 2)
    seen: dict[str, list[float]] = {"together": [], "apart": [], "alone": [], "balance": []}
    for _ in range(repeats):
        with workers(2) as (contestant, server):
            told = BURST_50.run(contestant, server, model)
            cpu = sorted(told["cpu_seconds"])[-2:]
            seen["together"].append(told["cpu_us_per_delta"])
            seen["balance"].append(sum(cpu) / max(cpu))
        with workers(1) as (contestant, server):
            seen["alone"].append(BURST_50.run(contestant, server, model)["cpu_us_per_delta"])
            with workers(1) as (_, neighbour), ThreadPoolExecutor(2) as both:
                runs = [both.submit(half.run, contestant, each, model) for each in (server, neighbour)]
                seen["apart"].append(statistics.mean(run.result()["cpu_us_per_delta"] for run in runs))
    per_delta = {name: statistics.median(values) for name, values in seen.items()}
    return {
        "cpu_us_per_delta_2": per_delta["together"],
        "cpu_us_per_delta_1": per_delta["apart"],
        "cpu_us_per_delta_alone": per_delta["alone"],
        "balance": per_delta["balance"] / 2,
        "capacity_ratio": per_delta["apart"] / per_delta["together"] * per_delta["balance"],
        "over_one_alone": per_delta["alone"] / per_delta["together"] * per_delta["balance"],
    }


@contextmanager
def _unpinned(contestant: Contestant, model: Process) -> Iterator[tuple[Contestant, Process]]:
    with contestant.serving(model) as server:
        time.sleep(5)
        yield contestant, server


def cores() -> int:
    return len(os.sched_getaffinity(0))
