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
    DeadlineNear,
    NoticeKind,
    OrderCancelled,
    OrderClosed,
    OrderDelivered,
    Role,
    Timer,
)
from realtime.notices.occasion import QUOTED, Occasion, Quote
from realtime.notices.plain import clipped, one_line, several_lines
from realtime.texts import duration, known_language, moment, money, sentence

TITLE_MAX = 80
"""Characters of the order's title in a subject; mail clients show about as many."""
QUOTE_MAX = 1_500
"""Characters of one quoted message."""
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


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A mail's content. All strings are plain text, free of control characters."""

    language: str
    kind: NoticeKind
    subject: str
    heading: str
    greeting: str
    paragraphs: tuple[str, ...]
    quotes: tuple[ShownQuote, ...] = ()
    more: str = ""
    panel: Panel | None = None
    advice: str = ""
    title: str
    about: str
    button: str
    url: str
    footer: str


class _Words:
    """Sentences about one occasion: the facts that many of them share are filled in."""

    def __init__(self, occasion: Occasion) -> None:
        self.language = known_language(occasion.reader.language)
        self.facts = {
            "other": one_line(occasion.other),
            "title": clipped(one_line(occasion.title), TITLE_MAX)[0],
            "money": money(self.language, occasion.price_cents, occasion.currency),
            "count": occasion.count,
            "left": _left(self.language, occasion),
        }
        self.zone = occasion.zone

    def say(self, key: str, **facts: object) -> str:
        return sentence(self.language, f"mail.{key}", **{**self.facts, **facts})

    def moment(self, at: datetime) -> str:
        return moment(self.language, at, self.zone)


def write(occasion: Occasion, url: str) -> Letter:
    """Write the letter. `url` is where the button leads."""
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
        quotes=quotes,
        more=words.say("more", count=hidden) if hidden else "",
        panel=_panel(occasion, words),
        advice=words.say("order_paid.buyer.advice") if paid and role is Role.BUYER else "",
        title=one_line(occasion.title),
        about=words.say("order"),
        button=words.say("button.reply" if occasion.quotes else "button"),
        url=url,
        footer=words.say(f"footer.{role}"),
    )


def _topic(occasion: Occasion) -> str:
    """Return the first part of the text keys that this occasion is told with."""
    kind, role = occasion.notice.kind, occasion.reader.role
    match kind:
        case NoticeKind.UNREAD:
            return "unread.handed" if any(q.hands_over for q in occasion.quotes) else "unread"
        case NoticeKind.REMINDER:
            return f"reminder.{_reminded_of(occasion)}.{role}"
        case NoticeKind.MISSED_CALL:
            return "missed_call"
        case (
            NoticeKind.ORDER_PAID
            | NoticeKind.STARTED
            | NoticeKind.DELIVERED
            | NoticeKind.CLOSED
            | NoticeKind.CANCELLED
        ):
            return f"{kind}.{role}"
        case never:
            assert_never(never)


def _reminded_of(occasion: Occasion) -> str:
    match occasion.reason:
        case DeadlineNear(timer=Timer.BRIEF_WINDOW) if occasion.situation.brief_handed:
            return "handed"
        case DeadlineNear(timer=timer):
            return timer
        case _:
            return "late"


def _paragraphs(occasion: Occasion, words: _Words) -> list[str]:
    kind, topic = occasion.notice.kind, _topic(occasion)
    match kind:
        case NoticeKind.ORDER_PAID:
            told = [words.say(f"{topic}.money")]
            if occasion.deadline(Timer.BRIEF_WINDOW) is not None:
                told.append(words.say(f"{topic}.next"))
            return told
        case NoticeKind.UNREAD:
            return [words.say(f"{topic}.next")] if topic == "unread.handed" else []
        case NoticeKind.REMINDER | NoticeKind.STARTED | NoticeKind.DELIVERED:
            return [words.say(f"{topic}.next")]
        case NoticeKind.CLOSED:
            alone = isinstance(occasion.reason, OrderClosed) and occasion.reason.by_clock
            return [words.say(f"{topic}.{'by_clock' if alone else 'accepted'}")]
        case NoticeKind.CANCELLED:
            refund = occasion.situation.refund
            told = [refund.text] if refund is not None else []
            if isinstance(occasion.reason, OrderCancelled):
                told.insert(0, words.say(f"{topic}.{occasion.reason.reason}"))
            return told
        case NoticeKind.MISSED_CALL:
            rang_at = occasion.rang_at or occasion.now
            may_call = occasion.situation.calls.open
            return [
                words.say("missed_call.when", moment=words.moment(rang_at)),
                words.say("missed_call.next" if may_call else "missed_call.write"),
            ]
        case never:
            assert_never(never)


def _quotes(occasion: Occasion, words: _Words) -> tuple[ShownQuote, ...]:
    quotes = occasion.quotes[:QUOTED]
    match occasion.reason:
        case OrderDelivered(note=note) | OrderCancelled(note=note) if (
            note and not occasion.by_reader
        ):
            quotes = (Quote(occasion.other, occasion.situation.state_since, note),)
        case _:
            pass
    return tuple(_shown(quote, words) for quote in quotes)


def _shown(quote: Quote, words: _Words) -> ShownQuote:
    text, was_cut = clipped(several_lines(quote.text), QUOTE_MAX)
    if quote.hands_over:
        text = f"{words.say('unread.handed.quote')}\n{text}".strip()
    return ShownQuote(
        by=one_line(quote.by),
        when=words.moment(quote.at),
        text=text,
        cut=words.say("cut") if was_cut else "",
    )


def _panel(occasion: Occasion, words: _Words) -> Panel | None:
    nearest = next(iter(occasion.situation.deadlines), None)
    if nearest is None:
        return None
    return Panel(words.say(f"until.{nearest.timer}"), words.moment(nearest.due), nearest.text)


def _left(language: str, occasion: Occasion) -> str:
    nearest = next(iter(occasion.situation.deadlines), None)
    if nearest is None:
        return ""
    left = nearest.due - occasion.now
    if left > ROUGH:
        left = timedelta(minutes=5 * round(left / timedelta(minutes=5)))
    return duration(language, left)
