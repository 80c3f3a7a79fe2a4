"""Around a call: asking for one, proposing when, and noting what was said. One transaction each.

Answers to what is proposed here are given like to any other proposal, by `orders.agreements`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import func, select

from orders import timeline
from orders.commands import begin, command_digest
from orders.database import Database, Transaction
from orders.errors import CallsClosed, CallUnknown, NotYours, RateExceeded, TextTooLong, WrongState
from orders.events import (
    CallId,
    CallRequested,
    CallTimesProposed,
    Event,
    OrderId,
    PersonId,
    PointNoted,
    Role,
)
from orders.locking import LockedOrder
from orders.proposal_rows import only_one, open_ones, save
from orders.proposals import Proposal, ProposalKind, judge_point, judge_talk
from orders.situation import call_gate, may_ask_for_call
from orders.tables import calls, entries
from orders.timeline import Draft, Position


async def ask_for_call(
    database: Database, order: OrderId, person: PersonId, client_id: str, note: str = ""
) -> Position:
    """Ask to be called, where only the other party may call.

    Raises `OrderUnknown`, `NotYours` (the person may call), `CallsClosed`, `RateExceeded`,
    `TextTooLong`, `IdReused`, `Unavailable`; nothing was changed then.
    """
    note = _clean(note)
    content = command_digest("call.request", note)
    async with database.transaction() as tx:
        locked, first = await begin(tx, order, person, client_id, content)
        if first is not None:
            return first
        facts, role = locked.facts, locked.role_of(person)
        _within(note, facts.policy.note_max)
        if not may_ask_for_call(facts, role):
            gate = call_gate(facts, role)
            if gate.open or role is not Role.BUYER:
                raise NotYours(verb="call.request", role=role)
            raise CallsClosed(state=facts.state, reason=gate.reason)
        last = await tx.conn.scalar(
            select(func.max(entries.c.at)).where(
                entries.c.order_id == order,
                entries.c.actor == person,
                entries.c.kind == "call_requested",
            )
        )
        again = last and last + timedelta(seconds=facts.policy.call_request_every)
        if again and again > tx.now:
            wait = ceil((again - tx.now).total_seconds())  # who waits so long is not refused again
            raise RateExceeded(limit="call_request_every", retry_after=wait)
        return await _tell(tx, locked, CallRequested(note), person, client_id, content)


async def propose_talk(
    database: Database,
    order: OrderId,
    person: PersonId,
    times: Sequence[datetime],
    client_id: str,
    note: str = "",
) -> Position:
    """Propose one to three times to talk.

    Raises `OrderUnknown`, `NotYours`, `WrongState`, `Malformed`, `TimeWrong`, `ProposalOpen`,
    `TextTooLong`, `IdReused`, `Unavailable`; nothing was changed then.
    """
    note = _clean(note)
    content = command_digest("talk.propose", *times, note)
    async with database.transaction() as tx:
        locked, first = await begin(tx, order, person, client_id, content)
        if first is not None:
            return first
        facts = locked.facts
        _within(note, facts.policy.note_max)
        choice = judge_talk(facts, locked.role_of(person), tuple(times), tx.now)
        await only_one(tx.conn, order, ProposalKind.TALK)
        event = CallTimesProposed(choice, note)
        place = await _tell(tx, locked, event, person, client_id, content)
        proposal = Proposal(
            place.seq, ProposalKind.TALK, person, 0, place.at, note=note, times=choice
        )
        await save(tx, order, proposal)
        return place


async def note_point(
    database: Database, order: OrderId, person: PersonId, call: CallId, text: str, client_id: str
) -> Position:
    """Note what was agreed in a call that was answered; the other one confirms it.

    Raises `OrderUnknown`, `NotYours`, `WrongState`, `CallUnknown`, `TextEmpty`, `TextTooLong`,
    `TooManyItems`, `IdReused`, `Unavailable`; nothing was changed then.
    """
    text = _clean(text)
    content = command_digest("minutes.note", call, text)
    async with database.transaction() as tx:
        locked, first = await begin(tx, order, person, client_id, content)
        if first is not None:
            return first
        waiting = [p for p in await open_ones(tx.conn, order) if p.kind is ProposalKind.POINT]
        judge_point(locked.facts, locked.role_of(person), text, len(waiting))
        found = (
            await tx.conn.execute(
                select(calls.c.answered_at, calls.c.end).where(
                    calls.c.order_id == order, calls.c.call_id == call
                )
            )
        ).first()
        if found is None:
            raise CallUnknown(call=call)
        if found.answered_at is None:
            raise WrongState(verb="minutes.note", state=found.end or "ringing")
        place = await _tell(tx, locked, PointNoted(call, text), person, client_id, content)
        await save(
            tx, order,
            Proposal(place.seq, ProposalKind.POINT, person, 0, place.at, note=text, call=call),
        )  # fmt: skip
        return place


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()  # a character that PostgreSQL cannot keep


def _within(note: str, most: int) -> None:
    if len(note) > most:
        raise TextTooLong(limit=most, length=len(note))


async def _tell(
    tx: Transaction,
    locked: LockedOrder,
    event: Event,
    person: PersonId,
    client_id: str,
    content: bytes,
) -> Position:
    draft = Draft(person, event, client_id, content)
    _, (entry,) = await timeline.append(tx, locked.head, locked.owes, [draft])
    return Position(entry.seq, entry.at)
