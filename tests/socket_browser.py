"""One WebSocket of one person, folded and checked as a page would.

`Browser` keeps the timeline of every order it follows by the rules a browser has to follow, and
checks them with every batch (no gaps, no repeats, the link where it is known). Whatever it hears
is held against the published contracts. `tests.harness` runs the servers it talks to.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from realtime.patience import Patience
from tests import published

PATIENCE = 30.0
"""Seconds that a test waits for what must happen. Usual is some milliseconds; but the machine
may be busy with a browser or two. While it stands still no time passes here."""

Frame = dict[str, Any]
T = TypeVar("T")


class HarnessError(AssertionError):
    """The server broke a rule of the protocol, or what was awaited did not come."""


@dataclass
class Timeline:
    """An order as a browser has it."""

    upto: int = 0
    link: str = ""
    entries: dict[int, Frame] = field(default_factory=dict)
    resets: int = 0
    situation: Frame | None = None
    room: Frame | None = None


class SignsIn(Protocol):
    """What a browser has to know of its server."""

    @property
    def ws_url(self) -> str:
        """Where its WebSocket is."""

    async def token(self, person: str) -> str:
        """A new token of that person."""


class Browser:
    """One socket of one person. Frames are folded as they arrive, whoever waits for what."""

    def __init__(self, server: SignsIn, person: str, language: str = "en") -> None:
        self.server = server
        self.person = person
        self.language = language
        self.welcome: Frame = {}
        self.orders: dict[str, Timeline] = {}
        """What this browser knows; kept when the line is lost, as a page does."""
        self.frames: list[Frame] = []
        """Everything that was heard, oldest first."""
        self.close_code: int | None = None
        """Why the line ended; None while it is open."""
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self._broken: BaseException | None = None
        self._undescribed: set[str] = set()
        """Ids of what was asked for outside the published contract."""
        self.answers_pings = True

    # --- the line ----------------------------------------------------------------------------

    async def open(self, token: str) -> None:
        """Connect, say hello, and return when welcomed.

        Raises HarnessError if the server closed the line instead; `close_code` says why.
        """
        await self.connect()
        await self.send(t="hello", token=token, version=1, language=self.language)
        self.welcome = await self.hears(lambda f: f["t"] == "welcome")

    async def connect(self, origin: str | None = None) -> None:
        """Open the socket only; nothing is said yet. `origin` is the page's, as browsers tell."""
        self.close_code = None
        self._socket = await connect(
            self.server.ws_url,
            origin=None if origin is None else Origin(origin),
            compression=None,
            max_size=None,
            open_timeout=PATIENCE,
        )
        self._reader = asyncio.create_task(self._read())

    async def reopen(self) -> None:
        """Come back after the line was lost, and follow every order from its position."""
        await self.close()
        self.frames.clear()
        await self.open(await self.server.token(self.person))
        for order in self.orders:
            await self.subscribe(order)

    async def close(self) -> None:
        """Close the line; what is known of the orders stays."""
        if self._socket is not None:
            await self._socket.close()
        await self.closed()

    async def cut(self) -> None:
        """Lose the line without a word, as in a tunnel."""
        if self._socket is not None:
            self._socket.transport.abort()
        await self.closed()

    def stop_reading(self) -> None:
        """Take nothing more from the line, until `read_on`."""
        self.socket.transport.pause_reading()

    def read_on(self) -> None:
        """Take what waits."""
        self.socket.transport.resume_reading()

    async def closed(self) -> int | None:
        """Wait until the line has ended; return the close code."""
        if self._reader is not None:
            await asyncio.wait_for(asyncio.shield(self._reader), PATIENCE)
        if self._broken is not None:
            raise self._broken
        return self.close_code

    @property
    def socket(self) -> ClientConnection:
        """The line itself, for a test that misbehaves."""
        assert self._socket is not None
        return self._socket

    # --- talking -----------------------------------------------------------------------------

    async def send(self, **frame: object) -> None:
        """Send a frame and expect nothing."""
        if frame.get("id") is not None and not published.is_described(frame):
            self._undescribed.add(str(frame["id"]))
        await self.socket.send(json.dumps(frame))

    async def ask(self, **frame: object) -> Frame:
        """Send a frame with an id (made if missing) and return what answers it."""
        frame.setdefault("id", secrets.token_hex(8))
        mark = len(self.frames)
        await self.send(**frame)
        answer = await self.hears(lambda f: f.get("id") == frame["id"], since=mark)
        if answer["t"] == "refused":
            published.refused(str(frame["t"]), answer["code"])
        return answer

    async def do(self, verb: str, order: str, **more: object) -> Frame:
        """Carry out a command; return its `done`. Raises HarnessError if it was refused."""
        answer = await self.ask(t=verb, order=order, **more)
        if answer["t"] != "done":
            raise HarnessError(f"{verb} was answered by {answer}")
        return answer

    async def say(self, order: str, text: str, **more: object) -> Frame:
        """Send a message; return its `done`."""
        return await self.do("message.send", order, text=text, **more)

    async def refused(self, **frame: object) -> Frame:
        """Ask for what must be refused; return the refusal."""
        answer = await self.ask(**frame)
        if answer["t"] != "refused":
            raise HarnessError(f"{frame} was answered by {answer}")
        return answer

    async def subscribe(self, order: str, *, fresh: bool = False) -> Timeline:
        """Follow an order from the position this browser has; return when it is up to date.

        `fresh` asks for the newest page, as a page does that was just loaded. Raises
        HarnessError if it was refused.
        """
        known = self.orders.get(order)
        frame: Frame = {"t": "subscribe", "order": order}
        if known is not None and known.upto and not fresh:
            frame |= {"after": known.upto, "epoch": self.welcome["epoch"]}
            if known.link:
                frame["link"] = known.link
        mark = len(self.frames)
        await self.send(**frame)
        answer = await self.hears(
            lambda f: f.get("order") == order and f["t"] in {"room", "refused"}, since=mark
        )
        if answer["t"] == "refused":
            raise HarnessError(f"subscribing was refused: {answer}")
        await self.hears(
            lambda f: f["t"] == "situation" and f["situation"]["order"] == order, since=mark
        )
        return self.orders[order]

    # --- listening ---------------------------------------------------------------------------

    async def hears(
        self, wanted: Callable[[Frame], bool], *, since: int = 0, within: float = PATIENCE
    ) -> Frame:
        """Return the first frame, from number `since` on, that is wanted; wait for it if need be.

        Raises HarnessError if it does not come in time, or cannot come because the line ended.
        """
        seen = since

        def found() -> Frame | None:
            nonlocal seen
            while seen < len(self.frames):
                seen += 1
                if wanted(self.frames[seen - 1]):
                    return self.frames[seen - 1]
            return None

        return await self._until(found, within)

    async def until_closed_or(self, wanted: Callable[[Frame], bool]) -> None:
        """Wait until a frame that is wanted was heard, or the line has ended."""

        def found() -> bool | None:
            return True if self.close_code is not None or any(map(wanted, self.frames)) else None

        await self._until(found, PATIENCE)

    async def reaches(self, order: str, seq: int, within: float = PATIENCE) -> Timeline:
        """Wait until this browser has the order's timeline up to `seq` at least."""

        def found() -> Timeline | None:
            known = self.orders.get(order)
            return known if known is not None and known.upto >= seq else None

        return await self._until(found, within)

    async def _until(self, found: Callable[[], T | None], within: float) -> T:
        try:
            async with Patience(within), self._news:
                while (result := found()) is None:
                    if self._broken is not None:
                        raise self._broken
                    if self.close_code is not None:
                        raise HarnessError(f"the line ended with {self.close_code}")
                    await self._news.wait()
                return result
        except TimeoutError:
            heard = [frame["t"] for frame in self.frames[-10:]]
            raise HarnessError(f"not heard within {within} s; the last frames: {heard}") from None

    def texts(self, order: str) -> list[str]:
        """The messages of an order as this browser shows them."""
        entries = self.orders[order].entries
        return [
            entry["event"]["text"]
            for _, entry in sorted(entries.items())
            if (entry["event"] or {}).get("kind") == "message_sent"
        ]

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                frame = json.loads(text)
                self._check(frame)
                self._fold(frame)
                self.frames.append(frame)
                if frame["t"] == "ping" and self.answers_pings:
                    await self.send(t="pong", n=frame["n"])
                async with self._news:
                    self._news.notify_all()
        except ConnectionClosed:
            pass
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            self._broken = error
        code = self.socket.close_code
        self.close_code = 1006 if code is None else code
        async with self._news:
            self._news.notify_all()

    def _check(self, frame: Frame) -> None:
        published.heard(frame)
        if frame["t"] == "done" and frame["id"] in self._undescribed:
            raise HarnessError(f"done, though the contract does not describe it: {frame}")

    def _fold(self, frame: Frame) -> None:
        match frame["t"]:
            case "room":
                self.orders.setdefault(frame["order"], Timeline()).room = frame
            case "situation":
                known = self.orders.setdefault(frame["situation"]["order"], Timeline())
                if known.situation is None or frame["situation"]["seq"] >= known.situation["seq"]:
                    known.situation = frame["situation"]
            case "batch":
                self._add(self.orders.setdefault(frame["order"], Timeline()), frame)
            case _:
                pass  # nothing that a page keeps

    def _add(self, known: Timeline, batch: Frame) -> None:
        if batch.get("reset"):
            known.entries.clear()
            known.resets += 1
        elif batch["after"] != known.upto:
            raise HarnessError(f"a gap: have {known.upto}, got a batch after {batch['after']}")
        seqs = [entry["seq"] for entry in batch["entries"]]
        if seqs != list(range(batch["after"] + 1, batch["upto"] + 1)):
            raise HarnessError(f"not a run: {seqs} after {batch['after']} upto {batch['upto']}")
        known.entries |= {entry["seq"]: entry for entry in batch["entries"]}
        known.upto, known.link = batch["upto"], batch.get("link", "")
