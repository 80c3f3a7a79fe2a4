"""The escrow in double entry, and the movements that the marketplace carries out."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    text,
)

from orders.tables.columns import Instant, metadata

payments = Table(
    "payments",
    metadata,
    Column("order_id", String, primary_key=True),
    Column("means", String, nullable=False),
    Column("paid_at", Instant, nullable=False),
)

movements = Table(
    "movements",
    metadata,
    Column("order_id", String, nullable=False),
    Column("movement", String, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),  # the entry that tells it
    Column("at", Instant, nullable=False),
    Column("state", String, nullable=False),  # ordered, confirmed, refused, called_off
    # the payment system's own words: known to the marketplace only
    Column("reference", String),
    Column("reason", String),
    Column("settled_at", Instant),
    PrimaryKeyConstraint("order_id", "movement"),
)
_is_unconfirmed = text("state <> 'confirmed'")
Index(
    "movements_unconfirmed",
    movements.c.at,
    sqlite_where=_is_unconfirmed,
    postgresql_where=_is_unconfirmed,
)

postings = Table(
    "postings",
    metadata,
    Column("order_id", String, nullable=False),
    Column("movement", String, nullable=False),
    Column("account", String, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),  # the entry that tells the movement
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("order_id", "movement", "account"),
)
