"""Proposals of times to talk, and the minutes of calls."""

import sqlalchemy as sa
from alembic import op

from orders.tables import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("proposals", sa.Column("times", sa.LargeBinary(), nullable=True))
    op.add_column("proposals", sa.Column("agreed_at", Instant(), nullable=True))
    op.add_column("proposals", sa.Column("call_id", sa.String(), nullable=True))
