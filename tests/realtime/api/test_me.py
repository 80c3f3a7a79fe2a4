"""A person's orders over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from orders.events import PersonId
from realtime.auth import Tokens
from realtime.limits import Limits
from realtime.settings import Secret
from tests.harness import TOKEN_SECRET, InProcess


async def test_a_person_lists_their_orders(server: InProcess) -> None:
    order = await server.order()
    async with server.http({"Authorization": f"Bearer {await server.token(order.seller)}"}) as http:
        inbox = (await http.get("/api/v1/me/orders")).json()
    (line,) = inbox["lines"]
    assert (line["order"], line["role"], line["other"]) == (order.id, "seller", "Ada Buyer")


async def test_a_person_reads_room_situation_and_newest_page(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.say(order.id, "Bonjour")
        socket = await buyer.subscribe(order.id)
    async with server.http({"Authorization": f"Bearer {await server.token(order.buyer)}"}) as http:
        page = (await http.get(f"/api/v1/me/orders/{order.id}")).json()
    assert page["room"]["you"] == "buyer"
    assert page["situation"]["deadlines"][0]["text"]
    assert (page["after"], page["upto"], page["link"]) == (0, socket.upto, socket.link)
    assert page["entries"] == [entry for _, entry in sorted(socket.entries.items())]


async def test_nobody_reads_somebody_elses_order(server: InProcess) -> None:
    order = await server.order()
    async with server.http({"Authorization": f"Bearer {await server.token('stranger')}"}) as http:
        assert (await http.get("/api/v1/me/orders")).json()["lines"] == []
        theirs = await http.get(f"/api/v1/me/orders/{order.id}")
        nobodys = await http.get("/api/v1/me/orders/o_none")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json()["code"] == nobodys.json()["code"] == "order_unknown"
    narrow = await server.token(order.buyer, orders=["o_other"])
    async with server.http({"Authorization": f"Bearer {narrow}"}) as http:
        assert (await http.get("/api/v1/me/orders")).json()["lines"] == []
        assert (await http.get(f"/api/v1/me/orders/{order.id}")).status_code == 404


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "unauthenticated"),
        ("Basic dXNlcjpwYXNz", "unauthenticated"),
        ("Bearer", "unauthenticated"),
        ("Bearer forged", "token_invalid"),
    ],
)
async def test_without_a_good_token_there_is_nothing(
    server: InProcess, header: str | None, code: str
) -> None:
    async with server.http({"Authorization": header} if header else None) as http:
        answer = await http.get("/api/v1/me/orders")
    assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_an_expired_token_is_told_so(server: InProcess) -> None:
    past = Tokens(
        Secret(TOKEN_SECRET), Limits(), clock=lambda: datetime.now(UTC) - timedelta(hours=1)
    )
    token = past.mint(PersonId("x")).token
    async with server.http({"Authorization": f"Bearer {token}"}) as http:
        answer = await http.get("/api/v1/me/orders")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
