"""A ChatKitServer of the user's own that misbehaves, and what stays whole all the same."""

import asyncio
import time
from pathlib import Path

from support.chat import Chat, text_of, user_input
from support.server import serving

HANGS = """
import asyncio, os
from chatkit_host.store.chatkit_store import DatabaseStore
from support.scripted_server import PlainServer

class Hanging(PlainServer):
    async def handle_stream_cancelled(self, thread, pending_items, context):
        await asyncio.Event().wait()

server = Hanging(DatabaseStore.open(os.environ["DATABASE_URL"]))
"""


async def test_a_handler_of_stops_that_hangs_is_given_up_and_the_answer_is_kept(tmp_path: Path) -> None:
    (tmp_path / "hanging.py").write_text(HANGS)
    with serving(tmp_path, f"{tmp_path}/hanging.py:server") as server:
        async with Chat(server.url) as chat:
            async with chat.asking("threads.create", input=user_input("hold")) as (answer, events):
                async for _ in events:
                    if answer.streamed_text:
                        break
            left, turn = time.monotonic(), f"/api/turns/{answer.turn_id}"
            async with asyncio.timeout(15):
                while (await chat.http.get(turn)).json()["status"] == "running":  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.1)
            seconds = time.monotonic() - left
            went_on = await chat.say(answer.thread_id, "text")
            shown = (await chat.http.get(turn)).json()
            items = await chat.items(answer.thread_id)

        assert "the responder failed in handling a stop" in server.log
    assert 4 < seconds < 10
    assert (shown["status"], shown["error_code"]) == ("cancelled", None)
    assert [item.type for item in items[:3]] == ["user_message", "workflow", "assistant_message"]
    assert text_of(items[2]) == answer.streamed_text
    assert went_on.text == "You said something."
