"""What somebody wrote, and what it came with, as a mail quotes it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from orders.events import (
    BriefHandedOver,
    BriefItemAdded,
    BriefItemGiven,
    BriefItemReopened,
    Entry,
    FileShared,
    MessageSent,
    PointNoted,
    QuestionClosed,
    Wanted,
)
from realtime.notices.occasion import About, Quote
from realtime.texts import length


def quote_of(by: str, entry: Entry, labels: Mapping[str, str]) -> Quote:
    """Return what the entry's author said, called `by`; `labels` are those of the brief's items."""
    match entry.event:
        case MessageSent(text=text):
            return Quote(by, entry.at, text)
        case BriefHandedOver(note=note):
            return Quote(by, entry.at, note, About.HANDED)
        case BriefItemGiven(item=item, note=note):
            return Quote(by, entry.at, note, About.GIVEN, Wanted(item, labels.get(item, "")))
        case BriefItemAdded(item=item, label=label):
            return Quote(by, entry.at, "", About.WANTED, Wanted(item, label))
        case BriefItemReopened(item=item, note=note):
            return Quote(by, entry.at, note, About.WANTED, Wanted(item, labels.get(item, "")))
        case PointNoted(text=text):
            return Quote(by, entry.at, text, About.POINT)
        case FileShared(voice=True, millis=millis):
            return Quote(by, entry.at, "", About.VOICE, Wanted("", length(millis)))
        case FileShared(name=name):
            return Quote(by, entry.at, "", About.FILE, Wanted("", name))
        case QuestionClosed(note=note):
            return Quote(by, entry.at, note, About.CLOSED)
        case other:
            raise AssertionError(other)
