"""The SDK's own server over the store."""

import json
from collections.abc import AsyncIterator
from typing import Any

from chatkit.types import AssistantMessageContent, AssistantMessageItem, ThreadItemDoneEvent

from chatkit_host.testing.store_contract.case import NOON, World, case


class _Conversation:
    """A `ChatKitServer` that answers every message with its number, and names the thread after the first."""

    def __init__(self, w: World) -> None:
        from chatkit.server import ChatKitServer, StreamingResult  # here, because it loads the Agents SDK

        class Server(ChatKitServer[Any]):
            async def respond(self, thread: Any, input_user_message: Any, context: Any) -> AsyncIterator[Any]:
                thread.title = thread.title or "Named"
                content = [AssistantMessageContent(text="An answer.")]
                item_id = self.store.generate_item_id("message", thread, context)
                yield ThreadItemDoneEvent(
                    item=AssistantMessageItem(id=item_id, thread_id=thread.id, created_at=NOON, content=content)
                )

        self._server, self._streaming, self._context = Server(w.store), StreamingResult, w.alice

    async def send(self, operation: str, **params: Any) -> Any:
        result = await self._server.process(json.dumps({"type": operation, "params": params}), self._context)
        if isinstance(result, self._streaming):
            return [json.loads(chunk.removeprefix(b"data: ")) async for chunk in result]
        return json.loads(result.json)

    async def say(self, text: str, thread_id: str | None = None) -> str:
        """The thread's id."""
        said = {"content": [{"type": "input_text", "text": text}], "attachments": [], "inference_options": {}}
        if thread_id is not None:
            await self.send("threads.add_user_message", thread_id=thread_id, input=said)
            return thread_id
        return (await self.send("threads.create", input=said))[0]["thread"]["id"]


def _kinds(page: Any) -> list[str]:
    return [item["type"] for item in page["data"]]


@case("server")
async def a_conversation_is_there_on_reload(w: World) -> None:
    conversation = _Conversation(w)
    thread_id = await conversation.say("Hello")
    await conversation.say("And again", thread_id)
    thread = await conversation.send("threads.get_by_id", thread_id=thread_id)
    assert (thread["title"], _kinds(thread["items"])) == ("Named", ["user_message", "assistant_message"] * 2)


@case("server")
async def a_retry_leaves_one_answer(w: World) -> None:
    conversation = _Conversation(w)
    thread_id = await conversation.say("Hello")
    thread = await conversation.send("threads.get_by_id", thread_id=thread_id)
    question, answer = thread["items"]["data"]
    await conversation.send("threads.retry_after_item", thread_id=thread_id, item_id=question["id"])
    page = await conversation.send("items.list", thread_id=thread_id, order="asc")
    assert _kinds(page) == ["user_message", "assistant_message"]
    assert (page["data"][0]["id"], page["data"][1]["id"] != answer["id"]) == (question["id"], True)


@case("server")
async def a_thread_is_renamed_listed_and_deleted(w: World) -> None:
    conversation = _Conversation(w)
    thread_id = await conversation.say("Hello")
    await conversation.send("threads.update", thread_id=thread_id, title="Renamed")
    listed = await conversation.send("threads.list")
    assert [(each["id"], each["title"]) for each in listed["data"]] == [(thread_id, "Renamed")]
    await conversation.send("threads.delete", thread_id=thread_id)
    assert (await conversation.send("threads.list"))["data"] == []
