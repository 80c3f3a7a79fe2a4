"""The readiness list over the wire."""

from __future__ import annotations

from tests.harness import InProcess
from tests.socket_browser import Browser, Frame


def brief(browser: Browser, order: str) -> Frame:
    situation = browser.orders[order].situation
    assert situation is not None
    found: Frame = situation["brief"]
    return found


async def test_the_two_work_through_the_list_and_the_order_starts(server: InProcess) -> None:
    order = await server.order(category="logo", brief=None)
    async with (
        server.browser(order.buyer, language="fr") as buyer,
        server.browser(order.seller) as seller,
    ):
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        assert brief(buyer, order.id)["items"][0]["label"] == "Le nom exact"
        assert (brief(seller, order.id)["ready"], brief(seller, order.id)["wanted"]) == (0, 5)
        for key in ("name", "business", "style"):
            await buyer.do("brief.give", order.id, item=f"logo.{key}", note="voilà")
        await buyer.do("brief.drop", order.id, item="logo.colours", note="à vous de choisir")
        await seller.do("brief.reopen", order.id, item="logo.style", note="which ones?")
        added = await seller.do("brief.add", order.id, label="Slogan")
        await seller.do("brief.drop", order.id, item="logo.use")
        await buyer.reaches(order.id, added["seq"] + 1)
        await buyer.do("brief.give", order.id, item="own-6", note="aucun")
        last = await buyer.do("brief.give", order.id, item="logo.style", note="sobre")
        refused = await seller.refused(t="order.start", order=order.id)
        assert refused["code"] == "reason_missing"
        assert refused["text"] == "Not everything is ready yet: say why you start all the same."
        for key in ("logo.name", "logo.business", "logo.style", "own-6"):
            last = await seller.do("brief.accept", order.id, item=key)
        await seller.hears(lambda f: f["t"] == "situation" and f["situation"]["seq"] >= last["seq"])
        shown = brief(seller, order.id)
        assert (shown["ready"], shown["wanted"]) == (4, 4)
        await seller.do("order.start", order.id)


async def test_an_early_start_says_why_on_both_screens(server: InProcess) -> None:
    order = await server.order(brief=["Le texte"])
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        await buyer.subscribe(order.id)
        await seller.subscribe(order.id)
        situation = seller.orders[order.id].situation
        assert situation is not None
        assert "order.start" in situation["reasons"]
        done = await seller.do("order.start", order.id, note="told on the phone")
        await buyer.reaches(order.id, done["seq"])
        assert buyer.orders[order.id].entries[done["seq"]]["event"]["note"] == "told on the phone"


async def test_moves_that_are_not_there_are_refused_with_their_code(server: InProcess) -> None:
    order = await server.order(brief=["Le texte"])
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        for who, code, frame in (
            (buyer, "not_yours", {"t": "brief.add", "label": "x"}),
            (buyer, "not_yours", {"t": "brief.accept", "item": "own-1"}),
            (seller, "not_yours", {"t": "brief.give", "item": "own-1", "note": "x"}),
            (seller, "item_settled", {"t": "brief.reopen", "item": "own-1", "note": "x"}),
            (buyer, "item_unknown", {"t": "brief.give", "item": "own-2", "note": "x"}),
            (buyer, "text_empty", {"t": "brief.give", "item": "own-1"}),
            (buyer, "file_unknown", {"t": "brief.give", "item": "own-1", "files": ["nothing"]}),
            (buyer, "malformed", {"t": "brief.give", "item": "own-1", "messages": [1]}),
            (buyer, "malformed", {"t": "brief.give", "item": ""}),
        ):
            refused = await who.refused(order=order.id, **frame)
            assert refused["code"] == code, frame


async def test_ordering_again_shows_what_is_ready(server: InProcess) -> None:
    order = await server.order(brief=None)
    async with server.browser(order.buyer) as buyer:
        for item in ("script", "tone", "pace", "use"):
            await buyer.do("brief.give", order.id, item=f"voice-over.{item}", note="voilà")
        await buyer.do("order.cancel", order.id)
        people = {
            role: {"person": person, "name": role, "email": f"{person}@post.test"}
            for role, person in (("buyer", order.buyer), ("seller", order.seller))
        }
        again = await server.order(brief=None, predecessor=order.id, **people)
        await buyer.subscribe(again.id)
        shown = brief(buyer, again.id)
        assert (shown["ready"], shown["wanted"]) == (4, 5)
