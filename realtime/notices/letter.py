"""The words of a mail, in the reader's language. No I/O: an occasion in, a letter out.

Every letter says what happened, what the reader can do, and, where a clock runs, until when and
what happens at zero. It has one button. It never says more than the reader may know: sentences
about money come from the reader's own situation.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

import msgspec

from orders.events import (
    CallAgreed,
    CallRequested,
    CallTimesProposed,
    CancelRefused,
    CancelRequested,
    DeadlineNear,
    DisputeDecided,
    DisputeOpened,
    Event,
    MediatorJoined,
    NoticeKind,
    OptionProposed,
    OrderCancelled,
    OrderClosed,
    OrderDelivered,
    OrderFrozen,
    OrderStarted,
    ProposalAccepted,
    ProposalDeclined,
    RefundProposed,
    RevisionRefused,
    RevisionRequested,
    RightOpened,
    Role,
    TimeProposed,
    Timer,
    Wanted,
    kind_of,
)
from orders.proposals import ProposalKind
from orders.workflow import ENDED, UNPAID
from realtime.notices.occasion import About, Occasion, Quote
from realtime.notices.one_tap import Choice, Tap, TapLink
from realtime.notices.plain import clipped, one_line, several_lines
from realtime.texts import (
    duration,
    item_label,
    known_language,
    listed,
    moment,
    moment_here,
    money,
    sentence,
)

TITLE_MAX = 80
"""Characters of the order's title in a subject; mail clients show about as many."""
QUOTE_MAX = 1_500
"""Characters of one quoted message."""
HEAD_SHOWN = 16
"""Characters of the last entry's hash: 64 bits, too many to find another story for."""
ROUGH = timedelta(hours=2)
"""Beyond, the time left is told to five minutes: it was a round number when it was owed."""


class ShownQuote(msgspec.Struct, frozen=True):
    """What the other party wrote, ready to be shown. `cut` is a sentence if there is more."""

    by: str
    when: str
    text: str
    cut: str = ""


class Panel(msgspec.Struct, frozen=True):
    """The clock that runs: what for, until when, and what happens at zero."""

    label: str
    moment: str
    text: str


class Answer(msgspec.Struct, frozen=True):
    """A link that answers with one tap, without signing in."""

    label: str
    url: str


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A mail's content. All strings are plain text, free of control characters."""

    language: str
    kind: NoticeKind
    subject: str
    heading: str
    greeting: str
    paragraphs: tuple[str, ...]
    refund: str = ""
    """The one sentence about the reader's money that must not be overlooked."""
    quotes: tuple[ShownQuote, ...] = ()
    more: str = ""
    panel: Panel | None = None
    advice: str = ""
    answers: tuple[Answer, ...] = ()
    """What can be answered right from the mail."""
    title: str
    about: str
    button: str
    url: str
    head: str = ""
    """Where the order's record ends, in the mail that tells the end of the order."""
    footer: str


class _Words:
    """Sentences about one occasion: the facts that many of them share are filled in."""

    def __init__(self, occasion: Occasion) -> None:
        self.language = known_language(occasion.reader.language)
        self.currency = occasion.currency
        refund = occasion.situation.refund
        self.facts = {
            "other": _who(self.language, occasion),
            "title": clipped(one_line(occasion.title), TITLE_MAX)[0],
            # what is at stake: the price without what went back to the buyer already
            "money": self.money(occasion.price_cents - (refund.cents if refund else 0)),
            **self._proposed(occasion, occasion.proposal or occasion.reason),
            "count": occasion.count,
            "left": _left(self.language, occasion),
        }
        self.zone, self.now = occasion.zone, occasion.now

    def _proposed(self, occasion: Occasion, event: Event) -> dict[str, str]:
        match event:
            case TimeProposed(seconds=seconds):
                return {"time": duration(self.language, timedelta(seconds=seconds))}
            case RefundProposed(cents=cents, currency=currency):
                return {"amount": money(self.language, cents, currency)}
            case OptionProposed(title=option, cents=cents, currency=currency):
                return {
                    "amount": money(self.language, cents, currency),
                    "option": one_line(option),
                }
            case CallTimesProposed(times=times):
                zone, language = occasion.zone, self.language
                shown = [moment(language, time, zone) for time in times]
                return {"times": listed(language, shown)}
            case CallAgreed(at=at):
                if occasion.notice.kind is NoticeKind.CALL_TIME:
                    at = occasion.situation.talk_at or at  # the next of several that are agreed
                return {"talk": moment(self.language, at, occasion.zone)}
            case MediatorJoined(name=name):
                return {"mediator": one_line(name)}
            case _:
                return {}

    def say(self, key: str, **facts: object) -> str:
        return sentence(self.language, f"mail.{key}", **{**self.facts, **facts})

    def money(self, cents: int) -> str:
        return money(self.language, cents, self.currency)

    def item(self, item: Wanted) -> str:
        return one_line(item_label(self.language, item.item, item.label))

    def moment(self, at: datetime) -> str:
        return moment(self.language, at, self.zone)

    def moment_here(self, at: datetime) -> str:
        return moment_here(self.language, at, self.zone, self.now)


def write(occasion: Occasion, url: str, tap: TapLink | None = None) -> Letter:
    """Write the letter. `url` is where the button leads; `tap` makes links that answer."""
    words, role = _Words(occasion), occasion.reader.role
    topic = _topic(occasion)
    quotes = _quotes(occasion, words)
    hidden = occasion.count - len(quotes) if occasion.quotes else 0
    paid = occasion.notice.kind is NoticeKind.ORDER_PAID
    return Letter(
        language=words.language,
        kind=occasion.notice.kind,
        subject=words.say(f"{topic}.subject"),
        heading=words.say(f"{topic}.heading"),
        greeting=words.say("greeting", name=one_line(occasion.reader.name)),
        paragraphs=tuple(_paragraphs(occasion, words)),
        refund=_refund(occasion),
        quotes=quotes,
        more=words.say("more", count=hidden) if hidden else "",
        panel=_panel(occasion, words),
        advice=words.say("order_paid.buyer.advice") if paid and role is Role.BUYER else "",
        title=one_line(occasion.title),
        about=words.say("order", money=words.money(occasion.price_cents))
        if occasion.situation.state not in UNPAID
        else words.say("question"),
        answers=_answers(occasion, words, tap) if tap is not None else (),
        button=words.say("button.reply" if occasion.quotes else "button"),
        url=url,
        head=_head(occasion, words),
        footer=words.say(f"footer.{role}"),
    )


def _answers(occasion: Occasion, words: _Words, tap: TapLink) -> tuple[Answer, ...]:
    """Return what can be answered at once: times to talk, or proposing some after a missed call."""
    missed = occasion.notice.kind is NoticeKind.MISSED_CALL
    if not missed and not isinstance(occasion.reason, CallTimesProposed):
        return ()
    waiting = [
        proposal
        for proposal in occasion.situation.proposals
        if proposal.kind is ProposalKind.TALK and proposal.by != occasion.reader.person
    ]
    choices: list[tuple[str, Choice]] = []
    for proposal in waiting:
        choices += [
            (words.say("answer.pick", talk=words.moment(at)), Choice(Tap.PICK, proposal.seq, (at,)))
            for at in proposal.times
            if at > occasion.now
        ]
        choices.append((words.say("answer.none"), Choice(Tap.NONE, proposal.seq)))
    if missed and not waiting and ProposalKind.TALK in occasion.situation.may_propose:
        choices.append((words.say("answer.propose"), Choice(Tap.PROPOSE, occasion.told_seq)))
    order, person = occasion.notice.order, occasion.reader.person
    return tuple(
        Answer(label, tap(order, person, choice, occasion.now)) for label, choice in choices
    )


def _head(occasion: Occasion, words: _Words) -> str:
    """Tell the head of the order's chain in the mails of its end, as `orders verify` takes it."""
    if occasion.situation.state not in ENDED or occasion.notice.kind not in _CLOSING:
        return ""
    return words.say("head", head=f"{occasion.head}:{occasion.link.hex()[:HEAD_SHOWN]}")


_CLOSING = frozenset(
    {NoticeKind.CLOSED, NoticeKind.CANCELLED, NoticeKind.EXPIRED, NoticeKind.DECIDED}
)


def _who(language: str, occasion: Occasion) -> str:
    """Name the other party, or everybody whose messages lie unread."""
    authors = dict.fromkeys(one_line(quote.by) for quote in occasion.quotes)
    return listed(language, list(authors)) if authors else one_line(occasion.other)


def _topic(occasion: Occasion) -> str:
    """Return the first part of the text keys that this occasion is told with."""
    kind, role = occasion.notice.kind, occasion.reader.role
    match kind:
        case NoticeKind.UNREAD if occasion.situation.state in UNPAID:
            return f"unread.question.{role}"
        case NoticeKind.NUDGED if occasion.situation.state in UNPAID:
            return "nudged.question"
        case NoticeKind.UNREAD:
            return (
                "unread.handed"
                if any(q.about is About.HANDED for q in occasion.quotes)
                else "unread"
            )
        case NoticeKind.REMINDER:
            return f"reminder.{_reminded_of(occasion)}.{role}"
        case NoticeKind.REQUESTED:
            return f"requested.{_asked_for(occasion)}"
        case NoticeKind.ANSWERED:
            return f"answered.{_answered(occasion)}"
        case NoticeKind.DISPUTE:
            return f"dispute.{_disputed(occasion)}"
        case (
            NoticeKind.ORDER_PAID
            | NoticeKind.STARTED
            | NoticeKind.DELIVERED
            | NoticeKind.CLOSED
            | NoticeKind.CANCELLED
            | NoticeKind.EXPIRED
        ):
            return f"{kind}.{role}"
        case (
            NoticeKind.DECIDED
            | NoticeKind.NUDGED
            | NoticeKind.MISSED_CALL
            | NoticeKind.CALL_WANTED
            | NoticeKind.CALL_TIME
        ):
            return kind
        case never:
            assert_never(never)


def _reminded_of(occasion: Occasion) -> str:
    match occasion.reason:
        case DeadlineNear(timer=Timer.BRIEF_WINDOW) if occasion.situation.brief_handed:
            return "handed"
        case DeadlineNear(timer=timer):
            return timer
        case RightOpened():
            return "unanswered"
        case _:
            return "late"


def _asked_for(occasion: Occasion) -> str:
    match occasion.reason:
        case RevisionRequested():
            return "revision.seller"
        case TimeProposed():
            return "time"
        case RefundProposed():
            return "refund"
        case CallTimesProposed():
            return "talk"
        case OptionProposed():
            return "option"
        case _:
            return "cancel.seller"


def _answered(occasion: Occasion) -> str:
    match occasion.reason:
        case ProposalAccepted():
            return "accepted"
        case ProposalDeclined():
            return "declined"
        case CallAgreed():
            return "talk"
        case other:
            return f"{kind_of(other)}.{occasion.reader.role}"


def _disputed(occasion: Occasion) -> str:
    match occasion.reason:
        case OrderFrozen():
            return "frozen"
        case MediatorJoined():
            return "mediator"
        case _:
            return "opened"


def _paragraphs(occasion: Occasion, words: _Words) -> list[str]:
    kind, topic = occasion.notice.kind, _topic(occasion)
    match kind:
        case NoticeKind.ORDER_PAID:
            told = [words.say(f"{topic}.money")]
            if occasion.deadline(Timer.BRIEF_WINDOW) is not None:
                told.append(words.say(f"{topic}.next"))
            return told
        case NoticeKind.UNREAD:
            return [words.say(f"{topic}.next")] if topic in _LEADING else []
        case (
            NoticeKind.REMINDER
            | NoticeKind.STARTED
            | NoticeKind.DELIVERED
            | NoticeKind.REQUESTED
            | NoticeKind.DISPUTE
            | NoticeKind.NUDGED
            | NoticeKind.EXPIRED
            | NoticeKind.CALL_WANTED
            | NoticeKind.CALL_TIME
        ):
            return [words.say(f"{topic}.next")]
        case NoticeKind.ANSWERED:
            match occasion.proposal:
                case TimeProposed():
                    return [words.say(f"{topic}.time")]
                case RefundProposed():
                    return [words.say(f"{topic}.refund")]
                case CallTimesProposed():
                    return [words.say(f"{topic}.talk")]
                case OptionProposed() if topic in {"answered.accepted", "answered.declined"}:
                    return [words.say(f"{topic}.option")]
                case _:
                    return [words.say(f"{topic}.next")]
        case NoticeKind.DECIDED:
            return _decision(occasion, words)
        case NoticeKind.CLOSED:
            alone = isinstance(occasion.reason, OrderClosed) and occasion.reason.by_clock
            return [words.say(f"{topic}.{'by_clock' if alone else 'accepted'}")]
        case NoticeKind.CANCELLED:
            return _cancelled(occasion, words)
        case NoticeKind.MISSED_CALL:
            rang_at = occasion.rang_at or occasion.now
            may_call = occasion.situation.calls.open
            return [
                words.say("missed_call.when", moment=words.moment(rang_at)),
                words.say("missed_call.next" if may_call else "missed_call.write"),
            ]
        case never:
            assert_never(never)


_LEADING = frozenset({"unread.handed", "unread.question.buyer", "unread.question.seller"})
"""Mails of unread words that say what can be done now."""


def _cancelled(occasion: Occasion, words: _Words) -> list[str]:
    match occasion.reason:
        case OrderCancelled(reason=reason, missing=missing):
            told = [words.say(f"cancelled.{occasion.reader.role}.{reason}")]
            if missing:
                items = ", ".join(words.item(item) for item in missing)
                told.append(words.say("cancelled.missing", items=items))
            return told
        case _:
            return []


def _decision(occasion: Occasion, words: _Words) -> list[str]:
    match occasion.reason:
        case DisputeDecided(decision=decision, refund_cents=back):
            return [words.say(f"decided.{decision}", back=words.money(back))]
        case _:
            return []


def _refund(occasion: Occasion) -> str:
    """Return the sentence about money on its way back, where the mail is about that."""
    refund = occasion.situation.refund
    moved = occasion.notice.kind in {NoticeKind.CANCELLED, NoticeKind.DECIDED} or (
        isinstance(occasion.reason, ProposalAccepted)
        and isinstance(occasion.proposal, RefundProposed)
    )
    return refund.text if refund is not None and moved else ""


def _quotes(occasion: Occasion, words: _Words) -> tuple[ShownQuote, ...]:
    """Return what the reader should read of the others' own words."""
    quotes = occasion.quotes
    match occasion.reason:
        case (
            OrderStarted(note=note)
            | OrderDelivered(note=note)
            | OrderCancelled(note=note)
            | RevisionRequested(note=note)
            | RevisionRefused(note=note)
            | CancelRequested(note=note)
            | CancelRefused(note=note)
            | TimeProposed(note=note)
            | RefundProposed(note=note)
            | CallTimesProposed(note=note)
            | OptionProposed(note=note)
            | CallRequested(note=note)
            | DisputeOpened(note=note)
            | DisputeDecided(note=note)
        ) if note and occasion.by and not occasion.by_reader:
            quotes = (Quote(occasion.by, occasion.told_at, note),)
        case _:
            pass
    return tuple(_shown(quote, words) for quote in quotes)


def _shown(quote: Quote, words: _Words) -> ShownQuote:
    text, was_cut = clipped(several_lines(quote.text), QUOTE_MAX)
    if quote.about is not None:
        item = words.item(quote.item) if quote.item else ""
        text = f"{words.say(f'unread.{quote.about}.quote', item=item)}\n{text}".strip()
    return ShownQuote(
        by=one_line(quote.by),
        when=words.moment_here(quote.at),
        text=text,
        cut=words.say("cut") if was_cut else "",
    )


def _panel(occasion: Occasion, words: _Words) -> Panel | None:
    clock = occasion.clock
    if clock is None:
        return None
    return Panel(words.say(f"until.{clock.timer}"), words.moment(clock.due), clock.text)


def _left(language: str, occasion: Occasion) -> str:
    clock = occasion.clock
    if clock is None:
        return ""
    left = clock.due - occasion.now
    if left > ROUGH:
        left = timedelta(minutes=5 * round(left / timedelta(minutes=5)))
    return duration(language, left)
