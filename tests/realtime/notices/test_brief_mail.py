"""Mails about the readiness list: what was given, what is wanted, and what was missing at zero."""

from __future__ import annotations

import pytest

from orders.brief import Asked, Move
from orders.briefing import move_item
from orders.events import PersonId
from tests.realtime.notices.scene import Scene, words


async def move(play: Scene, person: PersonId, asked: Asked) -> None:
    """Move an item of the list."""
    await move_item(play.database, play.room.order, person, asked, f"m-{asked.move}-{asked.note}")


@pytest.mark.parametrize(
    ("language", "given", "wanted", "missing"),
    [
        (
            "fr",
            "Élément transmis : La vitesse d'élocution",
            "Il manque encore : Le logo en vectoriel",
            "Il manquait encore : ",
        ),
        (
            "en",
            "Given for the brief: The pace",
            "Still missing: Le logo en vectoriel",
            "What was still missing: ",
        ),
    ],
)
async def test_items_given_and_wanted_are_mailed_if_unseen_and_missing_ones_at_zero(
    play: Scene, language: str, given: str, wanted: str, missing: str
) -> None:
    await play.pay(language=language, brief=None)
    buyer, seller = play.room.buyer, play.room.seller
    await move(play, buyer, Asked(Move.GIVE, "voice-over.pace", note="Lente et posée."))
    await move(play, seller, Asked(Move.ADD, label="Le logo en vectoriel"))
    await move(play, seller, Asked(Move.ACCEPT, "voice-over.pace"))
    play.watch.forward(minutes=3)
    to_buyer, to_seller = await play.mails_sent()
    assert given in words(to_seller)
    assert "> Lente et posée." in words(to_seller)
    assert wanted in words(to_buyer)
    assert "pace" not in words(to_buyer)
    play.watch.forward(hours=48)
    await play.sweep()
    for mail in await play.mails_sent():
        if mail["Order-Notice"] == "cancelled":
            assert missing in words(mail)
            assert "Le logo en vectoriel." in words(mail)


async def test_a_file_that_lies_unseen_is_named(play: Scene) -> None:
    await play.pay(language="en")
    await play.share_file(play.room.buyer, "script\r\n<final>.pdf")
    play.watch.forward(minutes=3)
    [mail] = await play.mails_sent()
    assert "File: script <final>.pdf" in words(mail)
    assert "script &lt;final&gt;.pdf" in words(mail, "html")


@pytest.mark.parametrize(
    ("language", "called"), [("fr", "Message vocal · 1:02"), ("en", "Voice note · 1:02")]
)
async def test_a_voice_note_is_told_by_its_length_and_not_by_its_files_name(
    play: Scene, language: str, called: str
) -> None:
    await play.pay(language=language)
    await play.leave_voice_note(play.room.buyer, 61_700)
    play.watch.forward(minutes=3)
    [mail] = await play.mails_sent()
    for kind in ("plain", "html"):
        assert called in words(mail, kind)
        assert "voice-note.ogg" not in words(mail, kind)
