"""The form of a mail: what people write in it, its headers, and that it loads nothing."""

from __future__ import annotations

import re

import pytest

from orders.commands import Person
from orders.events import Role
from tests.realtime.notices.scene import Scene, check, subject, words


async def test_five_thousand_characters_and_emoji_arrive_as_far_as_a_mail_should_carry_them(
    play: Scene,
) -> None:
    await play.pay()
    await play.say(play.room.buyer, ("Ça marche 👩‍💻🇫🇷 " * 500)[:5000])
    play.watch.forward(minutes=3)
    [mail] = await play.mails_sent()
    assert "Ça marche 👩‍💻🇫🇷 Ça marche" in words(mail)
    check(mail, play, Role.SELLER, "The rest is in the conversation.")
    assert len(words(mail)) < 3_000
    assert max(len(line) for line in bytes(mail).splitlines()) < 998


async def test_a_title_cannot_write_headers(play: Scene) -> None:
    title = "Logo\r\nBcc: victim@post.test\r\n\r\n<script>alert(1)</script>\u202e\x07"
    person = Person("eve", "Eve\r\nReply-To: eve@evil.test", "eve@post.test", "en")
    eves, toms = await play.pay(title=title, buyer=person)
    assert "Logo Bcc: victim@post.test <script>alert(1)</script>" in subject(eves)
    for received in play.smtp.received:
        mail = received.message
        assert mail["Bcc"] is None
        assert mail["Reply-To"] is None
        assert len(received.recipients) == 1
        assert "<script>" not in words(mail, "html")
        assert "\x07" not in mail["Subject"]
        assert "\u202e" not in words(mail)
    assert "Eve Reply-To: eve@evil.test has just paid" in words(toms)


@pytest.mark.parametrize(
    "packed",
    ["q?x=0D=0ABcc:_victim@post.test=0D=0A=0D=0A", "q?x=0ABcc:_victim@post.test", "b?4oCuZ25w"],
)
async def test_a_word_packed_as_headers_pack_them_stays_as_it_was_typed(
    play: Scene, packed: str
) -> None:
    typed = f"Logo =?utf-8?{packed}?= end"
    person = Person("eve", typed, "eve@post.test", "en")
    await play.pay(title=typed, buyer=person)
    assert len(play.smtp.received) == 2, "nor does it keep the mail from being written"
    for received in play.smtp.received:
        mail = received.message
        assert mail["Bcc"] is None
        assert mail["Order-Notice"] == "order_paid"
        assert f"?utf-8?{packed}?= end" in mail["Subject"]
        assert typed in words(mail)
    eves = next(mail.message for mail in play.smtp.received if "eve@" in mail.recipients[0])
    assert f"?utf-8?{packed}?= end" in eves["To"].addresses[0].display_name


async def test_what_a_person_writes_is_shown_and_never_interpreted(play: Scene) -> None:
    await play.pay()
    await play.say(play.room.buyer, '<b>{other}</b> & "quoted" {{ 7*7 }} %s \x07\x1b[31m end')
    play.watch.forward(minutes=3)
    [mail] = await play.mails_sent()
    assert '<b>{other}</b> & "quoted" {{ 7*7 }} %s' in words(mail)
    assert "&lt;b&gt;{other}&lt;/b&gt; &amp; &#34;quoted&#34; {{ 7*7 }} %s" in words(mail, "html")
    assert "\x1b" not in words(mail)


async def test_headers_say_that_a_machine_wrote_and_thread_an_orders_mails(play: Scene) -> None:
    buyer, seller = await play.pay()
    for mail in (buyer, seller):
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["References"] == buyer["References"] == mail["In-Reply-To"]
        assert mail["List-Id"].endswith(".orders.atelier.test>")
        assert str(mail["From"]) == "Atelier <room@atelier.test>"
        assert mail["Reply-To"] is None
        assert mail["Message-ID"].endswith("@atelier.test>")
        assert mail.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in mail.iter_parts()] == [
            "text/plain",
            "text/html",
        ]
    assert buyer["Message-ID"] != seller["Message-ID"]
    assert (buyer["Content-Language"], seller["Content-Language"]) == ("fr", "en")


async def test_a_sender_without_a_name_is_called_as_the_readers_language_does(play: Scene) -> None:
    play.worker = play.another_worker("room@atelier.test")
    french, english = await play.pay()
    assert str(french["From"]) == "La salle de commande <room@atelier.test>"
    assert str(english["From"]) == "Order room <room@atelier.test>"
    assert "La salle de commande" in words(french, "html")
    assert "Order room" not in words(french, "html") + words(french)


async def test_a_mail_loads_nothing_from_anywhere(play: Scene) -> None:
    for mail in await play.pay():
        assert not re.search(r"<img|<script|<link|url\(|@import", words(mail, "html"))
