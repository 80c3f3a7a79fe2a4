"""Each bad input gets a clear answer; nothing is half done; nobody else notices."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from realtime import texts
from realtime.limits import Limits
from realtime.protocol import Close
from tests.harness import InProcess, TestOrder, serving
from tests.realtime.voice.offers import CHROMIUM
from tests.socket_browser import Browser


async def _entries(server: InProcess, order: TestOrder) -> int:
    async with server.backend() as http:
        return int((await http.get(f"/api/v1/orders/{order.id}")).json()["seq"])


COMMANDS: list[dict[str, Any]] = [
    {"t": "message.send", "text": "hello"},
    {"t": "brief.hand_over"},
    {"t": "order.start"},
    {"t": "order.cancel"},
    {"t": "order.decline"},
    {"t": "order.deliver"},
    {"t": "order.close"},
    {"t": "call.start"},
    {"t": "call.accept", "call": "c_1"},
    {"t": "call.decline", "call": "c_1"},
    {"t": "call.hang_up", "call": "c_1"},
    {"t": "call.offer", "call": "c_1", "leg": "1", "sdp": "v=0"},
    {"t": "call.test", "leg": "1", "sdp": "v=0"},
    {"t": "history", "before": 3},
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command["t"])
async def test_an_unknown_order_and_somebody_elses_look_alike(
    server: InProcess, command: dict[str, Any]
) -> None:
    order = await server.order()
    async with server.browser("stranger") as stranger:
        told = []
        for target in (order.id, "o_there_is_none"):
            refused = await stranger.refused(**command, order=target)
            assert refused["facts"] == {"order": target}
            told.append((refused["code"], refused["text"]))
        assert told == [("order_unknown", "There is no such order, or it is not yours.")] * 2
    assert await _entries(server, order) == 3


async def test_a_microphone_is_tested_so_often_and_no_oftener(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        answer = await buyer.ask(t="call.test", order=order.id, leg="1", sdp=CHROMIUM)
        assert (answer["t"], answer["leg"], answer["call"]) == ("answer", "1", "")
        assert "m=audio" in answer["sdp"]
        codes = []
        for leg in range(2, 2 + Limits().echo_tests_burst):
            wrong = {"t": "call.test", "leg": str(leg), "sdp": "v=0"}
            codes.append((await buyer.refused(**wrong, order=order.id))["code"])
        assert codes[0] == "sdp_refused"
        assert codes[-1] == "rate_exceeded"


@pytest.mark.parametrize(
    "frame",
    [{"t": "subscribe"}, {"t": "mark", "seq": 1}, {"t": "typing", "on": True}],
    ids=lambda frame: frame["t"],
)
async def test_nor_can_a_stranger_follow_mark_or_type(
    server: InProcess, frame: dict[str, Any]
) -> None:
    order = await server.order()
    async with server.browser("stranger") as stranger, server.browser(order.buyer) as buyer:
        await buyer.subscribe(order.id)
        await stranger.send(**frame, order=order.id)
        refused = await stranger.hears(lambda f: f["t"] == "refused")
        assert (refused["code"], refused["order"]) == ("order_unknown", order.id)
        await buyer.say(order.id, "between us")
        await buyer.reaches(order.id, 4)
        assert {f["t"] for f in stranger.frames} <= {"welcome", "refused"}
        assert not any(f["t"] in {"signal", "marks", "presence"} for f in buyer.frames)


async def test_a_token_narrowed_to_one_order_reaches_no_other(server: InProcess) -> None:
    order = await server.order()
    other = await server.order(
        buyer={
            "person": order.buyer,
            "name": "Ada Buyer",
            "email": "ada@post.test",
            "language": "fr",
        }
    )
    token = await server.token(order.buyer, orders=[order.id])
    async with server.browser(order.buyer, token=token) as buyer:
        assert [line["order"] for line in buyer.welcome["inbox"]] == [order.id]
        assert (await buyer.refused(t="message.send", order=other.id, text="x"))["code"] == (
            "order_unknown"
        )
        await buyer.say(order.id, "this one")


@pytest.mark.parametrize("empty", ["", "   ", "\n\t "])
async def test_a_text_without_words_is_refused(server: InProcess, empty: str) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        refused = await buyer.refused(t="message.send", order=order.id, text=empty)
        assert refused["code"] == "text_empty"


async def test_a_text_that_is_too_long_is_told_by_how_much(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer, language="fr") as buyer:
        refused = await buyer.refused(t="message.send", order=order.id, text="é" * 5001)
        assert refused["code"] == "text_too_long"
        assert refused["facts"] == {"limit": 5000, "length": 5001}
        assert "{" not in refused["text"]
        note = await buyer.refused(t="order.cancel", order=order.id, note="n" * 1001)
        assert note["facts"] == {"limit": 1000, "length": 1001}
    assert await _entries(server, order) == 3


async def test_a_step_in_the_wrong_state_or_of_the_other_party(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.seller) as seller, server.browser(order.buyer) as buyer:
        wrong = await seller.refused(t="order.deliver", order=order.id)
        assert wrong["code"] == "wrong_state"
        assert wrong["facts"] == {"verb": "order.deliver", "state": "awaiting_validation"}
        theirs = await buyer.refused(t="order.start", order=order.id)
        assert theirs["code"] == "not_yours"
        assert theirs["text"] == "It is the seller who starts the order."
    assert await _entries(server, order) == 3


async def test_a_refused_command_is_judged_anew(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.seller) as seller:
        await seller.refused(t="order.deliver", order=order.id, id="again")
        await seller.do("order.start", order.id)
        await seller.do("order.deliver", order.id, id="again")


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "null",
        "[]",
        "{",
        '{"t":"no.such.command","id":"j","order":"o"}',
        '{"t":"message.send","id":"j"}',
        '{"t":"message.send","id":"j","order":"o","text":7}',
        '{"t":"message.send","id":"has spaces","order":"o","text":"x"}',
        '{"t":"subscribe","order":"o","after":-1}',
        '{"t":"mark","order":"o","seq":99999999999999999999999}',
        '{"t":"option.propose","id":"j","order":"o","title":"x","cents":-4268987084647853198411}',
        '{"t":"option.propose","id":"j","order":"o","title":"x","cents":9,"days":99999999999999999}',
        "[" * 5000,
        '{"t":"hello","token":"again"}',
    ],
    ids=range(14),
)
async def test_a_frame_that_is_not_understood_is_refused_and_the_socket_stays(
    server: InProcess, junk: str
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.socket.send(junk)
        refused = await buyer.hears(lambda f: f["t"] == "refused")
        assert refused["code"] == "malformed"
        assert refused["text"]
        assert refused["facts"]["where"]
        assert refused.get("id") == ("j" if '"id":"j"' in junk else refused.get("id"))
        await buyer.say(order.id, "still here")


async def test_binary_junk_is_refused_and_the_socket_stays(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.socket.send(bytes(range(256)))
        assert (await buyer.hears(lambda f: f["t"] == "refused"))["code"] == "malformed"
        await buyer.say(order.id, "still here")


async def test_a_frame_of_a_megabyte_is_refused_and_the_socket_stays(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.send(t="message.send", id="big", order=order.id, text="x" * 1024 * 1024)
        refused = await buyer.hears(lambda f: f["t"] == "refused")
        assert refused["code"] == "frame_too_large"
        assert refused["facts"]["limit"] == server.edge.limits.frame_bytes
        assert refused["facts"]["size"] > 1024 * 1024
        await buyer.say(order.id, "still here")


async def test_beyond_what_the_transport_reads_the_socket_is_closed(database_url: str) -> None:
    limits = Limits(frame_bytes=1000, transport_bytes=10_000, drain=0.0)
    async with serving(database_url, limits=limits) as server, server.browser("big") as big:
        await big.socket.send("x" * 20_000)
        assert await big.closed() == 1009


async def test_whoever_is_not_understood_too_often_is_shown_out_alone(database_url: str) -> None:
    async with serving(database_url, limits=Limits(malformed_frames=3, drain=0.0)) as server:
        order = await server.order()
        async with server.browser(order.buyer) as good, server.browser(order.buyer) as bad:
            for _ in range(4):
                await bad.socket.send("gibberish")
            assert await bad.closed() == Close.PROTOCOL
            assert [f["code"] for f in bad.frames if f["t"] == "refused"] == ["malformed"] * 4
            await good.say(order.id, "nothing happened to me")


async def test_the_same_id_twice_is_one_message_and_one_answer(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.buyer) as phone:
        first = await buyer.say(order.id, "once", id="m1")
        assert await buyer.say(order.id, "once", id="m1") == first
        assert await phone.say(order.id, "once", id="m1") == first
        refused = await buyer.refused(t="message.send", order=order.id, id="m1", text="other")
        assert (refused["code"], refused["facts"]) == ("id_reused", {"id": "m1"})
        step = await buyer.do("brief.hand_over", order.id, id="s1", note="all there")
        assert await buyer.do("brief.hand_over", order.id, id="s1", note="all there") == step
        refused = await buyer.refused(t="brief.hand_over", order=order.id, id="s1", note="less")
        assert refused["code"] == "id_reused"
    assert await _entries(server, order) == step["seq"]


@pytest.mark.parametrize("sdp", ["", "nonsense", "v=0\r\n", "\x00" * 100, "v=0\r\n" * 4000])
async def test_a_session_description_that_is_nonsense_is_refused(
    server: InProcess, sdp: str
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await buyer.do("call.start", order.id)
        rings = await buyer.hears(lambda f: f["t"] == "situation" and f["situation"]["call"])
        call = rings["situation"]["call"]["call"]
        await seller.do("call.accept", order.id, call=call)
        refused = await seller.refused(t="call.offer", order=order.id, call=call, leg="1", sdp=sdp)
        assert refused["code"] == "sdp_refused"
        await seller.do("call.hang_up", order.id, call=call)


async def test_a_call_to_oneself_is_refused(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        refused = await buyer.refused(t="call.start", order=order.id, to=order.buyer)
        assert refused["code"] == "malformed"


async def test_too_fast_is_told_when_to_come_back(database_url: str) -> None:
    slow = {"ORDER_ROOM_COMMANDS_PER_SECOND": "0.1"}  # however long the asking takes
    limits = Limits(commands_burst=2, drain=0.0)
    async with serving(database_url, environment=slow, limits=limits) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            answers = await asyncio.gather(
                *(buyer.ask(t="message.send", order=order.id, text=f"{n}") for n in range(3))
            )
            (refused,) = (a for a in answers if a["t"] == "refused")
            assert refused["code"] == "rate_exceeded"
            assert refused["facts"]["limit"] == "commands_per_second"
            assert 1 <= refused["facts"]["retry_after"] <= 10
            await buyer.cut()  # until then nobody listens to it, to a farewell neither
            async with server.browser(order.seller) as seller:
                await seller.say(order.id, "I was not too fast")


async def test_more_orders_than_a_screen_holds_are_refused(database_url: str) -> None:
    async with serving(database_url, limits=Limits(subscriptions=1, drain=0.0)) as server:
        first, second = await server.order(), await server.order()
        async with server.browser(first.buyer) as buyer:
            await buyer.subscribe(first.id)
            await buyer.subscribe(first.id)  # again is not one more
            await buyer.send(t="subscribe", order=second.id)
            refused = await buyer.hears(lambda f: f["t"] == "refused")
            assert refused["code"] == "too_many_open"
            await buyer.send(t="unsubscribe", order=first.id)
            await buyer.send(t="subscribe", order=second.id)
            mark = len(buyer.frames)
            assert (await buyer.hears(lambda f: f["t"] == "refused", since=mark))["code"] == (
                "order_unknown"
            )


async def test_our_own_mistake_is_told_as_unavailable_and_the_socket_stays(
    own_database_url: str,
) -> None:
    async with serving(own_database_url) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            async with server.edge.database.transaction() as tx:
                await tx.conn.execute(text("ALTER TABLE orders RENAME TO lost"))
            refused = await buyer.refused(t="order.start", order=order.id)
            assert (refused["code"], refused["facts"]) == ("unavailable", {"reason": "internal"})
            async with server.edge.database.transaction() as tx:
                await tx.conn.execute(text("ALTER TABLE lost RENAME TO orders"))
            await buyer.say(order.id, "as if nothing had been")


async def test_every_refusal_has_a_sentence_in_the_readers_language(server: InProcess) -> None:
    order = await server.order()
    told = {}
    for language in texts.LANGUAGES:
        async with server.browser(order.buyer, language=language) as buyer:
            assert buyer.welcome["language"] == language
            told[language] = (await buyer.refused(t="order.start", order=order.id))["text"]
    assert len(set(told.values())) == len(texts.LANGUAGES)


async def test_who_disappears_in_mid_sentence_disturbs_nobody(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        for _ in range(5):
            buyer = Browser(server, order.buyer)
            await buyer.open(await server.token(order.buyer))
            await buyer.send(t="message.send", id="same", order=order.id, text="am I heard?")
            await buyer.cut()
        await seller.reaches(order.id, 4)
        assert seller.texts(order.id) == ["am I heard?"]
