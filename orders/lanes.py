"""The messages' own way to the database: a group of them in as few statements as can be.

A lane does in one go what `Database.transaction`, `locking` and `timeline.append_many` do step by
step: it locks orders, reads them, their members and what was stored under the same client ids
before; has all that judged; writes entries, heads and what is owed; and commits. The
judgement is pure, so each database is spoken to in the way that suits it: see `postgres_lane` and
`sqlite_lane`. `patiently` is the long way round, for what a lane could not do: it waits.

Where asking costs most of it, a lane remembers the orders it has seen, has messages judged by that
and writes them in one statement, which takes an order's lock and stores what belongs to it only if
the order still is as it was remembered. The others go the usual way, in the same breath.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Boolean, select, tuple_

from orders import timeline
from orders.database import Announcement, Database, Membership, OwedFor
from orders.events import OrderId, PersonId, Role
from orders.locking import LockedOrder, lock, locked
from orders.reacting import ANSWERABLE
from orders.tables import Instant, entries, instant, orders
from orders.timeline import Composed, Position


class Key(NamedTuple):
    """Under what a message is stored: saying it twice changes nothing."""

    order: OrderId
    person: PersonId
    client_id: str


class Asked(msgspec.Struct, frozen=True):
    """What has to be read to judge a group of messages."""

    orders: Sequence[OrderId]
    keys: Sequence[Key]
    quotes: Sequence[tuple[OrderId, int]] = ()
    """The entries that messages answer, by order and seq."""
    wait: bool = False
    """Whether orders held elsewhere are waited for, for a moment."""


Repeats = dict[Key, tuple[Position, bytes | None]]
"""Where messages came to stand that were stored before, each with its digest."""


class Found(msgspec.Struct, frozen=True):
    """What was read under the orders' locks, at one moment."""

    now: datetime
    owed_for: OwedFor
    locked: Mapping[OrderId, LockedOrder]
    repeats: Repeats
    unknown: frozenset[OrderId]
    """Those of the orders that do not exist; others that are not locked are held elsewhere."""
    quoted: frozenset[tuple[OrderId, int]]
    """Those of the quotes that are there to be answered."""
    certain: bool = True
    """False if it was remembered: nobody is refused for it, and what is stored is proved first."""


Judge = Callable[[Found], Composed]
"""Decides what is written. It may run in another thread, and its result may never be stored."""


def _nothing(_announcements: Sequence[Announcement]) -> None:
    """Remember nothing."""


@dataclass(slots=True, frozen=True)
class Lane:
    """A way to the database."""

    commit: Callable[[Asked, Judge], Awaitable[Composed]]
    """Reads, has it judged, writes and commits; returns what was stored, for the caller to tell.

    Raises `Unavailable` if the database is away: whether it was
    stored is known only to who asks again. Any other exception: nothing was stored.
    """
    close: Callable[[], Awaitable[None]]
    commit_remembered: Callable[[Asked, Judge], Awaitable[Composed]] | None = None
    """Does `commit` for those of the orders that still are as they are remembered.

    Returns what was stored of what was judged: of each order everything or nothing. Raises as
    `commit` does. None if the lane does without.
    """
    heard: Callable[[Sequence[Announcement]], None] = _nothing
    """Told what was appended by anybody."""


NOTHING = Composed({}, [], [], [])
"""What was composed where nothing was."""


def part_of(composed: Composed, stored: Collection[OrderId]) -> Composed:
    """Return what of `composed` belongs to the orders that were stored: whom to tell."""
    return Composed(
        {order: told for order, told in composed.told.items() if order in stored},
        [row for row in composed.entries if row["order_id"] in stored],
        [row for row in composed.notices if row["order_id"] in stored],
        [news for news in composed.announcements if news.order in stored],
    )


ORDER_COLUMNS = tuple(column.name for column in orders.columns)
_OrderRow = NamedTuple("_OrderRow", [(name, Any) for name in ORDER_COLUMNS])  # type: ignore[misc]
_INSTANTS = tuple(n for n, c in enumerate(orders.columns) if isinstance(c.type, Instant))
_BOOLEANS = tuple(n for n, c in enumerate(orders.columns) if isinstance(c.type, Boolean))


def orders_of(
    rows: Iterable[Sequence[Any]], members: Iterable[tuple[str, str, str, int]]
) -> dict[OrderId, LockedOrder]:
    """Read rows of `orders`, as a driver gives them, and its members by role.

    A member is (order, person, role, 1 if their access was taken away).
    """
    mine: dict[str, list[Membership]] = {}
    for order, person, role, barred in members:
        member = Membership(PersonId(person), Role(role), bool(barred))
        mine.setdefault(order, []).append(member)
    found: dict[OrderId, LockedOrder] = {}
    for row in rows:
        cells = list(row)
        for place in _INSTANTS:
            if cells[place] is not None:
                cells[place] = instant(cells[place])
        for place in _BOOLEANS:
            cells[place] = bool(cells[place])
        held = locked(_OrderRow(*cells), tuple(mine.get(cells[0], ())))
        found[held.id] = held
    return found


def repeats_of(rows: Iterable[tuple[str, str, str, int, int, bytes | None]]) -> Repeats:
    """Read (order, actor, client id, seq, at, digest), as a driver gives them."""
    return {
        Key(OrderId(order), PersonId(actor), client_id): (Position(seq, instant(at)), digest)
        for order, actor, client_id, seq, at, digest in rows
    }


async def patiently(database: Database, asked: Asked, judge: Judge) -> None:
    """Do what a lane does, waiting for the orders if they are held elsewhere.

    Raises `OrderUnknown`, and `Unavailable` also if it is held for too long.
    """
    async with database.transaction() as tx:
        held = {order: await lock(tx, order) for order in sorted(asked.orders)}
        rows = await tx.conn.execute(
            select(
                entries.c.order_id,
                entries.c.actor,
                entries.c.client_id,
                entries.c.seq,
                entries.c.at,
                entries.c.command_digest,
            ).where(
                tuple_(entries.c.order_id, entries.c.actor, entries.c.client_id).in_(asked.keys)
            )
        )
        repeats: Repeats = {
            Key(*row[:3]): (Position(row.seq, row.at), row.command_digest) for row in rows
        }
        answered = await tx.conn.execute(
            select(entries.c.order_id, entries.c.seq).where(
                tuple_(entries.c.order_id, entries.c.seq).in_(asked.quotes),
                entries.c.kind.in_(ANSWERABLE),
            )
        )
        quoted = frozenset((OrderId(row.order_id), row.seq) for row in answered)
        found = Found(tx.now, tx.owed_for, held, repeats, frozenset(), quoted)
        await timeline.write(tx, judge(found))
