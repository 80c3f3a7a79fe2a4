"""The record of an order over HTTP: for its members, sealed by a key that anybody may read."""

import json

import pytest

from orders import record
from orders.events import OrderId
from orders.redaction import redact
from realtime.api.record import KEYS_PATH
from realtime.limits import Limits
from tests.harness import InProcess, serving


def path(order: str, kind: str) -> str:
    return f"/api/v1/me/orders/{order}/record.{kind}"


async def test_either_party_takes_the_record_home_and_it_verifies_with_the_published_key(
    server: InProcess,
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.say(order.id, "Bonjour")
        secret = await buyer.say(order.id, "au revoir, s3same")
    await redact(server.edge.database, OrderId(order.id), secret["seq"])
    async with server.http() as http:
        published = await http.get(KEYS_PATH)
    assert published.headers["access-control-allow-origin"] == "*"
    assert published.headers["cache-control"].startswith("public")
    (jwk,) = published.json()["keys"]
    assert (jwk["kty"], jwk["crv"], jwk["alg"]) == ("OKP", "Ed25519", "EdDSA")
    assert "d" not in jwk, "the private half stays"
    keys = record.read_keys(published.content)
    for who in (order.buyer, order.seller):
        async with server.http({"Authorization": f"Bearer {await server.token(who)}"}) as http:
            answer = await http.get(path(order.id, "json"))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-disposition"] == (
            f'attachment; filename="order-{order.id}-record.json"'
        )
        checked = record.check(record.read(answer.content), keys)
        assert (checked.entries, checked.erased, checked.trusted) == (6, 1, True)
        assert checked.key_id == jwk["kid"]
        assert "s3same" not in answer.text
        file = json.loads(answer.content)
        file["members"][0]["name"] = "Eve"
        with pytest.raises(record.BrokenRecord, match="members"):
            record.check(record.read(json.dumps(file).encode()), keys)


async def test_the_page_is_in_the_readers_language_and_cannot_do_anything(
    server: InProcess,
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.say(order.id, "<script>alert(1)</script>")
    said = {order.buyer: "Registre de la commande", order.seller: "Record of the order"}
    for who, title in said.items():
        async with server.http({"Authorization": f"Bearer {await server.token(who)}"}) as http:
            page = await http.get(path(order.id, "html"))
            other = await http.get(path(order.id, "html") + "?language=en")
        assert page.status_code == 200
        assert title in page.text
        assert "Record of the order" in other.text
        assert "<script" not in page.text
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert policy.startswith("sandbox")
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["content-disposition"].endswith('-record.html"')
        assert server.edge.settings.base_url + KEYS_PATH in page.text


@pytest.mark.parametrize("kind", ["json", "html"])
async def test_a_stranger_and_a_narrow_token_get_nothing(server: InProcess, kind: str) -> None:
    order = await server.order()
    narrow = await server.token(order.buyer, orders=["o_other"])
    stranger = await server.token("stranger")
    for token in (narrow, stranger):
        async with server.http({"Authorization": f"Bearer {token}"}) as http:
            theirs = await http.get(path(order.id, kind))
            nobodys = await http.get(path("o_none", kind))
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.json()["code"] == nobodys.json()["code"] == "order_unknown"
    async with server.http() as http:
        assert (await http.get(path(order.id, kind))).status_code == 401


async def test_the_scripts_of_an_allowed_host_page_may_fetch_it(database_url: str) -> None:
    allowed = {"ORDER_ROOM_ALLOWED_ORIGINS": "https://shop.test"}
    async with serving(database_url, environment=allowed) as server:
        order = await server.order()
        token = await server.token(order.buyer)
        headers = {"Authorization": f"Bearer {token}", "Origin": "https://shop.test"}
        async with server.http(headers) as http:
            asked = await http.options(path(order.id, "json"))
            answer = await http.get(path(order.id, "json"))
    assert asked.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://shop.test"


async def test_who_takes_too_many_records_home_is_told_when_to_ask_again(
    own_database_url: str,
) -> None:
    limits = Limits(records_per_second=0.001, records_burst=2, drain=0.0)
    async with serving(own_database_url, limits=limits) as server:
        order = await server.order()
        tokens = [await server.token(person) for person in (order.buyer, order.seller)]
        answers = []
        for token in (tokens[0], tokens[0], tokens[0], tokens[1]):
            async with server.http({"Authorization": f"Bearer {token}"}) as http:
                answers.append(await http.get(path(order.id, "json")))
    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
    assert answers[2].json()["facts"]["limit"] == "records_per_second"
    assert int(answers[2].headers["retry-after"]) > 100
