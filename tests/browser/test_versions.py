"""A message that was sent is written anew, and what was there before is one key away."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from support.chat_page import Chat
from support.server import Server

LONG = "Tell me something about yourself"


def editor(chat: Chat) -> Locator:
    return chat.page.locator("chatkit-host-message-editor .editor")


def versions(chat: Chat, number: int, count: int) -> Locator:
    return chat.page.get_by_role("group", name=f"Version {number} of {count}")


def edit(chat: Chat, which: int, text: str) -> None:
    """By the button at the message, to the end of the answer."""
    chat.questions.nth(which).hover()
    chat.questions.nth(which).get_by_role("button", name="Edit").click()
    expect(editor(chat)).to_be_focused()
    editor(chat).fill(text)
    chat.page.get_by_role("button", name="Save").click()
    expect(chat.stop_button).to_be_visible()
    chat.settle()


def test_an_edited_message_replaces_what_followed_and_arrow_keys_bring_it_back(chat: Chat) -> None:
    chat.say("hello")
    chat.say("add a task: mend the fence")
    edit(chat, 0, "what can you do?")
    expect(chat.questions).to_have_count(1)
    expect(chat.questions).to_contain_text("what can you do?")
    expect(chat.answers).to_have_count(1)

    versions(chat, 2, 2).get_by_role("button", name="Previous version").focus()
    chat.page.keyboard.press("ArrowLeft")
    expect(chat.questions).to_have_count(2)
    expect(chat.questions.first).to_contain_text("hello")
    expect(chat.questions.last).to_contain_text("mend the fence")
    expect(chat.words).to_contain_text("Mend the fence")
    expect(versions(chat, 1, 2)).to_be_visible()
    expect(versions(chat, 1, 2).locator(":focus")).to_have_count(1)
    expect(chat.page.locator("[data-announcement]")).to_have_text("Version 1 of 2")

    chat.page.reload()
    expect(chat.questions).to_have_count(2)
    expect(versions(chat, 1, 2)).to_be_visible()

    versions(chat, 1, 2).get_by_role("button", name="Next version").focus()
    chat.page.keyboard.press("ArrowRight")
    expect(chat.questions).to_have_count(1)
    expect(chat.questions).to_contain_text("what can you do?")
    chat.page.keyboard.press("ArrowRight")
    expect(versions(chat, 2, 2)).to_be_visible()


def test_nothing_moves_when_the_answer_to_an_edited_message_ends(chat: Chat) -> None:
    def room() -> float:
        """Between the message and the words below it."""
        question, words = chat.questions.last.bounding_box(), chat.words.bounding_box()
        assert question
        assert words
        return words["y"] - question["y"]

    chat.say("hello")
    chat.questions.hover()
    chat.questions.get_by_role("button", name="Edit").click()
    editor(chat).fill(LONG)
    chat.page.keyboard.press("Enter")
    expect(chat.words).to_contain_text("I am")
    expect(versions(chat, 2, 2)).to_be_visible()
    before = room()
    chat.settle()
    expect(chat.answers.last.get_by_role("button", name="Copy")).to_be_visible()
    chat.page.wait_for_timeout(300)
    assert room() == before


def test_up_arrow_edits_the_last_message_and_escape_leaves_it(chat: Chat) -> None:
    chat.say("hello")
    chat.composer.focus()
    chat.page.keyboard.press("ArrowUp")
    expect(editor(chat)).to_have_text("hello")
    expect(editor(chat)).to_be_focused()
    chat.page.keyboard.type(" there")
    chat.page.keyboard.press("Escape")
    expect(editor(chat)).to_have_count(0)
    expect(chat.questions.locator(".bubble")).to_have_text("hello")
    expect(chat.questions.get_by_role("button", name="Edit")).to_be_focused()

    chat.composer.fill("a draft")
    chat.page.keyboard.press("ArrowUp")
    expect(editor(chat)).to_have_count(0)
    chat.composer.fill("")
    chat.page.keyboard.press("ArrowUp")
    expect(editor(chat)).to_be_focused()
    chat.page.keyboard.type("!")
    chat.page.keyboard.press("Enter")
    expect(chat.questions).to_contain_text("hello!")
    chat.settle()
    expect(versions(chat, 2, 2)).to_be_visible()


def test_the_edit_button_is_reached_by_tab(chat: Chat) -> None:
    chat.say("hello")
    chat.page.locator("chatkit-host .viewport").focus()
    chat.page.keyboard.press("Tab")
    button = chat.questions.get_by_role("button", name="Edit")
    expect(button).to_be_focused()
    expect(chat.questions.locator(".actions")).to_have_css("opacity", "1")
    chat.page.keyboard.press("Enter")
    expect(editor(chat)).to_be_focused()


def test_an_answer_that_was_asked_for_again_has_its_switch_at_the_answer(chat: Chat) -> None:
    chat.say(LONG)
    first = chat.words.inner_text()
    chat.page.get_by_role("button", name="Try again").click()
    expect(chat.stop_button).to_be_visible()
    chat.settle()
    switch = chat.answers.last.get_by_role("group", name="Version 2 of 2")
    expect(switch).to_be_visible()
    switch.get_by_role("button", name="Previous version").click()
    expect(chat.answers.last.get_by_role("group", name="Version 1 of 2")).to_be_visible()
    expect(chat.words).to_have_text(first)
    expect(chat.questions).to_have_count(1)


def test_half_an_answer_that_was_asked_for_again_stays_when_it_is_stopped(chat: Chat) -> None:
    chat.say("hello")
    edit(chat, 0, LONG)
    whole = chat.words.inner_text()
    chat.page.get_by_role("button", name="Try again").click()
    expect(chat.words).to_contain_text("I am")
    chat.stop_button.click()
    chat.settle()
    expect(chat.answers.last).to_contain_text("Stopped")
    expect(chat.answers.last.get_by_role("group", name="Version 2 of 2")).to_be_visible()
    kept = chat.words.inner_text()
    assert len(kept) < len(whole)
    chat.page.reload()
    expect(chat.words).to_have_text(kept)


def test_an_edit_goes_on_over_a_reload(open_chat: Callable[..., Chat], patient: Server) -> None:
    chat = open_chat(patient).open()
    chat.say("hello")
    chat.questions.first.hover()
    chat.questions.first.get_by_role("button", name="Edit").click()
    editor(chat).fill(LONG)
    chat.page.keyboard.press("Enter")
    expect(chat.words).to_contain_text("I am")
    chat.page.reload()
    expect(chat.questions).to_have_count(1)
    expect(chat.questions).to_contain_text(LONG)
    expect(chat.stop_button).to_be_visible()
    expect(chat.words).to_contain_text("I am")
    chat.stop_button.click()
    chat.settle()
    expect(versions(chat, 2, 2)).to_be_visible()


def test_a_failed_edit_shows_what_was_there_and_can_be_tried_again(scripted_chat: Chat) -> None:
    chat = scripted_chat
    chat.say("text")
    chat.composer.focus()
    chat.page.keyboard.press("ArrowUp")
    editor(chat).fill("timeout")
    chat.page.keyboard.press("Enter")
    expect(chat.page.get_by_role("alert")).to_be_visible()
    expect(versions(chat, 1, 2)).to_be_visible()
    expect(chat.questions).to_contain_text("text")
    expect(chat.words).to_contain_text("You said something.")
    chat.page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(chat.questions).to_contain_text("timeout")
    chat.settle()
    expect(chat.page.get_by_role("alert")).to_be_visible()
    expect(versions(chat, 2, 2)).to_be_visible()


@pytest.mark.parametrize("width", [320, 1280])
def test_the_editor_and_the_switch_fit_and_are_accessible(
    open_chat: Callable[..., Chat], todo: Server, width: int
) -> None:
    touches = width < 400
    chat = open_chat(todo, viewport={"width": width, "height": 800}, has_touch=touches, is_mobile=touches).open()
    chat.say("hello")
    expect(chat.questions).to_have_count(1)
    if touches:
        chat.questions.locator(".bubble").tap()
    else:
        chat.questions.hover()
    chat.questions.get_by_role("button", name="Edit").click()
    expect(editor(chat)).to_be_focused()
    assert chat.overflow() == 0
    assert chat.axe() == []
    editor(chat).fill("hello again, and a word that is so long that it does not fit into such a narrow page")
    chat.page.keyboard.press("Enter")
    expect(chat.stop_button).to_be_visible()
    chat.settle()
    expect(versions(chat, 2, 2)).to_be_visible()
    assert chat.overflow() == 0
    assert chat.axe() == []
