"""What one viewer may do and expects now: the situation.

Computed whole for a role, sent beside the batch that changed it and on resume; the newest
wins. The browser never re-derives a rule: which buttons there are, whose turn it is, which
clocks run and what happens at zero, and to whose money, all comes from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

import msgspec

from orders import brief, money
from orders.brief import BriefItem, Move, Readiness
from orders.decisions import OrderFacts, RunningTimer, allowed, needs_note
from orders.events import CallId, FileId, OrderId, PersonId, RecordingId, Role, State, Timer
from orders.policy import CallsBy
from orders.proposals import Proposal, ProposalKind, may_propose
from orders.workflow import ENDED, Verb


class Zero(StrEnum):
    """What a clock does when it reaches zero; the text key is `zero.<role>.<value>`."""

    CANCELLED_REFUNDED = "cancelled_refunded"
    LATE_MAY_CANCEL = "late_may_cancel"
    CLOSED_PAID = "closed_paid"
    CHAT_CLOSES = "chat_closes"
    CALL_MISSED = "call_missed"
    MAY_DISPUTE = "may_dispute"
    EXPIRED = "expired"


class GateReason(StrEnum):
    """Why talking is not possible; the text key is `gate.<value>`."""

    DELIVERED = "delivered"
    FROZEN = "frozen"
    ENDED = "ended"
    SELLER_ONLY = "seller_only"
    BLOCKED = "blocked"


class Gate(msgspec.Struct, frozen=True):
    """Whether a channel is open, and until when or why not."""

    open: bool
    reason: GateReason | None = None
    until: datetime | None = None


class Deadline(msgspec.Struct, frozen=True):
    """A clock as one viewer sees it. `text` is the sentence of `zero` in their language."""

    timer: Timer
    start: datetime
    due: datetime
    zero: Zero
    cents: int = 0
    currency: str = ""
    visible: money.Visibility | None = None
    """When the refund would show on the viewer's means of payment; the buyer's eyes only."""
    text: str = ""


class Turn(msgspec.Struct, frozen=True):
    """Whose turn it is, and since when."""

    role: Role
    since: datetime


class Refund(msgspec.Struct, frozen=True):
    """Money on its way back; `visible` for the buyer only. `text` is the whole sentence."""

    cents: int
    currency: str
    at: datetime
    visible: money.Visibility | None = None
    confirmed: bool = False
    """Whether the payment system carried it out; until then it is ordered."""
    text: str = ""


class RecordingNow(msgspec.Struct, frozen=True):
    """A recording of the call in progress: `asked` by one of the two, or `on`."""

    recording: RecordingId
    asked_by: PersonId
    state: Literal["asked", "on"]


class CallNow(msgspec.Struct, frozen=True):
    """The call in progress on this order."""

    call: CallId
    caller: PersonId
    callee: PersonId
    rang_at: datetime
    rings_until: datetime
    answered_at: datetime | None
    waiting: bool = False
    """It rings while the callee is in another call, which they leave to take this one."""
    recording: RecordingNow | None = None
    """Asked for, or on; nothing of it is kept yet."""
    recording_kept: int = 0
    """For how many seconds a recording would be kept; 0 where calls are not recorded."""


class ItemFile(msgspec.Struct, frozen=True):
    """A file that an item of the readiness list points to."""

    file: FileId
    name: str
    size: int
    type: str


class ItemShown(msgspec.Struct, frozen=True):
    """An item of the readiness list. `label` and `hint` are in the viewer's language."""

    item: str
    label: str
    hint: str
    state: Readiness
    note: str = ""
    messages: tuple[int, ...] = ()
    files: tuple[ItemFile, ...] = ()
    moves: tuple[Move, ...] = ()
    """What the viewer may do with it now."""


class Brief(msgspec.Struct, frozen=True):
    """The readiness list: `ready` of `wanted` items are given or accepted."""

    items: tuple[ItemShown, ...]
    ready: int
    wanted: int
    may_add: bool = False


class Situation(msgspec.Struct, frozen=True):
    """Everything that decides what the viewer's screen offers. Complete, never a difference."""

    order: OrderId
    seq: int
    """The head of the timeline this was computed at."""
    now: datetime
    """The server's clock, for correcting the browser's."""
    role: Role
    state: State
    state_since: datetime
    turn: Turn | None
    actions: tuple[Verb, ...]
    reasons: tuple[Verb, ...]
    """Those of the actions that have to say why."""
    brief_handed: bool
    deadlines: tuple[Deadline, ...]
    chat: Gate
    calls: Gate
    call: CallNow | None
    held_cents: int
    currency: str
    price_cents: int = 0
    """What the order costs now; 0 while it is a question."""
    refund: Refund | None = None
    proposals: tuple[Proposal, ...] = ()
    """What waits for an answer."""
    talk_at: datetime | None = None
    """The next time to talk that both agreed on; None where they do not talk any more."""
    may_ask_for_call: bool = False
    """Whether the viewer, who cannot call, may ask to be called."""
    may_propose: tuple[ProposalKind, ...] = ()
    blocking: bool = False
    """The viewer blocks the other party in this order."""
    nudge_from: datetime | None = None
    """For the buyer while it is the seller's turn: from when on they may nudge them."""
    brief: Brief | None = None
    """What the seller needs to begin; None if nothing was ever asked for."""


class OpenMoney(msgspec.Struct, frozen=True):
    """What the situation needs of the ledger: the means of payment and a refund, if any."""

    means: money.Means | None
    """None before anything was paid."""
    refunded_cents: int = 0
    refunded_at: datetime | None = None
    confirmed: bool = False


def chat_gate(order: OrderFacts, tail_due: datetime | None = None) -> Gate:
    """Say whether messages may be written.

    Locked while a delivery waits for its answer (ComeUp articles 1735 and 1759), and in a
    dispute until a mediator leads the exchange of three (1744, 1465); open for a while after
    the end (1752, 1760); an expired order is shut at once (1481). A question is open until it
    is put away (1583), or until one of the two blocks the other: on a paid order both are needed.
    """
    if order.state is State.DELIVERED:
        return Gate(open=False, reason=GateReason.DELIVERED)
    if order.state is State.FROZEN and not order.mediated:
        return Gate(open=False, reason=GateReason.FROZEN)
    if order.apart and order.state is State.QUESTION:
        return Gate(open=False, reason=GateReason.BLOCKED)
    if order.state in {State.EXPIRED, State.QUESTION_CLOSED}:
        return Gate(open=False, reason=GateReason.ENDED)
    if order.state in ENDED:
        if order.chat_tail_over:
            return Gate(open=False, reason=GateReason.ENDED)
        return Gate(open=True, until=tail_due)
    return Gate(open=True)


def call_gate(order: OrderFacts, role: Role, tail_due: datetime | None = None) -> Gate:
    """Say whether this role may start a call: while the chat is open, if the setting allows."""
    gate = chat_gate(order, tail_due)
    if order.apart:
        return Gate(open=False, reason=GateReason.BLOCKED)
    if order.state is State.FROZEN:
        return Gate(open=False, reason=GateReason.FROZEN)
    if gate.open and order.policy.calls_by is CallsBy.SELLER and role is not Role.SELLER:
        return Gate(open=False, reason=GateReason.SELLER_ONLY)
    return gate


def may_ask_for_call(order: OrderFacts, role: Role) -> bool:
    """Say whether this role cannot call only because the marketplace leaves that to the other."""
    return role is Role.BUYER and call_gate(order, role).reason is GateReason.SELLER_ONLY


def see(
    order: OrderFacts,
    role: Role,
    now: datetime,
    seq: int,
    timers: tuple[RunningTimer, ...],
    ledger: OpenMoney,
    call: CallNow | None,
    proposals: tuple[Proposal, ...] = (),
) -> Situation:
    """Compute the situation of `role`. Sentences are left empty for the edge to fill."""
    tail = next((t.due for t in timers if t.timer is Timer.CHAT_TAIL), None)
    shown = tuple(
        deadline
        for timer in sorted(timers, key=lambda t: t.due)
        if (deadline := _deadline(order, role, timer, ledger, now)) is not None
    )
    actions = allowed(order, role)
    return Situation(
        order=order.id,
        seq=seq,
        now=now,
        role=role,
        state=order.state,
        state_since=order.state_since,
        turn=Turn(order.turn, order.turn_since) if order.turn else None,
        actions=actions,
        reasons=tuple(verb for verb in actions if needs_note(order, verb, role)),
        brief_handed=order.brief_handed,
        deadlines=shown,
        chat=chat_gate(order, tail),
        calls=call_gate(order, role, tail),
        call=call and _with_recording(order, call),
        held_cents=order.held_cents,
        currency=order.currency,
        price_cents=order.price_cents,
        refund=_refund(order, role, ledger),
        proposals=proposals,
        may_ask_for_call=may_ask_for_call(order, role),
        may_propose=tuple(
            kind
            for kind in ProposalKind
            if may_propose(order, kind, role)
            and (
                kind is ProposalKind.POINT
                or all(p.kind is not kind or p.charged for p in proposals)
            )
        ),
    )


def _with_recording(order: OrderFacts, call: CallNow) -> CallNow:
    policy = order.policy
    kept = policy.recording_kept if policy.recording and call.answered_at is not None else 0
    return msgspec.structs.replace(call, recording_kept=kept)


def with_brief(
    situation: Situation, items: tuple[BriefItem, ...], shelf: Mapping[FileId, ItemFile]
) -> Situation:
    """Add the readiness list to a situation; `shelf` has the files that can still be had."""
    if not items and not brief.may_add(items, situation.state, situation.role):
        return situation
    ready, wanted = brief.progress(items)
    reasons = situation.reasons
    if brief.unsettled(items) and Verb.START in situation.actions and Verb.START not in reasons:
        reasons = (*reasons, Verb.START)
    shown = tuple(
        ItemShown(
            item=item.item,
            label=item.label,
            hint="",
            state=item.state,
            note=item.note,
            messages=item.messages,
            files=tuple(shelf[file] for file in item.files if file in shelf),
            moves=tuple(brief.moves(item, situation.state, situation.role)),
        )
        for item in items
    )
    may_add = brief.may_add(items, situation.state, situation.role)
    return msgspec.structs.replace(
        situation, brief=Brief(shown, ready, wanted, may_add), reasons=reasons
    )


EXPIRY_SHOWN = timedelta(days=30)
"""The longest life of an order is far away; its countdown shows once it is this near."""
ZERO_OF = {
    Timer.BRIEF_WINDOW: Zero.CANCELLED_REFUNDED,
    Timer.DELIVERY: Zero.LATE_MAY_CANCEL,
    Timer.REVIEW: Zero.CLOSED_PAID,
    Timer.REVISION_ANSWER: Zero.MAY_DISPUTE,
    Timer.REVISION_CHOICE: Zero.CLOSED_PAID,
    Timer.CANCEL_ANSWER: Zero.MAY_DISPUTE,
    Timer.ORDER_LIFE: Zero.EXPIRED,
    Timer.CHAT_TAIL: Zero.CHAT_CLOSES,
    Timer.RING: Zero.CALL_MISSED,
}


def _deadline(
    order: OrderFacts, role: Role, timer: RunningTimer, ledger: OpenMoney, now: datetime
) -> Deadline | None:
    zero = ZERO_OF[timer.timer]
    if zero is Zero.CALL_MISSED:
        return None  # the call panel shows it, not the countdown of the order
    if zero is Zero.EXPIRED and timer.due - now > EXPIRY_SHOWN:
        return None
    moves_money = zero in {Zero.CANCELLED_REFUNDED, Zero.CLOSED_PAID, Zero.EXPIRED}
    visible = None
    if zero is Zero.CANCELLED_REFUNDED and role is Role.BUYER and ledger.means is not None:
        visible = money.visibility(
            ledger.means, timer.due, order.policy.country, order.policy.time_zone
        )
    return Deadline(
        timer=timer.timer,
        start=timer.start,
        due=timer.due,
        zero=zero,
        cents=order.held_cents if moves_money else 0,
        currency=order.currency,
        visible=visible,
    )


def _refund(order: OrderFacts, role: Role, ledger: OpenMoney) -> Refund | None:
    if ledger.refunded_at is None:
        return None
    visible = None
    if role is Role.BUYER and ledger.means is not None:
        visible = money.visibility(
            ledger.means, ledger.refunded_at, order.policy.country, order.policy.time_zone
        )
    return Refund(
        ledger.refunded_cents, order.currency, ledger.refunded_at, visible, ledger.confirmed
    )
