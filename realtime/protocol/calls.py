"""What the browser says in and around a call."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from orders.proposals import TIMES_MAX
from realtime.protocol.fields import (
    CallRef,
    Id,
    InboundFrame,
    Moment,
    OrderRef,
    PersonRef,
    RecordingRef,
    Worded,
)


class CallStart(InboundFrame, frozen=True, tag="call.start"):
    """Ring the other party. `to` may name whom; it can only be the other member of the order."""

    id: Id
    order: OrderRef
    to: PersonRef | None = None


class CallAccept(InboundFrame, frozen=True, tag="call.accept"):
    """Take the ringing call on this device.

    Whoever is in a call of another order says in `leaving` what becomes of it: put on `hold`, from
    which `call.hold` takes it up again, or hung up. Without it they are refused as `in_call`.
    """

    id: Id
    order: OrderRef
    call: CallRef
    leaving: Literal["hold", "hang_up"] | None = None


class CallDecline(InboundFrame, frozen=True, tag="call.decline"):
    """Refuse the ringing call on every device."""

    id: Id
    order: OrderRef
    call: CallRef


class CallHangUp(InboundFrame, frozen=True, tag="call.hang_up"):
    """End the call: while it rings the caller cancels it, afterwards either ends it."""

    id: Id
    order: OrderRef
    call: CallRef


class CallRequest(Worded, frozen=True, tag="call.request"):
    """Buyer, where only the seller may call: please call me."""

    id: Id
    order: OrderRef
    note: str = ""


class TalkPropose(Worded, frozen=True, tag="talk.propose"):
    """Either party: one to three times to talk. The other one accepts with one of them."""

    id: Id
    order: OrderRef
    times: Annotated[tuple[Moment, ...], msgspec.Meta(min_length=1, max_length=TIMES_MAX)]
    note: str = ""


class MinutesNote(Worded, frozen=True, tag="minutes.note"):
    """Either party: this was agreed in the call. The other one accepts or declines it."""

    id: Id
    order: OrderRef
    call: CallRef
    text: str


class CallIce(InboundFrame, frozen=True, tag="call.ice"):
    """Through which servers can I be reached? Asked before an offer. Answered by `ice`."""

    id: Id
    order: OrderRef


class CallOffer(InboundFrame, frozen=True, tag="call.offer"):
    """A browser's complete session description for a call. Answered by `answer`.

    `leg` is made by the browser per peer connection: the same leg and offer get the same answer
    again; a new leg of the same person replaces the old one without the other party noticing.
    """

    id: Id
    order: OrderRef
    call: CallRef
    leg: Id
    sdp: str


class CallTest(InboundFrame, frozen=True, tag="call.test"):
    """A browser's description for hearing itself, without a call. Answered by `answer`.

    What the browser sends comes back at once over the way of a call, for a minute at most. It
    ends when the browser closes the connection, or offers another leg.
    """

    id: Id
    order: OrderRef
    leg: Id
    sdp: str


class CallMute(InboundFrame, frozen=True, tag="call.mute"):
    """Close or open the gate for this person's sound at the server.

    Said again it changes nothing, and `call` frames tell what holds for the other party: who was
    away for a moment missed what was told meanwhile.
    """

    order: OrderRef
    call: CallRef
    on: bool


class CallHold(InboundFrame, frozen=True, tag="call.hold"):
    """Put the call on hold, or go on (`on` is false); nobody hears anybody meanwhile.

    Both are told by a `call` frame, `held` or `resumed`. Each party ends the hold they began. Going
    on with a call that was left for another one puts that one on hold; whoever is just calling
    somebody else is refused as `in_call`.
    """

    order: OrderRef
    call: CallRef
    on: bool


class RecordingAsk(InboundFrame, frozen=True, tag="recording.ask"):
    """Ask to record the call, and consent to it; if the other one asked already, that is agreeing.

    Only where the marketplace lets calls be recorded; nothing is before the other one agrees.
    """

    id: Id
    order: OrderRef
    call: CallRef


class RecordingAnswer(InboundFrame, frozen=True, tag="recording.answer"):
    """Consent to the recording that the other one asked for, or refuse (`agree` is false)."""

    id: Id
    order: OrderRef
    recording: RecordingRef
    agree: bool


class RecordingStop(InboundFrame, frozen=True, tag="recording.stop"):
    """Withdraw during the call: take the question back, or stop the recording at once."""

    id: Id
    order: OrderRef
    recording: RecordingRef


class RecordingErase(InboundFrame, frozen=True, tag="recording.erase"):
    """Withdraw afterwards: what was recorded is erased, for both. May be repeated."""

    id: Id
    order: OrderRef
    recording: RecordingRef


RecordingFrame = RecordingAsk | RecordingAnswer | RecordingStop | RecordingErase

CallFrame = CallStart | CallAccept | CallDecline | CallHangUp

TalkFrame = CallRequest | TalkPropose | MinutesNote
"""Around a call: asking for one, proposing when, noting what was said."""
