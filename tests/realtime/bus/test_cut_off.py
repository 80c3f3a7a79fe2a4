"""A process whose way to Redis is a black hole, while the way of the others is good."""

from __future__ import annotations

import secrets

from sqlalchemy.engine import make_url

from realtime.limits import Limits
from tests.faults.proxy import Proxy
from tests.harness import serving
from tests.socket_browser import Browser
from tests.waiting import until

PATIENT = Limits(
    ping_every=3600.0,
    silence=7200.0,
    presence_grace=0.2,
    presence_every=0.5,
    presence_lives=3.0,
    drain=0.05,
)
"""The periodic ping, which would repair everything too, comes too late to help."""


def _said(browser: Browser, person: str) -> tuple[bool, bool] | None:
    """Whether the browser was told last that the person is online, and whether that is known."""
    said = [
        told
        for frame in browser.frames
        if frame["t"] in {"room", "presence"}
        for told in (frame["presence"] if frame["t"] == "room" else [frame["presence"]])
        if told["person"] == person
    ]
    return (said[-1]["online"], said[-1]["known"]) if said else None


async def test_what_is_written_on_either_side_of_the_cut_is_shown_on_the_other_without_a_ping(
    postgres_url: str, redis_url: str
) -> None:
    port = make_url(redis_url).port
    assert port is not None
    prefix = {"ORDER_ROOM_REDIS_PREFIX": f"t-{secrets.token_hex(6)}"}
    async with Proxy("127.0.0.1", port) as line:
        behind = prefix | {"ORDER_ROOM_REDIS_URL": f"redis://127.0.0.1:{line.port}/0"}
        before = prefix | {"ORDER_ROOM_REDIS_URL": redis_url}
        async with (
            serving(postgres_url, limits=PATIENT, environment=behind) as here,
            serving(postgres_url, limits=PATIENT, environment=before) as there,
            here.browser((order := await here.order()).buyer) as buyer,
            there.browser(order.seller) as seller,
        ):
            await buyer.subscribe(order.id)
            await seller.subscribe(order.id)
            await until(lambda: here.edge.hub.hears_others and there.edge.hub.hears_others)
            done = await buyer.say(order.id, "before the cut")
            await seller.reaches(order.id, done["seq"])
            await until(lambda: _said(seller, order.buyer) == (True, True))
            line.swallow()
            for n in range(2):
                done = await buyer.say(order.id, f"out {n}")
                await seller.reaches(order.id, done["seq"], within=60.0)
                done = await seller.say(order.id, f"in {n}")
                await buyer.reaches(order.id, done["seq"], within=60.0)
            # still connected, which nobody here can know
            await until(lambda: _said(seller, order.buyer) == (False, False))
            line.heal()
            await until(lambda: here.edge.hub.hears_others)
            await until(lambda: _said(seller, order.buyer) == (True, True))
            await seller.reaches(order.id, done["seq"])
            assert buyer.texts(order.id) == seller.texts(order.id)


async def test_a_new_call_that_needs_another_process_is_refused_by_one_that_is_cut_off(
    postgres_url: str, redis_url: str
) -> None:
    port = make_url(redis_url).port
    assert port is not None
    prefix = {"ORDER_ROOM_REDIS_PREFIX": f"t-{secrets.token_hex(6)}"}
    async with Proxy("127.0.0.1", port) as line:
        behind = prefix | {"ORDER_ROOM_REDIS_URL": f"redis://127.0.0.1:{line.port}/0"}
        before = prefix | {"ORDER_ROOM_REDIS_URL": redis_url}
        async with (
            serving(postgres_url, limits=PATIENT, environment=behind) as here,
            serving(postgres_url, limits=PATIENT, environment=before) as there,
        ):
            near, far = await here.order(), await here.order()
            async with (
                here.browser(near.buyer) as buyer,
                here.browser(near.seller) as seller,
                here.browser(far.buyer) as other,
                there.browser(far.seller),
            ):
                for browser, order in ((buyer, near), (seller, near), (other, far)):
                    await browser.subscribe(order.id)
                await until(lambda: here.edge.hub.hears_others)
                line.swallow()
                await until(lambda: not here.edge.hub.hears_others)
                refusal = await other.refused(t="call.start", order=far.id)
                assert (refusal["code"], refusal["facts"]["reason"]) == (
                    "unavailable",
                    "media_elsewhere",
                )
                # both are here, and so is the sound
                await buyer.do("call.start", near.id)
                rang = await seller.hears(
                    lambda f: f["t"] == "batch" and f["entries"][-1]["event"]["kind"] == "call_rang"
                )
                call = rang["entries"][-1]["event"]["call"]
                await seller.do("call.accept", near.id, call=call)
