"""Looking after the parties of all calls, each in its turn: heard? reported? how well?

Every party has its phase within the pulse, so that what is due is spread over it: six hundred
reports written in one go would hold up the packets of everybody by milliseconds.

Who has not been heard for half of `silent_seconds` is asked for a sign of life, at every pulse.
So a browser whose microphone is gone, or that has nothing to send, is told from one that cannot
be reached, and `silent_seconds` can be short. The other way round, a browser to which nothing is
sent, because the other one is muted or on hold, gets a report instead.

While this process itself stands still, because the machine took the core away, it hears nobody.
That is nobody's silence: otherwise all browsers would reconnect at the moment at which it goes on.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping

import structlog

from realtime import telemetry
from realtime.voice.limits import VoiceLimits
from realtime.voice.party import Party
from realtime.voice.quality import Word
from realtime.voice.track import Counters

log = structlog.get_logger(__name__)

Tell = Callable[[str, str], None]
"""Told (call id, person id) on the event loop. It must not block and not raise."""

PHASES = 50
"""Turns within a pulse: 10 ms apart, a dozen parties each where a process is full."""

LAG_LEARNS = 0.2
"""How much one pulse counts in the lag."""


class Pulse:
    """Looks after the parties of `calls`, whoever they are by then, until it is stopped.

    Attributes:
        lag: seconds by which the event loop lately ran late, on average.
        counters: what came of the packets of legs while they were in use, up to a second ago.
    """

    def __init__(
        self,
        limits: VoiceLimits,
        calls: Mapping[str, Mapping[str, Party]],
        *,
        on_connected: Tell,
        on_silent: Tell,
        on_gone: Tell,
        on_word: Callable[[str, str, Word], None],
    ) -> None:
        """Prepare; what is told when is `Node`'s promise."""
        self.lag = 0.0
        self.counters = Counters()
        self._limits = limits
        self._calls = calls
        self._on_connected = on_connected
        self._on_silent = on_silent
        self._on_gone = on_gone
        self._on_word = on_word
        # When parties were last looked after.
        self._looked_at = time.monotonic()
        # Set while started.
        self._beating: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin. Needs a running event loop."""
        self._beating = asyncio.get_running_loop().create_task(self._beat())

    async def stop(self) -> None:
        """Stop; harmless if it was not started."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
            self._beating = None

    def heard(self, party: Party) -> None:
        """The party is heard at this moment."""
        party.heard_at = time.monotonic()
        party.gone = False
        if party.state != "connected":
            party.state = "connected"
            self._on_connected(party.call_id, party.person_id)

    async def _beat(self) -> None:
        pulse = self._limits.pulse_seconds
        due = time.monotonic()
        while True:
            due = max(due, time.monotonic()) + pulse
            await asyncio.sleep(due - time.monotonic())
            self.lag += (time.monotonic() - due - self.lag) * LAG_LEARNS
            turns: list[list[Party]] = [[] for _ in range(PHASES)]
            for parties in self._calls.values():
                for party in parties.values():
                    turns[party.phase % PHASES].append(party)
            for phase, turn in enumerate(turns):
                if turn:
                    await asyncio.sleep(due + phase * pulse / PHASES - time.monotonic())
                    self._take_turn(turn)

    def _take_turn(self, turn: list[Party]) -> None:
        now = time.monotonic()
        self._stood_still(now - self._looked_at - self._limits.pulse_seconds, now)
        self._looked_at = now
        for party in turn:
            parties = self._calls.get(party.call_id, {})
            if parties.get(party.person_id) is not party:
                continue  # left since the pulse began
            try:
                if now >= party.measure_at:
                    party.measure_at = max(party.measure_at, now - 0.5) + 1
                    self._measure(party, held=any(each.holding for each in parties.values()))
                self._look_after(party, now)
            except Exception:
                log.exception("looking after a party failed")

    def _stood_still(self, seconds: float, now: float) -> None:
        """A turn came so many seconds late: a pulse or more, and nobody could be heard in them."""
        if seconds < self._limits.pulse_seconds:
            return
        for parties in self._calls.values():
            for party in parties.values():
                if party.current is not None:
                    party.heard_at = max(party.heard_at, party.current.leg.media.heard_at)
                party.heard_at = min(party.heard_at + seconds, now)

    def _measure(self, party: Party, *, held: bool) -> None:
        """Once a second: how is it heard, if it could be?"""
        current, listener = party.current, party.listener
        if current is None:
            return
        self.counters.add(current.news())
        packets, inward, level = current.second()
        if listener is None or party.state != "connected":
            return
        news = party.watch.second(
            inward,
            listener.outward(),
            packets=packets,
            level=level,
            muted=party.muted or held,
        )
        if (second := party.watch.latest) is not None:
            telemetry.one_second(
                score=second.opinion,
                loss=second.loss,
                jitter=second.jitter,
                round_trip=second.round_trip,
                level=level,
            )
        for word in news:
            self._on_word(party.call_id, party.person_id, word)

    def _look_after(self, party: Party, now: float) -> None:
        current, limit = party.current, self._limits.silent_seconds
        if current is not None:
            party.heard_at = max(party.heard_at, current.leg.media.heard_at)
            quiet = now - current.quiet_since() >= self._limits.quiet_seconds
            if quiet or now >= current.report_at:
                scatter = random.uniform(0.5, 1.5)  # noqa: S311 - not a secret
                current.reported_at = now
                current.report_at = now + self._limits.report_seconds * scatter
                current.leg.send_rtcp(current.hop.report(current.stream, now))
        silence = now - party.heard_at
        if party.state == "connected":
            if silence >= limit:
                party.state = "silent"
                self._on_silent(party.call_id, party.person_id)
            elif current is not None and silence >= limit / 2:
                current.leg.ask()
        elif party.state == "silent" and current is not None and silence < limit:
            self.heard(party)
        if silence >= self._limits.gone_seconds and not party.gone:
            party.gone = True
            self._on_gone(party.call_id, party.person_id)
