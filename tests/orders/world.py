"""What the tests of an order begin with: facts for the pure rules, paid orders for the database."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from orders import timeline
from orders.commands import NewOrder, NewQuestion, Person, create_order
from orders.database import Database
from orders.decisions import OrderFacts
from orders.events import Entry, OrderId, PersonId, Role, State
from orders.money import Means
from orders.policy import Policy
from orders.posting import PostBox
from orders.questions import Payment, ask
from orders.workflow import ENDED, UNPAID, Verb

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
"""An ordinary Monday morning."""


ALLOWED = {
    (State.QUESTION, Verb.CLOSE_QUESTION, Role.BUYER): State.QUESTION_CLOSED,
    (State.QUESTION, Verb.CLOSE_QUESTION, Role.SELLER): State.QUESTION_CLOSED,
    (State.AWAITING_VALIDATION, Verb.HAND_OVER, Role.BUYER): State.AWAITING_VALIDATION,
    (State.AWAITING_VALIDATION, Verb.START, Role.SELLER): State.IN_PROGRESS,
    (State.AWAITING_VALIDATION, Verb.CANCEL, Role.BUYER): State.CANCELLED,
    (State.AWAITING_VALIDATION, Verb.DECLINE, Role.SELLER): State.CANCELLED,
    (State.IN_PROGRESS, Verb.DELIVER, Role.SELLER): State.DELIVERED,
    (State.LATE, Verb.DELIVER, Role.SELLER): State.DELIVERED,
    (State.LATE, Verb.CANCEL, Role.BUYER): State.CANCELLED,
    (State.DELIVERED, Verb.CLOSE, Role.BUYER): State.CLOSED,
    (State.IN_PROGRESS, Verb.REQUEST_CANCEL, Role.BUYER): State.CANCEL_REQUESTED,
    (State.CANCEL_REQUESTED, Verb.WITHDRAW_CANCEL, Role.BUYER): State.IN_PROGRESS,
    (State.CANCEL_REQUESTED, Verb.ACCEPT_CANCEL, Role.SELLER): State.CANCELLED,
    (State.CANCEL_REQUESTED, Verb.REFUSE_CANCEL, Role.SELLER): State.IN_PROGRESS,
    (State.DELIVERED, Verb.REQUEST_REVISION, Role.BUYER): State.REVISION_REQUESTED,
    (State.REVISION_REQUESTED, Verb.ACCEPT_REVISION, Role.SELLER): State.IN_PROGRESS,
    (State.REVISION_REQUESTED, Verb.REFUSE_REVISION, Role.SELLER): State.REVISION_REFUSED,
    (State.REVISION_REFUSED, Verb.CLOSE, Role.BUYER): State.CLOSED,
    (State.REVISION_REFUSED, Verb.DISPUTE, Role.BUYER): State.FROZEN,
    (State.IN_PROGRESS, Verb.GIVE_UP, Role.SELLER): State.CANCELLED,
    (State.LATE, Verb.GIVE_UP, Role.SELLER): State.CANCELLED,
    (State.REVISION_REQUESTED, Verb.GIVE_UP, Role.SELLER): State.CANCELLED,
    (State.REVISION_REFUSED, Verb.GIVE_UP, Role.SELLER): State.CANCELLED,
    (State.FROZEN, Verb.DECIDE_REFUND, Role.MEDIATOR): State.CANCELLED,
    (State.FROZEN, Verb.DECIDE_SPLIT, Role.MEDIATOR): State.CLOSED,
    (State.FROZEN, Verb.DECIDE_PAY, Role.MEDIATOR): State.CLOSED,
    (State.FROZEN, Verb.DECIDE_RESUME, Role.MEDIATOR): State.IN_PROGRESS,
}
"""Who may do what, when, and where it leads: written down a second time, from the issue."""


class Room(msgspec.Struct, frozen=True):
    """A paid order in the database, and the two people in it."""

    order: OrderId
    buyer: PersonId
    seller: PersonId

    def person(self, role: Role) -> PersonId:
        return self.buyer if role is Role.BUYER else self.seller


class Watch:
    """A clock that shows what the test set it to; handed to `Database.open`."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **length: float) -> datetime:
        """Move on, or back with a negative length; the arguments are those of `timedelta`."""
        self.now += timedelta(**length)
        return self.now


def facts(state: State = State.AWAITING_VALIDATION, **others: object) -> OrderFacts:
    """An order of 50 euros, all of it in escrow unless it has ended or was never paid."""
    ended = state in ENDED | UNPAID
    plain = OrderFacts(
        id=OrderId("o_1"),
        state=state,
        state_since=MONDAY,
        turn=None if ended else Role.BUYER,
        turn_since=MONDAY,
        brief_handed=False,
        price_cents=0 if state in UNPAID else 5000,
        held_cents=0 if ended else 5000,
        currency="EUR",
        chat_tail_over=False,
        policy=Policy(),
    )
    return msgspec.structs.replace(plain, **others)


def new_order(policy: Policy | None = None, **others: object) -> NewOrder:
    """A paid order between two people whom no other test knows."""
    mark = secrets.token_hex(6)
    plain = NewOrder(
        reference=f"shop-{mark}",
        title="Voix off de deux minutes",
        category="voice-over",
        price_cents=5000,
        currency="EUR",
        means=Means.CARD,
        buyer=Person(f"buyer-{mark}", "Inès", f"ines-{mark}@post.test"),
        seller=Person(f"seller-{mark}", "Tom", f"tom-{mark}@post.test", "en"),
        policy=policy or Policy(),
        brief=(),  # a test that is about the readiness list asks for one
    )
    return msgspec.structs.replace(plain, **others)


async def open_room(database: Database, policy: Policy | None = None, **others: object) -> Room:
    """Create a paid order and return who is in it."""
    new = new_order(policy, **others)
    created = await create_order(database, "shop", new.reference, new)
    return Room(created.order, PersonId(new.buyer.person), PersonId(new.seller.person))


def new_question(text: str = "Lisez-vous aussi en breton ?", **others: object) -> NewQuestion:
    """A question between two people whom no other test knows."""
    order = new_order()
    plain = NewQuestion(
        reference=order.reference,
        title=order.title,
        category=order.category,
        buyer=order.buyer,
        seller=order.seller,
        text=text,
    )
    return msgspec.structs.replace(plain, **others)


async def open_question(database: Database, text: str = "Lisez-vous aussi en breton ?") -> Room:
    """Ask a question and return who is in it."""
    new = new_question(text)
    created = await ask(database, "shop", new.reference, new)
    return Room(created.order, PersonId(new.buyer.person), PersonId(new.seller.person))


PAYMENT = Payment(price_cents=5000, currency="EUR", means=Means.CARD, brief=())


async def entries_of(database: Database, order: OrderId, after: int = 0) -> list[Entry]:
    """Read the timeline of an order, all of it that follows `after`."""
    async with database.reading() as conn:
        rows = await timeline.read(conn, order, after, 100_000)
    return [timeline.entry(row) for row in rows]


async def kinds_of(database: Database, order: OrderId, after: int = 0) -> list[str]:
    """Name what happened to an order, in order."""
    return [
        type(entry.event).__name__ if entry.event else "redacted"
        for entry in await entries_of(database, order, after)
    ]


async def verified(database: Database, order: OrderId) -> int:
    """Walk the order's chain of hashes; return how many entries it has."""
    async with database.reading() as conn:
        return await timeline.verify(conn, order)


@asynccontextmanager
async def open_post_box(database: Database) -> AsyncIterator[PostBox]:
    """A post box with its task running."""
    box = PostBox(database)
    running = asyncio.create_task(box.run())
    try:
        yield box
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def opened(url: str, clock: Callable[[], datetime] | None = None) -> AsyncIterator[Database]:
    """A database opened for the length of a test, with a clock of the test's own if it likes."""
    database = await Database.open(url, clock)
    try:
        yield database
    finally:
        await database.close()
