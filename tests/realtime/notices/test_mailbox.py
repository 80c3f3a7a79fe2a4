"""The demo's mailbox takes mails over SMTP and shows them, newest first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import aiosmtplib
import pytest

from realtime.notices import mailbox
from realtime.notices.mailbox import Mailbox
from realtime.notices.smtp import Accepted, Failed, Line, Refused, SmtpSettings

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def mail(subject: str, at: datetime = AT, to: str = "Inès <ines@post.test>") -> bytes:
    """A small mail with both parts."""
    message = EmailMessage()
    message["From"] = "room@atelier.test"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Order-Notice"] = "unread"
    message["Order-Id"] = "o_1"
    message.set_content(f"{subject} in words")
    message.add_alternative(f"<p>{subject} in HTML</p>", subtype="html")
    return bytes(message)


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[tuple[Mailbox, Line]]:
    """A mailbox that listens, and a line to it."""
    opened = Mailbox(tmp_path / "var" / "mails")
    settings = await opened.start()
    async with Line(settings) as line:
        yield opened, line
    await opened.close()


async def put(line: Line, content: bytes) -> None:
    assert await line.deliver("room@atelier.test", "ines@post.test", content) == Accepted()


async def test_a_mail_that_came_is_listed_with_what_the_page_shows(
    box: tuple[Mailbox, Line],
) -> None:
    opened, line = box
    assert opened.list() == []
    await put(line, mail("Première"))
    await put(line, mail("Seconde", AT + timedelta(seconds=1)))
    second, first = opened.list()
    assert (second.subject, first.subject) == ("Seconde", "Première")
    assert (first.to, first.to_name, first.kind, first.order, first.at) == (
        "ines@post.test",
        "Inès",
        "unread",
        "o_1",
        AT,
    )
    assert first.text.strip() == "Première in words"
    assert (opened.html(first.id) or "").strip() == "<p>Première in HTML</p>"


async def test_a_mail_nobody_sent_is_not_there(box: tuple[Mailbox, Line]) -> None:
    assert box[0].html("../../etc/passwd") is None
    assert box[0].html("") is None


async def test_clearing_leaves_an_empty_box(box: tuple[Mailbox, Line]) -> None:
    opened, line = box
    await put(line, mail("Old"))
    opened.clear()
    assert opened.list() == []
    await put(line, mail("New"))
    assert [kept.subject for kept in opened.list()] == ["New"]


async def test_only_the_newest_mails_are_kept(box: tuple[Mailbox, Line]) -> None:
    opened, line = box
    for number in range(mailbox.KEPT + 3):
        await put(line, mail(f"n{number}", AT + timedelta(seconds=number)))
    kept = opened.list()
    assert len(kept) == mailbox.KEPT
    assert (kept[0].subject, kept[-1].subject) == (f"n{mailbox.KEPT + 2}", "n3")


async def test_what_is_no_mail_or_too_large_is_refused(box: tuple[Mailbox, Line]) -> None:
    opened, line = box
    junk = await line.deliver("room@atelier.test", "ines@post.test", b"\x00 junk")
    assert isinstance(junk, Refused)
    large = mail("x") + b"y" * mailbox.MAIL_BYTES
    assert isinstance(await line.deliver("room@atelier.test", "a@b.test", large), Refused)
    assert opened.list() == []


async def test_the_mails_are_still_there_after_a_restart(tmp_path: Path) -> None:
    for count in (1, 2):
        opened = Mailbox(tmp_path / "mails")
        async with Line(await opened.start()) as line:
            await put(line, mail("Kept"))
        await opened.close()
        assert len(opened.list()) == count


async def test_a_closed_mailbox_takes_nothing(tmp_path: Path) -> None:
    opened = Mailbox(tmp_path / "mails")
    settings = await opened.start()
    await opened.close()
    async with Line(settings) as line:
        outcome = await line.deliver("room@atelier.test", "ines@post.test", mail("x"))
    assert isinstance(outcome, Failed)
    assert outcome.outage


async def test_a_burst_uses_one_connection_and_two_do_not_mix(tmp_path: Path) -> None:
    opened = Mailbox(tmp_path / "mails")
    settings = await opened.start()
    async with Line(settings) as one, Line(settings) as other:
        await asyncio.gather(
            *(
                put(line, mail(f"{name}{n}"))
                for name, line in (("a", one), ("b", other))
                for n in "12"
            )
        )
        assert isinstance(one._smtp, aiosmtplib.SMTP)
        assert one._smtp.is_connected
    assert sorted(kept.subject for kept in opened.list()) == ["a1", "a2", "b1", "b2"]
    await opened.close()


async def test_it_closes_whoever_is_connected_and_says_nothing(tmp_path: Path) -> None:
    opened = Mailbox(tmp_path / "mails")
    settings = await opened.start()
    clients = await asyncio.gather(
        *(asyncio.open_connection(settings.host, settings.port) for _ in range(3))
    )
    async with asyncio.timeout(60):
        await opened.close()
        for reader, writer in clients:
            await reader.read()  # to its end
            writer.close()


@pytest.mark.parametrize(
    ("url", "host", "port", "encryption", "user", "password"),
    [
        ("smtp://mail.test", "mail.test", 25, "smtp", "", ""),
        ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, "smtp", "", ""),
        ("smtps://u%40x:p%2Fw@mail.test", "mail.test", 465, "smtps", "u@x", "p/w"),
        ("smtp+starttls://u:pass@mail.test", "mail.test", 587, "smtp+starttls", "u", "pass"),
    ],
)
def test_the_mail_server_is_one_url(
    url: str, host: str, port: int, encryption: str, user: str, password: str
) -> None:
    read = SmtpSettings.parse(url)
    assert (read.host, read.port, read.encryption) == (host, port, encryption)
    assert (read.user, read.password) == (user, password)
    assert password == "" or password not in repr(read)


@pytest.mark.parametrize(
    "url", ["", "mail.test", "http://mail.test", "smtp://", "smtp://u:secret@host:no"]
)
def test_a_url_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"mail|URL") as refused:
        SmtpSettings.parse(url)
    assert "secret" not in str(refused.value)
