"""What travels as a signal is right on every screen after signals were lost, as entries are."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.engine import make_url

from orders.events import PersonId
from orders.tables import orders
from realtime.limits import Limits
from tests.faults.proxy import Proxy
from tests.harness import InProcess, serving
from tests.realtime.bus.test_cut_off import PATIENT
from tests.socket_browser import Browser, Frame
from tests.waiting import until


@dataclass(frozen=True)
class Two:
    """Two gateways; the first one's way to Redis can be cut."""

    here: InProcess
    there: InProcess
    line: Proxy

    @property
    def whole(self) -> bool:
        return self.here.edge.hub.hears_others and self.there.edge.hub.hears_others


@asynccontextmanager
async def _two(
    postgres_url: str, redis_url: str, limits: Limits = PATIENT, partitions: int = 1
) -> AsyncIterator[Two]:
    port = make_url(redis_url).port
    assert port is not None
    prefix = {
        "ORDER_ROOM_REDIS_PREFIX": f"t-{secrets.token_hex(6)}",
        "ORDER_ROOM_BUS_PARTITIONS": f"{partitions}",
    }
    async with Proxy("127.0.0.1", port) as line:
        behind = prefix | {"ORDER_ROOM_REDIS_URL": f"redis://127.0.0.1:{line.port}/0"}
        before = prefix | {"ORDER_ROOM_REDIS_URL": redis_url}
        async with (
            serving(postgres_url, limits=limits, environment=behind) as here,
            serving(postgres_url, limits=limits, environment=before) as there,
        ):
            two = Two(here, there, line)
            await until(lambda: two.whole)
            yield two


def _unread(order: str, number: int) -> Callable[[Frame], bool]:
    return lambda frame: (
        frame["t"] == "inbox"
        and any(line["order"] == order and line["unread"] == number for line in frame["lines"])
    )


def _listed(order: str) -> Callable[[Frame], bool]:
    return lambda frame: (
        frame["t"] == "inbox" and order in {line["order"] for line in frame["lines"]}
    )


def _marked(person: str, seq: int) -> Callable[[Frame], bool]:
    return lambda frame: (
        frame["t"] == "marks"
        and any(mark["person"] == person and mark["read"] == seq for mark in frame["marks"])
    )


def _seen(browser: Browser, person: str) -> Frame:
    """What the browser was told last of the person's presence."""
    told: list[Frame] = [
        each
        for frame in browser.frames
        if frame["t"] in {"room", "presence"}
        for each in (frame["presence"] if frame["t"] == "room" else [frame["presence"]])
        if each["person"] == person
    ]
    return told[-1]


async def test_what_is_read_on_one_device_while_redis_is_away_is_read_on_all(
    postgres_url: str, redis_url: str
) -> None:
    async with (
        _two(postgres_url, redis_url) as two,
        two.here.browser((order := await two.here.order()).buyer) as laptop,
        two.there.browser(order.buyer) as phone,
        two.there.browser(order.seller) as seller,
    ):
        await laptop.subscribe(order.id)
        await seller.subscribe(order.id)
        done = await seller.say(order.id, "read me")
        await laptop.reaches(order.id, done["seq"])
        await phone.hears(_unread(order.id, 1))
        two.line.swallow()
        await until(lambda: not two.here.edge.hub.hears_others)
        mark, theirs = len(phone.frames), len(seller.frames)
        await laptop.send(t="mark", order=order.id, seq=done["seq"])
        # nobody can say it to the other process, which asks in the silent one's stead
        await phone.hears(_unread(order.id, 0), since=mark, within=60.0)
        await seller.hears(_marked(order.buyer, done["seq"]), since=theirs, within=60.0)
        assert not two.here.edge.hub.hears_others


async def test_who_hid_or_blocked_while_redis_was_away_is_not_shown_when_it_is_back(
    postgres_url: str, redis_url: str
) -> None:
    async with _two(postgres_url, redis_url) as two:
        hides, blocks = [await two.here.order() for _ in range(2)]
        async with (
            two.here.browser(hides.buyer) as hider,
            two.there.browser(hides.seller) as seeker,
            two.here.browser(blocks.buyer) as blocker,
            two.there.browser(blocks.seller) as blocked,
        ):
            for browser, order in (
                (hider, hides),
                (seeker, hides),
                (blocker, blocks),
                (blocked, blocks),
            ):
                await browser.subscribe(order.id)
            await until(lambda: _seen(seeker, hides.buyer)["online"])
            await until(lambda: _seen(blocked, blocks.buyer)["online"])
            two.line.swallow()
            await until(lambda: not two.here.edge.hub.hears_others)
            await hider.ask(t="preferences", hide_presence=True)
            await blocker.ask(t="block", order=blocks.id, on=True)
            await until(lambda: bool(_seen(seeker, hides.buyer)["hidden"]))
            await until(lambda: bool(_seen(blocked, blocks.buyer)["hidden"]))
            two.line.heal()
            await until(lambda: two.whole)
            await hider.cut()
            await hider.reopen()  # they come and go again, and it is nobody's business
            hidden = PersonId(hides.buyer)
            await until(lambda: two.there.edge.hub.attendance.presence(hidden, None).online)
            for browser, order in ((seeker, hides), (blocked, blocks)):
                assert _seen(browser, order.buyer)["hidden"]
                assert not _seen(browser, order.buyer)["online"]


async def test_access_that_is_taken_away_while_redis_is_away_is_gone_on_the_other_process(
    postgres_url: str, redis_url: str
) -> None:
    async with (
        _two(postgres_url, redis_url) as two,
        two.there.browser((order := await two.here.order()).seller) as seller,
        two.here.browser(order.buyer) as buyer,
        two.here.backend() as backend,
    ):
        await seller.subscribe(order.id)
        two.line.swallow()
        await until(lambda: not two.here.edge.hub.hears_others)
        path = f"/api/v1/orders/{order.id}/members/{order.seller}/revoke"
        assert (await backend.post(path)).status_code == 200
        await seller.hears(
            lambda f: f["t"] == "refused" and f["code"] == "order_unknown", within=60.0
        )
        mark = len(seller.frames)
        await buyer.say(order.id, "not for the seller any more")
        page = await buyer.ask(t="history", order=order.id, before=1_000)
        assert page["entries"][-1]["event"]["text"] == "not for the seller any more"
        refusal = await seller.refused(t="history", order=order.id, before=1_000)
        assert refusal["code"] == "order_unknown"
        assert not any("not for the seller" in str(frame) for frame in seller.frames[mark:])


async def test_access_that_is_given_back_while_redis_is_away_is_back_without_a_new_socket(
    postgres_url: str, redis_url: str
) -> None:
    async with (
        _two(postgres_url, redis_url) as two,
        two.there.browser((order := await two.here.order()).seller) as seller,
        two.here.browser(order.buyer) as buyer,
        two.here.backend() as backend,
    ):
        await seller.subscribe(order.id)
        path = f"/api/v1/orders/{order.id}/members/{order.seller}"
        assert (await backend.post(f"{path}/revoke")).status_code == 200
        await seller.hears(lambda f: f["t"] == "inbox" and order.id in f.get("gone", ()))
        two.line.swallow()
        await until(lambda: not two.here.edge.hub.hears_others)
        mark = len(seller.frames)
        assert (await backend.post(f"{path}/restore")).status_code == 200
        await seller.hears(_listed(order.id), since=mark, within=60.0)
        await seller.subscribe(order.id)
        done = await buyer.say(order.id, "you are back")
        await seller.reaches(order.id, done["seq"], within=60.0)
        assert not two.here.edge.hub.hears_others  # and so it was before Redis was


async def test_an_order_that_is_opened_while_redis_is_away_is_listed_on_the_other_process(
    postgres_url: str, redis_url: str
) -> None:
    async with (
        _two(postgres_url, redis_url) as two,
        two.there.browser((first := await two.here.order()).seller) as seller,
    ):
        two.line.swallow()
        await until(lambda: not two.here.edge.hub.hears_others)
        tom = {"person": first.seller, "name": "Tom", "email": "tom@post.test", "language": "en"}
        order = await two.here.order(seller=tom)
        await seller.hears(_listed(order.id), within=60.0)
        assert not two.here.edge.hub.hears_others
        two.line.heal()
        await until(lambda: two.whole)
        async with two.here.browser(order.buyer) as buyer:
            await buyer.say(order.id, "and it is live")
        await seller.hears(_unread(order.id, 1))


async def test_a_mediator_who_is_sent_while_redis_is_away_finds_the_order_in_the_inbox(
    postgres_url: str, redis_url: str
) -> None:
    async with (
        _two(postgres_url, redis_url) as two,
        two.there.browser((await two.there.order()).buyer) as mediator,
        two.here.backend() as backend,
    ):
        order = await two.here.order()
        path = f"/api/v1/orders/{order.id}"
        frozen = await backend.post(
            f"{path}/freeze", json={"note": "We look into it."}, headers={"Idempotency-Key": "f"}
        )
        assert frozen.status_code == 200, frozen.text
        async with two.here.edge.database.transaction() as tx:  # it is an old one
            an_hour_ago = tx.now - timedelta(hours=1)
            await tx.conn.execute(
                update(orders).where(orders.c.id == order.id).values(created_at=an_hour_ago)
            )
        two.line.swallow()
        await until(lambda: not two.here.edge.hub.hears_others)
        maud = {"person": mediator.person, "name": "Maud", "email": "maud@post.test"}
        sent = await backend.post(f"{path}/mediator", json=maud, headers={"Idempotency-Key": "m"})
        assert sent.status_code == 200, sent.text
        await mediator.hears(_listed(order.id), within=60.0)
        assert not two.here.edge.hub.hears_others


async def test_who_was_barred_hears_of_access_given_back_though_nobody_here_listens_to_the_order(
    postgres_url: str, redis_url: str
) -> None:
    async with (
        _two(postgres_url, redis_url, partitions=64) as two,
        two.here.backend() as backend,
    ):
        orders = [await two.here.order() for _ in range(4)]
        for order in orders:
            path = f"/api/v1/orders/{order.id}/members/{order.seller}"
            assert (await backend.post(f"{path}/revoke")).status_code == 200
        for order in orders:
            async with two.there.browser(order.seller) as seller:
                assert seller.welcome["inbox"] == []
                await until(lambda: two.whole)
                path = f"/api/v1/orders/{order.id}/members/{order.seller}"
                assert (await backend.post(f"{path}/restore")).status_code == 200
                await seller.hears(_listed(order.id), within=5.0)


async def test_who_has_the_order_open_sees_a_mediator_of_whom_nobody_here_is_told(
    postgres_url: str, redis_url: str
) -> None:
    async with (
        _two(postgres_url, redis_url, partitions=64) as two,
        two.here.backend() as backend,
    ):
        order = await two.here.order()
        mediator = f"m-{order.id}"
        async with two.there.browser(order.buyer) as buyer, two.here.browser(mediator):
            await buyer.subscribe(order.id)
            await until(lambda: two.whole)
            for verb, body in (
                ("freeze", {"note": "We look into it."}),
                ("mediator", {"person": mediator, "name": "Maud", "email": "maud@post.test"}),
            ):
                path, key = f"/api/v1/orders/{order.id}/{verb}", {"Idempotency-Key": verb}
                answer = await backend.post(path, json=body, headers=key)
                assert answer.status_code == 200, answer.text
            await buyer.hears(
                lambda f: (
                    f["t"] == "presence"
                    and f["presence"]["person"] == mediator
                    and f["presence"]["online"]
                )
            )


async def test_who_has_the_order_open_sees_a_mediator_who_joined_while_redis_was_away(
    postgres_url: str, redis_url: str
) -> None:
    async with (
        _two(postgres_url, redis_url) as two,
        two.there.backend() as backend,
    ):
        order = await two.there.order()
        mediator = f"m-{order.id}"
        async with two.here.browser(order.buyer) as buyer, two.there.browser(mediator):
            await buyer.subscribe(order.id)
            two.line.swallow()
            await until(lambda: not two.here.edge.hub.hears_others)
            for verb, body in (
                ("freeze", {"note": "We look into it."}),
                ("mediator", {"person": mediator, "name": "Maud", "email": "maud@post.test"}),
            ):
                path, key = f"/api/v1/orders/{order.id}/{verb}", {"Idempotency-Key": verb}
                answer = await backend.post(path, json=body, headers=key)
                assert answer.status_code == 200, answer.text
            two.line.heal()
            await buyer.hears(
                lambda f: (
                    f["t"] == "presence"
                    and f["presence"]["person"] == mediator
                    and f["presence"]["online"]
                ),
                within=60.0,
            )
