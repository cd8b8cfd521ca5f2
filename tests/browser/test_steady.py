"""Nothing jumps under the reader: what arrives late finds its place kept."""

import base64
import struct
import zlib
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect
from support.chat_page import Chat
from support.server import Server

LIMIT = 0.05
_WATCH = """
window.shifts = [];
new PerformanceObserver(list => {
    for (const shift of list.getEntries())
        if (!shift.hadRecentInput) shifts.push([shift.value, shift.sources.map(({currentRect}) => currentRect)]);
}).observe({type: 'layout-shift', buffered: true});
"""
_TEXT = """Look:

![A hill](/late.png)

Then $\\frac{a}{b}$ and

$$\\int_0^1 x\\,dx$$

```python
def fern(light: str) -> int:
    return len(light)
```

| a | b |
|---|---|
| 1 | 2 |
"""


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(width) for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _items(server: Server) -> list[dict[str, Any]]:
    late = f"{server.url}/late.png"
    preview = f"data:image/png;base64,{base64.b64encode(_png(60, 40)).decode()}"
    picture = {"type": "image", "id": "f1", "name": "hill.png", "mime_type": "image/png", "preview_url": late}
    said = {"type": "output_text", "text": _TEXT, "annotations": []}
    rows = [{"type": "Text", "value": f"Row {number}"} for number in range(4)]
    card = {"type": "Card", "children": [*rows, {"type": "Image", "src": preview, "height": 120, "width": 180}]}
    return [
        {
            "type": "user_message",
            "id": "u1",
            "content": [{"type": "input_text", "text": "Hi"}],
            "attachments": [picture],
        },
        {"type": "assistant_message", "id": "a1", "content": [said]},
        {"type": "widget", "id": "w1", "widget": card},
        {"type": "generated_image", "id": "g1", "image": {"id": "i", "url": late}},
        {"type": "assistant_message", "id": "a2", "content": [{**said, "text": "The end. " * 20}]},
    ]


def _moved(page: Page) -> float:
    return sum(value for value, _ in page.evaluate("shifts"))


def test_pictures_formulas_colours_and_widgets_that_come_late_move_nothing(
    open_chat: Callable[..., Chat], todo: Server
) -> None:
    chat = open_chat(todo, viewport={"width": 1280, "height": 1600})
    chat.page.add_init_script(_WATCH)
    thread = {"id": "thr_1", "title": "Late", "items": {"data": _items(todo), "has_more": False}}
    held: list[Route] = []

    def answer(route: Route) -> None:
        if "threads.get_by_id" in (route.request.post_data or ""):
            route.fulfill(json=thread)
        else:
            route.continue_()

    def hold(route: Route) -> None:
        held.append(route)

    chat.page.route("**/chatkit", answer)
    chat.page.route("**/late.png", hold)
    chat.open("/t/thr_1")
    expect(chat.answers.last).to_contain_text("The end.")
    chat.page.locator(".viewport").hover()
    chat.page.mouse.wheel(0, -3000)
    for selector in ("math", ".widget img", ".hl-keyword"):
        expect(chat.page.locator(selector).first).to_be_visible()
    chat.page.wait_for_timeout(700)  # what the wheel has moved is not held against the page
    assert held, "the pictures were to be asked for"
    for route in held:
        route.fulfill(body=_png(640, 420), content_type="image/png")
    for selector in (".md-picture img", ".picture img", ".drawing img"):
        chat.page.wait_for_function("image => image.naturalWidth === 640", arg=chat.page.query_selector(selector))
    chat.page.wait_for_timeout(500)
    assert _moved(chat.page) < LIMIT


def test_an_answer_that_is_written_moves_nothing_that_stands(open_chat: Callable[..., Chat], todo: Server) -> None:
    chat = open_chat(todo)
    chat.page.add_init_script(_WATCH)
    chat.open()
    chat.say("Tell me something about yourself")
    chat.say("add a task: look after the fern")
    chat.page.wait_for_timeout(300)
    assert _moved(chat.page) < LIMIT
