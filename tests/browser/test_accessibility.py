"""For everybody: axe, small screens, forced colours, the keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from support.chat_page import Chat
from support.server import Server


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("contrast", ["no-preference", "more"])
def test_axe_finds_nothing_on_the_page(
    open_chat: Callable[..., Chat], todo: Server, scheme: str, contrast: str
) -> None:
    chat = open_chat(todo, color_scheme=scheme, contrast=contrast).open()
    chat.page.wait_for_timeout(500)
    assert chat.axe() == []
    chat.say("add a task: look after the fern, high priority, due tomorrow")
    chat.say("what is on my list?")
    chat.page.locator("details.workflow summary").last.click()
    chat.page.wait_for_timeout(500)
    assert chat.axe() == []
    chat.page.locator(".viewport").focus()
    chat.page.keyboard.press("?")
    chat.page.wait_for_timeout(200)
    assert chat.axe() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_every_kind_of_item(open_chat: Callable[..., Chat], scripted: Server, scheme: str) -> None:
    chat = open_chat(scripted, color_scheme=scheme, is_clean=False).open()
    for script in ("annotated", "widget", "workflow", "signals", "form"):
        chat.start(script)
        expect(chat.stop_button).to_have_count(0)
    expect(chat.page.get_by_role("group", name="Which size?")).to_be_visible()
    chat.page.wait_for_timeout(500)
    assert chat.axe() == []


@pytest.mark.parametrize(("width", "height"), [(390, 844), (320, 568)])
def test_a_phone_shows_everything_in_its_width(
    open_chat: Callable[..., Chat], todo: Server, width: int, height: int
) -> None:
    chat = open_chat(
        todo, viewport={"width": width, "height": height}, has_touch=True, is_mobile=True, device_scale_factor=2
    ).open()
    assert chat.overflow() <= 0
    chat.say("Tell me something about yourself and" + "averyverylongword" * 20)
    assert chat.overflow() <= 0
    for control in (chat.send_button, chat.page.get_by_role("button", name="Show the conversations")):
        box = control.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
    size = chat.composer.evaluate("editor => parseFloat(getComputedStyle(editor).fontSize)")
    assert size >= 16
    chat.page.set_viewport_size({"width": width, "height": height // 2})  # as an on-screen keyboard does
    expect(chat.composer).to_be_in_viewport(ratio=1)
    expect(chat.words.locator("p").last).to_be_in_viewport()
    chat.page.set_viewport_size({"width": width, "height": height})
    assert chat.axe() == []
    chat.page.get_by_role("button", name="Show the conversations").click()
    chat.page.wait_for_timeout(400)
    assert chat.overflow() <= 0
    assert chat.axe() == []
    drawer = chat.page.get_by_role("navigation", name="Conversations").bounding_box()
    assert drawer
    assert drawer["x"] == 0
    assert drawer["width"] >= 250
    chat.page.keyboard.press("Escape")
    expect(chat.page.get_by_role("searchbox", name="Search conversations")).not_to_be_visible()
    chat.page.get_by_role("button", name="Tasks", exact=False).first.click()
    tasks = chat.page.get_by_role("complementary", name="Tasks")
    expect(tasks).to_be_visible()
    box = tasks.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["width"] >= 300
    assert chat.axe() == []


def test_the_page_is_usable_by_keyboard_alone(chat: Chat) -> None:
    reached: list[str] = []
    for _ in range(120):
        chat.page.keyboard.press("Tab")
        reached.append(
            chat.page.evaluate(
                """() => {
                    let active = document.activeElement;
                    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
                    return active?.getAttribute('aria-label') ?? active?.textContent?.trim() ?? '';
                }"""
            )
        )
        if reached[-1] == "Ask, plan, or add a task":
            break
    order = ["New conversation", "Search conversations", "Chat", "Ask, plan, or add a task"]
    places = [reached.index(name) for name in order]
    assert places == sorted(places)
    chat.page.keyboard.type("hello")
    chat.page.keyboard.press("Enter")
    chat.settle()
    expect(chat.words).to_contain_text("Hello!")


_ACTIVE = """() => {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    if (active === document.body) return ['', true];
    const around = active.closest('.box') ?? active;
    const style = getComputedStyle(active);
    const isRinged = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
    const isEdged = around !== active && getComputedStyle(around).borderColor !== window.restingEdge;
    return [active.getAttribute('aria-label') ?? active.textContent.trim().slice(0, 40), isRinged || isEdged];
}"""


def test_whatever_has_the_focus_shows_it(chat: Chat) -> None:
    chat.say("add a task: look after the fern")
    chat.page.locator(".viewport").focus()
    chat.page.evaluate(
        """() => {
            const chat = document.querySelector('chatkit-host-page').shadowRoot.querySelector('chatkit-host').shadowRoot;
            const box = chat.querySelector('chatkit-host-composer').shadowRoot.querySelector('.box');
            window.restingEdge = getComputedStyle(box).borderColor;
        }"""
    )
    seen: dict[str, bool] = {}
    for _ in range(60):
        chat.page.keyboard.press("Tab")
        chat.page.wait_for_timeout(30)
        name, is_shown = chat.page.evaluate(_ACTIVE)
        seen[name] = is_shown
    assert {"Copy", "Ask, plan, or add a task", "New conversation"} <= set(seen)
    assert [name for name, is_shown in seen.items() if name and not is_shown] == []


def test_the_focus_comes_back_from_menus_and_dialogs(chat: Chat) -> None:
    def focused() -> str:
        return chat.page.evaluate(_ACTIVE)[0]

    chat.say("hello")
    opener = chat.page.get_by_role("button", name="Keyboard help")
    opener.click()
    expect(chat.page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    chat.page.keyboard.press("Escape")
    assert focused() == "Keyboard help"
    row = chat.page.get_by_role("navigation", name="Conversations").get_by_role("listitem").first
    row.get_by_role("button", name="More actions").focus()
    chat.page.keyboard.press("Enter")
    expect(chat.page.get_by_role("menuitem", name="Rename")).to_be_focused()
    chat.page.keyboard.press("ArrowDown")
    expect(chat.page.get_by_role("menuitem", name="Delete")).to_be_focused()
    chat.page.keyboard.press("Escape")
    assert focused().startswith("More actions")


def test_nothing_moves_for_people_who_asked_for_that(open_chat: Callable[..., Chat], todo: Server) -> None:
    chat = open_chat(todo, reduced_motion="reduce", forced_colors="active").open()
    chat.say("hello")
    moving = chat.page.evaluate("document.getAnimations().filter(one => one.playState === 'running').length")
    assert moving == 0
    expect(chat.words).to_be_visible()
