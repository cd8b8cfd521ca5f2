"""What it costs to keep answers: CPU for each turn, transactions a second and how long one takes, on both databases.

    python -m benchmarks.persistence
    python -m benchmarks.persistence --against ../other-checkout

A turn is a question in a new thread, two groups of text events, and its end with the item, the transcript and the token counts:
four transactions. `--against` measures another version of this project too, in turns with this one, and tells the ratio.
"""

# ruff: noqa: T201 - a table is what this prints

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent.parent / "tests"))

import sqlalchemy as sa
import uvloop
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    InferenceOptions,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTextContent,
)
from support.postgres import running_postgres  # pyright: ignore[reportMissingImports] - on the path above

from chatkit_host.engine.ports import Lease, LogEvent, NewTurn, TurnEnd, TurnWrite
from chatkit_host.ids import Owner, ThreadId, TurnId, new_id
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.migrate import migrate

ROOT = Path(__file__).parent.parent
WRITERS = (1, 10, 100)
_TRANSACTIONS = 4
_GROUP = 10
_ANSWER = "The quick brown fox jumps over the lazy dog, and then it sits down to write about it at some length. " * 8
_DELTA = (
    b'{"type":"thread.item.updated","item_id":"msg_019ab3c4d5e67f8a9b0c1d2e3f405162","update":'
    b'{"type":"assistant_message.content_part.text_delta","content_index":0,"delta":"the quick brown fox jumps"}}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    cpu: float
    """Milliseconds of CPU for each turn, in all threads of the process."""
    rate: float
    """Transactions a second."""
    median: float
    """Milliseconds that a transaction took."""
    late: float
    """The same of the 99th percentile."""
    commits: float
    """Of the database, for each turn. Of SQLite's alone: each waits for the disk."""


def events(first: int, count: int) -> list[LogEvent]:
    return [LogEvent(seq=seq, data=_DELTA) for seq in range(first, first + count)]


class Writer:
    """One user's turns, one after the other."""

    def __init__(self, store: DatabaseConversations, number: int) -> None:
        self._store = store
        self._owner = Owner(f"user-{number}")
        self.took: list[float] = []

    async def turn(self) -> None:
        thread = ThreadMetadata(id=new_id("thread"), created_at=datetime.now(UTC))
        known = {"thread_id": thread.id, "created_at": thread.created_at}
        asked = UserMessageItem(
            id=new_id("message"),
            **known,
            content=[UserMessageTextContent(text="What does the fox do?")],
            inference_options=InferenceOptions(),
        )
        answer = AssistantMessageItem(
            id=new_id("message"), **known, content=[AssistantMessageContent(text=_ANSWER)], type="assistant_message"
        )
        lease = Lease(
            turn_id=TurnId(new_id("turn")), thread_id=ThreadId(thread.id), owner=self._owner, worker="worker-1"
        )
        new = NewTurn(
            lease=lease,
            lease_seconds=60.0,
            operation="message",
            thread=thread,
            creates_thread=True,
            items=[asked],
            input_item_id=asked.id,
            events=events(1, 2),
            created_at=thread.created_at,
        )
        await self._timed(self._store.begin_turn(new))
        for first in (3, 3 + _GROUP):
            await self._timed(self._store.write_turn(lease, TurnWrite(events=events(first, _GROUP))))
        end = TurnWrite(
            events=events(3 + 2 * _GROUP, 3),
            items=[answer],
            transcript=[
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": _ANSWER}]}
            ],
            usage={"input_tokens": 300, "output_tokens": 200},
            end=TurnEnd(status="completed"),
        )
        await self._timed(self._store.write_turn(lease, end))

    async def _timed(self, transaction: Any) -> None:
        start = time.perf_counter()
        await transaction
        self.took.append((time.perf_counter() - start) * 1000)


async def measure(url: str, writers: int, turns: int) -> Measured:
    database = Database.open(url)
    store = DatabaseConversations(database)
    everyone = [Writer(store, number) for number in range(writers)]
    for writer in everyone[:10]:  # connections, compiled statements
        for _ in range(5):
            await writer.turn()
    for writer in everyone:
        writer.took.clear()

    async def write(writer: Writer) -> None:
        for _ in range(turns // writers):
            await writer.turn()

    cpu, start = time.process_time(), time.perf_counter()
    await asyncio.gather(*(write(writer) for writer in everyone))
    cpu, took = time.process_time() - cpu, time.perf_counter() - start
    commits = await _commits(database, everyone) if database.address.is_sqlite else 0.0
    await database.close()
    times = sorted(each for writer in everyone for each in writer.took)
    done = turns // writers * writers
    return Measured(
        cpu=cpu * 1000 / done,
        rate=done * _TRANSACTIONS / took,
        median=times[len(times) // 2],
        late=times[len(times) * 99 // 100],
        commits=commits,
    )


async def _commits(database: Database, everyone: list[Writer]) -> float:
    """For each turn, counted apart from what is timed."""
    count = 0

    def seen(statement: str) -> None:
        nonlocal count
        count += statement.startswith("COMMIT")

    def watch(connection: sa.Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.set_trace_callback(seen)

    await database.writing(lambda w: w.schema(watch))
    count = 0
    await asyncio.gather(*(writer.turn() for writer in everyone))
    return count / len(everyone)


def measure_once(url: str, writers: int, turns: int, source: Path) -> Measured:
    """In a process of its own, with the package from `source`."""
    command = [sys.executable, str(Path(__file__).resolve()), "--once", url]
    command += ["--writers", str(writers), "--turns", str(turns)]
    environment = os.environ | {"PYTHONPATH": str(source)}
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    return Measured(**json.loads(run.stdout))


def databases() -> Generator[tuple[str, Callable[[], str]], None, None]:
    """Each database that is there, and what makes an empty one."""
    with ExitStack() as rooms:
        folder = Path(rooms.enter_context(tempfile.TemporaryDirectory()))
        yield "SQLite", lambda: f"sqlite:///{folder / new_id('request')}.db"
        try:
            server = rooms.enter_context(running_postgres())
        except RuntimeError as missing:
            print(f"PostgreSQL is left out: {missing}", file=sys.stderr)
            return
        yield "PostgreSQL", server.fresh_database


def compare(sources: dict[str, Path], turns: int, repeats: int) -> None:
    print(f"{'':32}{'CPU/turn':>10}{'':>8}{'tx/s':>8}{'':>8}{'median':>9}{'p99':>9}{'commits/turn':>14}")
    with closing(databases()) as kinds:
        for kind, fresh in kinds:
            for writers in WRITERS:
                found: dict[str, list[Measured]] = {name: [] for name in sources}
                for _ in range(repeats):
                    for name, source in sources.items():
                        url = fresh()
                        asyncio.run(migrate(url))
                        found[name].append(measure_once(url, writers, turns, source))
                for name, measured in found.items():
                    _show(f"{kind}, {writers} at once, {name}", measured, found["this"])


def _show(name: str, measured: list[Measured], of: list[Measured]) -> None:
    def middle(field: str, among: list[Measured] = measured) -> float:
        return statistics.median(getattr(each, field) for each in among)

    def ratio(field: str) -> str:
        pairs = zip(measured, of, strict=True)
        share = statistics.median(getattr(each, field) / getattr(other, field) for each, other in pairs)
        return "" if measured is of else f"{share:.2f}x"

    print(
        f"{name:32}{middle('cpu'):>7.2f} ms{ratio('cpu'):>8}{middle('rate'):>8.0f}{ratio('rate'):>8}"
        f"{middle('median'):>6.1f} ms{middle('late'):>6.1f} ms{middle('commits'):>14.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures what it costs to keep answers.")
    parser.add_argument("--against", type=Path, help="the root of another version, measured in turns with this one")
    parser.add_argument("--turns", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--once", help=argparse.SUPPRESS)
    parser.add_argument("--writers", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once is not None:
        measured = uvloop.run(measure(options.once, options.writers, options.turns))
        print(json.dumps({name: getattr(measured, name) for name in Measured.__slots__}))
        return
    sources = {"this": ROOT / "src"}
    if options.against is not None:
        sources["the other"] = options.against.resolve() / "src"
    compare(sources, options.turns, options.repeats)


if __name__ == "__main__":
    main()
