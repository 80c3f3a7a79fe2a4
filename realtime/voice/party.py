"""One person in one call, and the legs over which the person is heard.

The path of every packet is in `realtime.voice.track`; here is decided where it leads.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

import msgspec

from orders.errors import CallOver, IdReused, Unavailable
from realtime.voice.leg import OpenLeg
from realtime.voice.limits import VoiceLimits
from realtime.voice.quality import Meter, Watch, Way
from realtime.voice.relay import Stream
from realtime.voice.rtcp import Hop
from realtime.voice.sdp import Offer
from realtime.voice.takes import Take
from realtime.voice.track import Counters

CLOCK_TO_UNIX = time.time() - time.monotonic()
"""Added to the monotonic clock it gives Unix time; it never changes during a run."""


class Hearing(msgspec.Struct, frozen=True, kw_only=True):
    """How one party and the server hear each other at the moment."""

    state: Literal["awaited", "connected", "silent"]
    muted: bool
    received: int
    """Packets heard from the browser on its present leg."""

    lost: int
    """Packets missing among them."""

    jitter: float
    """Of them, in seconds."""

    far_fraction_lost: float | None
    """Share of our packets that the browser missed lately; None before its first report."""

    far_jitter: float | None
    """Of our packets at the browser, in seconds; None before its first report."""

    round_trip: float | None
    """Seconds there and back; None before it can be known."""


class Party:
    """A person's place in a call.

    Attributes:
        state: `awaited` until first connected, then `connected` or `silent`.
        muted: the gate behind the microphone is closed.
        holding: the person put the call on hold; nobody hears anybody meanwhile.
        current: the leg that is heard; None before the first and after it broke.
        joining: the leg whose handshake is going on; it takes over when that is done.
        listener: the other party's current leg, where this party's packets go.
        heard_at: monotonic seconds of the last sign of life, or of the first expectation, as of the
            last pulse; later by the time in which we stood still.
        gone: the long silence was reported.
        replaced: ids of legs that are over, so that their late requests are refused.
        phase: when within each pulse the party is looked after.
        measure_at: monotonic seconds at which the next second of `watch` ends.
        watch: how well the party is heard, over time.
        take: where what the party says is written; None while nobody records.
    """

    __slots__ = (
        "call_id",
        "current",
        "gone",
        "heard_at",
        "holding",
        "joining",
        "listener",
        "measure_at",
        "muted",
        "person_id",
        "phase",
        "replaced",
        "state",
        "take",
        "watch",
    )

    def __init__(self, call_id: str, person_id: str, limits: VoiceLimits, phase: int) -> None:
        """A party that is awaited from now on."""
        self.call_id = call_id
        self.person_id = person_id
        self.state: Literal["awaited", "connected", "silent"] = "awaited"
        self.muted = False
        self.holding = False
        self.current: Attachment | None = None
        self.joining: Attachment | None = None
        self.listener: Attachment | None = None
        self.heard_at = time.monotonic()
        self.gone = False
        self.replaced: deque[str] = deque(maxlen=limits.remembered_legs)
        self.phase = phase
        self.measure_at = self.heard_at + 1
        self.watch = Watch()
        self.take: Take | None = None

    @property
    def last_heard(self) -> float:
        """Monotonic seconds of the last sign of life, as of now."""
        if self.current is None:
            return self.heard_at
        return max(self.heard_at, self.current.leg.media.heard_at)

    def hearing(self) -> Hearing:
        """How the party is heard at the moment."""
        hop = self.current.hop if self.current is not None else None
        return Hearing(
            state=self.state,
            muted=self.muted,
            received=hop.reception.packets if hop else 0,
            lost=hop.reception.lost if hop else 0,
            jitter=hop.reception.jitter if hop else 0.0,
            far_fraction_lost=hop.far.fraction_lost if hop and hop.far else None,
            far_jitter=hop.far.jitter if hop and hop.far else None,
            round_trip=hop.round_trip if hop else None,
        )


class Attachment:
    """One leg of one party, with the stream that its browser hears.

    Attributes:
        hop: reports between this browser and us.
        reported_at: monotonic seconds of our last report.
        report_at: when the next one is due.
        malformed: authentic reports that were not RTCP.
        passing: what this browser says goes to the other one; no gate is closed.
    """

    def __init__(
        self,
        party: Party,
        leg_id: str,
        offer_sdp: str,
        offer: Offer,
        *,
        open_leg: OpenLeg,
        redundant: bool,
        on_connected: Callable[[Attachment], None],
        on_closed: Callable[[Attachment], None],
    ) -> None:
        """Start answering the offer; `answered` gives the result to whoever asks, and again."""
        self.party = party
        self.leg_id = leg_id
        self.agreed = offer.agreed
        self.malformed = 0
        self.passing = False
        self.reported_at = self.report_at = 0.0
        self._meter = Meter()
        self._told = Counters()
        self.leg = open_leg(
            offer,
            on_connected=lambda: on_connected(self),
            on_rtcp=self.rtcp,
            on_closed=lambda: on_closed(self),
        )
        self.hop = Hop(
            self.leg.ssrc,
            self.leg.cname,
            epoch=CLOCK_TO_UNIX,
            reception=self.leg.media.reception,
        )
        self._digest = hashlib.sha256(offer_sdp.encode()).digest()
        # A task of its own: the request that asked may be cancelled and come again.
        self._answer = asyncio.get_running_loop().create_task(
            self.leg.answer(offer, redundant=redundant)
        )
        self._answer.add_done_callback(lambda done: done.cancelled() or done.exception())

    @property
    def stream(self) -> Stream:
        """What this browser hears of the other one."""
        return self.leg.media.stream

    @property
    def was_answered(self) -> bool:
        """The browser may know this leg's answer."""
        done = self._answer
        return done.done() and not done.cancelled() and done.exception() is None

    def check_repeat(self, offer_sdp: str) -> None:
        """Refuse another offer under this leg's id.

        Raises:
            IdReused: the offer is not the one that the leg was made for.
        """
        if hashlib.sha256(offer_sdp.encode()).digest() != self._digest:
            raise IdReused(id=self.leg_id)

    async def answered(self) -> str:
        """The answer.

        Raises:
            CallOver: a newer leg took this one's place before it was answered.
            Unavailable: the leg could not be opened.
        """
        try:
            return await asyncio.shield(self._answer)
        except Unavailable:
            if self.leg_id in self.party.replaced:
                raise CallOver(call=self.party.call_id, end="leg_replaced") from None
            raise

    def quiet_since(self) -> float:
        """Monotonic seconds at which we last sent this browser anything."""
        return max(self.reported_at, self.stream.sent_at or 0.0)

    def second(self) -> tuple[int, Way, float | None]:
        """Packets of this browser since the last question, how they came, and their -dBov."""
        reception, loudness = self.hop.reception, self.leg.media.loudness
        packets, loss, level = self._meter.since(
            starts=reception.starts,
            packets=reception.packets,
            expected=reception.expected,
            level=loudness.total,
            levels=loudness.packets,
        )
        trip = self.hop.round_trip or 0.0
        return packets, Way(loss=loss, jitter=reception.jitter, round_trip=trip), level

    def news(self) -> Counters:
        """What was counted on the leg since the last question."""
        counted, before = self.leg.counters, self._told
        self._told = msgspec.structs.replace(counted, malformed=counted.malformed + self.malformed)
        now, then = msgspec.structs.astuple(self._told), msgspec.structs.astuple(before)
        return Counters(*(new - old for new, old in zip(now, then, strict=True)))

    def outward(self) -> Way:
        """How our packets lately came to this browser, by its own reports."""
        far, trip = self.hop.far, self.hop.round_trip or 0.0
        if far is None:
            return Way(round_trip=trip)
        return Way(loss=far.fraction_lost, jitter=far.jitter, round_trip=trip)

    def rtcp(self, packet: bytes) -> None:
        """An authentic report of this browser."""
        try:
            self.hop.read(packet, time.monotonic())
        except ValueError:
            self.malformed += 1
