"""What every surface works with: who asks, the conversations, the turns, and who answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import Request

from chatkit_host.api.body import BodyLimits
from chatkit_host.api.callers import AuthFailures, caller
from chatkit_host.auth.authenticator import Authenticator
from chatkit_host.auth.identity import User
from chatkit_host.auth.scopes import MEANINGS
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

    async def user(self, request: Request, needs: Scope) -> User:
        """Who asks. `Unauthorized`, `RateLimited`, or `Forbidden` to a key without that scope."""
        return await caller(request, self.authenticator, self.failures, needs)

    def needs(self, scope: Scope) -> Any:
        """The same for a route to declare, as `user: User = host.needs("tasks")`: then the OpenAPI description has it too."""
        return Security(_Caller(self, scope), scopes=[scope])

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


class _Caller(SecurityBase):
    scheme_name = "access_token"
    model = HTTPBearer(
        description="A token of the issuer that the server trusts, or an API key. A server without authentication needs none. "
        "Keys open what they were made for; each operation names the scope that it needs:\n\n"
        + "".join(f"- `{scope}`: {meaning}\n" for scope, meaning in MEANINGS.items())
    )

    def __init__(self, host: Host, scope: Scope) -> None:
        self._host = host
        self._scope: Scope = scope

    async def __call__(self, request: Request) -> User:
        return await self._host.user(request, self._scope)
