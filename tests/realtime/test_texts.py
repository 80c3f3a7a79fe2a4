"""The server's sentences: complete in both languages, exact, and set as each language is set."""

import re
import string
from datetime import UTC, date, datetime, timedelta
from importlib import resources

import msgspec
import pytest

from orders.decisions import OrderFacts, RunningTimer
from orders.errors import ChatClosed, InCall, NotYours, OrderUnknown, Refused, TextTooLong
from orders.events import OrderId, Role, State, Timer
from orders.money import Means, visibility
from orders.policy import Policy
from orders.situation import (
    Deadline,
    OpenMoney,
    Refund,
    Situation,
    Zero,
    see,
)
from realtime import refusals, texts
from realtime.texts.catalogue import CATALOGUES
from realtime.texts.formats import clock

PAID = datetime(2026, 7, 10, 9, 0, tzinfo=UTC)  # a Friday; the 14th is a holiday in France
SPACE = "\u00a0"


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", sorted(texts.KEYS))
def test_both_languages_have_the_key_with_the_same_facts(key: str) -> None:
    french, english = CATALOGUES["fr"].texts[key], CATALOGUES["en"].texts[key]
    assert len(french) == len(english)
    assert all((*french, *english))
    named = [placeholders(text) - {"count"} for text in (*french, *english)]
    assert all(names == named[0] for names in named)


def test_neither_language_has_a_key_of_its_own() -> None:
    assert CATALOGUES["fr"].texts.keys() == CATALOGUES["en"].texts.keys() == texts.KEYS


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_no_key_stands_twice(language: str) -> None:
    stored = resources.files("realtime.texts").joinpath(f"{language}.po").read_text()
    keys = re.findall(r'^msgid "(.+)"$', stored, re.MULTILINE)
    assert sorted(keys) == sorted(set(keys))


def test_every_refusal_state_and_zero_has_its_sentence() -> None:
    assert refusals.OriginRefused.code in Refused.catalogue
    wanted = {f"refused.{code}" for code in Refused.catalogue}
    wanted |= {f"state.{state}" for state in State} | {f"role.{role}" for role in Role}
    wanted |= {f"zero.{role}.{zero}" for role in Role for zero in Zero}
    wanted |= {f"zero.buyer.{Zero.CANCELLED_REFUNDED}.{means}" for means in Means}
    for key in ("refund", "refund_part"):
        wanted |= {f"{key}.{role}" for role in Role} | {f"{key}.buyer.{means}" for means in Means}
    assert wanted <= texts.KEYS


def test_no_refusal_text_names_a_code_that_does_not_exist() -> None:
    codes = set(Refused.catalogue)
    told = {key.split(".")[1] for key in texts.KEYS if key.startswith("refused.")}
    assert told == codes


@pytest.mark.parametrize(("key", "forms"), sorted(CATALOGUES["fr"].texts.items()))
def test_french_is_set_with_its_own_spaces_and_apostrophes(
    key: str, forms: tuple[str, ...]
) -> None:
    for text in forms:
        plain = re.sub(r"\d:\d", "", text)
        assert not re.search(rf"[^{SPACE}][;:!?»]", plain), (key, text)
        assert not re.search(rf"«[^{SPACE}]", plain), (key, text)
        assert "'" not in text, (key, text)
        assert '"' not in text, (key, text)


@pytest.mark.parametrize(("key", "forms"), sorted(CATALOGUES["en"].texts.items()))
def test_english_is_set_with_typographic_apostrophes(key: str, forms: tuple[str, ...]) -> None:
    for text in forms:
        assert "'" not in text, (key, text)
        assert not re.search(rf"[{SPACE} ][;:!?]", text), (key, text)


@pytest.mark.parametrize(
    ("language", "other_words"),
    [
        ("fr", r"ouvr\w+ un litige|gelée?\b|porte-monnaie|plateforme"),
        ("en", r"open\w* a dispute|froze|freez"),
    ],
)
def test_what_one_may_do_and_what_happened_is_named_as_on_the_screen(
    language: str, other_words: str
) -> None:
    told = CATALOGUES[language].texts
    assert [key for key in told if re.search(other_words, " ".join(told[key]))] == []


@pytest.mark.parametrize("language", ["de", "", "xx-YY", None])
def test_who_speaks_neither_reads_french(language: str | None) -> None:
    assert texts.known_language(language) == "fr"


@pytest.mark.parametrize("language", ["en", "EN", "en-US", "en_GB"])
def test_every_english_is_english(language: str) -> None:
    assert texts.sentence(language, "refused.order_unknown").startswith("There is no such order")


def test_a_fact_from_a_person_is_filled_in_and_never_read_as_a_text() -> None:
    said = texts.sentence("en", "moment", day="{city}", time="{0}", city="{day.__class__}")
    assert said == "{city} at {0} ({day.__class__} time)"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Marc", "Appel manqué de Marc"),
        ("Inès", "Appel manqué d’Inès"),
        ("Élodie", " d’Élodie"),
        ("E\u0301lodie", " d’E\u0301lodie"),
        ("Óscar", " d’Óscar"),
        ("Œdipe", " d’Œdipe"),
        ("Øystein", " d’Øystein"),
        ("Yves", " d’Yves"),
        ("Yasmine", " de Yasmine"),
        ("Youssef", " de Youssef"),
    ],
)
def test_french_elides_before_a_name(name: str, told: str) -> None:
    assert told in texts.sentence("fr", "mail.missed_call.heading", count=1, other=name)


@pytest.mark.parametrize(
    ("city", "told"), [("Paris", "de Paris"), ("Athènes", "d’Athènes"), ("Hong Kong", "de Hong")]
)
def test_french_elides_before_a_city(city: str, told: str) -> None:
    assert told in texts.sentence("fr", "moment", day="lundi", time="9:00", city=city)
    assert told in texts.sentence("fr", "record.zone", city=city)


def test_french_elides_before_a_name_alone_and_not_before_what_it_says() -> None:
    said = texts.sentence(
        "fr", "mail.missed_call.subject", count=1, other="{title}", title="de {other}"
    )
    assert "de {title}" in said
    assert "de {other}" in said


def test_a_refusal_is_told_by_its_most_exact_sentence() -> None:
    assert texts.refusal("en", InCall(who="you")).startswith("You are in a call already")
    assert texts.refusal("en", InCall(who="other")).startswith("The other party")
    assert "en pause" in texts.refusal("fr", ChatClosed(state="delivered", reason="delivered"))
    assert texts.refusal("en", NotYours(verb="order.start", role="buyer")) == (
        "It is the seller who starts the order."
    )
    assert texts.refusal("fr", OrderUnknown(order="o_1")) == (
        "Cette commande n’existe pas, ou elle n’est pas la vôtre."
    )


def test_numbers_in_sentences_are_written_as_the_language_writes_them() -> None:
    refused = TextTooLong(limit=5000, length=12345)
    assert "12,345 characters of at most 5,000" in texts.refusal("en", refused)
    assert "12\u202f345 caractères pour 5\u202f000" in texts.refusal("fr", refused)


@pytest.mark.parametrize(
    ("language", "cents", "currency", "written"),
    [
        ("fr", 4500, "EUR", f"45,00{SPACE}€"),
        ("en", 4500, "EUR", "€45.00"),
        ("fr", 123456789, "EUR", f"1\u202f234\u202f567,89{SPACE}€"),
        ("en", 1, "USD", "US$0.01"),
        ("fr", 1500, "JPY", f"1\u202f500{SPACE}JPY"),
    ],
)
def test_money_is_exact_to_its_smallest_unit(
    language: str, cents: int, currency: str, written: str
) -> None:
    assert texts.money(language, cents, currency).replace("¥", "JPY") == written


@pytest.mark.parametrize(
    ("language", "zone", "written"),
    [
        ("fr", "Europe/Paris", "vendredi 10 juillet à 11:00 (heure de Paris)"),
        ("en", "Europe/Paris", "Friday 10 July at 11:00 (Paris time)"),
        ("fr", "Indian/Antananarivo", "vendredi 10 juillet à 12:00 (heure d’Antananarivo)"),
        ("en", "UTC", "Friday 10 July at 09:00 (UTC)"),
        ("fr", "Pacific/Auckland", "vendredi 10 juillet à 21:00 (heure d’Auckland)"),
    ],
)
def test_a_moment_says_whose_clock_it_is_on(language: str, zone: str, written: str) -> None:
    assert texts.moment(language, PAID, zone).replace(SPACE, " ") == written
    assert clock(language, PAID, zone) in written


def test_the_first_of_a_month_is_an_ordinal_in_french_alone() -> None:
    assert texts.day("fr", date(2026, 5, 1)) == f"vendredi 1er{SPACE}mai"
    assert texts.day("en", date(2026, 5, 1)) == f"Friday 1{SPACE}May"


def test_near_another_moment_the_day_is_told_only_if_it_is_not_today() -> None:
    told = [
        texts.moment_here(language, PAID, "Europe/Paris", PAID + timedelta(hours=hours))
        for language, hours in (("fr", 12), ("fr", 13), ("en", 24))
    ]
    day = f"10{SPACE}"
    assert told == ["11:00", f"vendredi {day}juillet à 11:00", f"Friday {day}July at 11:00"]


@pytest.mark.parametrize(
    ("length", "french", "english"),
    [
        (timedelta(hours=48), "48 heures", "48 hours"),
        (timedelta(hours=24, seconds=-2), "24 heures", "24 hours"),
        (timedelta(minutes=125), "2 heures et 5 minutes", "2 hours and 5 minutes"),
        (timedelta(days=4), "4 jours", "4 days"),
        (timedelta(seconds=90), "90 secondes", "90 seconds"),
        (timedelta(hours=1), "1 heure", "1 hour"),
        (timedelta(seconds=-5), "0 seconde", "0 seconds"),
    ],
)
def test_a_length_of_time_is_told_in_two_units_at_most(
    length: timedelta, french: str, english: str
) -> None:
    assert texts.duration("fr", length).replace(SPACE, " ") == french
    assert texts.duration("en", length) == english


def situation(role: Role, means: Means, *, refunded: bool = False) -> Situation:
    facts = OrderFacts(
        id=OrderId("o_1"),
        state=State.CANCELLED if refunded else State.AWAITING_VALIDATION,
        state_since=PAID,
        turn=None if refunded else Role.BUYER,
        turn_since=PAID,
        brief_handed=False,
        price_cents=4500,
        held_cents=0 if refunded else 4500,
        currency="EUR",
        chat_tail_over=False,
        policy=Policy(),
    )
    timer = Timer.CHAT_TAIL if refunded else Timer.BRIEF_WINDOW
    clocks = (RunningTimer(timer, PAID, PAID + timedelta(hours=48)),)
    ledger = OpenMoney(means, 4500, PAID, confirmed=True) if refunded else OpenMoney(means)
    return see(facts, role, PAID, 3, clocks, ledger, None)


@pytest.mark.parametrize(
    ("means", "language", "ending"),
    [
        (Means.WALLET, "en", "refunded in full, visible in your wallet at once."),
        (Means.PAYPAL, "fr", "remboursés, visibles aussitôt sur votre compte PayPal."),
        # zero is Sunday 12 July; the 14th is a holiday: Monday, Wednesday, Thursday is three
        (Means.CARD, "fr", "compte bancaire entre le jeudi 16 juillet et le lundi 20 juillet."),
        (Means.CARD, "en", "bank account between Thursday 16 July and Monday 20 July."),
    ],
)
def test_the_buyer_reads_what_zero_does_and_when_the_money_is_visible(
    means: Means, language: str, ending: str
) -> None:
    [deadline] = texts.situate(situation(Role.BUYER, means), language).deadlines
    assert deadline.text.replace(SPACE, " ").endswith(ending)
    assert texts.money(language, 4500, "EUR") in deadline.text


@pytest.mark.parametrize("means", list(Means))
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_seller_reads_that_the_buyer_is_refunded_and_never_how(
    means: Means, language: str
) -> None:
    for refunded in (False, True):
        seen = texts.situate(situation(Role.SELLER, means, refunded=refunded), language)
        told = " ".join(
            [d.text for d in seen.deadlines] + ([seen.refund.text] if seen.refund else [])
        )
        assert re.search("intégralement remboursé|refunded in full", told)
        assert not re.search("PayPal|portefeuille|wallet|bancaire|bank", told)


def test_a_part_that_a_mediator_gave_back_is_not_called_all_of_it() -> None:
    whole = situation(Role.BUYER, Means.WALLET, refunded=True)
    split = msgspec.structs.replace(whole, state=State.CLOSED)
    refund = texts.situate(split, "en").refund
    assert refund is not None
    assert refund.text == "€45.00 has been refunded to you and is in your wallet already."


def test_a_refund_by_card_names_its_two_days_to_the_buyer() -> None:
    refund = texts.situate(situation(Role.BUYER, Means.CARD, refunded=True), "en").refund
    assert refund is not None
    assert refund.text.replace(SPACE, " ") == (
        "Your €45.00 has been refunded in full and will show on your bank account "
        "between Thursday 16 July and Monday 20 July."
    )


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("zero", list(Zero))
@pytest.mark.parametrize("means", [*Means, None])
def test_every_zero_of_every_viewer_becomes_one_whole_sentence(
    language: str, role: Role, zero: Zero, means: Means | None
) -> None:
    visible = None
    if means and role is Role.BUYER and zero is Zero.CANCELLED_REFUNDED:
        visible = visibility(means, PAID, "FR", "Europe/Paris")
    deadline = Deadline(Timer.BRIEF_WINDOW, PAID, PAID, zero, 4500, "EUR", visible)
    refund = Refund(4500, "EUR", PAID, visible)
    for text in (
        texts.zero_sentence(language, role, deadline),
        texts.refund_sentence(language, role, refund, in_full=True),
        texts.refund_sentence(language, role, refund, in_full=False),
    ):
        assert text.endswith(".")
        assert "{" not in text
        assert "  " not in text


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("means", Means)
def test_a_refund_that_is_not_confirmed_yet_is_not_told_as_done(
    language: str, means: Means
) -> None:
    ordered = Refund(4500, "EUR", PAID, visibility(means, PAID, "FR", "Europe/Paris"))
    done = msgspec.structs.replace(ordered, confirmed=True)
    said, later = (
        texts.refund_sentence(language, Role.BUYER, refund, in_full=True)
        for refund in (ordered, done)
    )
    assert said != later
    assert re.search("confirm", said)
    assert not re.search("confirm", later)
