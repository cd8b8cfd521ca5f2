"""The element in front of a ChatKit server that has never heard of us: the official SDK behind its own lines of FastAPI."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, expect
from support.chat_page import Chat
from support.plain_chatkit import PlainChatKit, serving_plain_chatkit


@pytest.fixture
def plain(browser: Browser) -> Iterator[PlainChatKit]:
    with serving_plain_chatkit() as server:
        yield server


@pytest.fixture
def chat(open_chat: Callable[..., Chat], plain: PlainChatKit) -> Chat:
    return open_chat(plain).open()


def test_it_is_asked_only_what_the_protocol_has(chat: Chat, plain: PlainChatKit) -> None:
    asked: list[str] = []
    chat.page.on("request", lambda request: asked.append(request.url.removeprefix(plain.url)))
    chat.say("text")
    expect(chat.words).to_have_text("You said something.")
    chat.say("annotated")
    expect(chat.words).to_contain_text("As they say")
    chat.page.get_by_role("button", name="Good answer").last.click()
    chat.page.get_by_role("button", name="Try again").last.click()
    chat.settle()
    expect(chat.questions).to_have_count(2)
    assert {one["type"] for one in plain.asked} == {
        "threads.list",
        "threads.create",
        "threads.add_user_message",
        "threads.retry_after_item",
        "items.feedback",
    }
    assert all(one["headers"] == [] for one in plain.asked)
    assert {path for path in asked if "/assets/" not in path} == {"/chatkit"}


def test_work_tools_of_the_page_widgets_and_questions(chat: Chat) -> None:
    chat.say("workflow")
    expect(chat.page.locator("details.workflow summary")).to_contain_text("Looked")
    chat.start("client_tool")
    expect(chat.words.last).to_contain_text("completed {'name': 'get_selection', 'params': {'deep': {'er': [1]}}}")
    chat.say("widget")
    chat.page.get_by_role("button", name="Press").click()
    expect(chat.answers.last).to_contain_text("press {'n': 1}")
    chat.start("form")
    chat.page.get_by_role("radio", name="M", exact=True).check()
    chat.page.get_by_role("button", name="Next").click()
    chat.page.get_by_role("button", name="Skip").click()
    chat.page.get_by_role("textbox", name="Your answer").fill("in blue")
    chat.page.get_by_role("button", name="Submit").click()
    expect(chat.answers.last).to_contain_text("'notes': ['in blue']")
    assert chat.axe() == []


def test_stop_closes_the_connection_and_keeps_what_was_said(chat: Chat) -> None:
    """What the server keeps of it is the server's affair: the SDK loses it when its store has to wait."""
    chat.start("hold")
    expect(chat.words).to_have_text("Half of an answer")
    with chat.page.expect_event("requestfailed", lambda request: request.url.endswith("/chatkit")):
        chat.stop_button.click()
    chat.settle()
    expect(chat.answers.last).to_contain_text("Stopped")
    expect(chat.words).to_have_text("Half of an answer")
    chat.say("text")
    expect(chat.words).to_have_text("You said something.")


def test_an_answer_that_breaks_off_is_kept_and_may_be_asked_for_again(chat: Chat) -> None:
    chat.start("custom_error")
    expect(chat.page.get_by_role("alert")).to_contain_text("The oven is *off*.")
    expect(chat.words).to_have_text("Half of an answer")
    chat.page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(chat.page.get_by_role("alert")).to_contain_text("The oven is *off*.")
    expect(chat.questions).to_have_count(1)
    assert chat.page.evaluate("told.filter(name => name === 'error').length") == 2


def test_a_file_goes_to_the_server_in_two_steps(chat: Chat, plain: PlainChatKit) -> None:
    chat.page.locator("input[type=file]").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"some notes"}
    )
    expect(chat.page.get_by_role("button", name="Remove notes.txt")).to_be_visible()
    expect(chat.send_button).to_be_enabled()
    chat.say("echo")
    expect(chat.words).to_contain_text("files=['notes.txt']")
    assert [content for _, content in plain.uploads] == [b"some notes"]


def test_how_much_of_a_file_has_gone_is_shown_and_it_can_be_called_back(chat: Chat, plain: PlainChatKit) -> None:
    network = chat.page.context.new_cdp_session(chat.page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 100_000}
    network.send("Network.emulateNetworkConditions", slow)
    large: FilePayload = {"name": "large.bin", "mimeType": "application/octet-stream", "buffer": bytes(300_000)}
    chat.page.locator("input[type=file]").set_input_files(large)
    progress = chat.page.get_by_role("progressbar", name="Uploading large.bin")
    shares: list[float] = []
    while len(shares) < 4 or shares[-1] < 0.5:
        shares.append(progress.evaluate("bar => bar.value"))
        chat.page.wait_for_timeout(100)
    assert shares == sorted(shares)
    assert len(set(shares)) > 1
    chat.page.get_by_role("button", name="Remove large.bin").click()
    expect(progress).to_have_count(0)
    chat.page.locator("input[type=file]").set_input_files(large)
    expect(progress).to_be_visible()
    expect(progress).to_have_count(0)
    chat.say("echo")
    expect(chat.words).to_contain_text("files=['large.bin']")
    assert [len(content) for _, content in plain.uploads] == [300_000]


def test_a_long_thread_opens_at_its_end_and_goes_back_to_its_beginning(chat: Chat) -> None:
    chat.say("sixty")
    chat.page.reload()
    expect(chat.answers.last).to_contain_text("Item 59")
    assert "Item 5\n" not in chat.answers.last.inner_text()
    chat.page.locator(".viewport").hover()
    while chat.questions.count() == 0:
        chat.page.mouse.wheel(0, -2000)
        chat.page.wait_for_timeout(50)
    expect(chat.page.locator(".viewport")).to_contain_text("Item 0")


def test_conversations_are_listed_opened_renamed_and_deleted(chat: Chat) -> None:
    chat.say("text")
    chat.page.get_by_role("button", name="New chat").click()
    expect(chat.questions).to_have_count(0)
    chat.say("echo")
    chat.page.get_by_role("button", name="History").click()
    history = chat.page.get_by_role("dialog", name="History")
    expect(history.get_by_role("listitem")).to_have_count(2)
    history.get_by_role("listitem").last.get_by_role("button").first.click()
    expect(chat.words).to_have_text("You said something.")
    chat.page.get_by_role("button", name="History").click()
    history.get_by_role("listitem").first.get_by_role("button", name="More actions").click()
    chat.page.get_by_role("menuitem", name="Delete").click()
    history.get_by_role("button", name="Delete", exact=True).click()
    expect(history.get_by_role("listitem")).to_have_count(1)
    expect(chat.words).to_have_text("You said something.")
