"""SQLite's full-text index takes the words of many messages at once: for each alone it needs ten times as long."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TO_INDEX = "CREATE TABLE message_words_to_index (id INTEGER NOT NULL PRIMARY KEY)"
"""Those that the index does not have yet. Whoever searches brings it up to date before."""

TRIGGERS = (
    """
    CREATE TRIGGER message_words_added AFTER INSERT ON message_words BEGIN
        INSERT INTO message_words_to_index (id) VALUES (new.id);
    END
    """,
    """
    CREATE TRIGGER message_words_deleted AFTER DELETE ON message_words BEGIN
        INSERT INTO message_words_index (message_words_index, rowid, words)
            SELECT 'delete', old.id, old.words WHERE NOT EXISTS (SELECT 1 FROM message_words_to_index WHERE id = old.id);
        DELETE FROM message_words_to_index WHERE id = old.id;
    END
    """,
    """
    CREATE TRIGGER message_words_changed AFTER UPDATE OF words ON message_words WHEN old.words <> new.words BEGIN
        INSERT INTO message_words_index (message_words_index, rowid, words)
            SELECT 'delete', old.id, old.words WHERE NOT EXISTS (SELECT 1 FROM message_words_to_index WHERE id = old.id);
        INSERT INTO message_words_to_index (id)
            SELECT new.id WHERE NOT EXISTS (SELECT 1 FROM message_words_to_index WHERE id = new.id);
    END
    """,
)

TRIGGERS_BEFORE = (
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
    if op.get_bind().dialect.name == "sqlite":
        op.execute(TO_INDEX)
        _replace_triggers(TRIGGERS)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "INSERT INTO message_words_index (rowid, words) SELECT message_words.id, words FROM message_words"
            " JOIN message_words_to_index ON message_words_to_index.id = message_words.id ORDER BY message_words.id"
        )
        _replace_triggers(TRIGGERS_BEFORE)
        op.drop_table("message_words_to_index")


def _replace_triggers(triggers: tuple[str, ...]) -> None:
    for name in ("added", "deleted", "changed"):
        op.execute(f"DROP TRIGGER message_words_{name}")
    for trigger in triggers:
        op.execute(trigger)
