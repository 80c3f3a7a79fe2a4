"""Searching over the socket and over HTTP."""

import asyncio

from sqlalchemy import select

from orders.database import Database
from orders.redaction import redact
from orders.search_index import behind
from orders.tables import meta
from realtime.chat.indexing import Indexer
from realtime.limits import Limits
from tests.harness import InProcess
from tests.orders.world import Watch, open_post_box, open_room, opened


async def test_words_are_found_over_the_socket_and_over_http(server: InProcess) -> None:
    order, other = await server.order(), await server.order()
    async with server.browser(order.seller) as seller, server.browser(other.buyer) as stranger:
        sent = await seller.say(order.id, "La maquette 👋 est prête")
        ask = {"t": "search", "id": "s-1", "q": "prete"}
        found = await seller.ask(**ask, order=order.id)
        assert found["t"] == "found"
        (hit,) = found["hits"]
        assert (hit["order"], hit["seq"], hit["actor"]) == (order.id, sent["seq"], order.seller)
        assert hit["ranges"] == [[19, 24]]
        assert (await seller.ask(**ask))["hits"] == [hit]
        assert (await stranger.ask(**ask))["hits"] == []
        refused = await stranger.refused(**{**ask, "id": "s-2"}, order=order.id)
        assert refused["code"] == "order_unknown"
    token = await server.token(order.buyer)
    async with server.http({"Authorization": f"Bearer {token}"}) as http:
        answer = await http.get("/api/v1/me/search", params={"q": "maquettes"})
        assert answer.json() == {"hits": [hit | {"ranges": [[3, 11]]}], "next": None, "behind": 0}
        narrow = {"q": "maquette", "order": other.id}
        assert (await http.get("/api/v1/me/search", params=narrow)).status_code == 404
        assert (await http.get("/api/v1/me/search")).json()["code"] == "text_empty"


async def test_orders_that_have_gone_quiet_are_indexed_in_the_background(
    own_database_url: str,
) -> None:
    watch = Watch()
    async with opened(own_database_url, watch) as database:
        indexer = Indexer(database, Limits(index_after=30.0))
        room = await open_room(database)
        async with open_post_box(database) as box:
            await box.post(room.order, room.buyer, "m-1", "bonjour")
        assert await indexer.index_quiet() == 0
        watch.forward(seconds=31)
        assert await indexer.index_quiet() == 1
        async with database.reading() as conn:
            assert await behind(conn, [room.order], 1) == []
        assert await indexer.index_quiet() == 0


async def test_what_was_erased_leaves_the_file_in_the_background(own_database_url: str) -> None:
    async with opened(own_database_url) as database:
        room = await open_room(database)
        async with open_post_box(database) as box:
            said = await box.post(room.order, room.buyer, "m-1", "bonjour")
        await redact(database, room.order, said.seq)
        indexing = asyncio.create_task(Indexer(database, Limits(index_every=0.01)).run())
        try:
            async with asyncio.timeout(60):
                while await owed(database):
                    await asyncio.sleep(0.05)
        finally:
            indexing.cancel()
            await asyncio.gather(indexing, return_exceptions=True)


async def owed(database: Database) -> bool:
    """Whether erased words are still in SQLite's file."""
    async with database.reading() as conn:
        return await conn.scalar(select(meta.c.value).where(meta.c.key == "scrubbing")) is not None
