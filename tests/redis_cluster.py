"""A Redis Cluster of several servers on this machine, each with its share of the slots."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from realtime.bus.link import GONE, Link
from realtime.bus.nodes import Node
from tests import servers
from tests.servers import Server

SLOTS = 16_384
PATIENCE = 60.0


@dataclass(frozen=True)
class RedisCluster:
    """Servers of Redis that know each other; none has a replica."""

    servers: tuple[Server, ...]

    @property
    def url(self) -> str:
        """One of them; the others are found from there."""
        return self.servers[0].url

    def at(self, node: Node) -> Server:
        """The server that is this node."""
        return next(each for each in self.servers if make_url(each.url).port == node.port)

    async def move(self, slot: int, to: Server) -> None:
        """Let another server have the slot, as far as everybody knows."""
        name = await tell(to, "CLUSTER", "MYID")
        for each in (to, *(one for one in self.servers if one is not to)):
            await tell(each, "CLUSTER", "SETSLOT", slot, "NODE", name)

    async def settled(self) -> None:
        """Return once all of them know all of them and all slots."""
        async with asyncio.timeout(PATIENCE):
            for each in self.servers:
                while not await self._knows_all(each):
                    await asyncio.sleep(0.05)

    async def _knows_all(self, server: Server) -> bool:
        try:
            info = bytes(await tell(server, "CLUSTER", "INFO")).decode().split()
        except GONE:
            return False
        return {
            "cluster_state:ok",
            f"cluster_slots_ok:{SLOTS}",
            f"cluster_size:{len(self.servers)}",
        } <= set(info)


async def tell(server: Server, *command: str | bytes | int) -> Any:  # noqa: ANN401 - what Redis says
    """Tell one server something, and return its answer."""
    link = await Link.open(server.url, "test")
    try:
        return (await link.ask([command]))[0]
    finally:
        await link.close()


@asynccontextmanager
async def redis_cluster(folder: Path, shards: int) -> AsyncIterator[RedisCluster]:
    """Run a cluster; it is gone at the end."""
    made = RedisCluster(
        tuple(servers.redis(folder / f"shard-{n}", cluster=True) for n in range(shards))
    )
    try:
        await asyncio.gather(*(asyncio.to_thread(each.start) for each in made.servers))
        for number, each in enumerate(made.servers):
            first, after = (SLOTS * n // shards for n in (number, number + 1))
            await tell(each, "CLUSTER", "ADDSLOTSRANGE", first, after - 1)
            port = (await tell(each, "CONFIG", "GET", "cluster-port"))[1]
            own = make_url(each.url).port or 0
            await tell(made.servers[0], "CLUSTER", "MEET", "127.0.0.1", own, port)
        await made.settled()
        yield made
    finally:
        for each in made.servers:
            await asyncio.to_thread(each.kill)
