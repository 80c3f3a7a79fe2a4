"""A media process made to be killed: it connects two people, says so, and lives until it cannot.

    python tests/realtime/voice/doomed.py DATABASE ORDER CALLER CALLEE

The two browsers' ends are in the same process and die with it, so that nobody is left who could
tell the database anything.
"""

import asyncio
import sys

import structlog

from orders.database import Database
from orders.events import OrderId, PersonId
from realtime.voice import callbook
from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.signalling import Switchboard
from tests.realtime.voice.peer import Peer

LIMITS = VoiceLimits(renew_seconds=0.3, lag_seconds=60.0)


async def main(url: str, order: OrderId, caller: PersonId, callee: PersonId) -> None:
    """Call, accept, connect both, print the call's id, and go on renewing the lease."""
    database = await Database.open(url)
    board = Switchboard(database, limits=LIMITS, reach=Reach(), on_signal=lambda *_: None)
    running = asyncio.create_task(board.run())
    await board.start(order, caller, "ring")
    async with database.reading() as conn:
        call = await callbook.find_open(conn, order)
    assert call is not None
    await board.accept(order, callee, call.id, "accept")
    for person in (caller, callee):
        peer = Peer()
        await peer.accept(await board.offer(order, person, call.id, "leg", await peer.offer()))
    print(call.id, flush=True)  # noqa: T201 - how the test learns that it may kill
    await running


if __name__ == "__main__":
    _, given, *ids = sys.argv
    # What is logged goes elsewhere than what the test reads.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(given, OrderId(ids[0]), PersonId(ids[1]), PersonId(ids[2])))
