"""What a caller may use. Each route names the one that it needs."""

from collections.abc import Mapping
from typing import get_args

from chatkit_host.engine.api_keys import Scope

ALL_SCOPES: frozenset[Scope] = frozenset(get_args(Scope))
USER_SCOPES: frozenset[Scope] = frozenset({"chat", "tasks", "read"})
"""Of somebody who signed in. Tools of other people's agents get a token or key of their own."""

MEANINGS: Mapping[Scope, str] = {
    "chat": "conversations and answers, on every surface",
    "tasks": "the to-do list over REST",
    "mcp": "the to-do list over MCP",
    "read": "looking at what the others may change (GET), except over MCP",
}


def is_allowed(held: frozenset[Scope], needed: Scope, *, only_looks: bool) -> bool:
    return needed in held or (only_looks and "read" in held and needed != "mcp")
