"""What travels between processes: encoding, sizes, partitions.

A letter is the sender's eight bytes and then MessagePack: some hints, some signals. Hints carry
the encoded entries while they are small; a browser that is exactly one behind then gets them
without anybody asking the database. A hint that is too large travels without them.

Topics (orders, persons) are spread over `partitions` channels. The number stands in braces,
which makes it the hash tag of Redis Cluster: a partition lives in one slot, so that its channel
works with sharded publish/subscribe. A hint of a new order goes to the common channel as well,
because those whom it concerns cannot know the order yet.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

import msgspec

from orders.database import Announcement
from orders.events import OrderId
from realtime.bus import (
    AccessChanged,
    MarkMoved,
    MediaChanged,
    PartiesParted,
    PersonMoved,
    PersonTypes,
    PresenceHidden,
    Signal,
)

SENDER_BYTES = 8
HINT_BYTES = 32 * 1024
"""Bytes of entries that a hint carries at most."""
LETTER_BYTES = 256 * 1024
"""Bytes of entries in one letter: far below what Redis lets wait for a slow listener."""
COMMON = "all"
"""The channel that every process listens to."""


class Hint(msgspec.Struct, frozen=True, array_like=True):
    """An `Announcement` on its way, perhaps without its entries."""

    order: OrderId
    after: int
    upto: int
    entries: tuple[bytes, ...]
    link: bytes
    situation: bool


class Letter(msgspec.Struct, frozen=True, array_like=True):
    """What one process says to the others in one message."""

    hints: tuple[Hint, ...] = ()
    signals: tuple[Signal, ...] = ()
    gap: bool = False
    """The sender could not keep all that it had to say: ask the database how far all goes."""
    farewell: bool = False
    """The sender ends in good order and will say no more."""


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Letter)


def seal(sender: bytes, letter: Letter) -> bytes:
    """Write a letter."""
    return sender + _encode(letter)


def sender_of(sealed: bytes) -> bytes:
    """Return who wrote it, without reading it."""
    return sealed[:SENDER_BYTES]


def unseal(sealed: bytes) -> Letter:
    """Read a letter. Raises `ValueError` if it is not one, or one of another version."""
    try:
        return _decoder.decode(memoryview(sealed)[SENDER_BYTES:])
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None


def hint_of(news: Announcement) -> Hint:
    """Prepare an announcement for the way; its entries stay behind if they are too large."""
    entries = news.entries
    if sum(map(len, entries)) > HINT_BYTES:
        entries = ()
    return Hint(news.order, news.after, news.upto, entries, news.link, news.situation)


def announcement_of(hint: Hint) -> Announcement:
    """Take a hint in."""
    return Announcement(hint.order, hint.after, hint.upto, hint.entries, hint.link, hint.situation)


def bare(hint: Hint, before: Hint | None = None) -> Hint:
    """Keep of a hint what is worth saying later: how far the order goes since `before`."""
    if before is None:
        return Hint(hint.order, hint.after, hint.upto, (), b"", hint.situation)
    return Hint(
        hint.order,
        min(before.after, hint.after),
        max(before.upto, hint.upto),
        (),
        b"",
        before.situation or hint.situation,
    )


def partition_of(topic: str, partitions: int) -> int:
    """Return the partition of an order or a person; the same in every process."""
    return zlib.crc32(topic.encode()) % partitions


def channel(prefix: str, name: int | str) -> str:
    """Return the channel of a partition, or of a name."""
    return f"{prefix}:{{{name}}}"


def topic_of(signal: Signal) -> str:
    """Return the order or the person that a signal is about."""
    match signal:
        case (
            PersonMoved(person=person)
            | PresenceHidden(person=person)
            | AccessChanged(person=person)  # who was barred from an order does not listen to it
        ):
            return person
        case (
            PartiesParted(order=order)
            | PersonTypes(order=order)
            | MarkMoved(order=order)
            | MediaChanged(order=order)
        ):
            return order
        case never:
            assert_never(never)


def letters_for(
    hints: Iterable[Hint], signals: Iterable[Signal], partitions: int
) -> Iterator[tuple[int | str, Letter]]:
    """Sort hints and signals into one letter per partition touched, or few if they are large."""
    by_place: dict[int | str, tuple[list[Hint], list[Signal]]] = {}
    for hint in hints:
        place = partition_of(hint.order, partitions)
        by_place.setdefault(place, ([], []))[0].append(hint)
        if hint.after == 0:
            by_place.setdefault(COMMON, ([], []))[0].append(bare(hint))
    for signal in signals:
        place = partition_of(topic_of(signal), partitions)
        by_place.setdefault(place, ([], []))[1].append(signal)
    for at, (some, others) in by_place.items():
        first, *more = _cut(some) or [()]
        yield at, Letter(tuple(first), tuple(others))
        for part in more:
            yield at, Letter(tuple(part))


def _cut(hints: Sequence[Hint]) -> list[Sequence[Hint]]:
    parts: list[Sequence[Hint]] = []
    part: list[Hint] = []
    size = 0
    for hint in hints:
        weight = sum(map(len, hint.entries))
        if part and size + weight > LETTER_BYTES:
            parts.append(part)
            part, size = [], 0
        part.append(hint)
        size += weight
    if part:
        parts.append(part)
    return parts
