"""What every surface works with: who asks, the conversations, the turns, and who answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from chatkit_host.api.body import BodyLimits
from chatkit_host.api.callers import AuthFailures, caller
from chatkit_host.auth.authenticator import Authenticator
from chatkit_host.auth.identity import User
from chatkit_host.clock import Clock
from chatkit_host.engine.api_keys import Scope
from chatkit_host.engine.conversation_lists import ConversationLists
from chatkit_host.engine.openings import Asking
from chatkit_host.engine.ports import ConversationStore, WhenBusy
from chatkit_host.engine.responder import RequestContext, Responder
from chatkit_host.engine.turns import Turns

_NOT_FOR_USER_CODE = {"authorization", "cookie", "proxy-authorization"}

MakeContext = Callable[[RequestContext], Any]
"""Turns our request context into the one that a user's ChatKitServer expects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    authenticator: Authenticator
    responder: Callable[[], Awaitable[Responder]]
    """Who answers; awaited, because the first requests may come before the model side is loaded."""
    turns: Turns
    conversations: Callable[[Any], ConversationStore]
    """The store that a context's conversations live in."""
    lists: Callable[[Any], ConversationLists]
    """The same conversations as lists show them."""
    clock: Clock
    limits: BodyLimits
    when_busy: WhenBusy = "reject"
    """What becomes of a message to a thread that is being answered, unless the request says."""
    keeps_turns: bool = False
    """Whether an answer goes on when a plain client closes its connection."""
    make_context: MakeContext = lambda context: context
    failures: AuthFailures = field(default_factory=AuthFailures)

    async def user(self, request: Request, needs: Scope = "chat") -> User:
        """Who asks; each surface says what it needs. `Unauthorized`, `RateLimited` or `Forbidden`."""
        return await caller(request, self.authenticator, self.failures, needs)

    async def asking(self, request: Request, user: User, metadata: dict[str, Any] | None = None) -> Asking:
        context = self.make_context(
            RequestContext(
                owner=user.owner,
                user_id=user.id,
                headers={name: value for name, value in request.headers.items() if name not in _NOT_FOR_USER_CODE},
                metadata=metadata or {},
                request=request,
            )
        )
        return Asking(
            owner=user.owner,
            context=context,
            store=self.conversations(context),
            responder=await self.responder(),
            now=self.clock(),
        )
