"""How far a member's devices have received an order."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was read was delivered."""
    op.add_column(
        "participants",
        sa.Column("delivered_seq", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.execute("UPDATE participants SET delivered_seq = read_seq")


def downgrade() -> None:
    """Take back."""
    op.drop_column("participants", "delivered_seq")
