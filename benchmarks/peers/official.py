"""The official stack as its samples put it together: `ChatKitServer`, `stream_agent_response`, the Agents SDK and its models.

Three models: OpenAI's Responses API, an OpenAI-compatible chat completions endpoint, LiteLLM. The store keeps everything in memory
and copies nothing, which costs less than the samples' own; there is no authentication and there are no tools.
"""

import os
from collections.abc import AsyncIterator
from typing import Any

from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, set_tracing_disabled
from chatkit.agents import AgentContext, ThreadItemConverter, stream_agent_response
from chatkit.server import ChatKitServer, StreamingResult
from chatkit.store import NotFoundError, Store
from chatkit.types import (
    AssistantMessageItem,
    Attachment,
    Page,
    ThreadItem,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
)
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from openai import AsyncOpenAI

_HISTORY = 50


def official(kind: str, base_url: str, model: str) -> FastAPI:
    set_tracing_disabled(True)
    server = _Server(_Store(), Agent(name="assistant", instructions="You help.", model=_model(kind, base_url, model)))
    app = FastAPI()

    @app.post("/chatkit")
    async def chatkit(request: Request) -> Response:
        result = await server.process(await request.body(), {})
        if isinstance(result, StreamingResult):
            return StreamingResponse(result, media_type="text/event-stream")
        return Response(result.json, media_type="application/json")

    return app


def _model(kind: str, base_url: str, model: str) -> Any:
    if kind == "litellm":
        # It would fetch a price list, and end a stream after 100 equal deltas.
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        from agents.extensions.models.litellm_model import LitellmModel

        return LitellmModel(model=f"openai/{model}", base_url=base_url, api_key="none")
    client = AsyncOpenAI(base_url=base_url, api_key="none")
    if kind == "responses":
        return OpenAIResponsesModel(model=model, openai_client=client)
    return OpenAIChatCompletionsModel(model=model, openai_client=client)


class _Converter(ThreadItemConverter):
    async def assistant_message_to_input(self, item: AssistantMessageItem) -> Any:
        # The SDK's own form makes every second turn of these models fail.
        return {"role": "assistant", "content": "".join(part.text for part in item.content)}


class _Server(ChatKitServer[Any]):
    def __init__(self, store: Store[Any], agent: Agent[Any]) -> None:
        super().__init__(store)
        self._agent = agent

    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: Any
    ) -> AsyncIterator[ThreadStreamEvent]:
        newest = await self.store.load_thread_items(thread.id, None, _HISTORY, "desc", context)
        asked = await _Converter().to_agent_input(list(reversed(newest.data)))
        run_context = AgentContext(thread=thread, store=self.store, request_context=context)
        result = Runner.run_streamed(self._agent, asked, context=run_context)
        async for event in stream_agent_response(run_context, result):
            yield event


class _Store(Store[Any]):
    def __init__(self) -> None:
        self._threads: dict[str, ThreadMetadata] = {}
        self._items: dict[str, dict[str, ThreadItem]] = {}

    async def load_thread(self, thread_id: str, context: Any) -> ThreadMetadata:
        if thread_id not in self._threads:
            raise NotFoundError(thread_id)
        return self._threads[thread_id]

    async def save_thread(self, thread: ThreadMetadata, context: Any) -> None:
        self._threads[thread.id] = thread
        self._items.setdefault(thread.id, {})

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: Any
    ) -> Page[ThreadItem]:
        items = list(self._items[thread_id].values())
        ordered = items[::-1] if order == "desc" else items
        ids = [item.id for item in ordered]
        start = ids.index(after) + 1 if after in ids else 0
        data = ordered[start : start + limit]
        return Page(data=data, has_more=len(ordered) > start + limit, after=data[-1].id if data else None)

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        # The chat completions models give every message the same id.
        if isinstance(item, AssistantMessageItem) and item.id in self._items[thread_id]:
            item = item.model_copy(update={"id": f"{item.id}_{len(self._items[thread_id])}"})
        self._items[thread_id][item.id] = item

    async def save_item(self, thread_id: str, item: ThreadItem, context: Any) -> None:
        self._items[thread_id][item.id] = item

    async def load_item(self, thread_id: str, item_id: str, context: Any) -> ThreadItem:
        return self._items[thread_id][item_id]

    async def load_threads(self, limit: int, after: str | None, order: str, context: Any) -> Page[ThreadMetadata]:
        return Page(data=list(self._threads.values())[:limit])

    async def delete_thread(self, thread_id: str, context: Any) -> None:
        del self._threads[thread_id], self._items[thread_id]

    async def delete_thread_item(self, thread_id: str, item_id: str, context: Any) -> None:
        self._items[thread_id].pop(item_id, None)

    async def save_attachment(self, attachment: Attachment, context: Any) -> None:
        raise NotImplementedError

    async def load_attachment(self, attachment_id: str, context: Any) -> Attachment:
        raise NotImplementedError

    async def delete_attachment(self, attachment_id: str, context: Any) -> None:
        raise NotImplementedError
