"""Reports and blocks, from the room to the marketplace's backend."""

import pytest

from tests.harness import InProcess


async def test_a_report_is_read_by_the_backend_and_handled(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        sent = await seller.say(order.id, "Pay me elsewhere")
        await buyer.reaches(order.id, sent["seq"])
        ask = {"t": "report", "id": "r-1", "order": order.id, "message": sent["seq"]}
        taken = await buyer.ask(**ask, reason="contact", note="twice already")
        assert taken["t"] == "reported"
        assert await buyer.ask(**ask, reason="contact", note="twice already") == taken
        ask["id"] = "r-2"
        assert (await buyer.refused(**ask, reason="other"))["code"] == "reason_missing"
        assert (await buyer.refused(**ask, reason="revenge"))["code"] == "malformed"
    async with server.backend() as http:
        listed = (await http.get("/api/v1/reports", params="limit=200")).json()["reports"]
        (told,) = [report for report in listed if report["report"] == taken["report"]]
        assert (told["by"], told["about"]) == (order.buyer, order.seller)
        path = f"/api/v1/orders/{order.id}/reports/{taken['report']}/handle"
        handled = (await http.post(path, json={"note": "warned"})).json()
        assert handled["handled_note"] == "warned"
        params = "state=handled&limit=200"
        assert handled in (await http.get("/api/v1/reports", params=params)).json()["reports"]
        assert (await http.get("/api/v1/reports?state=all")).status_code == 400
        assert (await http.post(path.replace("r_", "x_"), json={})).status_code == 404
    token = await server.token(order.buyer)
    async with server.http({"Authorization": f"Bearer {token}"}) as http:
        assert (await http.get(f"/api/v1/me/orders/{order.id}/reports")).status_code == 403


async def test_a_block_shows_at_once_on_both_screens_and_refuses_calls(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        room = (await buyer.subscribe(order.id)).room
        assert room is not None
        await seller.subscribe(order.id)
        heard = len(seller.frames)
        done = await buyer.ask(t="block", id="b-1", order=order.id, on=True)
        assert done == {"t": "blocked", "id": "b-1", "order": order.id, "on": True}
        now = await seller.hears(lambda f: f["t"] == "situation", since=heard)
        assert now["situation"]["calls"]["reason"] == "blocked"
        refused = await seller.refused(t="call.start", id="c-1", order=order.id)
        assert refused["code"] == "calls_closed"
        await seller.say(order.id, "The order goes on")
        async with server.browser(order.buyer) as phone:
            known = (await phone.subscribe(order.id)).room
            assert known is not None
            assert known["blocking"]


@pytest.mark.parametrize(
    ("answered", "blocks", "end"),
    [
        (False, "buyer", "cancelled"),
        (False, "seller", "declined"),
        (True, "buyer", "completed"),
        (True, "seller", "completed"),
    ],
)
async def test_who_blocks_the_other_ends_the_call_between_them(
    server: InProcess, answered: bool, blocks: str, end: str
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        for each in (buyer, seller):
            await each.subscribe(order.id)
        await buyer.do("call.start", order.id)
        rang = await seller.hears(lambda f: f["t"] == "situation" and f["situation"].get("call"))
        call = rang["situation"]["call"]["call"]
        if answered:
            await seller.do("call.accept", order.id, call=call)
        blocker, other = (buyer, seller) if blocks == "buyer" else (seller, buyer)
        heard = len(other.frames)
        await blocker.ask(t="block", id="b-1", order=order.id, on=True)
        now = await other.hears(
            lambda f: f["t"] == "situation" and f["situation"].get("call") is None, since=heard
        )
        assert now["situation"]["calls"]["reason"] == "blocked"
        last = other.orders[order.id].entries[now["situation"]["seq"]]
        assert (last["event"]["kind"], last["event"]["end"]) == ("call_ended", end)
        assert last["actor"] == (order.buyer if blocks == "buyer" else order.seller)
        await blocker.ask(t="block", id="b-2", order=order.id, on=False)
        await other.do("call.start", order.id)
