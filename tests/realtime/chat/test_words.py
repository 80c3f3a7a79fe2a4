"""What is unwise to send is told while typing, and refused once when sending."""

from __future__ import annotations

import json
from typing import get_args

import msgspec
import pytest

from orders.disclosure import disclose
from orders.errors import SecretRefused, SecretSeen
from orders.events import SecretKind
from orders.policy import Handling, Screening
from realtime.chat.words import FIELDS
from realtime.limits import Limits
from realtime.protocol import Command, Worded
from tests.harness import InProcess, serving

TEXT = "Ma carte : 4242 4242 4242 4242, mon tél : 06 39 98 12 34"
CARD, PHONE = SecretKind.CARD, SecretKind.PHONE


def test_what_was_seen_and_not_understood_is_refused_with_all_of_it() -> None:
    with pytest.raises(SecretSeen) as caught:
        disclose(Screening(), [PHONE, CARD], [CARD])
    assert caught.value.facts == {"kinds": "card,phone"}


def test_what_was_understood_is_sent_and_remembered() -> None:
    assert disclose(Screening(), [PHONE], [CARD, PHONE]) == (PHONE,)
    assert disclose(Screening(), [], [CARD]) == ()


def test_what_the_policy_does_not_look_at_is_neither_refused_nor_remembered() -> None:
    screening = Screening(phone=Handling.OFF)
    assert disclose(screening, [PHONE], []) == ()
    assert disclose(screening, [PHONE, CARD], [CARD]) == (CARD,)


def test_what_is_never_sent_stays_so_whatever_was_understood() -> None:
    with pytest.raises(SecretRefused) as caught:
        disclose(Screening(card=Handling.REFUSE), [CARD, PHONE], [CARD, PHONE])
    assert caught.value.facts == {"kinds": "card"}


@pytest.mark.parametrize("frame", get_args(Command), ids=lambda kind: kind.__name__)
def test_every_command_that_carries_a_persons_words_is_screened(
    frame: type[msgspec.Struct],
) -> None:
    assert issubclass(frame, Worded) == bool(set(FIELDS) & set(frame.__struct_fields__))


async def test_a_message_is_refused_once_with_what_was_seen_and_then_sent_knowingly(
    server: InProcess,
) -> None:
    order = await server.order()
    async with (
        server.browser(order.buyer, language="fr") as buyer,
        server.browser(order.seller) as seller,
    ):
        await seller.subscribe(order.id)
        frame = {"t": "message.send", "order": order.id, "id": "m1", "text": TEXT}
        refused = await buyer.refused(**frame)
        assert (refused["code"], refused["facts"]) == ("secret_seen", {"kinds": "card,phone"})
        assert "un numéro de carte bancaire et un numéro de téléphone" in refused["text"]
        assert (await buyer.refused(**frame, understood=["card"]))["code"] == "secret_seen"
        done = await buyer.ask(**frame, understood=["card", "phone"])
        again = await buyer.ask(**frame, understood=["card", "phone"])
        assert done["t"] == "done"
        assert done == again == await buyer.ask(**frame)  # what was done is done
        told = await seller.reaches(order.id, done["seq"])
        assert told.entries[done["seq"]]["event"]["seen"] == ["card", "phone"]
        assert len(seller.texts(order.id)) == 1


async def test_an_ordinary_message_carries_no_remark(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        timeline = await buyer.subscribe(order.id)
        done = await buyer.say(order.id, "Commande n° 4837261905, 50,00 €", understood=["card"])
        await buyer.reaches(order.id, done["seq"])
        assert "seen" not in timeline.entries[done["seq"]]["event"]


async def test_a_marketplace_may_refuse_a_kind_or_not_look_for_it(server: InProcess) -> None:
    order = await server.order(policy={"screening": {"card": "refuse", "phone": "off"}})
    async with server.browser(order.buyer) as buyer:
        refused = await buyer.refused(
            t="message.send", order=order.id, text=TEXT, understood=["card", "phone"]
        )
        assert (refused["code"], refused["facts"]) == ("secret_refused", {"kinds": "card"})
        seen = await buyer.ask(t="screen", order=order.id, text=TEXT)
        assert [(one["kind"], one["handling"]) for one in seen["findings"]] == [("card", "refuse")]
        await buyer.say(order.id, "06 39 98 12 34")


async def test_while_typing_the_writer_reads_what_was_seen_where_and_why(
    server: InProcess,
) -> None:
    order = await server.order()
    async with server.browser(order.buyer, language="fr") as buyer:
        head = (await buyer.subscribe(order.id)).upto
        answer = await buyer.ask(t="screen", order=order.id, text=TEXT)
        assert answer["t"] == "screened"
        assert [TEXT[one["start"] : one["end"]] for one in answer["findings"]] == [
            "4242 4242 4242 4242",
            "06 39 98 12 34",
        ]
        assert answer["findings"][0]["text"].startswith("Ceci ressemble à un numéro de carte")
        assert (await buyer.ask(t="screen", order=order.id, text="Bonjour"))["findings"] == []
        assert (await buyer.subscribe(order.id)).upto == head  # nothing was stored


async def test_a_stranger_learns_nothing_by_screening(server: InProcess) -> None:
    order, other = await server.order(), await server.order()
    async with server.browser(other.buyer) as stranger:
        for frame in (
            {"t": "screen", "text": TEXT},
            {"t": "message.send", "text": TEXT},
            {"t": "order.cancel", "note": TEXT},
        ):
            refused = await stranger.refused(order=order.id, **frame)
            assert refused["code"] == "order_unknown"


async def test_screening_while_typing_has_a_rate_of_its_own(database_url: str) -> None:
    limits = Limits(screens_per_second=0.01, screens_burst=2)
    async with serving(database_url, limits=limits) as server:
        order = await server.order()
        async with server.browser(order.buyer) as buyer:
            for _ in range(2):
                assert (await buyer.ask(t="screen", order=order.id, text="a"))["t"] == "screened"
            refused = await buyer.refused(t="screen", order=order.id, text="a")
            assert (refused["code"], refused["facts"]["limit"]) == (
                "rate_exceeded", "screens_per_second"
            )  # fmt: skip
            long = await buyer.say(order.id, "the rest goes on")
            assert long["t"] == "done"


async def test_notes_and_the_brief_are_screened_like_messages(server: InProcess) -> None:
    order = await server.order(category="community-management", brief=None)
    item = "community-management.access"
    note = "identifiant : lune / mdp : Soleil!2025"
    async with server.browser(order.buyer) as buyer, server.browser(order.seller) as seller:
        timeline = await buyer.subscribe(order.id)
        give = {"t": "brief.give", "order": order.id, "item": item, "note": note}
        refused = await buyer.refused(**give)
        assert (refused["code"], refused["facts"]) == ("secret_seen", {"kinds": "login"})
        done = await buyer.ask(**give, understood=["login"])
        await buyer.reaches(order.id, done["seq"])
        assert timeline.entries[done["seq"]]["event"]["seen"] == ["login"]
        asked = {"t": "brief.add", "order": order.id, "label": "mdp : Soleil!2025"}
        assert (await seller.refused(**asked))["code"] == "secret_seen"
        step = {"t": "order.cancel", "order": order.id, "note": "écris à jean@gmail.com"}
        assert (await buyer.refused(**step))["code"] == "secret_seen"
        assert (await buyer.ask(**step, understood=["email"]))["t"] == "done"


async def test_nothing_of_what_was_seen_reaches_the_log(
    server: InProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        await buyer.refused(t="message.send", order=order.id, text=TEXT)
        await buyer.ask(t="screen", order=order.id, text=TEXT)
    logged = capsys.readouterr()
    assert "4242" not in json.dumps([logged.out, logged.err])


async def test_an_edit_is_screened_like_the_message(server: InProcess) -> None:
    order = await server.order()
    async with server.browser(order.buyer) as buyer:
        timeline = await buyer.subscribe(order.id)
        said = await buyer.say(order.id, "Bonjour")
        frame = {"t": "message.edit", "order": order.id, "message": said["seq"], "text": TEXT}
        assert (await buyer.refused(**frame))["code"] == "secret_seen"
        done = await buyer.ask(**frame, understood=["card", "phone"])
        await buyer.reaches(order.id, done["seq"])
        assert timeline.entries[done["seq"]]["event"]["seen"] == ["card", "phone"]
