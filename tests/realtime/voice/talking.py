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
        # Of `say`: when its timestamps began, and the last frame that was said.
        self._began = time.monotonic()
        self._frame = 0

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

    async def say(self, packets: list[bytes]) -> list[int]:
        """Say these, one every 20 ms, and return the timestamp of each.

        A timestamp is the time at which its packet is sent, as a microphone's would be: nothing
        is made up for if we were kept waiting, so that nothing said before a gate moved is sent
        after it.
        """
        said = []
        for payload in packets:
            while (frame := int((time.monotonic() - self._began) * CLOCK / FRAME)) <= self._frame:
                await asyncio.sleep(0.001)
            self._frame = frame
            said.append(frame * FRAME)
            self._peer.send(rtp(self.sent, timestamp=said[-1], payload=payload))
            self.sent += 1
        return said
