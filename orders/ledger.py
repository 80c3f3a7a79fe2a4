"""Reading an order's money: what moved, and what each account holds."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.events import OrderId
from orders.money import Account, MovementKind, balances, kind_named
from orders.tables import postings


class Posting(msgspec.Struct, frozen=True):
    """One side of a movement; the sides of each movement add up to zero."""

    movement: str
    """The movement's name, unique per order."""
    kind: MovementKind
    account: Account
    cents: int
    seq: int
    """The entry that tells the movement."""
    at: datetime


class Ledger(msgspec.Struct, frozen=True):
    """All movements of an order's money, and the balance of each account."""

    postings: tuple[Posting, ...]
    balances: dict[Account, int]


async def read(conn: AsyncConnection, order: OrderId) -> Ledger:
    """Read an order's ledger; empty for an order that does not exist."""
    rows = await conn.execute(
        select(postings)
        .where(postings.c.order_id == order)
        .order_by(postings.c.seq, postings.c.cents)
    )
    found = tuple(
        Posting(name, kind_named(name), Account(row.account), row.cents, row.seq, row.at)
        for row in rows
        for name in [row.movement]
    )
    return Ledger(found, balances((posting.account, posting.cents) for posting in found))
