"""The tables: one schema for SQLite and PostgreSQL. `migrations/` makes it; a test compares the two.

JSON is kept as text: both databases return it byte for byte, and none of it is searched.
"""

from datetime import UTC, datetime
from typing import Any, get_args

import sqlalchemy as sa
from chatkit.types import FeedbackKind
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

from chatkit_host.engine.ports import OPEN_STATUSES, Operation, TurnStatus
from chatkit_host.todo.tasks import Priority


class Moment(sa.TypeDecorator[datetime]):
    """A point in time: `timestamptz` in PostgreSQL, in SQLite text such as `2026-11-21T12:00:00.000000Z`, which sorts.

    Takes aware datetimes only and returns them in UTC.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return (_as_text if dialect.name == "sqlite" else _as_utc)(value)

    def bind_processor(self, dialect: Dialect) -> Any:
        """The same without the steps of SQLAlchemy's own, which has to work for all types."""
        return _as_text if dialect.name == "sqlite" else _as_utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


def _as_utc(value: datetime | None) -> datetime | None:
    if value is None or value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError("a naive datetime must not reach the database")
    return value.astimezone(UTC)


def _as_text(value: datetime | None) -> str | None:
    moment = _as_utc(value)
    return None if moment is None else moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


class _Vector(postgresql.TSVECTOR):
    def bind_expression(self, bindvalue: sa.BindParameter[Any]) -> sa.ColumnElement[Any]:
        return sa.func.array_to_tsvector(sa.func.string_to_array(sa.cast(bindvalue, sa.Text), " "))


class Words(sa.TypeDecorator[str]):
    """Words with a space between: text in SQLite, for FTS5 to index, and a `tsvector` without positions in PostgreSQL."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else _Vector())


def _one_of(column: str, values: tuple[str, ...], name: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=name)


_BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

threads = sa.Table(
    "threads",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("title", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("allowed_image_domains", sa.Text),
    sa.Column("metadata", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    # Of the last message, not of the last rename: people look for what they talked about last.
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("next_seq", sa.BigInteger, nullable=False),
    # How often an item of it was changed, hidden, shown again or deleted; triggers count, in SQLite.
    sa.Column("rewrites", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Index(None, "owner", "updated_at", "id"),
)

items = sa.Table(
    "items",
    metadata,
    sa.Column("thread_id", sa.Text, sa.ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("turn_id", sa.Text),
    # The version of its thread that this item is hidden with; nobody sees it until that one is chosen.
    sa.Column("superseded_by", sa.Text),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("thread_id", "seq"),
)

IS_MESSAGE = sa.and_(
    items.c.kind.in_([sa.literal_column("'user_message'"), sa.literal_column("'assistant_message'")]),
    items.c.superseded_by.is_(None),
)
"""What a list counts and previews."""

# Counting reads this index alone, so there is no number to be kept that could be wrong.
sa.Index(
    "ix_items_messages",
    items.c.thread_id,
    items.c.owner,
    items.c.seq,
    sqlite_where=IS_MESSAGE,
    postgresql_where=IS_MESSAGE,
)

IS_HIDDEN = items.c.superseded_by.is_not(None)

sa.Index("ix_items_hidden", items.c.thread_id, items.c.turn_id, sqlite_where=IS_HIDDEN, postgresql_where=IS_HIDDEN)

versions = sa.Table(
    "versions",
    metadata,
    # The turn that wrote it; the first version of all has an id of its own.
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("thread_id", sa.Text, sa.ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    # Where versions part: the position of the item before, 0 at the thread's beginning.
    sa.Column("after_seq", sa.BigInteger, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("is_chosen", sa.Boolean, nullable=False),
    # What was shown when this version was begun.
    sa.Column("instead_of", sa.Text),
    # As with items: a fork inside a version is hidden with it.
    sa.Column("superseded_by", sa.Text),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("thread_id", "after_seq", "number"),
)

message_words = sa.Table(
    "message_words",
    metadata,
    # In the order of saying: "newest first" is this number downwards. SQLite's full-text index refers to it.
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("thread_id", sa.Text, nullable=False),
    sa.Column("item_id", sa.Text, nullable=False),
    sa.Column("words", Words, nullable=False),
    sa.ForeignKeyConstraint(["thread_id", "item_id"], ["items.thread_id", "items.id"], ondelete="CASCADE"),
    sa.UniqueConstraint("thread_id", "item_id"),
    sa.Index(None, "owner", "id"),
)

message_words_index = sa.table("message_words_index", sa.column("rowid", sa.Integer), sa.column("words", sa.Text))
"""SQLite's full-text index of `message_words`. In PostgreSQL an index of this name does its work."""

message_words_to_index = sa.table("message_words_to_index", sa.column("id", sa.Integer))
"""Those that SQLite's index does not have yet. Triggers write them down, and take out of the index what is deleted or changed."""


def is_in_metadata(name: str | None, kind: str, parents: object) -> bool:
    """For Alembic, as `include_name`: leaves out what SQLAlchemy has no words for."""
    return name is None or not name.startswith(("message_words_index", "message_words_to_index"))


turns = sa.Table(
    "turns",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    # No foreign key: the thread may live in somebody else's chatkit Store. Deleting a thread deletes its turns explicitly.
    sa.Column("thread_id", sa.Text, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("lease_until", Moment, nullable=False),
    sa.Column("cancel_requested_at", Moment),
    sa.Column("input_item_id", sa.Text),
    # Items that a retry took out of somebody else's chatkit Store, which cannot set them aside itself.
    sa.Column("set_aside", sa.Text),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("request_hash", sa.Text),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
    sa.Column("transcript", sa.Text),
    sa.Column("usage", sa.Text),
    sa.Column("error_code", sa.Text),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("finished_at", Moment),
    _one_of("operation", get_args(Operation), "operation"),
    _one_of("status", get_args(TurnStatus), "status"),
    sa.UniqueConstraint("owner", "idempotency_key"),
    sa.Index("ix_turns_owner_thread_id", "owner", "thread_id"),
)

IS_OPEN = turns.c.status.in_([sa.literal_column(repr(status)) for status in OPEN_STATUSES])

sa.Index("uq_turns_open", turns.c.owner, turns.c.thread_id, unique=True, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)
sa.Index("ix_turns_open_lease_until", turns.c.lease_until, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)

turn_events = sa.Table(
    "turn_events",
    metadata,
    sa.Column("turn_id", sa.Text, sa.ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("first_seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    # One JSON document per line; line i (from 0) is event `first_seq + i`.
    sa.Column("payload", sa.Text, nullable=False),
)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    # No foreign key, as with turns. Set once a message uses the attachment.
    sa.Column("thread_id", sa.Text),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Index(None, "owner", "thread_id"),
)

feedback = sa.Table(
    "feedback",
    metadata,
    # The owner is part of the key because somebody else's chatkit Store may give ids that are unique per user only.
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("thread_id", sa.Text, primary_key=True),
    sa.Column("item_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    _one_of("kind", get_args(FeedbackKind), "kind"),
)

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    # Two that are added at once may share a position; their ids, which sort by time, decide.
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("completed", sa.Boolean, nullable=False),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("due_date", sa.Date),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("completed_at", Moment),
    # Title and description as they are searched for; the title's also sorts alike everywhere.
    sa.Column("folded_title", _BYTEWISE, nullable=False, server_default=""),
    sa.Column("folded_description", sa.Text, nullable=False, server_default=""),
    _one_of("priority", get_args(Priority), "priority"),
    sa.Index(None, "owner", "position", "id"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    # SHA-256 of the key, in hexadecimal digits.
    sa.Column("hashed", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text),
    # With a space between.
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("revoked_at", Moment),
    sa.Column("last_used_at", Moment),
    sa.UniqueConstraint("hashed"),
)

message_rates = sa.Table(
    "message_rates",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    # When this user's bucket is empty, in seconds since 1970; see `queries/quotas.py`.
    sa.Column("free_at", sa.Double, nullable=False),
)
