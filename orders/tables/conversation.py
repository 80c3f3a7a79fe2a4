"""What is said, and what comes of it: versions, reactions, search and reports."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql

from orders.tables.columns import Instant, metadata

message_versions = Table(
    "message_versions",
    metadata,
    Column("order_id", String, nullable=False),
    Column("message", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),  # the entry that edited it
    PrimaryKeyConstraint("order_id", "message", "seq"),
)

reactions = Table(
    "reactions",
    metadata,
    Column("order_id", String, nullable=False),
    Column("message", BigInteger, nullable=False),
    Column("person_id", String, nullable=False),
    Column("reaction", String, nullable=False),
    Column("seq", BigInteger, nullable=False),  # the entry that added it
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("order_id", "message", "person_id", "reaction"),
)

withdrawn = Table(
    "withdrawn",
    metadata,
    Column("order_id", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("message", BigInteger, nullable=False),
    # what the emptied entry held; known to a mediator only
    Column("payload", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    PrimaryKeyConstraint("order_id", "seq"),
)

search_docs = Table(
    "search_docs",
    metadata,
    # SQLite's index of words (`search_words`, made by the migration) points to it
    Column("doc", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("order_id", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    # folded, with their places on PostgreSQL, one after the other on SQLite
    Column("words", Text().with_variant(postgresql.TSVECTOR, "postgresql"), nullable=False),
    UniqueConstraint("order_id", "seq"),
)

search_heads = Table(
    "search_heads",
    metadata,
    Column("order_id", String, primary_key=True),
    Column("upto", BigInteger, nullable=False),  # entries up to here are indexed
)

reports = Table(
    "reports",
    metadata,
    # what members tell the marketplace: no other member may know of it
    Column("order_id", String, nullable=False),
    Column("report", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("client_id", String, nullable=False),
    Column("command_digest", LargeBinary, nullable=False),
    Column("about", String, nullable=False),
    Column("message", BigInteger),
    Column("reason", String, nullable=False),
    Column("note", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("handled_at", Instant),
    Column("handled_note", String, nullable=False),
    PrimaryKeyConstraint("order_id", "report"),
    UniqueConstraint("order_id", "person_id", "client_id"),
)
_is_unhandled = text("handled_at IS NULL")
Index(
    "reports_unhandled",
    reports.c.at,
    sqlite_where=_is_unhandled,
    postgresql_where=_is_unhandled,
)
