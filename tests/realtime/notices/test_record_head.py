"""The mails of an order's end carry the head of its record; what was erased is in no later mail."""

import re
from email.message import EmailMessage

import pytest

from orders import export, record
from orders.record import SealingKey
from orders.redaction import redact
from orders.workflow import Verb
from tests.realtime.notices.scene import Scene, words

KEY = SealingKey.of_seed("A" * 43 + "=")
HEAD = re.compile(r"(\d+):([0-9a-f]{16})\b")


def heads(mail: EmailMessage) -> list[tuple[int, str]]:
    """The heads a mail tells, the same in both of its parts."""
    plain, html = (HEAD.findall(words(mail, kind)) for kind in ("plain", "html"))
    assert plain == html
    return [(int(seq), link) for seq, link in plain]


async def kept(play: Scene) -> record.Record:
    """The record of the order as the buyer takes it home now."""
    async with play.database.reading() as conn:
        story = await export.gather(conn, play.room.order, play.room.buyer)
    return export.sealed(story, KEY, play.now)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("end", ["cancelled", "closed"])
async def test_the_mails_of_the_end_tell_a_head_that_later_records_contain(
    play: Scene, language: str, end: str
) -> None:
    paid = await play.pay(language=language)
    steps = (
        [(play.room.buyer, Verb.CANCEL)]
        if end == "cancelled"
        else [
            (play.room.seller, Verb.START),
            (play.room.seller, Verb.DELIVER),
            (play.room.buyer, Verb.CLOSE),
        ]
    )
    mails = list(paid)
    for who, verb in steps:
        assert not any(map(heads, mails)), "only the end tells it"
        await play.step(who, verb)
        mails = await play.mails_sent()
    assert len(mails) == 2
    await play.say(play.room.buyer, "Merci, au revoir")
    found = await kept(play)
    record.check(found)
    for mail in mails:
        ((seq, link),) = heads(mail)
        assert seq < found.seal.seq
        record.check_head(found, seq, link)


async def test_an_erased_message_is_in_no_mail_sent_afterwards(play: Scene) -> None:
    await play.pay()
    secret = await play.say(play.room.buyer, "mot de passe : tournesol")
    await play.say(play.room.buyer, "Voilà tout")
    await redact(play.database, play.room.order, secret)
    play.watch.forward(minutes=4)
    (mail,) = await play.mails_sent()
    assert "Voilà tout" in words(mail)
    play.watch.forward(hours=1)
    await play.step(play.room.buyer, Verb.CANCEL)
    later = await play.mails_sent()
    assert later
    for sent in (mail, *later):
        assert "tournesol" not in sent.as_string()
        assert "tournesol" not in words(sent) + words(sent, "html")


async def test_a_mail_that_failed_and_is_tried_again_does_not_quote_what_was_erased_meanwhile(
    play: Scene,
) -> None:
    await play.pay()
    secret = await play.say(play.room.buyer, "mot de passe : tournesol")
    await play.say(play.room.buyer, "Voilà tout")
    play.watch.forward(minutes=4)
    await play.smtp.go_away()
    assert await play.mails_sent() == []
    await redact(play.database, play.room.order, secret)
    await play.smtp.come_up()
    play.watch.forward(hours=2)
    unread = [mail for mail in await play.mails_sent() if mail["Order-Notice"] == "unread"]
    assert unread
    assert all("tournesol" not in words(mail) for mail in unread)
