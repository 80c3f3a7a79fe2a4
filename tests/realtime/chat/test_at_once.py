"""What happens at the same moment, in two tabs or on both sides, ends alike on every screen."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from tests.harness import InProcess, TestOrder
from tests.realtime.api.test_uploads import Sender, waiting
from tests.socket_browser import Browser, Frame

LISTED = 300
"""Open orders of a busy seller."""


async def _both_have(order: TestOrder, *browsers: Browser) -> None:
    """Wait until all of these stand at the same place, and hold them against each other."""
    head = max(browser.orders[order.id].upto for browser in browsers)
    for browser in browsers:
        await browser.reaches(order.id, head)
    first, *others = (browser.orders[order.id].entries for browser in browsers)
    common = min(map(min, (first, *others)))
    for other in others:
        assert {s: e for s, e in other.items() if s >= common} == {
            s: e for s, e in first.items() if s >= common
        }


async def test_a_message_that_is_changed_in_two_tabs_at_once_has_both_texts_in_one_order(
    server: InProcess,
) -> None:
    order = await server.order()
    async with (
        server.browser(order.buyer) as one,
        server.browser(order.buyer) as two,
        server.browser(order.seller) as seller,
    ):
        for each in (one, two, seller):
            await each.subscribe(order.id)
        sent = await one.say(order.id, "first")
        answers = await asyncio.gather(
            *(
                tab.ask(t="message.edit", order=order.id, message=sent["seq"], text=f"{name} {n}")
                for n in range(5)
                for name, tab in (("one", one), ("two", two))
            )
        )
        assert {answer["t"] for answer in answers} == {"done"}
        last = max(answers, key=lambda answer: int(answer["seq"]))
        for each in (one, two, seller):
            await each.reaches(order.id, last["seq"])
        await _both_have(order, one, two, seller)
        told = await seller.ask(t="versions", order=order.id, message=sent["seq"])
        texts = [version["text"] for version in told["versions"]]
        assert texts[0] == "first"
        assert sorted(texts[1:]) == sorted(
            f"{name} {n}" for n in range(5) for name in ("one", "two")
        )
        newest = seller.orders[order.id].entries[last["seq"]]["event"]
        assert newest["text"] == texts[-1]


async def test_what_is_changed_answered_and_reacted_to_while_it_is_withdrawn_is_gone(
    server: InProcess,
) -> None:
    order = await server.order()
    async with (
        server.browser(order.buyer) as one,
        server.browser(order.buyer) as two,
        server.browser(order.seller) as seller,
    ):
        for each in (one, two, seller):
            await each.subscribe(order.id)
        for n in range(6):
            sent = await one.say(order.id, f"secret {n}")
            message = sent["seq"]
            answers = await asyncio.gather(
                two.ask(
                    t="message.edit", order=order.id, message=message, text=f"secret again {n}"
                ),
                seller.ask(t="message.send", order=order.id, text=f"reply {n}", reply_to=message),
                seller.ask(t="reaction.add", order=order.id, message=message, reaction="agree"),
                one.ask(t="message.withdraw", order=order.id, message=message),
            )
            edited, replied, reacted, withdrawn = answers
            assert withdrawn["t"] == replied["t"] == "done"
            for answer in (edited, reacted):
                assert answer["t"] == "done" or answer["code"] == "message_gone"
        last = await seller.say(order.id, "after all")
        async with server.browser(order.seller) as late:
            await late.subscribe(order.id)
            for each in (one, two, seller, late):
                await each.reaches(order.id, last["seq"])
            shown = late.orders[order.id].entries.values()
            assert not any("secret" in str(entry) for entry in shown)
            found = await late.ask(t="search", q="secret", order=order.id)
            assert found["hits"] == []


async def test_a_message_sent_while_the_order_is_delivered_is_kept_or_refused_and_both_agree(
    server: InProcess,
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        await seller.do("order.start", order.id)
        asked = [
            asyncio.create_task(buyer.ask(t="message.send", order=order.id, text=f"{n}"))
            for n in range(40)
        ]
        delivered = await seller.do("order.deliver", order.id, note="Here it is.")
        answers = await asyncio.gather(*asked)
        kept = [answer["seq"] for answer in answers if answer["t"] == "done"]
        assert all(seq < delivered["seq"] for seq in kept)
        refused = [answer for answer in answers if answer["t"] == "refused"]
        assert {answer["code"] for answer in refused} <= {"chat_closed"}
        for each in (buyer, seller):
            await each.reaches(order.id, delivered["seq"])
            assert len(each.texts(order.id)) == len(kept)
        await _both_have(order, buyer, seller)


async def test_a_file_that_arrives_whole_after_the_chat_has_closed_leaves_nothing(
    server: InProcess,
) -> None:
    order = await server.order()
    me = Sender(server, order, order.buyer)
    async with server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        place = await me.place(1_000)
        assert (await me.more(place, 0, b"a" * 400)).status_code == 204
        await seller.do("order.start", order.id)
        await seller.do("order.deliver", order.id, note="Here it is.")
        answer = await me.more(place, 400, b"a" * 600)
        assert (answer.status_code, answer.json()["code"]) == (409, "chat_closed")
        assert waiting(server) == []
        page = await seller.ask(t="history", order=order.id, before=1_000)
        assert "file_shared" not in {entry["event"]["kind"] for entry in page["entries"]}


async def test_a_file_of_somebody_whose_access_is_taken_away_meanwhile_is_not_shared(
    server: InProcess,
) -> None:
    order = await server.order()
    me = Sender(server, order, order.seller)
    async with server.browser(order.buyer) as buyer, server.backend() as backend:
        await buyer.subscribe(order.id)
        place = await me.place(1_000)
        assert (await me.more(place, 0, b"a" * 400)).status_code == 204
        taken = await backend.post(f"/api/v1/orders/{order.id}/members/{order.seller}/revoke")
        assert taken.status_code == 200
        answer = await me.more(place, 400, b"a" * 600)
        assert answer.status_code == 404, answer.text
        done = await buyer.say(order.id, "still here")
        known = await buyer.reaches(order.id, done["seq"])
        kinds = {(entry["event"] or {}).get("kind") for entry in known.entries.values()}
        assert "file_shared" not in kinds


async def test_two_tabs_nudge_once_and_a_blocked_one_not_at_all(server: InProcess) -> None:
    order = await server.order(policy={"nudge_after": 0})
    async with (
        server.browser(order.buyer) as one,
        server.browser(order.buyer) as two,
        server.browser(order.seller) as seller,
    ):
        for each in (one, two, seller):
            await each.subscribe(order.id)
        await one.do("brief.hand_over", order.id)
        answers = await asyncio.gather(
            *(tab.ask(t="order.nudge", order=order.id) for tab in (one, two))
        )
        assert sorted(answer["t"] for answer in answers) == ["done", "refused"]
        (late,) = [answer for answer in answers if answer["t"] == "refused"]
        assert late["code"] == "too_early"
        await seller.ask(t="block", order=order.id, on=True)
        assert (await one.refused(t="order.nudge", order=order.id))["code"] == "blocked"


TEXTS = [
    "مرحبا، هل يمكنك البدء اليوم؟ 50€",
    "\u202etxet esrever\u202c and on",
    "👩‍👩‍👧‍👦🏳️‍🌈" * 100,
    "Z\u0351\u036b\u0343a\u0363\u0341l\u0369g\u036bo\u0321" * 50,
    "Donaudampfschifffahrtsgesellschaftskapitän" * 100,
    "\N{NO-BREAK SPACE}x\N{ZERO WIDTH SPACE}",
    "<img src=x onerror=alert(1)> & \\u0000 \"quoted\" 'too'",
    "a\tb\r\nc\u2028d\u2029e\x0bf",
    "नमस्ते 你好 こんにちは",
]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
async def test_whatever_people_write_comes_back_letter_by_letter(
    server: InProcess, text: str
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        done = await buyer.say(order.id, text)
        await seller.reaches(order.id, done["seq"])
        edited = await buyer.ask(
            t="message.edit", order=order.id, message=done["seq"], text=f"{text}!"
        )
        known = await seller.reaches(order.id, edited["seq"])
        assert seller.texts(order.id) == [text]
        assert known.entries[edited["seq"]]["event"]["text"] == f"{text}!"
        found = await seller.ask(t="search", q=text[:60], order=order.id)
        assert found["t"] == "found"


async def test_the_longest_message_that_a_marketplace_allows_is_taken_over_socket_and_http(
    server: InProcess,
) -> None:
    order = await server.order(policy={"text_max": 20_000})
    text = "\N{GRINNING FACE}" * 20_000
    token = await server.token(order.buyer)
    async with (
        server.browser(order.buyer) as buyer,
        server.browser(order.seller) as seller,
        server.http({"Authorization": f"Bearer {token}", "Idempotency-Key": "h-1"}) as http,
    ):
        await seller.subscribe(order.id)
        await buyer.say(order.id, text)  # escaped, twelve bytes a character
        path = f"/api/v1/me/orders/{order.id}/message.send"
        answer = await http.post(path, json={"text": text})
        assert answer.status_code == 200, answer.text
        await seller.reaches(order.id, answer.json()["seq"])
        assert seller.texts(order.id) == [text, text]
        refusal = await buyer.refused(t="message.send", order=order.id, text=f"{text}!")
        assert (refusal["code"], refusal["facts"]["limit"]) == ("text_too_long", 20_000)


def _lines(frame: Frame) -> list[Frame]:
    lines: list[Frame] = frame["lines"] if frame["t"] == "inbox" else []
    return lines


async def test_three_hundred_open_orders_are_welcomed_at_once_and_told_of_one_by_one(
    server: InProcess,
) -> None:
    name = f"busy-{secrets.token_hex(4)}"
    seller = {"person": name, "name": "Sam", "email": "sam@post.test"}
    orders = [await server.order(seller=seller) for _ in range(LISTED)]
    async with server.browser(name) as busy, server.browser(orders[7].buyer) as buyer:
        assert len(busy.welcome["inbox"]) == LISTED
        for order in orders[:50]:
            await busy.subscribe(order.id)
        done = await buyer.say(orders[7].id, "on the screen")
        await busy.reaches(orders[7].id, done["seq"])
        async with server.browser(orders[250].buyer) as other:
            mark = len(busy.frames)
            await other.say(orders[250].id, "not on the screen")
            told = await busy.hears(
                lambda f: any(line["order"] == orders[250].id for line in _lines(f)), since=mark
            )
        assert [(line["order"], line["unread"]) for line in _lines(told)] == [(orders[250].id, 1)]
