"""A person may put a call on hold to take another one."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # a key cannot be changed in place everywhere; the table has a row for who is in a call now
    op.rename_table("persons_in_call", "persons_in_one_call")
    op.create_table(
        "persons_in_call",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("person_id", "call_id"),
    )
    _copy("persons_in_one_call", "persons_in_call")
    op.drop_table("persons_in_one_call")
    talking = sa.text("NOT held")
    op.create_index(
        "persons_talking",
        "persons_in_call",
        ["person_id"],
        unique=True,
        sqlite_where=talking,
        postgresql_where=talking,
    )


def downgrade() -> None:
    """Take back; who has calls on hold is in none of them."""
    op.drop_index("persons_talking", "persons_in_call")
    op.rename_table("persons_in_call", "persons_in_many_calls")
    op.create_table(
        "persons_in_call",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    _copy("persons_in_many_calls", "persons_in_call", " WHERE NOT held")
    op.drop_table("persons_in_many_calls")


def _copy(source: str, target: str, where: str = "") -> None:
    names = "person_id, order_id, call_id"
    op.execute(f"INSERT INTO {target} ({names}) SELECT {names} FROM {source}{where}")  # noqa: S608 - our own names
