"""A thread counts what is changed or taken away in it, so that who has read it knows what still holds."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SQLITE = (
    """
    CREATE TRIGGER items_changed AFTER UPDATE ON items BEGIN
        UPDATE threads SET rewrites = rewrites + 1 WHERE id = old.thread_id;
    END
    """,
    """
    CREATE TRIGGER items_deleted AFTER DELETE ON items BEGIN
        UPDATE threads SET rewrites = rewrites + 1 WHERE id = old.thread_id;
    END
    """,
)

# Once for a statement: PostgreSQL would keep each state of the thread's row that a transaction goes through.
POSTGRESQL = (
    """
    CREATE FUNCTION chatkit_host_count_rewrites() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE threads SET rewrites = rewrites + 1 WHERE id IN (SELECT thread_id FROM rewritten);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER items_changed AFTER UPDATE ON items REFERENCING OLD TABLE AS rewritten
        FOR EACH STATEMENT EXECUTE FUNCTION chatkit_host_count_rewrites()
    """,
    """
    CREATE TRIGGER items_deleted AFTER DELETE ON items REFERENCING OLD TABLE AS rewritten
        FOR EACH STATEMENT EXECUTE FUNCTION chatkit_host_count_rewrites()
    """,
)


def upgrade() -> None:
    op.add_column("threads", sa.Column("rewrites", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER items_changed")
        op.execute("DROP TRIGGER items_deleted")
    else:
        op.execute("DROP TRIGGER items_changed ON items")
        op.execute("DROP TRIGGER items_deleted ON items")
        op.execute("DROP FUNCTION chatkit_host_count_rewrites")
    op.drop_column("threads", "rewrites")
