"""A conversation over real sockets."""

from tests.harness import InProcess, serving


async def test_a_message_reaches_both_screens_once(database_url: str) -> None:
    async with serving(database_url) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
            await buyer.subscribe(order.id)
            await seller.subscribe(order.id)
            done = await buyer.say(order.id, "Bonjour")
            await seller.reaches(order.id, done["seq"])
            await buyer.reaches(order.id, done["seq"])
            assert seller.texts(order.id) == buyer.texts(order.id) == ["Bonjour"]


async def test_an_edit_reaches_every_screen_and_a_withdrawal_empties_it_for_latecomers(
    server: InProcess,
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        room = (await buyer.subscribe(order.id)).room
        assert room is not None
        assert (room["edit_window"], room["withdraw_window"]) == (900, 3600)
        await seller.subscribe(order.id)
        sent = await buyer.say(order.id, "Bonjuor")
        edit = {"t": "message.edit", "id": "e-1", "order": order.id, "message": sent["seq"]}
        done = await buyer.ask(**edit, text="Bonjour")
        assert await buyer.ask(**edit, text="Bonjour") == done
        known = await seller.reaches(order.id, done["seq"])
        told = {"kind": "message_edited", "message": sent["seq"], "text": "Bonjour"}
        assert known.entries[done["seq"]]["event"] == told
        ask = {"t": "versions", "id": "v-1", "order": order.id, "message": sent["seq"]}
        texts = [version["text"] for version in (await seller.ask(**ask))["versions"]]
        assert texts == ["Bonjuor", "Bonjour"]
        gone = await buyer.ask(t="message.withdraw", id="w-1", order=order.id, message=sent["seq"])
        assert (await seller.refused(**{**ask, "id": "v-2"}))["code"] == "not_yours"
        async with server.browser(order.seller) as phone:
            late = await phone.subscribe(order.id)
            assert [late.entries[seq]["event"] for seq in (sent["seq"], done["seq"])] == [None] * 2
            assert late.entries[gone["seq"]]["event"]["kind"] == "message_withdrawn"


async def test_nothing_withdrawn_is_handed_out_from_memory(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        before = (await seller.reaches(order.id, 3)).link
        await seller.cut()
        sent = await buyer.say(order.id, "a secret")
        gone = await buyer.ask(t="message.withdraw", id="w-1", order=order.id, message=sent["seq"])
        await seller.reopen()
        await seller.send(t="subscribe", order=order.id, after=3, link=before)
        known = await seller.reaches(order.id, gone["seq"])
        assert known.entries[sent["seq"]]["event"] is None
        assert not any("a secret" in str(frame) for frame in seller.frames)


async def test_a_withdrawn_message_leaves_the_unread_count_of_every_screen(
    server: InProcess,
) -> None:
    order = await server.order()
    async with server.browser(order.seller) as seller, server.browser(order.buyer) as buyer:
        sent = await buyer.say(order.id, "never mind")
        await seller.hears(lambda f: f["t"] == "inbox" and f["lines"][0]["unread"] == 1)
        await buyer.ask(t="message.withdraw", id="w-1", order=order.id, message=sent["seq"])
        await seller.hears(lambda f: f["t"] == "inbox" and f["lines"][0]["unread"] == 0)


async def test_a_reply_names_a_message_of_the_same_order(server: InProcess) -> None:
    order, other = await server.order(), await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        asked = await seller.say(order.id, "Which voice?")
        reply = await buyer.say(order.id, "A deep one", reply_to=asked["seq"])
        known = await seller.reaches(order.id, reply["seq"])
        said = {"kind": "message_sent", "text": "A deep one", "reply_to": asked["seq"]}
        assert known.entries[reply["seq"]]["event"] == said
        ask = {"t": "message.send", "order": order.id, "text": "What?"}
        for number, seq in enumerate((1, reply["seq"] + 5)):
            refused = await buyer.refused(**ask, id=f"r-{number}", reply_to=seq)
            assert refused["code"] == "message_unknown"
    async with server.browser(other.buyer) as stranger:
        refused = await stranger.refused(
            t="message.send", id="x-1", order=other.id, text="Me too", reply_to=asked["seq"]
        )
        assert refused["code"] == "message_unknown"


async def test_a_reply_to_a_withdrawn_message_is_kept(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        asked = await seller.say(order.id, "Which voice?")
        await seller.ask(t="message.withdraw", id="w-1", order=order.id, message=asked["seq"])
        send = {"t": "message.send", "id": "m-1", "order": order.id, "text": "A deep one"}
        done = await buyer.ask(**send, reply_to=asked["seq"])
        assert await buyer.ask(**send, reply_to=asked["seq"]) == done
        assert (await buyer.refused(**send))["code"] == "id_reused"


async def test_a_reaction_reaches_the_other_screen_and_goes_with_its_message(
    server: InProcess,
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await seller.subscribe(order.id)
        sent = await seller.say(order.id, "50 euros more?")
        mine = {"order": order.id, "message": sent["seq"], "reaction": "agree"}
        done = await buyer.ask(t="reaction.add", id="a-1", **mine)
        known = await seller.reaches(order.id, done["seq"])
        event = known.entries[done["seq"]]["event"]
        told = {"kind": "reaction_added", "message": sent["seq"], "reaction": "agree"}
        assert event == told
        await seller.ask(t="message.withdraw", id="w-1", order=order.id, message=sent["seq"])
        assert (await buyer.refused(t="reaction.add", id="a-2", **mine))["code"] == "message_gone"
