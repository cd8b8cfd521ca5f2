"""The words of messages: written with each message, and looked for by each database in its own way."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from chatkit.types import ThreadItem
from sqlalchemy.dialects import postgresql

from chatkit_host.ids import Owner
from chatkit_host.store.database import AnyRow, Read, Write
from chatkit_host.store.payloads import safe
from chatkit_host.store.prepared import AnySelect, Insert, Prepared, insert_in
from chatkit_host.store.tables import (
    IS_MESSAGE,
    items,
    message_words,
    message_words_index,
    message_words_to_index,
    threads,
)
from chatkit_host.store.words import MESSAGE_KINDS, Terms, indexed, owner_word, said

_TOGETHER = 64

Matching = Callable[[AnySelect, Owner, Terms], AnySelect]
"""Narrows a selection from `message_words` to the messages that have all terms, newest first."""


def index(w: Write, owner: Owner, thread_id: str, saved: Sequence[ThreadItem]) -> None:
    """In the transaction that saves the items. Their removal takes the words along; see the foreign key.

    SQLite's index learns of them now and then, and before it is asked: for one message alone it needs ten times as long as for one of
    many.
    """
    for item in saved:
        if item.type in MESSAGE_KINDS:
            rows = w.returning(
                _INDEX,
                {
                    "owner": owner,
                    "thread_id": thread_id,
                    "item_id": safe(item.id),
                    "words": indexed(owner, safe(said(item)) or ""),
                },
            )
            if rows and rows[0].id % _TOGETHER == 0:
                catch_up(w)


def is_behind(r: Read) -> bool:
    """Whether `catch_up` has something to do before a search finds all that was said."""
    return r.dialect == "sqlite" and bool(r.all(_ONE_TO_INDEX))


def catch_up(w: Write) -> None:
    """Brings SQLite's index up to date."""
    w.run(_INDEX_THEM)
    w.run(_ARE_INDEXED)


_ONE_TO_INDEX = Prepared(lambda _: sa.select(message_words_to_index.c.id).limit(1))
_INDEX_THEM = sa.insert(message_words_index).from_select(
    ["rowid", "words"],
    # In the order of their numbers, in which alone the index takes many at once.
    sa.select(message_words.c.id, message_words.c.words)
    .join(message_words_to_index, message_words_to_index.c.id == message_words.c.id)
    .order_by(message_words_to_index.c.id),
)
_ARE_INDEXED = sa.delete(message_words_to_index)


def _indexing(dialect: str) -> Insert:
    statement = insert_in(dialect, message_words)
    return statement.on_conflict_do_update(
        index_elements=[message_words.c.thread_id, message_words.c.item_id],
        set_={"words": statement.excluded.words},
        where=message_words.c.owner == statement.excluded.owner,
    ).returning(*([message_words.c.id] if dialect == "sqlite" else []))


_INDEX = Prepared(_indexing)


def find(r: Read, owner: Owner, terms: Terms, matching: Matching, *, limit: int) -> Sequence[AnyRow]:
    """`thread_id, title, item_id, kind, payload, created_at` of visible messages, newest first."""
    statement = (
        sa.select(
            items.c.thread_id,
            threads.c.title,
            items.c.id.label("item_id"),
            items.c.kind,
            items.c.payload,
            items.c.created_at,
        )
        .select_from(message_words)
        .join(items, sa.and_(items.c.thread_id == message_words.c.thread_id, items.c.id == message_words.c.item_id))
        .join(threads, threads.c.id == message_words.c.thread_id)
        .where(message_words.c.owner == owner, items.c.owner == owner, threads.c.owner == owner, IS_MESSAGE)
        .limit(limit)
    )
    return r.all(matching(statement, owner, terms))


def matching_in_sqlite(statement: AnySelect, owner: Owner, terms: Terms) -> AnySelect:
    """FTS5 walks its lists from the newest row down and stops at the limit."""
    asked = " AND ".join(f'"{word}"' for word in (owner_word(owner), *terms.whole, terms.beginning)) + "*"
    matches = sa.literal_column("message_words_index").op("MATCH")(asked)
    return (
        statement.join_from(message_words, message_words_index, message_words_index.c.rowid == message_words.c.id)
        .where(matches)
        .order_by(message_words_index.c.rowid.desc())
    )


def matching_in_postgresql(statement: AnySelect, owner: Owner, terms: Terms) -> AnySelect:
    """The planner takes the GIN index for rare words, and for common ones the owner's messages from the newest down."""
    asked = " & ".join(f"'{word}'" for word in (owner_word(owner), *terms.whole, terms.beginning)) + ":*"
    # Written into the statement, quoted by SQLAlchemy: a plan for any words whatever could take only one of the two ways.
    query: sa.ColumnElement[Any] = sa.bindparam("asked", asked, sa.Text, literal_execute=True)
    return statement.where(message_words.c.words.op("@@")(sa.cast(query, postgresql.TSQUERY))).order_by(
        message_words.c.id.desc()
    )
