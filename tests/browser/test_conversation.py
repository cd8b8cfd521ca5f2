"""Talking to the page, as somebody who has just found it."""

import json
import re
import time
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect
from support.chat_page import Chat
from support.server import Server

LONG = "Tell me something about yourself"
"""The offline model does not understand this, and says so in some sixty words."""


def test_a_first_conversation_from_a_prompt_to_the_task_list(chat: Chat) -> None:
    expect(chat.page.get_by_role("heading", name="What would you like to get done?")).to_be_visible()
    chat.page.get_by_role("button", name="Add a task: buy milk tomorrow").click()
    expect(chat.questions).to_have_count(1)
    chat.settle()
    expect(chat.words).to_contain_text("milk")
    expect(chat.page.get_by_role("complementary", name="Tasks").get_by_text("Buy milk")).to_be_visible()
    expect(chat.page).to_have_url(re.compile(r"/t/thr_\w+$"))
    expect(
        chat.page.get_by_role("navigation").get_by_role("link", name="Add a task: buy milk tomorrow")
    ).to_be_visible()
    expect(chat.page).to_have_title(re.compile("buy milk"))


def test_a_task_is_checked_off_beside_the_chat(chat: Chat) -> None:
    chat.say("add a task: water the fern")
    tasks = chat.page.get_by_role("complementary", name="Tasks")
    tasks.get_by_role("checkbox", name="Water the fern").click()
    expect(tasks.get_by_text(re.compile(r"Completed \(\d+\)"))).to_be_visible()
    done = httpx.get(f"{chat.server.url}/api/tasks?status=completed").json()["data"]
    assert "Water the fern" in [task["title"] for task in done]


def test_text_appears_while_it_is_written_and_send_becomes_stop_in_the_same_place(chat: Chat) -> None:
    where = chat.send_button.bounding_box()
    chat.start(LONG)
    expect(chat.words).to_contain_text("I am")
    assert chat.stop_button.bounding_box() is not None
    assert "restart the server" not in chat.words.inner_text()
    chat.settle()
    expect(chat.words).to_contain_text("restart the server")
    after = chat.send_button.bounding_box()
    assert where
    assert after
    assert where["x"] == after["x"]


def test_stop_keeps_what_was_said_and_the_server_keeps_the_same(chat: Chat) -> None:
    chat.start(LONG)
    expect(chat.words).to_contain_text("offline")
    chat.stop_button.click()
    began = time.monotonic()
    chat.settle()
    assert time.monotonic() - began < 1
    expect(chat.answers.last).to_contain_text("Stopped")
    kept = chat.words.inner_text()
    assert "restart the server" not in kept
    chat.page.wait_for_timeout(500)
    assert chat.words.inner_text() == kept
    chat.page.reload()
    expect(chat.words).to_have_text(kept)


def test_escape_stops_too(chat: Chat) -> None:
    chat.start(LONG)
    expect(chat.words).to_contain_text("offline")
    chat.page.keyboard.press("Escape")
    chat.settle()
    expect(chat.answers.last).to_contain_text("Stopped")


def test_trying_again_replaces_the_answer_and_asks_once(chat: Chat) -> None:
    chat.say("hello")
    chat.page.get_by_role("button", name="Try again").click()
    expect(chat.stop_button).to_be_visible()
    chat.settle()
    expect(chat.questions).to_have_count(1)
    expect(chat.answers).to_have_count(1)
    expect(chat.words).to_contain_text("Hello!")


def test_an_answer_is_rated_and_copied(open_chat: Callable[..., Chat], todo: Server) -> None:
    chat = open_chat(todo, permissions=["clipboard-read", "clipboard-write"]).open()
    chat.say("hello")
    good = chat.page.get_by_role("button", name="Good answer")
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    chat.answers.last.get_by_role("button", name="Copy").click()
    expect(chat.answers.last.get_by_role("button", name="Copied")).to_be_visible()
    kinds = chat.page.evaluate("navigator.clipboard.read().then(items => items[0].types)")
    assert kinds == ["text/plain", "text/html"]
    assert chat.page.evaluate("navigator.clipboard.readText()").startswith("Hello!")


def test_enter_sends_and_shift_enter_begins_a_line(chat: Chat) -> None:
    chat.composer.click()
    chat.page.keyboard.type("one")
    chat.page.keyboard.press("Shift+Enter")
    chat.page.keyboard.type("two")
    assert chat.composer.inner_text() == "one\ntwo"
    expect(chat.questions).to_have_count(0)
    chat.page.keyboard.press("Enter")
    expect(chat.questions).to_contain_text("one\ntwo", use_inner_text=True)
    expect(chat.composer).to_be_empty()
    chat.settle()


def test_enter_that_ends_a_composition_does_not_send(chat: Chat) -> None:
    chat.composer.fill("にほん")
    chat.composer.evaluate(
        "editor => editor.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, composed: true}))"
    )
    chat.page.wait_for_timeout(100)
    expect(chat.questions).to_have_count(0)


def test_the_composer_grows_and_then_scrolls(chat: Chat) -> None:
    def height() -> float:
        box = chat.composer.bounding_box()
        assert box
        return box["height"]

    one = height()
    chat.composer.fill("1\n2\n3\n4")
    four = height()
    chat.composer.fill("\n".join(str(number) for number in range(60)))
    assert one < four < height() <= 800 * 0.4 + 1


def test_a_draft_belongs_to_its_conversation_and_survives_a_reload(chat: Chat) -> None:
    chat.say("hello")
    chat.composer.fill("later in this one")
    chat.page.get_by_role("link", name="New conversation").click()
    expect(chat.questions).to_have_count(0)
    expect(chat.composer).to_be_empty()
    chat.composer.fill("for the new one")
    chat.page.go_back()
    expect(chat.composer).to_have_text("later in this one")
    chat.page.reload()
    expect(chat.composer).to_have_text("later in this one")


def test_a_new_question_goes_to_the_top_of_the_view(chat: Chat) -> None:
    chat.say(LONG)
    chat.start(LONG)
    expect(chat.words).to_contain_text("I am")
    chat.page.wait_for_timeout(700)
    view = chat.page.locator(".viewport").bounding_box()
    row = chat.questions.last.locator(".bubble").bounding_box()
    assert view
    assert row
    assert 0 <= row["y"] - view["y"] <= 24


def test_nobody_who_scrolled_up_is_moved_and_a_button_leads_back(open_chat: Callable[..., Chat], todo: Server) -> None:
    chat = open_chat(todo, viewport={"width": 500, "height": 420}).open()
    chat.say(LONG)
    chat.start(LONG)
    expect(chat.words).to_contain_text("simple sentences")
    view = chat.page.locator(".viewport")
    view.hover()
    chat.page.mouse.wheel(0, -300)
    chat.page.wait_for_timeout(200)
    before = view.evaluate("view => view.scrollTop")
    chat.page.wait_for_timeout(800)
    assert view.evaluate("view => view.scrollTop") == before
    chat.settle()
    chat.page.get_by_role("button", name="Go to the newest message").click()
    chat.page.wait_for_timeout(900)
    assert view.evaluate("view => view.scrollHeight - view.clientHeight - view.scrollTop") <= 2
    expect(chat.page.get_by_role("button", name="Go to the newest message")).to_have_count(0)


def test_the_way_back_to_the_end_tells_of_new_words_and_follows_them(
    open_chat: Callable[..., Chat], patient: Server
) -> None:
    chat = open_chat(patient, viewport={"width": 500, "height": 320}).open()
    chat.start(LONG)
    expect(chat.words).to_contain_text("simple sentences")
    view = chat.page.locator(".viewport")
    view.hover()
    chat.page.mouse.wheel(0, -400)
    back = chat.page.get_by_role("button", name="Go to the newest message")
    expect(back).to_have_class(re.compile("fresh"))
    back.click()
    expect(back).to_have_count(0)
    length = len(chat.words.inner_text())
    for _ in range(4):
        chat.page.wait_for_timeout(600)
        assert view.evaluate("view => view.scrollHeight - view.clientHeight - view.scrollTop") <= 40
    assert len(chat.words.inner_text()) > length
    chat.stop_button.click()
    chat.settle()


def test_an_error_that_may_pass_offers_to_try_again_and_the_question_is_asked_once(
    open_chat: Callable[..., Chat], scripted: Server
) -> None:
    chat = open_chat(scripted).open()
    chat.start("retried")
    expect(chat.words).to_have_text("A good answer.")
    chat.settle()
    chat.answers.last.get_by_role("button", name="Try again").click()
    expect(chat.page.get_by_role("alert")).to_contain_text("Not today.")
    expect(chat.questions).to_have_count(1)
    chat.page.get_by_role("button", name="Dismiss").click()
    expect(chat.page.get_by_role("alert")).to_have_count(0)
    chat.say("text")
    expect(chat.words).to_have_text("You said something.")
    expect(chat.questions).to_have_count(2)


def test_one_announcement_is_made_for_an_answer(chat: Chat) -> None:
    chat.page.locator("[data-announcement]").evaluate(
        """place => {
            window.told = [];
            const watch = new MutationObserver(() => told.push(place.textContent));
            watch.observe(place, {childList: true, characterData: true, subtree: true});
        }"""
    )
    chat.say(LONG)
    chat.page.wait_for_timeout(200)
    told = chat.page.evaluate("told")
    assert told[0] == "Writing an answer"
    assert "restart the server" in told[-1]
    assert len(told) == 2


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "forbidden", "This is not allowed for the current user."),
        (429, "rate_limited", "You are sending too fast."),
        (500, "internal", "Something went wrong on the server."),
        (503, "unavailable", "The service cannot answer right now."),
    ],
)
def test_a_refused_message_says_why_and_comes_back(
    open_chat: Callable[..., Chat], todo: Server, status: int, code: str, words: str
) -> None:
    chat = open_chat(todo, is_clean=False).open()
    body = {"error": {"code": code, "message": words, "request_id": "r"}}

    def refuse(route) -> None:
        if "threads.create" in (route.request.post_data or ""):
            route.fulfill(status=status, json=body)
        else:
            route.continue_()

    chat.page.route("**/chatkit", refuse)
    chat.composer.fill("hello there")
    chat.page.keyboard.press("Enter")
    expect(chat.page.get_by_role("alert")).to_contain_text(words)
    expect(chat.composer).to_have_text("hello there")
    expect(chat.questions).to_have_count(0)
    expect(chat.send_button).to_be_enabled()


def test_a_server_that_does_not_begin_to_answer_is_given_up_and_the_message_comes_back(
    open_chat: Callable[..., Chat], todo: Server
) -> None:
    chat = open_chat(todo)
    chat.page.clock.install()
    chat.open()
    held: list[object] = []
    chat.page.route(
        "**/chatkit",
        lambda route: held.append(route) if "threads.create" in (route.request.post_data or "") else route.continue_(),
    )
    chat.composer.fill("hello there")
    chat.page.keyboard.press("Enter")
    expect(chat.stop_button).to_be_visible()
    while not held:
        chat.page.wait_for_timeout(20)
    chat.page.clock.fast_forward(61_000)
    expect(chat.page.get_by_role("alert")).to_contain_text("The server did not answer in time.")
    expect(chat.composer).to_have_text("hello there")
    expect(chat.send_button).to_be_enabled()


def test_a_token_that_is_no_longer_accepted_is_asked_for_and_the_message_comes_back(
    open_chat: Callable[..., Chat], todo: Server
) -> None:
    chat = open_chat(todo, is_clean=False).open()
    chat.page.route("**/chatkit", lambda route: route.fulfill(status=401, json={"error": {"code": "unauthorized"}}))
    chat.composer.fill("hello there")
    chat.page.keyboard.press("Enter")
    expect(chat.page.get_by_role("dialog", name="Sign in")).to_be_visible()
    expect(chat.page.locator(".notice.danger")).to_contain_text("You are signed out.")
    expect(chat.composer).to_have_text("hello there")


def test_the_result_of_a_tool_whose_thread_was_left_is_answered_there(scripted_chat: Chat) -> None:
    chat = scripted_chat
    chat.page.locator("chatkit-host").evaluate(
        "chat => chat.setOptions({...chat.options, onClientTool: () => new Promise(resolve => (window.found = resolve))})"
    )
    chat.start("client_tool")
    end = time.monotonic() + 20
    while not chat.page.evaluate("Boolean(window.found)"):
        assert time.monotonic() < end
        chat.page.wait_for_timeout(50)
    chat.page.get_by_role("link", name="New conversation").click()
    chat.start("text")
    chat.settle()
    with chat.page.expect_request(
        lambda request: "threads.add_client_tool_output" in (request.post_data or "")
    ) as told:
        chat.page.evaluate("found({chosen: 7})")
    thread_id = json.loads(told.value.post_data or "")["params"]["thread_id"]
    asked = {"type": "items.list", "params": {"thread_id": thread_id, "limit": 1}}
    while httpx.post(f"{chat.server.url}/chatkit", json=asked).json()["data"][0]["type"] != "assistant_message":
        assert time.monotonic() < end
        chat.page.wait_for_timeout(50)
    expect(chat.send_button).to_be_visible()
    expect(chat.questions).to_have_count(1)
    expect(chat.words).to_have_text("You said something.")

    chat.page.get_by_role("navigation").locator(f"a[href$='{thread_id}']").click()
    expect(chat.words.last).to_have_text("The browser says: completed {'chosen': 7}")
    chat.settle()
