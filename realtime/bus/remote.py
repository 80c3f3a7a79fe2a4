"""The bus over Redis: publish/subscribe, which forgets what nobody hears.

Three things run side by side. One publishes: whatever was said while the last round trip was on
its way goes out in the next, one message per partition touched. One listens, on a connection
that only listens. The third joins the partitions that somebody here began to attend.

Once a second the publisher sends a canary to a channel of this process alone. A listener that
has not heard it for `DEAF_AFTER` takes its line for dead, however open it looks, and starts anew:
a half-open link, a paused server, a killed subscription and a server that lost its memory all
end there. After every start, and whenever a partition was joined, those who listen are told that
they may have missed something. What could not be published is not thrown away but shrunk: per
order one hint without entries, said as soon as somebody hears it.

With each canary goes a sign of life to everybody. A process that falls silent without a farewell
may be cut off from Redis alone and still write, so it is missed for `SILENT_MOST`: those who hear
everything else ask the database in its stead.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import struct
import time
from collections import Counter
from collections.abc import Sequence

import structlog

from orders.database import Announcement
from orders.events import OrderId
from realtime import telemetry
from realtime.bus import Ears, OnGap, OnHint, OnSignal, PersonTypes, Signal
from realtime.bus.letters import (
    COMMON,
    SENDER_BYTES,
    Hint,
    Letter,
    announcement_of,
    bare,
    channel,
    hint_of,
    letters_for,
    partition_of,
    seal,
    sender_of,
    unseal,
)
from realtime.bus.link import GONE, Link

log = structlog.get_logger(__name__)

CANARY_EVERY = 1.0
"""Seconds between two messages to ourselves."""
DEAF_AFTER = 3.0
"""Seconds without hearing one: what is said meanwhile is lost, and nobody says so."""
SILENT_MOST = 300.0
"""Seconds that a process which has fallen silent is missed; then it is taken for dead."""
PAUSE_FIRST, PAUSE_MOST = 0.1, 2.0
"""Seconds between two attempts to connect; doubled each time, with jitter."""
WAITING_MOST = 5_000
"""Hints, and signals, that wait to be published; more of them are shrunk, or forgotten."""
KEPT_MOST = 50_000
"""Orders whose shrunk hints are kept while Redis is away."""
LINGER = 30.0
"""Seconds that a partition is still listened to after nobody here attends it."""


class _DeafError(Exception):
    """The line looks open and brings nothing."""


class RemoteBus:
    """What this process says to the others and hears from them. `run` does the work."""

    def __init__(self, url: str, *, prefix: str, partitions: int, sharded: bool) -> None:
        """Prepare. `sharded` uses the commands of Redis Cluster's sharded publish/subscribe."""
        self._url = url
        self._prefix = prefix
        self._partitions = partitions
        self._publish_verb, self._join_verb, self._leave_verb = (
            ("SPUBLISH", "SSUBSCRIBE", "SUNSUBSCRIBE")
            if sharded
            else ("PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE")
        )
        self._me = secrets.token_bytes(SENDER_BYTES)
        self._own = channel(prefix, self._me.hex())
        self._ears = Ears()
        self._hints: list[Hint] = []
        self._signals: list[Signal] = []
        self._kept: dict[OrderId, Hint] = {}
        self._kept_all = True
        self._something = asyncio.Event()  # to publish
        self._attended: Counter[int] = Counter({0: 1} if partitions == 1 else {})
        self._idle: dict[int, float] = {}  # partitions nobody attends any more, since when
        self._wish = asyncio.Event()  # to join other partitions
        self._listener: Link | None = None
        self._asked_for: set[str] = set()  # channels of this listener, confirmed or not
        self._unconfirmed: set[str] = set()
        self._canary_sent = 0.0
        self._canary_heard: float | None = None  # since this listener began
        self._garbled_at = 0.0
        self._peers: dict[bytes, float] = {}  # when each was heard last

    # --- what the process says ---------------------------------------------------------------

    @property
    def is_whole(self) -> bool:
        """Whether what others say is heard."""
        heard = self._canary_heard
        return heard is not None and time.monotonic() - heard < DEAF_AFTER

    @property
    def misses_somebody(self) -> bool:
        """Whether another process is silent that did not say farewell."""
        now = time.monotonic()
        return self.is_whole and any(now - heard > DEAF_AFTER for heard in self._peers.values())

    def subscribe(self, on_hint: OnHint, on_signal: OnSignal, on_gap: OnGap) -> None:
        """Have all of it told to these."""
        self._ears.add(on_hint, on_signal, on_gap)

    def publish_hint(self, announcements: Sequence[Announcement]) -> None:
        """Say what was appended to timelines."""
        self._ears.hear_hints(announcements)
        self._hints += map(hint_of, announcements)
        if len(self._hints) > WAITING_MOST:
            self._keep(self._hints)
            self._hints = []
        self._something.set()

    def publish_signal(self, signal: Signal) -> None:
        """Say what only the newest counts of."""
        self._ears.hear_signal(signal)
        if len(self._signals) < WAITING_MOST:
            self._signals.append(signal)
        elif _matters(signal):
            self._kept_all = False
        self._something.set()

    def attend(self, topic: str) -> None:
        """Listen to what concerns this order or person."""
        if self._partitions == 1:
            return
        partition = partition_of(topic, self._partitions)
        self._attended[partition] += 1
        self._idle.pop(partition, None)
        if self._attended[partition] == 1:
            self._wish.set()

    def ignore(self, topic: str) -> None:
        """Undo one `attend`."""
        if self._partitions == 1:
            return
        partition = partition_of(topic, self._partitions)
        self._attended[partition] -= 1
        if not self._attended[partition]:
            del self._attended[partition]
            self._idle[partition] = time.monotonic()

    async def run(self) -> None:
        """Publish and listen until cancelled; what waits then is published first."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._publish())
            parts.create_task(self._listen())
            parts.create_task(self._join())

    # --- publishing --------------------------------------------------------------------------

    async def _publish(self) -> None:
        link: Link | None = None
        pause = PAUSE_FIRST
        try:
            while True:
                wait = max(0.0, self._canary_sent + CANARY_EVERY - time.monotonic())
                with contextlib.suppress(TimeoutError):
                    # not `wait_for`, which before Python 3.12 may swallow the cancellation
                    async with asyncio.timeout(wait):
                        await self._something.wait()
                self._something.clear()
                try:
                    link = link or await Link.open(self._url, "order-room-says")
                    await self._say(link)
                    pause = PAUSE_FIRST
                except GONE as error:
                    log.warning("the bus cannot speak", error=telemetry.name_of(error))
                    if link is not None:
                        await link.close()
                        link = None
                    await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                    pause = min(2 * pause, PAUSE_MOST)
                    self._something.set()
        finally:
            if link is not None:
                with contextlib.suppress(*GONE):
                    await self._say(link, farewell=True)
                await link.close()

    async def _say(self, link: Link, *, farewell: bool = False) -> None:
        """Publish what waits, in one round trip. What may not have arrived is kept."""
        hints, signals = self._hints, self._signals
        self._hints, self._signals = [], []
        kept, self._kept = self._kept, {}
        kept_all, self._kept_all = self._kept_all, True
        commands: list[tuple[str, str, bytes]] = [
            (self._publish_verb, channel(self._prefix, place), seal(self._me, letter))
            for place, letter in letters_for([*kept.values(), *hints], signals, self._partitions)
        ]
        now = time.monotonic()
        canary = now - self._canary_sent >= CANARY_EVERY
        if canary:
            self._canary_sent = now
            commands.append((self._publish_verb, self._own, self._me + struct.pack("d", now)))
        if canary or farewell or not kept_all:
            letter = seal(self._me, Letter(gap=not kept_all, farewell=farewell))
            commands.append((self._publish_verb, channel(self._prefix, COMMON), letter))
        try:
            if commands:
                await link.ask(commands)
        except BaseException:
            self._kept_all = self._kept_all and kept_all and not any(map(_matters, signals))
            self._keep([*kept.values(), *hints])
            raise
        telemetry.LETTERS.inc(len(commands))

    def _keep(self, hints: Sequence[Hint]) -> None:
        for hint in hints:
            if hint.order in self._kept or len(self._kept) < KEPT_MOST:
                self._kept[hint.order] = bare(hint, self._kept.get(hint.order))
            else:
                self._kept_all = False

    # --- listening ---------------------------------------------------------------------------

    async def _listen(self) -> None:
        pause = PAUSE_FIRST
        while True:
            try:
                await self._hear()
            except (*GONE, _DeafError) as error:
                log.warning("the bus cannot hear", error=telemetry.name_of(error))
            was_whole, self._canary_heard = self._canary_heard is not None, None
            telemetry.BUS_WHOLE.set(0)
            if was_whole:  # this line was good for something
                pause = PAUSE_FIRST
                telemetry.DEAF.inc()
                self._ears.hear_gap()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            pause = min(2 * pause, PAUSE_MOST)

    async def _hear(self) -> None:
        """Listen on one connection until it is dead."""
        link = await Link.open(self._url, "order-room-hears")
        try:
            self._asked_for = set()
            self._unconfirmed = set()
            self._listener = link
            await self._ask_for(link, {self._own, channel(self._prefix, COMMON), *self._wanted()})
            quiet_since = time.monotonic()
            while True:
                message = await link.hear(CANARY_EVERY)
                if message is not None:
                    self._take(*message[:3])
                heard = self._canary_heard or quiet_since
                if time.monotonic() - heard > DEAF_AFTER:
                    raise _DeafError
        finally:
            self._listener = None
            await link.close()

    def _take(self, kind: bytes, place: bytes, content: bytes) -> None:
        if kind in {b"subscribe", b"ssubscribe"}:
            self._unconfirmed.discard(place.decode())
            if not self._unconfirmed:
                # from here on nothing is missed; what was said before may have been. A line that
                # is new is believed as soon as it has brought a canary
                if self._canary_heard is not None:
                    self._ears.hear_gap()
                self._canary_sent = 0.0
                self._something.set()
        elif kind in {b"message", b"smessage"}:
            if place.decode() == self._own:
                self._hear_canary(content)
            elif (sender := sender_of(content)) != self._me:
                self._read(sender, content)

    def _hear_canary(self, content: bytes) -> None:
        now = time.monotonic()
        first, self._canary_heard = not self.is_whole, now
        self._peers = {who: at for who, at in self._peers.items() if now - at < SILENT_MOST}
        if first:
            telemetry.BUS_WHOLE.set(1)
            log.info("the bus hears")
            self._peers = dict.fromkeys(self._peers, now)  # it was we who did not listen
            self._ears.hear_gap()
        with contextlib.suppress(struct.error):
            (sent,) = struct.unpack("d", content[SENDER_BYTES:])
            telemetry.BUS_LAG.observe(max(0.0, now - sent))

    def _read(self, sender: bytes, content: bytes) -> None:
        try:
            letter = unseal(content)
        except ValueError:
            # another version during a deploy, or not ours: the database knows what it was
            if time.monotonic() - self._garbled_at > CANARY_EVERY:
                self._garbled_at = time.monotonic()
                log.warning("the bus heard what it does not understand")
                self._ears.hear_gap()
            return
        self._peers[sender] = time.monotonic()
        if letter.farewell:
            del self._peers[sender]
        if letter.gap:
            self._ears.hear_gap()
        if letter.hints:
            self._ears.hear_hints([announcement_of(hint) for hint in letter.hints])
        for signal in letter.signals:
            self._ears.hear_signal(signal)

    # --- partitions --------------------------------------------------------------------------

    async def _join(self) -> None:
        """Join what is attended from now on, and leave what has not been for a while."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    await self._wish.wait()
            self._wish.clear()
            link = self._listener
            if link is None:
                continue  # the next listener joins everything
            over = [p for p, since in self._idle.items() if time.monotonic() - since > LINGER]
            gone = {channel(self._prefix, self._forget(partition)) for partition in over}
            # a line that is dead is noticed where it is read
            with contextlib.suppress(*GONE):
                for name in sorted(gone & self._asked_for):
                    self._asked_for.discard(name)
                    await link.say(self._leave_verb, name)
                await self._ask_for(link, self._wanted() - self._asked_for)

    def _forget(self, partition: int) -> int:
        del self._idle[partition]
        return partition

    def _wanted(self) -> set[str]:
        return {channel(self._prefix, p) for p in (*self._attended, *self._idle)}

    async def _ask_for(self, link: Link, channels: set[str]) -> None:
        if not channels:
            return
        self._asked_for |= channels
        self._unconfirmed |= channels
        if self._join_verb == "SUBSCRIBE":
            await link.say(self._join_verb, *sorted(channels))
        else:  # in a cluster the channels of one command must share a slot
            for name in sorted(channels):
                await link.say(self._join_verb, name)


def _matters(signal: Signal) -> bool:
    """Whether something is wrong for long if the signal is lost."""
    return not isinstance(signal, PersonTypes)
