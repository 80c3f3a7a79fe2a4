"""Between the processes: hints and signals, both of which may be lost.

The seam is three callables. In the embedded size, and in tests, `InProcess` calls the local hub
at once. A lost hint costs time, never an entry: positions are compared in every ping.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

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


Signal = PersonMoved | PersonTypes | MarkMoved | MediaChanged

OnHint = Callable[[Sequence[Announcement]], None]
OnSignal = Callable[[Signal], None]


@dataclass(slots=True)
class Bus:
    """What a process says to all processes, itself among them. Neither call blocks or fails."""

    publish_hint: OnHint
    publish_signal: OnSignal
    subscribe: Callable[[OnHint, OnSignal], None]


@dataclass(slots=True)
class _Local:
    on_hint: list[OnHint] = field(default_factory=list)
    on_signal: list[OnSignal] = field(default_factory=list)

    def publish_hint(self, announcements: Sequence[Announcement]) -> None:
        for listener in self.on_hint:
            listener(announcements)

    def publish_signal(self, signal: Signal) -> None:
        for listener in self.on_signal:
            listener(signal)

    def subscribe(self, on_hint: OnHint, on_signal: OnSignal) -> None:
        self.on_hint.append(on_hint)
        self.on_signal.append(on_signal)


def in_process() -> Bus:
    """Return a bus that reaches this process only."""
    local = _Local()
    return Bus(local.publish_hint, local.publish_signal, local.subscribe)
