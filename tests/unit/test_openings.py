"""What an edit would make true, and what is refused before anything is."""

from typing import Any

import pytest
from chatkit.types import LockedStatus, UserMessageInput
from support.chat import user_input
from support.memory_store import MemoryStore
from support.turns import ALICE, NOON, answer, attachment, ids, new_thread, question

from chatkit_host.engine import openings
from chatkit_host.engine.openings import Asking
from chatkit_host.engine.ports import LogEvent
from chatkit_host.engine.responder import Responder
from chatkit_host.errors import HostError, InvalidInput, NotFound, ThreadNotActive
from chatkit_host.store.conversations import DatabaseConversations
from chatkit_host.store.database import Database
from chatkit_host.store.foreign import ForeignConversations

CONTEXT = {"user_id": ALICE}


@pytest.fixture
def theirs() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def asking(theirs: MemoryStore) -> Asking:
    turns = DatabaseConversations(Database.open("sqlite:///never-opened.db"))
    store = ForeignConversations(theirs, turns, CONTEXT)
    return Asking(owner=ALICE, context=CONTEXT, store=store, responder=Responder(), now=NOON)


async def said(theirs: MemoryStore, **fields: Any) -> list[str]:
    """A thread's id, and those of a question and an answer in it."""
    thread = new_thread(**fields)
    await theirs.save_thread(thread, CONTEXT)
    items = [question(thread.id), answer(thread.id)]
    for item in items:
        await theirs.add_thread_item(thread.id, item, CONTEXT)
    return [thread.id, *ids(items)]


def given(**other: Any) -> UserMessageInput:
    return UserMessageInput.model_validate(user_input("Better asked.", **other))


async def test_an_edit_supersedes_the_message_and_answers_the_new_one(theirs: MemoryStore, asking: Asking) -> None:
    thread_id, asked, _ = await said(theirs)
    file = attachment(thread_id=thread_id)
    await theirs.save_attachment(file, CONTEXT)

    opening = await openings.edit(asking, thread_id, asked, given(attachments=[file.id], quoted_text="Noon."))

    message = opening.user_message
    assert message is not None
    assert message.id not in (asked, "")
    assert (message.created_at, message.quoted_text, ids(message.attachments)) == (NOON, "Noon.", [file.id])
    assert (opening.operation, opening.supersedes_from, opening.supersedes_after) == ("retry", asked, None)
    assert list(opening.items) == [message]
    assert ids(opening.attachments) == [file.id]
    first = [LogEvent(seq=1, data=data).type for data in opening.first_events]
    assert first == ["thread.item.done", "stream_options"]


@pytest.mark.parametrize(
    ("thread", "item", "message", "error"),
    [
        ("thr_unknown", "question", given(), NotFound),
        ("mine", "msg_unknown", given(), NotFound),
        ("mine", "answer", given(), InvalidInput),
        ("mine", "question", given(content=[]), InvalidInput),
        ("mine", "question", given(attachments=["atc_unknown"]), NotFound),
        ("locked", "question", given(), ThreadNotActive),
    ],
)
async def test_what_cannot_be_edited_is_refused(
    theirs: MemoryStore, asking: Asking, thread: str, item: str, message: UserMessageInput, error: type[HostError]
) -> None:
    status = {"status": LockedStatus()} if thread == "locked" else {}
    thread_id, asked, answered = await said(theirs, **status)
    names = {"mine": thread_id, "locked": thread_id, "question": asked, "answer": answered}
    with pytest.raises(error):
        await openings.edit(asking, names.get(thread, thread), names.get(item, item), message)
