"""The browsers of the chat's load, and a ledger of what they sent and what became of it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

TEXT = "Parfait, je vous envoie la version corrigée ce soir avec les deux variantes du logo. "
PATIENCE = 60.0


class Entry(msgspec.Struct):
    """What the load looks at in an entry."""

    seq: int
    actor: str
    client_id: str | None = None


class Frame(msgspec.Struct):
    """What the load looks at in a frame."""

    t: str
    id: str | None = None
    n: int = 0
    code: str = ""
    after: int = 0
    upto: int = 0
    reset: bool = False
    entries: tuple[Entry, ...] = ()


_decode = msgspec.json.Decoder(Frame).decode


class Ledger:
    """Every message that was sent, and what became of it."""

    def __init__(self) -> None:
        self.pending: dict[str, float] = {}
        self.sent = self.delivered = self.doubled = self.disordered = 0
        self.refused: Counter[str] = Counter()
        self.late: list[float] | None = None
        """Seconds from when a message should have been sent to its delivery, if asked for."""

    def arrived(self, message: str) -> None:
        """The other party has it."""
        since = self.pending.pop(message, None)
        if since is None:
            self.doubled += 1
            return
        self.delivered += 1
        if self.late is not None:
            self.late.append(time.monotonic() - since)


class Client(WSListener):
    """One connection of one person, in one order."""

    def __init__(self, ledger: Ledger, person: str, order: str) -> None:
        self.ledger, self.person, self.order = ledger, person, order
        self.cursor: int | None = None
        self.waits_for: int | None = None
        """Tell `ready` once the position is reached; None for the welcome."""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answered: Callable[[Client], None] | None = None
        self.last: dict[str, int] = {}
        self.sent = 0
        self.transport: WSTransport

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the line."""
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hear one frame."""
        if frame.msg_type != WSMsgType.TEXT:
            return
        heard = _decode(frame.get_payload_as_memoryview())
        if heard.t == "batch":
            self._batch(heard)
        elif heard.t == "done":
            if self.answered is not None:
                self.answered(self)
        elif heard.t == "ping":
            self.say({"t": "pong", "n": heard.n})
        elif heard.t == "welcome":
            self._settle(at=None)
        elif heard.t == "refused":
            self.ledger.refused[heard.code] += 1
            if heard.id is not None:
                self.ledger.pending.pop(heard.id, None)
            if self.answered is not None:
                self.answered(self)

    def _batch(self, batch: Frame) -> None:
        if self.cursor is not None and batch.after != self.cursor:
            self.ledger.disordered += 1
        expected = batch.after
        for entry in batch.entries:
            expected += 1
            if entry.seq != expected:
                self.ledger.disordered += 1
            if entry.client_id is not None and entry.actor != self.person:
                number = int(entry.client_id.rpartition("-")[2])
                if number <= self.last.get(entry.actor, 0):
                    self.ledger.disordered += 1
                self.last[entry.actor] = number
                self.ledger.arrived(entry.client_id)
        self.cursor = batch.upto
        self._settle(at=self.cursor)

    def _settle(self, at: int | None) -> None:
        reached = at is None if self.waits_for is None else at is not None and at >= self.waits_for
        if reached and not self.ready.done():
            self.ready.set_result(None)

    def say(self, frame: dict[str, object]) -> None:
        """Send one frame."""
        self.transport.send(WSMsgType.TEXT, msgspec.json.encode(frame))

    def write(self, since: float) -> None:
        """Send a message that should have been sent at `since`."""
        self.sent += 1
        message = f"{self.person}-{self.sent}"
        self.ledger.pending[message] = since
        self.ledger.sent += 1
        self.say(
            {
                "t": "message.send",
                "id": message,
                "order": self.order,
                "text": f"{TEXT}({self.sent})",
            }
        )

    async def until(self, position: int) -> None:
        """Return once everything up to the position was heard."""
        self.waits_for = position
        self.ready = asyncio.get_running_loop().create_future()
        self._settle(at=self.cursor)
        await asyncio.wait_for(self.ready, PATIENCE)

    def leave(self) -> None:
        """Close the line."""
        self.transport.disconnect()


async def arrive(url: str, token: str, client: Client) -> None:
    """Connect and sign in."""
    await ws_connect(lambda: client, url, websocket_handshake_timeout=PATIENCE)
    client.say({"t": "hello", "token": token})
    await asyncio.wait_for(client.ready, PATIENCE)


async def come_in(url: str, token: str, client: Client, position: int | None = None) -> None:
    """Connect, sign in, and follow the order until `position`, or until the newest page came."""
    after = client.cursor
    client.waits_for = None
    client.ready = asyncio.get_running_loop().create_future()
    await arrive(url, token, client)
    client.say({"t": "subscribe", "order": client.order, "after": after})
    await client.until(position or 1)


class Echo(WSListener):
    """A connection to the echo that has something on its way all the time."""

    def __init__(self) -> None:
        self.count = 0
        self.going = True

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Say again what came back."""
        self.count += 1
        if self.going:
            transport.send(WSMsgType.TEXT, frame.get_payload_as_bytes())
