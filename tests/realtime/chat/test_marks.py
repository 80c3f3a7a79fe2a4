"""How far everybody has read, and what has reached their devices."""

import asyncio
from collections.abc import Collection

import pytest

from orders import watermarks
from orders.database import Database
from orders.errors import Unavailable
from orders.events import OrderId, PersonId
from orders.watermarks import Watermarks
from realtime.attendance import Attendance
from realtime.chat import marks
from realtime.limits import Limits
from tests.harness import InProcess, TestOrder, serving
from tests.socket_browser import Browser


async def _stored(server: InProcess, order: TestOrder, person: str) -> int:
    async with server.browser(person) as browser:
        room = (await browser.subscribe(order.id)).room
        assert room is not None
        return next(int(mark["read"]) for mark in room["marks"] if mark["person"] == person)


async def _marks(
    browser: Browser, order: TestOrder, person: str, read: int, delivered: int | None = None
) -> None:
    wanted = {"person": person, "read": read, "delivered": delivered or read}
    await browser.hears(
        lambda f: f["t"] == "marks" and f["order"] == order.id and wanted in f["marks"]
    )


async def test_reading_shows_on_the_other_screen_and_on_ones_other_device(
    server: InProcess,
) -> None:
    order = await server.order()
    async with (
        server.browser(order.buyer) as buyer,
        server.browser(order.buyer) as phone,
        server.browser(order.seller) as seller,
    ):
        for browser in (buyer, phone, seller):
            await browser.subscribe(order.id)
        done = await seller.say(order.id, "please read")
        await buyer.reaches(order.id, done["seq"])
        await buyer.send(t="mark", order=order.id, seq=done["seq"])
        for browser in (seller, phone):
            await _marks(browser, order, order.buyer, done["seq"])
    assert await _stored(server, order, order.buyer) == done["seq"]


async def test_a_mark_that_moves_while_the_order_is_being_opened_is_on_the_screen(
    server: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await server.order()
    read, moved = asyncio.Event(), asyncio.Event()
    look_for = Attendance.look_for

    async def held(attendance: Attendance, persons: Collection[PersonId]) -> None:
        """The last that is waited for between reading the room and being told of it."""
        read.set()
        await moved.wait()
        await look_for(attendance, persons)

    async with (
        server.browser(order.buyer) as buyer,
        server.browser(order.buyer) as phone,
        server.browser(order.seller) as seller,
    ):
        await phone.subscribe(order.id)
        done = await buyer.say(order.id, "please look")
        with monkeypatch.context() as patch:
            patch.setattr(Attendance, "look_for", held)
            opening = asyncio.create_task(seller.subscribe(order.id))
            await read.wait()
            await buyer.send(t="mark", order=order.id, seq=done["seq"])
            await _marks(phone, order, order.buyer, done["seq"])
            moved.set()
            room = (await opening).room
        assert room is not None
        assert {m["person"]: m["read"] for m in room["marks"]}[order.buyer] == done["seq"]


async def test_a_mark_never_goes_back_nor_beyond_the_head(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        await buyer.send(t="mark", order=order.id, seq=1000)
        await _marks(seller, order, order.buyer, 3)
        await buyer.send(t="mark", order=order.id, seq=1)
        await buyer.say(order.id, "after the mark")
    assert await _stored(server, order, order.buyer) == 3


async def test_marks_are_gathered_to_one_a_second_and_flushed_at_the_end(
    own_database_url: str,
) -> None:
    async with serving(own_database_url, limits=Limits(mark_every=60.0, drain=0.0)) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
            await seller.subscribe(order.id)
            for n in range(10):
                await seller.say(order.id, f"{n}")
            await buyer.send(t="mark", order=order.id, seq=4)
            await _marks(seller, order, order.buyer, 4)
            for seq in range(5, 14):
                await buyer.send(t="mark", order=order.id, seq=seq)
            await buyer.say(order.id, "all marks have been heard")
            told = [f for f in seller.frames if f["t"] == "marks"]
            assert [mark["read"] for f in told for mark in f["marks"]] == [4]
    async with serving(own_database_url) as server:
        assert await _stored(server, order, order.buyer) == 13


async def test_a_mark_is_told_although_the_connection_broke_when_it_had_been_stored(
    server: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await server.order()
    broken: list[bool] = []

    async def stored_in_silence(
        database: Database, order: OrderId, person: PersonId, **reached: int
    ) -> Watermarks | None:
        moved = await watermarks.mark(
            database,
            order,
            person,
            read=reached["read"],
            delivered=reached["delivered"],
            doubtful=bool(reached["doubtful"]),
        )
        if not broken:
            broken.append(True)
            raise Unavailable(reason="database")
        return moved

    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        done = await seller.say(order.id, "please read")
        monkeypatch.setattr(marks, "mark", stored_in_silence)
        await buyer.send(t="mark", order=order.id, seq=done["seq"])
        await _marks(seller, order, order.buyer, done["seq"])


async def test_unread_messages_are_counted_until_they_are_read(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.seller) as seller:
        for n in range(3):
            await seller.say(order.id, f"{n}")
    async with server.browser(order.buyer) as buyer:
        assert [line["unread"] for line in buyer.welcome["inbox"]] == [3]
        await buyer.subscribe(order.id)
        await buyer.send(t="mark", order=order.id, seq=5)
        await _marks(buyer, order, order.buyer, 5)
    async with server.browser(order.buyer) as buyer:
        assert [line["unread"] for line in buyer.welcome["inbox"]] == [1]


async def test_what_was_read_on_one_device_is_not_unread_in_the_others_list(
    server: InProcess,
) -> None:
    order = await server.order()
    async with server.browser(order.seller) as seller:
        done = await seller.say(order.id, "unread")
    async with server.browser(order.buyer) as phone, server.browser(order.buyer) as laptop:
        assert [line["unread"] for line in laptop.welcome["inbox"]] == [1]
        await phone.subscribe(order.id)
        await phone.send(t="mark", order=order.id, seq=done["seq"])
        news = await laptop.hears(lambda f: f["t"] == "inbox")
        assert [line["unread"] for line in news["lines"]] == [0]


async def test_what_reached_a_device_shows_before_it_is_read(server: InProcess) -> None:
    order = await server.order()
    async with (
        server.browser(order.buyer) as buyer,
        server.browser(order.buyer) as phone,
        server.browser(order.seller) as seller,
    ):
        for browser in (buyer, phone, seller):
            await browser.subscribe(order.id)
        done = await seller.say(order.id, "has it arrived?")
        await phone.reaches(order.id, done["seq"])
        await phone.send(t="received", order=order.id, seq=done["seq"])
        for browser in (seller, buyer):
            await _marks(browser, order, order.buyer, 0, done["seq"])
    async with server.browser(order.seller) as seller:
        room = (await seller.subscribe(order.id)).room
        assert room is not None
        told = {mark["person"]: mark for mark in room["marks"]}
    assert told[order.buyer] == {"person": order.buyer, "read": 0, "delivered": done["seq"]}


async def test_what_was_received_counts_as_unread_in_the_list(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as phone, server.browser(order.buyer) as laptop:
        await phone.subscribe(order.id)
        async with server.browser(order.seller) as seller:
            done = await seller.say(order.id, "unread")
        await phone.reaches(order.id, done["seq"])
        await phone.send(t="received", order=order.id, seq=done["seq"])
        await laptop.hears(lambda f: f["t"] == "inbox" and f["lines"][0]["unread"] == 1)
        await phone.send(t="mark", order=order.id, seq=done["seq"])
        for browser in (laptop, phone):
            await browser.hears(lambda f: f["t"] == "inbox" and f["lines"][0]["unread"] == 0)


async def test_a_stranger_leaves_no_mark(server: InProcess) -> None:
    order, other = await server.order(), await server.order()
    async with server.browser(other.buyer) as stranger:
        await stranger.send(t="received", order=order.id, seq=1)
        refused = await stranger.hears(lambda f: f["t"] == "refused")
        assert refused["code"] == "order_unknown"
