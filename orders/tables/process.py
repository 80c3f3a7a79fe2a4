"""Clocks, proposals and the readiness list; outages, and the mails that are owed."""

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
    text,
)

from orders.tables.columns import Instant, metadata

timers = Table(
    "timers",
    metadata,
    Column("order_id", String, nullable=False),
    Column("timer", String, nullable=False),
    Column("ref", String, nullable=False),  # the call of a ring, otherwise empty
    Column("start", Instant, nullable=False),
    Column("due", Instant, nullable=False),
    # when the sweeper has to look: the next reminder mark, zero, or a retry after a failure
    Column("wake_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    # the outages up to this moment are in `due` already
    Column("credited", Instant, nullable=False),
    PrimaryKeyConstraint("order_id", "timer", "ref"),
    Index("timers_by_wake_at", "wake_at"),
)

outages = Table(
    "outages",
    metadata,
    Column("since", Instant, primary_key=True),
    Column("until", Instant, nullable=False),
)

proposals = Table(
    "proposals",
    metadata,
    Column("order_id", String, nullable=False),
    Column("seq", BigInteger, nullable=False),  # the entry that made it, and its name
    Column("kind", String, nullable=False),  # time, refund, talk, point, option
    Column("person_id", String, nullable=False),
    # open, accepted, declined, withdrawn, lapsed; of an option unpaid, paid
    Column("state", String, nullable=False),
    Column("timer", String),
    Column("amount", BigInteger, nullable=False),  # seconds or cents
    Column("note", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("times", LargeBinary),  # to choose from when to talk, as JSON
    Column("agreed_at", Instant),  # the time that was chosen
    Column("call_id", String),  # the call whose minutes it belongs to
    Column("title", String, nullable=False, server_default=""),  # of an option
    Column("seconds", BigInteger, nullable=False, server_default="0"),  # an option's time
    PrimaryKeyConstraint("order_id", "seq"),
)

brief_items = Table(
    "brief_items",
    metadata,
    Column("order_id", String, nullable=False),
    Column("item", String, nullable=False),
    Column("place", Integer, nullable=False),  # its place in the list
    Column("content", LargeBinary, nullable=False),  # the item and where it stands, as JSON
    PrimaryKeyConstraint("order_id", "item"),
)

notices = Table(
    "notices",
    metadata,
    Column("order_id", String, nullable=False),
    Column("person_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("opened_seq", BigInteger, nullable=False),  # the entry that made it owed
    Column("state", String, nullable=False),  # open, sent, dropped, bounced, failed
    Column("due", Instant, nullable=False),
    Column("wake_at", Instant, nullable=False),  # due, the end of a claim, or a retry
    Column("attempts", Integer, nullable=False),
    Column("closed_at", Instant),
    Column("outcome", String),
    PrimaryKeyConstraint("order_id", "person_id", "kind", "opened_seq"),
)
_is_open = text("state = 'open'")
Index(
    "notices_one_open",
    notices.c.order_id,
    notices.c.person_id,
    notices.c.kind,
    unique=True,
    sqlite_where=_is_open,
    postgresql_where=_is_open,
)
Index(
    "notices_by_wake_at",
    notices.c.wake_at,
    sqlite_where=_is_open,
    postgresql_where=_is_open,
)
