"""What goes wrong. Each breaks something for `length` seconds and mends it before it returns."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg

from orders.errors import Refused
from orders.events import OrderId, PersonId
from realtime.bus.link import GONE, Link
from tests.faults import crowd
from tests.faults.clock import WallClock
from tests.faults.ledger import AWAY, token_of
from tests.faults.world import World, start_again, start_server
from tests.harness import Process
from tests.orders import outage
from tests.orders.world import open_post_box, opened
from tests.socket_browser import Browser, Frame

Injection = Callable[[World, float], Awaitable[None]]


async def kill_gateway(world: World, length: float) -> None:
    """`kill -9` of a process with sockets, at any moment."""
    gateway = world.chance.choice(world.gateways)
    await _kill(gateway)
    await asyncio.sleep(length / 4)
    await start_again(gateway)


async def kill_unanswered(world: World, length: float) -> None:
    """`kill -9` between publish and acknowledgement: said, kept, heard by the other, unanswered.

    Asked again under the same id, whoever is there then must answer with what the other heard.
    """
    writer = world.chance.choice(world.writers)
    victim = world.chance.randrange(len(world.gateways))
    door = world.door_lines[victim]
    speaker = Browser(world.doors[victim], writer.person)
    listener = Browser(world.gateways[-1 - victim], world.other(writer))  # past the mute line
    client_id = f"last-{secrets.token_hex(4)}"
    try:
        async with asyncio.timeout(10):
            await listener.open(token_of(listener.person))
            await listener.subscribe(writer.order)
            await speaker.open(token_of(speaker.person))
            mark = len(listener.frames)
            door.mute()
            await writer.speak(speaker, client_id)
            heard = await _hears(listener, writer.order, writer.text(client_id), mark)
        writer.note(client_id, heard)
    except AWAY:
        pass
    await _kill(world.gateways[victim])
    door.heal()
    for browser in (listener, speaker):
        await browser.cut()
    await asyncio.sleep(length / 4)
    await start_again(world.gateways[victim])
    writer.note(client_id, await writer.insist(client_id))


async def kill_unpublished(world: World, length: float) -> None:
    """`kill -9` between commit and publish: acknowledged, and no other process was told.

    The first gateway's way to Redis is a black hole meanwhile. Those on the other gateway hear it
    all the same, while the dead one is away.
    """
    assert world.redis_line is not None
    writer = world.chance.choice(world.writers)
    victim, survivor = world.gateways
    speaker, listener = Browser(victim, writer.person), Browser(survivor, world.other(writer))
    client_id = f"untold-{secrets.token_hex(4)}"
    try:
        async with asyncio.timeout(60):
            await listener.open(token_of(listener.person))
            await listener.subscribe(writer.order)
            await speaker.open(token_of(speaker.person))
            mark = len(listener.frames)
            world.redis_line.swallow()
            answer = await speaker.say(writer.order, writer.text(client_id), id=client_id)
            await _kill(victim)
            writer.note(client_id, answer["seq"])
            writer.note(
                client_id,
                await _hears(listener, writer.order, writer.text(client_id), mark),
            )
    except AWAY:
        pass
    await _kill(victim)
    world.redis_line.heal()
    for browser in (listener, speaker):
        await browser.cut()
    await asyncio.sleep(length / 4)
    await start_again(victim)
    writer.note(client_id, await writer.insist(client_id))


async def _hears(listener: Browser, order: str, text: str, mark: int) -> int:
    """Wait until somebody has that message on the screen; return where it stands."""

    def found(frame: Frame) -> list[int]:
        if frame["t"] != "batch" or frame["order"] != order:
            return []
        return [e["seq"] for e in frame["entries"] if (e["event"] or {}).get("text") == text]

    batch = await listener.hears(lambda frame: bool(found(frame)), since=mark, within=60.0)
    return found(batch)[0]


async def kill_worker(world: World, length: float) -> None:
    """`kill -9` of the process that looks after deadlines and mails."""
    worker = world.chance.choice(world.workers)
    await _kill(worker)
    await asyncio.sleep(length)
    await start_again(worker)


async def pause_gateway(world: World, length: float) -> None:
    """A process with sockets stands still, with all its lines open."""
    gateway = world.chance.choice(world.gateways)
    clock = asyncio.get_running_loop().time
    gateway.pause()
    since, before = clock(), world.acknowledged
    try:
        await asyncio.sleep(length)
    finally:
        stood, meanwhile = clock() - since, world.acknowledged - before
        gateway.resume()
    if stood > world.stood:
        world.stood, world.meanwhile = stood, meanwhile


async def restart_in_order(world: World, length: float) -> None:
    """A process is asked to stop, and another takes its place."""
    gateway = world.chance.choice(world.gateways)
    await gateway.stop()
    await start_again(gateway)


async def rolling_restart(world: World, length: float) -> None:
    """All processes with sockets are replaced, one after the other, under a crowd of sockets."""
    people = await crowd.gather(world, world.crowd)
    try:
        for gateway in world.gateways:
            await gateway.stop()
            await start_again(gateway)
        await crowd.all_back(people)
        world.moved += len(people.listeners)
    finally:
        await crowd.disperse(people)


async def kill_postgres(world: World, length: float) -> None:
    """`kill -9` of PostgreSQL; it recovers from its log."""
    assert world.postgres is not None
    await asyncio.to_thread(world.postgres.kill)
    await asyncio.sleep(length / 2)
    await start_server(world.postgres)


async def kill_backend_of_postgres(world: World, length: float) -> None:
    """One of PostgreSQL's processes dies; it throws everybody out, and recovers."""
    with contextlib.suppress(OSError, asyncpg.PostgresError):  # it may recover already
        await outage.kill_backend(world.database_url)
    await asyncio.sleep(length / 4)


async def pause_postgres(world: World, length: float) -> None:
    """PostgreSQL stands still; its lines stay open."""
    assert world.postgres is not None
    world.postgres.pause()
    try:
        await asyncio.sleep(length)
    finally:
        world.postgres.resume()


async def kill_redis(world: World, length: float) -> None:
    """`kill -9` of Redis, which forgets everything."""
    assert world.redis is not None
    await asyncio.to_thread(world.redis.kill)
    await asyncio.sleep(length)
    await start_server(world.redis)


async def pause_redis(world: World, length: float) -> None:
    """Redis stands still; its lines stay open."""
    assert world.redis is not None
    world.redis.pause()
    try:
        await asyncio.sleep(length)
    finally:
        world.redis.resume()


async def kill_subscriptions(world: World, length: float) -> None:
    """`CLIENT KILL TYPE pubsub`: the listeners are cut off, the publishers go on."""
    assert world.redis is not None
    with contextlib.suppress(*GONE):
        link = await Link.open(world.redis.url, "fault")
        try:
            await link.ask([("CLIENT", "KILL", "TYPE", "pubsub")])
        finally:
            await link.close()
    await asyncio.sleep(length / 4)


async def swallow_redis(world: World, length: float) -> None:
    """One gateway's way to Redis becomes a black hole."""
    assert world.redis_line is not None
    world.redis_line.swallow()
    try:
        await asyncio.sleep(length)
    finally:
        world.redis_line.heal()


async def swallow_postgres(world: World, length: float) -> None:
    """One gateway's way to PostgreSQL becomes a black hole."""
    assert world.postgres_line is not None
    world.postgres_line.swallow()
    try:
        await asyncio.sleep(length)
    finally:
        world.postgres_line.heal()


async def swallow_browsers(world: World, length: float) -> None:
    """The way of all browsers to one process becomes a black hole."""
    line = world.chance.choice(world.door_lines)
    line.swallow()
    try:
        await asyncio.sleep(length)
    finally:
        line.heal()


async def cut_browsers(world: World, length: float) -> None:
    """All lines of browsers to one process break at once; everybody comes back."""
    world.chance.choice(world.door_lines).cut()
    await asyncio.sleep(length / 4)


async def slow_readers(world: World, length: float) -> None:
    """Some browsers take nothing for a while."""
    slow = world.chance.sample(world.writers, max(1, len(world.writers) // 4))
    halted = []
    for writer in slow:
        if writer.browser.close_code is None and writer.browser.welcome:
            halted.append((writer.browser, writer.browser.socket))
            writer.browser.stop_reading()
    await asyncio.sleep(length)
    for browser, socket in halted:
        if browser.close_code is None and browser.socket is socket:
            browser.read_on()


async def race_duplicates(world: World, length: float) -> None:
    """The same messages are sent on two processes at the same time."""
    racers = world.chance.sample(world.writers, max(1, len(world.writers) // 4))
    await asyncio.gather(*(racer.race(f"race-{secrets.token_hex(4)}") for racer in racers))


async def lose_hints(world: World, length: float) -> None:
    """Somebody writes and dies between commit and publish; their clock jumps by hours."""
    jump = timedelta(0)

    def clock() -> datetime:
        return datetime.now(UTC) + jump

    with contextlib.suppress(Refused):
        async with opened(world.database_url, clock) as database, open_post_box(database) as box:
            for room in world.chance.sample(world.rooms, max(1, len(world.rooms) // 3)):
                jump = timedelta(seconds=world.chance.uniform(-7200, 60))
                client_id = f"foreign-{secrets.token_hex(4)}"
                world.foreign.add(client_id)
                async with asyncio.timeout(10):
                    await box.post(OrderId(room.id), PersonId(room.buyer), client_id, "unheard")


async def jump_clock(world: World, length: float) -> None:
    """The wall clock of a process jumps by up to two hours, either way, and back."""
    await _jump(world.chance.choice(world.clocks), world, length)


async def jump_clock_of_postgres(world: World, length: float) -> None:
    """The same with PostgreSQL's, which is everybody's."""
    assert world.postgres_clock is not None
    await _jump(world.postgres_clock, world, length)


async def _jump(clock: WallClock, world: World, length: float) -> None:
    clock.runs(timedelta(seconds=world.chance.uniform(-7200, 7200)))
    try:
        await asyncio.sleep(length)
    finally:
        clock.runs(timedelta(0))


async def _kill(process: Process) -> None:
    await asyncio.to_thread(process.end, signal.SIGKILL)


EVERYWHERE: tuple[Injection, ...] = (
    kill_gateway,
    kill_unanswered,
    pause_gateway,
    restart_in_order,
    swallow_browsers,
    cut_browsers,
    slow_readers,
    race_duplicates,
    lose_hints,
    jump_clock,
    rolling_restart,
)
SCALED: tuple[Injection, ...] = (
    *EVERYWHERE,
    kill_unpublished,
    kill_worker,
    kill_postgres,
    kill_backend_of_postgres,
    pause_postgres,
    kill_redis,
    pause_redis,
    kill_subscriptions,
    swallow_redis,
    swallow_postgres,
    jump_clock_of_postgres,
)
