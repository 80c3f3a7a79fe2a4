"""A media process made to be killed while it records: it says so, and lives until it cannot.

    python tests/realtime/voice/recorded.py DATABASE ORDER CALLER CALLEE FOLDER

Both browsers' ends are in the same process, speak all the time, and die with it.
"""

import asyncio
import sys
from pathlib import Path

import structlog

from orders.database import Database
from orders.events import OrderId, PersonId
from realtime.voice.limits import VoiceLimits
from tests.orders.world import Room
from tests.realtime.voice.peer import Peer
from tests.realtime.voice.talking import Voice
from tests.realtime.voice.test_recordings import consented, joined, office, talk

LIMITS = VoiceLimits(renew_seconds=0.3, lease_seconds=1.0, lag_seconds=60.0)


async def main(url: str, room: Room, folder: Path) -> None:
    """Call, accept, agree to a recording, print its id once two seconds of both are on the disk."""
    database = await Database.open(url)
    async with office(database, folder, LIMITS) as made, Peer() as buyer, Peer() as seller:
        call = await talk(made, room)
        await joined(made, room, room.buyer, call, buyer)
        await joined(made, room, room.seller, call, seller)
        recording = await consented(made, room, call)
        speaking = [asyncio.create_task(Voice(each).speak()) for each in (buyer, seller)]
        while True:
            files = list(made.folder.glob("*.opus"))
            if len(files) == 2 and all(each.stat().st_size > 9_000 for each in files):
                break
            await asyncio.sleep(0.05)
        print(recording, flush=True)  # noqa: T201 - how the test learns that it may kill
        await asyncio.gather(*speaking)


if __name__ == "__main__":
    _, given, *ids, place = sys.argv
    # What is logged goes elsewhere than what the test reads.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    there = Room(OrderId(ids[0]), PersonId(ids[1]), PersonId(ids[2]))
    asyncio.run(main(given, there, Path(place)))
