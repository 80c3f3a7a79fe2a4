"""What a reader of the timeline knows, entry by entry."""

from datetime import timedelta

import pytest

from orders.events import (
    CLOCK,
    CallAnswered,
    CallEnd,
    CallEnded,
    CallId,
    CallRang,
    CancelReason,
    DeadlineFired,
    DeadlineMet,
    DeadlineNear,
    DeadlineSet,
    Entry,
    EntryRedacted,
    Event,
    MessageSent,
    MoneyHeld,
    MoneyRefunded,
    MoneyReleased,
    NoticeKind,
    NoticeSent,
    OrderCancelled,
    OrderId,
    OrderPaid,
    OrderStarted,
    PersonId,
    Role,
    State,
    Timer,
)
from orders.fold import OpenCall, View, fold
from tests.orders.world import MONDAY

ORDER = OrderId("o_1")
BUYER = PersonId("ines")
DUE = MONDAY + timedelta(hours=48)
PAID = (
    OrderPaid("Voix off", "voice-over", 5000, "EUR"),
    MoneyHeld(5000, "EUR"),
    DeadlineSet(Timer.BRIEF_WINDOW, DUE),
)


def _told(*events: Event | None, after: View | None = None) -> View:
    """Fold events a minute apart, beginning at MONDAY for the first entry."""
    view = after or View(ORDER)
    for event in events:
        at = MONDAY + timedelta(minutes=view.seq)
        view = fold(view, Entry(ORDER, view.seq + 1, at, BUYER, event))
    return view


def test_a_paid_order_waits_for_the_buyer_with_its_money_held_and_its_window_open() -> None:
    view = _told(*PAID)
    assert (view.state, view.turn) == (State.AWAITING_VALIDATION, Role.BUYER)
    assert (view.title, view.price_cents, view.held_cents) == ("Voix off", 5000, 5000)
    assert view.deadlines == ((Timer.BRIEF_WINDOW, DUE),)
    assert view.state_since == view.turn_since == MONDAY


def test_an_entry_that_does_not_follow_is_not_folded() -> None:
    view = _told(*PAID)
    for seq in (3, 5):
        with pytest.raises(ValueError, match=f"{seq} does not follow 3"):
            fold(view, Entry(ORDER, seq, MONDAY, BUYER, MessageSent("?")))
    with pytest.raises(ValueError, match="does not follow"):
        fold(view, Entry(OrderId("o_2"), 4, MONDAY, BUYER, MessageSent("?")))


def test_a_start_ends_the_window_and_opens_the_delivery() -> None:
    later = DUE + timedelta(days=5)
    view = _told(
        *PAID,
        OrderStarted(later),
        DeadlineMet(Timer.BRIEF_WINDOW),
        DeadlineSet(Timer.DELIVERY, later),
    )
    assert (view.state, view.turn) == (State.IN_PROGRESS, Role.SELLER)
    assert view.deadlines == ((Timer.DELIVERY, later),)
    assert view.state_since == MONDAY + timedelta(minutes=3)


def test_at_zero_the_money_goes_back() -> None:
    view = _told(
        *PAID,
        DeadlineFired(Timer.BRIEF_WINDOW, DUE),
        OrderCancelled(CancelReason.BRIEF_WINDOW_OVER),
        MoneyRefunded(5000, "EUR"),
    )
    assert (view.state, view.turn, view.deadlines) == (State.CANCELLED, None, ())
    assert (view.held_cents, view.refunded_cents, view.released_cents) == (0, 5000, 0)


def test_released_money_is_the_sellers() -> None:
    view = _told(*PAID, MoneyReleased(5000, "EUR"))
    assert (view.held_cents, view.released_cents) == (0, 5000)


def test_the_chat_is_over_when_its_tail_is() -> None:
    view = _told(*PAID, DeadlineSet(Timer.CHAT_TAIL, DUE))
    assert not view.chat_tail_over
    assert _told(DeadlineFired(Timer.CHAT_TAIL, DUE), after=view).chat_tail_over


def test_a_call_rings_is_answered_and_ends() -> None:
    ringing = _told(*PAID, CallRang(CallId("c")))
    assert ringing.call == OpenCall(CallId("c"), BUYER, MONDAY + timedelta(minutes=3))
    talking = _told(CallAnswered(CallId("c")), after=ringing)
    assert talking.call is not None
    assert talking.call.answered_at == MONDAY + timedelta(minutes=4)
    assert _told(CallEnded(CallId("c"), CallEnd.COMPLETED, 60), after=talking).call is None


def test_reminders_and_mails_change_nothing_but_the_position() -> None:
    before = _told(*PAID)
    after = _told(
        DeadlineNear(Timer.BRIEF_WINDOW, DUE, 50),
        NoticeSent(NoticeKind.REMINDER, Role.BUYER),
        after=before,
    )
    assert after == View(
        **{
            name: getattr(before, name)
            for name in View.__struct_fields__
            if name not in {"seq", "at"}
        },
        seq=5,
        at=MONDAY + timedelta(minutes=4),
    )


@pytest.mark.parametrize("seen_before", [True, False])
def test_a_redacted_message_is_gone_for_those_who_read_it_and_those_who_come_later(
    seen_before: bool,
) -> None:
    message = MessageSent("my address") if seen_before else None
    view = _told(*PAID, MessageSent("hello"), message, EntryRedacted(5))
    assert view.messages == 1
    assert view.redacted == {5}


def test_the_actor_of_an_entry_is_not_folded_into_the_state() -> None:
    entry = Entry(ORDER, 1, MONDAY, CLOCK, PAID[0])
    assert fold(View(ORDER), entry).turn is Role.BUYER
