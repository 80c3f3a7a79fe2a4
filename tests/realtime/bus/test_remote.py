"""The bus over a real Redis: what is said arrives, and a dead line does not stay unnoticed."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from orders.database import Announcement
from orders.errors import RateExceeded
from orders.events import OrderId, PersonId
from realtime.bus import PersonMoved, PersonTypes, Signal
from realtime.bus.asking import Asker
from realtime.bus.hearing import DEAF_AFTER
from realtime.bus.letters import HINT_BYTES
from realtime.bus.link import Link
from realtime.bus.nodes import Nodes, shards
from realtime.bus.remote import RemoteBus
from realtime.bus.speaking import CANARY_EVERY
from realtime.limits import Limits
from realtime.rates import Rates
from realtime.running import running
from realtime.settings import Secret, SettingsError, read
from tests import servers
from tests.faults.proxy import Proxy
from tests.harness import settings_for
from tests.servers import Server
from tests.waiting import until

ORDER = OrderId("o_1")


@dataclass
class Heard:
    """A process as far as the bus knows it."""

    bus: RemoteBus
    hints: list[Announcement] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    gaps: int = 0

    def __post_init__(self) -> None:
        self.bus.subscribe(self.hints.extend, self.signals.append, self._gap)

    def _gap(self) -> None:
        self.gaps += 1


def _news(upto: int, text: bytes = b"{}", order: OrderId = ORDER) -> Announcement:
    return Announcement(order, upto - 1, upto, (text,), b"l" * 32, situation=False)


@asynccontextmanager
async def _processes(
    url: str, number: int, *, partitions: int = 1, sharded: bool = False, idle: int = 0
) -> AsyncIterator[list[Heard]]:
    prefix = f"t-{secrets.token_hex(6)}"
    async with AsyncExitStack() as stack:
        made = []
        for place in range(number):
            bus = RemoteBus(
                Nodes(url, clustered=sharded),
                prefix=prefix,
                partitions=partitions,
                listens=place < number - idle,
            )
            made.append(Heard(bus))
            task = asyncio.create_task(bus.run())
            stack.push_async_callback(_stop, task)
        await until(lambda: all(heard.bus.is_whole for heard in made))
        for heard in made:
            heard.gaps = 0
        yield made


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _tell(url: str, *command: str) -> object:
    link = await Link.open(url, "test")
    try:
        return (await link.ask([command]))[0]
    finally:
        await link.close()


def _peers(bus: RemoteBus) -> set[bytes]:
    return {peer for line in bus._lines.values() for peer in line.listener.peers}


@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize("partitions", [1, 16])
async def test_what_one_process_says_all_hear_once(
    redis_url: str, partitions: int, sharded: bool
) -> None:
    async with _processes(redis_url, 3, partitions=partitions, sharded=sharded) as processes:
        one, two, idle = processes
        for heard in (one, two):
            heard.bus.attend(ORDER)
            heard.bus.attend("ada")
        if partitions > 1:
            await until(lambda: one.gaps > 0 and two.gaps > 0)  # joined
        one.bus.publish_hint([_news(7, b"seven")])
        one.bus.publish_signal(PersonTypes(ORDER, PersonId("ada"), on=True))
        two.bus.publish_signal(PersonMoved(PersonId("ada"), online=True))
        for heard in (one, two):
            await until(lambda: len(heard.signals) == 2)  # noqa: B023 - used at once
            assert heard.hints == [_news(7, b"seven")]
        assert len(idle.hints) == (1 if partitions == 1 else 0)


async def test_a_process_where_nobody_comes_is_spared_what_is_said_of_orders(
    redis_url: str,
) -> None:
    async with _processes(redis_url, 3, idle=1) as (one, two, idle):
        one.bus.publish_hint([_news(7, b"seven")])
        idle.bus.publish_hint([_news(8, b"eight")])  # what it says itself is heard
        new = Announcement(ORDER, 0, 3, (b"1", b"2", b"3"), b"", situation=True)
        one.bus.publish_hint([new])
        await until(lambda: len(two.hints) >= 3)
        await until(lambda: any(hint.after == 0 for hint in idle.hints))
        assert not any(hint.upto == 7 for hint in idle.hints)  # said before what it has heard


async def test_a_new_order_is_heard_by_processes_that_cannot_know_it_yet(redis_url: str) -> None:
    async with _processes(redis_url, 2, partitions=64) as (one, two):
        new = Announcement(ORDER, 0, 3, (b"1", b"2", b"3"), b"", situation=True)
        one.bus.publish_hint([new])
        await until(lambda: len(two.hints) == 1)
        assert (two.hints[0].order, two.hints[0].after, two.hints[0].upto) == (ORDER, 0, 3)


async def test_large_entries_stay_behind_and_the_hint_arrives(redis_url: str) -> None:
    async with _processes(redis_url, 2) as (one, two):
        one.bus.publish_hint([_news(n, b"x" * (HINT_BYTES + 1)) for n in range(1, 9)])
        await until(lambda: [h.upto for h in two.hints if h.after] == list(range(2, 9)))
        assert all(h.entries == () for h in two.hints)


async def test_a_killed_subscription_is_noticed_within_seconds(private_redis: Server) -> None:
    async with _processes(private_redis.url, 2) as (one, two):
        killed = await _tell(private_redis.url, "CLIENT", "KILL", "TYPE", "pubsub")
        assert killed == 2
        await until(lambda: one.gaps > 0 and two.gaps > 0, within=10.0)
        await until(lambda: one.bus.is_whole and two.bus.is_whole)
        one.bus.publish_hint([_news(5)])
        await until(lambda: [h.upto for h in two.hints] == [5])


async def test_what_could_not_be_said_is_said_when_redis_is_back(private_redis: Server) -> None:
    async with _processes(private_redis.url, 2) as (one, two):
        await asyncio.to_thread(private_redis.kill)
        await until(lambda: not one.bus.is_whole)
        for n in range(1, 6):
            one.bus.publish_hint([_news(n)])
        assert [h.upto for h in one.hints] == [1, 2, 3, 4, 5], "its own are heard at once"
        await asyncio.sleep(0.3)
        await asyncio.to_thread(private_redis.start)
        await until(lambda: one.bus.is_whole and two.bus.is_whole)
        await until(lambda: two.gaps > 0)
        one.bus.publish_hint([_news(6)])
        await until(lambda: bool(two.hints) and two.hints[-1].upto == 6)


async def test_who_stood_still_hears_what_was_said_meanwhile_and_is_not_taken_for_deaf(
    redis_url: str,
) -> None:
    async with _processes(redis_url, 2) as (one, two):
        one.bus.publish_hint([_news(4)])
        time.sleep(DEAF_AFTER + 0.5)  # both stand still, and so do their canaries
        await until(lambda: [h.upto for h in two.hints] == [4])
        heard = time.monotonic()
        await until(lambda: time.monotonic() > heard + CANARY_EVERY)
        assert one.bus.is_whole
        assert two.bus.is_whole
        assert (one.gaps, two.gaps) == (0, 0)


async def test_a_server_that_stands_still_is_noticed_within_seconds(
    private_redis: Server,
) -> None:
    async with _processes(private_redis.url, 2) as (one, two):
        private_redis.pause()
        await until(lambda: not one.bus.is_whole and not two.bus.is_whole, within=10.0)
        one.bus.publish_hint([_news(9)])
        private_redis.resume()
        await until(lambda: one.bus.is_whole and two.bus.is_whole)
        await until(lambda: two.gaps > 0)


async def test_a_flood_that_redis_cuts_off_is_survived(private_redis: Server) -> None:
    """One publish beyond the buffer that Redis allows a listener: it cuts the line."""
    url = private_redis.url
    await _tell(url, "CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 512kb 1")
    async with _processes(url, 2) as (one, two):
        link = await Link.open(url, "test")
        place = f"{one.bus._prefix}:{{all}}"
        await link.ask([("PUBLISH", place, b"x" * (3 * 1024 * 1024))])
        await link.close()
        await until(lambda: one.gaps > 0 and two.gaps > 0)
        await until(lambda: one.bus.is_whole and two.bus.is_whole)
        two.bus.publish_hint([_news(2)])
        await until(lambda: [h.upto for h in one.hints] == [2])


async def test_what_nobody_understands_is_taken_for_a_gap(redis_url: str) -> None:
    async with _processes(redis_url, 1) as (one,):
        await _tell(redis_url, "PUBLISH", f"{one.bus._prefix}:{{all}}", "12345678 no letter")
        await until(lambda: one.gaps > 0)


async def test_a_process_cut_off_alone_is_missed_by_those_who_hear_everything_else(
    redis_url: str,
) -> None:
    port = make_url(redis_url).port
    assert port is not None
    async with Proxy("127.0.0.1", port) as line, _processes(redis_url, 1) as (other,):
        cut = RemoteBus(
            Nodes(f"redis://127.0.0.1:{line.port}/0"), prefix=other.bus._prefix, partitions=1
        )
        task = asyncio.create_task(cut.run())
        await until(lambda: cut.is_whole and len(_peers(other.bus)) == 1)
        await until(lambda: not other.bus.misses_somebody)
        line.swallow()
        await until(lambda: other.bus.misses_somebody and not cut.is_whole)
        cut.publish_hint([_news(3)])
        cut.publish_signal(PersonMoved(PersonId("ada"), online=True))
        await until(lambda: other.bus.is_whole)
        line.heal()
        await until(lambda: not other.bus.misses_somebody and cut.is_whole)
        await until(lambda: [hint.upto for hint in other.hints] == [3])
        await until(lambda: other.gaps > 0 or bool(other.signals))
        await _stop(task)
        await until(lambda: not _peers(other.bus))  # it said farewell
        assert not other.bus.misses_somebody


async def test_a_process_that_stops_says_its_last_words(redis_url: str) -> None:
    async with _processes(redis_url, 2) as (one, two):
        extra = RemoteBus(Nodes(redis_url), prefix=two.bus._prefix, partitions=1)
        task = asyncio.create_task(extra.run())
        await until(lambda: extra.is_whole)
        extra.publish_signal(PersonMoved(PersonId("ada"), online=False))
        await _stop(task)
        await until(lambda: len(one.signals) == 1)


async def test_in_a_redis_cluster_a_partition_lives_in_one_slot(tmp_path: Path) -> None:
    server = servers.redis(tmp_path, cluster=True)
    await asyncio.to_thread(server.start)
    try:
        await _tell(server.url, "CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        async with asyncio.timeout(60):
            while "cluster_state:ok" not in str(await _tell(server.url, "CLUSTER", "INFO")):
                await asyncio.sleep(0.05)
        async with _processes(server.url, 2, partitions=64, sharded=True) as (one, two):
            orders = [OrderId(f"o_{n}") for n in range(40)]
            for order in orders:
                two.bus.attend(order)
            await until(lambda: two.gaps > 0)
            one.bus.publish_hint([_news(2, order=order) for order in orders])
            await until(lambda: {hint.order for hint in two.hints} == set(orders))
            rates = Rates(Limits(), asker := Asker(Nodes(server.url)), "t")
            asking = asyncio.create_task(asker.run())
            await rates.take("x", PersonId("ada"), 0.01, 1)
            with pytest.raises(RateExceeded):
                await rates.take("x", PersonId("ada"), 0.01, 1)
            await _stop(asking)
    finally:
        await asyncio.to_thread(server.kill)


async def test_a_cluster_of_several_shards_is_refused_at_the_start_in_a_clear_sentence(
    tmp_path: Path,
) -> None:
    nodes = [servers.redis(tmp_path / str(n), cluster=True) for n in range(2)]
    try:
        for node in nodes:
            await asyncio.to_thread(node.start)
        await _tell(nodes[0].url, "CLUSTER", "ADDSLOTSRANGE", "0", "8191")
        await _tell(nodes[1].url, "CLUSTER", "ADDSLOTSRANGE", "8192", "16383")
        port = make_url(nodes[1].url).port
        answer = await _tell(nodes[1].url, "CONFIG", "GET", "cluster-port")
        assert isinstance(answer, list)
        await _tell(nodes[0].url, "CLUSTER", "MEET", "127.0.0.1", str(port), answer[1].decode())
        async with asyncio.timeout(60):
            while await shards(nodes[0].url) < 2:
                await asyncio.sleep(0.05)
        redis = {"ORDER_ROOM_REDIS_URL": nodes[0].url}
        url = f"sqlite+aiosqlite:///{tmp_path / 'orders.sqlite3'}"
        settings = read(settings_for(url, tmp_path) | redis, demo=False)
        with pytest.raises(SettingsError, match="ORDER_ROOM_BUS_SHARDED=true"):
            async with running(settings, Secret("x" * 32), Limits()):
                pass
    finally:
        for node in nodes:
            await asyncio.to_thread(node.kill)


async def test_a_single_redis_and_one_that_is_away_are_taken_as_they_are(redis_url: str) -> None:
    assert await shards(redis_url) == 1
    assert await shards("redis://127.0.0.1:1/0") == 1
