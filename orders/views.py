"""Reading an order for somebody: membership, room, situation, the call that runs.

Reads need no lock: each is one consistent statement or one read transaction, and whatever
changes afterwards is announced.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import money, policy
from orders.among import among
from orders.brief_rows import items_of, items_of_all
from orders.errors import OrderUnknown
from orders.events import (
    WITHHELD,
    CallId,
    OrderId,
    PersonId,
    Reaction,
    RecordingId,
    Role,
    State,
    Timer,
)
from orders.files import files_of
from orders.fold import OpenCall, View
from orders.locking import peek_all
from orders.nudges import awaiting_words, possible_from
from orders.open_money import open_money
from orders.policy import Policy
from orders.proposal_rows import Shown, open_ones, shown
from orders.proposals import may_talk
from orders.situation import CallNow, ItemFile, OpenMoney, RecordingNow, Situation, see, with_brief
from orders.tables import (
    calls,
    entries,
    message_versions,
    orders,
    participants,
    persons,
    persons_in_call,
    postings,
    reactions,
    recordings,
    timers,
)
from orders.timers import running_of
from orders.watermarks import Watermarks


class Party(msgspec.Struct, frozen=True):
    """A member with what the other may know, and how far they have read."""

    person: PersonId
    role: Role
    name: str
    marks: Watermarks
    last_seen: datetime | None
    blocking: bool = False
    """They block the other party: for their own eyes."""
    hides: bool = False
    """They do not show when they are here, and do not see when others are."""


class RoomView(msgspec.Struct, frozen=True):
    """What surrounds the timeline of one order."""

    order: OrderId
    title: str
    category: str
    price_cents: int
    currency: str
    head: int
    parties: tuple[Party, ...]

    @property
    def apart(self) -> bool:
        """Whether one of the two blocks the other."""
        return any(party.blocking for party in self.parties)

    def party(self, person: PersonId) -> Party:
        """Return a member. Raises `OrderUnknown` for a stranger."""
        for party in self.parties:
            if party.person == person:
                return party
        raise OrderUnknown(order=self.order)


async def role_of(conn: AsyncConnection, order: OrderId, person: PersonId) -> Role:
    """Return the person's part in the order. Raises `OrderUnknown` for a stranger."""
    found = await conn.scalar(
        select(participants.c.role).where(
            participants.c.order_id == order,
            participants.c.person_id == person,
            participants.c.revoked_at.is_(None),
        )
    )
    if found is None:
        raise OrderUnknown(order=order)
    return Role(found)


async def room(conn: AsyncConnection, order: OrderId) -> RoomView:
    """Read what surrounds an order's timeline. Raises `OrderUnknown`."""
    found = (await rooms(conn, [order])).get(order)
    if found is None:
        raise OrderUnknown(order=order)
    return found[0]


async def rooms(
    conn: AsyncConnection, ids: Sequence[OrderId]
) -> dict[OrderId, tuple[RoomView, Policy]]:
    """Read what surrounds the timelines of several orders, and their settings."""
    rows = (await conn.execute(select(orders).where(among(orders.c.id, ids)))).all()
    found = await conn.execute(
        select(participants, persons.c.name, persons.c.last_seen, persons.c.hides_presence)
        .join(persons, persons.c.id == participants.c.person_id)
        .where(among(participants.c.order_id, ids))
        .order_by(participants.c.role)
    )
    parties: dict[OrderId, list[Party]] = {row.id: [] for row in rows}
    for p in found:
        marks = Watermarks(p.read_seq, max(p.read_seq, p.delivered_seq))
        party = Party(
            p.person_id, Role(p.role), p.name, marks, p.last_seen, p.blocking, p.hides_presence
        )
        parties.setdefault(p.order_id, []).append(party)
    return {
        row.id: (
            RoomView(
                row.id, row.title, row.category, row.price_cents, row.currency, row.last_seq,
                tuple(parties[row.id]),
            ),
            policy.decode(row.policy),
        )
        for row in rows
    }  # fmt: skip


async def situation(
    conn: AsyncConnection, order: OrderId, person: PersonId, now: datetime
) -> Situation:
    """Compute what the person may do and expects. Raises `OrderUnknown` for a stranger."""
    found = (await situations(conn, [(order, person)], now)).get((order, person))
    if found is None:
        raise OrderUnknown(order=order)
    return found


async def situations(
    conn: AsyncConnection, asked: Sequence[tuple[OrderId, PersonId]], now: datetime
) -> dict[tuple[OrderId, PersonId], Situation]:
    """Do `situation` for several persons; strangers are left out.

    What every situation needs is read for all of them together; what few need, when they do.
    """
    ids = list(dict.fromkeys(order for order, _ in asked))
    held = await peek_all(conn, ids)
    clocks = await running_of(conn, ids)
    proposed = await shown(conn, ids, now)
    paid = await open_money(conn, ids)
    ringing = await calls_now(conn, ids)
    lists = await items_of_all(conn, ids)
    seen: dict[tuple[OrderId, PersonId], Situation] = {}
    for order, person in asked:
        if order not in held or not held[order].lets_in(person):
            continue
        found = held[order]
        role = found.role_of(person)
        if found.facts.state is State.QUESTION:
            found = await awaiting_words(conn, found)
        talk = proposed.get(order, Shown())
        base = see(
            found.facts, role, now, found.head.seq, clocks.get(order, ()),
            paid.get(order, OpenMoney(None)), ringing.get(order), talk.waiting,
        )  # fmt: skip
        told = msgspec.structs.replace(
            base,
            talk_at=talk.talk_at if may_talk(found.facts) else None,
            nudge_from=await possible_from(conn, found) if role is Role.BUYER else None,
            blocking=found.facts.apart and await blocks(conn, order, person),
        )
        items = lists.get(order, ())
        known = await files_of(conn, order) if any(item.files for item in items) else {}
        shelf = {file: ItemFile(file, f.name, f.size, f.type) for file, f in known.items()}
        seen[order, person] = with_brief(told, items, shelf)
    return seen


async def blocks(conn: AsyncConnection, order: OrderId, person: PersonId) -> bool:
    """Whether this member blocks the other party."""
    found = await conn.scalar(
        select(participants.c.blocking).where(
            participants.c.order_id == order, participants.c.person_id == person
        )
    )
    return bool(found)


async def call_now(conn: AsyncConnection, order: OrderId) -> CallNow | None:
    """Return the order's call that rings or is active."""
    return (await calls_now(conn, [order])).get(order)


async def calls_now(conn: AsyncConnection, ids: Sequence[OrderId]) -> dict[OrderId, CallNow]:
    """Return the calls of some orders that ring or are active; each order has one at most."""
    there = persons_in_call
    rows = await conn.execute(
        select(
            calls,
            timers.c.due,
            there.c.call_id.label("callee_in"),
            recordings.c.recording_id,
            recordings.c.asked_by,
            recordings.c.state.label("recording_state"),
        )
        .outerjoin(
            timers,
            and_(timers.c.order_id == calls.c.order_id, timers.c.ref == calls.c.call_id),
        )
        .outerjoin(there, and_(there.c.person_id == calls.c.callee, ~there.c.held))
        .outerjoin(
            recordings,
            and_(
                recordings.c.order_id == calls.c.order_id,
                recordings.c.call_id == calls.c.call_id,
                recordings.c.state.in_(["asked", "on"]),
            ),
        )
        .where(among(calls.c.order_id, ids), calls.c.state != "ended")
    )
    return {
        row.order_id: CallNow(
            call=CallId(row.call_id),
            caller=row.caller,
            callee=row.callee,
            rang_at=row.rang_at,
            rings_until=row.due or row.answered_at or row.rang_at,
            answered_at=row.answered_at,
            # in which call somebody else is, who put this one on hold, is nobody's business
            waiting=row.answered_at is None and row.callee_in not in {None, row.call_id},
            recording=None
            if row.recording_id is None
            else RecordingNow(
                RecordingId(row.recording_id), PersonId(row.asked_by), row.recording_state
            ),
        )
        for row in rows
    }


async def snapshot(conn: AsyncConnection, order: OrderId) -> View:
    """Read from the rows what `fold.fold` builds from the entries. Raises `OrderUnknown`."""
    row = (await conn.execute(select(orders).where(orders.c.id == order))).first()
    if row is None:
        raise OrderUnknown(order=order)
    clocks = await conn.execute(
        select(timers.c.timer, timers.c.due).where(
            timers.c.order_id == order, timers.c.ref == "", timers.c.timer != Timer.ORDER_LIFE
        )
    )
    moved = await conn.execute(
        select(postings.c.movement, postings.c.cents).where(
            postings.c.order_id == order, postings.c.cents > 0
        )
    )
    cents = dict.fromkeys(money.MovementKind, 0)
    for posting in moved:
        cents[money.kind_named(posting.movement)] += posting.cents
    call = await call_now(conn, order)
    erased = await conn.scalars(
        select(entries.c.seq).where(entries.c.order_id == order, entries.c.payload.is_(None))
    )
    messages = await conn.scalar(
        select(func.count()).where(
            entries.c.order_id == order,
            entries.c.kind == "message_sent",
            entries.c.payload.is_not(None),
        )
    )
    shared = await files_of(conn, order)
    edited = await conn.scalars(
        select(message_versions.c.message)
        .join(
            entries,
            (entries.c.order_id == message_versions.c.order_id)
            & (entries.c.seq == message_versions.c.message),
        )
        .where(message_versions.c.order_id == order, entries.c.payload.is_not(None))
    )
    reacted = await conn.execute(select(reactions).where(reactions.c.order_id == order))
    return View(
        order=order,
        seq=row.last_seq,
        at=row.last_at,
        title=row.title,
        category=row.category,
        price_cents=row.price_cents,
        currency=row.currency,
        state=State(row.state),
        state_since=row.state_since,
        turn=Role(row.turn) if row.turn else None,
        turn_since=row.turn_since,
        brief_handed=row.brief_handed,
        brief=await items_of(conn, order),
        chat_tail_over=row.chat_tail_over,
        held_cents=row.held_cents,
        refunded_cents=cents[money.MovementKind.REFUND],
        released_cents=cents[money.MovementKind.RELEASE],
        expired_cents=cents[money.MovementKind.EXPIRE],
        resume=State(row.resume) if row.resume else None,
        refusals=row.refusals,
        proposals=tuple(proposal.seq for proposal in await open_ones(conn, order)),
        deadlines=tuple(sorted((Timer(clock.timer), clock.due) for clock in clocks)),
        call=OpenCall(call.call, call.caller, call.rang_at, call.answered_at) if call else None,
        messages=messages or 0,
        edited=frozenset(edited),
        reactions=frozenset(
            (row.message, PersonId(row.person_id), Reaction(row.reaction)) for row in reacted
        ),
        files=frozenset(file.seq for file in shared.values()),
        withheld=frozenset(f.seq for f in shared.values() if f.scan in WITHHELD),
        redacted=frozenset(erased),
    )
