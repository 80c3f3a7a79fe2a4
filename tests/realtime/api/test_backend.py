"""What the marketplace's backend asks over HTTP."""

import asyncio
import secrets
from datetime import datetime
from typing import Any

import msgspec
import pytest

from tests.harness import InProcess, new_order, serving

KEY = {"Idempotency-Key": "key-1"}


async def test_a_paid_order_is_created_once_however_often_it_is_told(server: InProcess) -> None:
    body = new_order("b-once", "s-once")
    key = {"Idempotency-Key": body["reference"]}
    async with server.backend() as http:
        answers = await asyncio.gather(
            *(http.post("/api/v1/orders", json=body, headers=key) for _ in range(5))
        )
        assert sorted(answer.status_code for answer in answers) == [200] * 4 + [201]
        assert len({answer.json()["order"] for answer in answers}) == 1
        made = answers[0].json()
        assert (made["state"], made["seq"], made["held_cents"]) == (
            "awaiting_validation",
            3,
            12_300,
        )
        balances = made["ledger"]["balances"]
        assert (balances["escrow"], balances["payment"]) == (12_300, -12_300)
        assert sum(balances.values()) == 0
        assert "brief_window" in {deadline["timer"] for deadline in made["deadlines"]}


async def test_the_same_key_with_another_order_is_refused(server: InProcess) -> None:
    body = new_order("b-reuse", "s-reuse")
    key = {"Idempotency-Key": body["reference"]}
    async with server.backend() as http:
        assert (await http.post("/api/v1/orders", json=body, headers=key)).status_code == 201
        other = await http.post("/api/v1/orders", json=body | {"title": "Other"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (409, "id_reused")
        twice = await http.post("/api/v1/orders", json=body, headers={"Idempotency-Key": "new"})
        assert (twice.status_code, twice.json()["facts"]) == (409, {"id": body["reference"]})


@pytest.mark.parametrize(
    "told",
    [{"person": "b-line\n"}, {"name": "Ada\n"}, {"email": "a@b.test\n"}, {"language": "fr\n"}],
)
async def test_a_line_end_is_no_part_of_who_somebody_is(
    server: InProcess, told: dict[str, str]
) -> None:
    body = new_order("b-line", "s-line")
    body["buyer"] |= told
    async with server.backend() as http:
        answer = await http.post("/api/v1/orders", json=body, headers={"Idempotency-Key": "line"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "x"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/orders"),
        ("POST", "/api/v1/questions"),
        ("POST", "/api/v1/orders/o_1/pay"),
        ("POST", "/api/v1/orders/o_1/close-question"),
        ("POST", "/api/v1/tokens"),
        ("GET", "/api/v1/orders/o_1"),
        ("GET", "/api/v1/orders/o_1/entries"),
        ("GET", "/api/v1/movements"),
        ("POST", "/api/v1/orders/o_1/movements/refund/confirm"),
        ("POST", "/api/v1/orders/o_1/movements/refund/refuse"),
        ("POST", "/api/v1/orders/o_1/entries/4/redact"),
        ("POST", "/api/v1/orders/o_1/freeze"),
        ("POST", "/api/v1/orders/o_1/mediator"),
    ],
)
async def test_nobody_asks_without_the_service_key(
    server: InProcess, method: str, path: str, header: dict[str, str]
) -> None:
    async with server.http(headers=header | {"Accept-Language": "en"}) as http:
        answer = await http.request(method, path, json={})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.json()["text"] == "We do not know who you are. Please sign in and try again."
    assert answer.headers["www-authenticate"] == "Bearer"


def _without(name: str) -> dict[str, Any]:
    return {key: value for key, value in new_order("b-bad", "s-bad").items() if key != name}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (_without("title"), "title"),
        (_without("buyer"), "buyer"),
        (new_order("b-bad", "s-bad") | {"price_cents": 0}, "price_cents"),
        (new_order("b-bad", "s-bad") | {"price_cents": 12.5}, "price_cents"),
        (new_order("b-bad", "s-bad") | {"means": "cash"}, "means"),
        (new_order("b-bad", "s-bad") | {"surprise": 1}, "surprise"),
        (new_order("b-bad", "s-bad") | {"policy": {"brief_window": -1}}, "policy.brief_window"),
        (new_order("b-bad", "s-bad") | {"paid_at": "2026-01-01T00:00:00"}, "paid_at"),
        (new_order("b-bad", "s-bad") | {"title": "a\x00b"}, "title"),
        (new_order("b-bad", "s-bad") | {"title": "a\nBcc: b"}, "title"),
        (new_order("same", "same"), "seller"),
    ],
)
async def test_an_order_that_is_not_one_is_refused_naming_the_place(
    server: InProcess, body: dict[str, Any], where: str
) -> None:
    async with server.backend() as http:
        answer = await http.post("/api/v1/orders", json=body, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert where in answer.json()["facts"]["where"]


async def test_an_order_needs_an_idempotency_key(server: InProcess) -> None:
    async with server.backend() as http:
        answer = await http.post("/api/v1/orders", json=new_order("b", "s"))
    assert answer.json()["facts"] == {"where": "Idempotency-Key"}


async def test_the_setting_who_may_call_holds_unless_the_order_says_otherwise(
    database_url: str,
) -> None:
    seller_only = {"ORDER_ROOM_CALLS_BY": "seller"}
    async with serving(database_url, environment=seller_only) as server:
        usual, special = await server.order(), await server.order(policy={"calls_by": "both"})
        async with server.browser(usual.buyer) as buyer:
            refused = await buyer.refused(t="call.start", order=usual.id)
            assert refused["code"] == "calls_closed"
            assert refused["facts"]["reason"] == "seller_only"
        async with server.browser(special.buyer) as buyer:
            await buyer.do("call.start", special.id)


async def test_the_marketplaces_lengths_hold_unless_the_order_says_otherwise(
    database_url: str,
) -> None:
    ours = {"ORDER_ROOM_POLICY": '{"brief_window": 3600, "text_max": 10}'}
    async with serving(database_url, environment=ours) as server:
        usual, special = await server.order(), await server.order(policy={"brief_window": 7200})
        lengths = []
        for order in (usual, special):
            async with server.backend() as http:
                told = (await http.get(f"/api/v1/orders/{order.id}")).json()["deadlines"]
            (window,) = [d for d in told if d["timer"] == "brief_window"]
            start, due = (datetime.fromisoformat(window[name]) for name in ("start", "due"))
            lengths.append((due - start).total_seconds())
        assert lengths == [3600, 7200]
        async with server.browser(special.buyer) as buyer:
            refused = await buyer.refused(t="message.send", order=special.id, text="x" * 11)
        assert refused["facts"] == {"limit": 10, "length": 11}


async def test_a_request_is_the_same_when_our_settings_have_changed_since(
    database_url: str,
) -> None:
    """As when a shop hears no answer, and asks again of a process that was started anew."""
    wanted = {
        "orders": new_order("again-buyer", "again-seller"),
        "questions": {
            name: value
            for name, value in new_order("asking-buyer", "asking-seller").items()
            if name not in {"price_cents", "means", "brief"}
        },
    }
    keys = {kind: secrets.token_hex(8) for kind in wanted}
    payment = {
        "price_cents": 500, "currency": "EUR", "means": "card", "policy": {"text_max": 100},
    }  # fmt: skip
    heard: list[list[object]] = []
    for policy in ({}, {"brief_window": 3600}):
        ours = {"ORDER_ROOM_POLICY": msgspec.json.encode(policy).decode()}
        async with serving(database_url, environment=ours) as server, server.backend() as http:
            made = [
                await http.post(
                    f"/api/v1/{kind}", json=body, headers={"Idempotency-Key": keys[kind]}
                )
                for kind, body in wanted.items()
            ]
            question = made[1].json()["order"]
            paid = await http.post(
                f"/api/v1/orders/{question}/pay",
                json=payment,
                headers={"Idempotency-Key": f"pay-{question}"},
            )
            heard.append([each.json().get("order") for each in (*made, paid)])
            assert [each.status_code for each in (*made, paid)] == (
                [200, 200, 200] if policy else [201, 201, 200]
            )
    assert heard[0] == heard[1]


async def test_the_timeline_is_paged(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        for n in range(4):
            await buyer.say(order.id, f"{n}")
    async with server.backend() as http:
        path = f"/api/v1/orders/{order.id}/entries"
        first = (await http.get(path, params={"after": 0, "limit": 5})).json()
        assert (first["upto"], first["head"], len(first["entries"])) == (5, 7, 5)
        rest = (await http.get(path, params={"after": first["upto"]})).json()
        assert [entry["seq"] for entry in rest["entries"]] == [6, 7]
        end = (await http.get(path, params={"after": 7})).json()
        assert (end["upto"], end["entries"]) == (7, [])
        for wrong in ("-1", "x", "1.5", "9" * 30):
            answer = await http.get(path, params={"after": wrong})
            assert (answer.status_code, answer.json()["facts"]) == (400, {"where": "after"})


async def test_an_unknown_order_is_not_found(server: InProcess) -> None:
    async with server.backend() as http:
        for path in ("/api/v1/orders/o_none", "/api/v1/orders/o_none/entries"):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "order_unknown")


async def test_an_order_with_ended_money_balances(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.do("order.cancel", order.id)
    async with server.backend() as http:
        shown = (await http.get(f"/api/v1/orders/{order.id}")).json()
    assert (shown["state"], shown["held_cents"]) == ("cancelled", 0)
    assert set(shown["ledger"]["balances"].values()) == {0}
    assert sum(posting["cents"] for posting in shown["ledger"]["postings"]) == 0


@pytest.mark.parametrize(
    "body", [{}, {"person": ""}, {"person": "a b"}, {"person": "x", "orders": []}, []]
)
async def test_a_token_is_minted_for_a_person_only(server: InProcess, body: object) -> None:
    async with server.backend() as http:
        answer = await http.post("/api/v1/tokens", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_the_payment_system_lists_what_is_ordered_and_confirms_it_once(
    server: InProcess,
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.do("order.cancel", order.id)
    async with server.backend() as http:

        async def mine() -> list[dict[str, Any]]:
            listed = (await http.get("/api/v1/movements?limit=1000")).json()["movements"]
            return [movement for movement in listed if movement["order"] == order.id]

        (refund,) = await mine()
        assert (refund["kind"], refund["source"], refund["target"]) == (
            "refund",
            "escrow",
            "payment",
        )
        place = f"/api/v1/orders/{order.id}/movements/{refund['movement']}"
        refused = await http.post(f"{place}/refuse", json={"reason": "card expired"})
        assert refused.status_code == 200
        assert [movement["state"] for movement in await mine()] == ["refused"]
        for _ in range(2):
            confirmed = await http.post(f"{place}/confirm", json={"reference": "psp-1"})
            assert confirmed.status_code == 200
        assert await mine() == []
        other = await http.post(f"{place}/confirm", json={"reference": "psp-2"})
        assert (other.status_code, other.json()["code"]) == (409, "id_reused")
        unknown = await http.post(
            f"/api/v1/orders/{order.id}/movements/release/confirm", json={"reference": "x"}
        )
        assert (unknown.status_code, unknown.json()["code"]) == (404, "movement_unknown")


def _question(buyer: str, seller: str) -> dict[str, Any]:
    order = new_order(buyer, seller)
    kept = ("reference", "title", "category", "buyer", "seller")
    return {name: order[name] for name in kept} | {"text": "Do you also read Breton?"}


async def test_a_question_is_asked_once_and_paid_as_the_same_order(server: InProcess) -> None:
    asked = _question("b-ask", "s-ask")
    key = {"Idempotency-Key": asked["reference"]}
    async with server.backend() as http:
        first = await http.post("/api/v1/questions", json=asked, headers=key)
        again = await http.post("/api/v1/questions", json=asked, headers=key)
        assert (first.status_code, again.status_code) == (201, 200)
        made = first.json()
        assert made == again.json()
        assert (made["state"], made["seq"], made["price_cents"]) == ("question", 2, 0)
        assert (made["deadlines"], made["ledger"]["postings"]) == ([], [])
        payment = {"price_cents": 12_300, "currency": "EUR", "means": "card"}
        where = f"/api/v1/orders/{made['order']}/pay"
        paid = await http.post(where, json=payment, headers={"Idempotency-Key": "pay-1"})
        assert paid.json()["order"] == made["order"]
        assert paid.json()["state"] == "awaiting_validation"
        assert paid.json()["ledger"]["balances"]["escrow"] == 12_300
        twice = await http.post(where, json=payment, headers={"Idempotency-Key": "pay-1"})
        assert twice.json() == paid.json()
        late = await http.post(where, json=payment, headers={"Idempotency-Key": "pay-2"})
        assert (late.status_code, late.json()["code"]) == (409, "wrong_state")
        bad = await http.post(where, json={"means": "gold"}, headers={"Idempotency-Key": "p"})
        assert (bad.status_code, bad.json()["code"]) == (400, "malformed")


async def test_a_question_is_put_away_by_the_marketplace(server: InProcess) -> None:
    asked = _question("b-away", "s-away")
    key = {"Idempotency-Key": asked["reference"]}
    async with server.backend() as http:
        made = (await http.post("/api/v1/questions", json=asked, headers=key)).json()
        where = f"/api/v1/orders/{made['order']}/close-question"
        closed = await http.post(where, json={"note": "Spam."}, headers=key)
    assert closed.json()["state"] == "question_closed"


async def test_a_message_in_a_question_tells_both_whose_turn_it_is(server: InProcess) -> None:
    asked = _question("b-turn", "s-turn")
    key = {"Idempotency-Key": asked["reference"]}
    async with server.backend() as http:
        order = (await http.post("/api/v1/questions", json=asked, headers=key)).json()["order"]
    async with server.browser("b-turn") as buyer, server.browser("s-turn") as seller:
        await buyer.subscribe(order)
        await seller.subscribe(order)
        await buyer.hears(lambda frame: _turn(frame) == "seller")
        await seller.say(order, "A little.")
        await buyer.hears(lambda frame: _turn(frame) == "buyer")


def _turn(frame: dict[str, Any]) -> str | None:
    return frame["situation"]["turn"]["role"] if frame["t"] == "situation" else None


async def test_the_marketplace_erases_what_somebody_wrote(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.seller) as seller, server.backend() as http:
        await seller.subscribe(order.id)
        await seller.do("order.decline", order.id, note="I live at 12 rue Haute.")
        where = f"/api/v1/orders/{order.id}/entries"
        erased = await http.post(f"{where}/4/redact")
        assert (erased.status_code, erased.json()["state"]) == (200, "cancelled")
        assert (await http.post(f"{where}/4/redact")).json() == erased.json()
        page = (await http.get(where)).json()["entries"]
        assert "rue Haute" not in str(page)
        assert page[3]["event"]["kind"] == "order_cancelled"
        await seller.reaches(order.id, erased.json()["seq"])
        for seq in ("0", "2", "99", "x", "9" * 30):
            refused = await http.post(f"{where}/{seq}/redact")
            assert (refused.status_code, refused.json()["code"]) == (400, "malformed")
