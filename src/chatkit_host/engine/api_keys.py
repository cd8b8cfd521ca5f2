"""API keys as they are kept: what authentication needs from a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from chatkit_host.ids import Owner

Scope = Literal["chat", "tasks", "mcp", "read"]
"""What a caller may use. `chat`: conversations; `tasks`: the to-do list over REST; `mcp`: the to-do list over MCP; `read`: looking at
all but MCP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """Everything about a key but the key."""

    id: str
    owner: Owner
    user_id: str
    name: str | None = None
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class ApiKeyStore(Protocol):
    async def add(self, key: ApiKey, hashed: str) -> None: ...

    async def find(self, hashed: str) -> ApiKey | None: ...

    async def note_use(self, key_id: str, now: datetime, *, unless_since: datetime) -> None:
        """Unless a use was noted after `unless_since`, by whichever worker."""
        ...

    async def list(self) -> Sequence[ApiKey]:
        """The operator's view: of all owners, oldest first."""
        ...

    async def revoke(self, key_id: str, now: datetime) -> ApiKey:
        """A revoked key stays listed. `NotFound`; revoking twice changes nothing."""
        ...
