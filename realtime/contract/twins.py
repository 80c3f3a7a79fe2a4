"""What a person does over HTTP as over the socket: one row for each frame of `protocol.Act`.

A twin is `POST /api/v1/me/orders/{order}/TYPE`, where TYPE is the frame's. Its body is the frame's
other fields, its `Idempotency-Key` the frame's `id`. The route, its place in OpenAPI, its example
and its line on the page are made from the row; `realtime.acts` does the same thing for both.

A new frame: put it into `protocol.Act` (through `Command`, if `done` answers it), into
`acts.act`, and give it a row here.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

import msgspec

from orders.errors import (
    AmountWrong,
    Blocked,
    CallOver,
    CallsClosed,
    CallUnknown,
    ChatClosed,
    FileUnknown,
    IdReused,
    InCall,
    ItemSettled,
    ItemUnknown,
    MessageGone,
    MessageUnknown,
    NotYours,
    ProposalOpen,
    ProposalOver,
    ProposalUnknown,
    ReasonMissing,
    RecordingClosed,
    RecordingOver,
    RecordingUnknown,
    Refused,
    SecretRefused,
    SecretSeen,
    TextEmpty,
    TextTooLong,
    TimeWrong,
    TooEarly,
    TooManyEdits,
    TooManyItems,
    TooManyOpen,
    WindowOver,
    WrongState,
)
from realtime import protocol
from realtime.protocol import Done, Worded

_SET_APART = {"id", "order"}
"""Fields of a frame that HTTP has other places for."""


class Twin(msgspec.Struct, frozen=True):
    """A frame that is an HTTP call too."""

    frame: type[msgspec.Struct]
    refused: tuple[type[Refused], ...] = ()
    """What it may be refused with, beside what any call of a person may."""
    gives: type[msgspec.Struct] | None = Done
    """The frame that answers; None for an answer without a body."""

    @property
    def refusals(self) -> tuple[type[Refused], ...]:
        """What it may be refused with, what its words may carry included."""
        worded = issubclass(self.frame, Worded)
        return (*self.refused, *((SecretSeen, SecretRefused) if worded else ()))

    @property
    def tag(self) -> str:
        """The frame's type, the last part of the address."""
        return str(self.frame.__struct_config__.tag)

    @property
    def path(self) -> str:
        """The route."""
        return "/api/v1/me/orders/{order}/" + self.tag

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.frame.__name__[0].lower() + self.frame.__name__[1:]

    @property
    def keyed(self) -> bool:
        """Whether the frame has an id, which HTTP carries as `Idempotency-Key`."""
        return "id" in self.frame.__struct_fields__

    @property
    def body(self) -> type[msgspec.Struct] | None:
        """The body's type; None if the frame has no fields of its own."""
        return _body(self.frame)

    @property
    def may_be_empty(self) -> bool:
        """Whether the body may be left out."""
        return self.body is None or not any(
            field.required for field in msgspec.structs.fields(self.body)
        )


@functools.cache
def _body(frame: type[msgspec.Struct]) -> type[msgspec.Struct] | None:
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        (field.name, field.type) if field.required else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(frame)
        if field.name not in _SET_APART
    ]
    if not fields:
        return None
    return msgspec.defstruct(
        frame.__name__ + "Body",
        fields,
        namespace={"__doc__": inspect.getdoc(frame)},
        module=__name__,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,  # a misspelt reason must not be dropped silently
    )


_STEP = (NotYours, WrongState, ReasonMissing, TextTooLong, IdReused)
_PROPOSAL = (NotYours, WrongState, TextTooLong, ProposalOpen, IdReused)
_REPLY = (ProposalUnknown, ProposalOver, NotYours, WrongState, TimeWrong, AmountWrong, IdReused)
_ITEM = (NotYours, WrongState, ItemUnknown, ItemSettled, TextTooLong, IdReused)
_MESSAGE = (MessageUnknown, MessageGone, NotYours, ChatClosed, WindowOver, IdReused)
_REACTION = (MessageUnknown, MessageGone, ChatClosed, IdReused)
_RECORDING = (RecordingUnknown, RecordingOver, IdReused)
_CALL = (CallUnknown, CallOver, NotYours, IdReused)

TWINS = (
    Twin(protocol.SendMessage, (MessageUnknown, ChatClosed, TextEmpty, TextTooLong, IdReused)),
    Twin(protocol.EditMessage, (*_MESSAGE, TextEmpty, TextTooLong, TooManyEdits)),
    Twin(protocol.WithdrawMessage, _MESSAGE),
    Twin(protocol.ShowVersions, (MessageUnknown, MessageGone, NotYours), gives=protocol.Versions),
    Twin(protocol.AddReaction, _REACTION),
    Twin(protocol.RemoveReaction, _REACTION),
    Twin(protocol.Nudge, (NotYours, Blocked, WrongState, TooEarly, IdReused)),
    Twin(
        protocol.MakeReport,
        (MessageUnknown, ReasonMissing, TextTooLong, TooManyOpen, IdReused),
        gives=protocol.ReportTaken,
    ),
    Twin(protocol.Block, (NotYours,), gives=protocol.BlockSet),
    Twin(protocol.Mark, gives=None),
    Twin(protocol.Received, gives=None),
    Twin(protocol.CloseQuestion, _STEP),
    Twin(protocol.HandOver, _STEP),
    Twin(protocol.Start, _STEP),
    Twin(protocol.Cancel, _STEP),
    Twin(protocol.Decline, _STEP),
    Twin(protocol.Deliver, _STEP),
    Twin(protocol.CloseOrder, _STEP),
    Twin(protocol.RequestRevision, _STEP),
    Twin(protocol.AcceptRevision, _STEP),
    Twin(protocol.RefuseRevision, _STEP),
    Twin(protocol.RequestCancel, _STEP),
    Twin(protocol.WithdrawCancel, _STEP),
    Twin(protocol.AcceptCancel, _STEP),
    Twin(protocol.RefuseCancel, _STEP),
    Twin(protocol.GiveUp, _STEP),
    Twin(protocol.OpenDispute, _STEP),
    Twin(protocol.DecideRefund, _STEP),
    Twin(protocol.DecideSplit, (*_STEP, AmountWrong)),
    Twin(protocol.DecidePay, _STEP),
    Twin(protocol.DecideResume, _STEP),
    Twin(protocol.ProposeTime, (*_PROPOSAL, TimeWrong)),
    Twin(protocol.ProposeRefund, (*_PROPOSAL, AmountWrong)),
    Twin(protocol.ProposeOption, (*_PROPOSAL, TextEmpty, AmountWrong, TimeWrong)),
    Twin(protocol.AcceptProposal, _REPLY),
    Twin(protocol.DeclineProposal, _REPLY),
    Twin(protocol.WithdrawProposal, _REPLY),
    Twin(protocol.AddItem, (NotYours, WrongState, TextEmpty, TextTooLong, TooManyItems, IdReused)),
    Twin(protocol.GiveItem, (*_ITEM, TextEmpty, TooManyItems, FileUnknown)),
    Twin(protocol.AcceptItem, _ITEM),
    Twin(protocol.DropItem, (*_ITEM, ReasonMissing)),
    Twin(protocol.ReopenItem, (*_ITEM, ReasonMissing)),
    Twin(protocol.CallStart, (CallsClosed, InCall, TooManyOpen, IdReused)),
    Twin(protocol.CallAccept, (*_CALL, InCall)),
    Twin(protocol.CallDecline, _CALL),
    Twin(protocol.CallHangUp, _CALL),
    Twin(protocol.RecordingAsk, (RecordingClosed, CallUnknown, CallOver, WrongState, IdReused)),
    Twin(protocol.RecordingAnswer, (*_RECORDING, NotYours)),
    Twin(protocol.RecordingStop, (*_RECORDING, NotYours)),
    Twin(protocol.RecordingErase, _RECORDING),
    Twin(protocol.CallHold, (CallUnknown, CallOver, WrongState, InCall), gives=None),
    Twin(protocol.CallRequest, (NotYours, CallsClosed, TextTooLong, IdReused)),
    Twin(protocol.TalkPropose, (*_PROPOSAL, TimeWrong)),
    Twin(
        protocol.MinutesNote,
        (NotYours, WrongState, CallUnknown, TextEmpty, TextTooLong, TooManyItems, IdReused),
    ),
)
