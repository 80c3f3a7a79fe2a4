"""Taking erased words out of SQLite's file as well: the index merged, the log emptied.

What is deleted is overwritten where it lay (`secure_delete` of the connections that erase). The
index for searching only notes that a word is gone until its parts are merged into one; that is
done here, some pages at a time, beside everything else. On PostgreSQL it is autovacuum's work.
"""

from __future__ import annotations

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects import sqlite

from orders.database import Database, Transaction
from orders.tables import meta

PAGES = 256
"""Pages of the index that are written at once, about a megabyte: so long others wait."""
_KEY = "scrubbing"
_DUE, _GOING, _MERGED = "due", "going", "merged"
_MERGE = text("INSERT INTO search_words(search_words, rank) VALUES ('merge', :pages)")
_CHANGES = text("SELECT total_changes()")
_MERGED_ALREADY = 2
"""A merge that changes less has found nothing to do (SQLite's FTS5, the command `merge`)."""


async def owe(tx: Transaction) -> None:
    """Note, in the transaction that erases words, that the file has to be rid of them."""
    if not tx.locks_rows:
        await tx.conn.execute(
            sqlite.insert(meta)
            .values(key=_KEY, value=_DUE)
            .on_conflict_do_update(index_elements=[meta.c.key], set_={"value": _DUE})
        )


async def scrub(database: Database, pages: int = PAGES) -> bool:
    """Do a part of what is owed; return whether more can be done at once."""
    if not database.is_sqlite:
        return False
    async with database.reading() as conn:
        owed = await conn.scalar(select(meta.c.value).where(meta.c.key == _KEY))
    if owed is None:
        return False
    if owed == _MERGED:
        if await database.empty_log():
            async with database.transaction() as tx:
                await tx.conn.execute(delete(meta).where(meta.c.key == _KEY, meta.c.value == owed))
        return False
    async with database.transaction() as tx:
        before = await tx.conn.scalar(_CHANGES)
        # a negative number says: all of it, even parts that would not be merged by themselves
        await tx.conn.execute(_MERGE, {"pages": pages if owed == _GOING else -pages})
        done = await tx.conn.scalar(_CHANGES) - before < _MERGED_ALREADY
        now = _MERGED if done and owed == _GOING else _GOING
        await tx.conn.execute(
            update(meta).where(meta.c.key == _KEY, meta.c.value == owed).values(value=now)
        )
    return True
