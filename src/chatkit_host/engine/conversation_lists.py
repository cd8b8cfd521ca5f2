"""What a list of conversations needs from a store: rows that tell enough to choose by, and a search through what was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from chatkit.types import ThreadMetadata

from chatkit_host.ids import Owner

PREVIEW_LENGTH = 120

Speaker = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One conversation in a list."""

    id: str
    title: str | None
    status: str
    """`active`, `locked` or `closed`."""
    created_at: datetime
    updated_at: datetime
    """Of the last message."""
    preview: str | None
    """How the last message starts, on one line of at most `PREVIEW_LENGTH` characters; None when there is none."""
    message_count: int | None
    """Messages of user and assistant that can be seen; None when the store cannot count them."""
    running_turn_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewPage:
    data: Sequence[Overview]
    has_more: bool

    @property
    def after(self) -> str | None:
        return self.data[-1].id if self.has_more and self.data else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A piece of a message that was found; `hit`: it is what was looked for."""

    text: str
    hit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One message that a search found."""

    thread_id: str
    title: str | None
    item_id: str
    speaker: Speaker
    created_at: datetime
    excerpt: Sequence[Excerpt]


class ConversationLists(Protocol):
    """Conversations of one owner, as lists show them. A foreign id is as unknown as one that never was: `NotFound`."""

    async def page(self, owner: Owner, *, limit: int, after: str | None = None, offset: int = 0) -> OverviewPage:
        """Newest activity first. `after` is a thread id, exclusive; an unknown one is `NotFound`."""
        ...

    async def overview(self, owner: Owner, thread_id: str) -> Overview: ...

    async def create(self, owner: Owner, thread: ThreadMetadata) -> None:
        """An empty conversation. `Conflict` when the id is taken."""
        ...

    async def search(self, owner: Owner, asked: str, *, limit: int) -> Sequence[Found]:
        """Messages with all words of `asked`, newest first; the last word may be a beginning. Any text may be asked for.

        `NotSupported` when the store cannot search.
        """
        ...
