"""The rows of running clocks. Touched only under the lock of their order.

`wake_at` is when the sweeper has to look at the row: at the next reminder mark, at zero, or,
after a failure, at a later retry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.database import Transaction
from orders.deadlines import after_outages, next_mark
from orders.decisions import RunningTimer, TimerSet
from orders.events import OrderId, TimeGivenBack, Timer
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


async def set_timer(
    tx: Transaction, order: OrderId, clock: TimerSet, policy: Policy, ref: str = ""
) -> None:
    """Start a clock; one of the same kind and ref is replaced."""
    await change_timers(tx, order, (), (clock,), policy, ref)


async def change_timers(
    tx: Transaction,
    order: OrderId,
    ends: Sequence[Timer],
    opens: Sequence[TimerSet],
    policy: Policy,
    ref: str = "",
) -> None:
    """Stop some clocks and start others; one of the same kind and ref is replaced."""
    gone = {*ends, *(clock.timer for clock in opens)}
    if gone:
        await tx.conn.execute(
            delete(timers).where(
                timers.c.order_id == order, timers.c.timer.in_(sorted(gone)), timers.c.ref == ref
            )
        )
    if opens:
        await tx.conn.execute(
            insert(timers),
            [
                {
                    "order_id": order,
                    "timer": clock.timer,
                    "ref": ref,
                    "start": clock.start,
                    "due": clock.due,
                    "wake_at": wake_at(clock.timer, clock.start, clock.due, tx.now, policy),
                    "attempts": 0,
                    "credited": tx.now,
                }
                for clock in opens
            ],
        )


def wake_at(
    timer: Timer, start: datetime, due: datetime, now: datetime, policy: Policy
) -> datetime:
    """Return the next moment at which something happens to this clock."""
    mark = next_mark(start, due, now, policy) if timer in REMINDED else None
    return due if mark is None else min(mark.at, due)


async def end_timer(tx: Transaction, order: OrderId, timer: Timer, ref: str = "") -> None:
    """Stop a clock; nothing happens if it does not run."""
    await tx.conn.execute(
        delete(timers).where(
            timers.c.order_id == order, timers.c.timer == timer, timers.c.ref == ref
        )
    )


async def look_again(
    tx: Transaction, order: OrderId, clock: DueTimer, at: datetime, attempts: int
) -> None:
    """Have the sweeper look at a clock at `at`; its due time stays what it was."""
    await tx.conn.execute(
        update(timers)
        .where(timers.c.order_id == order, timers.c.timer == clock.timer, timers.c.ref == clock.ref)
        .values(wake_at=at, attempts=attempts)
    )


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
    rows = (
        await conn.execute(select(timers).where(timers.c.order_id == order, timers.c.ref == ""))
    ).all()
    if not rows:
        return ()
    lost = await outages_after(conn, min(row.credited for row in rows))
    return tuple(
        RunningTimer(
            Timer(row.timer), row.start, after_outages(row.start, row.due, row.credited, lost)
        )
        for row in rows
    )


async def give_back(
    tx: Transaction, order: OrderId, clock: DueTimer, policy: Policy
) -> TimeGivenBack | None:
    """Move a clock by what outages took from it; None if there was nothing to give back."""
    lost = await outages_after(tx.conn, clock.credited)
    due = after_outages(clock.start, clock.due, clock.credited, lost)
    if due == clock.due:
        return None
    await tx.conn.execute(
        update(timers)
        .where(timers.c.order_id == order, timers.c.timer == clock.timer, timers.c.ref == clock.ref)
        .values(
            due=due,
            wake_at=wake_at(clock.timer, clock.start, due, tx.now, policy),
            attempts=0,
            credited=lost[-1].until,
        )
    )
    seconds = round((due - clock.due).total_seconds())
    return TimeGivenBack(clock.timer, clock.due, due, seconds)


async def first_due(tx: Transaction, ids: Sequence[OrderId]) -> dict[OrderId, DueTimer]:
    """Re-read, under the orders' locks, which clock of each has to be looked at first, if any."""
    rows = await tx.conn.execute(
        select(timers)
        .where(timers.c.order_id.in_(ids), timers.c.wake_at <= tx.now)
        # the last one of an order stays; of two at the same moment its life ends after the other
        .order_by(timers.c.due.desc(), timers.c.timer != Timer.ORDER_LIFE)
    )
    return {row.order_id: _due(row) for row in rows}


def _due(row: Row[Any]) -> DueTimer:
    return DueTimer(Timer(row.timer), row.ref, row.start, row.due, row.attempts, row.credited)
