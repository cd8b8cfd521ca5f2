"""Reloads, lost networks and second tabs in the middle of an answer: what is shown in the end is what the server has."""

from collections.abc import Callable

import httpx
from playwright.sync_api import expect
from support.chat_page import Chat, Site
from support.server import Server

LONG = "Tell me something about yourself"
LAST_WORDS = "restart the server"


def said_to(server: Site, chat: Chat) -> list[str]:
    """The answers of the open thread, as the server has them."""
    thread_id = chat.page.url.rpartition("/")[2]
    body = {"type": "items.list", "params": {"thread_id": thread_id, "order": "asc", "limit": 100}}
    items = httpx.post(f"{server.url}/chatkit", json=body).json()["data"]
    return ["".join(part["text"] for part in item["content"]) for item in items if item["type"] == "assistant_message"]


def plain(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def shows_what_the_server_has(chat: Chat) -> None:
    chat.settle()
    expect(chat.words).to_contain_text(LAST_WORDS)
    said = said_to(chat.server, chat)
    assert [plain(text) for text in said] == [plain(text) for text in chat.words.all_inner_texts()]
    expect(chat.questions).to_have_count(1)
    expect(chat.answers).to_have_count(1)


def test_a_reload_in_the_middle_goes_on_where_the_answer_is(chat: Chat) -> None:
    chat.start(LONG)
    expect(chat.words).to_contain_text("not a language model")
    chat.page.reload()
    expect(chat.stop_button).to_be_visible()
    expect(chat.words).to_contain_text("not a language model")
    shows_what_the_server_has(chat)


def test_a_stop_after_a_reload_stops_the_server(open_chat: Callable[..., Chat], patient: Server) -> None:
    chat = open_chat(patient).open()
    chat.start(LONG)
    expect(chat.words).to_contain_text("I am")
    chat.page.reload()
    expect(chat.words).to_contain_text("I am")
    chat.stop_button.click()
    chat.settle()
    kept = chat.words.inner_text()
    assert LAST_WORDS not in kept
    assert [plain(text) for text in said_to(chat.server, chat)] == [plain(kept)]


def test_a_second_tab_shows_the_same_answer(open_chat: Callable[..., Chat], todo: Server) -> None:
    first = open_chat(todo).open()
    first.start(LONG)
    expect(first.words).to_contain_text("offline demo")
    second = open_chat(todo, beside=first).open(first.page.url.removeprefix(todo.url))
    expect(second.stop_button).to_be_visible()
    for chat in (first, second):
        shows_what_the_server_has(chat)


def test_three_seconds_without_a_network_lose_and_double_nothing(open_chat: Callable[..., Chat], todo: Server) -> None:
    chat = open_chat(todo, is_clean=False).open()
    chat.start(LONG)
    expect(chat.words).to_contain_text("offline demo")
    chat.page.context.set_offline(True)
    expect(chat.page.get_by_text("Reconnecting…")).to_be_visible()
    chat.page.wait_for_timeout(3000)
    chat.page.context.set_offline(False)
    expect(chat.page.get_by_text("Reconnecting…")).to_have_count(0)
    shows_what_the_server_has(chat)


def test_a_message_sent_without_a_network_is_sent_once_when_it_is_back(
    open_chat: Callable[..., Chat], todo: Server
) -> None:
    chat = open_chat(todo, is_clean=False).open()
    chat.page.context.set_offline(True)
    chat.start("hello")
    expect(chat.page.get_by_text("Reconnecting…")).to_be_visible()
    chat.page.wait_for_timeout(1500)
    chat.page.context.set_offline(False)
    chat.settle()
    expect(chat.words).to_contain_text("Hello!")
    expect(chat.questions).to_have_count(1)


def test_leaving_for_another_conversation_does_not_stop_the_answer(chat: Chat) -> None:
    chat.start(LONG)
    expect(chat.words).to_contain_text("offline demo")
    chat.page.get_by_role("link", name="New conversation").click()
    expect(chat.questions).to_have_count(0)
    chat.page.go_back()
    shows_what_the_server_has(chat)
