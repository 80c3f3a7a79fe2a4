"""Every way the rules say no, drawn as a tree.

    Refused
    ├── Unauthenticated
    │   ├── TokenInvalid            the token is forged, damaged or not meant for us
    │   └── TokenExpired            the token was good, and is too old
    ├── NotFound
    │   ├── OrderUnknown            no such order, or not yours: the two look alike on purpose
    │   ├── MovementUnknown         no such movement of money on this order
    │   ├── ProposalUnknown         no such proposal on this order
    │   ├── ItemUnknown             no such item on the readiness list
    │   ├── ReportUnknown           no such report on this order
    │   ├── MessageUnknown          no such message on this order
    │   ├── UploadUnknown           no such upload of yours; it may have been cancelled
    │   ├── FileUnknown             no such file, or not yours, or removed, or a forged link
    │   ├── RecordingUnknown        no such recording on this order
    │   └── CallUnknown             no such call on this order
    ├── NotYours                    a member, but this step belongs to the other party
    ├── WrongMoment
    │   ├── WrongState              the order's state does not allow this step
    │   ├── ProposalOver            it was answered, withdrawn or overtaken
    │   ├── ProposalOpen            one of its kind waits for an answer already
    │   ├── ItemSettled             the item of the readiness list stands elsewhere
    │   ├── Blocked                 one of the two has blocked the other
    │   ├── MessageGone             it was withdrawn by its author, or erased
    │   ├── WindowOver              the time for editing or withdrawing it is over
    │   ├── FileScanning            the virus scanner has not answered yet
    │   ├── FileInfected            the file is in quarantine
    │   ├── UploadOver              the upload lay untouched for too long
    │   ├── UploadBusy              another request is still writing to it
    │   ├── OffsetWrong             the bytes do not follow those that are there
    │   ├── LinkOver                the link to a file was good, and is too old
    │   ├── ChatClosed              the conversation is closed at this stage
    │   ├── CallsClosed             calls are closed at this stage, or by the marketplace
    │   ├── CallOver                the call has ended, or was answered elsewhere
    │   ├── RecordingClosed         calls are not recorded at this marketplace
    │   ├── RecordingOver           the recording stands elsewhere by now
    │   └── InCall                  the person, or the other one, is in a call already
    ├── BadInput
    │   ├── Malformed               not what the contract describes
    │   ├── TextEmpty / TextTooLong
    │   ├── ReasonMissing           the step has to say why
    │   ├── AmountWrong             more than is held, or nothing
    │   ├── TimeWrong               more time than may be added, or too little
    │   ├── IdReused                the same client id came before with other content
    │   ├── FileEmpty               a file without content
    │   ├── SecretSeen              it carries what is unwise to send; may be sent knowingly
    │   ├── SecretRefused           it carries what is never sent here
    │   └── SdpRefused              the session description cannot be answered
    ├── TooMuch
    │   ├── FrameTooLarge / FileTooLarge / RateExceeded / TooManyOpen
    │   ├── TooEarly                possible again later; it says when
    │   ├── TooManyItems / TooManyFiles / TooManyEdits
    └── Unavailable                 we cannot do it now; trying again is safe

A refusal is an answer, not an accident: it has a stable `code`, an HTTP `status`, `facts` that
a program can read, and a sentence in the reader's language under the text key
`refused.<code>`. Whatever is not a `Refused` is a bug and may crash its task.
"""

from __future__ import annotations

from typing import ClassVar

Fact = str | int | bool | None
"""What a refusal may carry: plain facts, never free text typed by somebody else."""


class Refused(Exception):
    """The rules say no. Nothing was changed.

    `facts` name what a person or program needs to act on it; they also fill the sentence.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    catalogue: ClassVar[dict[str, type[Refused]]] = {}

    def __init__(self, **facts: Fact) -> None:
        """Keep the facts; the message is for logs and shows code and fact names only."""
        super().__init__(f"{self.code}({', '.join(sorted(facts))})")
        self.facts: dict[str, Fact] = facts

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Register the code, so that the contract can list every refusal."""
        super().__init_subclass__(**kwargs)
        Refused.catalogue[cls.code] = cls


class Unauthenticated(Refused):
    """We do not know who is asking."""

    code = "unauthenticated"
    status = 401


class TokenInvalid(Unauthenticated):
    """The token is forged, damaged, or was issued for another audience."""

    code = "token_invalid"


class TokenExpired(Unauthenticated):
    """The token was good and is too old; the host page should fetch a new one."""

    code = "token_expired"


class NotFound(Refused):
    """There is nothing here that the asker may know of."""

    code = "not_found"
    status = 404


class OrderUnknown(NotFound):
    """No such order, or the asker is not a member of it. The two are told alike on purpose."""

    code = "order_unknown"


class ProposalUnknown(NotFound):
    """The order has no such proposal."""

    code = "proposal_unknown"


class ItemUnknown(NotFound):
    """The readiness list has no such item. Facts: `item`."""

    code = "item_unknown"


class ReportUnknown(NotFound):
    """The order has no such report."""

    code = "report_unknown"


class MessageUnknown(NotFound):
    """The order has no such message. Facts: `message`."""

    code = "message_unknown"


class FileUnknown(NotFound):
    """No such file for this person: all reasons look alike on purpose."""

    code = "file_unknown"


class UploadUnknown(NotFound):
    """The order has no such upload of this person; it may have been cancelled."""

    code = "upload_unknown"


class MovementUnknown(NotFound):
    """The order has no such movement of money."""

    code = "movement_unknown"


class CallUnknown(NotFound):
    """The order has no such call."""

    code = "call_unknown"


class RecordingUnknown(NotFound):
    """The order has no such recording."""

    code = "recording_unknown"


class NotYours(Refused):
    """The asker is a member, but this step belongs to somebody else. Facts: `verb`, `role`."""

    code = "not_yours"
    status = 403


class WrongMoment(Refused):
    """The step exists and is not possible now."""

    code = "wrong_moment"
    status = 409


class WrongState(WrongMoment):
    """The order's state does not allow the step. Facts: `verb`, `state`."""

    code = "wrong_state"


class ChatClosed(WrongMoment):
    """The conversation is closed at this stage. Facts: `state`, `reason`."""

    code = "chat_closed"


class CallsClosed(WrongMoment):
    """Calls are not possible at this stage or for this party. Facts: `state`, `reason`."""

    code = "calls_closed"


class CallOver(WrongMoment):
    """The call is no longer what the command thinks it is. Facts: `call`, `end`."""

    code = "call_over"


class RecordingClosed(WrongMoment):
    """Calls are not recorded at this marketplace."""

    code = "recording_closed"


class RecordingOver(WrongMoment):
    """The recording is no longer what the command thinks it is. Facts: `state`."""

    code = "recording_over"


class ProposalOver(WrongMoment):
    """The proposal was answered, withdrawn or overtaken. Facts: `proposal`, `outcome`."""

    code = "proposal_over"


class ProposalOpen(WrongMoment):
    """A proposal of this kind waits for its answer already. Facts: `proposal`."""

    code = "proposal_open"


class ItemSettled(WrongMoment):
    """The item does not stand where this move begins. Facts: `verb`, `item`, `state`."""

    code = "item_settled"


class Blocked(WrongMoment):
    """One of the two has blocked the other, so this is not possible. Facts: `verb`."""

    code = "blocked"


class MessageGone(WrongMoment):
    """The message was withdrawn or erased, so nothing can be done with it. Facts: `message`."""

    code = "message_gone"


class WindowOver(WrongMoment):
    """The time in which this is possible after a message is over. Facts: `verb`, `seconds`."""

    code = "window_over"


class FileScanning(WrongMoment):
    """The virus scanner has not answered yet; nobody can have the file until it does."""

    code = "file_scanning"


class FileInfected(WrongMoment):
    """The virus scanner found something in the file: it is in quarantine for good."""

    code = "file_infected"
    status = 403


class UploadOver(WrongMoment):
    """The upload lay untouched for too long; what had come of it is erased."""

    code = "upload_over"
    status = 410


class UploadBusy(WrongMoment):
    """Another request is still writing to the upload; ask for its offset in a moment."""

    code = "upload_busy"
    status = 423


class OffsetWrong(WrongMoment):
    """The bytes do not follow those that are there. Facts: `offset`, where they would."""

    code = "offset_wrong"


class LinkOver(WrongMoment):
    """The link, to a file or in a mail, was good and is too old; the room makes a new one."""

    code = "link_over"
    status = 410


class InCall(WrongMoment):
    """The person is in a call already. Facts: `who` ("you" or "other")."""

    code = "in_call"


class BadInput(Refused):
    """The request itself cannot be understood or accepted, now or later."""

    code = "bad_input"
    status = 422


class ReasonMissing(BadInput):
    """The step has to say why. Facts: `verb`."""

    code = "reason_missing"


class AmountWrong(BadInput):
    """An amount outside its bounds. Facts: `least`, `most`, `asked`, in cents."""

    code = "amount_wrong"


class TimeWrong(BadInput):
    """An amount of time outside its bounds. Facts: `least`, `most`, `asked`, in seconds."""

    code = "time_wrong"


class Malformed(BadInput):
    """The bytes do not follow the published contract. Facts: `where`."""

    code = "malformed"
    status = 400


class TextEmpty(BadInput):
    """There is nothing to read in the text."""

    code = "text_empty"


class TextTooLong(BadInput):
    """Facts: `limit`, `length`, both in characters."""

    code = "text_too_long"


class IdReused(BadInput):
    """The client id was used before for other content; nothing was changed. Facts: `id`."""

    code = "id_reused"
    status = 409


class FileEmpty(BadInput):
    """There is nothing in the file."""

    code = "file_empty"


class SecretSeen(BadInput):
    """The text carries what is unwise to send. Facts: `kinds`, by commas, all that were seen.

    It is sent when its writer says that these kinds were understood.
    """

    code = "secret_seen"


class SecretRefused(BadInput):
    """The text carries what this marketplace lets nobody send. Facts: `kinds`, by commas."""

    code = "secret_refused"


class SdpRefused(BadInput):
    """The browser's session description cannot be answered. Facts: `reason`."""

    code = "sdp_refused"


class TooMuch(Refused):
    """A limit was reached. Facts: `limit`, and how much came."""

    code = "too_much"
    status = 429


class FrameTooLarge(TooMuch):
    """Facts: `limit` and `size` in bytes."""

    code = "frame_too_large"
    status = 413


class FileTooLarge(TooMuch):
    """Facts: `limit` in bytes, and `size` if it was told beforehand."""

    code = "file_too_large"
    status = 413


class RateExceeded(TooMuch):
    """Facts: `limit` (the name in the table of limits), `retry_after` in seconds."""

    code = "rate_exceeded"


class TooManyOpen(TooMuch):
    """Too many of something at once: sockets, subscriptions, commands. Facts: `limit`, `what`."""

    code = "too_many_open"


class TooEarly(TooMuch):
    """Possible again from `possible_at` (ISO 8601, UTC), in `retry_after` seconds; `verb`."""

    code = "too_early"


class TooManyItems(TooMuch):
    """The readiness list, or what an item points to, is as long as it may be. Facts: `limit`."""

    code = "too_many_items"


class TooManyEdits(TooMuch):
    """The message was edited as often as it may be. Facts: `limit`."""

    code = "too_many_edits"


class TooManyFiles(TooMuch):
    """The order has as many files as it may have. Facts: `limit`."""

    code = "too_many_files"


class Unavailable(Refused):
    """We cannot do it now; nothing was changed and trying again is safe.

    Facts: `reason`, and perhaps `retry_after` in seconds.
    """

    code = "unavailable"
    status = 503
