"""Since when a member may not see an order any more."""

import sqlalchemy as sa
from alembic import op

from orders.tables import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("participants", sa.Column("revoked_at", Instant(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("participants", "revoked_at")
