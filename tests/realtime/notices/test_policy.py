"""Which entry owes whom a mail: written down a second time, entry by entry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from orders.events import (
    CLOCK,
    MARKETPLACE,
    BriefHandedOver,
    BriefItemAccepted,
    BriefItemAdded,
    BriefItemAgreed,
    BriefItemDropped,
    BriefItemGiven,
    BriefItemReopened,
    CallAgreed,
    CallEnd,
    CallEnded,
    CallId,
    CallRang,
    CallRequested,
    CallTimesProposed,
    CancelReason,
    CancelRefused,
    CancelRequested,
    CancelWithdrawn,
    DeadlineNear,
    Decided,
    DisputeDecided,
    DisputeOpened,
    Entry,
    Event,
    FileId,
    FileShared,
    MediatorJoined,
    MessageSent,
    NoticeBounced,
    NoticeKind,
    NoticeSent,
    OrderCancelled,
    OrderClosed,
    OrderDelivered,
    OrderExpired,
    OrderFrozen,
    OrderId,
    OrderLate,
    OrderPaid,
    OrderStarted,
    PersonId,
    PointDropped,
    ProposalAccepted,
    ProposalDeclined,
    RefundProposed,
    RevisionAccepted,
    RevisionRefused,
    RevisionRequested,
    RightOpened,
    Role,
    TimeProposed,
    Timer,
)
from orders.owing import Membership, Owes
from orders.policy import Policy
from realtime.notices.policy import (
    MISSED_CALL_GRACE,
    QUIET_MOST,
    owed_for,
    unread_due,
    unread_wait,
)

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
BUYER, SELLER, MEDIATOR = PersonId("b"), PersonId("s"), PersonId("m")
PARTIES = (Membership(BUYER, Role.BUYER), Membership(SELLER, Role.SELLER))
OWES = Owes(PARTIES, Policy())
K = NoticeKind


def owed(event: Event | None, actor: PersonId, owes: Owes = OWES) -> dict[str, tuple[str, float]]:
    """Say to whom which mail is owed, and after how many seconds."""
    entry = Entry(OrderId("o"), 7, NOW, actor, event)
    return {o.to: (o.kind, (o.due - NOW).total_seconds()) for o in owed_for(owes, entry)}


def near(timer: Timer, **left: float) -> DeadlineNear:
    """A mark reached with so much time left."""
    return DeadlineNear(timer, NOW + timedelta(**left), 50)


BOTH, TO_BUYER, TO_SELLER, NOBODY = (BUYER, SELLER), (BUYER,), (SELLER,), ()


@pytest.mark.parametrize(
    ("event", "actor", "to", "kind"),
    [
        (OrderPaid("t", "c", 1, "EUR"), MARKETPLACE, BOTH, K.ORDER_PAID),
        (near(Timer.BRIEF_WINDOW, hours=24), CLOCK, BOTH, K.REMINDER),
        (near(Timer.BRIEF_WINDOW, minutes=9), CLOCK, NOBODY, K.REMINDER),
        (near(Timer.DELIVERY, days=2), CLOCK, TO_SELLER, K.REMINDER),
        (near(Timer.REVIEW, days=2), CLOCK, TO_BUYER, K.REMINDER),
        (near(Timer.REVISION_ANSWER, hours=2), CLOCK, TO_SELLER, K.REMINDER),
        (near(Timer.REVISION_CHOICE, hours=2), CLOCK, TO_BUYER, K.REMINDER),
        (near(Timer.CANCEL_ANSWER, hours=2), CLOCK, TO_SELLER, K.REMINDER),
        (OrderLate(), CLOCK, BOTH, K.REMINDER),
        (RightOpened(), CLOCK, BOTH, K.REMINDER),
        (RightOpened(), SELLER, NOBODY, K.REMINDER),
        (OrderStarted(NOW), SELLER, TO_BUYER, K.STARTED),
        (OrderDelivered(), SELLER, TO_BUYER, K.DELIVERED),
        (RevisionRequested("n"), BUYER, TO_SELLER, K.REQUESTED),
        (CancelRequested("n"), BUYER, TO_SELLER, K.REQUESTED),
        (RevisionAccepted(NOW), SELLER, TO_BUYER, K.ANSWERED),
        (RevisionRefused("n"), SELLER, TO_BUYER, K.ANSWERED),
        (CancelRefused("n", 1), SELLER, TO_BUYER, K.ANSWERED),
        (CancelWithdrawn(), BUYER, TO_SELLER, K.ANSWERED),
        (TimeProposed(Timer.DELIVERY, 60), SELLER, TO_BUYER, K.REQUESTED),
        (RefundProposed(100, "EUR"), BUYER, TO_SELLER, K.REQUESTED),
        (ProposalAccepted(3), BUYER, BOTH, K.ANSWERED),
        (ProposalDeclined(3), BUYER, TO_SELLER, K.ANSWERED),
        (CallTimesProposed((NOW,)), SELLER, TO_BUYER, K.REQUESTED),
        (CallAgreed(3, NOW + timedelta(minutes=15)), BUYER, BOTH, K.ANSWERED),
        (CallRequested(), BUYER, TO_SELLER, K.CALL_WANTED),
        (PointDropped(3), BUYER, NOBODY, K.UNREAD),
        (BriefItemAgreed(3, "Warm", "own-1"), BUYER, NOBODY, K.UNREAD),
        (DisputeOpened("n"), BUYER, BOTH, K.DISPUTE),
        (OrderFrozen(), MARKETPLACE, BOTH, K.DISPUTE),
        (MediatorJoined(MEDIATOR, "Ana"), MARKETPLACE, BOTH, K.DISPUTE),
        (DisputeDecided(Decided.PAY, "n"), MEDIATOR, BOTH, K.DECIDED),
        (OrderClosed(), BUYER, BOTH, K.CLOSED),
        (OrderCancelled(CancelReason.BUYER_CANCELLED), BUYER, BOTH, K.CANCELLED),
        (OrderExpired(), CLOCK, BOTH, K.EXPIRED),
        (BriefItemAccepted("voice-over.pace"), SELLER, NOBODY, K.UNREAD),
        (BriefItemDropped("voice-over.pace"), SELLER, NOBODY, K.UNREAD),
        (CallEnded(CallId("c"), CallEnd.NO_ANSWER), CLOCK, NOBODY, K.MISSED_CALL),
        (NoticeSent(K.UNREAD, Role.BUYER), CLOCK, NOBODY, K.UNREAD),
        (NoticeBounced(K.UNREAD, Role.BUYER), CLOCK, NOBODY, K.UNREAD),
    ],
)
def test_a_step_is_told_at_once_to_whom_it_concerns(
    event: Event, actor: PersonId, to: tuple[PersonId, ...], kind: NoticeKind
) -> None:
    assert owed(event, actor) == dict.fromkeys(to, (kind, 0))


@pytest.mark.parametrize(
    "event",
    [
        MessageSent("hello"),
        BriefHandedOver(),
        BriefItemGiven("voice-over.pace"),
        BriefItemAdded("own.1", "The logo"),
        BriefItemReopened("voice-over.pace", "More of it"),
        FileShared(FileId("f"), "script.pdf", 1, "application/pdf"),
    ],
)
def test_what_was_written_waits_three_minutes_and_concerns_everybody_else(event: Event) -> None:
    assert owed(event, BUYER) == {SELLER: (K.UNREAD, 180)}
    three = Owes((*PARTIES, Membership(MEDIATOR, Role.MEDIATOR)), Policy(unread_mail_after=60))
    assert owed(event, BUYER, three) == {SELLER: (K.UNREAD, 60), MEDIATOR: (K.UNREAD, 60)}


def test_a_call_is_owed_when_it_rings_to_be_dropped_if_answered() -> None:
    after = 30 + MISSED_CALL_GRACE.total_seconds()
    assert owed(CallRang(CallId("c")), SELLER) == {BUYER: (K.MISSED_CALL, after)}


def test_what_was_erased_owes_nothing() -> None:
    assert owed(None, BUYER) == {}


def test_the_clocks_that_remind_by_mail_have_somebody_who_can_act() -> None:
    reminded = {timer for timer in Timer if owed(near(timer, days=1), CLOCK)}
    assert reminded == {
        Timer.BRIEF_WINDOW,
        Timer.DELIVERY,
        Timer.REVIEW,
        Timer.REVISION_ANSWER,
        Timer.REVISION_CHOICE,
        Timer.CANCEL_ANSWER,
        Timer.ORDER_LIFE,
    }


def test_every_kind_of_mail_is_owed_by_some_entry() -> None:
    from realtime.notices.looking import _TOLD_BY

    assert set(_TOLD_BY) == set(NoticeKind)
    assert {kind for kinds in _TOLD_BY.values() for kind in kinds} <= set(get_args(Event))


def test_each_mail_to_someone_absent_doubles_the_wait_up_to_an_hour() -> None:
    waits = [unread_wait(Policy(), told).total_seconds() / 60 for told in range(7)]
    assert waits == [3, 6, 12, 24, 48, 60, 60]
    assert unread_wait(Policy(), 10**9) == QUIET_MOST
    assert unread_wait(Policy(unread_mail_after=7200), 3) == timedelta(hours=2)


def test_a_deadline_within_two_hours_does_away_with_the_longer_waits() -> None:
    told = NOW - timedelta(minutes=1)
    near_by, far = NOW + timedelta(hours=1), NOW + timedelta(hours=10)
    first = NOW + timedelta(minutes=3)
    assert unread_due(Policy(), NOW, 4, told, near_by, NOW) == first
    assert unread_due(Policy(), NOW, 4, told, far, NOW) == told + timedelta(minutes=48)
    assert unread_due(Policy(), NOW, 0, None, far, NOW) == first
