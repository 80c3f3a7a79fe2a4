"""Recordings of calls, with the consent of both."""

import sqlalchemy as sa
from alembic import op

from orders.tables import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "recordings",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("incarnation", sa.String(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("kept_seq", sa.BigInteger(), nullable=False),
        sa.Column("erase_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "recording_id"),
    )
    unfinished = sa.text("state IN ('on', 'over')")
    op.create_index(
        "recordings_unfinished",
        "recordings",
        ["incarnation"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    erasable = sa.text("erase_at IS NOT NULL")
    op.create_index(
        "recordings_to_erase",
        "recordings",
        ["erase_at"],
        sqlite_where=erasable,
        postgresql_where=erasable,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("recordings")
