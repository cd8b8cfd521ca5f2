"""Feedback: what a user thinks of an item; the last word counts."""

from collections.abc import Sequence

import sqlalchemy as sa
from chatkit.types import FeedbackKind

from chatkit_host.ids import Owner
from chatkit_host.store.database import Write
from chatkit_host.store.tables import feedback


def save(w: Write, owner: Owner, thread_id: str, item_ids: Sequence[str], kind: FeedbackKind) -> None:
    """The caller has seen to it that the items are there."""
    if not item_ids:
        return
    statement = w.insert(feedback)
    w.run(
        statement.on_conflict_do_update(
            index_elements=[feedback.c.owner, feedback.c.thread_id, feedback.c.item_id],
            set_={name: statement.excluded[name] for name in ("kind", "created_at")},
        ),
        [
            {"owner": owner, "thread_id": thread_id, "item_id": item_id, "kind": kind, "created_at": w.moment()}
            for item_id in sorted(set(item_ids))
        ],
    )


def delete_of_thread(w: Write, owner: Owner, thread_id: str) -> None:
    w.run(sa.delete(feedback).where(feedback.c.owner == owner, feedback.c.thread_id == thread_id))
