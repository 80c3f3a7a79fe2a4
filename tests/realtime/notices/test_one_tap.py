"""Links of mails that answer with one tap: sealed, short-lived, for one answer of one person."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from orders.errors import LinkOver, NotFound
from orders.events import CallEnd, OrderId, PersonId
from orders.talks import propose_talk
from realtime.notices.one_tap import Choice, OneTap, Tap, suggested
from realtime.notices.sender import NoticeWorker
from realtime.notices.smtp import SmtpSettings
from tests.realtime.notices.scene import SENDER, Scene, link, words

LIFE = 3 * 86_400.0
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # a Tuesday
AT = NOW + timedelta(hours=5)
ORDER, PERSON = OrderId("o_1"), PersonId("tom@shop")
LINKS = OneTap("a-secret", LIFE, "https://room.test")


def test_a_link_says_to_us_alone_whose_answer_it_is() -> None:
    choice = Choice(Tap.PICK, 7, (AT,))
    text = LINKS.seal(ORDER, PERSON, choice, NOW)
    assert re.fullmatch(r"[A-Za-z0-9_-]{50,400}", text)
    opened = LINKS.open(text, NOW)
    assert (opened.order, opened.person, opened.choice) == (ORDER, PERSON, choice)
    assert opened.client_id == LINKS.open(LINKS.seal(ORDER, PERSON, choice, NOW), NOW).client_id
    assert LINKS.seal(ORDER, PERSON, choice, NOW) != text


@pytest.mark.parametrize("at", range(0, 90, 9))
def test_a_link_that_was_changed_anywhere_is_none(at: int) -> None:
    text = LINKS.seal(ORDER, PERSON, Choice(Tap.NONE, 7), NOW)
    changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    with pytest.raises(NotFound):
        LINKS.open(changed, NOW)


@pytest.mark.parametrize("text", ["", "x", "é", "a" * 100_000, "====", "AAAA.BBBB"])
def test_nonsense_is_no_link(text: str) -> None:
    with pytest.raises(NotFound):
        LINKS.open(text, NOW)


def test_a_link_of_another_secret_is_none() -> None:
    other = OneTap("another-secret", LIFE, "https://room.test")
    with pytest.raises(NotFound):
        LINKS.open(other.seal(ORDER, PERSON, Choice(Tap.NONE, 7), NOW), NOW)


def test_a_link_ends_after_its_life_or_with_the_time_it_picks() -> None:
    none = LINKS.seal(ORDER, PERSON, Choice(Tap.NONE, 7), NOW)
    pick = LINKS.seal(ORDER, PERSON, Choice(Tap.PICK, 7, (AT,)), NOW)
    LINKS.open(none, NOW + timedelta(seconds=LIFE - 1))
    LINKS.open(pick, AT - timedelta(seconds=1))
    for text, late in ((none, NOW + timedelta(seconds=LIFE)), (pick, AT)):
        with pytest.raises(LinkOver):
            LINKS.open(text, late)


@pytest.mark.parametrize("days", range(7))
@pytest.mark.parametrize("hours", [0, 3, 7, 12, 15, 20])
def test_suggested_times_are_three_on_working_days_in_the_days_hours(days: int, hours: int) -> None:
    now = NOW.replace(hour=0) + timedelta(days=days, hours=hours)
    times = suggested(now, "Europe/Paris", "FR")
    assert len(set(times)) == 3
    assert list(times) == sorted(times)
    assert times[0] >= now + timedelta(hours=2)
    for at in times:
        assert at.weekday() < 5
        assert 8 <= at.hour <= 17  # 9 to 18 in Paris, in winter
    assert times[-1] - now < timedelta(days=6)


@pytest.mark.parametrize(
    ("now", "zone", "country", "first"),
    [
        # Christmas Day is a Friday
        (datetime(2026, 12, 24, 20, tzinfo=UTC), "Europe/Paris", "FR", "2026-12-28T08:00Z"),
        # Easter Monday, and the clocks went forward the day before
        (datetime(2024, 3, 30, 12, tzinfo=UTC), "Europe/Paris", "FR", "2024-04-02T07:00Z"),
        # the weekend is Friday and Saturday
        (datetime(2026, 11, 26, 20, tzinfo=UTC), "Asia/Riyadh", "SA", "2026-11-29T06:00Z"),
    ],
)
def test_no_time_is_suggested_on_a_day_that_the_orders_country_does_not_work(
    now: datetime, zone: str, country: str, first: str
) -> None:
    assert suggested(now, zone, country)[0] == datetime.fromisoformat(first)


def answers_of(mail: EmailMessage) -> dict[str, str]:
    """The links of a mail that answer, by their label; both parts have the same."""
    text = words(mail).replace("\r\n", "\n")
    found = re.findall(r"(?m)^(\S.*)\n(https://room\.test/answer\?t=\S+)$", text)
    html = words(mail, "html")
    assert re.findall(r'href="(https://room\.test/answer[^"]*)"', html) == [u for _, u in found]
    return dict(found)


@pytest.fixture
def tapping(play: Scene) -> Scene:
    """The scene with a worker whose mails carry links that answer."""
    smtp = SmtpSettings(play.smtp.host, play.smtp.port)
    play.worker = NoticeWorker(play.database, smtp, link, SENDER, LINKS.link)
    return play


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("fr", ("Se parler lundi", "Se parler lundi", "Aucun de ces moments ne me convient")),
        ("en", ("Talk on Monday", "Talk on Monday", "None of these times suits me")),
    ],
)
async def test_proposed_times_are_answered_from_the_mail(
    tapping: Scene, language: str, labels: tuple[str, ...]
) -> None:
    await tapping.pay(language=language)
    room, now = tapping.room, await tapping.database.now()
    times = (now + timedelta(hours=2), now + timedelta(hours=4))
    place = await propose_talk(tapping.database, room.order, room.seller, times, "t1")
    [mail] = await tapping.mails_sent()
    answers = answers_of(mail)
    assert all(a.startswith(b) for a, b in zip(answers, labels, strict=True))
    opened = [LINKS.open(url.partition("=")[2], now) for url in answers.values()]
    assert {(each.order, each.person) for each in opened} == {(room.order, room.buyer)}
    assert [each.choice for each in opened] == [
        Choice(Tap.PICK, place.seq, (times[0],)),
        Choice(Tap.PICK, place.seq, (times[1],)),
        Choice(Tap.NONE, place.seq),
    ]


async def test_a_missed_call_offers_to_propose_times_or_to_answer_those_proposed(
    tapping: Scene,
) -> None:
    await tapping.pay(language="en")
    room = tapping.room
    await tapping.end_call(await tapping.ring(room.buyer), CallEnd.NO_ANSWER)
    tapping.watch.forward(minutes=2)
    [mail] = await tapping.mails_sent()
    [(label, url)] = answers_of(mail).items()
    assert label == "Propose times to talk"
    opened = LINKS.open(url.partition("=")[2], tapping.now)
    assert (opened.person, opened.choice.tap) == (room.seller, Tap.PROPOSE)

    await tapping.end_call(await tapping.ring(room.buyer), CallEnd.NO_ANSWER)
    times = (await tapping.database.now() + timedelta(hours=2),)
    await propose_talk(tapping.database, room.order, room.buyer, times, "t1")
    tapping.watch.forward(minutes=2)
    for mail in await tapping.mails_sent():
        taps = [LINKS.open(u.partition("=")[2], tapping.now) for u in answers_of(mail).values()]
        assert [each.choice.tap for each in taps] == [Tap.PICK, Tap.NONE]
