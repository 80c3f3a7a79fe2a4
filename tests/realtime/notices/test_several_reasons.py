"""A mail server that is away for hours costs no news: each of several is told when it is back."""

from __future__ import annotations

from email.message import EmailMessage

from orders.agreements import answer, propose
from orders.events import PersonId
from orders.options import propose_option
from orders.proposals import Outcome, ProposalKind
from orders.workflow import Verb
from tests.realtime.notices.scene import Scene, subject, words


async def outage(play: Scene) -> None:
    """Take the mail server away, at a moment at which everything was told."""
    await play.pay(language="en")
    await play.smtp.go_away()


async def told_afterwards(play: Scene) -> list[EmailMessage]:
    """Let the mail server return; return what is told until nothing is owed any more."""
    await play.mails_sent()
    await play.smtp.come_up()
    play.watch.forward(minutes=5)
    told: list[EmailMessage] = []
    while new := await play.mails_sent():
        told += new
    return told


async def more_time(play: Scene, by: PersonId, client_id: str) -> int:
    """Propose a day more; return the proposal."""
    kind, day = ProposalKind.TIME, 86_400
    place = await propose(play.database, play.room.order, by, kind, day, client_id)
    return place.seq


async def subtitles(play: Scene, client_id: str) -> int:
    """The seller proposes an option; return the proposal."""
    place = await propose_option(
        play.database, play.room.order, play.room.seller, "Subtitles", 2000, 3, client_id
    )
    return place.seq


async def test_of_two_requests_both_are_told_the_older_first(play: Scene) -> None:
    await outage(play)
    await more_time(play, play.room.seller, "p1")
    play.watch.forward(minutes=1)
    await subtitles(play, "p2")
    asked = [mail for mail in await told_afterwards(play) if "ines@" in mail["To"]]
    assert [mail["Order-Notice"] for mail in asked] == ["requested"] * 2
    assert "24 hours more" in subject(asked[0])
    assert "Subtitles" in words(asked[1])
    assert asked[0]["Message-ID"] != asked[1]["Message-ID"]
    assert [row["state"] for row in await play.rows("requested")] == ["sent", "sent"]


async def test_a_request_is_told_although_a_newer_one_was_taken_back(play: Scene) -> None:
    await outage(play)
    order, seller = play.room.order, play.room.seller
    await more_time(play, seller, "p1")
    option = await subtitles(play, "p2")
    await answer(play.database, order, seller, option, Outcome.WITHDRAWN, "w1")
    [asked] = [mail for mail in await told_afterwards(play) if "ines@" in mail["To"]]
    assert "24 hours more" in subject(asked)


async def test_of_two_answers_both_are_told(play: Scene) -> None:
    await play.pay(language="en")
    order, buyer, seller = play.room.order, play.room.buyer, play.room.seller
    time, option = await more_time(play, seller, "p1"), await subtitles(play, "p2")
    await play.mails_sent()
    await play.smtp.go_away()
    await answer(play.database, order, buyer, time, Outcome.DECLINED, "a1")
    await answer(play.database, order, buyer, option, Outcome.DECLINED, "a2")
    answers = await told_afterwards(play)
    assert [mail["Order-Notice"] for mail in answers] == ["answered"] * 2
    assert "deadline stays what it was" in words(answers[0])
    assert "nothing is paid" in words(answers[1])


async def test_a_clock_that_still_runs_is_reminded_of_although_another_one_was_stopped(
    play: Scene,
) -> None:
    await play.pay(language="en")
    await play.step(play.room.seller, Verb.START)
    await play.mails_sent()
    await play.smtp.go_away()
    play.watch.forward(days=6)
    await play.sweep()  # the delivery is near
    await play.step(play.room.buyer, Verb.REQUEST_CANCEL, "Please")
    play.watch.forward(hours=40)
    await play.sweep()  # and so is the answer to the buyer
    await play.step(play.room.buyer, Verb.WITHDRAW_CANCEL)
    kinds = [mail["Order-Notice"] for mail in await told_afterwards(play) if "tom@" in mail["To"]]
    assert "reminder" in kinds
