"""Added options: what they are called, and the time they bring."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "orders", sa.Column("extra_seconds", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.add_column("proposals", sa.Column("title", sa.String(), nullable=False, server_default=""))
    op.add_column(
        "proposals", sa.Column("seconds", sa.BigInteger(), nullable=False, server_default="0")
    )
