"""The two sizes, with every line and every process within reach of whoever breaks things."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from orders.database import migrate
from tests import servers
from tests.faults.clock import WallClock
from tests.faults.ledger import Writer
from tests.faults.proxy import Proxy
from tests.harness import Process, Server, TestOrder
from tests.servers import ServerFailedError
from tests.socket_browser import HarnessError

T = TypeVar("T")


@dataclass
class World:
    """What runs, what can be broken, and who writes in it."""

    size: str
    chance: random.Random
    database_url: str
    """The database itself, past all proxies."""
    gateways: list[Process]
    workers: list[Process]
    doors: list[Server]
    """Where browsers go: a proxy before each gateway."""
    door_lines: list[Proxy]
    clocks: list[WallClock]
    """One for each process of ours."""
    postgres: servers.Server | None = None
    postgres_clock: WallClock | None = None
    redis: servers.Server | None = None
    postgres_line: Proxy | None = None
    """The way of the first gateway to PostgreSQL."""
    redis_line: Proxy | None = None
    """The way of the first gateway to Redis."""
    rooms: list[TestOrder] = field(default_factory=list)
    writers: list[Writer] = field(default_factory=list)
    crowd: int = 100
    """Sockets that a rolling restart moves."""
    moved: int = 0
    """Sockets of the crowd that lost their process to a rolling restart and came back."""
    foreign: set[str] = field(default_factory=set)
    """Client ids that were written past the servers."""
    away: dict[str, float] = field(default_factory=dict)
    """Seconds that Redis and PostgreSQL were away in one go, at most, while `outages` looked."""
    stood: float = 0.0
    """Seconds that a process with sockets stood still in one go, at most."""
    meanwhile: int = 0
    """Messages that were acknowledged during that longest stop."""

    @property
    def acknowledged(self) -> int:
        """Messages that writers were told are kept, so far."""
        return sum(len(writer.kept) for writer in self.writers)

    def other(self, writer: Writer) -> str:
        """Return whom the writer writes to."""
        (room,) = [room for room in self.rooms if room.id == writer.order]
        return room.seller if writer.person == room.buyer else room.buyer

    @property
    def processes(self) -> list[Process]:
        return [*self.gateways, *self.workers]


@contextmanager
def public_folder() -> Iterator[Path]:
    """A folder that PostgreSQL can reach, though it runs as somebody else."""
    with tempfile.TemporaryDirectory(prefix="order-room-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@asynccontextmanager
async def embedded(folder: Path, chance: random.Random) -> AsyncIterator[World]:
    """One process on SQLite."""
    url = f"sqlite+aiosqlite:///{folder / 'orders.sqlite3'}"
    async with AsyncExitStack() as stack:
        clock = WallClock(folder, "serve")
        server = await stack.enter_async_context(
            Process(url, folder, demo=False, role="serve", **clock.environment)
        )
        door = await stack.enter_async_context(Proxy("127.0.0.1", server.port))
        doors: list[Server] = [Server(f"http://127.0.0.1:{door.port}")]
        yield World("embedded", chance, url, [server], [], doors, [door], [clock])


@asynccontextmanager
async def scaled(folder: Path, chance: random.Random) -> AsyncIterator[World]:
    """Two gateways and a worker around a PostgreSQL and a Redis of their own."""
    postgres = servers.postgres(folder / "postgres")
    postgres_clock = WallClock(folder, "postgres")
    postgres.environment = postgres_clock.environment
    redis = servers.redis(folder / "redis")
    async with AsyncExitStack() as stack:
        for server in (postgres, redis):
            await asyncio.to_thread(server.start)
            stack.push_async_callback(asyncio.to_thread, server.kill)
        await migrate(postgres.url)
        database, broker = make_url(postgres.url), urlsplit(redis.url)
        assert database.port is not None
        assert broker.port is not None
        postgres_line = await stack.enter_async_context(Proxy("127.0.0.1", database.port))
        redis_line = await stack.enter_async_context(Proxy("127.0.0.1", broker.port))
        prefix = f"f-{secrets.token_hex(6)}"
        crooked = database.set(port=postgres_line.port).render_as_string(hide_password=False)

        clocks: list[WallClock] = []

        def process(role: str, *, through_proxies: bool) -> Process:
            clocks.append(WallClock(folder, f"{role}-{len(clocks)}"))
            port = redis_line.port if through_proxies else broker.port
            return Process(
                crooked if through_proxies else postgres.url,
                folder,
                demo=False,
                role=role,
                ORDER_ROOM_REDIS_URL=f"redis://127.0.0.1:{port}/0",
                ORDER_ROOM_REDIS_PREFIX=prefix,
                ORDER_ROOM_LOG="warning",
                **clocks[-1].environment,
            )

        gateways = [process("gateway", through_proxies=n == 0) for n in range(2)]
        worker = process("worker", through_proxies=False)
        for each in (*gateways, worker):
            stack.push_async_callback(asyncio.to_thread, each.kill)
        await asyncio.gather(*(each.start() for each in (*gateways, worker)))
        lines = [
            await stack.enter_async_context(Proxy("127.0.0.1", each.port)) for each in gateways
        ]
        yield World(
            "scaled",
            chance,
            postgres.url,
            gateways,
            [worker],
            [Server(f"http://127.0.0.1:{line.port}") for line in lines],
            lines,
            clocks,
            postgres,
            postgres_clock,
            redis,
            postgres_line,
            redis_line,
        )


async def start_again(process: Process) -> None:
    """Start a process that died; one that cannot start yet, as its database is away, is retried."""
    await _insist(process.start, HarnessError)


async def start_server(server: servers.Server) -> None:
    """Start a server that was killed; PostgreSQL waits for its own children to be gone."""
    await _insist(lambda: asyncio.to_thread(server.start), ServerFailedError)


async def _insist(start: Callable[[], Awaitable[T]], failure: type[Exception]) -> T:
    for _ in range(20):
        with contextlib.suppress(failure):
            return await start()
        await asyncio.sleep(0.5)
    return await start()
