"""What a person does over HTTP: the same things as over the socket, said the same way."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, get_args

import httpx2
import pytest

from realtime import protocol
from realtime.contract.examples import example
from realtime.contract.twins import TWINS
from realtime.limits import Limits
from tests.harness import SERVICE_KEY, InProcess, serving

Json = dict[str, Any]


class Caller:
    """One person who has no socket."""

    def __init__(self, http: httpx2.AsyncClient, order: str) -> None:
        self.http = http
        self.room = f"/api/v1/me/orders/{order}"
        self._ids = 0

    async def ask(self, verb: str, key: str = "", **body: object) -> httpx2.Response:
        self._ids += 1
        headers = {"Idempotency-Key": key or f"k-{self._ids}"}
        return await self.http.post(f"{self.room}/{verb}", json=body, headers=headers)

    async def do(self, verb: str, key: str = "", **body: object) -> Json:
        answer = await self.ask(verb, key, **body)
        assert answer.status_code == 200, answer.text
        done: Json = answer.json()
        assert done["t"] == "done"
        return done

    async def see(self) -> Json:
        answer = await self.http.get(self.room)
        assert answer.status_code == 200, answer.text
        seen: Json = answer.json()
        return seen


Enter = Callable[..., Awaitable[Caller]]


@pytest.fixture
async def caller() -> AsyncIterator[Enter]:
    """A person of an order, who calls with a token of their own or with what `headers` say."""
    async with AsyncExitStack() as stack:

        async def enter(server: InProcess, person: str, order: str, **headers: str) -> Caller:
            told = headers or {"Authorization": f"Bearer {await server.token(person)}"}
            http = await stack.enter_async_context(
                server.http({name.replace("_", "-"): value for name, value in told.items()})
            )
            return Caller(http, order)

        yield enter


def test_each_frame_that_a_person_may_act_with_has_its_row() -> None:
    rows = [twin.frame for twin in TWINS]
    assert sorted(rows, key=str) == sorted(get_args(protocol.Act), key=str)


async def test_a_message_over_http_is_on_every_screen_and_repeats_safely(
    server: InProcess, caller: Enter
) -> None:
    order = await server.order()
    http = await caller(server, order.buyer, order.id)
    async with server.browser(order.seller) as seller, server.browser(order.buyer) as buyer:
        await seller.subscribe(order.id)
        first = await http.do("message.send", "m-1", text="Bonjour")
        await seller.reaches(order.id, first["seq"])
        assert seller.texts(order.id) == ["Bonjour"]
        assert await http.do("message.send", "m-1", text="Bonjour") == first
        assert await buyer.say(order.id, "Bonjour", id="m-1") == first, "nor over the socket"
        refused = await http.ask("message.send", "m-1", text="Au revoir")
        assert (refused.status_code, refused.json()["code"]) == (409, "id_reused")


async def test_an_order_is_lived_through_without_a_socket(server: InProcess, caller: Enter) -> None:
    order = await server.order()
    buyer, seller = [await caller(server, who, order.id) for who in (order.buyer, order.seller)]
    added = await seller.do("brief.add", label="The script")
    (item,) = (await buyer.see())["situation"]["brief"]["items"]
    await buyer.do("brief.give", item=item["item"], note="Here it is.")
    await seller.do("brief.accept", item=item["item"])
    await seller.do("order.start")
    asked = await seller.do("time.propose", seconds=86_400, note="The studio is closed.")
    await buyer.do("proposal.accept", proposal=asked["seq"])
    await seller.do("order.deliver", note="Here you are.")
    await buyer.do("revision.request", note="A little slower, please.")
    await seller.do("revision.accept")
    await seller.do("order.deliver")
    closed = await buyer.do("order.close")
    seen = await seller.see()
    assert seen["situation"]["state"] == "closed"
    assert added["seq"] < closed["seq"] <= seen["upto"]


async def test_a_mediator_decides_over_http(server: InProcess, caller: Enter) -> None:
    order = await server.order()
    async with server.backend() as shop:
        for what, told in (
            ("freeze", {"note": "We look into it."}),
            ("mediator", {"person": "m-1", "name": "Maud", "email": "maud@post.test"}),
        ):
            answer = await shop.post(
                f"/api/v1/orders/{order.id}/{what}", json=told, headers={"Idempotency-Key": what}
            )
            assert answer.status_code == 200, answer.text
    mediator = await caller(server, "m-1", order.id)
    wrong = await mediator.ask("dispute.split", refund_cents=99_999_999, note="Too much.")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "amount_wrong")
    await mediator.do("dispute.split", refund_cents=2_300, note="Most of it was done.")
    seen = await mediator.see()
    assert seen["situation"]["role"] == "mediator"
    assert "dispute_decided" in {entry["event"]["kind"] for entry in seen["entries"]}


async def test_a_call_is_rung_and_declined_over_http(server: InProcess, caller: Enter) -> None:
    order = await server.order()
    buyer, seller = [await caller(server, who, order.id) for who in (order.buyer, order.seller)]
    await buyer.do("call.start")
    call = (await seller.see())["situation"]["call"]["call"]
    await seller.do("call.decline", call=call)
    over = await buyer.ask("call.hang_up", call=call)
    assert over.json()["code"] == "call_over"


async def test_a_call_is_put_on_hold_over_http(server: InProcess, caller: Enter) -> None:
    order = await server.order()
    buyer, seller = [await caller(server, who, order.id) for who in (order.buyer, order.seller)]
    await buyer.do("call.start")
    call = (await seller.see())["situation"]["call"]["call"]
    early = await buyer.http.post(f"{buyer.room}/call.hold", json={"call": call, "on": True})
    assert early.json()["code"] == "wrong_state"
    await seller.do("call.accept", call=call)
    async with server.browser(order.seller) as watching:
        await watching.subscribe(order.id)
        answer = await buyer.http.post(f"{buyer.room}/call.hold", json={"call": call, "on": True})
        assert (answer.status_code, answer.content) == (204, b"")
        told = await watching.hears(lambda frame: frame["t"] == "call")
        assert (told["person"], told["media"]) == (order.buyer, "held")
    await seller.do("call.hang_up", call=call)


async def test_a_mark_over_http_is_seen_by_the_other(server: InProcess, caller: Enter) -> None:
    order = await server.order()
    http = await caller(server, order.buyer, order.id)
    async with server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        answer = await http.http.post(f"{http.room}/mark", json={"seq": 2})
        assert (answer.status_code, answer.content) == (204, b"")
        moved = await seller.hears(lambda frame: frame["t"] == "marks")
        (mark,) = moved["marks"]
        assert (mark["person"], mark["read"]) == (order.buyer, 2)


async def test_the_timeline_is_paged_in_both_directions(server: InProcess, caller: Enter) -> None:
    order = await server.order()
    http = await caller(server, order.buyer, order.id)
    for n in range(4):
        await http.do("message.send", text=f"{n}")

    async def page(**query: int) -> tuple[int, int, list[int]]:
        answer = await http.http.get(f"{http.room}/entries", params=query)
        told = answer.json()
        return told["after"], told["upto"], [entry["seq"] for entry in told["entries"]]

    assert await page(limit=3) == (0, 3, [1, 2, 3])
    assert await page(after=3) == (3, 7, [4, 5, 6, 7])
    assert await page(after=7) == (7, 7, [])
    assert await page(before=6, limit=2) == (3, 5, [4, 5])
    assert await page(before=1) == (0, 0, [])
    both = await http.http.get(f"{http.room}/entries", params={"after": 1, "before": 3})
    assert (both.status_code, both.json()["code"]) == (400, "malformed")


async def test_each_call_looks_the_same_to_a_stranger(server: InProcess, caller: Enter) -> None:
    order = await server.order()
    strangers = [await caller(server, "stranger", one) for one in (order.id, "o_there_is_none")]
    for twin in TWINS:
        body = {} if twin.body is None else example(twin.body)
        told = [await stranger.ask(twin.tag, **body) for stranger in strangers]
        assert [answer.status_code for answer in told] == [404, 404], twin
        assert told[0].json()["facts"] == {"order": order.id}
        assert told[0].json()["text"] == told[1].json()["text"]


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({}, {"text": "x"}, 400, "malformed"),
        ({"Idempotency-Key": "has spaces"}, {"text": "x"}, 400, "malformed"),
        ({"Idempotency-Key": "k" * 65}, {"text": "x"}, 400, "malformed"),
        ({"Idempotency-Key": "k"}, {}, 400, "malformed"),
        ({"Idempotency-Key": "k"}, {"text": 7}, 400, "malformed"),
        ({"Idempotency-Key": "k"}, {"text": "x", "note": "unknown"}, 400, "malformed"),
        ({"Idempotency-Key": "k"}, {"text": " "}, 422, "text_empty"),
        ({"Idempotency-Key": "k"}, {"text": "x" * 6_000}, 422, "text_too_long"),
        ({"Idempotency-Key": "k"}, {"text": "x" * 300_000}, 413, "frame_too_large"),
        ({"Idempotency-Key": "k", "Content-Type": "text/plain"}, {}, 415, "media_type_refused"),
        ({"Idempotency-Key": "k", "Authorization": "Bearer no"}, {}, 401, "token_invalid"),
        ({"Idempotency-Key": "k", "Authorization": ""}, {}, 401, "unauthenticated"),
    ],
)
async def test_what_cannot_be_understood_is_refused_and_nothing_happens(
    server: InProcess,
    caller: Enter,
    headers: dict[str, str],
    body: Json,
    status: int,
    code: str,
) -> None:
    order = await server.order()
    http = await caller(server, order.buyer, order.id)
    answer = await http.http.post(
        f"{http.room}/message.send",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"} | headers,
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["text"]
    assert (await http.see())["upto"] == 3


async def test_a_step_without_a_reason_needs_no_body(server: InProcess, caller: Enter) -> None:
    order = await server.order()
    http = await caller(server, order.seller, order.id)
    answer = await http.http.post(f"{http.room}/order.start", headers={"Idempotency-Key": "s"})
    assert answer.status_code == 200
    other = await http.http.get(f"{http.room}/order.start")
    assert (other.status_code, other.json()["code"]) == (405, "method_refused")
    assert other.headers["allow"] == "OPTIONS, POST"


async def test_a_step_that_is_not_possible_is_refused_as_over_the_socket(
    server: InProcess, caller: Enter
) -> None:
    order = await server.order()
    http = await caller(server, order.buyer, order.id)
    theirs = await http.ask("order.start")
    assert (theirs.status_code, theirs.json()["code"]) == (403, "not_yours")
    early = await http.ask("order.close")
    assert (early.status_code, early.json()["code"]) == (409, "wrong_state")


async def test_a_token_narrowed_to_one_order_acts_on_no_other(
    server: InProcess, caller: Enter
) -> None:
    one = await server.order()
    token = await server.token(one.buyer, orders=["o_another"])
    http = await caller(server, one.buyer, one.id, Authorization=f"Bearer {token}")
    assert (await http.ask("message.send", text="x")).json()["code"] == "order_unknown"


async def test_who_calls_too_fast_is_told_when_to_come_back(
    database_url: str, caller: Enter
) -> None:
    slow = {"ORDER_ROOM_COMMANDS_PER_SECOND": "0.1"}  # however long the asking takes
    limits = Limits(commands_burst=2, drain=0.0)
    async with serving(database_url, environment=slow, limits=limits) as server:
        order = await server.order()
        http = await caller(server, order.buyer, order.id)
        answers = await asyncio.gather(
            *(http.ask("message.send", f"m-{n}", text=f"{n}") for n in range(6))
        )
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        facts = refused[0].json()["facts"]
        assert facts["limit"] == "commands_per_second"
        assert 1 <= facts["retry_after"] <= 10
        assert refused[0].headers["retry-after"] == str(facts["retry_after"])
        other = await caller(server, order.seller, order.id)
        await other.do("message.send", text="I was not too fast")


async def test_the_backend_acts_for_a_person_with_its_own_key(
    server: InProcess, caller: Enter
) -> None:
    order = await server.order()
    for_buyer = {"Authorization": f"Bearer {SERVICE_KEY}", "X_On_Behalf_Of": order.buyer}
    shop = await caller(server, order.buyer, order.id, **for_buyer)
    done = await shop.do("message.send", text="Written by telephone")
    (said,) = [entry for entry in (await shop.see())["entries"] if entry["seq"] == done["seq"]]
    assert said["actor"] == order.buyer
    lines = (await shop.http.get("/api/v1/me/orders")).json()["lines"]
    assert [line["order"] for line in lines] == [order.id]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"X-On-Behalf-Of": "u-1"}, 401, "unauthenticated"),
        ({"X-On-Behalf-Of": "u-1", "Authorization": "Bearer guess"}, 401, "unauthenticated"),
        ({"X-On-Behalf-Of": "", "Authorization": f"Bearer {SERVICE_KEY}"}, 400, "malformed"),
        ({"X-On-Behalf-Of": "a b", "Authorization": f"Bearer {SERVICE_KEY}"}, 400, "malformed"),
        ({"Authorization": f"Bearer {SERVICE_KEY}"}, 401, "token_invalid"),
    ],
)
async def test_nobody_else_acts_for_a_person(
    server: InProcess, headers: dict[str, str], status: int, code: str
) -> None:
    async with server.http(headers) as http:
        answer = await http.get("/api/v1/me/orders")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_party_token_does_not_speak_for_another(server: InProcess, caller: Enter) -> None:
    order = await server.order()
    token = await server.token(order.buyer)
    both = {"Authorization": f"Bearer {token}", "X_On_Behalf_Of": order.seller}
    http = await caller(server, order.buyer, order.id, **both)
    assert (await http.ask("order.start")).json()["code"] == "unauthenticated"
