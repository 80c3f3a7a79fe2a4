"""A client of the order room, written from the page `/api/docs` alone.

It knows nothing of the server's code: a WebSocket, JSON, and the page's rules.
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
COME_BACK_BELOW = 4100


class RefusedError(Exception):
    """The room said no; `code` is stable."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame["text"])
        self.code = str(frame["code"])


class Client:
    """One person in one order."""

    def __init__(self, url: str, token: Callable[[], str], order: str) -> None:
        self.position = 0
        self.entries: dict[int, Frame] = {}
        self.situation: Frame | None = None
        self.waiting: dict[str, tuple[Frame, asyncio.Future[Frame]]] = {}
        self.times_welcomed = 0
        self._url, self._token, self._order = url, token, order
        self._link = ""
        self._epoch = ""
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
        await asyncio.gather(self._task, return_exceptions=True)

    async def command(self, verb: str, *, id: str = "", **fields: object) -> Frame:  # noqa: A002
        """Ask for something; return its `done`. Asked again after a cut, under the same id."""
        frame = {"t": verb, "id": id or secrets.token_hex(16), "order": self._order, **fields}
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self.waiting[str(frame["id"])] = (frame, answer)
        if self._socket is not None:
            with suppress(ConnectionClosed):  # it is sent again on the next line
                await self._socket.send(json.dumps(frame))
        return await answer

    def cut(self) -> None:
        """Lose the line, as in a tunnel."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something holds of what this client knows."""
        async with self._news:
            await self._news.wait_for(true)

    def texts(self) -> list[str]:
        """The conversation."""
        events = [entry["event"] for _, entry in sorted(self.entries.items())]
        return [event["text"] for event in events if event and event["kind"] == "message_sent"]

    async def _stay(self) -> None:
        pause = 0.05
        while True:
            try:
                async with connect(self._url) as socket:
                    await self._talk(socket)
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                if COME_BACK_BELOW <= code < COME_BACK_BELOW + 100:
                    raise
            self._socket = None
            await asyncio.sleep(pause * (1 + secrets.randbelow(100) / 100))
            pause = min(pause * 2, 30)

    async def _talk(self, socket: ClientConnection) -> None:
        hello = {"t": "hello", "token": self._token(), "version": 1, "language": "en"}
        await socket.send(json.dumps(hello))
        while True:
            frame = json.loads(await socket.recv())
            match frame["t"]:
                case "welcome":
                    self.times_welcomed += 1
                    await self._subscribe(socket)
                    self._epoch = frame["epoch"]
                    for asked, _ in list(self.waiting.values()):
                        await socket.send(json.dumps(asked))
                    self._socket = socket
                case "ping":
                    await socket.send(json.dumps({"t": "pong", "n": frame["n"]}))
                    if frame["heads"].get(self._order, 0) > self.position:
                        await self._subscribe(socket)
                case "batch" if frame["order"] == self._order:
                    await self._add(socket, frame)
                case "situation" if frame["situation"]["order"] == self._order:
                    known = self.situation
                    if known is None or frame["situation"]["seq"] >= known["seq"]:
                        self.situation = frame["situation"]
                case "done" | "refused":
                    self._settle(frame)
                case _:
                    pass
            async with self._news:
                self._news.notify_all()

    async def _subscribe(self, socket: ClientConnection) -> None:
        frame: Frame = {"t": "subscribe", "order": self._order}
        if self.position:
            frame |= {"after": self.position, "epoch": self._epoch, "link": self._link}
        await socket.send(json.dumps(frame))

    async def _add(self, socket: ClientConnection, batch: Frame) -> None:
        if batch.get("reset", False):
            self.entries.clear()
        elif batch["after"] != self.position:
            await self._subscribe(socket)
            return
        self.entries |= {entry["seq"]: entry for entry in batch["entries"]}
        self.position, self._link = batch["upto"], batch.get("link", "")

    def _settle(self, frame: Frame) -> None:
        _, answer = self.waiting.pop(frame.get("id", ""), (None, None))
        if answer is None or answer.done():
            return
        if frame["t"] == "done":
            answer.set_result(frame)
        else:
            answer.set_exception(RefusedError(frame))
