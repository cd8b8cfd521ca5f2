"""The keyless model: the offline demo's brain behind the same interface as every real model."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, date, datetime

from agents.tool import FunctionTool

from chatkit_host.agent.lane import Lane
from chatkit_host.agent.models.offline_brain import Reply, ToolCalls, decide
from chatkit_host.agent.models.offline_history import messages_from_items
from chatkit_host.agent.models.speech import Speech, function_call, token_usage
from chatkit_host.agent.models.spoken import Answer, ModelRequest, SpokenModel
from chatkit_host.ids import new_id

_WORD = re.compile(r"\S+\s*|\s+")


def _today() -> date:
    return datetime.now(UTC).date()


class OfflineModel(SpokenModel):
    """Streams word by word; usage counts words."""

    def __init__(self, *, word_seconds: float = 0.02, today: Callable[[], date] = _today) -> None:
        super().__init__("offline")
        self._word_seconds = word_seconds
        self._today = today

    async def _answer(self, request: ModelRequest, lane: Lane, answer: Answer) -> AsyncGenerator[None]:
        messages = messages_from_items(request.input)
        tool_names = {tool.name for tool in request.tools if isinstance(tool, FunctionTool)}
        decision = decide(messages, tool_names, self._today())
        speech = Speech(lane)
        match decision:
            case Reply(text):
                words = _WORD.findall(text)
                for word in words:
                    await speech.say(("text", word))
                    yield
                    await asyncio.sleep(self._word_seconds)
                await speech.end()
                answer.output = speech.message_items()
            case ToolCalls(calls):
                words = [call.name for call in calls]
                answer.output = [
                    function_call(new_id("tool_call"), call.name, json.dumps(call.arguments)) for call in calls
                ]
        heard = sum(len(str(message.get("content") or "").split()) for message in messages)
        answer.usage = token_usage(heard, len(words))
