"""The express lane: how a model client hands text to the turn as it hears it, past the Agents SDK's run loop.

A client calls these in the order in which the model speaks. Item ids are ours (`new_id`), one per output item of a response; a
provider's id never appears. An item that ends is shown once it is in the database.
"""

from typing import Any, Protocol


class Lane(Protocol):
    @property
    def is_open(self) -> bool:
        """False while tools run: a model called by a tool must not speak into the user's answer."""
        ...

    def text(self, item_id: str, delta: str) -> None:
        """Adds to an assistant message; the first call for an id starts it."""
        ...

    def refusal(self, item_id: str, delta: str) -> None:
        """Adds to an assistant message what the model says in declining."""
        ...

    def annotation(self, item_id: str, annotation: dict[str, Any]) -> None:
        """A citation as the Responses API words it (`url_citation`, `file_citation`, ...); unknown kinds are ignored."""
        ...

    def reasoning(self, item_id: str, delta: str) -> None:
        """Adds to what the model thinks aloud; the first call for an id starts a thought."""
        ...

    async def message_done(self, item_id: str) -> None: ...

    async def reasoning_done(self, item_id: str) -> None: ...
