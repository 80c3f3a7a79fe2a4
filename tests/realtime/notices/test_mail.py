"""Each kind of mail, in both languages: what happened, until when, what zero does, one button."""

from __future__ import annotations

import pytest

from orders.agreements import answer, propose
from orders.commands import Person, take_step
from orders.events import CallEnd, PersonId, Role
from orders.mediation import freeze, send_mediator
from orders.money import Means
from orders.policy import CallsBy, Policy
from orders.proposals import Outcome, ProposalKind
from orders.workflow import Verb
from realtime.notices.looking import QUOTED
from tests.realtime.notices.scene import Scene, check, subject, words

LANGUAGES = ["fr", "en"]


@pytest.mark.parametrize(
    ("language", "titles", "buyer_facts", "seller_facts"),
    [
        (
            "fr",
            ("Commande payée : « Voix off de deux minutes »", "Nouvelle commande : « Voix off"),
            (
                "Bonjour Inès,",
                "Vos 50,00 € sont en sécurité sur un compte séquestre",
                "mercredi 25 novembre à 10:30 (heure de Paris)",
                "entre le lundi 30 novembre et le mercredi 2 décembre",
                "créez un compte à part",
            ),
            (
                "Inès vient de payer 50,00 €",
                "l'acheteur est intégralement remboursé de ses 50,00 €",
            ),
        ),
        (
            "en",
            ("Order paid: “Voix off de deux minutes”", "New order: “Voix off de deux minutes”"),
            (
                "Hello Inès,",
                "Your €50.00 is safe in escrow",
                "Wednesday 25 November at 10:30 (Paris time)",
                "bank account between Monday 30 November and Wednesday 2 December",
                "make a separate account",
            ),
            ("Inès has just paid €50.00", "the buyer's €50.00 is refunded in full"),
        ),
    ],
)
async def test_order_paid(
    play: Scene,
    language: str,
    titles: tuple[str, str],
    buyer_facts: tuple[str, ...],
    seller_facts: tuple[str, ...],
) -> None:
    buyer, seller = await play.pay(language=language)
    assert subject(buyer).startswith(titles[0])
    assert subject(seller).startswith(titles[1])
    check(buyer, play, Role.BUYER, *buyer_facts)
    check(seller, play, Role.SELLER, *seller_facts)
    assert "compte à part" not in words(seller)


@pytest.mark.parametrize(
    ("language", "one", "several", "more"),
    [
        ("fr", "Inès vous a écrit :", "13 messages d'Inès :", "3 autres messages vous attendent"),
        ("en", "Inès wrote to you:", "13 messages from Inès:", "3 more messages are waiting"),
    ],
)
async def test_unread(play: Scene, language: str, one: str, several: str, more: str) -> None:
    await play.pay(language=language)
    seq = await play.say(play.room.buyer, "Le ton est chaleureux.\nPas trop vite !")
    play.watch.forward(minutes=3)
    [mail] = await play.mails_sent()
    assert subject(mail).startswith(one)
    check(mail, play, Role.SELLER, "Le ton est chaleureux.", "Inès", "10:30")
    assert "> Pas trop vite !" in words(mail)
    await play.read(play.room.seller, seq)
    for number in range(QUOTED + 3):
        await play.say(play.room.buyer, f"line number {number:02}")
    play.watch.forward(minutes=3)
    [mail] = await play.mails_sent()
    assert subject(mail).startswith(several)
    check(mail, play, Role.SELLER, "line number 09", more)
    assert "line number 10" not in words(mail)


@pytest.mark.parametrize(
    ("language", "said", "todo"),
    [
        ("fr", "Inès vous a tout transmis", "démarrez la commande si rien ne manque"),
        ("en", "Inès has sent you everything", "start the order if nothing is missing"),
    ],
)
async def test_a_brief_handed_over_and_not_seen(
    play: Scene, language: str, said: str, todo: str
) -> None:
    await play.pay(language=language)
    await play.step(play.room.buyer, Verb.HAND_OVER, "Tout est dans le document.")
    play.watch.forward(minutes=3)
    [mail] = await play.mails_sent()
    assert subject(mail).startswith(said)
    check(mail, play, Role.SELLER, "Tout est dans le document.", todo)


@pytest.mark.parametrize(
    ("language", "buyer_says", "seller_says", "zero"),
    [
        (
            "fr",
            "Il reste 24 heures pour compléter votre cahier des charges",
            "Il vous reste 24 heures pour démarrer",
            "Si vous n'avez pas démarré d'ici là, la commande est annulée",
        ),
        (
            "en",
            "24 hours left to complete your brief",
            "24 hours left for you to start",
            "If you have not started by then, the order is cancelled",
        ),
    ],
)
async def test_reminder_of_the_brief_window(
    play: Scene, language: str, buyer_says: str, seller_says: str, zero: str
) -> None:
    await play.pay(language=language, means=Means.WALLET)
    play.watch.forward(hours=24)
    await play.sweep()
    play.watch.forward(seconds=40)  # the mail is a little late, the number stays round
    buyer, seller = await play.mails_sent()
    assert subject(buyer).startswith(buyer_says)
    assert subject(seller).startswith(seller_says)
    check(buyer, play, Role.BUYER, "25 ", "10:30")
    check(seller, play, Role.SELLER, zero)


@pytest.mark.parametrize(
    ("language", "started", "zero", "delivered", "by", "closed_buyer", "closed_seller"),
    [
        (
            "fr",
            "Tom a démarré : « Voix off",
            "vous pourrez l'annuler sans l'accord du vendeur",
            "Votre commande est livrée : «",
            "vos 50,00 € sont versés au vendeur",
            "vos 50,00 € ont été versés à Tom",
            "Commande terminée, 50,00 € pour vous",
        ),
        (
            "en",
            "Tom has started: “Voix off",
            "you may cancel it without the seller's agreement",
            "Your order is delivered: “",
            "your €50.00 goes to the seller",
            "your €50.00 has gone to Tom",
            "Order complete, €50.00 for you",
        ),
    ],
)
async def test_started_delivered_closed(
    play: Scene,
    language: str,
    started: str,
    zero: str,
    delivered: str,
    by: str,
    closed_buyer: str,
    closed_seller: str,
) -> None:
    await play.pay(language=language)
    await play.step(play.room.seller, Verb.START)
    [mail] = await play.mails_sent()
    assert subject(mail).startswith(started)
    check(mail, play, Role.BUYER, zero)
    await play.step(play.room.seller, Verb.DELIVER, "Deux prises, au choix.")
    [mail] = await play.mails_sent()
    assert subject(mail).startswith(delivered)
    check(mail, play, Role.BUYER, "Deux prises, au choix.", by)
    await play.step(play.room.buyer, Verb.CLOSE)
    buyer, seller = await play.mails_sent()
    check(buyer, play, Role.BUYER, closed_buyer)
    assert subject(seller).startswith(closed_seller)
    check(seller, play, Role.SELLER)


@pytest.mark.parametrize(
    ("language", "means", "said", "why"),
    [
        (
            "fr",
            Means.WALLET,
            "vous sont remboursés dans votre portefeuille",
            "sans que Tom ait démarré",
        ),
        (
            "fr",
            Means.PAYPAL,
            "vous sont remboursés sur votre compte PayPal",
            "sans que Tom ait démarré",
        ),
        (
            "fr",
            Means.CARD,
            "sur votre compte bancaire entre le lundi 30 novembre et le mercredi 2 décembre",
            "sans que Tom ait démarré",
        ),
        (
            "en",
            Means.CARD,
            "on your bank account between Monday 30 November and Wednesday 2 December",
            "Time ran out before Tom started",
        ),
    ],
)
async def test_cancelled_at_zero_and_refunded(
    play: Scene, language: str, means: Means, said: str, why: str
) -> None:
    await play.pay(language=language, means=means)
    play.watch.forward(hours=48)
    await play.sweep()
    buyer, seller = await play.mails_sent()
    check(buyer, play, Role.BUYER, said, why)
    assert {buyer["Order-Notice"], seller["Order-Notice"]} == {"cancelled"}
    whole = {
        "fr": "intégralement remboursé de ses 50,00 €",
        "en": "€50.00 has been refunded in full",
    }
    check(seller, play, Role.SELLER, whole[language])


@pytest.mark.parametrize(
    ("language", "said"), [("fr", "ne peut pas réaliser"), ("en", "cannot do this order")]
)
async def test_declined_with_the_sellers_reason(play: Scene, language: str, said: str) -> None:
    await play.pay(language=language)
    await play.step(play.room.seller, Verb.DECLINE, "Je suis souffrant.")
    buyer, seller = await play.mails_sent()
    check(buyer, play, Role.BUYER, said, "Je suis souffrant.")
    assert "souffrant" not in words(seller)


@pytest.mark.parametrize(
    ("language", "said", "todo"),
    [
        ("fr", "a cherché à vous joindre le lundi 23 novembre à 10:30", "Rappelez depuis"),
        ("en", "tried to reach you on Monday 23 November at 10:30", "Call back from the order"),
    ],
)
async def test_missed_call(play: Scene, language: str, said: str, todo: str) -> None:
    await play.pay(language=language)
    call = await play.ring(play.room.seller)
    play.watch.forward(seconds=30)
    await play.end_call(call, CallEnd.NO_ANSWER)
    play.watch.forward(seconds=30)
    [mail] = await play.mails_sent()
    check(mail, play, Role.BUYER, f"Tom {said}", todo)


async def test_who_may_not_call_is_not_told_to_call_back(play: Scene) -> None:
    await play.pay(Policy(calls_by=CallsBy.SELLER), language="en")
    call = await play.ring(play.room.seller)
    play.watch.forward(seconds=30)
    await play.end_call(call, CallEnd.NO_ANSWER)
    play.watch.forward(seconds=30)
    [mail] = await play.mails_sent()
    assert "Call back" not in words(mail)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_revision_asked_for_refused_and_disputed(play: Scene, language: str) -> None:
    say = {
        "fr": ("demande une retouche", "refuse la retouche", "Litige ouvert"),
        "en": ("asks for changes", "refuses the changes", "Dispute opened"),
    }[language]
    await play.pay(language=language, means=Means.WALLET)
    await play.step(play.room.seller, Verb.START)
    await play.step(play.room.seller, Verb.DELIVER)
    await play.mails_sent()
    await play.step(play.room.buyer, Verb.REQUEST_REVISION, "Plus lent, s'il vous plaît.")
    [asked] = await play.mails_sent()
    check(asked, play, Role.SELLER, f"Inès {say[0]}", "Plus lent, s'il vous plaît.")
    await play.step(play.room.seller, Verb.REFUSE_REVISION, "Le tempo était convenu.")
    [refused] = await play.mails_sent()
    check(refused, play, Role.BUYER, f"Tom {say[1]}", "Le tempo était convenu.")
    await play.step(play.room.buyer, Verb.DISPUTE, "Je ne suis pas d'accord.")
    buyer, seller = await play.mails_sent()
    assert subject(buyer).startswith(say[2])
    check(seller, play, Role.SELLER, "Je ne suis pas d'accord.")
    assert "pas d'accord" not in words(buyer)


@pytest.mark.parametrize(
    ("language", "buyer_gets", "split"),
    [
        (
            "fr",
            "Vos 20,00 € vous sont remboursés dans votre portefeuille",
            "20,00 € sont remboursés à l'acheteur et 30,00 € versés au vendeur",
        ),
        (
            "en",
            "Your €20.00 is being refunded to your wallet",
            "€20.00 is refunded to the buyer and €30.00 goes to the seller",
        ),
    ],
)
async def test_a_mediator_decides(play: Scene, language: str, buyer_gets: str, split: str) -> None:
    await play.pay(language=language, means=Means.WALLET)
    await freeze(play.database, play.room.order, "checks")
    assert [mail["Order-Notice"] for mail in await play.mails_sent()] == ["dispute", "dispute"]
    ana = Person("ana", "Ana", "ana@post.test", language)
    await send_mediator(play.database, play.room.order, "ana", ana)
    mediator = PersonId("ana")
    for mail in await play.mails_sent():
        assert "Ana" in words(mail).splitlines()[0]
    await play.say(mediator, "Je lis votre dossier.")
    await play.say(play.room.buyer, "Merci.")
    play.watch.forward(minutes=3)
    to_buyer, to_seller, to_mediator = sorted(
        await play.mails_sent(), key=lambda mail: "Inès Tom Ana".index(str(mail["To"]).split()[0])
    )
    check(to_buyer, play, Role.BUYER, "Ana", "Je lis votre dossier.")
    joined = {"fr": "2 messages d'Ana et Inès", "en": "2 messages from Ana and Inès"}[language]
    assert subject(to_seller).startswith(joined)
    assert "Merci." in words(to_mediator)
    await take_step(
        play.database, play.room.order, mediator, Verb.DECIDE_SPLIT, "d1", "Partagé.", 2000
    )
    buyer, seller = await play.mails_sent()
    check(buyer, play, Role.BUYER, split, buyer_gets, "Ana", "Partagé.")
    check(seller, play, Role.SELLER, split, "Partagé.")


@pytest.mark.parametrize(
    ("language", "asked", "accepted", "declined"),
    [
        (
            "fr",
            "Tom propose 48 heures de plus",
            "l'échéance est repoussée de 48 heures",
            "L'échéance reste ce qu'elle était",
        ),
        (
            "en",
            "Tom proposes 48 hours more",
            "the deadline moves by 48 hours",
            "The deadline stays what it was",
        ),
    ],
)
async def test_more_time_proposed(
    play: Scene, language: str, asked: str, accepted: str, declined: str
) -> None:
    await play.pay(language=language)
    order, buyer, seller = play.room.order, play.room.buyer, play.room.seller
    for client_id, outcome in (("p1", Outcome.DECLINED), ("p2", Outcome.ACCEPTED)):
        proposed = await propose(
            play.database, order, seller, ProposalKind.TIME, 48 * 3600, client_id, "Studio fermé."
        )
        [mail] = await play.mails_sent()
        assert subject(mail).startswith(asked)
        check(mail, play, Role.BUYER, "Studio fermé.", "25 ")
        await answer(play.database, order, buyer, proposed.seq, outcome, f"{client_id}.answer")
        mails = await play.mails_sent()
        if outcome is Outcome.DECLINED:
            [mail] = mails
            check(mail, play, Role.SELLER, declined)
        else:
            check(mails[0], play, Role.BUYER, accepted, "27 ")
            check(mails[1], play, Role.SELLER, accepted, "27 ")


async def test_a_part_of_the_money_proposed_and_agreed_on(play: Scene) -> None:
    await play.pay(language="en", means=Means.PAYPAL)
    order, buyer, seller = play.room.order, play.room.buyer, play.room.seller
    proposed = await propose(play.database, order, buyer, ProposalKind.REFUND, 1500, "p1")
    [mail] = await play.mails_sent()
    assert subject(mail).startswith("Inès proposes a partial refund")
    check(mail, play, Role.SELLER, "€15.00 goes back to the buyer at once")
    await answer(play.database, order, seller, proposed.seq, Outcome.ACCEPTED, "a1")
    to_buyer, to_seller = await play.mails_sent()
    told = "Your €15.00 is being refunded to your PayPal account"
    check(to_buyer, play, Role.BUYER, told)
    check(to_seller, play, Role.SELLER, "€15.00 has been refunded to the buyer.")
    await play.step(seller, Verb.START)
    await play.step(seller, Verb.DELIVER)
    await play.step(buyer, Verb.CLOSE)
    *_, to_seller = await play.mails_sent()
    assert "€35.00 for you" in subject(to_seller)


async def test_a_proposal_that_was_withdrawn_before_the_mail_is_not_mailed(play: Scene) -> None:
    await play.pay()
    order, buyer = play.room.order, play.room.buyer
    proposed = await propose(play.database, order, buyer, ProposalKind.REFUND, 1500, "p1")
    await answer(play.database, order, buyer, proposed.seq, Outcome.WITHDRAWN, "w1")
    assert await play.mails_sent() == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_cancellation_asked_for_refused_and_taken_back(play: Scene, language: str) -> None:
    await play.pay(language=language)
    await play.step(play.room.seller, Verb.START)
    await play.mails_sent()
    await play.step(play.room.buyer, Verb.REQUEST_CANCEL, "Le projet s'arrête.")
    [asked] = await play.mails_sent()
    check(asked, play, Role.SELLER, "Le projet s'arrête.", "25 ")
    await play.step(play.room.seller, Verb.REFUSE_CANCEL, "C'est presque fini.")
    [refused] = await play.mails_sent()
    check(refused, play, Role.BUYER, "C'est presque fini.")
    await play.step(play.room.buyer, Verb.REQUEST_CANCEL, "Vraiment.")
    await play.mails_sent()
    await play.step(play.room.buyer, Verb.WITHDRAW_CANCEL)
    [taken_back] = await play.mails_sent()
    assert taken_back["Order-Notice"] == "answered"
    check(taken_back, play, Role.SELLER)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_answer_that_never_came_opens_a_right(play: Scene, language: str) -> None:
    await play.pay(language=language)
    await play.step(play.room.seller, Verb.START)
    await play.step(play.room.buyer, Verb.REQUEST_CANCEL, "Le projet s'arrête.")
    await play.mails_sent()
    for _ in range(5):
        play.watch.forward(hours=12)
        await play.sweep()
    mails = await play.mails_sent()
    said = {"fr": "Pas de réponse du vendeur", "en": "No answer from the seller"}[language]
    assert any(subject(mail).startswith(said) for mail in mails)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_late_delivery(play: Scene, language: str) -> None:
    await play.pay(Policy(delivery=3600), language=language)
    await play.step(play.room.seller, Verb.START)
    await play.mails_sent()
    play.watch.forward(hours=1)
    await play.sweep()
    buyer, seller = await play.mails_sent()
    late = {"fr": "en retard", "en": "late"}[language]
    assert late in subject(buyer)
    assert late in subject(seller)
    check(buyer, play, Role.BUYER, {"fr": "intégralement remboursés", "en": "in full"}[language])


async def test_who_waits_for_a_yes_to_cancel_hears_that_it_is_needed_no_more(play: Scene) -> None:
    await play.pay(Policy(delivery=3600, reminders_percent=()), language="en")
    await play.step(play.room.seller, Verb.START)
    await play.step(play.room.buyer, Verb.REQUEST_CANCEL, "it is over")
    await play.mails_sent()
    play.watch.forward(hours=1)
    await play.sweep()
    mails = [mail for mail in await play.mails_sent() if "late" in subject(mail)]
    assert [mail["To"].addresses[0].display_name for mail in mails] == ["Inès"]
    assert "without the seller" in words(mails[0])
    await play.step(play.room.buyer, Verb.CANCEL)
    assert {mail["Order-Notice"] for mail in await play.mails_sent()} == {"cancelled"}


@pytest.mark.parametrize(
    ("language", "left", "money"),
    [
        ("fr", "expire dans 30 jours", "reviennent à la place de marché"),
        ("en", "expires in 30 days", "goes to the marketplace"),
    ],
)
async def test_both_hear_in_time_that_the_longest_life_is_nearly_over(
    play: Scene, language: str, left: str, money: str
) -> None:
    await play.pay(Policy(delivery=10 * 24 * 3600), language=language)
    await play.step(play.room.seller, Verb.START)
    play.watch.forward(days=121)
    await play.sweep()
    await play.mails_sent()
    play.watch.forward(days=1)
    await play.sweep()
    buyer, seller = await play.mails_sent()
    assert all(left in subject(mail) for mail in (buyer, seller))
    check(buyer, play, Role.BUYER, money)
    check(seller, play, Role.SELLER, money)
    told: list[str] = []
    for days in (23, 6, 1):
        play.watch.forward(days=days)
        await play.sweep()
        told += [mail["Order-Notice"] for mail in await play.mails_sent()]
    assert told == ["reminder"] * 4 + ["expired"] * 2


async def test_the_longest_life_ends_with_a_mail_to_both(play: Scene) -> None:
    await play.pay(Policy(order_life=3600, brief_window=7200), language="en")
    play.watch.forward(hours=1)
    await play.sweep()
    mails = await play.mails_sent()
    assert [mail["Order-Notice"] for mail in mails].count("expired") == 2
