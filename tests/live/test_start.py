"""Starting, and what is said when it cannot be."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import httpx
import pytest
from support.chat import Chat
from support.mcp_server import McpServer
from support.model_server import Answer, ModelServer
from support.postgres import PostgresServer
from support.server import command, serving

from chatkit_host.auth.mint import mint_token

SECRET = "V7Qd0tYH2kR9wZ4xN8mB5cL1pG6sJ3fA"


@contextmanager
def started(
    workdir: Path,
    *arguments: str,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
    **settings: str,
) -> Iterator[subprocess.Popen[str]]:
    """A process that begins from nothing; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "chatkit_host", *arguments],
        cwd=workdir,
        env={**os.environ, "CHATKIT_HOST_OFFLINE_WORD_SECONDS": "0", **settings},
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        # Where tests run in the background, a shell has told all that come after it to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


async def test_from_nothing_to_an_answer_and_to_the_end(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--port", "0") as process:
        async with Chat(_address_of(process)) as chat:
            assert (await chat.create("add buy milk")).tool_titles == ["Add task"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in (0, -signal.SIGTERM)
    assert (tmp_path / "chatkit-host.db").exists()


async def test_what_nobody_can_mend_is_not_in_the_log(tmp_path: Path) -> None:
    """Models are built when they are first used, and pydantic warns of what FastAPI makes of queries."""
    paths = [
        "tasks",
        "conversations",
        "conversations/search?q=milk",
        "conversations/x/messages",
        "conversations/x/export",
    ]
    with started(tmp_path, "serve", "--port", "0") as process:
        async with httpx.AsyncClient(base_url=_address_of(process)) as client:
            answers = [await client.get(f"/api/{path}") for path in paths]
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        assert process.stderr is not None
        log = process.stderr.read()

    assert [answer.status_code for answer in answers] == [200, 200, 200, 404, 404]
    assert "Warning" not in log


_LOOK = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
_MCP = {"accept": "application/json, text/event-stream"}


@pytest.mark.skipif(sys.platform != "linux", reason="looks into what the kernel has mapped")
async def test_what_nobody_uses_is_not_loaded(tmp_path: Path) -> None:
    """MCP brings `cryptography` along, and OpenAI's client another one with `aiohttp`."""
    with started(tmp_path, "serve", "--port", "0") as process:
        url = _address_of(process)
        async with Chat(url) as chat:
            assert (await chat.create("add buy milk")).tool_titles == ["Add task"]
        before = _mapped(process.pid)
        async with httpx.AsyncClient(base_url=url) as client:
            answer = await client.post("/api/mcp", json=_LOOK, headers=_MCP, timeout=30)
        after = _mapped(process.pid)

    assert "/pydantic_core/" in before
    assert "/cryptography/" not in before
    assert "/aiohttp/" not in before
    assert answer.status_code == 200
    assert "add_task" in answer.text
    assert "/cryptography/" in after


async def test_tools_of_mcp_servers_are_there_after_a_start_from_nothing(
    tmp_path: Path, model_server: ModelServer
) -> None:
    mcp_server = McpServer(tmp_path)
    await asyncio.to_thread(mcp_server.start)
    try:
        with started(
            tmp_path,
            "serve",
            "--port",
            "0",
            CHATKIT_HOST_MODEL="some-model",
            CHATKIT_HOST_MODEL_BASE_URL=model_server.base_url,
            CHATKIT_HOST_MCP_SERVERS=mcp_server.url,
        ) as process:
            async with Chat(_address_of(process)) as chat:
                with anyio.fail_after(20):
                    while "order" not in str(model_server.requests[-1:] and model_server.requests[-1].body["tools"]):
                        await chat.create("hello")
                model_server.queue(
                    Answer(tool_calls=[{"name": "order", "arguments": {"article": "milk"}}]), Answer(text="Ordered.")
                )
                answer = await chat.create("order milk")
    finally:
        mcp_server.kill()

    assert (answer.errors, answer.tool_titles, answer.text) == ([], ["Order"], "Ordered.")
    assert mcp_server.effects == ["milk"]


def _address_of(process: subprocess.Popen[str]) -> str:
    """Of one that writes down that it is ready."""
    assert process.stderr is not None
    ready = next(line for line in process.stderr if "chatkit-host is ready: " in line)
    return ready.split()[3].replace("localhost", "127.0.0.1")


def _mapped(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


def test_an_open_address_without_authentication_is_refused(tmp_path: Path) -> None:
    run = command(tmp_path, "serve", "--host", "0.0.0.0", "--port", "0")

    assert run.returncode == 2
    assert "No authentication is configured" in run.stderr
    assert "JWT_SECRET" in run.stderr


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"JWT_SECRET": "short"}, "set one of at least 32"),
        ({"DATABASE_URL": "mysql://somewhere/db"}, "DATABASE_URL"),
        ({"PORT": "99999"}, "PORT"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
        ({"CORS_ORIGINS": "*"}, "CORS_ORIGINS"),
        ({"JWT_SECRET": SECRET, "JWT_JWKS_URL": "https://issuer.example/keys"}, "not both"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_its_value_is_not_shown(
    tmp_path: Path, settings: dict[str, str], sentence: str
) -> None:
    run = command(tmp_path, "serve", **{"PORT": "0", **settings})

    assert run.returncode == 2
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
    assert SECRET not in run.stderr
    assert "somewhere" not in run.stderr


@pytest.mark.parametrize("target", ["missing.py:agent", "no_such_module:agent", "empty.py:agent"])
def test_a_target_that_is_not_there_is_named(tmp_path: Path, target: str) -> None:
    (tmp_path / "empty.py").write_text("x = 1\n")

    run = command(tmp_path, "serve", target, "--port", "0")

    assert run.returncode == 2
    assert target.split(":")[0] in run.stderr
    assert "Traceback" not in run.stderr


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        port = server.url.rsplit(":", 1)[1]
        run = command(tmp_path, "serve", "--port", port)

    assert run.returncode == 2
    assert f"127.0.0.1:{port} is taken" in run.stderr


def test_a_postgresql_database_is_migrated_by_command_and_not_by_the_server(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url = postgres.fresh_database()

    early = command(tmp_path, "serve", "--port", "0", DATABASE_URL=url)
    assert early.returncode != 0
    assert "chatkit-host migrate" in early.stderr

    assert command(tmp_path, "migrate", DATABASE_URL=url).stdout == "The database is up to date.\n"
    with serving(tmp_path, DATABASE_URL=url) as server:
        assert httpx.get(f"{server.url}/health/ready").json() == {"status": "ready"}
    postgres.drop_database(url)


async def test_with_a_secret_only_tokens_open_the_door(tmp_path: Path) -> None:
    settings = {"JWT_SECRET": SECRET, "JWT_AUDIENCE": "chat", "HOST": "0.0.0.0"}
    minted = command(tmp_path, "token", "alice", JWT_SECRET=SECRET, JWT_AUDIENCE="chat")
    other = mint_token(SECRET, "alice", audience="something else", lifetime=timedelta(hours=1))

    with serving(tmp_path, **settings) as server:
        async with (
            Chat(server.url, minted.stdout.strip()) as alice,
            Chat(server.url) as nobody,
            Chat(server.url, other) as wrong,
        ):
            assert (await alice.create("add buy milk")).status == 200
            refused = await nobody.get("threads.list")
            assert (refused.status_code, refused.headers["WWW-Authenticate"].split()[0]) == (401, "Bearer")
            assert (await wrong.get("threads.list")).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
)
def test_without_authentication_no_foreign_page_gets_in(tmp_path: Path, headers: dict[str, str]) -> None:
    with serving(tmp_path) as server:
        refused = httpx.post(f"{server.url}/chatkit", json={"type": "threads.list", "params": {}}, headers=headers)

    assert refused.status_code == 403


def test_pages_that_are_listed_may_call_and_read_the_turn_id(tmp_path: Path) -> None:
    origin = "https://app.example"
    with serving(tmp_path, CORS_ORIGINS=origin) as server:
        asked = httpx.options(
            f"{server.url}/chatkit", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
        )
        answer = httpx.post(f"{server.url}/chatkit", content=b"{", headers={"Origin": origin})

    assert asked.headers["Access-Control-Allow-Origin"] == origin
    assert answer.status_code == 400
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "ChatKit-Turn" in answer.headers["Access-Control-Expose-Headers"]


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def test_the_doctor_finds_everything_in_order(tmp_path: Path, model_server: ModelServer) -> None:
    run = command(
        tmp_path, "doctor", CHATKIT_HOST_MODEL="some-model", CHATKIT_HOST_MODEL_BASE_URL=model_server.base_url
    )

    assert run.returncode == 0, run.stdout
    assert "model: some-model answers" in run.stdout


def test_the_doctor_says_what_to_do(tmp_path: Path) -> None:
    run = command(
        tmp_path,
        "doctor",
        CHATKIT_HOST_MODEL="openai/some-model",
        CHATKIT_HOST_MCP_SERVERS="http://127.0.0.1:9/mcp",
        HOST="0.0.0.0",
    )

    assert run.returncode == 1
    assert "FAIL  authentication: No authentication is configured" in run.stdout
    assert "FAIL  model: The model openai/some-model needs OPENAI_API_KEY." in run.stdout
    assert "FAIL  MCP server http://127.0.0.1:9/mcp" in run.stdout


def test_a_chat_in_the_terminal_starts_a_server_of_its_own(tmp_path: Path) -> None:
    run = command(tmp_path, "chat", given="add buy milk\nwhat is on my list\n", PORT="1")

    assert "· Add task\nI added “Buy milk” to your list.\n" in run.stdout
    assert "1. Buy milk" in run.stdout
    assert "chatkit-host chat --thread thr_" in run.stdout


@pytest.mark.parametrize("is_a_terminal", [False, True])
def test_ctrl_c_ends_a_chat_in_the_terminal_at_once_and_quietly(tmp_path: Path, is_a_terminal: bool) -> None:
    """Between two pipes, and in a terminal."""
    if is_a_terminal:
        ours, its = pty.openpty()
        keys, screen, given, shown = ours, ours, its, its
    else:
        given, keys = os.pipe()
        screen, shown = os.pipe()
    with started(tmp_path, "chat", stdin=given, stdout=shown, PORT="1") as process:
        os.write(keys, b"add buy milk\n")
        seen = b""
        while "I added “Buy milk”".encode() not in seen:
            seen += os.read(screen, 4096)
        process.send_signal(signal.SIGINT)

        assert process.wait(10) == 130
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    for end in {keys, screen, given, shown}:
        os.close(end)
