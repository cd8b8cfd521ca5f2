"""How long lists, conversation pages and searches take when there is much to look through.

    python benchmarks/lists.py --threads 10000 --messages 200000

One user has all of these; others have as much again. On SQLite, and on PostgreSQL where its binaries or DATABASE_URL are there.
The calls are those of the API's routes, through the store's ports; times are milliseconds of wall clock, one call at a time.
"""

# ruff: noqa: T201 - a table is what this prints

import argparse
import asyncio
import gc
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent.parent / "tests"))

import sqlalchemy as sa
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    InferenceOptions,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTextContent,
)
from support.postgres import running_postgres  # pyright: ignore[reportMissingImports] - on the path above

from chatkit_host.ids import Owner, new_id
from chatkit_host.store.conversation_lists import DatabaseConversationLists
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database, Write
from chatkit_host.store.migrate import migrate
from chatkit_host.store.queries import items, threads

ALICE = Owner("alice")
START = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 20
COMMON, USUAL, RARE, ABSENT = "please", "meeting", "rhododendron", "xylophone"
THREADS_AT_ONCE = 100

Call = Callable[[], Awaitable[Any]]


class Corpus:
    """Texts of 5 to 60 words, drawn as people use words: the more common, the oftener."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        letters = "bcdfghjklmnprstvw"
        self._words = ["".join(self._random.choice(letters + "aeiou") for _ in range(4 + n % 7)) for n in range(20_000)]
        self._weights = list(accumulate(1 / (rank + 10) for rank in range(len(self._words))))

    def text(self, number: int) -> str:
        words = self._random.choices(self._words, cum_weights=self._weights, k=self._random.randint(5, 60))
        if number % 2 == 0:
            words.append(COMMON)
        if number % 50 == 0:
            words.append(USUAL)
        if number % 20_000 == 7:
            words.append(RARE)
        self._random.shuffle(words)
        return " ".join(words)


async def fill(database: Database, owners: list[Owner], thread_count: int, message_count: int) -> None:
    """Thread after thread, each with a time of its own; the owners take turns."""
    corpus, per_thread = Corpus(1), message_count // thread_count
    number = 0
    for first in range(0, thread_count, THREADS_AT_ONCE):

        def write(w: Write, first: int = first) -> None:
            nonlocal number
            for place in range(first, min(first + THREADS_AT_ONCE, thread_count)):
                for owner in owners:
                    moment = START + timedelta(minutes=place)
                    thread = ThreadMetadata(id=new_id("thread"), title=f"Thread {place}", created_at=moment)
                    threads.create(w, owner, thread, moment, items=per_thread)
                    said = [message(thread.id, corpus.text(number + n), n, moment) for n in range(per_thread)]
                    items.save_at(w, owner, thread.id, said, first=1, turn_id=None)
                    number += per_thread

        await database.writing(write)


def message(thread_id: str, text: str, number: int, moment: datetime) -> UserMessageItem | AssistantMessageItem:
    known = {"id": new_id("message"), "thread_id": thread_id, "created_at": moment}
    if number % 2:
        return AssistantMessageItem(**known, content=[AssistantMessageContent(text=text)])
    return UserMessageItem(**known, content=[UserMessageTextContent(text=text)], inference_options=InferenceOptions())


async def cursors(database: Database, thread_count: int) -> dict[str, str]:
    """The thread after which a page in the middle starts, and one near the end."""
    places = {"middle": thread_count // 2, "deep": thread_count - PAGE - 1}
    mine = sa.text(
        "SELECT id FROM threads WHERE owner = 'alice' ORDER BY updated_at DESC, id DESC LIMIT 1 OFFSET :skip"
    )
    found: dict[str, str] = {}
    for name, place in places.items():
        statement = mine.bindparams(skip=place - 1).columns(sa.column("id", sa.Text))
        row = await database.reading(lambda r, s=statement: r.first(sa.select(s.subquery())))
        assert row is not None
        found[name] = row.id
    return found


def calls(
    lists: DatabaseConversationLists, store: DatabaseConversations, after: dict[str, str], thread_count: int
) -> Iterator[tuple[str, Call]]:
    yield "list, first page", lambda: lists.page(ALICE, limit=PAGE)
    yield "list, middle, by cursor", lambda: lists.page(ALICE, limit=PAGE, after=after["middle"])
    yield "list, deep, by cursor", lambda: lists.page(ALICE, limit=PAGE, after=after["deep"])
    yield "list, deep, by offset", lambda: lists.page(ALICE, limit=PAGE, offset=thread_count - PAGE)
    yield "list, first page of 100", lambda: lists.page(ALICE, limit=100)
    yield (
        "conversation, newest 20",
        lambda: store.load_items(ALICE, after["middle"], limit=PAGE, after=None, order="desc"),
    )
    for name, asked in (
        ("rare word", RARE),
        ("word in 2 % of messages", USUAL),
        ("word in 50 % of messages", COMMON),
        ("no such word", ABSENT),
        ("rare and common word", f"{RARE} {COMMON}"),
        ("two letters that begin many", "pl"),
        ("a common word and one letter", f"{COMMON} m"),
    ):
        yield f"search, {name}", lambda asked=asked: lists.search(ALICE, asked, limit=PAGE)


async def measure(measured: dict[str, Call], times: int) -> dict[str, tuple[float, float, int]]:
    """Median and 95th percentile in milliseconds, and how much was found.

    The calls take turns, so that all of them share what else the machine did meanwhile and can be compared.
    """
    rows: dict[str, int] = {}
    for what, call in measured.items():
        for _ in range(10):
            answer = await call()
            rows[what] = len(getattr(answer, "data", answer))
    taken: dict[str, list[float]] = {what: [] for what in measured}
    gc.disable()
    for _ in range(times):
        for what, call in measured.items():
            started = time.perf_counter()
            await call()
            taken[what].append((time.perf_counter() - started) * 1000)
    gc.enable()
    return {
        what: (statistics.median(each), sorted(each)[int(len(each) * 0.95)], rows[what]) for what, each in taken.items()
    }


async def run(name: str, url: str, options: argparse.Namespace) -> None:
    await migrate(url)
    database = Database.open(url)
    started = time.perf_counter()
    others = [Owner(f"other-{number}") for number in range(options.others)]
    await fill(database, [ALICE, *others], options.threads, options.messages)
    written = options.messages * (1 + len(others))
    seconds = time.perf_counter() - started
    if not database.address.is_sqlite:
        await database.writing(lambda w: w.schema(lambda c: c.exec_driver_sql("ANALYZE")))
    print(f"\n### {name}: {written:,} messages written in {seconds:.0f} s, {seconds / written * 1e6:.0f} µs each\n")
    print("| call | p50 ms | p95 ms | p50 ÷ first page | rows |\n|---|---|---|---|---|")
    lists, store = DatabaseConversationLists(database), DatabaseConversations(database)
    after = await cursors(database, options.threads)
    measured = await measure(dict(calls(lists, store, after, options.threads)), options.times)
    base = next(iter(measured.values()))[0]
    for what, (median, slow, rows) in measured.items():
        print(f"| {what} | {median:.2f} | {slow:.2f} | {median / base:.2f} | {rows} |")
    await database.close()


async def deep_and_first(thread_count: int, message_count: int) -> dict[str, float]:
    """The page at the end of a long list against the first one, on SQLite."""
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/lists.db"
        await migrate(url)
        database = Database.open(url)
        await fill(database, [ALICE], thread_count, message_count)
        after = await cursors(database, thread_count)
        known = dict(calls(DatabaseConversationLists(database), DatabaseConversations(database), after, thread_count))
        names = ("list, first page", "list, deep, by cursor")
        measured = await measure({name: known[name] for name in names}, 200)
        await database.close()
    first, deep = (measured[name][0] for name in names)
    return {"first_ms": first, "deep_ms": deep, "deep_ratio": deep / first}


def main() -> None:
    parser = argparse.ArgumentParser(description="Times of lists, conversation pages and searches.")
    parser.add_argument("--threads", type=int, default=10_000, help="of the one user who is measured")
    parser.add_argument("--messages", type=int, default=200_000, help="in these threads")
    parser.add_argument("--others", type=int, default=1, help="users with as much each")
    parser.add_argument("--times", type=int, default=200, help="how often each call is measured")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    options = parser.parse_args()
    if options.only != "postgresql":
        with tempfile.TemporaryDirectory() as directory:
            asyncio.run(run("SQLite", f"sqlite:///{directory}/lists.db", options))
    if options.only == "sqlite":
        return
    try:
        with running_postgres() as server:
            url = server.fresh_database()
            asyncio.run(run("PostgreSQL", url, options))
            server.drop_database(url)
    except RuntimeError as missing:
        print(f"\nPostgreSQL was left out: {missing}")


if __name__ == "__main__":
    main()
