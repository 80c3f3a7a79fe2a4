"""Where it is stored: SQLAlchemy Core tables, the same on SQLite and PostgreSQL.

Keys begin with the order wherever they can, so that a distributed PostgreSQL can shard by
order. Instants are integers, microseconds since 1970 in UTC: both databases compare them the
same way, and the hash chain needs an exact form.

They stand by subject, and are had from here:

| module         | what is kept there                                                      |
|----------------|-------------------------------------------------------------------------|
| `columns`      | what all tables share: the schema, and how an instant is stored         |
| `order`        | orders, their members and their timelines; what commands were answered  |
| `process`      | clocks, proposals, the readiness list; outages; the mails that are owed |
| `conversation` | versions of messages, reactions, search, reports                        |
| `file`         | files and uploads                                                       |
| `money`        | the escrow in double entry, and what the marketplace carries out        |
| `call`         | calls, who is in one, recordings, media processes                       |

What the database knows of itself (`meta`) stands here.
"""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from orders.tables.call import (
    calls,
    media_processes,
    persons_in_call,
    recordings,
)
from orders.tables.columns import (
    Instant,
    instant,
    metadata,
    micros,
)
from orders.tables.conversation import (
    message_versions,
    reactions,
    reports,
    search_docs,
    search_heads,
    withdrawn,
)
from orders.tables.file import files, uploads
from orders.tables.money import movements, payments, postings
from orders.tables.order import (
    answers,
    entries,
    orders,
    participants,
    persons,
    requests,
)
from orders.tables.process import (
    brief_items,
    notices,
    outages,
    proposals,
    timers,
)

__all__ = [
    "Instant",
    "answers",
    "brief_items",
    "calls",
    "entries",
    "files",
    "instant",
    "media_processes",
    "message_versions",
    "meta",
    "metadata",
    "micros",
    "movements",
    "notices",
    "orders",
    "outages",
    "participants",
    "payments",
    "persons",
    "persons_in_call",
    "postings",
    "proposals",
    "reactions",
    "recordings",
    "reports",
    "requests",
    "search_docs",
    "search_heads",
    "timers",
    "uploads",
    "withdrawn",
]

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)
