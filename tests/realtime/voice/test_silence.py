"""Law 8: no call outlives its media process, and both parties see why it ended."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from orders.clock import Sweeper
from orders.database import Database
from orders.events import CLOCK, CallEnd, CallEnded, CallId, Timer
from orders.views import situation
from realtime.patience import Patience
from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.signalling import Switchboard
from tests.orders.world import Room, entries_of, open_room, opened, verified

ROOT = Path(__file__).parents[3]
LEASE = VoiceLimits().lease_seconds
"""Of the process that is killed, see `doomed`."""


async def ended(database: Database, room: Room) -> list[CallEnded]:
    events = [entry.event for entry in await entries_of(database, room.order)]
    return [event for event in events if isinstance(event, CallEnded)]


async def test_a_killed_media_process_ends_its_call_for_both(own_database_url: str) -> None:
    async with opened(own_database_url) as database:
        room = await open_room(database)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "tests/realtime/voice/doomed.py"),
            own_database_url,
            room.order,
            room.buyer,
            room.seller,
            stdout=PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None
        call = CallId((await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip())

        # Another process, which carries no call, sweeps as every process does.
        other = Switchboard(
            database, limits=VoiceLimits(), reach=Reach(), on_signal=lambda *_: None
        )
        sweeper = Sweeper(database, {Timer.RING: other.fire_ring}, [other.end_lapsed])
        sweeping = asyncio.create_task(sweeper.run())

        # While the process lives, its lease is renewed, and the call goes on beyond one lease.
        await asyncio.sleep(LEASE + 1)
        assert await ended(database, room) == []

        process.send_signal(signal.SIGKILL)
        await process.wait()
        async with Patience(LEASE + 3):
            while not await ended(database, room):
                await asyncio.sleep(0.05)
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)
        await sweeper.sweep()

        (event,) = await ended(database, room)
        assert (event.call, event.end) == (call, CallEnd.FAILED)
        assert event.seconds >= LEASE
        last = (await entries_of(database, room.order))[-1]
        assert (last.actor, last.event) == (CLOCK, event)
        async with database.reading() as conn:
            for person in (room.buyer, room.seller):
                seen = await situation(conn, room.order, person, await database.now())
                assert seen.call is None
        await verified(database, room.order)
        # Both are free: the next call rings.
        await other.start(room.order, room.seller, "again")
        await other.close()
