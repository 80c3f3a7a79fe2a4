"""Whom the marketplace bars from an order is a stranger to it at the next command (law 7)."""

from __future__ import annotations

import pytest

from orders import views
from orders.access import barred, restore, revoke
from orders.agreements import propose
from orders.commands import take_step
from orders.database import Database
from orders.errors import OrderUnknown
from orders.events import PersonId, Role
from orders.locking import peek
from orders.proposals import ProposalKind
from orders.talks import propose_talk
from orders.workflow import Verb
from realtime.notices.policy import others
from tests.orders.test_talks import times
from tests.orders.world import kinds_of, open_post_box, open_room


async def test_who_is_barred_says_and_does_nothing_and_sees_nothing(database: Database) -> None:
    room = await open_room(database)
    assert await revoke(database, room.order, room.seller)
    assert not await revoke(database, room.order, room.seller), "a second time changes nothing"
    before = await kinds_of(database, room.order)
    async with open_post_box(database) as box:
        with pytest.raises(OrderUnknown):
            await box.post(room.order, room.seller, "m1", "Bonjour")
    talk = await times(database, 2)
    for asking in (
        take_step(database, room.order, room.seller, Verb.START, "s1"),
        propose(database, room.order, room.seller, ProposalKind.TIME, 3600, "p1"),
        propose_talk(database, room.order, room.seller, talk, "t1"),
    ):
        with pytest.raises(OrderUnknown):
            await asking
    async with database.reading() as conn:
        with pytest.raises(OrderUnknown):
            await views.situation(conn, room.order, room.seller, await database.now())
        assert await barred(conn, [room.seller]) == {room.seller: frozenset({room.order})}
    assert await kinds_of(database, room.order) == before


async def test_the_others_go_on_and_whoever_comes_back_goes_on_too(database: Database) -> None:
    room = await open_room(database)
    await revoke(database, room.order, room.seller)
    async with open_post_box(database) as box:
        await box.post(room.order, room.buyer, "m1", "Vous êtes là ?")
        await restore(database, room.order, room.seller)
        await box.post(room.order, room.seller, "m2", "Me revoilà.")
    async with database.reading() as conn:
        seen = await views.situation(conn, room.order, room.seller, await database.now())
    assert seen.role is Role.SELLER


async def test_nobody_is_mailed_about_what_they_may_not_see(database: Database) -> None:
    room = await open_room(database)
    await revoke(database, room.order, room.seller)
    async with database.reading() as conn:
        owes = (await peek(conn, room.order)).owes
    assert others(owes, room.buyer) == []


async def test_a_stranger_cannot_be_barred(database: Database) -> None:
    room = await open_room(database)
    with pytest.raises(OrderUnknown):
        await revoke(database, room.order, PersonId("nobody"))
