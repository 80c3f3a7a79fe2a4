"""Where it is stored: SQLAlchemy Core tables, the same on SQLite and PostgreSQL.

Keys begin with the order wherever they can, so that a distributed PostgreSQL can shard by
order. Instants are integers, microseconds since 1970 in UTC: both databases compare them the
same way, and the hash chain needs an exact form.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects import postgresql

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Return whole microseconds since 1970, UTC."""
    return (at - EPOCH) // MICROSECOND


def instant(value: int) -> datetime:
    """Return the aware datetime of `micros`."""
    return EPOCH + timedelta(microseconds=value)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, stored as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Store as an integer."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read as an aware datetime."""
        return None if value is None else instant(value)


metadata = MetaData()

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

files = Table(
    "files",
    metadata,
    Column("order_id", String, nullable=False),
    Column("file_id", String, nullable=False),  # its name on disk
    Column("seq", BigInteger, nullable=False),  # the entry that shared it
    Column("person_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("type", String, nullable=False),  # what its content was recognised as
    Column("sha256", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
    Column("redacted", Boolean, nullable=False),
    Column("scan", String),  # what the virus scanner said; missing where there is none
    Column("looks", LargeBinary),  # what can be shown of it, as JSON
    Column("erased", Boolean, nullable=False),  # whether the redacted bytes are gone from disk
    PrimaryKeyConstraint("order_id", "file_id"),
)
_to_erase = text("redacted AND NOT erased")
Index(
    "files_to_erase",
    files.c.order_id,
    sqlite_where=_to_erase,
    postgresql_where=_to_erase,
)

_to_scan = text("scan IN ('scanning', 'unchecked') AND NOT redacted")
Index(
    "files_to_scan",
    files.c.order_id,
    sqlite_where=_to_scan,
    postgresql_where=_to_scan,
)

uploads = Table(
    "uploads",
    metadata,
    Column("order_id", String, nullable=False),
    Column("upload_id", String, nullable=False),  # its name on disk
    Column("person_id", String, nullable=False),
    Column("client_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),  # bytes that are safely on disk
    Column("touched", Instant, nullable=False),  # when the last of them came
    # once it is whole: the entry that shares it, or the code of the refusal
    Column("file_id", String),
    Column("seq", BigInteger),
    Column("code", String),
    PrimaryKeyConstraint("order_id", "upload_id"),
    UniqueConstraint("order_id", "person_id", "client_id"),
    Index("uploads_by_person", "person_id"),
    Index("uploads_by_touched", "touched"),
)

payments = Table(
    "payments",
    metadata,
    Column("order_id", String, primary_key=True),
    Column("means", String, nullable=False),
    Column("paid_at", Instant, nullable=False),
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

outages = Table(
    "outages",
    metadata,
    Column("since", Instant, primary_key=True),
    Column("until", Instant, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)
