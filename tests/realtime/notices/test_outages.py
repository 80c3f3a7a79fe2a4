"""While the mail server or the database is away nothing is lost, and somebody is told."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from orders.errors import Unavailable
from orders.events import NoticeBounced, NoticeKind, OrderId, PersonId, Role
from orders.workflow import Verb
from realtime.notices.sender import GIVE_UP_AFTER, NoticeWorker
from realtime.notices.smtp import SmtpSettings
from tests.mail import mail_server
from tests.realtime.notices.scene import SENDER, Scene, link


async def test_whoever_runs_the_room_reads_that_the_mail_server_cannot_be_used(
    play: Scene,
) -> None:
    await play.open_room()
    async with mail_server(login=("room", "right")) as strict:
        settings = SmtpSettings(strict.host, strict.port, user="room", password="geheim")
        worker = NoticeWorker(play.database, settings, link, SENDER)
        with capture_logs() as logged:
            await worker.send_due()
            await strict.go_away()
            play.watch.forward(hours=1)
            await worker.send_due()
    warned = [line for line in logged if line["log_level"] == "warning"]
    assert {line["event"] for line in warned} == {"the mail server cannot be used"}
    assert [line["why"] for line in warned] == ["535", "SMTPConnectError"]
    assert "geheim" not in str(logged)


async def test_a_mail_that_fails_for_days_is_given_up_and_the_timeline_says_so(
    play: Scene,
) -> None:
    await play.smtp.go_away()
    await play.pay()
    paid_at = play.now
    while any(row["state"] == "open" for row in await play.rows("order_paid")):
        assert play.now < paid_at + 2 * GIVE_UP_AFTER
        play.watch.forward(hours=2)
        await play.mails_sent()
    assert play.now >= paid_at + GIVE_UP_AFTER
    assert {row["state"] for row in await play.rows("order_paid")} == {"failed"}
    told = [entry.event for entry in await play.entries()]
    assert NoticeBounced(NoticeKind.ORDER_PAID, Role.BUYER) in told


async def test_a_mail_that_nobody_tried_for_days_is_not_given_up_at_its_first_failure(
    play: Scene,
) -> None:
    await play.pay()
    [address] = [mail.recipients[0] for mail in play.smtp.received if "ines" in mail.recipients[0]]
    await play.step(play.room.seller, Verb.START)
    play.watch.forward(seconds=GIVE_UP_AFTER.total_seconds())  # no worker, or no mail server set
    play.smtp.refuse(address, permanently=False)  # as whoever greylists does at first
    assert await play.mails_sent() == []
    assert [row["state"] for row in await play.rows("started")] == ["open"]
    play.smtp.accept(address)
    play.watch.forward(minutes=1)
    assert "started" in {mail["Order-Notice"] for mail in await play.mails_sent()}


async def test_a_stopped_worker_finishes_what_is_on_one_line_although_another_line_failed(
    play: Scene,
) -> None:
    await play.pay()
    unlucky, failed = play.room.order, asyncio.Event()
    await play.step(play.room.seller, Verb.START)

    def no_database(order: OrderId, person: PersonId) -> str:
        if order == unlucky:
            failed.set()
            raise Unavailable(reason="a test")
        return link(order, person)

    settings = SmtpSettings(play.smtp.host, play.smtp.port)
    worker = NoticeWorker(play.database, settings, no_database, SENDER)
    await play.open_room()
    running = asyncio.create_task(worker.run())

    async def stop() -> None:
        async with asyncio.timeout(60):
            await failed.wait()
        for _ in range(20):  # the other line is given up
            await asyncio.sleep(0)
        running.cancel()

    play.smtp.meanwhile = stop
    with pytest.raises(asyncio.CancelledError):
        await running
    sent = [row["state"] for row in await play.rows("order_paid")]
    assert sent.count("sent") == len(play.smtp.received) - 2 >= 1
