"""Reports, and who blocks whom."""

import sqlalchemy as sa
from alembic import op

from orders.tables import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "reports",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("report", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("command_digest", sa.LargeBinary(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("message", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("handled_at", Instant(), nullable=True),
        sa.Column("handled_note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "report"),
        sa.UniqueConstraint("order_id", "person_id", "client_id"),
    )
    op.create_index(
        "reports_unhandled",
        "reports",
        ["at"],
        sqlite_where=sa.text("handled_at IS NULL"),
        postgresql_where=sa.text("handled_at IS NULL"),
    )
    op.add_column(
        "orders", sa.Column("apart", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column(
        "participants",
        sa.Column("blocking", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_column("participants", "blocking")
    op.drop_column("orders", "apart")
    op.drop_table("reports")
