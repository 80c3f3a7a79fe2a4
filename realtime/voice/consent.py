"""The rules of recording a call. Pure: the recording as it stands, who asks, what happens.

    (nothing) ── ask ──► asked ── the other agrees ──► on ── stop, or the call ends ──► over
                           │                                                             │
                           ├─ refused, taken back, or the call ends ──► gone             ├─► kept
                           └─ the other asks too: that is agreeing ───► on               └─► gone

Asking is the asker's consent and agreeing the other's; each is an entry before anything is
recorded. Either stops it at any moment, and either has what was kept erased afterwards: the
consent of both is needed for as long as there is a recording.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from orders.errors import CallOver, NotYours, RecordingClosed, RecordingOver, WrongState
from orders.events import (
    CallId,
    PersonId,
    RecordingAgreed,
    RecordingAsked,
    RecordingEnd,
    RecordingGone,
    RecordingId,
    RecordingRefused,
    RecordingStopped,
    Role,
)
from realtime.voice.calls import Call, CallState


class RecordingState(StrEnum):
    """Where a recording stands."""

    ASKED = "asked"
    ON = "on"
    OVER = "over"
    """Stopped; what was said is on its way to where it is kept."""

    KEPT = "kept"
    GONE = "gone"
    """Refused, taken back, lost or erased."""


class Recording(msgspec.Struct, frozen=True):
    """A recording as its row has it, read under the order's lock or only to look at it."""

    id: RecordingId
    call: CallId
    asked_by: PersonId
    state: RecordingState
    incarnation: str = ""
    """The media process that writes it; empty before both agreed."""

    kept: int = 0
    """The entry with its files; 0 before there is one."""


class Verb(StrEnum):
    """What a person may ask of a recording."""

    ASK = "recording.ask"
    ANSWER = "recording.answer"
    STOP = "recording.stop"
    ERASE = "recording.erase"


Told = RecordingAsked | RecordingAgreed | RecordingRefused | RecordingStopped | RecordingGone


def ask(
    call: Call, present: Recording | None, person: PersonId, new: RecordingId, *, kept: int
) -> RecordingAsked | RecordingAgreed:
    """Ask to record the call, given its recording that is asked for or on, if there is one.

    `kept` is how many seconds it would be kept; 0 where the marketplace lets nobody record.

    Raises:
        RecordingClosed: this marketplace's calls are not recorded.
        CallOver: the call ended.
        WrongState: nobody answered yet, this person has asked already, or it is on.
    """
    if not kept:
        raise RecordingClosed
    if call.state is CallState.ENDED:
        raise CallOver(call=call.id, end=call.end)
    if call.state is CallState.RINGING:
        raise WrongState(verb=Verb.ASK, state=call.state)
    if present is None:
        return RecordingAsked(new, call.id, kept)
    if present.state is RecordingState.ASKED and present.asked_by != person:
        return RecordingAgreed(present.id, call.id)
    raise WrongState(verb=Verb.ASK, state=present.state)


def answer(
    recording: Recording, person: PersonId, role: Role, *, agree: bool
) -> RecordingAgreed | RecordingRefused:
    """Agree to be recorded, or refuse.

    Raises:
        RecordingOver: it is not asked for any more.
        NotYours: the person is the one who asked.
    """
    if recording.state is not RecordingState.ASKED:
        raise RecordingOver(state=recording.state)
    if person == recording.asked_by:
        raise NotYours(verb=Verb.ANSWER, role=role)
    if agree:
        return RecordingAgreed(recording.id, recording.call)
    return RecordingRefused(recording.id, recording.call)


def stop(recording: Recording, person: PersonId, role: Role) -> RecordingStopped | RecordingGone:
    """Withdraw a consent during the call: what is asked is taken back, what is on stops.

    Raises:
        RecordingOver: it is neither asked for nor on.
        NotYours: the other one asked; who is asked agrees or refuses.
    """
    match recording.state:
        case RecordingState.ON:
            return RecordingStopped(recording.id, recording.call, RecordingEnd.WITHDRAWN)
        case RecordingState.ASKED if person == recording.asked_by:
            return RecordingGone(recording.id, recording.call, RecordingEnd.WITHDRAWN)
        case RecordingState.ASKED:
            raise NotYours(verb=Verb.STOP, role=role)
        case _:
            raise RecordingOver(state=recording.state)


def may_erase(recording: Recording) -> None:
    """Let either party withdraw a consent afterwards.

    Raises:
        RecordingOver: there is nothing, or not yet: it is asked for or on.
    """
    if recording.state not in (RecordingState.OVER, RecordingState.KEPT):
        raise RecordingOver(state=recording.state)


def after(event: Told) -> RecordingState:
    """Where a recording stands after an entry."""
    match event:
        case RecordingAsked():
            return RecordingState.ASKED
        case RecordingAgreed():
            return RecordingState.ON
        case RecordingStopped():
            return RecordingState.OVER
        case RecordingRefused() | RecordingGone():
            return RecordingState.GONE


def call_over(state: RecordingState) -> RecordingState:
    """Where a recording stands when its call ended; no entry, because the call's end says it."""
    match state:
        case RecordingState.ASKED:
            return RecordingState.GONE
        case RecordingState.ON:
            return RecordingState.OVER
        case _:
            return state
