"""The real server, run for a test, and people who come to it.

`serving(url, …)` runs the real application on a free port inside the test's own event loop;
`Process` runs it as a process of its own, to be killed and started again. Both know how to make
orders over HTTP and how to sign people in; `tests.socket_browser` is the other end of the line.
Whatever is answered is held against the published contracts.

    async with serving(database_url) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
            await buyer.subscribe(order.id)
            await seller.subscribe(order.id)
            done = await buyer.say(order.id, "Bonjour")
            await seller.reaches(order.id, done["seq"])
            assert seller.texts(order.id) == ["Bonjour"]
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import secrets
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
import structlog

from realtime import telemetry
from realtime.app import OrderRoom
from realtime.limits import Limits
from realtime.serving import RoomServer, address, listen
from realtime.settings import read
from tests import published
from tests.servers import free_port
from tests.socket_browser import PATIENCE, Browser, Frame, HarnessError

SERVICE_KEY = "a-service-key-for-tests-only-0123456789"
METRICS_KEY = "a-metrics-key-for-tests-only-0123456789"
TOKEN_SECRET = "a-token-secret-for-tests-only-0123456789"

_NO_TLS = ssl.create_default_context()
"""Nothing here is encrypted; but a client that is given no context reads all roots, 30 ms long."""

# As the server logs, but to wherever the test's output goes now.
structlog.configure(processors=[*telemetry.PROCESSORS, structlog.processors.JSONRenderer()])


@dataclass(frozen=True)
class Scaled:
    """The scaled size: processes around one PostgreSQL and one Redis."""

    gateways: tuple[Process, ...]
    workers: tuple[Process, ...]

    @property
    def processes(self) -> tuple[Process, ...]:
        return (*self.gateways, *self.workers)


@dataclass(frozen=True)
class TestOrder:
    """An order made for a test, with its two people."""

    __test__ = False
    id: str
    buyer: str
    seller: str


class Server:
    """Where a server answers, and what a marketplace does with it."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def ws_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/ws"

    def http(self, headers: dict[str, str] | None = None) -> httpx2.AsyncClient:
        """An HTTP client; its headers say who asks. It does not follow redirects."""
        return httpx2.AsyncClient(
            base_url=self.url,
            timeout=PATIENCE,
            headers=headers,
            verify=_NO_TLS,
            event_hooks={"response": [_as_published]},
        )

    def backend(self) -> httpx2.AsyncClient:
        """An HTTP client with the service key: the marketplace's backend."""
        return self.http(headers={"Authorization": f"Bearer {SERVICE_KEY}"})

    async def order(self, **changes: object) -> TestOrder:
        """Make a paid order between two new people; `changes` replace parts of the request.

        Asks again, as a marketplace does, while the server says that it cannot do it now.
        """
        name = secrets.token_hex(4)
        buyer, seller = f"buyer-{name}", f"seller-{name}"
        wanted: Frame = new_order(buyer, seller) | changes
        key = {"Idempotency-Key": secrets.token_hex(8)}
        give_up = time.monotonic() + PATIENCE
        async with self.backend() as http:
            made = await http.post("/api/v1/orders", json=wanted, headers=key)
            while made.status_code == 503 and time.monotonic() < give_up:
                await asyncio.sleep(0.2)
                made = await http.post("/api/v1/orders", json=wanted, headers=key)
        assert made.status_code == 201, made.text
        return TestOrder(
            made.json()["order"], wanted["buyer"]["person"], wanted["seller"]["person"]
        )

    async def orders_of_one_seller(self, **second: object) -> tuple[TestOrder, TestOrder]:
        """Make two orders of one seller and two buyers; `second` changes the second request."""
        first = await self.order()
        tom = {"person": first.seller, "name": "Tom", "email": "tom@post.test", "language": "en"}
        return first, await self.order(seller=tom, **second)

    async def token(self, person: str, **wanted: object) -> str:
        """Mint a party token over HTTP, as a host page's backend does."""
        async with self.backend() as http:
            made = await http.post("/api/v1/tokens", json={"person": person, **wanted})
        assert made.status_code == 200, made.text
        return str(made.json()["token"])

    def at_the_door(self, person: str = "nobody") -> Browser:
        """A browser of the person that has not connected yet; the test closes it."""
        return Browser(self, person)

    @asynccontextmanager
    async def browser(
        self, person: str, *, token: str | None = None, language: str = "en"
    ) -> AsyncIterator[Browser]:
        """Open a socket for the person and say hello; closed at the end."""
        browser = Browser(self, person, language)
        await browser.open(token or await self.token(person))
        try:
            yield browser
        finally:
            await browser.close()


async def _as_published(answer: httpx2.Response) -> None:
    """Hold every answer against the published contract."""
    if answer.headers.get("content-type") == "application/json":
        asked = answer.request
        published.answered(
            asked.method, asked.url.path, answer.status_code, json.loads(await answer.aread())
        )


def new_order(buyer: str, seller: str) -> Frame:
    """The body of a request for a paid order between these two."""
    return {
        "reference": f"ref-{secrets.token_hex(8)}",
        "title": "Voix off",
        "category": "voice-over",
        "language": "fr",
        "price_cents": 12_300,
        "currency": "EUR",
        "means": "card",
        "brief": [],
        "buyer": {
            "person": buyer,
            "name": "Ada Buyer",
            "email": f"{buyer}@post.test",
            "language": "fr",
        },
        "seller": {
            "person": seller,
            "name": "Sam Seller",
            "email": f"{seller}@post.test",
            "language": "en",
        },
    }


def settings_for(database_url: str, var: Path) -> dict[str, str]:
    """What the environment says to a server of the tests."""
    return {
        "ORDER_ROOM_DATABASE_URL": database_url,
        "ORDER_ROOM_VAR": str(var),
        "ORDER_ROOM_SERVICE_KEY": SERVICE_KEY,
        "ORDER_ROOM_TOKEN_SECRET": TOKEN_SECRET,
        "ORDER_ROOM_METRICS_KEY": METRICS_KEY,
        "ORDER_ROOM_COMMANDS_PER_SECOND": "1000",
    }


@asynccontextmanager
async def serving(
    database_url: str,
    *,
    limits: Limits | None = None,
    demo: bool = False,
    var: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[InProcess]:
    """Run the real server on a free port in this event loop; it stops in good order at the end.

    `limits` is the table of limits, `environment` what the server's environment says beside the
    usual; `var` its folder, a temporary one unless given.
    """
    with tempfile.TemporaryDirectory() as folder:
        told = settings_for(database_url, var or Path(folder)) | dict(environment or {})
        room = OrderRoom(
            read(told, demo=demo),
            limits or Limits(drain=0.05, presence_grace=0.2),
        )
        server = RoomServer(room)
        listener = listen("127.0.0.1", 0)
        task = asyncio.create_task(server._serve([listener]))
        try:
            while not server.started:
                if task.done():
                    await task
                await asyncio.sleep(0.01)
            yield InProcess(address(listener), room, server)
        finally:
            if not server.should_exit:
                server.stop()
            await task


class InProcess(Server):
    """A server in this event loop; its parts can be looked at."""

    def __init__(self, url: str, room: OrderRoom, server: RoomServer) -> None:
        super().__init__(url)
        self.room = room
        self.edge = room.edge
        self._server = server

    def stop(self) -> None:
        """Begin to stop, as SIGTERM does."""
        self._server.stop()


@asynccontextmanager
async def scaled(
    database_url: str, redis_url: str, folder: Path, *, gateways: int = 2, **environment: str
) -> AsyncIterator[Scaled]:
    """Run gateways and a worker as processes of their own; they are killed at the end."""
    environment.setdefault("ORDER_ROOM_REDIS_PREFIX", f"t-{secrets.token_hex(6)}")

    def process(role: str) -> Process:
        return Process(
            database_url,
            folder,
            demo=False,
            role=role,
            ORDER_ROOM_REDIS_URL=redis_url,
            **environment,
        )

    made = Scaled(tuple(process("gateway") for _ in range(gateways)), (process("worker"),))
    try:
        await asyncio.gather(*(each.start() for each in made.processes))
        yield made
    finally:
        for each in made.processes:
            await asyncio.to_thread(each.kill)


_started: set[subprocess.Popen[bytes]] = set()
"""Running now; a test that was interrupted leaves none behind."""


@atexit.register
def _leave_none_behind() -> None:
    for process in _started:
        process.kill()


class Process(Server):
    """A server as a process of its own, on a port it keeps when it is started again."""

    def __init__(
        self,
        database_url: str,
        folder: Path,
        *,
        demo: bool = False,
        role: str = "serve",
        **environment: str,
    ) -> None:
        self.role = role
        self._arguments = ("--demo",) if demo else ()
        self.port = free_port()
        super().__init__(f"http://127.0.0.1:{self.port}")
        self.folder = folder
        self._environment = {
            **os.environ,
            "PORT": str(self.port),
            **settings_for(database_url, folder),
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self, *arguments: str) -> None:
        """Start it and return when it is ready. Raises HarnessError if it is not in time."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "realtime", self.role, *arguments],
                cwd=Path(__file__).parents[1],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        _started.add(self._process)
        give_up = time.monotonic() + 3 * PATIENCE  # a demo plays its scenes first
        async with self.http() as http:
            while True:
                try:
                    if (await http.get("/healthz")).status_code == 200:
                        return
                except httpx2.TransportError:
                    pass
                if self._process.poll() is not None or time.monotonic() > give_up:
                    raise HarnessError(f"the server did not start:\n{self.log()}")
                await asyncio.sleep(0.05)

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.role}-{self.port}.log"

    def log(self) -> str:
        """What the process wrote."""
        return self._log.read_text(errors="replace")

    def pause(self) -> None:
        """Let it stand still, as a machine that swaps does, until `resume`."""
        self._tell(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._tell(signal.SIGCONT)

    def _tell(self, what: signal.Signals) -> None:
        assert self._process is not None, "it does not run"
        self._process.send_signal(what)

    @property
    def pid(self) -> int:
        """The running process's number."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """Let it die as in a power cut."""
        self.end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to stop in good order; return its exit status."""
        return await asyncio.to_thread(self.end, signal.SIGTERM)

    def end(self, how: signal.Signals) -> int:
        """Send the signal and wait until the process has ended; return its exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(how)
        status = self._process.wait(PATIENCE)
        _started.discard(self._process)
        self._process = None
        return status

    async def __aenter__(self) -> Self:
        """Start it, in demo mode if it was made so; it is killed at the end if it still runs."""
        await self.start(*self._arguments)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.end, signal.SIGKILL)
