"""A valid request of every ChatKit operation and of our own. A new operation has none, and fails the tests that go through them all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from chatkit.types import ChatKitReq
from support.chat import Chat, user_input

from chatkit_host.api.versions import OurNonStreamingReq, OurStreamingReq

OPERATIONS: tuple[str, ...] = tuple(
    request.model_fields["type"].default
    for request in (*get_args(get_args(ChatKitReq)[0]), OurStreamingReq, *get_args(OurNonStreamingReq))
)


@dataclass(frozen=True, kw_only=True)
class Things:
    """What a request can name: a thread with one of everything in it, and a file that was not sent yet."""

    thread: str
    message: str
    widget: str
    form: str
    file: str
    sent_file: str
    version: str


async def make_things(chat: Chat) -> Things:
    files = [
        (await chat.get("attachments.create", name="a.txt", size=1, mime_type="text/plain")).raise_for_status().json()
        for _ in range(2)
    ]
    asked = (await chat.create("text")).items[0]
    await chat.ask("threads.retry_after_item", thread_id=asked.thread_id, item_id=asked.id)
    versions = (await chat.get("threads.list_versions", thread_id=asked.thread_id)).raise_for_status().json()
    everything = {**user_input("everything"), "attachments": [files[0]["id"]]}
    answer = await chat.ask("threads.add_user_message", thread_id=asked.thread_id, input=everything)
    ids = {item.type: item.id for item in answer.items}
    return Things(
        thread=answer.thread_id,
        message=ids["user_message"],
        widget=ids["widget"],
        form=ids["structured_input"],
        file=files[1]["id"],
        sent_file=files[0]["id"],
        version=versions["data"][0]["versions"][0],
    )


NOTHING = Things(
    thread="thr_01a1fe2c7d0e7f8a9b0c1d2e3f405162",
    message="msg_01a1fe2c7d0e7f8a9b0c1d2e3f405162",
    widget="wid_1_1",
    form="form_1_1",
    file="atc_01a1fe2c",
    sent_file="atc_01a1fe2d",
    version="ver_01a1fe2c7d0e7f8a9b0c1d2e3f405162",
)
"""Ids that look like ids and never were."""

_TAG = {"type": "input_tag", "id": "tag_1", "text": "tag", "data": {"key": ["value"]}, "group": "group"}
_ACTION = {"type": "replace", "payload": {"key": ["value"]}}
_ANSWERS = {"size": {"values": ["S"], "skipped": False}}

PARAMS: Mapping[str, Callable[[Things], dict[str, Any]]] = {
    "threads.create": lambda t: {
        "input": {
            "content": [{"type": "input_text", "text": "text"}, _TAG],
            "attachments": [t.file],
            "quoted_text": "quoted",
            "inference_options": {"model": "model", "tool_choice": {"id": "tool"}},
        }
    },
    "threads.add_user_message": lambda t: {
        "thread_id": t.thread,
        "input": {"content": [{"type": "input_text", "text": "text"}], "attachments": [], "inference_options": {}},
    },
    "threads.add_client_tool_output": lambda t: {"thread_id": t.thread, "result": {"key": ["value"]}},
    "threads.add_structured_input": lambda t: {
        "thread_id": t.thread,
        "item_id": t.form,
        "input": {"status": "answered", "answers": _ANSWERS},
    },
    "threads.retry_after_item": lambda t: {"thread_id": t.thread, "item_id": t.message},
    "threads.edit_message": lambda t: {
        "thread_id": t.thread,
        "item_id": t.message,
        "input": {"content": [{"type": "input_text", "text": "text"}], "attachments": [], "inference_options": {}},
    },
    "threads.list_versions": lambda t: {"thread_id": t.thread},
    "threads.choose_version": lambda t: {"thread_id": t.thread, "version_id": t.version},
    "threads.custom_action": lambda t: {"thread_id": t.thread, "item_id": t.widget, "action": _ACTION},
    "threads.sync_custom_action": lambda t: {"thread_id": t.thread, "item_id": t.widget, "action": _ACTION},
    "threads.get_by_id": lambda t: {"thread_id": t.thread},
    "threads.list": lambda t: {"limit": 10, "order": "desc", "after": t.thread},
    "threads.update": lambda t: {"thread_id": t.thread, "title": "title"},
    "threads.delete": lambda t: {"thread_id": t.thread},
    "items.list": lambda t: {"thread_id": t.thread, "limit": 10, "order": "asc", "after": t.message},
    "items.feedback": lambda t: {"thread_id": t.thread, "item_ids": [t.message], "kind": "positive"},
    "attachments.create": lambda t: {"name": "name", "size": 3, "mime_type": "text/plain"},
    "attachments.delete": lambda t: {"attachment_id": t.file},
    "input.transcribe": lambda t: {"audio_base64": "AAEC", "mime_type": "audio/webm"},
}

NAME_NOTHING = {"attachments.create", "input.transcribe"}
"""Operations that have no ids in them."""
