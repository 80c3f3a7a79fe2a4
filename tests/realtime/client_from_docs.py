"""A client of the order room, written from the page `/api/docs` alone.

It knows nothing of the server's code: a WebSocket, HTTP, JSON, and the page's rules.
"""

import asyncio
import json
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 30.0


class RefusedError(Exception):
    """The room said no; `code` is stable."""

    def __init__(self, told: Frame) -> None:
        super().__init__(told["text"])
        self.code = str(told["code"])
        self.facts: Frame = told["facts"]

    @property
    def pause(self) -> float | None:
        """After how many seconds to ask again with the same id; None for not at all."""
        match self.code:
            case "unavailable":
                return 1.0
            case "rate_exceeded":
                return float(self.facts["retry_after"])
            case _:
                return None


class ClosedError(Exception):
    """The line was closed, and something must change before the next one."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Client:
    """One person in one order. `token` gets a token that still lives."""

    def __init__(self, url: str, token: Callable[[], Awaitable[str]], order: str) -> None:
        self.position = 0
        self.entries: dict[int, Frame] = {}
        self.situation: Frame | None = None
        self.ended: ClosedError | None = None
        self.times_welcomed = self.times_refreshed = self.gaps = 0
        self.clock_ahead = timedelta()
        """How far the server's clock is ahead of ours."""
        self.log: Callable[[str, Frame], None] | None = None
        """Told of every frame: whether it was "said" or "heard", and the frame."""
        self._url, self._token, self._order = url, token, order
        self._waiting: dict[str, tuple[Frame, asyncio.Future[Frame]]] = {}
        self._link = self._epoch = ""
        self._pause, self._delay = FIRST_PAUSE, 0.0
        self._socket: ClientConnection | None = None
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._stay())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._task.cancel()
        [ended] = await asyncio.gather(self._task, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended

    # --- what a person does ------------------------------------------------------------------

    async def command(self, verb: str, *, id: str = "", **fields: object) -> Frame:  # noqa: A002
        """Ask for something; return its `done`. Asked again after a cut, under the same id."""
        frame = {"t": verb, "id": id or secrets.token_hex(16), "order": self._order, **fields}
        while True:
            answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
            self._waiting[str(frame["id"])] = (frame, answer)
            if self._socket is not None:
                with suppress(ConnectionClosed):  # it is sent again on the next line
                    await self._say(self._socket, frame)
            try:
                return await answer
            except RefusedError as refused:
                if refused.pause is None:
                    raise
                await asyncio.sleep(refused.pause)

    async def post(self, verb: str, *, id: str = "", **fields: object) -> Frame:  # noqa: A002
        """The same over HTTP."""
        key = id or secrets.token_hex(16)
        pause = FIRST_PAUSE
        async with self._http() as http:
            while True:
                try:
                    answer = await http.post(
                        f"/api/v1/me/orders/{self._order}/{verb}",
                        json=fields,
                        headers=await self._headers() | {"Idempotency-Key": key},
                    )
                except httpx2.TransportError:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE)
                    continue
                if answer.is_success:
                    done: Frame = answer.json()
                    return done
                refused = RefusedError(answer.json())
                if refused.pause is None:
                    raise refused
                await asyncio.sleep(refused.pause)

    async def history(self, after: int = 0) -> list[Frame]:
        """Everything since `after`, over HTTP."""
        found: list[Frame] = []
        async with self._http() as http:
            while True:
                answer = await http.get(
                    f"/api/v1/me/orders/{self._order}/entries",
                    params={"after": after},
                    headers=await self._headers(),
                )
                if not answer.is_success:
                    raise RefusedError(answer.json())
                page = answer.json()
                found += page["entries"]
                after = page["upto"]
                if after == page["head"]:
                    return found

    def cut(self) -> None:
        """Lose the line, as in a tunnel."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something holds of what this client knows."""
        async with self._news:
            await self._news.wait_for(lambda: true() or self.ended is not None)
        if self.ended is not None:
            raise self.ended

    def texts(self) -> list[str]:
        """The conversation."""
        events = [entry["event"] for _, entry in sorted(self.entries.items())]
        return [event["text"] for event in events if event and event["kind"] == "message_sent"]

    # --- the line ----------------------------------------------------------------------------

    async def _stay(self) -> None:
        while self.ended is None:
            try:
                async with connect("ws" + self._url.removeprefix("http") + "/ws") as socket:
                    await self._talk(socket)
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                if code >= 4102:
                    self.ended = ClosedError(code)  # 4100 and 4101 ask for a newer token only
            except OSError:
                pass  # nobody answers: as a lost line
            self._socket = None
            async with self._news:
                self._news.notify_all()
            await asyncio.sleep(self._delay + self._pause * random.random())
            self._delay, self._pause = 0.0, min(2 * self._pause, LONGEST_PAUSE)

    async def _talk(self, socket: ClientConnection) -> None:
        hello = {"t": "hello", "token": await self._token(), "version": 1, "language": "en"}
        await self._say(socket, hello)
        silence: float | None = None
        async with _beside() as refreshing:
            while True:
                async with asyncio.timeout(silence):
                    frame: Frame = json.loads(await socket.recv())
                if self.log is not None:
                    self.log("heard", frame)
                match frame["t"]:
                    case "welcome":
                        self.times_welcomed += 1
                        silence = 3 * frame["ping_every"]
                        self._hear_clock(frame["now"])
                        refreshing(self._refresh(socket, frame["token_ends"]))
                        await self._subscribe(socket)
                        self._epoch = frame["epoch"]
                        for asked, _ in list(self._waiting.values()):
                            await self._say(socket, asked)
                        self._socket = socket
                    case "refreshed":
                        self.times_refreshed += 1
                        refreshing(self._refresh(socket, frame["token_ends"]))
                    case "ping":
                        await self._say(socket, {"t": "pong", "n": frame["n"]})
                        self._hear_clock(frame["now"])
                        if frame["heads"].get(self._order, 0) > self.position:
                            await self._subscribe(socket)
                    case "move":
                        self._delay = frame["delay"]
                    case "batch" if frame["order"] == self._order:
                        await self._add(socket, frame)
                    case "situation" if frame["situation"]["order"] == self._order:
                        self._pause = FIRST_PAUSE
                        known = self.situation
                        if known is None or frame["situation"]["seq"] >= known["seq"]:
                            self.situation = frame["situation"]
                    case "done" | "refused":
                        self._settle(frame)
                    case _:
                        pass
                async with self._news:
                    self._news.notify_all()

    async def _refresh(self, socket: ClientConnection, token_ends: str) -> None:
        """Send a newer token a minute before this one ends, or halfway."""
        left = (datetime.fromisoformat(token_ends) - self.now()).total_seconds()
        await asyncio.sleep(max(left / 2, left - 60))
        await self._say(socket, {"t": "refresh", "token": await self._token()})

    async def _subscribe(self, socket: ClientConnection) -> None:
        frame: Frame = {"t": "subscribe", "order": self._order}
        if self.position:
            frame |= {"after": self.position, "epoch": self._epoch, "link": self._link}
        await self._say(socket, frame)

    async def _add(self, socket: ClientConnection, batch: Frame) -> None:
        if batch.get("reset", False):
            self.entries.clear()
        elif batch["after"] != self.position:
            self.gaps += 1
            await self._subscribe(socket)
            return
        self.entries |= {entry["seq"]: entry for entry in batch["entries"]}
        self.position, self._link = batch["upto"], batch.get("link", "")
        received = {"t": "received", "order": self._order, "seq": self.position}
        await self._say(socket, received)

    async def _say(self, socket: ClientConnection, frame: Frame) -> None:
        if self.log is not None:
            self.log("said", frame)
        await socket.send(json.dumps(frame))

    def _settle(self, frame: Frame) -> None:
        _, answer = self._waiting.pop(frame.get("id", ""), (None, None))
        if answer is None or answer.done():
            return
        if frame["t"] == "done":
            answer.set_result(frame)
        else:
            answer.set_exception(RefusedError(frame))

    # --- the clock, and HTTP -----------------------------------------------------------------

    def now(self) -> datetime:
        """The server's time, by our clock."""
        return datetime.now(UTC) + self.clock_ahead

    def _hear_clock(self, told: str) -> None:
        self.clock_ahead = datetime.fromisoformat(told) - datetime.now(UTC)

    def _http(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self._url, timeout=30)

    async def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {await self._token()}", "Accept-Language": "en"}


@asynccontextmanager
async def _beside() -> AsyncIterator[Callable[[Awaitable[None]], None]]:
    """One task beside the reading, which ends with it; a newer one takes its place."""
    tasks: list[asyncio.Future[None]] = []

    def begin(work: Awaitable[None]) -> None:
        for task in tasks:
            task.cancel()
        tasks[:] = [asyncio.ensure_future(work)]

    try:
        yield begin
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
