"""Processes that stop, die or are held up, and what the others make of it."""

import asyncio
import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from orders.clock import Sweeper
from orders.database import Database
from orders.errors import Unavailable
from orders.events import CLOCK, CallEnd, CallEnded
from orders.tables import media_processes, orders
from realtime.voice import callbook, carriers
from realtime.voice.limits import VoiceLimits
from realtime.voice.node import Node
from tests.orders.world import Watch, open_room, opened
from tests.realtime.voice.desk import LIMITS, Desk, desk, end_of, free, told, until
from tests.realtime.voice.peer import Peer


async def test_what_another_process_decided_reaches_the_node(database: Database) -> None:
    room = await open_room(database)
    quick = VoiceLimits(renew_seconds=0.05, lag_seconds=60.0)
    async with desk(database, quick) as office, Peer() as buyer:
        call = await office.ring(room)
        await office.offer(room, room.buyer, call, buyer)
        other = Desk(database)
        await other.board.accept(room.order, room.seller, call, "accept")
        async with asyncio.timeout(60):
            while office.board.node.hearing(call, room.seller) is None:
                await asyncio.sleep(0.02)
        await other.board.hang_up(room.order, room.seller, call, "bye")
        async with asyncio.timeout(60):
            while call in office.board.node.calls:
                await asyncio.sleep(0.02)


async def test_calls_of_a_process_that_stops_end_if_nobody_takes_them(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database)
        async with desk(database) as office:
            call = await office.talk(room)
        await callbook.end_lapsed(database)
        assert len(await told(database, room)) == 2
        watch.forward(seconds=6)
        await callbook.end_lapsed(database)
        assert (await told(database, room))[-1] == (CLOCK, CallEnded(call, CallEnd.STOPPED, 6))


async def test_calls_of_a_process_that_stops_go_on_at_another_or_after_its_restart(
    database: Database,
) -> None:
    room = await open_room(database)
    async with desk(database) as office, Peer() as buyer, Peer() as again:
        call = await office.talk(room)
        await office.offer(room, room.buyer, call, buyer)
        await office.leave()
        async with desk(database) as next_one:
            async with asyncio.timeout(60):
                while (room.buyer, "moved") not in next_one.signals:
                    await asyncio.sleep(0.02)
            assert (room.seller, "moved") in next_one.signals
            await next_one.offer(room, room.buyer, call, again)
            assert next_one.board.node.hearing(call, room.buyer) is not None
            await next_one.board.hang_up(room.order, room.buyer, call, "bye")
    assert await end_of(database, room) == (room.buyer, CallEnd.COMPLETED)


async def test_a_lapsed_lease_ends_its_calls_where_nobody_can_take_them(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        talking, ringing = [await open_room(database) for _ in range(2)]
        dead, sweeping = Desk(database), Desk(database)
        await dead.talk(talking)
        await dead.ring(ringing)
        sweeper = Sweeper(database, chores=[sweeping.board.end_lapsed])
        watch.forward(seconds=2)
        await sweeper.sweep()
        assert len(await told(database, talking)) == 2
        watch.forward(seconds=3)
        await sweeper.sweep()
        await sweeper.sweep()
        for room, count, seconds in ((talking, 3, 5), (ringing, 2, 0)):
            call = await dead.call(room)
            events = await told(database, room)
            assert len(events) == count
            assert events[-1] == (CLOCK, CallEnded(call, CallEnd.FAILED, seconds))
            assert await free(database, room)
        await dead.board.node.close()


async def test_a_lapsed_lease_moves_its_calls_to_a_living_process(own_database_url: str) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        talking, elsewhere = [await open_room(database) for _ in range(2)]
        dead, alive = Desk(database), Desk(database)
        call = await dead.talk(talking)
        watch.forward(seconds=2)
        await alive.ring(elsewhere)
        watch.forward(seconds=2)
        await Sweeper(database, chores=[alive.board.end_lapsed]).sweep()
        assert len(await told(database, talking)) == 2
        assert {(talking.buyer, "moved"), (talking.seller, "moved")} <= set(alive.signals)
        async with database.reading() as conn:
            found = await callbook.find(conn, talking.order, call)
        assert found.incarnation == alive.board.node.incarnation
        for each in (dead, alive):
            await each.board.node.close()


async def test_a_process_that_starts_ends_no_call_that_it_will_take_over(
    own_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, proved = Watch(), asyncio.Event()
    prove = Node.prove

    async def slowly(node: Node) -> None:
        await proved.wait()
        await prove(node)

    async with opened(own_database_url, watch) as database:
        room = await open_room(database)
        dead = Desk(database)
        call = await dead.talk(room)
        watch.forward(seconds=60)
        monkeypatch.setattr(Node, "prove", slowly)
        async with desk(database) as restarted:
            await asyncio.sleep(0)  # it has begun to start
            await restarted.board.end_lapsed()
            assert len(await told(database, room)) == 2
            proved.set()
            async with asyncio.timeout(60):
                while call not in restarted.board.node.calls:
                    await asyncio.sleep(0.02)
            assert len(await told(database, room)) == 2
        await dead.board.node.close()


async def test_an_overloaded_process_keeps_its_calls_and_gets_no_further_one(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        talking, elsewhere = [await open_room(database) for _ in range(2)]
        loaded, other = Desk(database), Desk(database)
        call = await loaded.talk(talking)
        await other.ring(elsewhere)
        loaded.board.node._limits = VoiceLimits(lag_seconds=-1.0)  # from now on it is too late
        watch.forward(seconds=2)
        for each in (loaded, other):
            await each.board._carried.keep_lease(await database.now())
            await each.board._carried._rescue()
        async with database.reading() as conn:
            found = await callbook.find(conn, talking.order, call)
            free = await carriers.least_loaded(conn, database)
        assert found.incarnation == loaded.board.node.incarnation
        assert free == other.board.node.incarnation
        assert not [media for _, media in loaded.signals if media == "moved"]
        with pytest.raises(Unavailable):
            await loaded.ring(await open_room(database))
        for each in (loaded, other):
            await each.board.node.close()


async def test_processes_that_stood_still_together_do_not_take_each_others_calls(
    own_database_url: str,
) -> None:
    async with opened(own_database_url) as database:
        room = await open_room(database)
        async with desk(database) as other, desk(database) as office:
            call = await office.talk(room)
            time.sleep(LIMITS.lease_seconds + 1)  # the event loop of both stands still
            woke = await database.now()
            await until(lambda: _renewed_since(database, woke, 2))
            async with database.reading() as conn:
                found = await callbook.find(conn, room.order, call)
            assert found.incarnation == office.board.node.incarnation
            assert "moved" not in {word for _, word in (*other.signals, *office.signals)}


async def _renewed_since(database: Database, moment: datetime, number: int) -> bool:
    """Whether so many processes have a lease that was renewed since."""
    least = moment + timedelta(seconds=LIMITS.lease_seconds)
    async with database.reading() as conn:
        leases = await conn.scalars(select(media_processes.c.lease_until))
        return [lease > least for lease in leases].count(True) == number


async def test_a_process_that_was_held_up_does_not_end_its_own_calls(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        room = await open_room(database)
        async with desk(database) as office:
            await office.talk(room)
            watch.forward(seconds=60)
            await office.board.end_lapsed()
            assert len(await told(database, room)) == 2


async def test_a_call_that_cannot_be_ended_does_not_keep_others_from_ending(
    own_database_url: str,
) -> None:
    """The order of the first is gone: nothing of ours does that, a restored table might."""
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        broken, whole = await open_room(database), await open_room(database)
        office = Desk(database)
        await office.ring(broken)
        await office.ring(whole)
        async with database.transaction() as tx:
            await tx.conn.execute(orders.delete().where(orders.c.id == broken.order))
        watch.forward(seconds=7)
        await callbook.end_lapsed(database)
        assert await end_of(database, whole) == (CLOCK, CallEnd.FAILED)
