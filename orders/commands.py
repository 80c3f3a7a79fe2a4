"""One function per verb: lock, decide, save, append. Each is one transaction.

Every command is repeat-safe: its client id stands on the first entry it wrote, with a digest of
its content. The same id with the same content gets the first answer again and changes nothing;
with other content it is refused. A refusal is not remembered.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import Table, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from orders import again, brief, money, policy, repeats, timeline
from orders.brief import BriefItem
from orders.brief_rows import items_of, save_items
from orders.changes import decided, post, write
from orders.database import Announcement, Database, Membership, Owes, Transaction
from orders.decisions import Decision, decide, opening_clocks
from orders.errors import IdReused, Malformed, OrderUnknown, TextTooLong
from orders.events import (
    MARKETPLACE,
    BriefItemGiven,
    DeadlineSet,
    MoneyHeld,
    OrderId,
    OrderPaid,
    PersonId,
    Role,
    State,
)
from orders.files import keep_files
from orders.locking import LockedOrder, lock, peek
from orders.patterns import CURRENCY, EMAIL, LANGUAGE, NAME, ONE_LINE
from orders.proposal_rows import open_ones
from orders.tables import orders, participants, payments, persons, requests
from orders.timeline import GENESIS, Draft, Head, Position
from orders.timers import ClockRow, restart_clocks, running
from orders.workflow import ENDED, Verb

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=ONE_LINE)]
Ref = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=NAME)]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=brief.LABEL_MAX, pattern=r"\S")]
Cents = Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A party as the marketplace knows them. `language` decides mails and sentences."""

    person: Ref
    name: Name
    email: Annotated[str, msgspec.Meta(max_length=254, pattern=EMAIL)]
    language: Annotated[str, msgspec.Meta(pattern=LANGUAGE)] = "fr"


class NewOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A paid order, as the marketplace's backend tells it."""

    reference: Ref
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=ONE_LINE)]
    category: Ref
    price_cents: Cents
    currency: Annotated[str, msgspec.Meta(pattern=CURRENCY)]
    means: money.Means
    buyer: Person
    seller: Person
    paid_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    policy: policy.Policy = policy.Policy()
    brief: Annotated[tuple[Label, ...], msgspec.Meta(max_length=brief.ITEMS_MAX)] | None = None
    """What the buyer has to give, in the seller's words; None for the list of the category."""
    predecessor: Ref | None = None
    """An ended order of the same two, to order again with its brief."""


class NewQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question about a service, as the marketplace's backend tells it: nothing is paid."""

    reference: Ref
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=ONE_LINE)]
    category: Ref
    buyer: Person
    seller: Person
    text: str = ""
    """The question itself: the buyer's first message."""
    currency: Annotated[str, msgspec.Meta(pattern=CURRENCY)] = "EUR"
    """In which the service is offered."""
    policy: policy.Policy = policy.Policy()


class Created(msgspec.Struct, frozen=True):
    """A created order; `repeated` when the request had been carried out before."""

    order: OrderId
    repeated: bool


async def create_order(
    database: Database, caller: str, key: str, new: NewOrder, said: bytes = b""
) -> Created:
    """Open the room of a paid order: money into escrow, the brief window begins to run.

    Repeat-safe by (caller, key). `said` is the request as it came, if something was added to it
    that may be something else when it comes again, such as the marketplace's settings. Raises
    `IdReused` if the key came before with other content, or if another order has the same
    `reference`, and `Malformed` if the two parties are one person, nobody could count working
    days by the policy, or the predecessor is not an ended order of the same two.
    """
    check_parties(new.buyer, new.seller)
    check_calendar(new.policy)
    content = command_digest("order.create", said or new)
    async with database.transaction() as tx:
        created = await claim(tx, caller, key, content)
        if not created.repeated:
            await _open_room(tx, created.order, new)
    return created


def check_parties(buyer: Person, seller: Person) -> None:
    """Raise `Malformed` if the two are one person."""
    if buyer.person == seller.person:
        raise Malformed(where="seller.person equals buyer.person")


def check_calendar(settings: policy.Policy) -> None:
    """Raise `Malformed` if nobody could count working days by these settings."""
    if not money.knows_country(settings.country):
        raise Malformed(where="policy.country")
    if not money.knows_time_zone(settings.time_zone):
        raise Malformed(where="policy.time_zone")


async def claim(tx: Transaction, caller: str, key: str, content: bytes) -> Created:
    """Take a new order's id for this key, or find the one it made, and announce it again.

    Raises `IdReused`.
    """
    order = OrderId("o_" + secrets.token_hex(10))
    # a rival with the same key waits here for our commit, or we for theirs
    claimed = await tx.conn.execute(
        insert_new(tx, requests).values(
            caller=caller, key=key, digest=content, order_id=order, at=tx.now
        )
    )
    if claimed.rowcount:
        return Created(order, repeated=False)
    found = (
        await tx.conn.execute(
            select(requests).where(requests.c.caller == caller, requests.c.key == key)
        )
    ).one()
    if found.digest != content:
        raise IdReused(id=key)
    upto, link = (
        await tx.conn.execute(
            select(orders.c.last_seq, orders.c.last_link).where(orders.c.id == found.order_id)
        )
    ).one()
    # asked again by who did not hear that it was opened: nor may those have heard whose it is
    tx.announcements.append(Announcement(found.order_id, 0, upto, (), link, situation=False))
    return Created(found.order_id, repeated=True)


async def enter(
    tx: Transaction,
    order: OrderId,
    new: NewOrder | NewQuestion,
    state: State,
    turn: Role | None,
) -> Owes:
    """Write the row of a new order and who is in it. Raises `IdReused` for a known reference."""
    paid = new if isinstance(new, NewOrder) else None
    opened = await tx.conn.execute(
        insert_new(tx, orders).values(
            id=order,
            reference=new.reference,
            title=new.title,
            category=new.category,
            price_cents=paid.price_cents if paid else 0,
            held_cents=paid.price_cents if paid else 0,
            currency=new.currency,
            predecessor=paid.predecessor if paid else None,
            state=state,
            state_since=tx.now,
            turn=turn,
            turn_since=tx.now,
            brief_handed=False,
            chat_tail_over=False,
            refusals=0,
            dispute_right=False,
            paused=b"[]",
            policy=policy.encode(new.policy),
            created_at=tx.now,
            last_seq=0,
            last_at=tx.now,
            last_link=GENESIS,
        )
    )
    if opened.rowcount == 0:
        raise IdReused(id=new.reference)
    members = ((Role.BUYER, new.buyer), (Role.SELLER, new.seller))
    # sorted, so that two orders in which people change places never wait in a circle
    for _, person in sorted(members, key=lambda member: member[1].person):
        await remember(tx, person)
    for role, person in members:
        await tx.conn.execute(
            insert(participants).values(
                order_id=order, person_id=person.person, role=role, read_seq=0
            )
        )
    return Owes(
        tuple(Membership(PersonId(person.person), role) for role, person in members), new.policy
    )


async def _open_room(tx: Transaction, order: OrderId, new: NewOrder) -> None:
    paid_at = min(new.paid_at or tx.now, tx.now)
    window, life = opening_clocks(paid_at, new.policy)
    owes = await enter(tx, order, new, State.AWAITING_VALIDATION, Role.BUYER)
    await tx.conn.execute(insert(payments).values(order_id=order, means=new.means, paid_at=paid_at))
    await restart_clocks(tx, [], [ClockRow(order, clock, new.policy) for clock in (window, life)])
    wanted = brief.opening(new.category, new.brief)
    before = await _predecessor(tx, new)
    if before is not None and new.brief is None:
        wanted = again.wanted_too(wanted, await items_of(tx.conn, before))
    paid = OrderPaid(
        new.title, new.category, new.price_cents, new.currency, wanted,
        before,
    )  # fmt: skip
    items = tuple(BriefItem(item.item, item.label) for item in wanted)
    opening = [
        Draft(MARKETPLACE, paid),
        Draft(MARKETPLACE, MoneyHeld(new.price_cents, new.currency)),
        Draft(MARKETPLACE, DeadlineSet(window.timer, window.due)),
    ]
    brought: list[again.Brought] = []
    if before is not None:
        brought = await again.brought(tx.conn, before, items, new.policy.note_max, len(opening))
    for event in brought:
        if isinstance(event, BriefItemGiven):
            items = brief.told(items, event)
    await save_items(tx, order, items)
    _, told = await timeline.append(
        tx,
        Head(order, 0, tx.now, GENESIS),
        owes,
        [*opening, *(Draft(PersonId(new.buyer.person), event) for event in brought)],
    )
    if before is not None:
        await keep_files(tx, before, told)
    await post(tx, order, money.hold(new.price_cents), told[1].seq, told[1].at)


async def _predecessor(tx: Transaction, new: NewOrder) -> OrderId | None:
    """Return the order that this one repeats. Raises `Malformed` if it cannot be repeated."""
    if new.predecessor is None:
        return None
    try:
        before = await peek(tx.conn, OrderId(new.predecessor))
    except OrderUnknown:
        raise Malformed(where="predecessor") from None
    parties = {(new.buyer.person, Role.BUYER), (new.seller.person, Role.SELLER)}
    same = parties <= {(member.person, member.role) for member in before.owes.members}
    if not same or before.facts.state not in ENDED:
        raise Malformed(where="predecessor")
    return before.id


async def remember(tx: Transaction, person: Person) -> None:
    """Keep the newest name, address and language the marketplace told us."""
    facts = {"name": person.name, "email": person.email, "language": person.language}
    known = await tx.conn.execute(
        update(persons).where(persons.c.id == person.person).values(**facts)
    )
    if known.rowcount == 0:
        await tx.conn.execute(insert_new(tx, persons).values(id=person.person, **facts))


async def take_step(
    database: Database,
    order: OrderId,
    person: PersonId,
    verb: Verb,
    client_id: str,
    note: str = "",
    refund_cents: int = 0,
) -> Position:
    """Take a step of the process for a member.

    `refund_cents` belongs to the mediator's split alone. Raises `OrderUnknown`, `NotYours`,
    `WrongState`, `ReasonMissing`, `AmountWrong`, `TextTooLong`, `IdReused`, `Unavailable`; in
    every case nothing was changed.
    """
    content = command_digest(verb, note, refund_cents)
    async with database.transaction() as tx:
        locked, first = await begin(tx, order, person, client_id, content)
        if first is not None:
            return first
        if len(note) > locked.facts.policy.note_max:
            raise TextTooLong(limit=locked.facts.policy.note_max, length=len(note))
        now = max(tx.now, locked.head.at)
        clocks = await running(tx.conn, order)
        role = locked.role_of(person)
        items = await items_of(tx.conn, order) if verb is Verb.START else ()
        decision = decide(locked.facts, verb, role, now, clocks, note.strip(), refund_cents, items)
        return await carry_out(tx, locked, decision, person, client_id, content)


async def begin(
    tx: Transaction, order: OrderId, person: PersonId, client_id: str, content: bytes
) -> tuple[LockedOrder, Position | None]:
    """Begin a member's command: lock the order, and find the first answer if it is a repeat.

    Raises `OrderUnknown` for a stranger, `IdReused`.
    """
    locked = await lock(tx, order)
    locked.role_of(person)
    return locked, await repeats.find(tx, locked.head, person, client_id, content)


async def carry_out(
    tx: Transaction,
    locked: LockedOrder,
    decision: Decision,
    actor: PersonId,
    client_id: str | None = None,
    content: bytes | None = None,
) -> Position:
    """Write a decision: state, clocks, money and entries, in the caller's transaction."""
    proposals = await open_ones(tx.conn, locked.id)
    change = decided(locked, decision, actor, proposals, client_id, content)
    told = (await write(tx, [change]))[locked.id]
    return Position(told[0].seq, told[0].at)


def command_digest(verb: str, *content: object) -> bytes:
    """Return the fingerprint of a command's content, to tell a repeat from a reuse of its id."""
    return hashlib.sha256(msgspec.json.encode([verb, *content])).digest()


def insert_new(tx: Transaction, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an insert that leaves an existing row alone; `rowcount` tells which it was."""
    if tx.locks_rows:
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
