"""How much chat one core carries: messages a second, latency, memory of a connection, resume.

The servers are started by their own command line, all of them (database and broker too) on one
core; this program is the load and has the other. Every check of the product is on. The rates at
which one person may write are raised by the setting made for that
(`ORDER_ROOM_COMMANDS_PER_SECOND`), because a thousand people stand for tens of thousands here.

- *capacity*: everybody has a few messages on their way all the time;
- *latency*: messages at fixed times, from when one should be sent until the other party has it;
  the two of an order write half a round apart, as people who answer each other do;
- *crossing*: the same at one rate where they write at the same moment, which is the worst there
  is for two gateways: each of them learns of the other's message while it stores its own;
- *resume*: everybody's buyer is away for some messages; from the first connect to the last entry;
- *idle*: signed-in connections in a server just started, its memory before and after;
- *echo*: a bare WebSocket echo on the same server software, in the same run.

Prints one line of JSON a mode; `python_loop_ms` is what the same piece of Python took on the
servers' core before and after. A run in which the load itself needed more than 90 % of its core is
marked `valid: false`. Takes about two minutes a mode.
"""

import argparse
import asyncio
import gc
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from picows import WSMsgType, ws_connect

from orders.database import Database, migrate
from realtime.auth import Tokens
from realtime.limits import Limits
from realtime.settings import Secret
from tests.bench.chat_load import PATIENCE, TEXT, Client, Echo, Ledger, arrive, come_in
from tests.bench.chat_servers import TOKEN_SECRET, Site, listens
from tests.cost import cores, cpu_seconds, loop_ms, memory_kib, on_core
from tests.orders.world import Room, open_room

WINDOW = 2
"""Messages that everybody has on their way while capacity is measured."""
TICK = 0.0005
"""Seconds between two looks at what has to be sent: slept by a thread, because the event loop's
clock has steps of a millisecond, and the load must not be late itself."""
LOAD_MOST = 90.0
"""Percent of its core that the load may need for a run to count."""


class Pair(msgspec.Struct):
    """An order and the two who write in it."""

    buyer: Client
    buyer_url: str
    buyer_token: str
    seller: Client


# -------------------------------------------------------------------------------- phases


class Meter:
    """CPU of the servers and of this program, from its making on."""

    def __init__(self, roots: Sequence[int]) -> None:
        self._roots = roots
        self._each = [cpu_seconds(root) for root in roots]
        self._servers, self._mine, self._began = cpu_seconds(*roots), time.process_time(), _now()

    def servers(self) -> float:
        """CPU-seconds that the servers have used."""
        return cpu_seconds(*self._roots) - self._servers

    def each(self) -> list[float]:
        """Do `servers` process by process, each with what it started."""
        return [
            cpu_seconds(root) - before for root, before in zip(self._roots, self._each, strict=True)
        ]

    def load(self) -> float:
        """Percent of a core that this program has used."""
        return 100 * (time.process_time() - self._mine) / (_now() - self._began)


def _now() -> float:
    return time.monotonic()


async def drained(ledger: Ledger) -> int:
    """Wait until everything was delivered; return how many messages never were."""
    give_up = _now() + PATIENCE
    while ledger.pending and _now() < give_up:
        await asyncio.sleep(0.05)
    return len(ledger.pending)


async def capacity(
    clients: Sequence[Client], ledger: Ledger, seconds: float, roots: Sequence[int]
) -> dict[str, Any]:
    """Keep some messages of everybody on their way, and count."""
    going = True

    def again(client: Client) -> None:
        if going:
            client.write(_now())

    for client in clients:
        client.answered = again
        for _ in range(WINDOW):
            client.write(_now())
    await asyncio.sleep(seconds / 3)
    meter, before, began = Meter(roots), ledger.delivered, _now()
    await asyncio.sleep(seconds)
    took, count = _now() - began, ledger.delivered - before
    each, load = meter.each(), meter.load()
    cpu = sum(each)
    going = False
    await drained(ledger)
    return {
        "delivered_per_s": round(count / took),
        "cpu_us_per_message": round(1e6 * cpu / max(count, 1)),
        "cpu_us_by_process": [round(1e6 * one / max(count, 1)) for one in each],
        "server_load_percent": round(100 * cpu / took, 1),
        "loader_load_percent": round(load, 1),
    }


async def latency(
    clients: Sequence[Client], ledger: Ledger, rate: int, seconds: float, roots: Sequence[int]
) -> dict[str, float]:
    """Send `rate` messages a second at fixed times, the clients in turn."""
    for client in clients:
        client.answered = None
    meter = Meter(roots)
    ledger.late = []
    began = _now()
    sent = 0
    while (passed := _now() - began) < seconds:
        for _ in range(int(passed * rate) + 1 - sent):
            clients[sent % len(clients)].write(began + sent / rate)
            sent += 1
        await asyncio.to_thread(time.sleep, TICK)
    load = meter.load()
    await drained(ledger)
    late, ledger.late = sorted(ledger.late), None
    return {
        "p50_ms": round(1000 * late[len(late) // 2], 2) if late else 0.0,
        "p99_ms": round(1000 * late[len(late) * 99 // 100], 2) if late else 0.0,
        "server_load_percent": round(100 * meter.servers() / seconds, 1),
        "loader_load_percent": round(load, 1),
    }


async def resume(pairs: Sequence[Pair], ledger: Ledger, missed: int) -> float:
    """Let buyers miss some messages; return how long it takes until all of them have them."""
    for pair in pairs:
        pair.buyer.leave()
        pair.seller.answered = None
    await asyncio.sleep(1)
    targets = [(pair.buyer.cursor or 0) + missed for pair in pairs]
    for number in range(missed):
        for pair in pairs:
            pair.seller.write(_now())
        await asyncio.gather(
            *(p.seller.until(t - missed + number + 1) for p, t in zip(pairs, targets, strict=True))
        )
    began = _now()
    await asyncio.gather(
        *(
            come_in(pair.buyer_url, pair.buyer_token, pair.buyer, target)
            for pair, target in zip(pairs, targets, strict=True)
        )
    )
    took = _now() - began
    await drained(ledger)
    return took


async def idle(url: str, pids: Sequence[int], tokens: Sequence[str], count: int) -> float:
    """Sign in `count` connections that say nothing; return KiB of the servers' memory for each."""
    ledger = Ledger()
    first = [Client(ledger, "", "") for _ in tokens]
    for client, token in zip(first[:50], tokens, strict=False):  # what is made once is made now
        await arrive(url, token, client)
    await asyncio.sleep(1)
    before = memory_kib(*pids)
    clients = [Client(ledger, "", "") for _ in range(count)]
    for place in range(0, count, 100):
        some = enumerate(clients[place : place + 100], place)
        await asyncio.gather(*(arrive(url, tokens[n % len(tokens)], c) for n, c in some))
    await asyncio.sleep(3)
    used = memory_kib(*pids) - before
    for client in (*first[:50], *clients):
        client.leave()
    return used / count


async def echoes(url: str, connections: int, seconds: float) -> float:
    """Return how many frames a second a bare echo carries."""
    listeners = [Echo() for _ in range(connections)]
    frame = msgspec.json.encode({"t": "message.send", "id": "m-1", "order": "o_1", "text": TEXT})
    for listener in listeners:
        transport, _ = await ws_connect(lambda one=listener: one, url)
        for _ in range(WINDOW):
            transport.send(WSMsgType.TEXT, frame)
    await asyncio.sleep(seconds / 4)
    before, began = sum(each.count for each in listeners), _now()
    await asyncio.sleep(seconds)
    found = (sum(each.count for each in listeners) - before) / (_now() - began)
    for listener in listeners:
        listener.going = False
    return found


# -------------------------------------------------------------------------------- measure


async def open_rooms(database_url: str, count: int) -> list[Room]:
    """Make paid orders, each between two people of its own."""
    await migrate(database_url)
    database = await Database.open(database_url)
    try:
        return [await open_room(database) for _ in range(count)]
    finally:
        await database.close()


@asynccontextmanager
async def connected(
    site: Site, rooms: Sequence[Room], mint: Callable[[str], str], ledger: Ledger
) -> AsyncIterator[list[Pair]]:
    """Bring both people of each order in: buyers to the first gateway, sellers to the last."""
    front, back = (f"ws://127.0.0.1:{port}/ws" for port in (site.ports[0], site.ports[-1]))
    pairs = [
        Pair(
            Client(ledger, room.buyer, room.order), front, mint(room.buyer),
            Client(ledger, room.seller, room.order),
        )
        for room in rooms
    ]  # fmt: skip
    for place in range(0, len(pairs), 50):
        some = pairs[place : place + 50]
        await asyncio.gather(*(come_in(front, p.buyer_token, p.buyer) for p in some))
        await asyncio.gather(*(come_in(back, mint(p.seller.person), p.seller) for p in some))
    yield pairs
    for pair in pairs:
        pair.buyer.leave()
        pair.seller.leave()


async def measure(site: Site, given: argparse.Namespace, server_core: int) -> None:
    """Run all phases; print what came of them."""
    tokens = Tokens(Secret(TOKEN_SECRET), Limits())
    ledger = Ledger()

    def mint(person: str) -> str:
        return tokens.mint(person).token  # type: ignore[arg-type]

    with on_core(server_core):
        loop = [loop_ms()]
        await site.begin()
    rooms = await open_rooms(site.database_url, given.pairs)
    with on_core(server_core):
        await site.start()
    roots = [*site.pids, *site.shared]
    async with connected(site, rooms, mint, ledger) as pairs:
        gc.collect()
        gc.freeze()
        gc.disable()  # a look of the collector would make the load late
        half = len(pairs) // 2
        across = zip(pairs, [*pairs[half:], *pairs[:half]], strict=True)
        clients = [client for one, other in across for client in (one.buyer, other.seller)]
        crossing = [client for pair in pairs for client in (pair.buyer, pair.seller)]
        most = await capacity(clients, ledger, given.seconds, roots)
        slow = {
            str(rate): await latency(clients, ledger, rate, given.seconds, roots)
            for rate in given.rates
        }
        crossed = {
            str(rate): await latency(crossing, ledger, rate, given.seconds, roots)
            for rate in given.crossing
        }
        resumed = await resume(pairs[: given.resume], ledger, given.missed)
        gc.enable()
    site.stop()
    found: dict[str, object] = {}
    if given.idle:
        with on_core(server_core):
            await site.start()
        url = f"ws://127.0.0.1:{site.ports[0]}/ws"
        people = [mint(person) for room in rooms for person in (room.buyer, room.seller)]
        kib = await idle(url, site.pids[: len(site.ports)], people, given.idle)
        found = {"kib_per_idle_connection": round(kib, 1), "idle_connections": given.idle}
        site.stop()
    with on_core(server_core):
        loop.append(loop_ms())
        port = site.echo()
    await listens(port)
    echo = await echoes(f"ws://127.0.0.1:{port}/", 100, given.seconds / 2)
    late = [*slow.values(), *crossed.values()]
    loads = [most["loader_load_percent"], *(each["loader_load_percent"] for each in late)]
    print(
        json.dumps(
            {
                "bench": "chat",
                "mode": site.mode,
                **most,
                "echo_per_s": round(echo),
                "ratio_to_echo": round(most["delivered_per_s"] / echo, 3),
                "latency_ms": slow,
                "latency_crossing_ms": crossed,
                **found,
                "resume_s": round(resumed, 3),
                "resumed": f"{min(given.resume, len(rooms))} x {given.missed}",
                "sent": ledger.sent,
                "lost": len(ledger.pending),
                "doubled": ledger.doubled,
                "disordered": ledger.disordered,
                "refused": dict(ledger.refused),
                "pairs": len(rooms),
                "python": platform.python_version(),
                "python_loop_ms": loop,
                "valid": max(loads) <= LOAD_MOST,
                "load_average": round(os.getloadavg()[0], 1),
            }
        ),
        flush=True,
    )


async def run(given: argparse.Namespace) -> None:
    """Measure the modes one after the other."""
    server_core, load_core = cores()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with on_core(load_core):
        for mode in given.modes:
            async with AsyncExitStack() as stack:
                made = stack.enter_context(tempfile.TemporaryDirectory(prefix="order-room-"))
                folder = Path(made)
                folder.chmod(0o755)  # PostgreSQL runs as somebody else and must reach its own
                site = Site(mode, folder)
                stack.callback(site.end)
                try:
                    await measure(site, given, server_core)
                except BaseException:
                    log = folder / "server.log"
                    sys.stderr.write(log.read_text()[-4000:] if log.exists() else "no server\n")
                    raise


def main() -> None:
    """Read the arguments; measure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    modes = ["sqlite", "postgres", "postgres+redis"]
    arguments.add_argument("--modes", nargs="+", default=modes, choices=modes)
    arguments.add_argument("--pairs", type=int, default=500, help="orders, two people each")
    arguments.add_argument("--seconds", type=float, default=12, help="of each phase")
    arguments.add_argument("--rates", type=int, nargs="*", default=[500, 1000, 4000])
    arguments.add_argument("--crossing", type=int, nargs="*", default=[1000])
    arguments.add_argument("--idle", type=int, default=10_000, help="idle connections")
    arguments.add_argument("--resume", type=int, default=500, help="buyers that were away")
    arguments.add_argument("--missed", type=int, default=20, help="messages that each missed")
    uvloop.run(run(arguments.parse_args()))


if __name__ == "__main__":
    main()
