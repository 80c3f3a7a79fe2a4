"""Somebody is writing."""

from tests.harness import InProcess


async def test_the_other_party_sees_that_somebody_writes_and_stops(server: InProcess) -> None:
    order = await server.order()
    async with (
        server.browser(order.buyer) as buyer,
        server.browser(order.buyer) as phone,
        server.browser(order.seller) as seller,
    ):
        for browser in (buyer, phone, seller):
            await browser.subscribe(order.id)
        await buyer.send(t="typing", order=order.id, on=True)
        signal = await seller.hears(lambda f: f["t"] == "signal" and f["typing"])
        assert (signal["order"], signal["person"]) == (order.id, order.buyer)
        await buyer.send(t="typing", order=order.id, on=False)
        await seller.hears(lambda f: f["t"] == "signal" and not f["typing"])
        done = await buyer.say(order.id, "so")
        await phone.reaches(order.id, done["seq"])
        assert not any(f["t"] == "signal" for f in [*buyer.frames, *phone.frames])


async def test_whoever_disappears_is_not_writing_any_more(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        async with server.browser(order.buyer) as buyer:
            await buyer.send(t="typing", order=order.id, on=True)
            await seller.hears(lambda f: f["t"] == "signal" and f["typing"])
            await buyer.cut()
        await seller.hears(lambda f: f["t"] == "signal" and not f["typing"])
