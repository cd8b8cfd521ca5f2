"""Measures the server against its limit and its peers, and writes `docs/performance.md`.

python -m benchmarks            5 minutes
python -m benchmarks --full     more repeats, every peer in every scenario, thousands of open streams, long lists
python -m benchmarks --only chatkit_host --only limit
"""

# ruff: noqa: T201 - it tells how far it is

import argparse
import asyncio
import contextlib
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent.parent / "tests"))

from support.postgres import PostgresServer, running_postgres  # pyright: ignore[reportMissingImports] - on the path above

from benchmarks import contestants, lists, report, special
from benchmarks.contestants import Contestant, ours
from benchmarks.processes import ROOT, Process, running_model
from benchmarks.results import Results
from benchmarks.scenarios import (
    BURST_1,
    BURST_50,
    PACED_100,
    PACED_200,
    PACED_500,
    Scenario,
    run_all,
)
from chatkit_host.store.migrate import migrate

_MEASURED = ("openai-chatkit", "openai-agents", "openai", "litellm", "aiohttp", "uvicorn", "sqlalchemy")
Field = Sequence[tuple[Contestant, Sequence[Scenario]]]


def field(full: bool, database_url: str | None) -> Field:
    """Who does what in a repeat, in this order."""
    rest = (PACED_100, PACED_200, *((PACED_500,) if full else ()))
    whole = (BURST_1, BURST_50, *rest)
    some = whole if full else (BURST_1,)
    lite = (BURST_1, BURST_50) if full else (BURST_1,)
    return [
        (contestants.DIRECT, rest),
        (contestants.LIMIT, whole),
        (ours(), whole),
        *([(ours("ours_postgresql", DATABASE_URL=database_url), some)] if database_url else []),
        (contestants.OFFICIAL_CHAT, (BURST_1, BURST_50, PACED_100, PACED_200)),
        (contestants.OFFICIAL_RESPONSES, some),
        (contestants.EXAMPLE_1, some),
        (ours("ours_chat", protocol="chat"), (BURST_1,)),
        (ours("ours_simple", protocol="example_1"), (BURST_1,)),
        (ours("ours_litellm", CHATKIT_HOST_MODEL="litellm/openai/as-told"), lite),
        (contestants.OFFICIAL_LITELLM, lite),
        (contestants.EXAMPLE_0, lite),
    ]


def run(full: bool, only: Sequence[str], command: str, keep: Callable[[Results], None]) -> Results:
    """`keep` is called with what there is so far, again and again."""
    results = Results(
        date=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        machine=_machine(),
        versions=", ".join(f"{name} {version(name)}" for name in _MEASURED),
        command=command,
        load=os.getloadavg()[0],
    )
    with _postgres() as postgres, running_model() as model:
        url = None if postgres is None else _fresh(postgres)
        for number in range(5 if full else 2):
            repeat: dict[str, Any] = {}
            for contestant, scenarios in field(full, url):
                if only and contestant.name not in only:
                    continue
                if number and not full and len(scenarios) == 1:
                    continue  # once is enough for a picture
                _tell(f"repeat {number + 1}: {contestant.name}")
                try:
                    repeat[contestant.name] = run_all(contestant, scenarios, model)
                except (RuntimeError, OSError) as error:
                    _tell(f"{contestant.name} is left out: {error}")
                    continue
                keep(replace(results, repeats=[*results.repeats, repeat]))
            results.repeats.append(repeat)
        if not only:
            _special(results, full, model, postgres, keep)
    return results


def _special(
    results: Results, full: bool, model: Process, postgres: PostgresServer | None, keep: Callable[[Results], None]
) -> None:
    measures: dict[str, Callable[[], dict[str, float]]] = {
        "start": lambda: special.start(5 if full else 2),
        "first_token": lambda: special.first_token(model, 9 if full else 5),
        "standing": lambda: special.standing(ours(), model, 5_000 if full else 500),
        "history": lambda: special.history(model, 15 if full else 9),
        "tools": lambda: special.tools(model, 15 if full else 9),
    }
    if postgres is not None:
        measures["two_workers"] = lambda: special.two_workers(model, lambda: _fresh(postgres), 5 if full else 2)
    if full:
        measures["lists"] = lambda: asyncio.run(lists.deep_and_first(10_000, 200_000))
    for name, measure in measures.items():
        _tell(name)
        try:
            results.special[name] = measure()
        except (RuntimeError, OSError) as error:
            _tell(f"{name} is left out: {error}")
        keep(results)


@contextlib.contextmanager
def _postgres() -> Any:
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(running_postgres())
        except RuntimeError as missing:
            _tell(f"PostgreSQL is left out: {missing}")
            server = None
        yield server


def _fresh(postgres: PostgresServer) -> str:
    url = postgres.fresh_database()
    asyncio.run(migrate(url))
    return url


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    name = " ".join((found[1] if found else platform.processor() or platform.machine()).split())
    return f"{special.cores()} cores ({name}), {platform.system()}, Python {platform.python_version()}"


def _tell(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the server against its limit and its peers.")
    parser.add_argument("--full", action="store_true", help="half an hour instead of five minutes")
    parser.add_argument("--only", action="append", default=[], help="one of the contestants; writes nothing")
    parser.add_argument("--into", type=Path, default=ROOT / "docs", help="the directory to write to")
    options = parser.parse_args()
    command = "make bench-full" if options.full else "make bench"
    results = run(options.full, options.only, command, lambda so_far: _keep(so_far, options))
    if options.only:
        for repeat in results.repeats:
            for name, scenarios in repeat.items():
                for scenario, measured in scenarios.items():
                    print(name, scenario, measured)


def _keep(so_far: Results, options: argparse.Namespace) -> None:
    if not options.only:
        report.write(so_far, options.into)


if __name__ == "__main__":
    main()
