"""Which words of the timeline a person wrote, and what stays of an entry without them. Pure.

Everything somebody wrote can be erased. A message or a file is nothing but that: its entry is
emptied. A step, a proposal or an item of the list also carries the order's state, which whoever
folds the timeline needs: it keeps what is left without the words, and the entry that tells of the
erasure repeats what is left, so that nobody can put other words in their place.

Who keeps words elsewhere, such as the index for searching, finds here in which fields they are.
"""

from __future__ import annotations

from typing import Any

import msgspec

from orders.events import (
    BriefHandedOver,
    BriefItemAdded,
    BriefItemAgreed,
    BriefItemDropped,
    BriefItemGiven,
    BriefItemReopened,
    CallRequested,
    CallTimesProposed,
    CancelRefused,
    CancelRequested,
    DisputeDecided,
    DisputeOpened,
    Event,
    FileShared,
    MediatorJoined,
    MessageEdited,
    MessageSent,
    OptionAdded,
    OptionProposed,
    OrderCancelled,
    OrderDelivered,
    OrderFrozen,
    OrderPaid,
    OrderStarted,
    PointNoted,
    QuestionAsked,
    QuestionClosed,
    RecordingKept,
    RefundProposed,
    RevisionRefused,
    RevisionRequested,
    TimeProposed,
    Wanted,
    kind_of,
)

WHOLE: dict[type[Event], tuple[str, ...]] = {
    MessageSent: ("text",),
    MessageEdited: ("text",),
    FileShared: ("name",),
    RecordingKept: (),
}
"""What is emptied whole; an edit goes with its message."""
STRIPPED: dict[type[Event], tuple[str, ...]] = {
    QuestionAsked: ("title",),
    QuestionClosed: ("note",),
    OrderPaid: ("title", "brief"),
    BriefHandedOver: ("note",),
    BriefItemAdded: ("label",),
    BriefItemGiven: ("note",),
    BriefItemDropped: ("note",),
    BriefItemReopened: ("note",),
    BriefItemAgreed: ("label",),
    OrderStarted: ("note",),
    OrderDelivered: ("note",),
    OrderCancelled: ("note", "missing"),
    RevisionRequested: ("note",),
    RevisionRefused: ("note",),
    CancelRequested: ("note",),
    CancelRefused: ("note",),
    DisputeOpened: ("note",),
    OrderFrozen: ("note",),
    MediatorJoined: ("name",),
    DisputeDecided: ("note",),
    TimeProposed: ("note",),
    RefundProposed: ("note",),
    OptionProposed: ("title", "note"),
    OptionAdded: ("title",),
    CallRequested: ("note",),
    CallTimesProposed: ("note",),
    PointNoted: ("text",),
}
"""What keeps its place in the process without these words."""
TEXTS: dict[str, tuple[str, ...]] = {
    str(kind.__struct_config__.tag): fields for kind, fields in {**WHOLE, **STRIPPED}.items()
}
"""The fields that hold somebody's words, by the kind of entry."""


def written_in(event: Event) -> tuple[str, ...]:
    """Return what somebody wrote in an event, each part that is not empty."""
    found: list[str] = []
    for name in TEXTS.get(kind_of(event), ()):
        match getattr(event, name):
            case str(text):
                found.append(text)
            case wanted:
                found += [item.label for item in wanted]
    return tuple(filter(None, found))


def without_words(event: Event) -> Event:
    """Return what stays of an event; the event itself if nobody's words are in it."""
    blank: dict[str, Any] = {}
    for name in STRIPPED.get(type(event), ()):
        match getattr(event, name):
            case str():
                blank[name] = ""
            case wanted:
                blank[name] = tuple(Wanted(item.item) for item in wanted)
    return msgspec.structs.replace(event, **blank)
