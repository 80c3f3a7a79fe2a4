"""Looking after the parties of all calls, each in its turn: heard? reported? how well?

Every party has its phase within the pulse, so that what is due is spread over it: six hundred
reports written in one go would hold up the packets of everybody by milliseconds.

Who has not been heard for half of `silent_seconds` is asked for a sign of life, at every pulse.
So a browser whose microphone is gone, or that has nothing to send, is told from one that cannot
be reached, and `silent_seconds` can be short. The other way round, a browser to which nothing is
sent, because the other one is muted or on hold, gets a report instead.

Time in which this process stood still, because the machine had no time for it, is nobody's silence:
what was sent meanwhile may have been lost, and on the same machine nothing was sent.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections import deque
from collections.abc import Callable, Mapping

import structlog

from realtime import telemetry
from realtime.patience import STOOD_STILL
from realtime.voice.limits import VoiceLimits
from realtime.voice.party import Party
from realtime.voice.quality import Word
from realtime.voice.track import Counters

log = structlog.get_logger(__name__)

Tell = Callable[[str, str], None]
"""Told (call id, person id) on the event loop. It must not block and not raise."""

PHASES = 50
"""Turns within a pulse: 10 ms apart, a dozen parties each where a process is full."""

LAG_BEATS = 5
"""Beats whose median is the lag: one or two that come late are a hiccup, three an overload."""


class Pulse:
    """Looks after the parties of `calls`, whoever they are by then, until it is stopped.

    Attributes:
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
        self._late = deque([0.0] * LAG_BEATS, LAG_BEATS)
        self.counters = Counters()
        self._limits = limits
        self._calls = calls
        self._on_connected = on_connected
        self._on_silent = on_silent
        self._on_gone = on_gone
        self._on_word = on_word
        # Set while started.
        self._beating: asyncio.Task[None] | None = None

    @property
    def lag(self) -> float:
        """Seconds by which the event loop lately ran late; a hiccup does not count."""
        return statistics.median(self._late)

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
            await self._rest(due)
            self._late.append(time.monotonic() - due)
            turns: list[list[Party]] = [[] for _ in range(PHASES)]
            for parties in self._calls.values():
                for party in parties.values():
                    turns[party.phase % PHASES].append(party)
            for phase, turn in enumerate(turns):
                if turn:
                    await self._rest(due + phase * pulse / PHASES)
                    self._take_turn(turn)

    async def _rest(self, until: float) -> None:
        began = time.monotonic()
        await asyncio.sleep(until - began)
        now = time.monotonic()
        if (stood := now - max(until, began)) > STOOD_STILL:
            for parties in self._calls.values():
                for party in parties.values():
                    party.heard_at = min(now, party.last_heard + stood)

    def _take_turn(self, turn: list[Party]) -> None:
        now = time.monotonic()
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
            party.heard_at = party.last_heard
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
