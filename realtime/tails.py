"""The newest entries of the orders that sockets of this process follow, shared by them.

A socket keeps no entries, only its position. What it is missing comes from here: from memory if
it is a little behind, which is nearly always, otherwise from the database, where sockets with
the same position share one read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import timeline
from orders.database import Announcement, Database
from orders.events import OrderId
from realtime.limits import Limits
from realtime.protocol import Batch, encode
from realtime.together import Together


class Run(msgspec.Struct, frozen=True):
    """Consecutive entries following `after`, ending at `upto`, whose link hash is `link`."""

    after: int
    upto: int
    entries: tuple[bytes, ...]
    link: bytes


def batch_of(order: OrderId, run: Run, head: int, *, reset: bool = False) -> Batch:
    """Say a run to browsers that know of entries up to `head`."""
    return Batch(
        order=order,
        after=run.after,
        upto=run.upto,
        head=head,
        entries=tuple(msgspec.Raw(entry) for entry in run.entries),
        link=run.link.hex(),
        reset=reset,
    )


class Tails:
    """Runs of entries by position. One per process."""

    def __init__(self, database: Database, limits: Limits) -> None:
        """Begin with no orders."""
        self._limits = limits
        self._rings: dict[OrderId, deque[Announcement]] = {}
        self._heads: dict[OrderId, int] = {}
        self._frames: dict[OrderId, tuple[int, int, bytes]] = {}  # the newest: after, upto, batch
        self.reads = Together(database, self._read)
        """What is not in memory."""

    def keep(self, order: OrderId) -> None:
        """Begin to keep what is announced for the order."""
        self._rings.setdefault(order, deque())

    def drop(self, order: OrderId) -> None:
        """Forget the order: nobody here follows it any more."""
        self._rings.pop(order, None)
        self._heads.pop(order, None)
        self._frames.pop(order, None)

    def add(self, news: Announcement) -> None:
        """Keep an announcement, if the order is followed here and it continues what we have.

        One without its entries only says how far the order goes.
        """
        ring = self._rings.get(news.order)
        if ring is None:
            return
        self.reached(news.order, news.upto - len(news.entries))
        self._heads[news.order] = max(news.upto, self._heads.get(news.order, 0))
        if _empties(news) or (ring and news.after > ring[-1].upto):
            # what was withdrawn or erased must not be read from memory either
            ring.clear()
            self._frames.pop(news.order, None)
        if not news.entries:
            return
        if not ring or news.after == ring[-1].upto:
            ring.append(news)
        elif news.upto == ring[0].after and not _empties(ring[0]):
            ring.appendleft(news)  # two processes wrote, and the later one was heard first
        while ring[-1].upto - ring[0].after > self._limits.ring_entries and len(ring) > 1:
            ring.popleft()

    def reached(self, order: OrderId, head: int) -> None:
        """The order goes up to `head` at least, whether or not anything was announced."""
        if order in self._rings and head > self._heads.get(order, 0):
            self._rings[order].clear()  # among what was missed may be an erasure
            self._frames.pop(order, None)
            self._heads[order] = head

    def head(self, order: OrderId) -> int:
        """Return the newest position that was announced since the order is kept; 0 if none."""
        return self._heads.get(order, 0)

    def remembered(self, order: OrderId, after: int, head: int) -> tuple[int, bytes] | None:
        """Return the encoded batch that follows `after`, and where it ends, if memory has it.

        `head` is as far as whoever asks has heard. All who are at the same place, which is nearly
        everybody, get the same bytes.
        """
        if (newest := self._frames.get(order)) is not None:
            begins, upto, frame = newest
            if begins == after and upto >= head:
                return upto, frame
        run = self._remembered(order, after)
        if run is None:
            return None
        frame = encode(batch_of(order, run, max(head, run.upto)))
        if run.upto >= head:
            self._frames[order] = after, run.upto, frame
        return run.upto, frame

    async def following(self, order: OrderId, after: int) -> Run:
        """Return the run that follows `after`; empty if there is none. Raises `Unavailable`."""
        known = self._remembered(order, after) or await self.reads.ask((order, after))
        return known or Run(after, after, (), b"")

    def _remembered(self, order: OrderId, after: int) -> Run | None:
        ring = self._rings.get(order)
        if not ring or not ring[0].after <= after < ring[-1].upto:
            return None
        newest = ring[-1]
        if newest.after == after and len(newest.entries) == 1:  # nearly always: no need to search
            return Run(after, newest.upto, newest.entries, newest.link)
        entries: list[bytes] = []
        size, upto, link = 0, after, b""
        for news in ring:
            if news.after < upto:
                continue
            if news.after != upto:
                break  # the position lies within an announcement: only the table can cut there
            size += sum(map(len, news.entries))
            full = len(entries) + len(news.entries) > self._limits.batch_entries
            if full or size > self._limits.batch_bytes:
                break
            entries += news.entries
            upto, link = news.upto, news.link
        return Run(after, upto, tuple(entries), link) if entries else None

    async def _read(
        self, conn: AsyncConnection, places: Sequence[tuple[OrderId, int]]
    ) -> dict[tuple[OrderId, int], Run]:
        found = await timeline.read_after(conn, places, self._limits.batch_entries)
        return {place: self._run(place[1], rows) for place, rows in found.items()}

    def _run(self, after: int, rows: Sequence[timeline.StoredEntry]) -> Run:
        entries: list[bytes] = []
        size, upto, link = 0, after, b""
        for row in rows:
            entry = timeline.wire(row)
            size += len(entry)
            if entries and size > self._limits.batch_bytes:
                break
            entries.append(entry)
            upto, link = row.seq, bytes(row.link)
        return Run(after, upto, tuple(entries), link)


_EMPTYING = (b'"entry_redacted"', b'"message_withdrawn"')


def _empties(news: Announcement) -> bool:
    return any(word in entry for entry in news.entries for word in _EMPTYING)
