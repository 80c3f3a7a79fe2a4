"""A record as a page: who did what and when, in the reader's language, with the means to check it.

The page stands alone: no scripts, nothing loaded from anywhere. What people wrote is shown as
they wrote it and cannot do anything. No I/O.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_datetime, get_timezone_location
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from orders.events import (
    CLOCK,
    MARKETPLACE,
    BriefItemAdded,
    BriefItemAgreed,
    BriefItemGiven,
    CallEnd,
    CancelReason,
    Decided,
    EntryRedacted,
    Event,
    FileId,
    FileShared,
    MessageWithdrawn,
    NoticeKind,
    OrderPaid,
    Reaction,
    RecordingEnd,
    Role,
    Scan,
    Sound,
    Timer,
    Wanted,
    emptied_by,
    kind_of,
)
from orders.record import Line, Record
from realtime.texts import duration, item_label, known_language, listed, money, sentence
from realtime.texts.catalogue import LOCALES

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Content-Security-Policy of the page, in its head as well: it is opened from disks."""
WORDS = ("text", "note")
"""Fields that hold what a person wrote: they are quoted below the sentence."""
_VARIED = {Timer: "timer", NoticeKind: "notice", CallEnd: "end", CancelReason: "reason"} | {
    Decided: "decision",
    Reaction: "reaction",
    RecordingEnd: "recording_end",
    Scan: "scan",
}
"""Values that have their own words, under `record.<name>.<value>`."""
_SHOWN_ONLY = frozenset({"thumb", "peaks", "voice", "voices"})
"""Fields that no sentence tells: they are for the eye."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_event = msgspec.json.Decoder(Event)
_withdrawal = msgspec.json.Decoder(MessageWithdrawn)
_WITHDRAWN = MessageWithdrawn.__struct_config__.tag
_templates = Environment(
    loader=PackageLoader("realtime.record"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Row(msgspec.Struct, frozen=True):
    """An entry, ready to be shown. `words` is what its author wrote."""

    seq: int
    at: str
    who: str
    what: str
    words: str
    erased: bool


def render(record: Record, language: str, zone: str, keys_url: str) -> str:
    """Return the page. Times are on the clocks of `zone` (IANA); the keys are at `keys_url`."""
    reader = _Reader(record, known_language(language), zone)
    return _templates.get_template("page.html").render(
        record=record,
        policy=POLICY,
        language=reader.language,
        say=reader.say,
        rows=[reader.row(line) for line in record.entries],
        members=[(member.name, reader.role(member.role)) for member in record.members],
        facts=[
            (reader.say("order"), record.order.id),
            (reader.say("reference"), record.order.reference),
            (reader.say("price"), reader.money(record.order.price_cents)),
            (reader.say("created"), reader.stamp(record.order.created_at)),
            (reader.say("state"), sentence(reader.language, f"state.{record.order.state}")),
            (reader.say("exported"), reader.stamp(record.seal.exported_at)),
        ],
        city=get_timezone_location(zone, locale=LOCALES[reader.language], return_city=True),
        keys_url=keys_url,
    )


def _withdrawn(record: Record) -> set[int]:
    """Return the entries that are empty because their author took them back."""
    taken_back: set[int] = set()
    for line in record.entries:
        if line.kind == _WITHDRAWN and line.payload is not None:
            taken_back |= emptied_by(_withdrawal.decode(line.payload))
    return taken_back


class _Reader:
    """The words of one language for one record."""

    def __init__(self, record: Record, language: str, zone: str) -> None:
        self.language = language
        self._zone = ZoneInfo(zone)
        self._currency = record.order.currency
        self._people = {m.person: f"{m.name} ({self.role(m.role)})" for m in record.members}
        self._people[CLOCK] = self.say("by.clock")
        self._people[MARKETPLACE] = self.say("by.marketplace")
        self._labels: dict[str, str] = {}
        self._shared: dict[FileId, int] = {}
        self._withdrawn = _withdrawn(record)

    def say(self, key: str, **facts: object) -> str:
        return sentence(self.language, f"record.{key}", **facts)

    def role(self, role: str) -> str:
        return sentence(self.language, f"role.{role}")

    def money(self, cents: int) -> str:
        return money(self.language, cents, self._currency)

    def stamp(self, at: int | datetime) -> str:
        moment = at if isinstance(at, datetime) else _EPOCH + timedelta(microseconds=at)
        form = "EEE d MMM y, HH:mm:ss"
        return str(format_datetime(moment, form, self._zone, LOCALES[self.language]))

    def row(self, line: Line) -> Row:
        who = self._people.get(line.actor, line.actor)
        if line.payload is None:
            what, words = self.say("withdrawn" if line.seq in self._withdrawn else "erased"), ""
        else:
            event = _event.decode(line.payload)
            self._learn(line.seq, event)
            told = msgspec.structs.asdict(event)
            what = self._sentence(event, told)
            words = "\n".join(str(told[name]) for name in WORDS if told.get(name))
            if line.salt is None:
                words = self.say("erased")
        return Row(
            line.seq, self.stamp(line.at), who, what, words,
            line.payload is None or line.salt is None,
        )  # fmt: skip

    def _sentence(self, event: Event, told: Mapping[str, object]) -> str:
        if isinstance(event, EntryRedacted):
            told = {"seq": event.seq}  # what that entry says now is shown where it stands
        facts = {
            name: self._shown(name, value)
            for name, value in told.items()
            if name not in _SHOWN_ONLY
        }
        if told.get("missing"):
            facts["missing"] = self.say("missing", items=facts["missing"])
        if told.get("sound"):
            facts["sound"] = self.say("sound", each=facts["sound"])
        if "days" in told:
            days = told["days"]
            facts["days"] = self.say("days", count=days) if days else ""
        if isinstance(event, BriefItemGiven):
            facts["given"] = self._given(event)
        kind = kind_of(event)
        if told.get("reply_to") is not None:
            kind += ".reply"
        return self.say(kind, **facts).strip()

    def _learn(self, seq: int, event: Event) -> None:
        """Remember what the items of the readiness list are called, and where files came."""
        match event:
            case FileShared(file=file):
                self._shared[file] = seq
            case OrderPaid(brief=brief):
                self._labels |= {item.item: item.label for item in brief if item.label}
            case BriefItemAdded(item=item, label=label) | BriefItemAgreed(item=item, label=label):
                self._labels[item] = label
            case _:
                pass

    def _item(self, item: str) -> str:
        return item_label(self.language, item, self._labels.get(item, ""))

    def _given(self, event: BriefItemGiven) -> str:
        """Say where that stands by which an item was given, if it is more than a note."""
        files = {self._shared[file] for file in event.files if file in self._shared}
        lines = [str(seq) for seq in sorted({*event.messages, *files})]
        if not lines:
            return ""
        return self.say("given", count=len(lines), lines=listed(self.language, lines))

    def _shown(self, name: str, value: object) -> str:
        """Return a fact as the reader's language writes it."""
        match value:
            case StrEnum() if type(value) in _VARIED:
                return self.say(f"{_VARIED[type(value)]}.{value}")
            case Role():
                return self.role(value)
            case datetime():
                return self.stamp(value)
            case bool():
                return self.say(f"{name}.{'yes' if value else 'no'}")
            case int() if name.endswith("cents"):
                return self.money(value)
            case int() if name in {"seconds", "left"}:
                return duration(self.language, timedelta(seconds=value))
            case tuple() | list():
                return ", ".join(self._listed(value))
            case str() if name == "item":
                return self._item(value)
            case _:
                return str(value)

    def _listed(self, values: Sequence[object]) -> list[str]:
        return [self._one(value) for value in values]

    def _one(self, value: object) -> str:
        match value:
            case Wanted(item=item):
                return self._item(item)
            case Sound():
                locale = LOCALES[self.language]
                return self.say(
                    f"sound.{value.word}",
                    name=self._people.get(value.person, value.person),
                    loss=format_percent(value.loss, "0.#%", locale),
                    jitter=value.jitter_ms,
                    trip=value.round_trip_ms,
                    opinion=format_decimal(value.opinion, "0.0", locale),
                )
            case datetime():
                return self.stamp(value)
            case _:
                return str(value)
