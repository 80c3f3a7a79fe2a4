"""Proposing more time or a part of the money back, and answering whatever was proposed.

One transaction each; repeat-safe like every command: the client id stands on the first entry
written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from orders import options, timeline
from orders.brief import agreed, told
from orders.brief_rows import items_of, save_items
from orders.changes import post, save_facts, uncharge
from orders.commands import begin, command_digest
from orders.database import Database, Transaction
from orders.decisions import OrderFacts, TimerSet
from orders.errors import TextTooLong
from orders.events import (
    CallAgreed,
    DeadlineMoved,
    DeadlineSet,
    Event,
    MoneyRefunded,
    OrderId,
    PersonId,
    PointDropped,
    ProposalAccepted,
    ProposalDeclined,
    ProposalWithdrawn,
    RefundProposed,
    Role,
    State,
    TimeProposed,
    Timer,
)
from orders.locking import LockedOrder
from orders.proposal_rows import find, only_one, save, settle, times_agreed
from orders.proposals import (
    EXTENDED_IN,
    Outcome,
    Proposal,
    ProposalKind,
    judge_answer,
    judge_refund,
    judge_time,
    lengthened,
    picked,
    refund_of,
)
from orders.timeline import Draft, Position
from orders.timers import running, set_timer


async def propose(
    database: Database,
    order: OrderId,
    person: PersonId,
    kind: ProposalKind,
    amount: int,
    client_id: str,
    note: str = "",
) -> Position:
    """Propose `amount` seconds on the running clock, or `amount` cents back to the buyer.

    Raises `OrderUnknown`, `NotYours`, `WrongState`, `TimeWrong`, `AmountWrong`, `ProposalOpen`,
    `TextTooLong`, `IdReused`, `Unavailable`; nothing was changed then.
    """
    note = note.replace("\x00", "").strip()  # a character that PostgreSQL cannot keep
    content = command_digest(f"{kind}.propose", amount, note)
    async with database.transaction() as tx:
        locked, first = await begin(tx, order, person, client_id, content)
        if first is not None:
            return first
        facts, role = locked.facts, locked.role_of(person)
        if len(note) > facts.policy.note_max:
            raise TextTooLong(limit=facts.policy.note_max, length=len(note))
        timer: Timer | None = None
        event: Event
        if kind is ProposalKind.TIME:
            clock = EXTENDED_IN.get(facts.state)
            times = await times_agreed(tx.conn, order, clock) if clock else 0
            timer = judge_time(facts, role, amount, times)
            event = TimeProposed(timer, amount, note)
        else:
            judge_refund(facts, role, amount)
            event = RefundProposed(amount, facts.currency, note)
        await only_one(tx.conn, order, kind)
        draft = Draft(person, event, client_id, content)
        _, (entry,) = await timeline.append(tx, locked.head, locked.owes, [draft])
        await save(tx, order, Proposal(entry.seq, kind, person, amount, entry.at, timer, note))
        return Position(entry.seq, entry.at)


async def answer(
    database: Database,
    order: OrderId,
    person: PersonId,
    proposal: int,
    outcome: Outcome,
    client_id: str,
    at: datetime | None = None,
) -> Position:
    """Accept, decline or withdraw a proposal; `at` says which of several times to talk is meant.

    Raises `OrderUnknown`, `ProposalUnknown`, `ProposalOver`, `NotYours`, `WrongState`,
    `TimeWrong`, `AmountWrong`, `Malformed` (no such time), `IdReused`, `Unavailable`; nothing
    was changed then.
    """
    content = command_digest(f"proposal.{outcome}", proposal, *([at] if at else []))
    async with database.transaction() as tx:
        locked, first = await begin(tx, order, person, client_id, content)
        if first is not None:
            return first
        found = await find(tx.conn, order, proposal)
        judge_answer(found, person, locked.role_of(person), outcome)
        chosen: datetime | None = None
        events: list[Event]
        if outcome is not Outcome.ACCEPTED:
            if found.charged:
                await uncharge(tx, [(order, proposal)])
            events = [_ended_by(found, outcome)]
        elif found.kind is ProposalKind.TALK:
            chosen = picked(found, at, tx.now)
            events = [CallAgreed(proposal, chosen)]
        elif found.kind is ProposalKind.POINT:
            before = await items_of(tx.conn, order)
            item = agreed(before, proposal, found.note)
            await save_items(tx, order, told(before, item), before)
            events = [item]
        else:
            await settle(tx, order, proposal, outcome)
            return await _agree(tx, locked, found, person, client_id, content)
        await settle(tx, order, proposal, outcome, chosen)
        return await _tell(tx, locked, events, person, client_id, content)


def _ended_by(found: Proposal, outcome: Outcome) -> Event:
    if found.kind is ProposalKind.POINT:
        return PointDropped(found.seq)
    if outcome is Outcome.WITHDRAWN:
        return ProposalWithdrawn(found.seq)
    return ProposalDeclined(found.seq)


async def _agree(
    tx: Transaction,
    locked: LockedOrder,
    found: Proposal,
    person: PersonId,
    client_id: str,
    content: bytes,
) -> Position:
    facts = locked.facts
    accepted = ProposalAccepted(found.seq)
    if found.kind is ProposalKind.OPTION:
        return await options.charge(tx, locked, found, person, client_id, content)
    if found.kind is ProposalKind.REFUND:
        movement = refund_of(facts, found)
        refunded = MoneyRefunded(movement.cents, facts.currency)
        place = await _tell(tx, locked, [accepted, refunded], person, client_id, content)
        await post(tx, locked.id, movement, place.seq + 1, place.at)
        await save_facts(
            tx, msgspec.structs.replace(facts, held_cents=facts.held_cents - movement.cents)
        )
        return place
    now = max(tx.now, locked.head.at)
    clocks = await running(tx.conn, locked.id)
    clock = lengthened(facts, found, clocks, now)
    was = next((c.due for c in clocks if c.timer is clock.timer), None)
    moved: Event = (
        DeadlineMoved(clock.timer, was, clock.due, found.seq)
        if was is not None
        else DeadlineSet(clock.timer, clock.due)
    )
    await set_timer(tx, locked.id, clock, facts.policy)
    place = await _tell(tx, locked, [accepted, moved], person, client_id, content)
    await save_facts(tx, _after_extension(locked, clock, now))
    return place


def _after_extension(locked: LockedOrder, clock: TimerSet, now: datetime) -> OrderFacts:
    """Return the order once its clock was lengthened; a late one is in progress again."""
    facts = locked.facts
    if clock.timer is Timer.DELIVERY:
        facts = msgspec.structs.replace(facts, delivery_due=clock.due)
    if facts.state is State.LATE:
        facts = msgspec.structs.replace(
            facts, state=State.IN_PROGRESS, state_since=now, turn=Role.SELLER, turn_since=now
        )
    return facts


async def _tell(
    tx: Transaction,
    locked: LockedOrder,
    events: Sequence[Event],
    person: PersonId,
    client_id: str,
    content: bytes,
) -> Position:
    first, *others = events
    drafts = [Draft(person, first, client_id, content), *(Draft(person, e) for e in others)]
    _, (entry, *_) = await timeline.append(tx, locked.head, locked.owes, drafts)
    return Position(entry.seq, entry.at)
