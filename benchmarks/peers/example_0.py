"""The specification's example 0 (a FastAPI route, the Agents SDK with LiteLLM, sse-starlette), repaired so that it streams.

What was repaired: text deltas instead of finished items, the doubled `data: `, the whole conversation instead of its last message.
"""

import json
import os
from collections.abc import AsyncIterator
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

from agents import Agent, Runner, set_tracing_disabled
from agents.extensions.models.litellm_model import LitellmModel
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from sse_starlette.sse import EventSourceResponse


class ChatMessage(BaseModel):
    role: str
    content: str


class ChatRequest(BaseModel):
    messages: list[ChatMessage]
    thread_id: str | None = None
    user_id: str = "user"


def example_0(base_url: str, model: str) -> FastAPI:
    set_tracing_disabled(True)
    app = FastAPI()

    @app.post("/api/chat")
    async def chat(request: ChatRequest) -> EventSourceResponse:
        if not request.messages:
            raise HTTPException(400, "No messages provided")
        agent: Agent[Any] = Agent(
            name="Todo Assistant",
            instructions=f"You are a task management assistant for user {request.user_id}.",
            model=LitellmModel(model=f"openai/{model}", base_url=base_url, api_key="none"),
        )
        return EventSourceResponse(_answer(agent, [message.model_dump() for message in request.messages]))

    return app


async def _answer(agent: Agent[Any], messages: list[Any]) -> AsyncIterator[str]:
    result = Runner.run_streamed(agent, messages)
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            yield json.dumps({"content": event.data.delta})
    yield json.dumps({"content": result.final_output, "done": True})
