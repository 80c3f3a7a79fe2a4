"""Before the order: a question, and what becomes of it. One transaction each.

A question is an order in the state `question`: the two may talk and call, nothing is paid and no
clock runs. Paying makes *this same* order one that awaits validation, so that what was said
before belongs to its history and to its record. A question that comes to nothing may simply
stay, as a letter in a drawer does: it holds no money and nobody waits for a clock. Whoever wants
it out of the way puts it away, which is an end: to ask again is a new question.

Commands of the marketplace's backend; their client id is its idempotency key. A party puts a
question away by a step like any other, `commands.take_step`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from orders import brief, money, policy, repeats, timeline
from orders.brief import BriefItem
from orders.brief_rows import save_items
from orders.commands import (
    Cents,
    Created,
    Label,
    NewQuestion,
    Ref,
    carry_out,
    check_calendar,
    check_parties,
    claim,
    command_digest,
    enter,
)
from orders.database import Database
from orders.decisions import decide, pay
from orders.errors import IdReused, TextTooLong
from orders.events import (
    MARKETPLACE,
    MessageSent,
    OrderId,
    OrderPaid,
    PersonId,
    QuestionAsked,
    State,
)
from orders.locking import lock
from orders.patterns import CURRENCY, ONE_LINE
from orders.tables import orders, payments
from orders.timeline import GENESIS, Draft, Head, Position
from orders.workflow import Operator, Verb


class Payment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the buyer of a question paid for; what is None stays as it was asked about."""

    price_cents: Cents
    currency: Annotated[str, msgspec.Meta(pattern=CURRENCY)]
    means: money.Means
    paid_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    reference: Ref | None = None
    """The shop's own number of the order, if it is not that of the question."""
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=ONE_LINE)] | None = (
        None
    )
    category: Ref | None = None
    policy: policy.Policy | None = None
    brief: Annotated[tuple[Label, ...], msgspec.Meta(max_length=brief.ITEMS_MAX)] | None = None
    """What the buyer has to give, in the seller's words; None for the list of the category."""


async def ask(
    database: Database, caller: str, key: str, new: NewQuestion, said: bytes = b""
) -> Created:
    """Open a question thread; `text` is its first message, by the buyer.

    Repeat-safe by (caller, key); `said` as in `create_order`. Raises `IdReused` if the key came
    before with other content, or if another order has the same `reference`; `Malformed` and
    `TextTooLong`.
    """
    check_parties(new.buyer, new.seller)
    check_calendar(new.policy)
    if len(new.text) > new.policy.text_max:
        raise TextTooLong(limit=new.policy.text_max, length=len(new.text))
    words = new.text.replace("\x00", "").strip()  # a character that PostgreSQL cannot keep
    content = command_digest("question.ask", said or new)
    async with database.transaction() as tx:
        created = await claim(tx, caller, key, content)
        if created.repeated:
            return created
        owes = await enter(tx, created.order, new, State.QUESTION, None)
        drafts = [Draft(MARKETPLACE, QuestionAsked(new.title, new.category, new.currency))]
        if words:
            drafts.append(Draft(PersonId(new.buyer.person), MessageSent(words)))
        await timeline.append(tx, Head(created.order, 0, tx.now, GENESIS), owes, drafts)
    return created


async def pay_question(
    database: Database, order: OrderId, key: str, payment: Payment, said: bytes = b""
) -> Position:
    """Make an order of a question (T1): money into escrow, the brief window begins to run.

    Repeat-safe by `key`; `said` as in `create_order`. Raises `OrderUnknown`, `WrongState` if it
    is no open question, `Malformed`, `IdReused` for a key that came with other content and for a
    known reference.
    """
    content = command_digest(Verb.PAY, said or payment)
    async with database.transaction() as tx:
        locked = await lock(tx, order)
        first = await repeats.find(tx, locked.head, MARKETPLACE, key, content)
        if first is not None:
            return first
        row = (await tx.conn.execute(select(orders).where(orders.c.id == order))).one()
        title, category = payment.title or row.title, payment.category or row.category
        settings = payment.policy or locked.facts.policy
        check_calendar(settings)
        wanted = brief.opening(category, payment.brief)
        paid = OrderPaid(title, category, payment.price_cents, payment.currency, wanted)
        paid_at = min(payment.paid_at or tx.now, tx.now)
        decision = pay(locked.facts, paid, settings, paid_at, max(tx.now, locked.head.at))
        renamed = update(orders).where(orders.c.id == order)
        try:
            async with tx.conn.begin_nested():
                await tx.conn.execute(
                    renamed.values(
                        reference=payment.reference or row.reference,
                        title=title,
                        category=category,
                        currency=payment.currency,
                        policy=policy.encode(settings),
                    )
                )
        except IntegrityError:
            raise IdReused(id=str(payment.reference)) from None
        await tx.conn.execute(
            insert(payments).values(order_id=order, means=payment.means, paid_at=paid_at)
        )
        await save_items(tx, order, tuple(BriefItem(i.item, i.label) for i in wanted))
        owes = msgspec.structs.replace(locked.owes, policy=settings)
        locked = msgspec.structs.replace(locked, owes=owes)
        return await carry_out(tx, locked, decision, MARKETPLACE, key, content)


async def put_away(database: Database, order: OrderId, key: str, note: str = "") -> Position:
    """Put a question away for the marketplace (H2).

    Repeat-safe by `key`. Raises `OrderUnknown`, `WrongState`, `TextTooLong`, `IdReused`.
    """
    content = command_digest(Verb.CLOSE_QUESTION, note)
    async with database.transaction() as tx:
        locked = await lock(tx, order)
        first = await repeats.find(tx, locked.head, MARKETPLACE, key, content)
        if first is not None:
            return first
        if len(note) > locked.facts.policy.note_max:
            raise TextTooLong(limit=locked.facts.policy.note_max, length=len(note))
        now = max(tx.now, locked.head.at)
        by = Operator.MARKETPLACE
        decision = decide(locked.facts, Verb.CLOSE_QUESTION, by, now, (), note.strip())
        return await carry_out(tx, locked, decision, MARKETPLACE, key, content)
