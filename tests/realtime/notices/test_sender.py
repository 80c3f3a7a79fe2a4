"""A notice is never forgotten, almost never doubled, and not sent for what was read meanwhile."""

import asyncio
from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import update

from orders.events import (
    NoticeBounced,
    NoticeKind,
    NoticeSent,
    OrderCancelled,
    OrderId,
    PersonId,
    Role,
)
from orders.messages import edit, withdraw
from orders.nudging import nudge
from orders.policy import Policy
from orders.redaction import redact
from orders.safety import block
from orders.tables import notices
from orders.workflow import Verb
from realtime.notices.sender import CLAIM, NoticeWorker
from realtime.notices.smtp import SmtpSettings
from tests.realtime.notices.scene import SENDER, Scene, link, words


async def test_both_parties_hear_that_the_order_is_paid_and_the_timeline_says_so(
    play: Scene,
) -> None:
    buyer, seller = await play.pay()
    assert (buyer["To"].addresses[0].display_name, seller["To"].addresses[0].display_name) == (
        "Inès",
        "Tom",
    )
    sent = [entry.event for entry in await play.entries() if isinstance(entry.event, NoticeSent)]
    assert {(event.notice, event.to) for event in sent} == {
        (NoticeKind.ORDER_PAID, Role.BUYER),
        (NoticeKind.ORDER_PAID, Role.SELLER),
    }
    assert await play.mails_sent() == []


async def test_unread_messages_of_one_order_make_one_mail(play: Scene) -> None:
    await play.pay()
    for number in range(5):
        await play.say(play.room.buyer, f"Line {number} of the brief")
        play.watch.forward(seconds=10)
    assert await play.mails_sent() == []
    play.watch.forward(minutes=3)
    [mail] = await play.mails_sent()
    assert "5 messages" in mail["Subject"]
    assert all(f"Line {number} of the brief" in words(mail) for number in range(5))


async def test_what_was_read_before_the_mail_is_not_mailed(play: Scene) -> None:
    await play.pay()
    seq = await play.say(play.room.buyer, "Are you there?")
    play.watch.forward(minutes=2)
    await play.read(play.room.seller, seq)
    play.watch.forward(minutes=2)
    assert await play.mails_sent() == []
    [row] = await play.rows("unread")
    assert (row["state"], row["outcome"]) == ("dropped", "read")


async def test_a_message_after_the_read_one_waits_its_own_three_minutes(play: Scene) -> None:
    await play.pay()
    first = await play.say(play.room.buyer, "First")
    play.watch.forward(minutes=2)
    await play.read(play.room.seller, first)
    await play.say(play.room.buyer, "Second")
    play.watch.forward(minutes=1)
    assert await play.mails_sent() == []
    play.watch.forward(minutes=2)
    [mail] = await play.mails_sent()
    assert "Second" in words(mail)
    assert "First" not in words(mail)


async def test_a_withdrawn_message_is_not_shown(play: Scene) -> None:
    await play.pay()
    seq = await play.say(play.room.buyer, "my secret")
    await play.say(play.room.buyer, "my brief")
    await redact(play.database, play.room.order, seq)
    play.watch.forward(minutes=4)
    [mail] = await play.mails_sent()
    assert "my brief" in words(mail)
    assert "secret" not in mail.as_string()


async def test_a_mail_quotes_what_a_message_says_now(play: Scene) -> None:
    await play.pay()
    buyer, order = play.room.buyer, play.room.order
    seq = await play.say(buyer, "The delivery is on Monday")
    taken_back = await play.say(buyer, "Or never mind")
    await edit(play.database, order, buyer, seq, "It is on Tuesday", "e1")
    await withdraw(play.database, order, buyer, taken_back, "w1")
    play.watch.forward(minutes=3)
    [mail] = await play.mails_sent()
    assert "It is on Tuesday" in words(mail)
    assert "Monday" not in words(mail)
    assert "never mind" not in words(mail)


async def test_a_nudge_is_mailed_at_once_unless_the_turn_has_passed(play: Scene) -> None:
    await play.pay()
    await play.step(play.room.buyer, Verb.HAND_OVER)
    play.watch.forward(hours=12)
    await play.mails_sent()
    await nudge(play.database, play.room.order, play.room.buyer, "n1")
    [mail] = [mail for mail in await play.mails_sent() if "waiting to hear" in mail["Subject"]]
    assert mail["To"].addresses[0].display_name == "Tom"
    play.watch.forward(hours=24)
    await play.mails_sent()
    await nudge(play.database, play.room.order, play.room.buyer, "n2")
    await play.step(play.room.seller, Verb.START)
    assert not [mail for mail in await play.mails_sent() if "waiting" in mail["Subject"]]


async def test_words_of_somebody_blocked_are_not_mailed_and_their_steps_are(play: Scene) -> None:
    await play.pay()
    seller, buyer = play.room.seller, play.room.buyer
    await block(play.database, play.room.order, seller, on=True)
    await play.say(buyer, "Answer me!")
    play.watch.forward(minutes=4)
    assert await play.mails_sent() == []
    await play.say(buyer, "Answer me now!")
    await play.step(buyer, Verb.HAND_OVER, "Everything is here")
    play.watch.forward(minutes=4)
    [mail] = await play.mails_sent()
    assert "Everything is here" in words(mail)
    assert "Answer me" not in words(mail)


async def test_if_all_that_was_unread_is_withdrawn_no_mail_goes_out(play: Scene) -> None:
    await play.pay()
    seq = await play.say(play.room.buyer, "my secret")
    await redact(play.database, play.room.order, seq)
    play.watch.forward(minutes=4)
    assert await play.mails_sent() == []
    [row] = await play.rows("unread")
    assert (row["state"], row["outcome"]) == ("dropped", "withdrawn")


async def test_each_mail_quotes_only_what_no_earlier_one_did_and_absence_makes_them_rarer(
    play: Scene,
) -> None:
    await play.pay()
    quoted: list[tuple[int, list[str]]] = []
    for minute in range(40):
        await play.say(play.room.buyer, f"word{minute:02}.")
        play.watch.forward(minutes=1)
        quoted += [
            (minute, [word for word in words(mail).split() if word.startswith("word")])
            for mail in await play.mails_sent()
        ]
    minutes = [minute for minute, _ in quoted]
    assert minutes == [2, 8, 20]  # 3, then 6, then 12 minutes; the next would be 24
    assert quoted[0][1] == ["word00.", "word01.", "word02."]
    assert quoted[1][1] == [f"word{n:02}." for n in range(3, 9)]
    assert quoted[2][1][0] == "word09."


async def test_near_a_deadline_absence_does_not_make_mails_rarer(play: Scene) -> None:
    await play.pay(Policy(brief_window=3600))
    minutes = []
    for minute in range(12):
        await play.say(play.room.buyer, "Still there?")
        play.watch.forward(minutes=1)
        if await play.mails_sent():
            minutes.append(minute)
    assert minutes == [2, 5, 8, 11]


async def test_a_mail_about_a_mail_is_never_owed(play: Scene) -> None:
    await play.pay()
    play.watch.forward(days=1)
    assert await play.mails_sent() == []
    assert await play.rows("unread") == []


async def test_a_message_that_comes_while_the_mail_is_on_its_way_is_owed_anew(
    play: Scene,
) -> None:
    await play.pay()
    await play.say(play.room.buyer, "In the first mail")
    play.watch.forward(minutes=3)
    play.smtp.meanwhile = lambda: play.say(play.room.buyer, "On its heels")
    [mail] = await play.mails_sent()
    assert "On its heels" not in words(mail)
    assert [row["state"] for row in await play.rows("unread")] == ["sent", "open"]
    play.watch.forward(minutes=10)
    [mail] = await play.mails_sent()
    assert "On its heels" in words(mail)
    assert "In the first mail" not in words(mail)


async def test_a_recipient_refused_for_now_is_tried_again_after_growing_pauses(
    play: Scene,
) -> None:
    await play.pay()
    [address] = [mail["To"].addresses[0].addr_spec for mail in messages(play) if is_buyers(mail)]
    play.smtp.refuse(address, permanently=False)
    await play.step(play.room.seller, Verb.START)
    assert await play.mails_sent() == []
    pauses = []
    for _ in range(4):
        [row] = await play.rows("started")
        assert row["state"] == "open"
        pauses.append((row["wake_at"] - play.now).total_seconds())
        play.watch.now = row["wake_at"] - timedelta(milliseconds=1)
        assert await play.mails_sent() == []
        assert (await play.rows("started"))[0]["attempts"] == len(pauses)
        play.watch.now = row["wake_at"]
        assert await play.mails_sent() == []
    for pause, plain in zip(pauses, (30, 60, 120, 240), strict=True):
        assert plain * 0.8 <= pause <= plain * 1.2
    play.smtp.accept(address)
    play.watch.forward(minutes=10)
    [mail] = await play.mails_sent()
    assert mail["Order-Notice"] == "started"
    assert (await play.rows("started"))[0]["state"] == "sent"


async def test_mails_wait_for_a_server_that_is_away_and_go_out_when_it_returns(
    play: Scene,
) -> None:
    await play.smtp.go_away()
    assert await play.pay() == []
    play.watch.forward(minutes=5)
    assert await play.mails_sent() == []
    await play.smtp.come_up()
    play.watch.forward(minutes=5)
    assert len(await play.mails_sent()) == 2
    assert {row["state"] for row in await play.rows("order_paid")} == {"sent"}


async def test_a_recipient_refused_for_good_stands_on_the_timeline(play: Scene) -> None:
    await play.pay()
    [address] = [mail["To"].addresses[0].addr_spec for mail in messages(play) if is_buyers(mail)]
    play.smtp.refuse(address, permanently=True)
    await play.step(play.room.seller, Verb.START)
    assert await play.mails_sent() == []
    [row] = await play.rows("started")
    assert row["state"] == "bounced"
    assert row["outcome"].startswith("550")
    last = (await play.entries())[-1]
    assert last.event == NoticeBounced(NoticeKind.STARTED, Role.BUYER)
    play.watch.forward(days=1)
    await play.mails_sent()
    assert play.smtp.attempts.count(address) == 2  # the paid one and this


@pytest.mark.parametrize("address", ["a b@post.test", "ines@", "inès@post.test", "a@b..test"])
async def test_an_address_that_cannot_be_written_bounces_and_holds_up_nobody(
    play: Scene, address: str
) -> None:
    await play.pay()
    await play.change_address(play.room.buyer, address)
    await play.step(play.room.buyer, Verb.CANCEL)
    [mail] = await play.mails_sent()
    assert mail["To"].addresses[0].display_name == "Tom"
    assert {row["state"] for row in await play.rows("cancelled")} == {"bounced", "sent"}


async def test_a_domain_with_accents_is_written_in_its_ascii_form(play: Scene) -> None:
    await play.pay()
    await play.change_address(play.room.buyer, "ines@café.test")
    await play.step(play.room.seller, Verb.START)
    [mail] = await play.mails_sent()
    assert mail["To"].addresses[0].addr_spec == "ines@xn--caf-dma.test"


async def test_two_workers_racing_send_each_notice_once(play: Scene) -> None:
    rivals = [play.worker, play.another_worker(), play.another_worker()]
    await play.pay()
    for _ in range(10):
        await play.open_room()
    sent = await asyncio.gather(*(worker.send_due() for worker in rivals))
    while more := await asyncio.gather(*(worker.send_due() for worker in rivals)):
        if not any(more):
            break
        sent = [a + b for a, b in zip(sent, more, strict=True)]
    assert sum(sent) == 20
    ids = [mail["Message-ID"] for mail in messages(play)]
    assert len(ids) == len(set(ids)) == 22


async def test_a_crash_between_sending_and_closing_doubles_the_mail_once_and_recognisably(
    play: Scene,
) -> None:
    await play.pay()
    await play.step(play.room.seller, Verb.START)
    dying = asyncio.create_task(play.worker.send_due())

    async def die() -> None:
        dying.cancel()

    play.smtp.meanwhile = die
    with pytest.raises(asyncio.CancelledError):
        await dying
    survivor = play.another_worker()
    assert await survivor.send_due() == 0  # the dead worker's claim still holds
    play.watch.forward(seconds=CLAIM.total_seconds())
    assert await survivor.send_due() == 1
    assert await survivor.send_due() == 0
    first, second = (mail for mail in messages(play) if mail["Order-Notice"] == "started")
    assert first["Message-ID"] == second["Message-ID"]
    told = [
        e for e in await play.entries() if e.event == NoticeSent(NoticeKind.STARTED, Role.BUYER)
    ]
    assert len(told) == 1


async def test_a_worker_that_is_stopped_finishes_the_mail_it_has_begun(play: Scene) -> None:
    await play.pay()
    await play.step(play.room.seller, Verb.START)
    running = asyncio.create_task(play.worker.run())

    async def stop() -> None:
        running.cancel()

    play.smtp.meanwhile = stop
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await play.rows("started"))[0]["state"] == "sent"


async def test_a_running_worker_sends_what_becomes_due(play: Scene) -> None:
    running = asyncio.create_task(play.worker.run())
    await play.open_room()
    play.worker.nudge()
    await play.smtp.expect(2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert {row["state"] for row in await play.rows("order_paid")} == {"sent"}


async def test_a_notice_that_makes_us_stumble_holds_up_no_other(play: Scene) -> None:
    await play.pay()

    def stumble(order: OrderId, person: PersonId) -> str:
        if person == play.room.buyer:
            raise RuntimeError("no link for the buyer")
        return link(order, person)

    settings = SmtpSettings(play.smtp.host, play.smtp.port)
    worker = NoticeWorker(play.database, settings, stumble, SENDER)
    await play.step(play.room.buyer, Verb.CANCEL)
    assert await worker.send_due() == 1
    states = {row["person_id"]: row for row in await play.rows("cancelled")}
    assert states[play.room.seller]["state"] == "sent"
    assert states[play.room.buyer]["state"] == "open"
    assert states[play.room.buyer]["wake_at"] > play.now


async def test_a_reminder_goes_to_those_who_can_act_and_a_stale_one_to_nobody(
    play: Scene,
) -> None:
    await play.pay()
    play.watch.forward(hours=24)
    await play.sweep()
    buyer, seller = await play.mails_sent()
    assert "24 heures" in buyer["Subject"].replace("\u00a0", " ")
    assert "24 hours" in seller["Subject"]
    play.watch.forward(hours=12)
    await play.sweep()
    await play.step(play.room.seller, Verb.START)
    [mail] = await play.mails_sent()
    assert mail["Order-Notice"] == "started"
    outcomes = [(row["state"], row["outcome"]) for row in await play.rows("reminder")]
    assert outcomes.count(("dropped", "the deadline no longer runs")) == 2
    play.watch.forward(hours=84)
    await play.sweep()
    [mail] = await play.mails_sent()
    assert mail["To"].addresses[0].display_name == "Tom"
    assert "deliver" in mail["Subject"]


async def test_a_window_of_minutes_is_not_reminded_of_by_mail(play: Scene) -> None:
    await play.pay(Policy(brief_window=180))
    for _ in range(5):
        play.watch.forward(seconds=30)
        await play.sweep()
        assert await play.mails_sent() == []
    play.watch.forward(seconds=30)
    await play.sweep()
    assert [mail["Order-Notice"] for mail in await play.mails_sent()] == ["cancelled"] * 2


def messages(play: Scene) -> list[EmailMessage]:
    return [mail.message for mail in play.smtp.received]


def is_buyers(mail: EmailMessage) -> bool:
    return bool(mail["To"].addresses[0].display_name == "Inès")


async def test_the_words_of_a_step_that_were_erased_meanwhile_are_not_mailed(play: Scene) -> None:
    await play.pay(language="en")
    await play.step(play.room.seller, Verb.DECLINE, "I live at 12 rue Haute.")
    declined = next(e.seq for e in await play.entries() if isinstance(e.event, OrderCancelled))
    await redact(play.database, play.room.order, declined)
    for mail in await play.mails_sent():
        assert "rue Haute" not in words(mail)
        assert "rue Haute" not in words(mail, "html")


async def test_a_reminder_never_overtakes_the_mail_of_the_payment(play: Scene) -> None:
    await play.open_room(Policy(brief_window=3600, reminders_percent=(50,)))
    async with play.database.transaction() as tx:  # its first try failed, and it waits for another
        later = play.watch.now + timedelta(minutes=31)
        await tx.conn.execute(
            update(notices)
            .where(notices.c.order_id == play.room.order)
            .values(wake_at=later, attempts=1)
        )
    play.watch.forward(minutes=30)
    await play.sweep()
    assert await play.mails_sent() == []
    play.watch.forward(minutes=1)
    assert {mail["Order-Notice"] for mail in await play.mails_sent()} == {"order_paid"}
    play.watch.forward(seconds=10)
    assert {mail["Order-Notice"] for mail in await play.mails_sent()} == {"reminder"}
