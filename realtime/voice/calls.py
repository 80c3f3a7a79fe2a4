"""The rules of a call. Pure: the call as it stands, who asks, what happens.

    (nothing) ── start ──► ringing ── answer ──► active ── hang up ──► ended: completed
                              │                     └─ silence ──────► ended: failed
                              ├─ the callee declines ────────────────► ended: declined
                              ├─ the caller hangs up ────────────────► ended: cancelled
                              ├─ nobody answers in time ─────────────► ended: no_answer
                              └─ the same, and they are in a call ───► ended: busy

A call to somebody who is in a call of another order rings all the same, as a call that waits:
they may put the other one on hold, or hang up there, and take it, or decline it. A call whose media
process died or was stopped ends as failed or stopped from either state. Who blocks the other one
declines, takes back or hangs up by it. Every function is told who asks and answers with the entry
to write, or refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from orders.decisions import OrderFacts
from orders.errors import CallOver, CallsClosed, InCall, NotYours, WrongState
from orders.events import CallAnswered, CallEnd, CallEnded, CallId, PersonId, Role
from orders.situation import GateReason, call_gate
from realtime.voice.quality import Tally, summary


class CallState(StrEnum):
    """Where a call stands."""

    RINGING = "ringing"
    ACTIVE = "active"
    ENDED = "ended"


class Call(msgspec.Struct, frozen=True):
    """A call as its row has it, read under the order's lock or only to look at it."""

    id: CallId
    caller: PersonId
    callee: PersonId
    state: CallState
    incarnation: str
    """The media process that carries it."""

    answered_at: datetime | None = None
    end: CallEnd | None = None
    heard: Mapping[PersonId, Tally] = {}
    """What was measured so far of each who was heard."""


class Leaving(StrEnum):
    """What becomes of the call that a person is in when they take another one."""

    HOLD = "hold"
    HANG_UP = "hang_up"


class Verb(StrEnum):
    """What a person may ask of a call."""

    START = "call.start"
    ACCEPT = "call.accept"
    DECLINE = "call.decline"
    HANG_UP = "call.hang_up"
    OFFER = "call.offer"
    MUTE = "call.mute"
    HOLD = "call.hold"


def start(order: OrderFacts, role: Role, person: PersonId, present: Call | None) -> Call | None:
    """Judge a wish to call, given the order's call that has not ended, if there is one.

    Returns None if the other party should ring. Returns the present call if the other party
    already rings this person: two people who call each other at the same moment want the same
    call, so asking is answering.

    Raises:
        CallsClosed: this role cannot call, or nobody answer, at this stage; facts `state`,
            `reason`.
        InCall: the person is in this order's call already.
    """
    if present is not None:
        if present.state is CallState.RINGING and present.callee == person:
            check_answerable(order, role)
            return present
        raise InCall(who="you")
    gate = call_gate(order, role)
    if not gate.open:
        raise CallsClosed(state=order.state, reason=gate.reason)
    return None


def check_answerable(order: OrderFacts, role: Role) -> None:
    """Judge whether who is called may take the call: the order may have closed while it rang.

    Raises:
        CallsClosed: it did; facts `state`, `reason`.
    """
    gate = call_gate(order, role)
    # where only the seller calls, a buyer answers
    if not gate.open and gate.reason is not GateReason.SELLER_ONLY:
        raise CallsClosed(state=order.state, reason=gate.reason)


def accept(call: Call, person: PersonId, role: Role) -> CallAnswered:
    """Take the call.

    Raises:
        CallOver: it ended (fact `end`), or was answered already (`end` is `answered`).
        NotYours: the person is the one who called.
    """
    _check_open(call)
    if person != call.callee:
        raise NotYours(verb=Verb.ACCEPT, role=role)
    if call.state is not CallState.RINGING:
        raise CallOver(call=call.id, end="answered")
    return CallAnswered(call.id)


def decline(call: Call, person: PersonId, role: Role) -> CallEnded:
    """Refuse the call, on every device of the person.

    Raises:
        CallOver: as for `accept`.
        NotYours: the person is the one who called; who called hangs up.
    """
    _check_open(call)
    if person != call.callee:
        raise NotYours(verb=Verb.DECLINE, role=role)
    if call.state is not CallState.RINGING:
        raise CallOver(call=call.id, end="answered")
    return CallEnded(call.id, CallEnd.DECLINED)


def hang_up(call: Call, person: PersonId, role: Role, now: datetime) -> CallEnded:
    """End the call: who called takes the ringing back, afterwards either ends the talk.

    Raises:
        CallOver: it ended already.
        NotYours: it rings for this person, who accepts or declines.
    """
    _check_open(call)
    if call.state is CallState.ACTIVE:
        return CallEnded(call.id, CallEnd.COMPLETED, talk_seconds(call, now), summary(call.heard))
    if person != call.caller:
        raise NotYours(verb=Verb.HANG_UP, role=role)
    return CallEnded(call.id, CallEnd.CANCELLED)


def part(call: Call, person: PersonId, role: Role, now: datetime) -> CallEnded:
    """End the call as the person can: they block the other party.

    Raises:
        CallOver: it ended already.
    """
    if call.state is CallState.RINGING and person == call.callee:
        return decline(call, person, role)
    return hang_up(call, person, role, now)


def ring_out(call: Call, *, busy: bool) -> CallEnded | None:
    """Nobody answered in time, because they are in another call (`busy`) or not at all.

    None if the call rings no more.
    """
    if call.state is not CallState.RINGING:
        return None
    return CallEnded(call.id, CallEnd.BUSY if busy else CallEnd.NO_ANSWER)


def break_off(call: Call, end: CallEnd, now: datetime) -> CallEnded | None:
    """The call cannot go on, for no person's wish; None if it has ended already."""
    if call.state is CallState.ENDED:
        return None
    return CallEnded(call.id, end, talk_seconds(call, now), summary(call.heard))


def check_media(call: Call, person: PersonId, verb: Verb) -> None:
    """Judge whether a person may be heard in the call now.

    Who called may connect while it rings, which saves time when it is answered; who is called
    connects after answering, so that nobody hears a room that did not open.

    Raises:
        CallOver: it ended.
        WrongState: it rings, and this person has not answered; or wants to hold what nobody
            has answered.
    """
    _check_open(call)
    if call.state is CallState.RINGING and (person != call.caller or verb is Verb.HOLD):
        raise WrongState(verb=verb, state=call.state)


def talk_seconds(call: Call, now: datetime) -> int:
    """Whole seconds since the call was answered; 0 if it never was."""
    if call.answered_at is None:
        return 0
    return max(0, int((now - call.answered_at).total_seconds()))


def _check_open(call: Call) -> None:
    if call.state is CallState.ENDED:
        raise CallOver(call=call.id, end=call.end)
