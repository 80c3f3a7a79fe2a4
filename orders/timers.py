"""The rows of running clocks. Touched only under the lock of their order.

`wake_at` is when the sweeper has to look at the row: at the next reminder mark, at zero, or,
after a failure, at a later retry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.among import among
from orders.database import Transaction
from orders.deadlines import Outage, after_outages, next_mark
from orders.decisions import RunningTimer, TimerSet
from orders.events import OrderId, Timer
from orders.outages import outages_after
from orders.policy import Policy
from orders.tables import timers
from orders.workflow import REMINDED


class DueTimer(msgspec.Struct, frozen=True):
    """A clock the sweeper has to look at."""

    timer: Timer
    ref: str
    start: datetime
    due: datetime
    attempts: int
    credited: datetime
    """The outages up to this moment are in `due` already."""


class Clocks(msgspec.Struct, frozen=True):
    """The clocks of one order, under its lock."""

    due: tuple[DueTimer, ...]
    """Those that have to be looked at; the one that comes first is to be carried out first."""
    running: tuple[RunningTimer, ...]
    """Those of the process. What an outage took from them is given back already, told or not."""
    lost: tuple[Outage, ...]
    """The outages that some of them may have run through."""


class ClockName(NamedTuple):
    """What tells the clocks of all orders apart."""

    order: OrderId
    timer: Timer
    ref: str = ""


class ClockRow(NamedTuple):
    """A clock that starts, and the settings that say when to remind of it."""

    order: OrderId
    clock: TimerSet
    policy: Policy
    ref: str = ""


class MovedClock(msgspec.Struct, frozen=True):
    """When a running clock ends from now on, and when the sweeper has to look at it."""

    timer: Timer
    ref: str
    due: datetime
    wake_at: datetime
    credited: datetime


async def set_timer(
    tx: Transaction, order: OrderId, clock: TimerSet, policy: Policy, ref: str = ""
) -> None:
    """Start a clock; one of the same kind and ref is replaced."""
    name = ClockName(order, clock.timer, ref)
    await restart_clocks(tx, [name], [ClockRow(order, clock, policy, ref)])


async def restart_clocks(
    tx: Transaction, stopped: Sequence[ClockName], started: Sequence[ClockRow]
) -> None:
    """Stop clocks, whether they run or not; then start others."""
    if stopped:
        await tx.conn.execute(
            _STOP, [{"o": name.order, "t": name.timer, "r": name.ref} for name in stopped]
        )
    if started:
        await tx.conn.execute(
            insert(timers),
            [
                {
                    "order_id": row.order,
                    "timer": row.clock.timer,
                    "ref": row.ref,
                    "start": row.clock.start,
                    "due": row.clock.due,
                    "wake_at": wake_at(
                        row.clock.timer, row.clock.start, row.clock.due, tx.now, row.policy
                    ),
                    "attempts": 0,
                    "credited": tx.now,
                }
                for row in started
            ],
        )


async def end_timer(tx: Transaction, order: OrderId, timer: Timer, ref: str = "") -> None:
    """Stop a clock; nothing happens if it does not run."""
    await restart_clocks(tx, [ClockName(order, timer, ref)], [])


async def move_clocks(tx: Transaction, moved: Sequence[tuple[OrderId, MovedClock]]) -> None:
    """Have running clocks end, and the sweeper look, at other times."""
    if moved:
        await tx.conn.execute(
            _MOVE,
            [
                {
                    "o": order,
                    "t": clock.timer,
                    "r": clock.ref,
                    "due": clock.due,
                    "wake_at": clock.wake_at,
                    "credited": clock.credited,
                }
                for order, clock in moved
            ],
        )


_STOP = delete(timers).where(
    timers.c.order_id == bindparam("o"),
    timers.c.timer == bindparam("t"),
    timers.c.ref == bindparam("r"),
)
_MOVE = (
    update(timers)
    .where(
        timers.c.order_id == bindparam("o"),
        timers.c.timer == bindparam("t"),
        timers.c.ref == bindparam("r"),
    )
    .values(
        due=bindparam("due"),
        wake_at=bindparam("wake_at"),
        credited=bindparam("credited"),
        attempts=0,
    )
)


def wake_at(
    timer: Timer, start: datetime, due: datetime, now: datetime, policy: Policy
) -> datetime:
    """Return the next moment at which something happens to this clock."""
    mark = next_mark(start, due, now, policy, timer) if timer in REMINDED else None
    return due if mark is None else min(mark.at, due)


async def put_off(
    tx: Transaction,
    order: OrderId,
    clock: DueTimer | None,
    pause_after: Callable[[int], timedelta],
) -> None:
    """Have the sweeper look later at a clock that failed, or at all that are due if None.

    `pause_after` gives the pause for the number of failures before. The rows are not read into
    the rules: whatever is wrong with them, they must not come up again at once.
    """
    failed = select(timers.c.timer, timers.c.ref, timers.c.attempts).where(
        timers.c.order_id == order, timers.c.wake_at <= tx.now
    )
    if clock is not None:
        failed = failed.where(timers.c.timer == clock.timer, timers.c.ref == clock.ref)
    for row in (await tx.conn.execute(failed)).all():
        await tx.conn.execute(
            update(timers)
            .where(timers.c.order_id == order, timers.c.timer == row.timer, timers.c.ref == row.ref)
            .values(wake_at=tx.now + pause_after(row.attempts), attempts=row.attempts + 1)
        )


async def running(conn: AsyncConnection, order: OrderId) -> tuple[RunningTimer, ...]:
    """Return the clocks of the process that run for an order, without those of calls.

    What an outage took from them is given back already, told or not.
    """
    return (await running_of(conn, [order])).get(order, ())


async def running_of(
    conn: AsyncConnection, ids: Sequence[OrderId]
) -> dict[OrderId, tuple[RunningTimer, ...]]:
    """Return the same of several orders; one without any is left out."""
    found = await conn.execute(
        select(timers)
        .where(among(timers.c.order_id, ids), timers.c.ref == "")
        .order_by(timers.c.order_id, timers.c.timer)
    )
    rows = found.all()
    if not rows:
        return {}
    lost = await outages_after(conn, min(row.credited for row in rows))
    return {
        OrderId(order): tuple(_running(row, lost) for row in group)
        for order, group in groupby(rows, key=attrgetter("order_id"))
    }


async def clocks_of(tx: Transaction, ids: Sequence[OrderId]) -> dict[OrderId, Clocks]:
    """Read, under the orders' locks, their clocks; orders without any are left out."""
    rows = (
        await tx.conn.execute(
            select(timers)
            .where(among(timers.c.order_id, ids))
            # of two that end at the same moment the order's life comes last
            .order_by(timers.c.due, timers.c.timer == Timer.ORDER_LIFE)
        )
    ).all()
    if not rows:
        return {}
    lost = await outages_after(tx.conn, min(row.credited for row in rows))
    mine: dict[OrderId, list[Row[Any]]] = {}
    for row in rows:
        mine.setdefault(row.order_id, []).append(row)
    return {
        order: Clocks(
            due=tuple(_due(row) for row in found if row.wake_at <= tx.now),
            running=tuple(_running(row, lost) for row in found if row.ref == ""),
            lost=lost,
        )
        for order, found in mine.items()
    }


def given_back(clock: DueTimer, lost: Sequence[Outage]) -> datetime | None:
    """Return when a clock ends now that outages took time from it; None if they took none."""
    due = after_outages(clock.start, clock.due, clock.credited, lost)
    return None if due == clock.due else due


def _running(row: Row[Any], lost: Sequence[Outage]) -> RunningTimer:
    end = after_outages(row.start, row.due, row.credited, lost)
    return RunningTimer(Timer(row.timer), row.start, end)


def _due(row: Row[Any]) -> DueTimer:
    return DueTimer(Timer(row.timer), row.ref, row.start, row.due, row.attempts, row.credited)
