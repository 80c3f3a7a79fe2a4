"""What the frames of browsers have in common: their fields, and what carries words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from orders.events import CallId, FileId, OrderId, PersonId, RecordingId, SecretKind
from orders.patterns import NAME

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=NAME)]
"""A client id: made by the browser, unique within (order, person)."""
_NAME = msgspec.Meta(min_length=1, max_length=64, pattern=NAME)
OrderRef = Annotated[OrderId, _NAME]
FileRef = Annotated[FileId, _NAME]
ItemRef = Annotated[str, _NAME]
CallRef = Annotated[CallId, _NAME]
RecordingRef = Annotated[RecordingId, _NAME]
PersonRef = Annotated[PersonId, _NAME]
SEQ_MAX = 2**53 - 1
"""The largest whole number that a browser can tell from its neighbours."""
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=SEQ_MAX)]
Amount = Annotated[int, msgspec.Meta(ge=-SEQ_MAX, le=SEQ_MAX)]
"""Of cents or seconds. The rules say which ones are good; a database takes no larger ones."""


class InboundFrame(msgspec.Struct, frozen=True, tag_field="t", omit_defaults=True):
    """Unknown fields are ignored, so that an older server understands a newer browser."""


class Worded(InboundFrame, frozen=True, kw_only=True):
    """Carries a person's own words.

    What is unwise to send in them is refused (`secret_seen`) unless its kind stands in
    `understood`: the writer was told of it and sends it all the same.
    """

    understood: Annotated[tuple[SecretKind, ...], msgspec.Meta(max_length=len(SecretKind))] = ()
