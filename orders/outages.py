"""Our own outages: noticed by a heartbeat that stopped, kept, and given back to who lost time.

Every sweeper beats. A gap in the beats of at least a set length is an outage, written down by the
first beat after it. Nothing else is changed then: a clock that ran through it is moved when it is
looked at next, under the lock of its order.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.database import Transaction
from orders.deadlines import Outage
from orders.tables import instant, meta, micros, outages

BEAT = timedelta(seconds=5)
"""How often a sweeper beats: the error of an outage's beginning."""
SET_BACK = timedelta(minutes=1)
"""A last beat so far ahead is no other sweeper's of this moment: the clock was set back since."""


async def beat(tx: Transaction, least: timedelta) -> Outage | None:
    """Say that we are there; return the outage that ends now, if the last beat is so long ago."""
    last = select(meta.c.value).where(meta.c.key == "beat")
    if tx.locks_rows:
        last = last.with_for_update()
    found = await tx.conn.scalar(last)
    now = str(micros(tx.now))
    if found is None:
        await tx.conn.execute(insert(meta).values(key="beat", value=now))
        return None
    ended = Outage(instant(int(found)), tx.now)
    if timedelta() <= ended.since - ended.until < SET_BACK:
        return None  # another sweeper beat in the same moment
    await tx.conn.execute(update(meta).where(meta.c.key == "beat").values(value=now))
    if ended.until < ended.since:
        # It had run ahead, which looked like an outage. One that ends in a time still to come
        # would be given back to every clock that begins until then.
        await tx.conn.execute(delete(outages).where(outages.c.since >= tx.now))
        await tx.conn.execute(update(outages).where(outages.c.until > tx.now).values(until=tx.now))
        return None
    if ended.until - ended.since < least:
        return None
    await tx.conn.execute(insert(outages).values(since=ended.since, until=ended.until))
    return ended


async def outages_after(conn: AsyncConnection, credited: datetime) -> tuple[Outage, ...]:
    """Return the outages that ended after `credited`, the earliest first."""
    rows = await conn.execute(
        select(outages).where(outages.c.until > credited).order_by(outages.c.since)
    )
    return tuple(Outage(row.since, row.until) for row in rows)
