"""Between the processes: hints and signals, both of which may be lost.

A hint says that an order's timeline has grown and usually carries what was added; a signal says
what nobody has to remember. The embedded size, and tests, use `in_process`: what one process
says it hears at once. The scaled size uses `remote`, over Redis.

A lost hint costs time, never an entry. Whoever listens is told when the bus was deaf or
hears more than before, and then asks the database how far its orders go.

- `letters`  what travels: encoding, sizes, partitions (pure)
- `link`     one connection to Redis that notices when it is dead
- `nodes`    one Redis, or the shards of a cluster: where something lives
- `speaking` what a process says to one node: in batches, and again if it was not heard
- `hearing`  what it hears from one node, and whether it hears
- `remote`   the bus over all nodes
- `asking`   questions to Redis, in one round trip to each node
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec

from orders.database import Announcement
from orders.events import CallId, OrderId, PersonId


class PersonMoved(msgspec.Struct, frozen=True, tag="presence"):
    """A person came online, or left and was last seen then."""

    person: PersonId
    online: bool
    last_seen: datetime | None = None


class PersonTypes(msgspec.Struct, frozen=True, tag="typing"):
    """A person writes in an order, or stopped."""

    order: OrderId
    person: PersonId
    on: bool


class MarkMoved(msgspec.Struct, frozen=True, tag="mark"):
    """A person has read an order up to `read`, and received it up to `delivered`."""

    order: OrderId
    person: PersonId
    read: int
    delivered: int


class MediaChanged(msgspec.Struct, frozen=True, tag="media"):
    """What the media plane saw of a person in a call."""

    order: OrderId
    call: CallId
    person: PersonId
    media: str


class AccessChanged(msgspec.Struct, frozen=True, tag="access"):
    """The marketplace took a member's access to an order away, or gave it, perhaps again."""

    order: OrderId
    person: PersonId
    allowed: bool


class PresenceHidden(msgspec.Struct, frozen=True, tag="hidden"):
    """A person hides whether they are here, or shows it again."""

    person: PersonId
    on: bool


class PartiesParted(msgspec.Struct, frozen=True, tag="parted"):
    """One of the two of an order blocks the other, or neither does any more."""

    order: OrderId
    apart: bool


Signal = (
    PresenceHidden
    | PartiesParted
    | AccessChanged
    | PersonMoved
    | PersonTypes
    | MarkMoved
    | MediaChanged
)

OnHint = Callable[[Sequence[Announcement]], None]
OnSignal = Callable[[Signal], None]
OnGap = Callable[[], None]
"""Told when hints may have been missed: the bus went deaf, or it hears again."""


class Bus(Protocol):
    """What a process says to all processes, itself among them. No call blocks or fails.

    Its own hints and signals a process hears at once, whatever happens to the others.
    """

    @property
    def is_whole(self) -> bool:
        """Whether what others say is heard; if not, the database has to be asked."""

    @property
    def misses_somebody(self) -> bool:
        """Whether another process has fallen silent: what it says may not reach anybody."""

    def publish_hint(self, announcements: Sequence[Announcement]) -> None:
        """Say what was appended to timelines."""

    def publish_signal(self, signal: Signal) -> None:
        """Say what only the newest counts of."""

    def subscribe(self, on_hint: OnHint, on_signal: OnSignal, on_gap: OnGap) -> None:
        """Have all of it told to these."""

    def attend(self, topic: str) -> None:
        """Listen to what concerns this order or person, until `ignore` was called as often."""

    def ignore(self, topic: str) -> None:
        """Undo one `attend`."""


@dataclass(slots=True)
class Ears:
    """Those of this process who listen."""

    on_hint: list[OnHint] = field(default_factory=list)
    on_signal: list[OnSignal] = field(default_factory=list)
    on_gap: list[OnGap] = field(default_factory=list)

    def hear_hints(self, announcements: Sequence[Announcement]) -> None:
        """Tell them of new entries."""
        for listener in self.on_hint:
            listener(announcements)

    def hear_signal(self, signal: Signal) -> None:
        """Tell them of a signal."""
        for listener in self.on_signal:
            listener(signal)

    def hear_gap(self) -> None:
        """Tell them that something may have been missed."""
        for listener in self.on_gap:
            listener()

    def add(self, on_hint: OnHint, on_signal: OnSignal, on_gap: OnGap) -> None:
        """Listen from now on."""
        self.on_hint.append(on_hint)
        self.on_signal.append(on_signal)
        self.on_gap.append(on_gap)


class _InProcess:
    """A bus that reaches this process only, at once and always."""

    def __init__(self) -> None:
        self._ears = Ears()
        self.publish_hint = self._ears.hear_hints
        self.publish_signal = self._ears.hear_signal
        self.subscribe = self._ears.add

    @property
    def is_whole(self) -> bool:
        return True

    @property
    def misses_somebody(self) -> bool:
        return False

    def attend(self, topic: str) -> None:
        """Everything is heard anyway."""

    def ignore(self, topic: str) -> None:
        """Nothing was asked for."""


def in_process() -> Bus:
    """Return a bus that reaches this process only."""
    return _InProcess()
