"""Nothing lost, nothing twice, on any screen: following an order through all interruptions."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, cast

import pytest

from orders import redaction
from orders.commands import take_step
from orders.database import Database
from orders.events import OrderId, PersonId
from orders.posting import PostBox
from orders.workflow import Verb
from realtime.afresh import Reminding
from realtime.limits import Limits
from tests.harness import InProcess, TestOrder, serving
from tests.socket_browser import Browser, Frame, Timeline


async def _fill(browser: Browser, order: str, count: int) -> int:
    """Write so many messages; return the seq of the last."""
    answers = await asyncio.gather(*(browser.say(order, f"message {n}") for n in range(count)))
    return max(int(answer["seq"]) for answer in answers)


def _is_whole(browser: Browser, order: str, first: int, last: int) -> bool:
    return sorted(browser.orders[order].entries) == list(range(first, last + 1))


async def test_a_new_screen_gets_room_newest_page_and_situation_in_this_order(
    server: InProcess,
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        known = await buyer.subscribe(order.id)
        kinds = [frame["t"] for frame in buyer.frames]
        assert kinds == ["welcome", "room", "batch", "situation"]
    assert known.room is not None
    assert known.room["you"] == "buyer"
    assert [member["name"] for member in known.room["members"]] == ["Ada Buyer", "Sam Seller"]
    assert (known.room["text_max"], known.room["note_max"]) == (5000, 1000)
    assert _is_whole(buyer, order.id, 1, 3)
    assert known.resets == 1
    assert known.situation is not None
    (deadline,) = known.situation["deadlines"]
    assert deadline["text"]
    assert known.situation["seq"] == 3


async def test_after_five_missed_messages_exactly_those_come(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.seller) as seller, server.browser(order.buyer) as buyer:
        await seller.subscribe(order.id)
        await buyer.subscribe(order.id)
        await buyer.reaches(order.id, (await seller.say(order.id, "before"))["seq"])
        await buyer.cut()
        last = 0
        for n in range(5):
            last = (await seller.say(order.id, f"missed {n}"))["seq"]
        await buyer.reopen()
        await buyer.reaches(order.id, last)
        (batch,) = [frame for frame in buyer.frames if frame["t"] == "batch"]
        assert (batch["after"], batch["upto"], batch.get("reset", False)) == (4, 9, False)
        assert buyer.texts(order.id) == ["before", *(f"missed {n}" for n in range(5))]
        assert buyer.orders[order.id].resets == 1


async def test_a_long_absence_comes_in_bounded_batches(database_url: str) -> None:
    limits = Limits(batch_entries=10, page_entries=5, drain=0.0)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
            await seller.subscribe(order.id)
            await seller.close()
            last = await _fill(buyer, order.id, 42)
            await seller.reopen()
            await seller.reaches(order.id, last)
            sizes = [len(f["entries"]) for f in seller.frames if f["t"] == "batch"]
            assert sizes == [10, 10, 10, 10, 2]
            assert _is_whole(seller, order.id, 1, last)


async def test_large_messages_come_in_batches_bounded_by_bytes(database_url: str) -> None:
    limits = Limits(batch_bytes=20_000, drain=0.0)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
            await seller.subscribe(order.id)
            await seller.close()
            last = 3 + 12
            for n in range(12):
                await buyer.say(order.id, f"{n}" + "x" * 4900)
            await seller.reopen()
            await seller.reaches(order.id, last)
            batches = [f for f in seller.frames if f["t"] == "batch"]
            assert len(batches) >= 3
            assert _is_whole(seller, order.id, 1, last)


async def test_a_new_screen_of_a_long_order_gets_the_newest_page_and_pages_back(
    database_url: str,
) -> None:
    async with serving(database_url, limits=Limits(page_entries=10, drain=0.0)) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            last = await _fill(buyer, order.id, 25)
            known = await buyer.subscribe(order.id)
            assert _is_whole(buyer, order.id, last - 9, last)
            seen = dict(known.entries)
            before = last - 9
            while before > 1:
                page = await buyer.ask(t="history", order=order.id, before=before)
                assert page["t"] == "page"
                assert page["entries"][-1]["seq"] == before - 1
                seen |= {entry["seq"]: entry for entry in page["entries"]}
                before = page["first"]
            assert sorted(seen) == list(range(1, last + 1))
            nothing = await buyer.ask(t="history", order=order.id, before=1)
            assert (nothing["first"], nothing["entries"]) == (1, [])


async def test_whoever_is_up_to_date_gets_no_batch(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.subscribe(order.id)
        await buyer.reopen()
        assert [frame["t"] for frame in buyer.frames] == ["welcome", "room", "situation"]


async def test_a_position_beyond_the_head_is_another_history(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.send(t="subscribe", order=order.id, after=99)
        batch = await buyer.hears(lambda f: f["t"] == "batch")
        assert (batch["reset"], batch["after"], batch["upto"]) == (True, 0, 3)


async def test_a_link_that_is_not_ours_is_another_history(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.send(t="subscribe", order=order.id, after=2, link=secrets.token_hex(32))
        batch = await buyer.hears(lambda f: f["t"] == "batch")
        assert (batch["reset"], batch["upto"]) == (True, 3)


async def test_the_link_of_each_batch_is_the_one_to_resume_with(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.buyer) as writer:
        known = await buyer.subscribe(order.id)
        for n in range(3):
            done = await writer.say(order.id, f"{n}")
            await buyer.reaches(order.id, done["seq"])
            mark = len(buyer.frames)
            await buyer.send(t="subscribe", order=order.id, after=known.upto, link=known.link)
            await buyer.hears(lambda f: f["t"] == "situation", since=mark)
            assert not any(f["t"] == "batch" for f in buyer.frames[mark:])


async def test_another_epoch_is_another_history(own_database_url: str) -> None:
    async with serving(own_database_url) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            await buyer.subscribe(order.id)
        old = server.edge.epoch
        await server.edge.database.new_epoch()
    async with serving(own_database_url) as server:
        again = Browser(server, order.buyer)
        again.orders = buyer.orders
        await again.open(await server.token(order.buyer))
        assert again.welcome["epoch"] != old
        await again.send(t="subscribe", order=order.id, after=3, epoch=old)
        batch = await again.hears(lambda f: f["t"] == "batch")
        assert (batch["reset"], batch["upto"]) == (True, 3)
        await again.close()


async def test_two_devices_of_one_person_show_the_same(server: InProcess) -> None:
    order = await server.order()
    async with (
        server.browser(order.buyer) as phone,
        server.browser(order.buyer) as laptop,
        server.browser(order.seller) as seller,
    ):
        for browser in (phone, laptop, seller):
            await browser.subscribe(order.id)
        written = await asyncio.gather(
            *(b.say(order.id, f"{n}") for n, b in enumerate([phone, laptop, seller] * 10))
        )
        last = max(done["seq"] for done in written)
        shown = []
        for browser in (phone, laptop, seller):
            await browser.reaches(order.id, last)
            shown.append(browser.texts(order.id))
        assert shown[0] == shown[1] == shown[2]
        assert len(shown[0]) == 30


async def test_messages_of_one_socket_keep_their_order(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.subscribe(order.id)
        for n in range(50):
            await buyer.send(t="message.send", id=f"m{n}", order=order.id, text=f"{n}")
        await buyer.reaches(order.id, 53)
        assert buyer.texts(order.id) == [f"{n}" for n in range(50)]


async def _elsewhere(database_url: str, order: TestOrder, texts: list[str]) -> int:
    """Write as another process would whose hints do not reach this one."""
    other = await Database.open(database_url)
    box = PostBox(other)
    running = asyncio.create_task(box.run())
    seq = 0
    for n, text in enumerate(texts):
        seq = (
            await box.post(OrderId(order.id), PersonId(order.seller), f"elsewhere-{n}", text)
        ).seq
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await other.close()
    return seq


async def test_a_lost_hint_costs_one_ping(database_url: str) -> None:
    async with serving(database_url, limits=Limits(ping_every=0.2, drain=0.0)) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            await buyer.subscribe(order.id)
            last = await _elsewhere(database_url, order, ["did you", "hear that?"])
            await buyer.reaches(order.id, last)
            assert buyer.texts(order.id) == ["did you", "hear that?"]
            ping = await buyer.hears(
                lambda f: f["t"] == "ping" and f["heads"].get(order.id) == last
            )
            assert ping["now"]


async def test_what_was_stored_without_anybody_hearing_of_it_is_told_when_it_is_said_again(
    database_url: str,
) -> None:
    """As when the connection, or the process, is lost between the commit and its answer."""
    limits = Limits(look_every=600.0, ping_every=600.0, drain=0.0)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
            await buyer.subscribe(order.id)
            await seller.subscribe(order.id)
            await _starts_elsewhere(database_url, order)
            started = await seller.do("order.start", order.id, id="s-1")
            await buyer.reaches(order.id, started["seq"])
            await buyer.hears(_is_in("in_progress"))
            last = await _elsewhere(database_url, order, ["did you", "hear that?"])
            await seller.say(order.id, "hear that?", id="elsewhere-1")
            await buyer.reaches(order.id, last)
            assert buyer.texts(order.id) == ["did you", "hear that?"]


async def test_a_step_of_a_process_that_is_not_heard_shows_with_the_next_message(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(look_every=600.0, ping_every=600.0, drain=0.0)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            await buyer.subscribe(order.id)
            monkeypatch.setattr(Reminding, "is_whole", property(lambda _: False))
            await _starts_elsewhere(database_url, order)
            await buyer.say(order.id, "heard")
            await buyer.hears(_is_in("in_progress"))


async def test_a_step_before_a_message_that_was_heard_shows_when_others_are_heard_again(
    database_url: str,
) -> None:
    async with serving(database_url, limits=Limits(ping_every=600.0, drain=0.0)) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            await buyer.subscribe(order.id)
            await _starts_elsewhere(database_url, order)
            done = await buyer.say(order.id, "heard")
            await buyer.reaches(order.id, done["seq"])
            assert not any(map(_is_in("in_progress"), buyer.frames))
            cast("Any", server.edge.hub._bus)._bus._ears.hear_gap()
            await buyer.hears(_is_in("in_progress"))


async def test_a_step_that_was_not_heard_shows_also_if_a_ping_went_out_before_that_was_noticed(
    database_url: str,
) -> None:
    async with serving(database_url, limits=Limits(ping_every=2.0, drain=0.0)) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            await buyer.subscribe(order.id)
            await buyer.hears(lambda f: f["t"] == "ping")
            await _starts_elsewhere(database_url, order)
            done = await buyer.say(order.id, "heard")
            await buyer.hears(lambda f: f["t"] == "ping" and f["heads"][order.id] == done["seq"])
            cast("Any", server.edge.hub._bus)._bus._ears.hear_gap()
            await buyer.hears(_is_in("in_progress"))


def _is_in(state: str) -> Callable[[Frame], bool]:
    return lambda f: f["t"] == "situation" and f["situation"]["state"] == state


async def _starts_elsewhere(database_url: str, order: TestOrder) -> None:
    """Let the seller start the order in another process, which is not heard here."""
    other = await Database.open(database_url)
    await take_step(other, OrderId(order.id), PersonId(order.seller), Verb.START, "s-1")
    await other.close()


async def test_a_hint_after_a_lost_one_brings_both(database_url: str) -> None:
    async with serving(database_url) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            await buyer.subscribe(order.id)
            await _elsewhere(database_url, order, ["unheard"])
            done = await buyer.say(order.id, "heard")
            await buyer.reaches(order.id, done["seq"])
            assert buyer.texts(order.id) == ["unheard", "heard"]


async def test_a_step_brings_its_entries_and_then_the_situation_on_both_screens(
    server: InProcess,
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        marks = {browser: len(browser.frames) for browser in (buyer, seller)}
        done = await seller.do("order.start", order.id)
        for browser, mark in marks.items():
            news = await browser.hears(lambda f: f["t"] == "situation", since=mark)
            assert news["situation"]["state"] == "in_progress"
            assert news["situation"]["seq"] >= done["seq"]
            kinds = [f["t"] for f in browser.frames[mark:] if f["t"] in {"batch", "situation"}]
            assert kinds[0] == "batch"
            assert browser.orders[order.id].upto == news["situation"]["seq"]


async def test_what_was_erased_is_not_remembered_either(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        said = await seller.say(order.id, "what I should not have said")
        await buyer.reaches(order.id, said["seq"])
        await redaction.redact(server.edge.database, OrderId(order.id), said["seq"])
        await buyer.reaches(order.id, said["seq"] + 1)
        async with server.browser(order.buyer) as late:
            late.orders[order.id] = Timeline(upto=said["seq"] - 1)
            await late.subscribe(order.id)
            batch = await late.hears(lambda f: f["t"] == "batch")
            assert batch["entries"][0]["event"] is None
            assert batch["entries"][1]["event"] == {
                "kind": "entry_redacted",
                "seq": said["seq"],
            }


async def test_whoever_left_hears_nothing_more(server: InProcess) -> None:
    order, other = await server.order(), await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await buyer.send(t="unsubscribe", order=order.id)
        await buyer.refused(t="history", order=other.id, before=2)  # it has been carried out
        mark = len(buyer.frames)
        await seller.say(order.id, "are you there?")
        await buyer.hears(lambda f: f["t"] == "inbox", since=mark)
        assert {f["t"] for f in buyer.frames[mark:]} == {"inbox"}
