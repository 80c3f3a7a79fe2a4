"""Files and uploads."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    text,
)

from orders.tables.columns import Instant, metadata

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
