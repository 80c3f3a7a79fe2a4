"""Mails about a question: who was asked hears of it, and who asked hears of the answer."""

from __future__ import annotations

import pytest

from orders.nudging import nudge
from orders.questions import pay_question
from orders.workflow import Verb
from tests.orders.world import PAYMENT, open_question
from tests.realtime.notices.scene import Scene, words


async def ask(play: Scene) -> None:
    play.room = await open_question(play.database, text="Lisez-vous en breton ?")


async def test_a_question_is_mailed_to_the_seller_and_its_answer_to_the_buyer(
    play: Scene,
) -> None:
    await ask(play)
    assert await play.mails_sent() == [], "it waits a little, like any message"
    play.watch.forward(minutes=3)
    (asked,) = await play.mails_sent()
    assert asked["Subject"].startswith("Inès asks you about")
    assert "Lisez-vous en breton" in words(asked)
    assert "Nothing is paid" in words(asked)
    assert "€" not in words(asked)
    await play.say(play.room.seller, "Un peu !")
    await play.say(play.room.seller, "Et vous ?")
    play.watch.forward(minutes=3)
    (answered,) = await play.mails_sent()
    assert "vous a répondu" in str(answered["Subject"])
    assert "2 messages" in str(answered["Subject"])
    assert "Une question ne coûte rien" in words(answered)


async def test_who_lets_a_question_wait_is_told_that_it_is_one(play: Scene) -> None:
    await ask(play)
    play.watch.forward(hours=12)
    await play.mails_sent()
    await nudge(play.database, play.room.order, play.room.buyer, "n1")
    (mail,) = await play.mails_sent()
    assert "waiting to hear from you" in mail["Subject"]
    assert "asked you something before ordering" in words(mail)
    assert "your turn on this order" not in words(mail)


async def test_a_question_put_away_joins_what_lies_unread(play: Scene) -> None:
    await ask(play)
    await play.read(play.room.seller, 2)
    await play.step(play.room.seller, Verb.CLOSE_QUESTION, "Je n'ai pas le temps.")
    play.watch.forward(minutes=3)
    (told,) = await play.mails_sent()
    assert "Question classée" in words(told)
    assert "Je n'ai pas le temps." in words(told)


async def test_a_paid_question_is_mailed_as_a_paid_order(play: Scene) -> None:
    await ask(play)
    await play.read(play.room.seller, 2)
    await pay_question(play.database, play.room.order, "pay-1", PAYMENT)
    buyers, sellers = await play.mails_sent()
    assert {buyers["Order-Notice"], sellers["Order-Notice"]} == {"order_paid"}
    assert "50" in words(sellers)


@pytest.mark.parametrize("kind", ["plain", "html"])
async def test_nothing_of_a_question_says_money(play: Scene, kind: str) -> None:
    await ask(play)
    play.watch.forward(minutes=3)
    (mail,) = await play.mails_sent()
    assert "0.00" not in words(mail, kind)
