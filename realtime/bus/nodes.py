"""Where in Redis something lives: one server, or the shards of a Redis Cluster.

A cluster tells which of its nodes holds which of its 16,384 slots, and a channel or a key lives in
the slot of its name, or of what its name has in braces. That map changes when slots are moved and
when a replica takes over, so it is read again every second, and at once when a node was lost or
has sent us elsewhere. Whoever has lines to nodes is told of each change.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import structlog
from redis.asyncio.connection import parse_url
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import ResponseError

from realtime.bus.link import GONE, Link

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks at the map: so long may go by until a moved slot is noticed."""


class Node(NamedTuple):
    """A server of Redis; without a port it is the one that the URL names."""

    host: str = ""
    port: int = 0


HOME = Node()


class Nodes:
    """The servers of one Redis. `run` follows a cluster; a single server needs nobody to."""

    def __init__(self, url: str, *, clustered: bool = False) -> None:
        """Prepare; until somebody has looked everything lives at the URL's own server."""
        self._url = url
        self.clustered = clustered
        self._told: Any = None  # the map as it was told last
        self._slots = [HOME] * REDIS_CLUSTER_HASH_SLOTS
        self.all: Sequence[Node] = (HOME,)
        """Those that hold slots."""
        self._changed: list[Callable[[], None]] = []
        self._doubted = asyncio.Event()
        self._asked: tuple[Node, Link] | None = None

    def of(self, name: str) -> Node:
        """Return where a channel or a key lives."""
        return self._slots[key_slot(name.encode())] if self.clustered else HOME

    def named_at(self, node: Node, prefix: str, stem: str) -> str:
        """Return a channel of this stem that lives at one of `all`; the same in every process."""
        names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(1)))
        return next(name for stem in names if self.of(name := f"{prefix}:{{{stem}}}") == node)

    def on_change(self, told: Callable[[], None]) -> None:
        """Have somebody told whenever something lives elsewhere than before."""
        self._changed.append(told)

    def doubt(self) -> None:
        """Look again soon: a node is lost, or has sent us elsewhere."""
        self._doubted.set()

    async def open(self, node: Node, name: str) -> Link:
        """Open a line to a node. Raises one of `GONE`."""
        return await Link.open(self._url, name, node if node.port else None)

    async def open_for(self, key: str, name: str) -> Link:
        """Open a line to where the key lives. Raises one of `GONE`; then others may be tried."""
        try:
            return await self.open(self.of(key), name)
        except GONE:
            self.doubt()
            raise

    async def run(self) -> None:
        """Follow the cluster until cancelled."""
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):
                        await self._doubted.wait()
                        await self._forget()  # another node may know better
                        await asyncio.sleep(LOOK_EVERY / 4)  # doubts come in crowds
                self._doubted.clear()
                await self.look()
        finally:
            await self._forget()

    async def look(self) -> None:
        """Read the map from whoever answers; if nobody does, it stays as it is."""
        others = [node for node in self.all if node is not HOME]
        random.shuffle(others)
        for node in [self._asked[0]] if self._asked else [*others, HOME]:
            try:
                link = self._asked[1] if self._asked else await self.open(node, "order-room-looks")
                self._asked = node, link
                (told,) = await link.ask([("CLUSTER", "SLOTS")])
            except ResponseError:
                return  # no cluster, or a proxy that hides it
            except GONE:
                await self._forget()
                self.doubt()
            else:
                self._learn(told, node)
                return

    async def close(self) -> None:
        """Close what `look` has opened."""
        await self._forget()

    async def _forget(self) -> None:
        asked, self._asked = self._asked, None
        if asked is not None:
            await asked[1].close()

    def _learn(self, told: Any, by: Node) -> None:  # noqa: ANN401 - what Redis says
        if told == self._told or not told:
            return
        self._told = told
        asked = by.host or str(parse_url(self._url).get("host", "localhost"))
        slots = list(self._slots)  # who held a slot that nobody holds now may be back soon
        for first, last, (host, port, *_), *_ in told:
            known = bytes(host or b"").decode()
            node = Node(asked if known in {"", "?"} else known, int(port))
            slots[first : last + 1] = [node] * (last + 1 - first)
        if slots == self._slots:
            return
        self._slots = slots
        self.all = tuple(dict.fromkeys(slots))
        log.info("the slots of Redis are known", nodes=len(self.all))
        for changed in self._changed:
            changed()


async def shards(url: str) -> int:
    """Return over how many masters a Redis Cluster spreads what it holds; 1 without a cluster.

    Also 1 if nobody answers now, or if a proxy answers that hides the cluster.
    """
    nodes = Nodes(url, clustered=True)
    try:
        await nodes.look()
    finally:
        await nodes.close()
    return len(nodes.all)
