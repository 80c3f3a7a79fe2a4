"""The media process: calls, their two parties, and who fell silent.

A party keeps its place in a call while its legs come and go. A browser that lost its network
sends a new offer under a new leg id; the new leg is built beside the old one and takes over
when its handshake is done (make before break), and the other party hears one stream throughout.

Who may be in which call, and when a call begins and ends, is decided elsewhere, under the
order's lock; the node does what it is told and reports what it hears, and above all what it no
longer hears.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from enum import StrEnum
from types import TracebackType
from typing import Self

import structlog

from orders.errors import CallOver, TooManyOpen
from realtime.voice.echo import Echoes
from realtime.voice.leg import Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.party import Attachment, Hearing, Party
from realtime.voice.plane import MediaPath, Plane
from realtime.voice.pulse import PHASES, Pulse, Tell
from realtime.voice.quality import Tally, Word
from realtime.voice.sdp import read_offer
from realtime.voice.selfcall import PATIENCE, try_out
from realtime.voice.takes import Take
from realtime.voice.track import Counters

log = structlog.get_logger(__name__)

PARTIES = 2


class Gate(StrEnum):
    """What a client should know about what a person does not let through."""

    MUTED = "muted"
    UNMUTED = "unmuted"
    HELD = "held"
    RESUMED = "resumed"


class Node:
    """One media process. Use as an async context manager, or `start` and `close`.

    Attributes:
        incarnation: names this run of the process; another run has another one.
        counters: of legs that are closed, what the pulse had not counted yet.
        echoes: people who test their microphone.
    """

    def __init__(
        self,
        *,
        limits: VoiceLimits,
        reach: Reach,
        on_connected: Tell,
        on_silent: Tell,
        on_gone: Tell,
        on_replaced: Tell,
        on_word: Callable[[str, str, Word | Gate], None] = lambda *_: None,
        path: MediaPath = MediaPath.AUTO,
    ) -> None:
        """Prepare a node that holds no call yet.

        `on_connected` is told when a party is heard: at first, and again after a silence.
        `on_silent` is told once when a connected party has not been heard for `silent_seconds`,
        at most `pulse_seconds` later, or at once when its leg broke and no other one is there.
        `on_gone` is told once when a party has not been heard for `gone_seconds`, counted from
        `expect` or `join` if it never was. The call stays until `end`.
        `on_replaced` is told when a party's newer leg took the place of one that was still there.
        `on_word` is told (call id, person id, word) what is new about how a party is heard, and
        what `mute` and `hold` did. When a leg takes over, it is told again what still holds for
        either party: the browser behind that leg may know of nothing. `mute` tells all of these
        again of the other party.
        """
        self.incarnation = secrets.token_hex(16)
        self.counters = Counters()
        self._limits = limits
        self._reach = reach
        self._path = path
        self._on_connected = on_connected
        self._on_silent = on_silent
        self._on_replaced = on_replaced
        self._on_word = on_word
        self.echoes = Echoes(limits, lambda: self._listening().leg)
        self._calls: dict[str, dict[str, Party]] = {}
        self._phases = itertools.cycle(range(PHASES))
        self._ended: deque[str] = deque(maxlen=limits.remembered_calls)
        # Made by `start` or the first leg, and gone after `close`.
        self._plane: Plane | None = None
        self._pulse = Pulse(
            limits,
            self._calls,
            on_connected=on_connected,
            on_silent=on_silent,
            on_gone=on_gone,
            on_word=on_word,
        )
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def calls(self) -> frozenset[str]:
        """The calls that the node holds now."""
        return frozenset(self._calls)

    @property
    def connected(self) -> int:
        """Legs over which a browser is heard now."""
        return sum(
            party.current is not None for each in self._calls.values() for party in each.values()
        )

    @property
    def lag(self) -> float:
        """Seconds by which the event loop lately ran late, or media is late now."""
        behind = 0.0 if self._plane is None else self._plane.behind
        return max(self._pulse.lag, behind)

    @property
    def overloaded(self) -> bool:
        """Too late by its `lag`: a new call would be heard in lumps, as would all."""
        return self.lag > self._limits.lag_seconds

    @property
    def counted(self) -> Counters:
        """What came of the packets of all legs, up to a second ago, and of those of no leg."""
        total = Counters()
        total.add(self.counters)
        total.add(self._pulse.counters)
        total.add(self.echoes.counters)
        if self._plane is not None:
            total.add(self._plane.counters)
        return total

    def start(self) -> None:
        """Listen, and begin to look after the legs. Needs a running event loop."""
        self._listening()
        self._pulse.start()

    async def close(self) -> None:
        """End every call and stop."""
        await self._pulse.stop()
        for call_id in list(self._calls):
            self.end(call_id)
        await self.echoes.close()
        while self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)
        if self._plane is not None:
            await self._plane.close()
            self._plane = None

    @property
    def path(self) -> str:
        """How packets are forwarded: `native`, `python` or `peer`; empty if not started."""
        return "" if self._plane is None else self._plane.path

    @property
    def receive_buffer(self) -> int:
        """Bytes that the kernel keeps of what comes, as it granted them; 0 if not started."""
        return 0 if self._plane is None else self._plane.receive_buffer

    async def prove(self, patience: float = PATIENCE) -> None:
        """Call ourselves; if that cannot be heard, go on with the next plainer path.

        To be awaited before the first call; takes at most twice `patience` seconds.
        """
        for plainer in (MediaPath.PYTHON, MediaPath.PEER):
            plane = self._listening()
            if await try_out(plane, patience):
                return
            log.error("this process could not hear itself", path=plane.path)
            await plane.close()
            self._plane, self._path = None, plainer
        self._listening()

    def expect(self, call_id: str, person_id: str) -> None:
        """Await a party, so that `on_gone` tells if it never comes. Repeating changes nothing.

        Raises:
            CallOver: the call has ended here.
            TooManyOpen: the node is full, or the call has two other parties.
        """
        self._place(call_id, person_id)

    async def join(self, call_id: str, person_id: str, offer_sdp: str, leg_id: str) -> str:
        """Build a leg for a party from its browser's offer; the answer is complete.

        Repeating leg id and offer gives the same answer again. A new leg id replaces the
        party's leg as soon as the new one is connected.

        Raises:
            SdpRefused: the offer cannot be answered.
            IdReused: the leg id came before with another offer.
            CallOver: the call has ended here, or a newer leg has taken this one's place.
            TooManyOpen: the node is full, or the call has two other parties.
            Unavailable: the machine could not open the leg; trying again is safe.
        """
        offer = read_offer(offer_sdp, self._limits)
        party = self._place(call_id, person_id)
        for known in (party.joining, party.current):
            if known is not None and known.leg_id == leg_id:
                known.check_repeat(offer_sdp)
                return await known.answered()
        if leg_id in party.replaced:
            raise CallOver(call=call_id, end="leg_replaced")
        plane = self._listening()
        if party.joining is not None:
            self._drop(party.joining)
        others = [each.current for each in self._calls[call_id].values() if each is not party]
        party.joining = Attachment(
            party,
            leg_id,
            offer_sdp,
            offer,
            open_leg=plane.leg,
            # Frames sent twice are of use only if the other one can read them; if nobody is
            # there yet, that is hoped, and the relay sends them once if it was wrong.
            redundant=all(each is None or each.agreed.red is not None for each in others),
            on_connected=self._connected,
            on_closed=self._closed,
        )
        return await party.joining.answered()

    def mute(self, call_id: str, person_id: str, *, muted: bool) -> None:
        """Close or open the gate behind a party's microphone. Unknown parties are passed over.

        Who says so, perhaps again, is told what holds for the other one: a browser does it when
        its line comes back, and nothing that was told meanwhile reached it.
        """
        parties = self._calls.get(call_id, {})
        party = parties.get(person_id)
        if party is None:
            return
        self._on_word(call_id, person_id, Gate.MUTED if muted else Gate.UNMUTED)
        if party.muted != muted:
            party.muted = muted
            _wire(parties)
        for other in parties.values():
            if other is not party:
                self._tell_state(other)

    def hold(self, call_id: str, person_id: str, *, holding: bool) -> None:
        """Put the call on hold for a party, or go on: nobody hears anybody while either holds.

        Unknown parties are passed over. What a party holds outlives its legs.
        """
        parties = self._calls.get(call_id, {})
        party = parties.get(person_id)
        if party is None:
            return
        self._on_word(call_id, person_id, Gate.HELD if holding else Gate.RESUMED)
        if party.holding != holding:
            party.holding = holding
            _wire(parties)

    def retell(self) -> None:
        """Say anew what each party lets through and what it does not."""
        for parties in self._calls.values():
            for party in parties.values():
                self._tell_gates(party)

    def record(self, call_id: str, takes: Mapping[str, Take]) -> None:
        """Write what each party says, as far as the other one gets it, into that party's take.

        No takes: nobody is recorded any more. Legs that come and go are followed.
        """
        parties = self._calls.get(call_id, {})
        for party in parties.values():
            party.take = takes.get(party.person_id)
        _wire(parties)

    def leave(self, call_id: str, person_id: str) -> None:
        """Close what a party has here. The other one stays; the party may join again."""
        parties = self._calls.get(call_id, {})
        party = parties.pop(person_id, None)
        if party is None:
            return
        if not parties:
            del self._calls[call_id]
        _wire(parties)
        self._dismiss(party)

    def end(self, call_id: str) -> None:
        """Hang up on both parties. Later requests for this call are refused."""
        if call_id not in self._ended:
            self._ended.append(call_id)
        for party in self._calls.pop(call_id, {}).values():
            self._dismiss(party)

    def hearing(self, call_id: str, person_id: str) -> Hearing | None:
        """How a party is heard; None if it is not here."""
        party = self._calls.get(call_id, {}).get(person_id)
        return None if party is None else party.hearing()

    def _listening(self) -> Plane:
        if self._plane is None:
            self._plane = Plane(self._limits, self._reach, self._path)
            self._plane.open()
        return self._plane

    def _place(self, call_id: str, person_id: str) -> Party:
        """The party's place in the call, made if there is room."""
        if call_id in self._ended:
            raise CallOver(call=call_id, end="ended")
        parties = self._calls.get(call_id, {})
        if person_id in parties:
            return parties[person_id]
        if len(parties) >= PARTIES:
            raise TooManyOpen(limit=PARTIES, what="parties")
        if not parties and len(self._calls) >= self._limits.calls_per_node:
            raise TooManyOpen(limit=self._limits.calls_per_node, what="calls")
        parties = self._calls.setdefault(call_id, parties)
        party = parties[person_id] = Party(call_id, person_id, self._limits, next(self._phases))
        _wire(parties)
        return party

    def _connected(self, attachment: Attachment) -> None:
        """A leg's handshake is done: it takes over."""
        party = attachment.party
        if party.joining is not attachment:
            return
        before, party.current, party.joining = party.current, attachment, None
        _wire(self._calls[party.call_id])
        if party.listener is not None:
            party.listener.stream.hear(attachment.agreed)
            attachment.stream.hear(party.listener.agreed)
        if before is not None:
            # Without RTCP BYE: for the browser the old connection ends, for nobody the stream.
            self._drop(before)
            self._on_replaced(party.call_id, party.person_id)
        self._pulse.heard(party)
        self._retell(party.call_id)

    def _retell(self, call_id: str) -> None:
        """Say again what holds for both, for a browser that came back without knowing it."""
        for party in self._calls[call_id].values():
            if party.muted:
                self._on_word(call_id, party.person_id, Gate.MUTED)
            if party.holding:
                self._on_word(call_id, party.person_id, Gate.HELD)
            for word in party.watch.standing:
                self._on_word(call_id, party.person_id, word)

    def _tell_gates(self, party: Party) -> None:
        call_id, person_id = party.call_id, party.person_id
        self._on_word(call_id, person_id, Gate.MUTED if party.muted else Gate.UNMUTED)
        self._on_word(call_id, person_id, Gate.HELD if party.holding else Gate.RESUMED)

    def _tell_state(self, party: Party) -> None:
        """Say all that holds for a party, also that something holds no more."""
        self._tell_gates(party)
        for word in party.watch.state:
            self._on_word(party.call_id, party.person_id, word)
        if party.state == "connected":
            self._on_connected(party.call_id, party.person_id)
        elif party.state == "silent":
            self._on_silent(party.call_id, party.person_id)

    def _closed(self, attachment: Attachment) -> None:
        """A leg is over, whoever closed it."""
        party = attachment.party
        if attachment.was_answered:
            party.replaced.append(attachment.leg_id)
        if party.joining is attachment:
            party.joining = None
        elif party.current is attachment:
            party.current = None
            _wire(self._calls[party.call_id])
            if party.state == "connected":
                party.state = "silent"
                self._on_silent(party.call_id, party.person_id)
        attachment.leg.media.listen(None)
        self.counters.add(attachment.news())

    def _drop(self, attachment: Attachment) -> None:
        """Close a leg that a newer one replaces."""
        attachment.party.replaced.append(attachment.leg_id)
        attachment.leg.media.listen(None)
        self._background(attachment.leg.close())

    def _dismiss(self, party: Party) -> None:
        """Close a party's legs for good, with a goodbye."""
        current, joining = party.current, party.joining
        party.current = party.joining = party.listener = None
        if current is not None:
            current.leg.send_rtcp(current.hop.goodbye(current.stream, time.monotonic()))
            self._background(current.leg.close())
        if joining is not None:
            self._background(joining.leg.close())

    def _background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def heard(self, call_id: str) -> dict[str, Tally]:
        """What was measured here of each party of a call so far; empty if nothing was."""
        parties = self._calls.get(call_id, {})
        heard = {each.person_id: each.watch.heard for each in parties.values()}
        return {person: each for person, each in heard.items() if each.seconds}


def _wire(parties: dict[str, Party]) -> None:
    """Let each party's packets go to the other one's current leg, unless a gate is closed."""
    held = any(each.holding for each in parties.values())
    for party in parties.values():
        others = [each.current for each in parties.values() if each is not party]
        party.listener = others[0] if others else None
        if party.current is not None:
            listener = None if party.muted or held else party.listener
            if listener is not None and not party.current.passing:
                listener.stream.resume()
            party.current.passing = listener is not None
            party.current.leg.media.listen(None if listener is None else listener.leg.media)
            tap = None
            if party.take is not None and listener is not None:
                tap = party.take.tap(listener.agreed.red)
            party.current.leg.media.tap(tap)
