"""Deleting a thread: everything that belongs to it goes at once."""

from chatkit_host.errors import NotFound
from chatkit_host.ids import Owner
from chatkit_host.store.database import Write
from chatkit_host.store.queries import attachments, feedback, threads, turns


def delete_thread(w: Write, owner: Owner, thread_id: str) -> None:
    """With items, turns, events, feedback and attachments. `NotFound` when there is none."""
    # Turns before the thread, the order in which writers of turns take the rows; and again after it, for one that began
    # in between.
    turns.delete_of_thread(w, owner, thread_id)
    if not threads.delete(w, owner, thread_id) and not w.repeated:
        raise NotFound
    delete_what_is_ours(w, owner, thread_id)


def delete_what_is_ours(w: Write, owner: Owner, thread_id: str) -> None:
    """Of a thread that is gone already, perhaps from somebody else's chatkit Store."""
    turns.delete_of_thread(w, owner, thread_id)
    attachments.delete_of_thread(w, owner, thread_id)
    feedback.delete_of_thread(w, owner, thread_id)
