"""Who hides is not seen, and does not see; and so it is between two who block each other."""

from tests.harness import InProcess, TestOrder
from tests.socket_browser import Browser


def _told(browser: Browser, order: TestOrder, person: str) -> dict[str, object]:
    room = browser.orders[order.id].room
    assert room is not None
    return next(one for one in room["presence"] if one["person"] == person)


async def _hears(browser: Browser, person: str, since: int, **wanted: object) -> None:
    def about(frame: dict[str, object]) -> bool:
        told = frame.get("presence")
        if frame["t"] != "presence" or not isinstance(told, dict):
            return False
        return told["person"] == person and all(told[name] == wanted[name] for name in wanted)

    await browser.hears(about, since=since)


async def test_who_hides_is_not_seen_and_sees_nobody(server: InProcess) -> None:
    order = await server.order()
    async with (
        server.browser(order.buyer) as buyer,
        server.browser(order.buyer) as phone,
        server.browser(order.seller) as seller,
    ):
        assert buyer.welcome.get("hide_presence", False) is False
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        assert _told(seller, order, order.buyer)["online"]
        mark, other = len(seller.frames), len(buyer.frames)
        done = await buyer.ask(t="preferences", id="p-1", hide_presence=True)
        assert done == {"t": "preferences", "id": "p-1", "hide_presence": True}
        await phone.hears(lambda f: f["t"] == "preferences" and f["hide_presence"] is True)
        await _hears(seller, order.buyer, mark, online=False, hidden=True)
        await _hears(buyer, order.seller, other, online=False, hidden=True)
        mark = len(seller.frames)
        await buyer.send(t="typing", order=order.id, on=True)
        await buyer.say(order.id, "I wrote this unseen")
        async with server.browser(order.seller) as late:
            await late.subscribe(order.id)
            assert _told(late, order, order.buyer)["hidden"]
            assert _told(late, order, order.seller)["online"]
        assert not [f for f in seller.frames[mark:] if f["t"] == "signal"]
        async with server.browser(order.buyer) as again:
            assert again.welcome["hide_presence"]
            await again.subscribe(order.id)
            assert _told(again, order, order.seller)["hidden"]
        mark = len(seller.frames)
        await buyer.ask(t="preferences", id="p-2", hide_presence=False)
        await _hears(seller, order.buyer, mark, online=True, hidden=False)


async def test_two_who_are_apart_do_not_see_each_other(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        marks = len(buyer.frames), len(seller.frames)
        await buyer.ask(t="block", id="b-1", order=order.id, on=True)
        await _hears(buyer, order.seller, marks[0], hidden=True)
        await _hears(seller, order.buyer, marks[1], hidden=True)
        mark = len(seller.frames)
        await buyer.ask(t="block", id="b-2", order=order.id, on=False)
        await _hears(seller, order.buyer, mark, online=True, hidden=False)


async def test_the_preference_is_set_over_http_too(server: InProcess) -> None:
    order = await server.order()
    token = await server.token(order.buyer)
    async with server.http({"Authorization": f"Bearer {token}"}) as http:
        path = "/api/v1/me/preferences"
        assert (await http.get(path)).json() == {"hide_presence": False}
        assert (await http.post(path, json={"hide_presence": True})).status_code == 200
        assert (await http.get(path)).json() == {"hide_presence": True}
        assert (await http.post(path, json={"hide": True})).status_code == 400
