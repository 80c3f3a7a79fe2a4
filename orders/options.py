"""Added options (T25): proposed, agreed, charged, and part of the order once they are paid.

Agreeing orders a charge, the movement `hold:<entry that proposed it>`: the marketplace's payment
system finds it on its list like any other movement (`orders.settlement`). Nothing is in escrow
before the charge is confirmed, so nothing that was not paid can be refunded or paid out. A charge
that was refused stays listed and visible, until it succeeds, the buyer takes the option back, or
the order moves on. If it is confirmed after that all the same, the money did come in: it is
booked, and goes back to the buyer at once.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec
from sqlalchemy import insert

from orders import money, timeline
from orders.changes import book, post, save_facts
from orders.commands import begin, command_digest
from orders.database import Database, Transaction
from orders.errors import TextTooLong
from orders.events import (
    MARKETPLACE,
    DeadlineMoved,
    DeadlineSet,
    Event,
    MoneyConfirmed,
    MoneyHeld,
    MoneyRefunded,
    MoneyRefused,
    OptionAdded,
    OptionOrdered,
    OptionProposed,
    OptionUnpaid,
    OrderId,
    PersonId,
    ProposalAccepted,
    Timer,
)
from orders.locking import LockedOrder
from orders.money import Settled
from orders.proposal_rows import find, only_one, save, settle
from orders.proposals import (
    DAY,
    Outcome,
    Proposal,
    ProposalKind,
    delivered_later,
    judge_option,
    lapses,
    within_life,
)
from orders.tables import movements
from orders.timeline import Draft, Position
from orders.timers import running, set_timer


async def propose_option(
    database: Database,
    order: OrderId,
    person: PersonId,
    title: str,
    cents: int,
    days: int,
    client_id: str,
    note: str = "",
) -> Position:
    """Propose an added option: `cents` more for what `title` says, and `days` more to deliver in.

    Raises `OrderUnknown`, `NotYours`, `WrongState`, `TextEmpty`, `TextTooLong`, `AmountWrong`,
    `TimeWrong`, `ProposalOpen`, `IdReused`, `Unavailable`; nothing was changed then.
    """
    title = " ".join(title.replace("\x00", "").split())  # it stands on one line of mails and cards
    note = note.replace("\x00", "").strip()  # a character that PostgreSQL cannot keep
    content = command_digest("option.propose", title, cents, days, note)
    async with database.transaction() as tx:
        locked, first = await begin(tx, order, person, client_id, content)
        if first is not None:
            return first
        facts, now = locked.facts, max(tx.now, locked.head.at)
        if len(note) > facts.policy.note_max:
            raise TextTooLong(limit=facts.policy.note_max, length=len(note))
        clocks = await running(tx.conn, order)
        judge_option(facts, locked.role_of(person), title, cents, days, clocks, now)
        await only_one(tx.conn, order, ProposalKind.OPTION)
        event = OptionProposed(title, cents, facts.currency, days, note)
        draft = Draft(person, event, client_id, content)
        _, (entry,) = await timeline.append(tx, locked.head, locked.owes, [draft])
        seconds = int((days * DAY).total_seconds())
        await save(
            tx, order,
            Proposal(
                entry.seq, ProposalKind.OPTION, person, cents, entry.at, note=note, title=title,
                seconds=seconds,
            ),
        )  # fmt: skip
        return Position(entry.seq, entry.at)


async def charge(
    tx: Transaction,
    locked: LockedOrder,
    option: Proposal,
    person: PersonId,
    client_id: str,
    content: bytes,
) -> Position:
    """Tell that both want an option, and have the buyer charged for it.

    Raises `TimeWrong` if the order has not that many days left.
    """
    clocks = await running(tx.conn, locked.id)
    now = max(tx.now, locked.head.at)
    within_life(locked.facts, clocks, now, timedelta(seconds=option.seconds) // DAY)
    movement = _charge_for(option)
    drafts = [
        Draft(person, ProposalAccepted(option.seq), client_id, content),
        Draft(person, OptionOrdered(option.seq, movement.cents, locked.facts.currency)),
    ]
    _, (accepted, ordered) = await timeline.append(tx, locked.head, locked.owes, drafts)
    await tx.conn.execute(
        insert(movements).values(
            order_id=locked.id,
            movement=movement.name,
            cents=movement.cents,
            seq=ordered.seq,
            at=ordered.at,
            state=Settled.ORDERED,
        )
    )
    return Position(accepted.seq, accepted.at)


async def paid(tx: Transaction, locked: LockedOrder, charged: int, told_by: int) -> None:
    """Book the charge for the option that entry `charged` proposed; `told_by` ordered it.

    The option belongs to the order from now on, with its time; if nobody wants it any more, the
    money goes back at once.
    """
    option = await find(tx.conn, locked.id, charged)
    facts, movement = locked.facts, _charge_for(option)
    cents, currency = movement.cents, facts.currency
    events: list[Event] = [
        MoneyConfirmed(told_by, cents, currency),
        MoneyHeld(cents, currency),
    ]
    if not option.charged or lapses(option, facts.state):
        back = money.refund(cents, ref=str(option.seq))
        drafts = [Draft(MARKETPLACE, e) for e in (*events, MoneyRefunded(cents, currency))]
        _, (_, held, returned) = await timeline.append(tx, locked.head, locked.owes, drafts)
        await book(tx, locked.id, movement, held)
        await post(tx, locked.id, back, returned.seq, returned.at)
        return
    now = max(tx.now, locked.head.at)
    clocks = await running(tx.conn, locked.id)
    days = timedelta(seconds=option.seconds) // DAY
    events.append(OptionAdded(option.seq, option.title, cents, currency, days))
    after, clock = delivered_later(facts, option, clocks, now)
    if clock is not None:
        was = next((c.due for c in clocks if c.timer is Timer.DELIVERY), None)
        events.append(
            DeadlineSet(clock.timer, clock.due)
            if was is None
            else DeadlineMoved(clock.timer, was, clock.due, option.seq)
        )
        await set_timer(tx, locked.id, clock, facts.policy)
    drafts = [Draft(MARKETPLACE, event) for event in events]
    _, (_, held, *_) = await timeline.append(tx, locked.head, locked.owes, drafts)
    await book(tx, locked.id, movement, held)
    await settle(tx, locked.id, option.seq, Outcome.PAID)
    await save_facts(
        tx,
        msgspec.structs.replace(
            after,
            held_cents=after.held_cents + cents,
            price_cents=after.price_cents + cents,
        ),
    )


async def unpaid(tx: Transaction, locked: LockedOrder, charged: int, told_by: int) -> None:
    """Tell that the charge for an option was refused; it waits, and may be tried again."""
    option = await find(tx.conn, locked.id, charged)
    events: list[Event] = [MoneyRefused(told_by, option.amount, locked.facts.currency)]
    if option.outcome is Outcome.ACCEPTED:
        events.append(OptionUnpaid(option.seq))
        await settle(tx, locked.id, option.seq, Outcome.UNPAID)
    drafts = [Draft(MARKETPLACE, event) for event in events]
    await timeline.append(tx, locked.head, locked.owes, drafts)


def _charge_for(option: Proposal) -> money.Movement:
    return money.hold(option.amount, ref=str(option.seq))
