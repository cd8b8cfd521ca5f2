"""The list of conversations, their addresses, and the page around the chat."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import jwt
import pytest
from playwright.sync_api import Locator, expect
from support.chat_page import Chat
from support.server import Server, serving

SECRET = "a secret of at least thirty-two bytes"


@pytest.fixture
def alone(tmp_path: Path, open_chat: Callable[..., Chat]) -> object:
    """A page on a server that nobody else uses."""
    with serving(tmp_path) as server:
        yield open_chat(server).open()


def conversations(chat: Chat) -> Locator:
    return chat.page.get_by_role("navigation", name="Conversations").get_by_role("listitem")


def new(chat: Chat, text: str) -> None:
    chat.page.get_by_role("link", name="New conversation").click()
    expect(chat.questions).to_have_count(0)
    chat.say(text)


def test_conversations_are_listed_opened_and_found_by_what_was_said(alone: Chat) -> None:
    chat = alone
    expect(chat.page.get_by_text("Your conversations will be listed here.")).to_be_visible()
    new(chat, "add a task: feed the ocelot")
    new(chat, "hello")
    expect(conversations(chat)).to_have_count(2)
    search = chat.page.get_by_role("searchbox", name="Search conversations")
    search.fill("ocelot")
    expect(conversations(chat)).to_have_count(1)
    search.press("Enter")
    expect(chat.questions).to_contain_text("feed the ocelot")
    search.fill("nothing like that")
    expect(chat.page.get_by_text("Nothing found.")).to_be_visible()
    search.fill("")
    expect(conversations(chat)).to_have_count(2)


def test_conversations_stand_under_the_day_they_are_of(open_chat: Callable[..., Chat], todo: Server) -> None:
    now = datetime.now(UTC).replace(hour=12)
    ages = {"Now": 0, "One day": 1, "Five days": 5, "Long ago": 100}
    listed = [
        {
            "id": f"thr_{days}",
            "title": title,
            "created_at": (now - timedelta(days=days)).isoformat(),
            "updated_at": (now - timedelta(days=days)).isoformat(),
            "preview": None,
            "running_turn_id": None,
        }
        for title, days in ages.items()
    ]
    chat = open_chat(todo)
    page = {"data": listed, "has_more": False, "after": None}
    chat.page.route("**/api/conversations?*", lambda route: route.fulfill(json=page))
    chat.open()
    expect(conversations(chat)).to_have_count(4)
    navigation = chat.page.get_by_role("navigation", name="Conversations")
    for group, title in zip(["Today", "Yesterday", "Previous 7 days", "Older"], ages, strict=True):
        expect(navigation.get_by_role("list", name=group).get_by_role("link")).to_have_text([title])


def test_five_hundred_conversations_are_paged_without_an_end_and_searched_at_once(
    tmp_path: Path, open_chat: Callable[..., Chat]
) -> None:
    with serving(tmp_path) as server:
        with httpx.Client(base_url=server.url) as http:
            for number in range(500):
                http.post("/api/conversations", json={"title": f"Trip {number}"}).raise_for_status()
        chat = open_chat(server).open()
        expect(conversations(chat)).to_have_count(50)
        chat.page.locator(".list").hover()
        while conversations(chat).count() < 500:
            chat.page.mouse.wheel(0, 5000)
            chat.page.wait_for_timeout(50)
        titles = chat.page.get_by_role("navigation", name="Conversations").locator("a .title").all_inner_texts()
        assert titles == [f"Trip {number}" for number in reversed(range(500))]
        search = chat.page.get_by_role("searchbox", name="Search conversations")
        milliseconds = search.evaluate(
            """async field => {
                const times = [];
                for (const word of ['Trip 4', 'Trip 49', 'Trip 499']) {
                    const began = performance.now();
                    field.value = word;
                    field.dispatchEvent(new Event('input', {bubbles: true}));
                    await new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)));
                    times.push(performance.now() - began);
                }
                return Math.min(...times);
            }"""
        )
        expect(conversations(chat)).to_have_count(1)
        assert milliseconds < 100


def test_an_answer_that_ends_while_its_reader_is_elsewhere_is_marked_until_it_is_read(
    open_chat: Callable[..., Chat], todo: Server
) -> None:
    chat = open_chat(todo).open()
    chat.start("Tell me something about yourself")
    expect(chat.words).to_contain_text("I am")
    chat.page.get_by_role("link", name="New conversation").click()
    navigation = chat.page.get_by_role("navigation", name="Conversations")
    expect(navigation.get_by_role("img", name="An answer is being written")).to_be_visible()
    expect(navigation.get_by_role("img", name="New answer")).to_be_visible()
    expect(navigation.get_by_role("img", name="An answer is being written")).to_have_count(0)
    chat.page.reload()
    expect(navigation.get_by_role("img", name="New answer")).to_be_visible()
    conversations(chat).first.get_by_role("link").click()
    expect(chat.words).to_contain_text("restart the server")
    expect(navigation.get_by_role("img", name="New answer")).to_have_count(0)


def test_back_forward_and_a_deep_link_open_the_conversation(alone: Chat) -> None:
    chat = alone
    new(chat, "add a task: one")
    first = chat.page.url
    new(chat, "add a task: two")
    chat.page.go_back()
    chat.page.go_back()
    expect(chat.page).to_have_url(first)
    expect(chat.questions).to_contain_text("one")
    chat.page.go_forward()
    chat.page.go_forward()
    expect(chat.questions).to_contain_text("two")
    chat.page.goto(first)
    expect(chat.questions).to_contain_text("one")
    expect(chat.page).to_have_title(re.compile("one"))


def test_a_conversation_is_renamed_in_place(alone: Chat) -> None:
    chat = alone
    new(chat, "hello")
    conversations(chat).first.hover()
    conversations(chat).first.get_by_role("button", name="More actions").click()
    chat.page.get_by_role("menuitem", name="Rename").click()
    chat.page.get_by_role("textbox", name="New name").fill("Ocelots")
    chat.page.keyboard.press("Enter")
    expect(conversations(chat).first).to_contain_text("Ocelots")
    chat.page.reload()
    expect(conversations(chat).first).to_contain_text("Ocelots")


def test_a_deleted_conversation_can_be_taken_back_and_otherwise_is_gone(alone: Chat) -> None:
    chat = alone

    def delete() -> None:
        conversations(chat).first.hover()
        conversations(chat).first.get_by_role("button", name="More actions").click()
        chat.page.get_by_role("menuitem", name="Delete").click()
        expect(conversations(chat)).to_have_count(0)

    def kept() -> int:
        return len(httpx.get(f"{chat.server.url}/api/conversations").json()["data"])

    new(chat, "hello")
    delete()
    expect(chat.questions).to_have_count(0)
    chat.page.get_by_role("button", name="Undo").click()
    expect(conversations(chat)).to_have_count(1)
    assert kept() == 1
    delete()
    with chat.page.expect_response(lambda answer: answer.request.method == "DELETE") as deleted:
        expect(chat.page.get_by_role("button", name="Undo")).to_have_count(0)
    assert deleted.value.ok
    assert kept() == 0


def test_the_keys_work_where_nobody_types_and_nowhere_else(alone: Chat) -> None:
    chat = alone
    chat.page.evaluate("window.heard = []; addEventListener('keydown', event => heard.push(event.key))")
    chat.composer.click()
    chat.page.keyboard.type("nfstc?/")
    assert chat.composer.inner_text() == "nfstc?/"
    assert chat.page.evaluate("heard") == []
    expect(chat.page.get_by_role("dialog")).to_have_count(0)
    chat.composer.fill("")
    chat.page.locator(".viewport").focus()
    chat.page.keyboard.press("?")
    expect(chat.page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    chat.page.keyboard.press("Escape")
    expect(chat.page.get_by_role("dialog")).to_have_count(0)
    chat.page.locator(".viewport").focus()
    chat.page.keyboard.press("f")
    expect(chat.page.get_by_role("searchbox", name="Search conversations")).to_be_focused()
    chat.page.locator(".viewport").focus()
    chat.page.keyboard.press("/")
    expect(chat.composer).to_be_focused()


def test_the_chosen_colours_are_there_at_the_next_visit_before_anything_is_drawn(alone: Chat) -> None:
    chat = alone
    chat.page.get_by_role("button", name="Colours: As the system").click()
    chat.page.get_by_role("button", name="Colours: Light").click()
    expect(chat.page.get_by_role("button", name="Colours: Dark")).to_be_visible()
    chat.page.route("**/assets/page-*.js", lambda route: route.abort())
    chat.is_clean = False
    chat.page.reload()
    background = chat.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert background.startswith("oklch(0.19"), background


@pytest.mark.parametrize(("scheme", "background"), [("light", "oklch(1 "), ("dark", "oklch(0.19")])
def test_the_colours_of_the_system_are_there_before_anything_is_drawn(
    open_chat: Callable[..., Chat], todo: Server, scheme: str, background: str
) -> None:
    chat = open_chat(todo, color_scheme=scheme, is_clean=False)
    chat.page.route("**/assets/page-*.js", lambda route: route.abort())
    chat.page.goto(chat.server.url)
    painted = chat.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert painted.startswith(background), painted


def test_a_token_is_asked_for_checked_and_remembered(tmp_path: Path, open_chat: Callable[..., Chat]) -> None:
    with serving(tmp_path, JWT_SECRET=SECRET) as server:
        chat = open_chat(server, is_clean=False)
        chat.page.goto(server.url)
        dialog = chat.page.get_by_role("dialog", name="Sign in")
        dialog.get_by_label("Access token or API key").fill("not a token")
        dialog.get_by_role("button", name="Sign in").click()
        expect(dialog.get_by_role("alert")).to_have_text("The server does not accept this token.")
        claims = {"sub": "alice", "exp": datetime.now(UTC) + timedelta(minutes=5)}
        dialog.get_by_label("Access token or API key").fill(jwt.encode(claims, SECRET, algorithm="HS256"))
        dialog.get_by_role("button", name="Sign in").click()
        expect(dialog).to_have_count(0)
        chat.say("hello")
        chat.page.reload()
        expect(chat.questions).to_have_count(1)
        chat.page.get_by_role("button", name="Sign out").click()
        expect(dialog).to_be_visible()


def test_the_page_works_below_a_path(tmp_path: Path, open_chat: Callable[..., Chat]) -> None:
    """As behind a proxy that serves it at /assistant: the page asks for everything there."""
    with serving(tmp_path) as server:
        chat = open_chat(server)

        def below(route) -> None:
            url = route.request.url.replace("/assistant", "", 1)
            response = route.fetch(url=url)
            body = response.text().replace('<base href="/"', '<base href="/assistant/"')
            route.fulfill(response=response, body=body) if "<base" in body else route.fulfill(response=response)

        chat.page.route("**/assistant/**", below)
        chat.page.goto(f"{server.url}/assistant/")
        chat.say("hello")
        expect(chat.page).to_have_url(re.compile(r"/assistant/t/thr_\w+$"))
        chat.page.goto("about:blank")  # nothing is asked for any more, and what was asked before is not waited for
        chat.page.unroute_all(behavior="ignoreErrors")
