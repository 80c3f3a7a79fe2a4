"""Money that was ordered is listed until the payment system confirms it, and never twice."""

from __future__ import annotations

import asyncio

import pytest

from orders import ledger, settlement, views
from orders.commands import take_step
from orders.database import Announcement, Database
from orders.errors import IdReused, MovementUnknown, OrderUnknown
from orders.events import OrderId
from orders.money import Account, MovementKind, Settled
from orders.settlement import Unconfirmed
from orders.workflow import Verb
from tests.orders.world import Room, kinds_of, open_room, opened, verified


async def waiting(database: Database, room: Room) -> list[Unconfirmed]:
    """What the payment system still has to carry out for this order."""
    async with database.reading() as conn:
        return [m for m in await settlement.unconfirmed(conn) if m.order == room.order]


async def cancelled(database: Database) -> Room:
    room = await open_room(database)
    await take_step(database, room.order, room.buyer, Verb.CANCEL, "c")
    return room


async def test_a_payment_needs_no_confirmation_because_the_marketplace_told_us_of_it(
    database: Database,
) -> None:
    assert await waiting(database, await open_room(database)) == []


async def test_a_refund_is_listed_until_it_is_confirmed(database: Database) -> None:
    room = await cancelled(database)
    (refund,) = await waiting(database, room)
    assert (refund.kind, refund.cents, refund.source, refund.target) == (
        MovementKind.REFUND,
        5000,
        Account.ESCROW,
        Account.PAYMENT,
    )
    async with database.reading() as conn:
        seen = await views.situation(conn, room.order, room.buyer, await database.now())
    assert seen.refund is not None
    assert not seen.refund.confirmed
    await settlement.confirm(database, room.order, refund.movement, "psp-1")
    assert await waiting(database, room) == []
    async with database.reading() as conn:
        seen = await views.situation(conn, room.order, room.buyer, await database.now())
        balances = (await ledger.read(conn, room.order)).balances
    assert seen.refund is not None
    assert seen.refund.confirmed
    assert balances[Account.ESCROW] == 0
    assert (await kinds_of(database, room.order))[-1] == "MoneyConfirmed"


async def test_confirming_again_changes_nothing_and_another_reference_is_refused(
    database: Database,
) -> None:
    room = await cancelled(database)
    (refund,) = await waiting(database, room)
    await asyncio.gather(
        *(settlement.confirm(database, room.order, refund.movement, "psp-1") for _ in range(5))
    )
    told = await kinds_of(database, room.order)
    assert told.count("MoneyConfirmed") == 1
    with pytest.raises(IdReused):
        await settlement.confirm(database, room.order, refund.movement, "psp-2")
    with pytest.raises(IdReused):
        await settlement.refuse(database, room.order, refund.movement, "late")
    assert await kinds_of(database, room.order) == told


async def test_what_is_noted_again_is_announced_again(own_database_url: str) -> None:
    """As when the process was lost between the commit and its answer: nobody heard of it."""
    async with opened(own_database_url) as database:
        room = await cancelled(database)
        for note, words in (
            (settlement.refuse, "card expired"),
            (settlement.confirm, "psp-1"),
        ):
            await note(database, room.order, "refund", words)
            heard: list[Announcement] = []
            database.on_commit(heard.extend)
            await note(database, room.order, "refund", words)
            assert [news.upto for news in heard] == [len(await kinds_of(database, room.order))]


async def test_what_was_refused_stays_listed_with_its_reason_until_it_is_confirmed(
    database: Database,
) -> None:
    room = await cancelled(database)
    (refund,) = await waiting(database, room)
    for _ in range(2):
        await settlement.refuse(database, room.order, refund.movement, "card expired")
    (still,) = await waiting(database, room)
    assert (still.state, still.reason) == (Settled.REFUSED, "card expired")
    assert (await kinds_of(database, room.order)).count("MoneyRefused") == 1
    await settlement.confirm(database, room.order, refund.movement, "psp-9")
    assert await waiting(database, room) == []
    await verified(database, room.order)


async def test_what_was_refused_keeps_nothing_that_can_be_carried_out_from_the_list(
    own_database_url: str,
) -> None:
    async with opened(own_database_url) as database:
        stuck = await cancelled(database)
        await settlement.refuse(database, stuck.order, "refund", "account closed")
        fresh = await cancelled(database)
        async with database.reading() as conn:
            first = await settlement.unconfirmed(conn, limit=1)
            both = await settlement.unconfirmed(conn)
        assert [each.order for each in first] == [fresh.order]
        assert [each.order for each in both] == [fresh.order, stuck.order]


async def test_an_unknown_movement_or_order_is_refused(database: Database) -> None:
    room = await open_room(database)
    with pytest.raises(MovementUnknown):
        await settlement.confirm(database, room.order, "refund", "psp-1")
    with pytest.raises(OrderUnknown):
        await settlement.confirm(database, OrderId("o_none"), "refund", "psp-1")


async def test_money_to_the_seller_is_ordered_too(database: Database) -> None:
    room = await open_room(database)
    for person, verb in (
        (room.seller, Verb.START),
        (room.seller, Verb.DELIVER),
        (room.buyer, Verb.CLOSE),
    ):
        await take_step(database, room.order, person, verb, str(verb), "bien")
    (release,) = await waiting(database, room)
    assert (release.kind, release.target) == (MovementKind.RELEASE, Account.SELLER)
