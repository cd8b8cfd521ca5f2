"""Versions: what an edited message, or an answer asked for again, took the place of."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")
IS_HIDDEN = sa.text("superseded_by IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("after_seq", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("is_chosen", sa.Boolean(), nullable=False),
        sa.Column("instead_of", sa.Text()),
        sa.Column("superseded_by", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name="fk_versions_thread_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_versions"),
        sa.UniqueConstraint("thread_id", "after_seq", "number", name="uq_versions_thread_id_after_seq_number"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CLOSE ALL")  # what 0002 read the items with, in this transaction
    op.create_index(
        "ix_items_hidden", "items", ["thread_id", "turn_id"], sqlite_where=IS_HIDDEN, postgresql_where=IS_HIDDEN
    )


def downgrade() -> None:
    """The versions that are not shown are lost."""
    op.execute("DELETE FROM items WHERE superseded_by IN (SELECT id FROM versions)")
    op.drop_index("ix_items_hidden", "items")
    op.drop_table("versions")
