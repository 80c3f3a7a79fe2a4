"""People who hear themselves, to test microphone and speaker before a call.

The leg is one of a call, over the same port, checks, handshake and encryption; what it listens to
is itself. The browser holds back what comes for a second, so that a person knows it from their
own voice. Nobody else hears it, and nothing of it is stored.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

from orders.errors import IdReused, TooManyOpen
from realtime.voice.leg import Leg, OpenLeg
from realtime.voice.limits import VoiceLimits
from realtime.voice.sdp import Offer, read_offer
from realtime.voice.track import Counters


class Echoes:
    """The tests that go on in this process: one a person, for `echo_seconds` at most.

    Attributes:
        counters: sums over the legs that are closed.
    """

    def __init__(self, limits: VoiceLimits, plane: Callable[[], OpenLeg]) -> None:
        """No test yet. `plane` gives what opens legs now."""
        self.counters = Counters()
        self._limits = limits
        self._plane = plane
        self._going: dict[str, _Echo] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Tests that go on."""
        return len(self._going)

    async def join(self, person_id: str, offer_sdp: str, leg_id: str) -> str:
        """Let a person hear themselves; the answer is complete. Another test of theirs ends.

        Repeating leg id and offer gives the same answer again.

        Raises:
            SdpRefused: the offer cannot be answered.
            IdReused: the leg id came before with another offer.
            TooManyOpen: as many people test here as may.
            Unavailable: the machine could not open the leg; trying again is safe.
        """
        offer = read_offer(offer_sdp, self._limits)
        digest = hashlib.sha256(offer_sdp.encode()).digest()
        before = self._going.get(person_id)
        if before is not None and before.leg_id == leg_id:
            if before.digest != digest:
                raise IdReused(id=leg_id)
            return await asyncio.shield(before.answer)
        if before is None and len(self._going) >= self._limits.echoes_per_node:
            raise TooManyOpen(limit=self._limits.echoes_per_node, what="echoes")
        if before is not None:
            self._end(before)
        made = _Echo(leg_id, digest, offer, self._plane(), lambda: self._over(person_id, made))
        self._going[person_id] = made
        made.end_at(self._limits.echo_seconds, lambda: self._end(made))
        return await asyncio.shield(made.answer)

    async def close(self) -> None:
        """End every test."""
        for each in list(self._going.values()):
            self._end(each)
        while self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)

    def _end(self, echo: _Echo) -> None:
        task = asyncio.get_running_loop().create_task(echo.leg.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _over(self, person_id: str, echo: _Echo) -> None:
        """A leg is over, whoever closed it."""
        echo.stop()
        self.counters.add(echo.leg.counters)
        if self._going.get(person_id) is echo:
            del self._going[person_id]


class _Echo:
    """One person's leg, which listens to itself.

    Attributes:
        answer: the server's description, or why there is none.
    """

    def __init__(
        self,
        leg_id: str,
        digest: bytes,
        offer: Offer,
        open_leg: OpenLeg,
        on_closed: Callable[[], None],
    ) -> None:
        self.leg_id = leg_id
        self.digest = digest
        self._offer = offer
        # Set by `end_at`.
        self._timer: asyncio.TimerHandle | None = None
        self.leg: Leg = open_leg(
            offer, on_connected=self._connected, on_rtcp=lambda _: None, on_closed=on_closed
        )
        # A task of its own: the request that asked may be cancelled and come again.
        self.answer = asyncio.get_running_loop().create_task(self.leg.answer(offer, redundant=True))
        self.answer.add_done_callback(lambda done: done.cancelled() or done.exception())

    def end_at(self, seconds: float, end: Callable[[], None]) -> None:
        """End it after so many seconds, whatever happens."""
        self._timer = asyncio.get_running_loop().call_later(seconds, end)

    def stop(self) -> None:
        """Let go of itself."""
        self.leg.media.listen(None)
        if self._timer is not None:
            self._timer.cancel()

    def _connected(self) -> None:
        self.leg.media.stream.hear(self._offer.agreed)
        self.leg.media.listen(self.leg.media)
