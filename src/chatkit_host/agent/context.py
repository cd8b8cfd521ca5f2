"""What an agent's tools get as their context: who asks, in which thread, and the means to show something."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from chatkit.types import ThreadMetadata, ThreadStreamEvent, UserMessageItem

from chatkit_host.engine.responder import TurnInput
from chatkit_host.ids import Owner, TurnId


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientToolCall:
    """Asks the browser to run a tool (`onClientTool`). The agent must stop at the tool that sets it (`StopAtTools`)."""

    name: str
    arguments: dict[str, Any]


class Stage(Protocol):
    """Where tools show things, in their place among what the model says."""

    async def present(self, event: ThreadStreamEvent) -> None: ...


@dataclass(slots=True, kw_only=True)
class TurnContext:
    """`RunContextWrapper.context` in every tool. Identity comes from the verified token, never from the model."""

    owner: Owner
    user_id: str
    turn_id: TurnId
    """With a tool call's id it names an effect that must not be had twice."""
    thread: ThreadMetadata
    """May be changed: title, status and metadata are saved and sent to the client."""
    user_message: UserMessageItem | None
    request: Any
    """The `RequestContext` of the request."""
    client_tool_call: ClientToolCall | None = None
    client_tool_call_id: str | None = field(default=None, init=False)
    _stage: Stage

    @classmethod
    def of(cls, turn: TurnInput, stage: Stage) -> "TurnContext":
        return cls(
            owner=turn.owner,
            turn_id=turn.id,
            user_id=getattr(turn.context, "user_id", str(turn.owner)),
            thread=turn.thread,
            user_message=turn.user_message,
            request=turn.context,
            _stage=stage,
        )

    async def stream(self, event: ThreadStreamEvent) -> None:
        """Shows anything ChatKit knows: progress, a widget, an effect in the browser. Stored when it is an item that is done."""
        await self._stage.present(event)
