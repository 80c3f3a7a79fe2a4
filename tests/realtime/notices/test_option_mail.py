"""Mails about an added option: proposed, agreed, paid, or refused by the bank."""

from __future__ import annotations

import pytest

from orders import settlement
from orders.agreements import answer
from orders.options import propose_option
from orders.proposals import Outcome
from tests.realtime.notices.scene import Scene, words


async def propose(play: Scene) -> int:
    """The seller proposes an option; return its entry."""
    place = await propose_option(
        play.database, play.room.order, play.room.seller, "Sous-titres", 2000, 3, "o1", "En deux."
    )
    return place.seq


async def accept(play: Scene, option: int) -> None:
    """The buyer accepts it."""
    who = play.room.buyer
    await answer(play.database, play.room.order, who, option, Outcome.ACCEPTED, "a1")


async def test_an_option_is_mailed_when_proposed_and_agreed_and_paid(play: Scene) -> None:
    await play.pay(language="en")
    option = await propose(play)
    (asked,) = await play.mails_sent()
    assert "Tom proposes “Sous-titres” for €20.00" in words(asked)
    assert "> En deux." in words(asked)
    assert "€20.00 and the option joins the order once the payment is confirmed" in " ".join(
        words(asked).split()
    )
    await accept(play, option)
    for mail in await play.mails_sent():
        assert "It joins the order as soon as the payment is confirmed" in " ".join(
            words(mail).split()
        )
    await settlement.confirm(play.database, play.room.order, f"hold:{option}", "psp-1")
    (paid,) = await play.mails_sent()
    assert paid["To"].startswith("Tom")
    assert "“Sous-titres” belongs to the order now" in words(paid)


async def test_a_refused_charge_is_mailed_to_who_pays(play: Scene) -> None:
    await play.pay(language="fr")
    option = await propose(play)
    await accept(play, option)
    await play.mails_sent()
    await settlement.refuse(play.database, play.room.order, f"hold:{option}", "card expired")
    (told,) = await play.mails_sent()
    assert told["To"].startswith("=?utf-8?") or "Inès" in str(told["To"])
    assert "n'a pas encore pu être payée" in words(told)
    assert "card expired" not in words(told), "why is between the marketplace and the bank"


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.WITHDRAWN])
async def test_an_option_answered_meanwhile_is_not_asked_about(
    play: Scene, outcome: Outcome
) -> None:
    await play.pay(language="en")
    option = await propose(play)
    who = play.room.buyer if outcome is Outcome.ACCEPTED else play.room.seller
    await answer(play.database, play.room.order, who, option, outcome, "a1")
    kinds = {mail["Order-Notice"] for mail in await play.mails_sent()}
    assert "requested" not in kinds
