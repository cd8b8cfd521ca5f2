"""`resume.js` in a browser, on a page of another origin: real connections are cut, real servers are killed, and nothing is lost."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser
from support.chat import user_input
from support.fault_proxy import FaultProxy
from support.model_server import ModelServer
from support.resume_page import ForeignPage, Switch, rows_of, serving_pages, without_comments
from support.server import Server, serving

from chatkit_host.auth.mint import mint_token

SECRET = "a secret of at least thirty-two bytes"
WORDS = 40
TOKEN_SECONDS = 0.06
PROMPT = f"say {WORDS} words"
SAID = " ".join(f"word{number}" for number in range(1, WORDS + 1))
IMPATIENT = {"silence": 1.5}
"""In seconds; the servers here give a sign of life every 0.3."""

pytestmark = pytest.mark.timeout(240)  # dozens of answers, spoken slowly enough to be cut

Open = Callable[..., ForeignPage]


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    with ModelServer(token_seconds=TOKEN_SECONDS) as running:
        yield running


@pytest.fixture(scope="module")
def origin(browser: Browser) -> Iterator[str]:
    with serving_pages() as pages:
        yield pages


@pytest.fixture(scope="module")
def settings(model: ModelServer, origin: str) -> dict[str, str]:
    return {
        "CHATKIT_HOST_MODEL_BASE_URL": model.base_url,
        "CHATKIT_HOST_MODEL": "demo",
        "CHATKIT_HOST_HEARTBEAT_SECONDS": "0.3",
        "CHATKIT_HOST_LEASE_SECONDS": "1",
        "CHATKIT_HOST_DRAIN_SECONDS": "0",
        "CORS_ORIGINS": origin,
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("resume"), **settings) as running:
        yield running


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultProxy]:
    with Switch(server) as between:
        yield between


@pytest.fixture
def open_page(browser: Browser, origin: str) -> Iterator[Open]:
    contexts = []

    def opened(
        server: Server,
        proxy: FaultProxy,
        options: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        **asked: str,
    ) -> ForeignPage:
        contexts.append(browser.new_context())
        contexts[-1].set_default_timeout(40_000)
        page = ForeignPage(page=contexts[-1].new_page(), server=server, proxy=proxy, token=token)
        return page.open(origin, options, **asked)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: Open, server: Server, proxy: FaultProxy) -> ForeignPage:
    return open_page(server, proxy)


def is_whole(page: ForeignPage) -> None:
    """Byte for byte what a reader gets whose connection holds; one question, one answer."""
    is_complete(page)
    assert without_comments(page.told("text")) == page.whole()


def is_complete(page: ForeignPage) -> None:
    assert page.until_over() == "closed", page.told("error")
    assert rows_of(page.told("text")) == {"user_message": PROMPT, "assistant_message": SAID}
    turn = page.turn()
    assert turn["status"] == "completed"
    items = page.items(turn)
    assert [item["type"] for item in items] == ["user_message", "assistant_message"]
    assert "".join(part["text"] for part in items[1]["content"]) == SAID


def ended(page: ForeignPage, turn_id: str) -> dict[str, Any]:
    end = time.monotonic() + 20
    while (turn := page.turn(turn_id))["finished_at"] is None:
        assert time.monotonic() < end, turn
        time.sleep(0.05)
    return turn


def test_an_answer_whose_connection_holds(page: ForeignPage) -> None:
    page.start(PROMPT)
    is_whole(page)
    [post] = page.posts()
    assert post.headers["chatkit-resume"] == "1"
    assert len(post.headers["idempotency-key"]) == 32


def test_it_works_as_a_classic_script(open_page: Open, server: Server, proxy: FaultProxy) -> None:
    page = open_page(server, proxy, classic="yes")
    assert page.page.evaluate("typeof ChatKitResume.resumable") == "function"
    page.start(PROMPT)
    page.until_events(8)
    proxy.cut()
    is_whole(page)


# --- connections that break


@pytest.mark.parametrize("how", ["fin", "rst", "stall"])
def test_an_answer_that_is_cut_all_along_is_whole(how: str, open_page: Open, server: Server, proxy: FaultProxy) -> None:
    """Ten cuts that hurt, up to three for each answer, every time elsewhere."""
    page = open_page(server, proxy, IMPATIENT)
    chance = random.Random(how)
    cuts, answers = 0, 0
    while cuts < 10:  # on a busy machine an answer may end before it can be cut three times
        answers += 1
        assert answers <= 15, f"only {cuts} cuts hurt"
        page.start(PROMPT)
        for at in sorted(chance.sample(range(2, WORDS), 3)):
            page.until_events(at)
            if page.told("end") is None:
                cuts += _cut(page, proxy, how)
        is_whole(page)


def _cut(page: ForeignPage, proxy: FaultProxy, how: str) -> bool:
    """False when the answer had ended before the cut could hurt it."""
    if how != "stall":
        proxy.cut(reset=how == "rst")
        return True
    before = proxy.connections
    proxy.stall()
    end = time.monotonic() + 10
    while proxy.connections == before and page.told("end") is None:  # until the browser has given up what is silent
        assert time.monotonic() < end, "the page did not notice that nothing comes"
        page.page.wait_for_timeout(10)
    proxy.heal()
    return proxy.connections > before


def test_a_reset_after_any_number_of_bytes_costs_nothing(page: ForeignPage, proxy: FaultProxy) -> None:
    """Also in the middle of the headers, where nobody knows yet whether the message has arrived."""
    for at in (0, 1, 40, 200, 400, 700, 701, 702, 900, 1200, 1500, 2100, 3000, 4500, 6000, 7500):
        threads = page.threads()
        proxy.cut_after(at)
        page.start(PROMPT)
        page.page.wait_for_timeout(300)
        proxy.heal()
        is_whole(page)
        assert page.threads() == threads + 1, f"after {at} bytes"
    assert len({post.headers["idempotency-key"] for post in page.posts()}) == 16


def test_seconds_without_a_network_cost_nothing(page: ForeignPage, proxy: FaultProxy) -> None:
    page.start(PROMPT)
    page.until_events(5)
    page.page.context.set_offline(True)
    proxy.cut()  # the browser lets go of nothing that it has
    page.page.wait_for_timeout(3000)
    assert page.told("events") < WORDS
    page.page.context.set_offline(False)
    is_whole(page)


# --- servers that die


def test_a_server_that_is_killed_and_started_again(page: ForeignPage, server: Server, model: ModelServer) -> None:
    page.start(PROMPT)
    page.until_events(8)
    server.kill()
    page.page.wait_for_timeout(500)
    server.start()
    is_complete(page)  # what was said last before the end, and was not yet written, is said anew
    assert page.turn()["attempt"] == 2


def test_a_worker_that_is_told_to_stop_leaves_its_readers_to_another(
    open_page: Open, tmp_path: Path, settings: dict[str, str]
) -> None:
    (tmp_path / "other").mkdir()
    shared = {**settings, "DATABASE_URL": f"sqlite:///{tmp_path}/chat.db"}
    with serving(tmp_path, **shared) as first, serving(tmp_path / "other", **shared) as second, Switch(first) as proxy:
        page = open_page(second, proxy)
        page.start(PROMPT)
        page.until_events(8)
        proxy.lead_to(second)
        first.stop()
        is_complete(page)
        assert page.turn()["attempt"] == 2
        assert "retry:" not in page.told("text")


# --- stops


def test_a_stop_stops_the_server_and_keeps_what_was_said(page: ForeignPage, model: ModelServer) -> None:
    page.start(PROMPT)
    page.until_events(8)
    page.page.evaluate("run.stop()")
    assert page.until_over() == "AbortError"
    turn = ended(page, page.told("turn"))
    assert turn["status"] == "cancelled"
    [_, answer] = [item for item in page.items(turn) if item["type"] != "end_of_turn"]
    text = answer["content"][0]["text"]
    assert SAID.startswith(text)
    assert 0 < len(text) < len(SAID)


def test_a_stop_breaks_off_as_that_of_fetch_does(page: ForeignPage) -> None:
    told = []
    for is_plain in (True, False):
        page.start(PROMPT, isPlain=is_plain)
        page.until_events(4)
        page.page.evaluate("run.stop()")
        page.until_over()
        told.append((page.told("end"), page.told("status")))
    assert told[0] == told[1]


def test_a_stop_before_the_message_is_acknowledged_stops_its_answer(page: ForeignPage, proxy: FaultProxy) -> None:
    threads = page.threads()
    proxy.slow(0.4)
    page.start(PROMPT)
    page.page.wait_for_timeout(150)
    page.page.evaluate("run.stop()")
    assert page.until_over() == "AbortError"
    assert page.told("status") == 0
    proxy.slow(0)
    page.wait_for(lambda: [one for one in page.requests if one.url.endswith("/cancel")])
    assert page.threads() == threads + 1
    [thread] = page.ask("threads.list", limit=1)["data"]
    turn = ended(page, page.requests[-1].url.split("/")[-2])
    assert (turn["thread_id"], turn["status"]) == (thread["id"], "cancelled")


def test_a_stop_without_a_network_is_told_when_it_is_back(page: ForeignPage, model: ModelServer) -> None:
    model.token_seconds = 0.2
    try:
        page.start(PROMPT)
        page.until_events(4)
        page.page.context.set_offline(True)
        page.page.evaluate("run.stop()")
        assert page.until_over() == "AbortError"
        page.page.wait_for_timeout(500)
        assert page.turn()["status"] == "running"
        page.page.context.set_offline(False)
        assert ended(page, page.told("turn"))["status"] == "cancelled"
    finally:
        model.token_seconds = TOKEN_SECONDS


@pytest.mark.parametrize("how", ["navigation", "reload", "closing", "abort on leaving"])
def test_leaving_the_page_does_not_stop_the_answer(
    how: str, open_page: Open, server: Server, proxy: FaultProxy
) -> None:
    page = open_page(server, proxy, **({"aborts": "yes"} if how == "abort on leaving" else {}))
    page.start(PROMPT)
    page.until_events(4)
    turn_id = page.told("turn")
    match how:
        case "closing":
            page.page.close(run_before_unload=True)
        case "reload":
            page.page.reload()
        case _:
            page.page.goto("about:blank")
    turn = ended(page, turn_id)
    assert turn["status"] == "completed"
    assert page.items(turn)[1]["content"][0]["text"] == SAID
    assert not [one for one in page.requests if one.url.endswith("/cancel")]


# --- messages


@pytest.mark.parametrize("arrives", [False, True])
def test_a_message_without_an_answer_is_sent_again_with_its_key(
    arrives: bool, page: ForeignPage, proxy: FaultProxy
) -> None:
    threads = page.threads()
    if arrives:
        proxy.cut_after(1)
    else:
        proxy.refuse()
    page.start(PROMPT)
    page.page.wait_for_timeout(100)
    proxy.heal()
    is_whole(page)
    first, *again = page.posts()
    assert {one.headers["idempotency-key"] for one in again} == {first.headers["idempotency-key"]}
    assert page.threads() == threads + 1


def test_refusals_pass_as_they_are(page: ForeignPage, server: Server) -> None:
    page.start(PROMPT)
    page.until_events(3)
    thread_id = page.turn()["thread_id"]
    page.post("threads.add_user_message", {"thread_id": thread_id, "input": user_input("and another one")})
    assert page.until_over() == "closed"
    assert page.told("status") == 409
    assert '"code":"turn_running"' in page.told("text")
    page.post("threads.create", {"input": {"content": []}})
    page.until_over()
    assert (
        page.told("status")
        == httpx.post(
            f"{server.url}/chatkit", json={"type": "threads.create", "params": {"input": {"content": []}}}
        ).status_code
    )
    assert len(page.posts()) == 3


def test_a_token_that_changes_is_the_new_one_when_an_answer_is_taken_up(
    open_page: Open, tmp_path: Path, settings: dict[str, str]
) -> None:
    with serving(tmp_path, JWT_SECRET=SECRET, **settings) as server, Switch(server) as proxy:
        old, new = mint_token(SECRET, "alice"), mint_token(SECRET, "alice", claims={"nonce": "2"})
        page = open_page(server, proxy, token=old)
        page.start(PROMPT)
        page.until_events(8)
        page.page.evaluate("token => (globalThis.token = token)", new)
        proxy.cut()
        is_whole(page)
        used = [
            (one.method, one.headers.get("authorization")) for one in page.requests if "authorization" in one.headers
        ]
        assert used[0] == ("POST", f"Bearer {old}")
        assert {authorization for _, authorization in used[1:]} == {f"Bearer {new}"}

        page.page.evaluate("globalThis.token = 'nonsense'")
        page.start(PROMPT)
        assert page.until_over() == "closed"
        assert page.told("status") == 401


def test_an_answer_of_long_ago_is_told_to_be_gone(page: ForeignPage, proxy: FaultProxy) -> None:
    """As after a night with the lid closed: here the conversation is deleted meanwhile."""
    page.start(PROMPT)
    page.until_events(5)
    turn = page.turn()
    page.page.context.set_offline(True)
    proxy.cut()
    httpx.post(f"{page.server.url}/api/turns/{turn['id']}/cancel").raise_for_status()
    page.ask("threads.delete", thread_id=turn["thread_id"])
    page.page.context.set_offline(False)
    assert page.until_over() == "closed"
    last = page.told("text").strip().split("\n\n")[-1]
    assert last.startswith('data: {"type":"error","code":"custom","message":"')
    assert last.endswith('"allow_retry":true}')
