"""Uploads that can be resumed, and what is known of files beside their names."""

import sqlalchemy as sa
from alembic import op

from orders.tables import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TO_SCAN = sa.text("scan IN ('scanning', 'unchecked') AND NOT redacted")


def upgrade() -> None:
    """Apply."""
    op.add_column("files", sa.Column("scan", sa.String()))
    op.add_column("files", sa.Column("looks", sa.LargeBinary()))
    op.create_index(
        "files_to_scan",
        "files",
        ["order_id"],
        sqlite_where=_TO_SCAN,
        postgresql_where=_TO_SCAN,
    )
    op.create_table(
        "uploads",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("upload_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("touched", Instant(), nullable=False),
        sa.Column("file_id", sa.String()),
        sa.Column("seq", sa.BigInteger()),
        sa.Column("code", sa.String()),
        sa.PrimaryKeyConstraint("order_id", "upload_id"),
        sa.UniqueConstraint("order_id", "person_id", "client_id"),
    )
    op.create_index("uploads_by_person", "uploads", ["person_id"])
    op.create_index("uploads_by_touched", "uploads", ["touched"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("uploads")
    op.drop_index("files_to_scan", "files")
    op.drop_column("files", "looks")
    op.drop_column("files", "scan")
