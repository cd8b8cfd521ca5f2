"""Attachments: their descriptions; the bytes are elsewhere."""

import sqlalchemy as sa
from chatkit.types import Attachment

from chatkit_host.errors import Conflict, NotFound
from chatkit_host.ids import Owner
from chatkit_host.store.database import Read, Write
from chatkit_host.store.payloads import attachment_from, attachment_json, safe
from chatkit_host.store.tables import attachments


def _mine(owner: Owner, attachment_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(attachments.c.id == attachment_id, attachments.c.owner == owner)


def load(r: Read, owner: Owner, attachment_id: str) -> Attachment:
    row = r.first(sa.select(attachments.c.payload).where(_mine(owner, attachment_id)))
    if row is None:
        raise NotFound
    return attachment_from(row.payload)


def save(w: Write, owner: Owner, attachment: Attachment) -> None:
    statement = w.insert(attachments).values(
        id=safe(attachment.id),
        owner=owner,
        thread_id=safe(attachment.thread_id),
        payload=attachment_json(attachment),
        created_at=w.moment(),
    )
    statement = statement.on_conflict_do_update(
        index_elements=[attachments.c.id],
        set_={name: statement.excluded[name] for name in ("thread_id", "payload")},
        where=attachments.c.owner == owner,
    )
    if not w.returning(statement.returning(attachments.c.id)):
        raise NotFound


def bind(w: Write, owner: Owner, attachment: Attachment, thread_id: str) -> None:
    """A message of the thread uses it from now on. `NotFound` when it is not this owner's, or another thread's already."""
    bound = attachment.model_copy(update={"thread_id": thread_id})
    rows = w.returning(
        sa.update(attachments)
        .where(
            _mine(owner, attachment.id),
            sa.or_(attachments.c.thread_id.is_(None), attachments.c.thread_id == thread_id),
        )
        .values(thread_id=thread_id, payload=attachment_json(bound))
        .returning(attachments.c.id)
    )
    if not rows:
        raise NotFound


def delete_unused(w: Write, owner: Owner, attachment_id: str) -> None:
    """`Conflict` when a message uses it."""
    statement = sa.delete(attachments).where(_mine(owner, attachment_id), attachments.c.thread_id.is_(None))
    if not w.run(statement) and not w.repeated:
        load(w, owner, attachment_id)
        raise Conflict("A message uses this attachment.")


def delete(w: Write, owner: Owner, attachment_id: str) -> None:
    if not w.run(sa.delete(attachments).where(_mine(owner, attachment_id))) and not w.repeated:
        raise NotFound


def delete_of_thread(w: Write, owner: Owner, thread_id: str) -> None:
    w.run(sa.delete(attachments).where(attachments.c.owner == owner, attachments.c.thread_id == thread_id))
