"""Reactions to messages, and when a silent seller was last nudged."""

import sqlalchemy as sa
from alembic import op

from orders.tables import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "reactions",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("message", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("reaction", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "message", "person_id", "reaction"),
    )
    op.add_column("orders", sa.Column("nudged_at", Instant(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("orders", "nudged_at")
    op.drop_table("reactions")
