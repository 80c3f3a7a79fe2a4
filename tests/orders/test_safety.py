"""Reporting and blocking somebody on an order."""

import asyncio

import pytest

from orders import safety, views
from orders.commands import Person
from orders.database import Database
from orders.errors import (
    Blocked,
    IdReused,
    MessageUnknown,
    NotYours,
    OrderUnknown,
    ReasonMissing,
    Refused,
    ReportUnknown,
    TextTooLong,
    TooManyOpen,
)
from orders.events import PersonId
from orders.mediation import freeze, send_mediator
from orders.nudging import nudge
from orders.policy import Policy
from orders.reports import ReportReason
from orders.situation import GateReason, Situation
from tests.orders.world import Room, entries_of, open_post_box, open_room


@pytest.fixture
async def room(database: Database) -> Room:
    """An order whose entry 4 is a message of the seller."""
    room = await open_room(database, Policy(note_max=20))
    async with open_post_box(database) as box:
        await box.post(room.order, room.seller, "m-1", "payez-moi ailleurs")
    return room


async def _see(database: Database, room: Room, person: PersonId) -> Situation:
    async with database.reading() as conn:
        return await views.situation(conn, room.order, person, await database.now())


async def test_a_report_reaches_the_marketplace_and_leaves_no_trace_on_the_timeline(
    database: Database, room: Room
) -> None:
    taken = await safety.report(
        database, room.order, room.buyer, "r1", ReportReason.CONTACT, 4, "il insiste"
    )
    again = await safety.report(
        database, room.order, room.buyer, "r1", ReportReason.CONTACT, 4, "il insiste"
    )
    assert again == taken
    async with database.reading() as conn:
        (found,) = await safety.reports_of(conn, room.order)
    assert (found.report, found.by, found.about) == (taken.report, room.buyer, room.seller)
    assert (found.message, found.reason, found.note) == (4, ReportReason.CONTACT, "il insiste")
    assert len(await entries_of(database, room.order)) == 4


async def test_a_person_can_be_reported_without_a_message(database: Database, room: Room) -> None:
    await safety.report(database, room.order, room.seller, "r1", ReportReason.SPAM)
    async with database.reading() as conn:
        (found,) = await safety.reports_of(conn, room.order)
    assert (found.about, found.message) == (room.buyer, None)


async def test_a_handled_report_waits_no_longer(database: Database, room: Room) -> None:
    taken = await safety.report(database, room.order, room.buyer, "r1", ReportReason.SCAM)
    first = await safety.handle(database, room.order, taken.report, "averti")
    assert await safety.handle(database, room.order, taken.report, "autre chose") == first
    async with database.reading() as conn:
        assert await safety.reports_of(conn, room.order) == []
        assert await safety.reports_of(conn, room.order, handled=True) == [first]
    with pytest.raises(ReportUnknown):
        await safety.handle(database, room.order, "r_none", "")


async def test_only_a_mediator_reads_the_reports_of_an_order(
    database: Database, room: Room
) -> None:
    await safety.report(database, room.order, room.buyer, "r1", ReportReason.SCAM)
    await freeze(database, room.order, "f1")
    mediator = Person(f"mediator-{room.order}", "Maude", "maude@post.test")
    await send_mediator(database, room.order, "m1", mediator)
    async with database.reading() as conn:
        for person in (room.buyer, room.seller):
            role = await views.role_of(conn, room.order, person)
            with pytest.raises(NotYours):
                await safety.reports_for_mediator(conn, room.order, role)
        role = await views.role_of(conn, room.order, PersonId(mediator.person))
        assert len(await safety.reports_for_mediator(conn, room.order, role)) == 1
    with pytest.raises(NotYours):
        await safety.block(database, room.order, PersonId(mediator.person), on=True)


async def test_a_report_that_says_too_little_or_too_much_is_refused(
    database: Database, room: Room
) -> None:
    wrong: list[tuple[type[Refused], ReportReason, int | None, str]] = [
        (ReasonMissing, ReportReason.OTHER, None, "  "),
        (TextTooLong, ReportReason.OTHER, None, "x" * 21),
        (MessageUnknown, ReportReason.SPAM, 1, ""),
        (MessageUnknown, ReportReason.SPAM, 99, ""),
    ]
    for refused, reason, message, note in wrong:
        with pytest.raises(refused):
            await safety.report(database, room.order, room.buyer, "r1", reason, message, note)
    with pytest.raises(OrderUnknown):
        await safety.report(database, room.order, PersonId("x"), "r1", ReportReason.SPAM)
    await safety.report(database, room.order, room.buyer, "r1", ReportReason.SPAM)
    with pytest.raises(IdReused):
        await safety.report(database, room.order, room.buyer, "r1", ReportReason.SCAM)
    for number in range(2, safety.REPORTS_MOST + 1):
        await safety.report(database, room.order, room.buyer, f"r{number}", ReportReason.SPAM)
    with pytest.raises(TooManyOpen):
        await safety.report(database, room.order, room.buyer, "one-more", ReportReason.SPAM)


async def test_blocking_ends_calls_and_nudges_and_not_the_order(
    database: Database, room: Room
) -> None:
    for _ in range(2):
        await safety.block(database, room.order, room.seller, on=True)
    buyer, seller = [await _see(database, room, p) for p in (room.buyer, room.seller)]
    for seen in (buyer, seller):
        assert (seen.calls.open, seen.calls.reason) == (False, GateReason.BLOCKED)
        assert seen.chat.open
        assert seen.actions
    assert (buyer.blocking, seller.blocking) == (False, True)
    with pytest.raises(Blocked):
        await nudge(database, room.order, room.buyer, "n1")
    async with open_post_box(database) as box:
        await box.post(room.order, room.buyer, "m-2", "et ma commande ?")
    await safety.block(database, room.order, room.seller, on=False)
    assert (await _see(database, room, room.buyer)).calls.open


async def test_the_two_are_apart_until_neither_blocks_the_other(
    database: Database, room: Room
) -> None:
    both = (room.buyer, room.seller)
    await asyncio.gather(*(safety.block(database, room.order, p, on=True) for p in both))
    await safety.block(database, room.order, room.buyer, on=False)
    assert not (await _see(database, room, room.buyer)).calls.open
    await safety.block(database, room.order, room.seller, on=False)
    assert (await _see(database, room, room.buyer)).calls.open
