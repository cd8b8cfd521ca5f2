"""The chat page as its users know it, for tests that drive a browser."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Locator, Page, expect

_AXE = Path(__file__).parent.parent / "browser" / "assets" / "axe.min.js"


class Site(Protocol):
    @property
    def url(self) -> str: ...


@dataclass(kw_only=True)
class Chat:
    page: Page
    server: Site
    is_clean: bool = True
    """False where the test makes requests fail, which the browser's console tells of."""
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> "Chat":
        self.page.goto(self.server.url + path)
        expect(self.page.locator(":is(chatkit-host, openai-chatkit) .frame")).to_be_visible()
        return self

    @property
    def composer(self) -> Locator:
        return self.page.locator("chatkit-host-composer .editor")

    @property
    def send_button(self) -> Locator:
        return self.page.get_by_role("button", name="Send", exact=True)

    @property
    def stop_button(self) -> Locator:
        return self.page.get_by_role("button", name="Stop", exact=True)

    @property
    def questions(self) -> Locator:
        return self.page.locator("article.question")

    @property
    def answers(self) -> Locator:
        return self.page.locator("article.answer")

    @property
    def words(self) -> Locator:
        """Of the newest answer."""
        return self.answers.last.locator(".prose:not(.small)")

    def start(self, text: str) -> None:
        self.composer.fill(text)
        self.page.keyboard.press("Enter")
        expect(self.questions.last).to_contain_text(text)

    def say(self, text: str) -> None:
        """Sends and waits until it is answered."""
        self.start(text)
        self.settle()

    def settle(self) -> None:
        expect(self.send_button).to_be_visible()

    def axe(self, *ignored: str) -> list[str]:
        self.page.evaluate(_AXE.read_text("utf-8"))
        rules = {rule: {"enabled": False} for rule in ignored}
        found: list[dict[str, Any]] = self.page.evaluate(
            "rules => axe.run(document, {rules, resultTypes: ['violations']}).then(result => result.violations)", rules
        )
        return [f"{one['id']}: {node['target']} {node.get('failureSummary')}" for one in found for node in one["nodes"]]

    def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
