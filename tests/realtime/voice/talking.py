"""A browser's end that says a tone all the time, on time."""

import asyncio
import itertools
import time

from tests.realtime.voice.peer import Peer, rtp
from tests.realtime.voice.test_ogg import spoken

CLOCK = 48_000
FRAME = 960


class Voice:
    """One peer's tone.

    Attributes:
        sent: packets so far.
    """

    def __init__(self, peer: Peer) -> None:
        self.sent = 0
        self._peer = peer

    async def speak(self, seconds: float | None = None) -> None:
        """Speak for so long, or until cancelled."""
        began = time.monotonic()
        packets = itertools.cycle(spoken(1.0))
        at = 0
        while seconds is None or at < seconds * CLOCK:
            while at <= (time.monotonic() - began) * CLOCK:
                self._peer.send(rtp(self.sent, timestamp=at, payload=next(packets)))
                self.sent += 1
                at += FRAME
            await asyncio.sleep(0.01)
