"""Calls, who is in one, recordings, and the media processes."""

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
    false,
    text,
)

from orders.tables.columns import Instant, metadata

calls = Table(
    "calls",
    metadata,
    Column("order_id", String, nullable=False),
    Column("call_id", String, nullable=False),
    Column("caller", String, nullable=False),
    Column("callee", String, nullable=False),
    Column("state", String, nullable=False),  # ringing, active, ended
    Column("incarnation", String, nullable=False),  # the media process that carries it
    Column("rang_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("ended_at", Instant),
    Column("end", String),
    Column("sound", LargeBinary),  # sums of what was measured so far, as JSON
    PrimaryKeyConstraint("order_id", "call_id"),
    Index("calls_by_incarnation", "incarnation", "state"),
)

persons_in_call = Table(
    "persons_in_call",
    metadata,
    Column("person_id", String, nullable=False),
    Column("order_id", String, nullable=False),
    Column("call_id", String, nullable=False),
    Column("held", Boolean, nullable=False, server_default=false()),  # left for another call
    PrimaryKeyConstraint("person_id", "call_id"),
)
_talking = text("NOT held")
Index(
    "persons_talking",
    persons_in_call.c.person_id,
    unique=True,
    sqlite_where=_talking,
    postgresql_where=_talking,
)

recordings = Table(
    "recordings",
    metadata,
    Column("order_id", String, nullable=False),
    Column("recording_id", String, nullable=False),
    Column("call_id", String, nullable=False),
    Column("asked_by", String, nullable=False),
    Column("state", String, nullable=False),  # asked, on, over, kept, gone
    Column("incarnation", String, nullable=False),  # the media process that writes it
    Column("changed_at", Instant, nullable=False),
    Column("kept_seq", BigInteger, nullable=False),  # the entry with the files; 0 before
    Column("erase_at", Instant),  # set while it is kept
    PrimaryKeyConstraint("order_id", "recording_id"),
)
_unfinished = text("state IN ('on', 'over')")
Index(
    "recordings_unfinished",
    recordings.c.incarnation,
    sqlite_where=_unfinished,
    postgresql_where=_unfinished,
)
_erasable = text("erase_at IS NOT NULL")
Index(
    "recordings_to_erase",
    recordings.c.erase_at,
    sqlite_where=_erasable,
    postgresql_where=_erasable,
)

media_processes = Table(
    "media_processes",
    metadata,
    Column("incarnation", String, primary_key=True),
    Column("address", String, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("draining", Boolean, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("lease_until", Instant, nullable=False),
)
