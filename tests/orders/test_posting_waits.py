"""Messages that have to wait: for an order held elsewhere, in a full queue, through an outage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from orders import engines
from orders.database import Database, migrate
from orders.errors import Unavailable
from orders.events import OrderId
from orders.locking import lock
from orders.policy import Policy
from orders.posting import MANY, MAX_QUEUE, PATIENCE, PostBox
from orders.timeline import Position
from tests.orders.box import FIRST, running, texts
from tests.orders.outage import cut_connections, outage
from tests.orders.world import Room, entries_of, open_post_box, open_room, opened, verified


@pytest.fixture
async def room(database: Database) -> Room:
    return await open_room(database)


@asynccontextmanager
async def _held(url: str, *orders_held: OrderId) -> AsyncIterator[None]:
    """Hold the locks of some orders from another process's connection."""
    async with opened(url) as elsewhere, elsewhere.transaction() as tx:
        for order in sorted(orders_held):
            await lock(tx, order)
        yield


# ------------------------------------------------------------------------- held elsewhere


async def test_a_message_to_an_order_held_elsewhere_waits_and_others_pass(
    postgres_url: str,
) -> None:
    async with opened(postgres_url) as database, open_post_box(database) as box:
        held, free = await open_room(database), await open_room(database)
        async with _held(postgres_url, held.order):
            waiting = asyncio.create_task(box.post(held.order, held.buyer, "m1", "wait"))
            await box.post(free.order, free.buyer, "m1", "pass")
            assert not waiting.done()
        assert (await waiting).seq == FIRST


async def test_an_order_held_for_long_delays_no_other(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # nobody gives up waiting for the lock while this machine is slow
    monkeypatch.setitem(engines.SERVER_SETTINGS, "lock_timeout", "60s")
    monkeypatch.setattr(engines, "ANSWER_WITHIN", 60.0)
    async with opened(postgres_url) as database, open_post_box(database) as box:
        held, free = await open_room(database), await open_room(database)
        async with _held(postgres_url, held.order):
            waiting = [
                asyncio.create_task(box.post(held.order, held.buyer, f"w{n}", str(n)))
                for n in range(3)
            ]
            async with asyncio.timeout(40):  # less than anybody waits for a lock
                for n in range(20):
                    await box.post(free.order, free.buyer, f"m{n}", "pass")
                    if n == 10:  # behind those that stand in line
                        late = box.post(held.order, held.seller, "late", "3")
                        waiting.append(asyncio.create_task(late))
            assert not any(post.done() for post in waiting)
        await asyncio.gather(*waiting)
        assert await texts(database, held) == ["0", "1", "2", "3"]


async def test_many_orders_held_elsewhere_are_waited_for_and_a_free_one_passes(
    postgres_url: str,
) -> None:
    async with opened(postgres_url) as database, open_post_box(database) as box:
        rooms, free = [await open_room(database) for _ in range(MANY)], await open_room(database)
        async with _held(postgres_url, *(room.order for room in rooms)):
            waiting = [
                asyncio.create_task(box.post(room.order, room.buyer, f"m{n}", str(n)))
                for n in range(2)
                for room in rooms
            ]
            for n in range(5):
                await box.post(free.order, free.buyer, f"m{n}", "pass")
            assert not any(post.done() for post in waiting)
        await asyncio.gather(*waiting)
        for room in rooms:
            assert await texts(database, room) == ["0", "1"]


async def test_messages_that_waited_keep_the_order_in_which_they_were_written(
    postgres_url: str,
) -> None:
    async with opened(postgres_url) as database:
        room = await open_room(database)
        box = PostBox(database)
        async with running(box):
            posts: list[asyncio.Task[Position]] = []
            async with _held(postgres_url, room.order):
                # each arrives while those before it are being passed over
                for n in range(2 * PATIENCE + 3):
                    posts.append(
                        asyncio.create_task(box.post(room.order, room.buyer, f"m{n}", str(n)))
                    )
                    await asyncio.sleep(0.003)
            stored = await asyncio.gather(*posts)
        assert [position.seq for position in stored] == list(range(FIRST, FIRST + len(posts)))
        assert await texts(database, room) == [str(n) for n in range(len(posts))]


async def test_a_message_that_cannot_be_stored_does_not_shuffle_those_that_wait(
    postgres_url: str,
) -> None:
    async with opened(postgres_url) as database:
        room, free = await open_room(database), await open_room(database)
        box = PostBox(database)
        ways = [(room, "a"), (free, "b\ud800"), (room, "c"), (free, "d"), (room, "e")]
        async with _held(postgres_url, room.order):
            posts = [
                asyncio.create_task(box.post(r.order, r.buyer, name, name[0])) for r, name in ways
            ]
            await asyncio.sleep(0)
            task = asyncio.create_task(box.run())
            await posts[3]
        told = await asyncio.gather(*posts, return_exceptions=True)
        assert [isinstance(answer, Position) for answer in told] == [True, False, True, True, True]
        assert await texts(database, room) == ["a", "c", "e"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_two_processes_that_write_in_the_same_orders_take_turns(postgres_url: str) -> None:
    async with opened(postgres_url) as database, opened(postgres_url) as other:
        rooms = [await open_room(database) for _ in range(20)]
        async with open_post_box(database) as here, open_post_box(other) as there:
            await asyncio.gather(
                *(
                    box.post(room.order, person, f"m{n}", f"{n}")
                    for n in range(20)
                    for room in rooms
                    for box, person in ((here, room.buyer), (there, room.seller))
                )
            )
        for room in rooms:
            told = [e for e in await entries_of(database, room.order) if e.client_id is not None]
            for person in (room.buyer, room.seller):
                mine = [e.client_id for e in told if e.actor == person]
                assert mine == [f"m{n}" for n in range(20)]


async def test_a_poster_that_leaves_while_waiting_is_forgotten(postgres_url: str) -> None:
    async with opened(postgres_url) as database, open_post_box(database) as box:
        room = await open_room(database)
        async with _held(postgres_url, room.order):
            left = asyncio.create_task(box.post(room.order, room.buyer, "m1", "never mind"))
            stays = asyncio.create_task(box.post(room.order, room.buyer, "m2", "I am here"))
            await asyncio.sleep(0)
            left.cancel()
        assert (await stays).seq == FIRST
        assert left.cancelled()
        assert await texts(database, room) == ["I am here"]


async def test_the_log_of_sqlite_is_copied_back_while_people_write(tmp_path: Path) -> None:
    path = tmp_path / "orders.sqlite3"
    url = f"sqlite+aiosqlite:///{path}"
    await migrate(url)
    async with opened(url) as database, open_post_box(database) as box:
        room = await open_room(database, Policy(text_max=20_000))
        before = path.stat().st_size
        for n in range(12):
            await asyncio.gather(
                *(box.post(room.order, room.buyer, f"m{n}-{k}", "x" * 20_000) for k in range(40))
            )
        async with asyncio.timeout(60):
            while path.stat().st_size < before + 4_000_000:  # what is still open is not copied
                await asyncio.sleep(0.05)
        assert await verified(database, room.order) == FIRST - 1 + 480


# ---------------------------------------------------------------- too much, stopping, outage


async def test_a_full_queue_refuses_and_says_that_it_is_busy(
    database: Database, room: Room
) -> None:
    box = PostBox(database)
    posts = [
        asyncio.create_task(box.post(room.order, room.buyer, f"m{n}", "x"))
        for n in range(MAX_QUEUE)
    ]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refusal:
        await box.post(room.order, room.buyer, "one more", "x")
    assert refusal.value.facts == {"reason": "busy"}
    for post in posts:
        post.cancel()
    await asyncio.gather(*posts, return_exceptions=True)
    async with running(box):
        await asyncio.sleep(0)  # nobody waits for those any more: they are dropped at once
        assert (await box.post(room.order, room.buyer, "then", "x")).seq == FIRST


async def test_nobody_waits_for_a_post_box_that_stopped(database: Database, room: Room) -> None:
    box = PostBox(database)
    async with running(box) as task:
        await asyncio.sleep(0)
        waiting = asyncio.create_task(box.post(room.order, room.buyer, "m1", "x"))
        await asyncio.sleep(0)
        task.cancel()
    async with asyncio.timeout(60):
        with pytest.raises(Unavailable):
            await waiting
        with pytest.raises(Unavailable):
            await box.post(room.order, room.buyer, "m2", "x")


async def test_stopping_refuses_those_who_wait_in_line_and_those_behind_them(
    postgres_url: str,
) -> None:
    async with opened(postgres_url) as database:
        rooms = [await open_room(database) for _ in range(3)]
        box = PostBox(database)
        async with _held(postgres_url, *(room.order for room in rooms)), running(box) as task:
            posts = [
                asyncio.create_task(box.post(room.order, room.buyer, "m1", "x")) for room in rooms
            ]
            await asyncio.sleep(0.2)  # by then they are past their patience and stand in line
            task.cancel()
            async with asyncio.timeout(60):
                answers = await asyncio.gather(*posts, return_exceptions=True)
        assert all(isinstance(answer, Unavailable) for answer in answers)
        for room in rooms:
            assert await texts(database, room) == []


async def test_through_an_outage_every_message_is_kept_or_refused_and_then_all_goes_on(
    postgres_copy: str,
) -> None:
    async with opened(postgres_copy) as database, open_post_box(database) as box:
        room = await open_room(database)
        before = await box.post(room.order, room.buyer, "before", "x")
        async with outage(postgres_copy):
            for n in range(3):
                with pytest.raises(Unavailable) as refusal:
                    await box.post(room.order, room.buyer, f"during-{n}", "x")
                assert refusal.value.facts == {"reason": "database", "retry_after": 2}
        after = await box.post(room.order, room.buyer, "after", "x")
        assert (before.seq, after.seq) == (FIRST, FIRST + 1)
        assert await verified(database, room.order) == FIRST + 1


async def test_connections_cut_in_mid_flight_lose_nothing_that_was_acknowledged(
    postgres_copy: str,
) -> None:
    async with opened(postgres_copy) as database, open_post_box(database) as box:
        room = await open_room(database)
        kept: dict[str, Position] = {}

        async def insist(client_id: str) -> None:
            while client_id not in kept:
                try:
                    kept[client_id] = await box.post(room.order, room.buyer, client_id, client_id)
                except Unavailable:
                    await asyncio.sleep(0.005)

        async def chatter(name: str) -> None:
            for n in range(40):
                await insist(f"{name}-{n}")

        async def cut() -> None:
            for _ in range(5):
                await asyncio.sleep(0.05)
                await cut_connections(postgres_copy)

        await asyncio.gather(cut(), *(chatter(name) for name in "abcdefgh"))
        told = await entries_of(database, room.order)
        assert {e.client_id: Position(e.seq, e.at) for e in told[FIRST - 1 :]} == kept
        assert await verified(database, room.order) == FIRST - 1 + 320
