"""The first schema."""

import secrets

import sqlalchemy as sa
from alembic import op

from orders.tables import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "calls",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("callee", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("incarnation", sa.String(), nullable=False),
        sa.Column("rang_at", Instant(), nullable=False),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("end", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "call_id"),
    )
    op.create_index("calls_by_incarnation", "calls", ["incarnation", "state"], unique=False)

    op.create_table(
        "entries",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=True),
        sa.Column("command_digest", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "seq"),
    )
    op.create_index(
        "entries_by_client_id",
        "entries",
        ["order_id", "actor", "client_id"],
        unique=True,
        sqlite_where=sa.text("client_id IS NOT NULL"),
        postgresql_where=sa.text("client_id IS NOT NULL"),
    )

    op.create_table(
        "media_processes",
        sa.Column("incarnation", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("incarnation"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "notices",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("opened_seq", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due", Instant(), nullable=False),
        sa.Column("wake_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "person_id", "kind", "opened_seq"),
    )
    op.create_index(
        "notices_by_wake_at",
        "notices",
        ["wake_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "notices_one_open",
        "notices",
        ["order_id", "person_id", "kind"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )

    op.create_table(
        "orders",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("held_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("predecessor", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_since", Instant(), nullable=False),
        sa.Column("turn", sa.String(), nullable=True),
        sa.Column("turn_since", Instant(), nullable=False),
        sa.Column("brief_handed", sa.Boolean(), nullable=False),
        sa.Column("chat_tail_over", sa.Boolean(), nullable=False),
        sa.Column("resume", sa.String(), nullable=True),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("dispute_right", sa.Boolean(), nullable=False),
        sa.Column("delivery_due", Instant(), nullable=True),
        sa.Column("paused", sa.LargeBinary(), nullable=False),
        sa.Column("policy", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("last_link", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("reference"),
    )
    op.create_table(
        "outages",
        sa.Column("since", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("since"),
    )
    op.create_table(
        "participants",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("read_seq", sa.BigInteger(), nullable=False),
        sa.Column("read_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "person_id"),
        sa.UniqueConstraint("order_id", "role"),
    )
    op.create_index(
        "participants_by_person", "participants", ["person_id", "order_id"], unique=False
    )

    op.create_table(
        "payments",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("means", sa.String(), nullable=False),
        sa.Column("paid_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("order_id"),
    )
    op.create_table(
        "persons",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("last_seen", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "persons_in_call",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_table(
        "postings",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("movement", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "movement", "account"),
    )
    op.create_table(
        "brief_items",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "item"),
    )
    op.create_table(
        "files",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("redacted", sa.Boolean(), nullable=False),
        sa.Column("erased", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "file_id"),
    )
    op.create_index(
        "files_to_erase",
        "files",
        ["order_id"],
        unique=False,
        sqlite_where=sa.text("redacted AND NOT erased"),
        postgresql_where=sa.text("redacted AND NOT erased"),
    )
    op.create_table(
        "movements",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("movement", sa.String(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "movement"),
    )
    op.create_index(
        "movements_unconfirmed",
        "movements",
        ["at"],
        unique=False,
        sqlite_where=sa.text("state <> 'confirmed'"),
        postgresql_where=sa.text("state <> 'confirmed'"),
    )
    op.create_table(
        "proposals",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("timer", sa.String(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "seq"),
    )
    op.create_table(
        "requests",
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key"),
    )
    op.create_table(
        "timers",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("timer", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("start", Instant(), nullable=False),
        sa.Column("due", Instant(), nullable=False),
        sa.Column("wake_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("credited", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "timer", "ref"),
    )
    op.create_index("timers_by_wake_at", "timers", ["wake_at"], unique=False)

    # names this history; a restored backup gets another one, and clients then read again
    op.execute(
        sa.insert(sa.table("meta", sa.column("key"), sa.column("value"))).values(
            key="epoch", value=secrets.token_hex(8)
        )
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("timers")
    op.drop_table("requests")
    op.drop_table("proposals")
    op.drop_table("movements")
    op.drop_table("files")
    op.drop_table("brief_items")
    op.drop_table("postings")
    op.drop_table("persons_in_call")
    op.drop_table("persons")
    op.drop_table("payments")

    op.drop_table("participants")
    op.drop_table("outages")
    op.drop_table("orders")

    op.drop_table("notices")
    op.drop_table("meta")
    op.drop_table("media_processes")

    op.drop_table("entries")

    op.drop_table("calls")
