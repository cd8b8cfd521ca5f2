"""Host your own ChatKit backend: any model, your tools, your users, your database, and no answer is ever lost."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatkit_host.agent.context import ClientToolCall, TurnContext
    from chatkit_host.app import create_app
    from chatkit_host.engine.responder import RequestContext
    from chatkit_host.store.chatkit_store import DatabaseStore

__all__ = ["ClientToolCall", "DatabaseStore", "RequestContext", "TurnContext", "create_app"]

_PLACES = {
    "ClientToolCall": "chatkit_host.agent.context",
    "DatabaseStore": "chatkit_host.store.chatkit_store",
    "RequestContext": "chatkit_host.engine.responder",
    "TurnContext": "chatkit_host.agent.context",
    "create_app": "chatkit_host.app",
}


def __getattr__(name: str) -> Any:
    """Imports what is asked for, when it is asked for: nobody waits for what they do not use."""
    if name not in _PLACES:
        raise AttributeError(f"module 'chatkit_host' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_PLACES[name]), name)
