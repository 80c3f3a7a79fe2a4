"""Orders, their members and their timelines; what commands were answered."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)

from orders.tables.columns import Instant, metadata

_ONE_MORE = text("revision + 1")

orders = Table(
    "orders",
    metadata,
    Column("id", String, primary_key=True),
    Column("reference", String, nullable=False, unique=True),
    Column("title", String, nullable=False),
    Column("category", String, nullable=False),
    Column("price_cents", BigInteger, nullable=False),
    Column("held_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("predecessor", String),  # the order this one repeats
    Column("state", String, nullable=False),
    Column("state_since", Instant, nullable=False),
    Column("turn", String),
    Column("turn_since", Instant, nullable=False),
    Column("brief_handed", Boolean, nullable=False),
    Column("chat_tail_over", Boolean, nullable=False),
    # where a refused request or a lifted freeze leads back to
    Column("resume", String),
    Column("refusals", Integer, nullable=False),
    Column("dispute_right", Boolean, nullable=False),
    Column("delivery_due", Instant),
    # time of options that were paid before the start
    Column("extra_seconds", BigInteger, nullable=False, server_default="0"),
    # clocks that stand still while the order is frozen, as JSON
    Column("paused", LargeBinary, nullable=False),
    Column("policy", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("nudged_at", Instant),
    # one of the two blocks the other; who, their rows in `participants` say
    Column("apart", Boolean, nullable=False, server_default=false()),
    # every change of this row or of its members counts here, but for messages, which move the
    # head alone: who remembers an order by head and revision can tell whether it still is so
    Column("revision", BigInteger, nullable=False, server_default="0", onupdate=_ONE_MORE),
    # the head of the timeline: bumped under this row's lock, in the transaction of the entry
    Column("last_seq", BigInteger, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("last_link", LargeBinary, nullable=False),
)

persons = Table(
    "persons",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("email", String, nullable=False),
    Column("language", String(5), nullable=False),
    Column("last_seen", Instant),
    Column("hides_presence", Boolean, nullable=False, server_default=false()),
)

participants = Table(
    "participants",
    metadata,
    Column("order_id", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("role", String, nullable=False),
    Column("read_seq", BigInteger, nullable=False),
    Column("read_at", Instant),
    Column("delivered_seq", BigInteger, nullable=False, server_default="0"),
    Column("revoked_at", Instant),
    Column("blocking", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("order_id", "person_id"),
    UniqueConstraint("order_id", "role"),
    Index("participants_by_person", "person_id", "order_id"),
)

entries = Table(
    "entries",
    metadata,
    Column("order_id", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String, nullable=False),
    Column("kind", String, nullable=False),
    # payload and salt are gone once the entry was redacted; digest and link stay for ever
    Column("payload", LargeBinary),
    Column("salt", LargeBinary),
    Column("digest", LargeBinary, nullable=False),
    Column("link", LargeBinary, nullable=False),
    Column("client_id", String),
    Column("command_digest", LargeBinary),
    PrimaryKeyConstraint("order_id", "seq"),
)
Index(
    "entries_by_client_id",
    entries.c.order_id,
    entries.c.actor,
    entries.c.client_id,
    unique=True,
    sqlite_where=entries.c.client_id.is_not(None),
    postgresql_where=entries.c.client_id.is_not(None),
)

answers = Table(
    "answers",
    metadata,
    # commands that had nothing to change: what they were answered, the first time and every time
    Column("order_id", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("client_id", String, nullable=False),
    Column("command_digest", LargeBinary, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("order_id", "person_id", "client_id"),
)

requests = Table(
    "requests",
    metadata,
    Column("caller", String, nullable=False),
    Column("key", String, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("order_id", String, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("caller", "key"),
)
