"""Media processes apart from those that answer people: offers and mutes find the right one."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import msgspec
import pytest

from orders.database import Database
from orders.errors import CallOver, SdpRefused, Unavailable
from orders.events import CallId, OrderId, PersonId
from realtime import telemetry
from realtime.bus.link import Link
from realtime.bus.nodes import Nodes
from realtime.patience import Patience
from realtime.voice.afar import Afar, Asked, Mute, Reply
from realtime.voice.gates import Newest
from realtime.voice.leg import LOOPBACK, Reach
from realtime.voice.limits import VoiceLimits
from realtime.voice.signalling import Switchboard
from tests.orders.world import Room, open_room, opened
from tests.realtime.voice.desk import end_of, told
from tests.realtime.voice.offers import CHROMIUM
from tests.realtime.voice.peer import Peer, rtp

LIMITS = VoiceLimits(pulse_seconds=0.05, lag_seconds=60.0)
REACH = Reach(bind=(LOOPBACK,))


@pytest.fixture
async def database(own_database_url: str) -> AsyncIterator[Database]:
    """A database of its own: calls go to the least loaded of all processes in it."""
    async with opened(own_database_url) as made:
        yield made


class Process:
    """One process's switchboard, carrying calls or not."""

    def __init__(
        self,
        database: Database,
        url: str,
        prefix: str,
        *,
        carries: bool,
        limits: VoiceLimits = LIMITS,
    ) -> None:
        self.signals: list[tuple[PersonId, str]] = []
        self.board = Switchboard(
            database,
            limits=limits,
            reach=REACH,
            on_signal=self._signalled,
            carries=carries,
            afar=Afar(Nodes(url), prefix),
        )
        self._carries = carries
        self._working: list[asyncio.Task[None]] = []

    def _signalled(self, order: OrderId, call: CallId, person: PersonId, media: str) -> None:
        self.signals.append((person, media))

    async def until_connected(self, *people: PersonId) -> None:
        """Both ends have done their handshake then, so that nothing sent is too early."""
        async with asyncio.timeout(60):
            while not all((person, "connected") in self.signals for person in people):
                await asyncio.sleep(0.02)

    async def __aenter__(self) -> Self:
        if self._carries:
            self._working = [
                asyncio.create_task(self.board.run()),
                asyncio.create_task(self.board.serve()),
            ]
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    async def die(self) -> None:
        """Stop without a word to anybody."""
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        self._working = []
        await self.board.node.close()

    async def stop(self) -> None:
        for task in self._working:
            task.cancel()
        if self._working:
            await asyncio.gather(*self._working, return_exceptions=True)
            self._working = []
            await self.board.close()


@asynccontextmanager
async def called(board: Switchboard, room: Room) -> AsyncIterator[CallId]:
    """The buyer calls and the seller accepts, at a process that carries nothing."""
    async with asyncio.timeout(60):
        while True:
            try:
                await board.start(room.order, room.buyer, "ring")
                break
            except Unavailable:  # until a media process has registered
                await asyncio.sleep(0.05)
    (_, event), *_ = await told(board._database, room)
    await board.accept(room.order, room.seller, event.call, "accept")
    yield event.call


async def joined(board: Switchboard, room: Room, person: PersonId, call: CallId, leg: str) -> Peer:
    peer = Peer(reach=REACH)
    await peer.accept(await board.offer(room.order, person, call, leg, await peer.offer()))
    return peer


async def test_a_call_is_carried_by_another_process_than_the_one_asked(
    database: Database, redis_url: str
) -> None:
    prefix = secrets.token_hex(6)
    room = await open_room(database)
    async with (
        Process(database, redis_url, prefix, carries=False) as gateway,
        Process(database, redis_url, prefix, carries=True) as media,
        called(gateway.board, room) as call,
    ):
        buyer = await joined(gateway.board, room, room.buyer, call, "1")
        seller = await joined(gateway.board, room, room.seller, call, "1")
        assert not gateway.board.node.calls
        assert media.board.node.calls == {call}
        await media.until_connected(room.buyer, room.seller)
        buyer.send(rtp(1, payload=b"from afar"))
        await seller.until(lambda: bool(seller.heard))
        assert seller.heard[0][12:] == b"from afar"
        await gateway.board.mute(room.order, room.buyer, call, on=True)
        assert (room.buyer, "muted") in media.signals
        await gateway.board.hold(room.order, room.seller, call, on=True)
        assert (room.seller, "held") in media.signals
        assert "m=audio" in await gateway.board.test(room.order, room.buyer, "test", CHROMIUM)
        assert len(media.board.node.echoes) == 1
        assert not gateway.board.node.echoes
        with pytest.raises(SdpRefused):
            await gateway.board.offer(room.order, room.buyer, call, "2", "v=0\r\nnonsense")
        await gateway.board.hang_up(room.order, room.buyer, call, "bye")
        async with asyncio.timeout(60):
            while media.board.node.calls:
                await asyncio.sleep(0.02)
        with pytest.raises(CallOver):
            await gateway.board.offer(room.order, room.buyer, call, "3", CHROMIUM)
        for each in (buyer, seller):
            await each.close()


async def test_a_media_process_that_stops_hands_its_call_over_and_both_go_on(
    database: Database, redis_url: str
) -> None:
    prefix = secrets.token_hex(6)
    room = await open_room(database)
    async with (
        Process(database, redis_url, prefix, carries=False) as gateway,
        Process(database, redis_url, prefix, carries=True) as first,
        called(gateway.board, room) as call,
    ):
        old = [
            await joined(gateway.board, room, person, call, "1")
            for person in (room.buyer, room.seller)
        ]
        assert first.board.node.calls == {call}
        async with Process(database, redis_url, prefix, carries=True) as second:
            async with asyncio.timeout(60):
                while len(await registered(database)) < 2:
                    await asyncio.sleep(0.02)
            stopping = asyncio.create_task(first.stop())
            async with Patience(5.0):
                while (room.buyer, "moved") not in first.signals:
                    await asyncio.sleep(0.02)
                buyer = await joined(gateway.board, room, room.buyer, call, "2")
                seller = await joined(gateway.board, room, room.seller, call, "2")
                assert second.board.node.calls == {call}
                await second.until_connected(room.buyer, room.seller)
                buyer.send(rtp(1, payload=b"still there"))
                await seller.until(lambda: bool(seller.heard))
            for each in old:
                await each.close()
            await stopping
            await gateway.board.hang_up(room.order, room.seller, call, "bye")
            for each in (buyer, seller):
                await each.close()
    assert (await end_of(database, room))[0] == room.seller


async def test_an_offer_to_a_process_that_has_died_is_answered_by_the_one_that_takes_over(
    own_database_url: str, redis_url: str
) -> None:
    brief = msgspec.structs.replace(LIMITS, renew_seconds=0.2)
    prefix = secrets.token_hex(6)
    async with opened(own_database_url) as database:
        room = await open_room(database)
        first = Process(database, redis_url, prefix, carries=True, limits=brief)
        async with (
            Process(database, redis_url, prefix, carries=False) as gateway,
            first,
            called(gateway.board, room) as call,
            Process(database, redis_url, prefix, carries=True, limits=brief) as second,
        ):
            await first.die()
            buyer = await joined(gateway.board, room, room.buyer, call, "1")
            assert second.board.node.calls == {call}
            await buyer.close()


async def registered(database: Database) -> list[str]:
    async with database.reading() as conn:
        rows = await conn.exec_driver_sql(
            "SELECT incarnation FROM media_processes WHERE NOT draining"
        )
        return [row[0] for row in rows]


def _muted() -> Mute:
    return Mute("", OrderId("o"), PersonId("p"), CallId("c"), on=True, asker="a", stamp=1)


async def test_without_redis_nobody_waits_for_long(database: Database) -> None:
    away = Afar(Nodes("redis://127.0.0.1:1/0"), "x")
    with pytest.raises(Unavailable):
        await away.gate("nobody", _muted())
    await away.look("nobody")


async def test_what_cannot_be_read_is_passed_over(redis_url: str) -> None:
    afar, asked = Afar(Nodes(redis_url), secrets.token_hex(6)), []

    async def answer(question: Asked) -> str:
        asked.append(question)
        raise RuntimeError("ours")

    task = asyncio.create_task(afar.serve("one", answer))
    with pytest.raises(Unavailable) as refused:
        await afar.gate("one", _muted())
    assert refused.value.facts == {"reason": "media_failed"}
    assert len(asked) == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def put(url: str, prefix: str, frame: object) -> None:
    """A question as another version writes it."""
    link = await Link.open(url, "another-version")
    await link.ask([("RPUSH", f"{prefix}:media:one", msgspec.json.encode(frame))])
    await link.close()


async def reply_of(url: str, name: str) -> Reply:
    link = await Link.open(url, "another-version")
    came = None
    async with asyncio.timeout(20):
        while came is None:
            (came,) = await link.ask([("BLPOP", name, 1)])
    await link.close()
    return msgspec.json.decode(came[1], type=Reply)


async def test_gateways_of_another_version_are_understood_as_far_as_can_be(
    redis_url: str,
) -> None:
    prefix = secrets.token_hex(6)
    afar, asked = Afar(Nodes(redis_url), prefix), []

    async def answer(question: Asked) -> str:
        asked.append(question)
        return ""

    task = asyncio.create_task(afar.serve("one", answer))
    to = f"{prefix}:media-reply:x"
    gate = {"t": "mute", "reply": to, "order": "o", "person": "p", "call": "c", "on": True}
    # an older one had neither `asker` nor `stamp`, a newer one has more than we know
    await put(redis_url, prefix, gate)
    await put(redis_url, prefix, gate | {"asker": "a", "stamp": 3, "since": "2027"})
    for _ in range(2):
        assert await reply_of(redis_url, to) == Reply()
    assert asked == [
        Mute(to, OrderId("o"), PersonId("p"), CallId("c"), on=True),
        Mute(to, OrderId("o"), PersonId("p"), CallId("c"), on=True, asker="a", stamp=3),
    ]
    # a kind of question that is not known yet, one without what it needs, and no question at all
    before = unread()
    await put(redis_url, prefix, gate | {"t": "whisper"})
    assert (await reply_of(redis_url, to)).facts == {"reason": "media_version"}
    await put(redis_url, prefix, {"t": "mute", "reply": to})
    assert (await reply_of(redis_url, to)).refused == Unavailable.code
    await put(redis_url, prefix, {"t": "whisper", "reply": "somebody-elses-list"})
    await put(redis_url, prefix, 7)
    async with asyncio.timeout(20):
        while unread() < before + 4:
            await asyncio.sleep(0.02)
    assert len(asked) == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def unread() -> float:
    return telemetry.REGISTRY.get_sample_value("order_room_media_unread_total") or 0.0


async def test_a_gate_without_a_stamp_is_heeded_as_it_comes() -> None:
    newest, gate = Newest(), Mute("", OrderId("o"), PersonId("p"), CallId("c"), on=True)
    stamped = msgspec.structs.replace(gate, asker="a", stamp=2)
    assert [newest.is_newest(each) for each in (gate, stamped, gate)] == [True] * 3
