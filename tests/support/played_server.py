"""A ChatKitServer that plays several of the scripted server's scripts in one answer: `text pause5 widget remove`.

For `chatkit-host serve played_server.py:server`. `pauseN` waits for N milliseconds.
"""

import asyncio
import os
from typing import Any

from chatkit.server import ChatKitServer
from chatkit.types import ThreadMetadata, UserMessageItem
from support.scripted_server import Events, PlainServer, _Scripts, _words

from chatkit_host.store.chatkit_store import DatabaseStore

PLAYED = (
    "text",
    "annotated",
    "two_messages",
    "two_at_once",
    "odd_text",
    "unannounced",
    "widget",
    "workflow",
    "other_items",
    "signals",
    "title",
    "title_in_between",
    "hidden",
    "hidden_leak",
    "replace",
    "remove",
    "twice",
    "unfinished",
)
"""The scripts that end by themselves and leave the thread open."""


def server() -> ChatKitServer[Any]:
    return PlayedServer(DatabaseStore.open(os.environ["DATABASE_URL"]))


class PlayedServer(PlainServer):
    async def respond(self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: Any) -> Events:
        assert input_user_message is not None
        scripts = _Scripts(self, thread, input_user_message, context)
        for word in _words(input_user_message).split():
            if word.startswith("pause"):
                await asyncio.sleep(int(word.removeprefix("pause")) / 1000)
                continue
            assert word in (*PLAYED, "custom_error"), word
            async for event in getattr(scripts, word)():
                yield event
