"""A real Chromium before a real server. Every test is told of errors on the console and of requests to anywhere else."""

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect, sync_playwright
from support import scripted_server
from support.chat_page import Chat, Site
from support.server import Server, serving

_ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
WAIT = 20_000
SLOW_WORDS = "0.1"

expect.set_options(timeout=WAIT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser on a busy machine takes its time."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(240))


def _chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with the file: while it runs, no other event loop can be started in this thread."""
    executable = _chromium()
    if executable is None:
        if os.environ.get("CHATKIT_HOST_REQUIRE_ALL") == "1" or os.environ.get("CI") == "true":
            pytest.fail("no Chromium was found: the browser tests must run here; set CHROMIUM to its path")
        warnings.warn("NOT RUN: the browser tests, because no Chromium was found", pytest.PytestWarning, stacklevel=1)
        pytest.skip("no Chromium was found; set CHROMIUM to its path")
    started: Playwright
    with sync_playwright() as started:
        running = started.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def todo(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """The Todo assistant with the offline model, a word at a time."""
    with serving(tmp_path_factory.mktemp("todo"), CHATKIT_HOST_OFFLINE_WORD_SECONDS=SLOW_WORDS) as server:
        yield server


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """Speaks so slowly that an answer is still being written after whatever the test does meanwhile."""
    with serving(tmp_path_factory.mktemp("patient"), CHATKIT_HOST_OFFLINE_WORD_SECONDS="0.5") as server:
        yield server


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    """A ChatKitServer that answers by the script that a message names."""
    target = f"{scripted_server.__file__}:server"
    settings = {
        "SCRIPTED_STORE": "database",
        "SCRIPTED_SERVER": "full",
        "PYTHONPATH": str(Path(scripted_server.__file__).parent.parent),
    }
    with serving(tmp_path_factory.mktemp("scripted"), target, **settings) as server:
        yield server


@pytest.fixture
def open_chat(browser: Browser) -> Iterator[Callable[..., Chat]]:
    """Opens a chat in a browser profile of its own, or in `beside` another one's. Fails when one of them complained."""
    chats: list[Chat] = []
    contexts: list[BrowserContext] = []

    def opened(server: Site, *, beside: Chat | None = None, is_clean: bool = True, **options: Any) -> Chat:
        if beside is None:
            contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options}))
            context = contexts[-1]
        else:
            context = beside.page.context
        context.set_default_timeout(WAIT)
        page = context.new_page()
        chat = Chat(page=page, server=server, is_clean=is_clean)
        page.on("console", lambda message: chat.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: chat.errors.append(str(error)))
        page.on("request", lambda request: _note(chat, request.url))
        chats.append(chat)
        return chat

    yield opened
    told = [error for chat in chats if chat.is_clean for error in chat.errors]
    elsewhere = [url for chat in chats for url in chat.elsewhere]
    for context in contexts:
        context.close()
    assert told == []
    assert elsewhere == []


def _note(chat: Chat, url: str) -> None:
    if not url.startswith((chat.server.url, "data:", "blob:")):
        chat.elsewhere.append(url)


@pytest.fixture
def chat(open_chat: Callable[..., Chat], todo: Server) -> Chat:
    return open_chat(todo).open()


@pytest.fixture
def scripted_chat(open_chat: Callable[..., Chat], scripted: Server) -> Chat:
    return open_chat(scripted).open()
