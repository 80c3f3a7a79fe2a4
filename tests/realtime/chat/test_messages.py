"""A conversation over real sockets."""

from tests.harness import serving


async def test_a_message_reaches_both_screens_once(database_url: str) -> None:
    async with serving(database_url) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
            await buyer.subscribe(order.id)
            await seller.subscribe(order.id)
            done = await buyer.say(order.id, "Bonjour")
            await seller.reaches(order.id, done["seq"])
            await buyer.reaches(order.id, done["seq"])
            assert seller.texts(order.id) == buyer.texts(order.id) == ["Bonjour"]
