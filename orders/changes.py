"""Changes of orders: what was decided, written with few statements for one order or for many.

A change holds everything that one order's part of a transaction writes. Most of what a statement
costs is sending it, so the changes of several orders go out together, one statement a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, insert, update

from orders import money, timeline
from orders.database import Transaction
from orders.decisions import Decision, OrderFacts, TimerSet
from orders.events import CLOCK, Entry, MoneyMoved, OrderId, PersonId, ProposalLapsed, Timer
from orders.locking import LockedOrder
from orders.money import Movement, Settled
from orders.proposal_rows import lapse
from orders.proposals import Proposal, lapses
from orders.tables import movements, orders, postings
from orders.timeline import Draft
from orders.timers import ClockName, ClockRow, MovedClock, move_clocks, restart_clocks


class Change(msgspec.Struct, frozen=True):
    """What is written for one order, under its lock."""

    locked: LockedOrder
    drafts: tuple[Draft, ...] = ()
    facts: OrderFacts | None = None
    """The order as it is afterwards, if anything but its timeline changes."""
    ends: tuple[tuple[Timer, str], ...] = ()
    """Clocks that stop, each with its ref."""
    opens: tuple[TimerSet, ...] = ()
    moves: tuple[MovedClock, ...] = ()
    movements: tuple[Movement, ...] = ()
    """Money; each is told by an entry of its own, in this order."""
    lapsed: tuple[int, ...] = ()
    """Proposals that are pointless now."""
    uncharged: tuple[int, ...] = ()
    """Those of them that were options about to be paid: they need not be any more."""


def decided(
    locked: LockedOrder,
    decision: Decision,
    actor: PersonId,
    proposals: Iterable[Proposal],
    client_id: str | None = None,
    content: bytes | None = None,
) -> Change:
    """Return the change that a decision is. `proposals` are those that wait for an answer."""
    first, *others = decision.events
    pointless = tuple(p for p in proposals if lapses(p, decision.facts.state))
    gone = tuple(p.seq for p in pointless)
    return Change(
        locked=locked,
        drafts=(
            Draft(actor, first, client_id, content),
            *(Draft(actor, event) for event in others),
            *(Draft(CLOCK, ProposalLapsed(seq)) for seq in gone),
        ),
        facts=decision.facts,
        ends=tuple((timer, "") for timer in decision.ends),
        opens=decision.opens,
        movements=decision.movements,
        lapsed=gone,
        uncharged=tuple(p.seq for p in pointless if p.charged),
    )


async def write(tx: Transaction, changes: Sequence[Change]) -> dict[OrderId, list[Entry]]:
    """Write the changes of several orders, each at most once; return their new entries."""
    await restart_clocks(
        tx,
        [
            ClockName(change.locked.id, timer, ref)
            for change in changes
            for timer, ref in (*change.ends, *((clock.timer, "") for clock in change.opens))
        ],
        [
            ClockRow(change.locked.id, clock, (change.facts or change.locked.facts).policy)
            for change in changes
            for clock in change.opens
        ],
    )
    await move_clocks(tx, [(c.locked.id, move) for c in changes for move in c.moves])
    await lapse(tx, [(c.locked.id, seq) for c in changes for seq in c.lapsed])
    await uncharge(tx, [(c.locked.id, seq) for c in changes for seq in c.uncharged])
    telling = [(c.locked.head, c.locked.owes, c.drafts) for c in changes if c.drafts]
    stored = await timeline.append_many(tx, telling)
    moved: list[tuple[OrderId, Movement, Entry]] = []
    for change in changes:
        if change.movements:
            told = [e for e in stored[change.locked.id][1] if isinstance(e.event, MoneyMoved)]
            moved += [
                (change.locked.id, movement, entry)
                for movement, entry in zip(change.movements, told, strict=True)
            ]
    await _post(tx, moved)
    await _save_facts(tx, [c.facts for c in changes if c.facts is not None])
    return {order: told for order, (_, told) in stored.items()}


async def uncharge(tx: Transaction, options: Sequence[tuple[OrderId, int]]) -> None:
    """Call off the charges for options, each given by its order and the entry that proposed it.

    One that is confirmed all the same is money that came in: see `orders.options`.
    """
    if options:
        await tx.conn.execute(
            _CALL_OFF, [{"o": order, "m": money.hold(0, str(seq)).name} for order, seq in options]
        )


_CALL_OFF = (
    update(movements)
    .where(
        movements.c.order_id == bindparam("o"),
        movements.c.movement == bindparam("m"),
        movements.c.state != Settled.CONFIRMED,
    )
    .values(state=Settled.CALLED_OFF)
)


async def save_facts(tx: Transaction, after: OrderFacts) -> None:
    """Write the order as it is after a decision."""
    await _save_facts(tx, [after])


async def post(
    tx: Transaction, order: OrderId, movement: money.Movement, seq: int, at: datetime
) -> None:
    """Write both sides of a movement, and that the payment system has to carry it out.

    The key (order, movement, account) makes a second time impossible, whatever asked for it.
    What the marketplace told us of is confirmed already: a payment is taken before its order.
    """
    await _post(tx, [(order, movement, timeline.Position(seq, at))])


async def _save_facts(tx: Transaction, after: Sequence[OrderFacts]) -> None:
    if not after:
        return
    await tx.conn.execute(
        _SAVE_FACTS,
        [
            {
                "o": facts.id,
                "state": facts.state,
                "state_since": facts.state_since,
                "turn": facts.turn,
                "turn_since": facts.turn_since,
                "brief_handed": facts.brief_handed,
                "chat_tail_over": facts.chat_tail_over,
                "held_cents": facts.held_cents,
                "resume": facts.resume,
                "refusals": facts.refusals,
                "dispute_right": facts.dispute_right,
                "delivery_due": facts.delivery_due,
                "extra_seconds": facts.extra_seconds,
                "price_cents": facts.price_cents,
                "paused": msgspec.json.encode(facts.paused),
            }
            for facts in after
        ],
    )


_SAVE_FACTS = (
    update(orders)
    .where(orders.c.id == bindparam("o"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "state",
                "state_since",
                "turn",
                "turn_since",
                "brief_handed",
                "chat_tail_over",
                "held_cents",
                "resume",
                "refusals",
                "dispute_right",
                "delivery_due",
                "extra_seconds",
                "price_cents",
                "paused",
            )
        }
    )
)


async def _post(
    tx: Transaction,
    moved: Sequence[tuple[OrderId, Movement, Entry | timeline.Position]],
) -> None:
    if not moved:
        return
    told_to_us = money.MovementKind.HOLD
    await tx.conn.execute(
        insert(movements),
        [
            {
                "order_id": order,
                "movement": movement.name,
                "cents": movement.cents,
                "seq": told.seq,
                "at": told.at,
                "state": Settled.CONFIRMED if movement.kind is told_to_us else Settled.ORDERED,
                "settled_at": told.at if movement.kind is told_to_us else None,
            }
            for order, movement, told in moved
        ],
    )
    await _book(tx, moved)


async def book(tx: Transaction, order: OrderId, movement: Movement, told: Entry) -> None:
    """Write both sides of a movement that was ordered before, once its money is there."""
    await _book(tx, [(order, movement, told)])


async def _book(
    tx: Transaction, moved: Sequence[tuple[OrderId, Movement, Entry | timeline.Position]]
) -> None:
    await tx.conn.execute(
        insert(postings),
        [
            {
                "order_id": order,
                "movement": movement.name,
                "account": account,
                "cents": cents,
                "seq": told.seq,
                "at": told.at,
            }
            for order, movement, told in moved
            for account, cents in movement.postings()
        ],
    )
