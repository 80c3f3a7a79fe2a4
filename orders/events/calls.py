"""Calls: rung, answered, ended; recorded with the consent of both; talked about afterwards."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from orders.events.words import CallId, FileId, Happening, PersonId, RecordingId


class CallEnd(StrEnum):
    """The seven ways a call ends."""

    COMPLETED = "completed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    STOPPED = "stopped"


class SoundWord(StrEnum):
    """How somebody was heard over a whole call."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class CallRang(Happening, frozen=True, tag="call_rang"):
    """The actor calls the other party; `waiting` while they are in another call."""

    call: CallId
    waiting: bool = False


class CallAnswered(Happening, frozen=True, tag="call_answered"):
    """The actor took the call; ring time ends and talk time begins."""

    call: CallId


class Sound(msgspec.Struct, frozen=True):
    """How one person was heard by the other, as means over the seconds in which they were."""

    person: PersonId
    word: SoundWord
    opinion: float
    """Mean opinion score, 1 to 4.5 (ITU-T G.107)."""

    loss: float
    """Share of packets that were lost on the way, 0 to 1."""

    jitter_ms: int
    round_trip_ms: int
    """Between the two, through the relay."""


class CallEnded(Happening, frozen=True, tag="call_ended"):
    """The call is over. `seconds` is talk time without ringing; 0 if nobody answered.

    `sound` has what was measured of each who was heard; empty if nothing was.
    """

    call: CallId
    end: CallEnd
    seconds: int = 0
    sound: tuple[Sound, ...] = ()


class RecordingEnd(StrEnum):
    """Why a recording stopped during its call, or is not there."""

    WITHDRAWN = "withdrawn"
    """The actor withdrew what they had asked for or agreed to."""
    MOVED = "moved"
    """The call moved to another media process."""
    LONGEST = "longest"
    """It was as long as a recording may be."""
    FAILED = "failed"
    """The media process died, or its disk was full: nothing of it could be kept."""
    EMPTY = "empty"
    """The call ended before anything was said."""


class RecordedVoice(msgspec.Struct, frozen=True):
    """What one person said. `lost` counts packets that came and could not be written."""

    person: PersonId
    file: FileId
    size: int
    seconds: int
    lost: int = 0


class RecordingAsked(Happening, frozen=True, tag="recording_asked"):
    """The actor asks to record the call, and consents; it would be kept `kept` seconds."""

    recording: RecordingId
    call: CallId
    kept: int


class RecordingAgreed(Happening, frozen=True, tag="recording_agreed"):
    """The other party consents; from now on both are recorded."""

    recording: RecordingId
    call: CallId


class RecordingRefused(Happening, frozen=True, tag="recording_refused"):
    """The other party does not want to be recorded."""

    recording: RecordingId
    call: CallId


class RecordingStopped(Happening, frozen=True, tag="recording_stopped"):
    """It stopped before the call's end: the actor withdrew their consent, or the clock says why."""

    recording: RecordingId
    call: CallId
    end: RecordingEnd


class RecordingKept(Happening, frozen=True, tag="recording_kept"):
    """What was recorded, until `until`; erased then, or when either party asks for it.

    `whole` is false if the process that wrote it died: the end is missing.
    """

    recording: RecordingId
    call: CallId
    voices: tuple[RecordedVoice, ...]
    until: datetime
    whole: bool = True


class RecordingGone(Happening, frozen=True, tag="recording_gone"):
    """There is no recording: the actor withdrew, or the clock says why."""

    recording: RecordingId
    call: CallId
    end: RecordingEnd


class CallRequested(Happening, frozen=True, tag="call_requested"):
    """The actor, who may not call at this marketplace, asks to be called."""

    note: str = ""


class CallTimesProposed(Happening, frozen=True, tag="call_times_proposed"):
    """The actor proposes times to talk. The entry's seq names the proposal."""

    times: tuple[datetime, ...]
    note: str = ""


class CallAgreed(Happening, frozen=True, tag="call_agreed"):
    """The other party picked a time of entry `proposal`; both are reminded before it."""

    proposal: int
    at: datetime


class PointNoted(Happening, frozen=True, tag="point_noted"):
    """The actor notes what was agreed in a call. The entry's seq names the proposal."""

    call: CallId
    text: str


class PointDropped(Happening, frozen=True, tag="point_dropped"):
    """The point of entry `proposal` does not stand: taken back, or not seen that way."""

    proposal: int
