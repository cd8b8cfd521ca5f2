"""The server does what its OpenAPI description says, whatever is asked: Schemathesis makes up the requests.

`DESCRIPTION_CASES` asks for more of them, with other values in each run.
"""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import support
from api.conftest import SECRET
from support.chat import Chat
from support.server import Server, serving

from chatkit_host.auth.mint import mint_token

CANARY = "canary-9d1f"
CASES = 2000
WANTED = int(os.environ.get("DESCRIPTION_CASES", "0"))
SECONDS = max(240, WANTED // 20)
"""At most for each run; on a quiet machine all of them take 20."""

RUNS = {
    "nobody": ("fuzzing", 8),
    "stranger": ("fuzzing", 12),
    "owner": ("coverage,fuzzing,stateful", 16),
}
"""What Schemathesis does as that caller, and how many requests of each operation it makes up. Its `coverage` tries the edges of each
value, and `stateful` goes on with what an answer brought; strangers are given her ids instead."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    workdir = tmp_path_factory.mktemp("description")
    with serving(workdir, JWT_SECRET=SECRET, CHATKIT_HOST_OFFLINE_WORD_SECONDS="0.0005") as running:
        yield running


@pytest.fixture
async def alice(server: Server) -> AsyncIterator[Chat]:
    async with Chat(server.url, mint_token(SECRET, "alice")) as chat:
        yield chat


async def ids_of(alice: Chat) -> dict[str, str]:
    """Of records that hold the canary, by the names that requests have for them."""
    answer = await alice.create(CANARY)
    (await alice.http.patch(f"/api/conversations/{answer.thread_id}", json={"title": CANARY})).raise_for_status()
    task = (await alice.http.post("/api/tasks", json={"title": CANARY})).raise_for_status().json()
    return {
        "thread_id": answer.thread_id,
        "conversation_id": answer.thread_id,
        "item_id": answer.items[0].id,
        "turn_id": answer.turn_id,
        "task_id": task["id"],
        "user_id": "alice",
    }


def asked(server: Server, workdir: Path, identity: str, ids: dict[str, str]) -> dict[str, Any]:
    """Schemathesis' report of a run as that caller."""
    users = {"owner": "alice", "stranger": "mallory"}
    phases, examples = RUNS[identity]
    report = workdir / "report.json"
    arguments = [
        "run", f"{server.url}/openapi.json",
        *(("--header", f"Authorization: Bearer {mint_token(SECRET, users[identity])}") if identity in users else ()),
        "--phases", phases,
        "--max-examples", str(examples * max(1, WANTED // CASES)),
        "--report", "json", "--report-json-path", str(report),
        "--generation-database", "none", "--no-shrink", "--no-color", "--continue-on-failure",
        *(() if WANTED else ("--seed", "1")),
    ]  # fmt: skip
    tests = str(Path(support.__path__[0]).parent)
    run = subprocess.run(
        [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", *arguments],
        cwd=workdir,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(part for part in (tests, os.environ.get("PYTHONPATH")) if part),
            "SCHEMATHESIS_HOOKS": "support.description_hooks",
            "CANARY": CANARY,
            "HERS": json.dumps(ids),
            "IS_OWNER": "1" if identity == "owner" else "0",
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    return json.loads(report.read_text())


def accepted(report: dict[str, Any]) -> dict[str, int]:
    """How many requests of each operation were answered with what was asked for."""
    return {
        operation: sum(phase["accepted"] for phase in phases.values())
        for operation, phases in report["valid_rates"].items()
    }


def checked_cases(report: dict[str, Any]) -> int:
    """Without the requests that are parts of checks."""
    print(cases := report["test_cases"])
    return cases["generated"] - cases["without_checks"]


@pytest.mark.timeout(3 * SECONDS + 60)
async def test_whoever_asks_whatever_the_answer_is_one_that_is_described(
    server: Server, alice: Chat, tmp_path: Path
) -> None:
    ids = await ids_of(alice)
    hers = await alice.items(ids["thread_id"])
    operations = {
        f"{method.upper()} {path}"
        for path, methods in (await alice.http.get("/openapi.json")).json()["paths"].items()
        for method in methods
    }

    reports = {}
    for identity in RUNS:
        reports[identity] = asked(server, tmp_path, identity, ids)
        if identity != "owner":
            assert await alice.items(ids["thread_id"]) == hers

    for report in reports.values():
        assert (report["stop_reason"], report["operations"]["tested"]) == ("completed", len(operations))
    assert {operation for operation in operations if not accepted(reports["owner"]).get(operation)} == set()
    assert sum(map(checked_cases, reports.values())) >= (WANTED or CASES)
    assert "Traceback" not in server.log
