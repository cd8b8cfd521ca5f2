"""A thread counts what is changed or taken away in it, so that who has read it knows what still holds. In SQLite:
in PostgreSQL the thread's row would be taken by writers of items, who have others by then, in another order than by those who begin a turn.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TRIGGERS = (
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


def upgrade() -> None:
    op.add_column("threads", sa.Column("rewrites", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    if op.get_bind().dialect.name == "sqlite":
        for trigger in TRIGGERS:
            op.execute(trigger)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER items_changed")
        op.execute("DROP TRIGGER items_deleted")
    op.drop_column("threads", "rewrites")
