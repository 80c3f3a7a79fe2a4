"""Who is here: online while a socket is open, last seen when the last one closed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from realtime.limits import Limits
from tests.harness import InProcess, serving
from tests.socket_browser import Frame


def _presence(person: str, *, online: bool) -> Callable[[Frame], bool]:
    def wanted(frame: Frame) -> bool:
        return (
            frame["t"] == "presence"
            and frame["presence"]["person"] == person
            and frame["presence"]["online"] is online
        )

    return wanted


async def test_the_other_party_comes_and_goes(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        room = (await buyer.subscribe(order.id)).room
        assert room is not None
        online = {p["person"]: p["online"] for p in room["presence"]}
        assert online == {order.buyer: True, order.seller: False}
        async with server.browser(order.seller):
            await buyer.hears(_presence(order.seller, online=True))
            there = datetime.now(UTC)
        gone = await buyer.hears(_presence(order.seller, online=False))
        seen = datetime.fromisoformat(gone["presence"]["last_seen"])
        assert there - timedelta(seconds=1) < seen <= datetime.now(UTC)


async def test_a_reload_is_not_a_departure(database_url: str) -> None:
    async with serving(database_url, limits=Limits(presence_grace=30.0, drain=0.0)) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
            await buyer.subscribe(order.id)
            mark = len(buyer.frames)
            await seller.cut()
            await seller.reopen()
            done = await seller.say(order.id, "back again")
            await buyer.reaches(order.id, done["seq"])
            assert not any(f["t"] == "presence" for f in buyer.frames[mark:])


async def test_one_of_two_devices_closing_is_not_a_departure(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as laptop:
        async with server.browser(order.seller):
            await buyer.subscribe(order.id)
        done = await laptop.say(order.id, "I am still here")
        await buyer.reaches(order.id, done["seq"])
        assert not any(f["t"] == "presence" for f in buyer.frames)


async def test_when_somebody_was_last_here_is_remembered_over_a_restart(
    own_database_url: str,
) -> None:
    async with serving(own_database_url) as server:
        order = await server.order()
        async with server.browser(order.seller):
            pass
    async with serving(own_database_url) as server, server.browser(order.buyer) as buyer:
        room = (await buyer.subscribe(order.id)).room
        assert room is not None
        (seller,) = [p for p in room["presence"] if p["person"] == order.seller]
        assert not seller["online"]
        assert datetime.now(UTC) - datetime.fromisoformat(seller["last_seen"]) < timedelta(
            seconds=30
        )
