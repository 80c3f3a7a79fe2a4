"""One suite over both sizes: what two people see does not depend on how many processes serve.

`embedded` is one process on SQLite, each person on a socket of it. `scaled` is two gateways and
a worker as processes of their own around a PostgreSQL and a Redis; the two people of an order
are on different gateways.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx2
import pytest

from tests.harness import Process, Server, TestOrder, scaled
from tests.socket_browser import Frame, HarnessError


@dataclass(frozen=True)
class Size:
    """Where the buyer and the seller are."""

    name: str
    here: Server
    there: Server


@pytest.fixture(scope="module", params=["embedded", "scaled"])
def servers(request: pytest.FixtureRequest) -> tuple[str, str] | None:
    """The PostgreSQL and the Redis of the scaled size; None for the embedded one."""
    if request.param == "embedded":
        return None
    return request.getfixturevalue("postgres_url"), request.getfixturevalue("redis_url")


@pytest.fixture(scope="module")
async def size(
    servers: tuple[str, str] | None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Size]:
    folder = tmp_path_factory.mktemp("size")
    if servers is None:
        url = f"sqlite+aiosqlite:///{folder / 'orders.sqlite3'}"
        async with Process(url, folder) as server:
            yield Size("embedded", server, server)
        return
    async with scaled(*servers, folder) as processes:
        here, there = processes.gateways
        yield Size("scaled", here, there)


async def test_each_reads_what_the_other_writes(size: Size) -> None:
    order = await size.here.order()
    async with size.here.browser(order.buyer) as buyer, size.there.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        for n in range(20):
            writer, reader = (buyer, seller) if n % 2 else (seller, buyer)
            done = await writer.say(order.id, f"{n}")
            for each in (reader, writer):
                await each.reaches(order.id, done["seq"])
        assert buyer.texts(order.id) == seller.texts(order.id) == [f"{n}" for n in range(20)]


async def test_both_write_at_once_and_see_the_same(size: Size) -> None:
    order = await size.here.order()
    async with size.here.browser(order.buyer) as buyer, size.there.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        done = await asyncio.gather(
            *(
                who.say(order.id, f"{name} {n}")  # no id of theirs, which may read like a number
                for n in range(25)
                for name, who in (("buyer", buyer), ("seller", seller))
            )
        )
        last = max(answer["seq"] for answer in done)
        await buyer.reaches(order.id, last)
        await seller.reaches(order.id, last)
        assert len(buyer.texts(order.id)) == 50
        assert buyer.texts(order.id) == seller.texts(order.id)


async def test_the_same_command_on_two_processes_happens_once(size: Size) -> None:
    order = await size.here.order()
    async with size.here.browser(order.buyer) as one, size.there.browser(order.buyer) as two:
        await one.subscribe(order.id)
        answers = await asyncio.gather(
            *(
                each.say(order.id, "only once", id=f"same-{n}")
                for n in range(10)
                for each in (one, two)
            )
        )
        assert len({answer["seq"] for answer in answers}) == 10
        await one.reaches(order.id, max(answer["seq"] for answer in answers))
        assert one.texts(order.id) == ["only once"] * 10


async def test_a_step_changes_both_screens(size: Size) -> None:
    order = await size.here.order()
    async with size.here.browser(order.buyer) as buyer, size.there.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        mark = len(buyer.frames)
        await seller.do("order.start", order.id)
        await buyer.hears(
            lambda f: f["t"] == "situation" and f["situation"]["state"] == "in_progress",
            since=mark,
            within=30.0,
        )


async def test_typing_and_read_marks_arrive(size: Size) -> None:
    order = await size.here.order()
    async with size.here.browser(order.buyer) as buyer, size.there.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        await buyer.send(t="typing", order=order.id, on=True)
        await seller.hears(lambda f: f["t"] == "signal" and f["typing"], within=30.0)
        done = await buyer.say(order.id, "read me")
        await seller.reaches(order.id, done["seq"])
        await seller.send(t="mark", order=order.id, seq=done["seq"])
        await buyer.hears(
            lambda f: f["t"] == "marks" and f["marks"][0]["read"] == done["seq"], within=30.0
        )


def _line(frame: Frame, order: str) -> Frame | None:
    if frame["t"] != "inbox":
        return None
    return next((line for line in frame["lines"] if line["order"] == order), None)


async def test_the_inbox_tells_of_an_order_made_elsewhere_and_of_what_is_said_in_it(
    size: Size,
) -> None:
    known = await size.here.order()
    async with size.there.browser(known.seller) as seller:
        again = {"person": known.seller, "name": "Sam", "email": "sam@post.test"}
        new = await size.here.order(seller=again)
        await seller.hears(lambda f: _line(f, new.id) is not None, within=30.0)
        mark = len(seller.frames)
        async with size.here.browser(new.buyer) as buyer:
            await buyer.say(new.id, "hello")
        await seller.hears(
            lambda f: (_line(f, new.id) or {}).get("unread", 0) > 0, since=mark, within=30.0
        )


async def test_a_browser_that_moves_to_the_other_process_misses_nothing(size: Size) -> None:
    order = await size.here.order()
    async with size.here.browser(order.buyer) as buyer, size.there.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        await buyer.subscribe(order.id)
        await seller.say(order.id, "1")
        await buyer.cut()
        done = await seller.say(order.id, "2")
        buyer.server = size.there
        await buyer.reopen()
        await buyer.reaches(order.id, done["seq"])
        assert buyer.texts(order.id) == ["1", "2"]


async def test_deadlines_are_kept_by_whoever_works(size: Size) -> None:
    order = await size.here.order(policy={"brief_window": 2})
    async with size.there.browser(order.buyer) as buyer:
        await buyer.subscribe(order.id)
        await buyer.hears(
            lambda f: f["t"] == "situation" and f["situation"]["state"] == "cancelled", within=60.0
        )


def _listed(order: str) -> Callable[[Frame], bool]:
    return lambda frame: (
        frame["t"] == "inbox" and order in {line["order"] for line in frame["lines"]}
    )


def _gone(order: str) -> Callable[[Frame], bool]:
    return lambda frame: frame["t"] == "inbox" and order in frame.get("gone", ())


def _presence(person: str, *, online: bool) -> Callable[[Frame], bool]:
    """It is told for sure that the person is online, or is not."""
    return lambda frame: any(
        (told["person"], told["online"], told["known"]) == (person, online, True)
        for told in _people(frame)
    )


def _people(frame: Frame) -> list[Frame]:
    """What a frame tells of who is there."""
    match frame["t"]:
        case "room":
            return list(frame["presence"])
        case "presence":
            return [frame["presence"]]
        case _:
            return []


async def test_who_is_online_is_known_on_every_process(size: Size) -> None:
    order = await size.here.order()
    async with size.here.browser(order.buyer) as buyer:
        await buyer.subscribe(order.id)
        await buyer.hears(_presence(order.buyer, online=True))
        await buyer.hears(_presence(order.seller, online=False))
        mark = len(buyer.frames)
        async with size.there.browser(order.seller) as seller:
            await buyer.hears(_presence(order.seller, online=True), since=mark)
            await seller.subscribe(order.id)
            for person in (order.buyer, order.seller):
                await seller.hears(_presence(person, online=True))
            mark = len(buyer.frames)
        gone = await buyer.hears(_presence(order.seller, online=False), since=mark, within=60.0)
        assert gone["presence"]["last_seen"]


async def test_one_device_of_two_going_is_not_a_departure_wherever_the_other_is(
    size: Size,
) -> None:
    order = await size.here.order()
    async with size.here.browser(order.buyer) as buyer, size.here.browser(order.seller):
        await buyer.subscribe(order.id)
        mark = len(buyer.frames)
        async with size.there.browser(order.seller):
            pass
        with pytest.raises(HarnessError, match="not heard"):
            await buyer.hears(_presence(order.seller, online=False), since=mark, within=7.0)


async def test_access_that_is_taken_away_is_gone_within_a_second_everywhere(size: Size) -> None:
    order = await size.here.order()
    async with size.here.browser(order.buyer) as buyer, size.there.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        async with size.here.backend() as backend:
            path = f"/api/v1/orders/{order.id}/members/{order.seller}"
            answer = await backend.post(f"{path}/revoke")
            assert (answer.status_code, answer.json()["allowed"]) == (200, False)
            await seller.hears(
                lambda f: f["t"] == "refused" and f["code"] == "order_unknown", within=5.0
            )
            await seller.hears(_gone(order.id), within=5.0)
            mark = len(seller.frames)
            await buyer.say(order.id, "not for the seller any more")
            await asyncio.sleep(0.5)  # whatever comes now comes too much
            asked: list[Frame] = [
                {"t": "message.send", "text": "x"},
                {"t": "order.start"},
                {"t": "history", "before": 2},
            ]
            for frame in asked:
                refusal = await seller.refused(order=order.id, **frame)
                assert refusal["code"] == "order_unknown"
            assert {f["t"] for f in seller.frames[mark:]} <= {"refused", "ping"}
            async with size.there.browser(order.seller) as again:
                assert again.welcome["inbox"] == []
                with pytest.raises(HarnessError, match="order_unknown"):
                    await again.subscribe(order.id)
            token = await size.here.token(order.seller)
            async with size.there.http(headers={"Authorization": f"Bearer {token}"}) as http:
                assert (await http.get(f"/api/v1/me/orders/{order.id}")).status_code == 404
            mark = len(seller.frames)
            assert (await backend.post(f"{path}/restore")).status_code == 200
            await seller.hears(_listed(order.id), since=mark, within=5.0)
            await seller.subscribe(order.id)  # on the same socket
            assert seller.texts(order.id) == ["not for the seller any more"]
            unknown = await backend.post(f"/api/v1/orders/{order.id}/members/nobody/revoke")
            assert unknown.status_code == 404
        async with size.there.browser(order.seller) as back:
            await back.subscribe(order.id)
            assert back.texts(order.id) == ["not for the seller any more"]


async def test_who_loses_an_order_that_is_not_on_the_screen_sees_its_line_go_and_come_back(
    size: Size,
) -> None:
    lost, kept = await size.here.orders_of_one_seller()
    async with size.there.browser(lost.seller) as seller, size.here.backend() as backend:
        assert {line["order"] for line in seller.welcome["inbox"]} == {lost.id, kept.id}
        path = f"/api/v1/orders/{lost.id}/members/{lost.seller}"
        for _ in range(2):
            mark = len(seller.frames)
            assert (await backend.post(f"{path}/revoke")).status_code == 200
            await seller.hears(_gone(lost.id), since=mark, within=5.0)
            async with size.here.browser(lost.buyer) as buyer:
                await buyer.say(lost.id, "among others")
            async with size.here.browser(kept.buyer) as buyer:
                await buyer.say(kept.id, "to you")
            await seller.hears(_listed(kept.id), since=mark)
            assert not any(map(_listed(lost.id), seller.frames[mark:]))
            mark = len(seller.frames)
            assert (await backend.post(f"{path}/restore")).status_code == 200
            await seller.hears(_listed(lost.id), since=mark, within=5.0)
        assert not any(f["t"] == "refused" for f in seller.frames)  # it was never asked for


async def _send_mediator(backend: httpx2.AsyncClient, order: TestOrder, mediator: str) -> None:
    """Freeze the order and let the mediator in, as the marketplace does."""
    for verb, body in (
        ("freeze", {"note": "We look into it."}),
        ("mediator", {"person": mediator, "name": "Maud", "email": "maud@post.test"}),
    ):
        answer = await backend.post(
            f"/api/v1/orders/{order.id}/{verb}", json=body, headers={"Idempotency-Key": verb}
        )
        assert answer.status_code == 200, answer.text


async def test_a_mediator_who_is_sent_finds_the_order_in_the_inbox_at_once(size: Size) -> None:
    order = await size.here.order()
    mediator = f"m-{order.id}"
    async with size.there.browser(mediator) as sent, size.here.backend() as backend:
        await _send_mediator(backend, order, mediator)
        told = await sent.hears(_listed(order.id), within=5.0)
        assert [(line["role"], line["my_turn"]) for line in told["lines"]] == [("mediator", True)]
        await sent.subscribe(order.id)


async def test_who_has_the_order_open_sees_that_the_mediator_is_there(size: Size) -> None:
    order = await size.here.order()
    mediator = f"m-{order.id}"

    def seen(*, online: bool) -> Callable[[Frame], bool]:
        return lambda f: (
            f["t"] == "presence"
            and f["presence"]["person"] == mediator
            and f["presence"]["online"] is online
        )

    async with size.there.browser(order.buyer) as buyer:
        await buyer.subscribe(order.id)
        async with size.here.browser(mediator), size.here.backend() as backend:
            await _send_mediator(backend, order, mediator)
            await buyer.hears(seen(online=True), within=10.0)
        await buyer.hears(seen(online=False), within=30.0)
