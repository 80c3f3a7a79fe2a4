"""The mails around a call: please call me, times to talk, the reminder, and what was agreed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.agreements import answer
from orders.events import Role
from orders.policy import CallsBy, Policy
from orders.proposals import Outcome
from orders.safety import block
from orders.talks import ask_for_call, note_point, propose_talk
from orders.workflow import Verb
from tests.orders.test_talks import talked
from tests.realtime.notices.scene import Scene, check, subject, words


@pytest.mark.parametrize(
    ("language", "asked", "agreed", "soon"),
    [
        ("fr", "Tom souhaite vous parler", "Votre appel a lieu le", "dans dix minutes"),
        ("en", "Tom would like to talk", "Your call is on", "in ten minutes"),
    ],
)
async def test_a_time_to_talk_is_asked_agreed_and_reminded(
    play: Scene, language: str, asked: str, agreed: str, soon: str
) -> None:
    await play.pay(language=language)
    order, buyer, seller = play.room.order, play.room.buyer, play.room.seller
    now = await play.database.now()
    times = (now + timedelta(hours=2), now + timedelta(hours=4))
    proposed = await propose_talk(play.database, order, seller, times, "t1", "Pour le ton")
    [mail] = await play.mails_sent()
    assert subject(mail).startswith(asked)
    check(mail, play, Role.BUYER, "Pour le ton")
    await answer(play.database, order, buyer, proposed.seq, Outcome.ACCEPTED, "a1", times[1])
    to_buyer, to_seller = await play.mails_sent()
    check(to_buyer, play, Role.BUYER, agreed)
    check(to_seller, play, Role.SELLER)
    play.watch.forward(hours=3, minutes=49)
    assert await play.mails_sent() == []
    play.watch.forward(minutes=1, seconds=5)
    to_buyer, to_seller = await play.mails_sent()
    assert soon in subject(to_buyer)
    check(to_seller, play, Role.SELLER)


@pytest.mark.parametrize("agreed", [(2, 5), (5, 2)], ids=["the sooner first", "the later first"])
async def test_of_two_times_to_talk_each_is_reminded_of_with_its_own_hour(
    play: Scene, agreed: tuple[int, int]
) -> None:
    await play.pay(language="en", policy=Policy(time_zone="UTC"))
    order, buyer, seller = play.room.order, play.room.buyer, play.room.seller
    begin = await play.database.now()
    for hours in agreed:
        time = begin + timedelta(hours=hours)
        proposed = await propose_talk(play.database, order, buyer, (time,), f"t{hours}")
        await answer(play.database, order, seller, proposed.seq, Outcome.ACCEPTED, f"a{hours}")
    while await play.mails_sent():
        pass  # each answer is told by a mail of its own
    passed = timedelta()
    for hours in (2, 5):
        due = timedelta(hours=hours, minutes=-10)
        play.watch.now += due - passed - timedelta(minutes=1)
        assert await play.mails_sent() == []
        play.watch.forward(minutes=1, seconds=5)
        passed = due + timedelta(seconds=5)
        mails = await play.mails_sent()
        assert len(mails) == 2
        for mail in mails:
            assert "in ten minutes" in subject(mail)
            assert f"{begin + timedelta(hours=hours):%H:%M}" in words(mail)


@pytest.mark.parametrize(
    "steps", [(Verb.CANCEL,), (Verb.START, Verb.DELIVER)], ids=["cancelled", "delivered"]
)
async def test_nobody_is_reminded_of_a_call_that_the_order_has_left_behind(
    play: Scene, steps: tuple[Verb, ...]
) -> None:
    await play.pay(language="en")
    order, buyer, seller = play.room.order, play.room.buyer, play.room.seller
    times = (await play.database.now() + timedelta(hours=2),)
    proposed = await propose_talk(play.database, order, buyer, times, "t1")
    await answer(play.database, order, seller, proposed.seq, Outcome.ACCEPTED, "a1")
    for verb in steps:
        await play.step(buyer if verb is Verb.CANCEL else seller, verb)
    await play.mails_sent()
    play.watch.forward(hours=1, minutes=51)
    assert await play.mails_sent() == []


async def test_times_that_do_not_suit_are_told_to_who_proposed_them(play: Scene) -> None:
    await play.pay(language="en")
    order, buyer, seller = play.room.order, play.room.buyer, play.room.seller
    times = (await play.database.now() + timedelta(hours=2),)
    proposed = await propose_talk(play.database, order, buyer, times, "t1")
    await play.mails_sent()
    await answer(play.database, order, seller, proposed.seq, Outcome.DECLINED, "a1")
    [mail] = await play.mails_sent()
    check(mail, play, Role.BUYER)


async def test_who_is_asked_to_call_reads_it_at_once(play: Scene) -> None:
    await play.pay(language="en", policy=Policy(calls_by=CallsBy.SELLER))
    await ask_for_call(play.database, play.room.order, play.room.buyer, "r1", "Une question")
    [mail] = await play.mails_sent()
    check(mail, play, Role.SELLER, "Une question")


async def test_a_point_of_the_minutes_lies_among_the_unread(play: Scene) -> None:
    await play.pay(language="en")
    call = await talked(play.database, play.room)
    await note_point(play.database, play.room.order, play.room.seller, call, "Warm tone", "n1")
    assert await play.mails_sent() == []
    play.watch.forward(minutes=4)
    [mail] = await play.mails_sent()
    check(mail, play, Role.BUYER, "Agreed in your call", "Warm tone")


async def _agree(play: Scene, hours: int) -> None:
    """Both agree to talk in so many hours."""
    order, name = play.room.order, f"in-{hours}"
    times = (await play.database.now() + timedelta(hours=hours),)
    proposed = await propose_talk(play.database, order, play.room.seller, times, name)
    buyer = play.room.buyer
    await answer(play.database, order, buyer, proposed.seq, Outcome.ACCEPTED, f"yes-{hours}")
    await play.mails_sent()


async def test_who_may_not_call_is_reminded_that_the_other_one_will(play: Scene) -> None:
    await play.pay(language="en", policy=Policy(calls_by=CallsBy.SELLER))
    await _agree(play, 4)
    play.watch.forward(hours=3, minutes=51)
    to_buyer, to_seller = await play.mails_sent()
    check(to_buyer, play, Role.BUYER)
    check(to_seller, play, Role.SELLER)


async def test_nobody_is_reminded_of_a_talk_for_which_nobody_can_call(play: Scene) -> None:
    await play.pay(language="en")
    await _agree(play, 4)
    await block(play.database, play.room.order, play.room.buyer, on=True)
    play.watch.forward(hours=3, minutes=51)
    assert await play.mails_sent() == []
