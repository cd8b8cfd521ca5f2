"""Lists and search: an index to count messages with, the words of messages, and what tasks are searched and sorted by."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from chatkit_host.ids import Owner
from chatkit_host.store.payloads import item_from
from chatkit_host.store.tables import Words
from chatkit_host.store.words import indexed, said
from chatkit_host.text import folded

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

IS_MESSAGE = sa.text("kind IN ('user_message', 'assistant_message') AND superseded_by IS NULL")
ROWS_AT_ONCE = 500

# The FTS5 table keeps no text of its own. It splits at spaces only: the words were found when they were written.
# The last word of a search is a beginning. With a list for each beginning, FTS5 stops at the limit; without one it would first
# merge all lists of the words that begin so, which takes long for a word that everybody uses.
INDEX_OF_SQLITE = (
    """
    CREATE VIRTUAL TABLE message_words_index USING fts5(
        words, content='message_words', content_rowid='id', tokenize='ascii', detail='none', columnsize=0, prefix='1 2 3 4 5 6'
    )
    """,
    """
    CREATE TRIGGER message_words_added AFTER INSERT ON message_words BEGIN
        INSERT INTO message_words_index (rowid, words) VALUES (new.id, new.words);
    END
    """,
    """
    CREATE TRIGGER message_words_deleted AFTER DELETE ON message_words BEGIN
        INSERT INTO message_words_index (message_words_index, rowid, words) VALUES ('delete', old.id, old.words);
    END
    """,
    """
    CREATE TRIGGER message_words_changed AFTER UPDATE OF words ON message_words WHEN old.words <> new.words BEGIN
        INSERT INTO message_words_index (message_words_index, rowid, words) VALUES ('delete', old.id, old.words);
        INSERT INTO message_words_index (rowid, words) VALUES (new.id, new.words);
    END
    """,
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_index(
        "ix_items_messages",
        "items",
        ["thread_id", "owner", "seq"],
        sqlite_where=IS_MESSAGE,
        postgresql_where=IS_MESSAGE,
    )
    message_words = op.create_table(
        "message_words",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), primary_key=True, nullable=False
        ),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("words", Words(), nullable=False),
        sa.ForeignKeyConstraint(
            ["thread_id", "item_id"],
            ["items.thread_id", "items.id"],
            name="fk_message_words_thread_id_item_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_message_words"),
        sa.UniqueConstraint("thread_id", "item_id", name="uq_message_words_thread_id_item_id"),
    )
    op.create_index("ix_message_words_owner_id", "message_words", ["owner", "id"])
    if is_sqlite:
        for statement in INDEX_OF_SQLITE:
            op.execute(statement)
    _index_what_was_said(message_words)
    if not is_sqlite:
        # Searches read the list of what was written lately from end to end, so it stays short.
        op.create_index(
            "message_words_index",
            "message_words",
            ["words"],
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 256},
        )
    with op.batch_alter_table("tasks") as tasks:
        bytewise = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
        tasks.add_column(sa.Column("folded_title", bytewise, nullable=False, server_default=""))
        tasks.add_column(sa.Column("folded_description", sa.Text(), nullable=False, server_default=""))
    _fold_tasks()


def _index_what_was_said(message_words: sa.Table) -> None:
    items = sa.table("items", *(sa.column(name) for name in ("owner", "thread_id", "id", "seq", "kind", "payload")))
    created_at = sa.column("created_at")
    messages = (
        sa.select(items.c.owner, items.c.thread_id, items.c.id, items.c.kind, items.c.payload)
        .where(items.c.kind.in_(["user_message", "assistant_message"]))
        .order_by(created_at, items.c.thread_id, items.c.seq)
    )
    for rows in op.get_bind().execute(messages.execution_options(yield_per=ROWS_AT_ONCE)).partitions():
        op.bulk_insert(message_words, [_words_of(row) for row in rows])


def _words_of(row: Any) -> dict[str, str]:
    words = indexed(Owner(row.owner), said(item_from(row.kind, row.payload)))
    return {"owner": row.owner, "thread_id": row.thread_id, "item_id": row.id, "words": words}


def _fold_tasks() -> None:
    tasks = sa.table(
        "tasks", *(sa.column(name) for name in ("id", "title", "description", "folded_title", "folded_description"))
    )
    connection = op.get_bind()
    change = (
        sa.update(tasks)
        .where(tasks.c.id == sa.bindparam("task_id"))
        .values(folded_title=sa.bindparam("title"), folded_description=sa.bindparam("description"))
    )
    for row in connection.execute(sa.select(tasks.c.id, tasks.c.title, tasks.c.description)).all():
        folds = {"title": folded(row.title), "description": folded(row.description or "")}
        connection.execute(change, {"task_id": row.id, **folds})


def downgrade() -> None:
    with op.batch_alter_table("tasks") as tasks:
        tasks.drop_column("folded_description")
        tasks.drop_column("folded_title")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE message_words_index")
    op.drop_table("message_words")
    op.drop_index("ix_items_messages", "items")
