"""A Redis Cluster of three shards: each partition and each key is asked for where its slot is."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from redis.crc import key_slot

from orders.database import Announcement
from orders.errors import RateExceeded
from orders.events import CallId, OrderId, PersonId
from realtime.bus import PersonTypes, Signal
from realtime.bus.asking import Asker
from realtime.bus.letters import channel, partition_of
from realtime.bus.nodes import Nodes
from realtime.bus.remote import RemoteBus
from realtime.limits import Limits
from realtime.rates import Rates
from realtime.voice.afar import Afar, Asked
from realtime.whereabouts import Found, InRedis
from tests.harness import InProcess, serving
from tests.redis_cluster import RedisCluster, redis_cluster
from tests.socket_browser import Browser
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)

PARTITIONS = 24
ORDERS = [OrderId(f"o_{n}") for n in range(60)]
PEOPLE = [PersonId(f"p_{n}") for n in range(30)]


@pytest.fixture(scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisCluster]:
    async with redis_cluster(tmp_path_factory.mktemp("cluster"), 3) as made:
        yield made


@dataclass
class Heard:
    """A process as far as the bus knows it."""

    nodes: Nodes
    bus: RemoteBus
    hints: list[Announcement] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    gaps: int = 0

    def __post_init__(self) -> None:
        self.bus.subscribe(self.hints.extend, self.signals.append, self._gap)

    def _gap(self) -> None:
        self.gaps += 1


def _news(upto: int, order: OrderId) -> Announcement:
    return Announcement(order, upto - 1, upto, (b"{}",), b"l" * 32, situation=False)


@asynccontextmanager
async def _started(*parts: Callable[[], Coroutine[None, None, None]]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(part()) for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def _nodes(cluster: RedisCluster) -> AsyncIterator[Nodes]:
    nodes = Nodes(cluster.url, clustered=True)
    await nodes.look()
    async with _started(nodes.run):
        yield nodes


@asynccontextmanager
async def _processes(cluster: RedisCluster, number: int) -> AsyncIterator[list[Heard]]:
    prefix = f"t-{secrets.token_hex(6)}"
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(number):
            nodes = await stack.enter_async_context(_nodes(cluster))
            heard = Heard(nodes, RemoteBus(nodes, prefix=prefix, partitions=PARTITIONS))
            await stack.enter_async_context(_started(heard.bus.run))
            made.append(heard)
        await until(lambda: all(heard.bus.is_whole for heard in made))
        yield made


async def test_what_is_said_at_any_shard_is_heard_once_by_those_who_attend_it(
    cluster: RedisCluster,
) -> None:
    async with _processes(cluster, 3) as (one, two, idle):
        assert len(one.nodes.all) == 3
        places = {one.nodes.of(channel(one.bus._prefix, n)) for n in range(PARTITIONS)}
        assert len(places) == 3, "each shard has some of the partitions"
        for order in ORDERS:
            two.bus.attend(order)
        await until(lambda: not any(x.listener._unconfirmed for x in two.bus._lines.values()))
        one.bus.publish_hint([_news(7, order) for order in ORDERS])
        for order in ORDERS:
            one.bus.publish_signal(PersonTypes(order, PEOPLE[0], on=True))
        await until(lambda: len(two.signals) >= len(ORDERS))
        await until(lambda: len(two.hints) >= len(ORDERS))
        assert sorted(hint.order for hint in two.hints) == sorted(ORDERS)
        assert not idle.hints
        one.bus.publish_hint([Announcement(ORDERS[0], 0, 1, (b"1",), b"", situation=True)])
        await until(lambda: bool(idle.hints))
        assert [(hint.order, hint.upto) for hint in idle.hints] == [(ORDERS[0], 1)]


async def test_a_slot_that_moves_to_another_shard_takes_its_partition_along(
    cluster: RedisCluster,
) -> None:
    async with _processes(cluster, 2) as (one, two):
        order = ORDERS[0]
        two.bus.attend(order)
        place = channel(one.bus._prefix, partition_of(order, PARTITIONS))
        before = cluster.at(one.nodes.of(place))
        other = next(each for each in cluster.servers if each is not before)
        gaps = two.gaps
        await cluster.move(key_slot(place.encode()), other)
        await until(lambda: cluster.at(one.nodes.of(place)) is other)
        await until(lambda: cluster.at(two.nodes.of(place)) is other and two.bus.is_whole)
        await until(lambda: two.gaps > gaps)
        one.bus.publish_hint([_news(9, order)])
        await until(lambda: any(hint.upto == 9 for hint in two.hints))
        await cluster.move(key_slot(place.encode()), before)
        one.bus.publish_hint([_news(10, order)])  # perhaps said where it is no more
        await until(lambda: any(hint.upto == 10 for hint in two.hints) or two.gaps > gaps + 1)


async def test_keys_of_many_people_are_asked_for_where_they_are(cluster: RedisCluster) -> None:
    prefix = f"t-{secrets.token_hex(6)}"
    async with _nodes(cluster) as nodes:
        asker = Asker(nodes)
        here, there = (InRedis(asker, prefix, Limits(), list, lambda _: None) for _ in range(2))
        async with _started(asker.run, here.run, there.run):
            rates = Rates(Limits(), asker, prefix)
            for person in PEOPLE:
                await rates.take("x", person, 0.01, 1)
                with pytest.raises(RateExceeded):
                    await Rates(Limits(), asker, prefix).take("x", person, 0.01, 1)
            found = await here.elsewhere(PEOPLE)
            assert len(here._marks()) == len(cluster.servers)
            async with asyncio.timeout(60):
                while found != Found(
                    set(PEOPLE[:20]), set()
                ):  # a process counts once it has said that it lives
                    await there.came(PEOPLE[:20])
                    found = await here.elsewhere(PEOPLE)
            assert await there.left(PEOPLE[0]) is False
            assert await here.elsewhere(PEOPLE[:2]) == Found({PEOPLE[1]}, set())


async def test_a_media_process_is_asked_and_answers_at_whatever_shard(
    cluster: RedisCluster,
) -> None:
    async def answer(asked: Asked) -> str:
        assert not isinstance(asked, str)
        return "answered"

    async with _nodes(cluster) as nodes:
        afar = Afar(nodes, f"t-{secrets.token_hex(6)}")
        names = [secrets.token_hex(4) for _ in range(6)]
        async with _started(*(lambda name=name: afar.serve(name, answer) for name in names)):
            for name in names:
                told = await afar.offer(
                    name, ORDERS[0], PEOPLE[0], CallId("c"), secrets.token_hex(4), "v=0"
                )
                assert told == "answered"


@asynccontextmanager
async def _gateways(
    postgres_url: str, cluster: RedisCluster
) -> AsyncIterator[tuple[InProcess, InProcess]]:
    environment = {
        "ORDER_ROOM_REDIS_URL": cluster.url,
        "ORDER_ROOM_REDIS_PREFIX": f"t-{secrets.token_hex(6)}",
        "ORDER_ROOM_BUS_SHARDED": "true",
        "ORDER_ROOM_BUS_PARTITIONS": str(PARTITIONS),
    }
    limits = Limits(ping_every=3600.0, silence=7200.0, presence_grace=0.2, drain=0.05)
    async with (
        serving(postgres_url, limits=limits, environment=environment) as here,
        serving(postgres_url, limits=limits, environment=environment) as there,
    ):
        await until(lambda: here.edge.hub.hears_others and there.edge.hub.hears_others)
        yield here, there


async def _sees(browser: Browser, person: str, *, online: bool, known: bool = True) -> None:
    """Wait until the last word about the person is this."""

    def seen() -> bool:
        said = [
            told
            for frame in browser.frames
            if frame["t"] in {"room", "presence"}
            for told in (frame["presence"] if frame["t"] == "room" else [frame["presence"]])
            if told["person"] == person
        ]
        return bool(said) and (said[-1]["online"], said[-1]["known"]) == (online, known)

    await until(seen)


async def test_people_on_two_gateways_talk_over_a_cluster_and_past_a_shard_that_died(
    postgres_url: str, cluster: RedisCluster
) -> None:
    async with _gateways(postgres_url, cluster) as (here, there):
        order = await here.order()
        async with here.browser(order.buyer) as buyer, there.browser(order.seller) as seller:
            await buyer.subscribe(order.id)
            await seller.subscribe(order.id)
            await _sees(buyer, order.seller, online=True)
            await buyer.send(t="typing", order=order.id, on=True)
            await seller.hears(lambda f: f["t"] == "signal" and f["typing"], within=30.0)

            async def talk(what: str) -> None:
                for writer, reader in ((buyer, seller), (seller, buyer)):
                    done = await writer.say(order.id, f"{what} {writer.person}")
                    for each in (reader, writer):
                        await each.reaches(order.id, done["seq"], within=60.0)

            await talk("before")
            shard = cluster.servers[0]  # the one that the setting names
            await asyncio.to_thread(shard.kill)
            try:
                await _sees(buyer, order.seller, online=False, known=False)
                await talk("without a shard")
            finally:
                await asyncio.to_thread(shard.start)
            await cluster.settled()
            # what this shard knew of people was lost with it, and is said again
            await _sees(buyer, order.seller, online=True)
            await talk("with all of them again")
            assert buyer.texts(order.id) == seller.texts(order.id)
            assert len(buyer.texts(order.id)) == 6
