"""The record as a page: every kind of entry has its sentence, and nothing on it can act."""

import re
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from html.parser import HTMLParser
from itertools import product
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from orders.events import (
    CLOCK,
    MARKETPLACE,
    BriefItemAdded,
    BriefItemGiven,
    EntryRedacted,
    Event,
    FileId,
    FileShared,
    MessageSent,
    MessageWithdrawn,
    OptionAdded,
    OptionProposed,
    OrderDelivered,
    OrderLate,
    PersonId,
    RecordedVoice,
    Scan,
    SecretKind,
    Sound,
    SoundWord,
    Wanted,
)
from orders.record import Bought, Line, Member, Record, SealingKey
from realtime.record.page import POLICY, render
from tests.orders.world import MONDAY

KEY = SealingKey.of_seed("A" * 43 + "=")
KINDS: tuple[type[Event], ...] = get_args(Event)
HOSTILE = "</div><script>alert(1)</script><img src=x onerror=alert(2)> \u202e{title}"
URL = "https://room.test/.well-known/order-room-record-keys"


def examples(kind: type[Event]) -> Iterator[Event]:
    """One event of the kind for each of the values its fields can take."""
    values: dict[str, list[Any]] = {}
    for name, wanted in get_type_hints(kind).items():
        if name == "left" and kind is EntryRedacted:
            values[name] = [None]
        elif isinstance(wanted, type) and issubclass(wanted, StrEnum):
            values[name] = list(wanted)
        elif wanted is bool:
            values[name] = [False, True]
        elif wanted == int | None:
            values[name] = [None, 4321]
        elif wanted is int:
            values[name] = [4321]
        elif "tuple[datetime" in str(wanted):
            values[name] = [(MONDAY, MONDAY + timedelta(days=2))]
        elif "datetime" in str(wanted):
            values[name] = [MONDAY + timedelta(days=2)]
        elif wanted == Scan | None:
            values[name] = [None, *Scan]
        elif "SecretKind" in str(wanted):
            values[name] = [(), tuple(SecretKind)]
        elif "Wanted" in str(wanted):
            values[name] = [(), (Wanted("own.1", HOSTILE), Wanted("unheard-of"))]
        elif "RecordedVoice" in str(wanted):
            values[name] = [(RecordedVoice(PersonId("ines"), FileId("f_1"), 9, 3),)]
        elif "Sound" in str(wanted):
            values[name] = [
                (),
                tuple(Sound(PersonId("ines"), w, 3.9, 0.01, 9, 87) for w in SoundWord),
            ]
        elif "tuple[int" in str(wanted):
            values[name] = [(4, 5)]
        elif "tuple" in str(wanted):
            values[name] = [("f_1",)]
        elif name == "currency":
            values[name] = ["EUR"]
        else:
            values[name] = [HOSTILE]
    for chosen in product(*values.values()):
        made: Event = kind(**dict(zip(values, chosen, strict=True)))
        yield made


def recorded(*events: Event, actor: str = "ines", title: str = "Voix off") -> Record:
    """A record in which these things happened, one a second."""
    order = Bought("o_1", "shop-1", title, "voice", 5000, "EUR", 1_795_000_000_000_000, "closed")
    members = [Member("ines", "buyer", f"Inès {HOSTILE}"), Member("tom", "seller", "Tom")]
    lines = [
        Line(seq, 1_795_000_000_000_000 + seq * 1_000_000, actor,
             str(type(event).__struct_config__.tag), msgspec.json.encode(event).decode(),
             "00" * 16, "00" * 32, "00" * 32)
        for seq, event in enumerate(events, start=1)
    ]  # fmt: skip
    return KEY.seal(order, members, lines, 0)


def shown(found: Record, language: str = "en") -> str:
    return render(found, language, "Europe/Paris", URL)


class _Tags(HTMLParser):
    """What a browser would see of a page: its tags, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(page: str) -> _Tags:
    found = _Tags()
    found.feed(page)
    return found


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_entry_has_its_sentence(kind: type[Event], language: str) -> None:
    events = list(examples(kind))
    page = shown(recorded(*events), language)
    cells = re.findall(r'<td class="what">(.*?)</td>', page, flags=re.DOTALL)
    assert len(cells) == len(events)
    for cell in cells:
        told = cell.partition("<div")[0].strip()
        assert len(told) > 4, cell
        assert "_" not in told.replace("f_1", ""), f"a bare value: {told}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_nothing_that_people_wrote_can_act(kind: type[Event]) -> None:
    page = parsed(shown(recorded(*examples(kind), title=HOSTILE)))
    assert not {tag for tag, _ in page.tags} & {"script", "img", "a", "iframe", "link", "form"}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text


def test_the_page_loads_nothing_and_says_so_itself() -> None:
    page = parsed(shown(recorded(*examples(KINDS[0]))))
    policies = [a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a]
    assert policies == [POLICY]
    assert not [a for _, attrs in page.tags for a in attrs if a in {"src", "href"}]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("fr", ["Registre de la commande", "50,00 €", "terminée", "Inès", "automatique",
                "la place de marché", "Le contenu a été effacé.", "celles de Paris"]),
        ("en", ["Record of the order", "€50.00", "complete", "Inès", "automatic",
                "the marketplace", "The content was erased.", "those of Paris"]),
    ],
)  # fmt: skip
def test_it_is_told_in_the_readers_language(language: str, told: list[str]) -> None:
    found = recorded(OrderLate(), OrderLate(), OrderLate())
    one, two, three = found.entries
    found = msgspec.structs.replace(
        found,
        entries=(
            msgspec.structs.replace(one, actor=CLOCK),
            msgspec.structs.replace(two, actor=MARKETPLACE),
            msgspec.structs.replace(three, payload=None, salt=None),
        ),
    )
    page = shown(found, language)
    assert f'<html lang="{language}">' in page
    text = parsed(page).text.replace("\u00a0", " ")
    for part in told:
        assert part in text


def test_it_carries_the_head_the_signature_and_where_the_keys_are() -> None:
    found = recorded(*examples(KINDS[0]))
    text = parsed(shown(found)).text
    seal = found.seal
    assert f"{seal.seq}:{seal.link}" in text
    assert seal.signature in text
    assert seal.key_id in text
    assert URL in text
    assert f"--head {seal.seq}:{seal.link[:16]}" in text


def test_items_of_the_readiness_list_go_by_their_names() -> None:
    added, given = BriefItemAdded("own.9", "Your logo"), BriefItemGiven("own.9")
    text = parsed(shown(recorded(added, given))).text
    assert "Asked for: Your logo." in text
    assert "Gave: Your logo." in text


@pytest.mark.parametrize(("language", "gone"), [("fr", "(retiré)"), ("en", "(removed)")])
def test_an_item_whose_words_were_erased_is_not_called_by_its_key(language: str, gone: str) -> None:
    page = parsed(shown(recorded(BriefItemAdded("own-1", ""), BriefItemGiven("own-1")), language))
    assert page.text.count(gone) == 2
    assert "own-1" not in page.text


@pytest.mark.parametrize(
    ("language", "one", "several"),
    [("fr", "Voir la ligne 1.", "Voir les lignes 1 et 2."),
     ("en", "See entry 1.", "See entries 1 and 2.")],
)  # fmt: skip
def test_where_that_stands_by_which_an_item_was_given_is_told(
    language: str, one: str, several: str
) -> None:
    file = FileId("f_1")
    found = recorded(
        MessageSent("le texte"),
        FileShared(file, "voix.mp3", 9, "audio/mpeg"),
        BriefItemGiven("voice-over.script", messages=(1,)),
        BriefItemGiven("voice-over.tone", messages=(1,), files=(file, FileId("f_2"))),
    )
    text = parsed(shown(found, language)).text
    assert one in text
    assert several in text


@pytest.mark.parametrize(
    ("language", "days", "told"),
    [
        ("fr", 0, "1,00\xa0€."),
        ("fr", 1, "1,00\xa0€, et 1 jour de plus."),
        ("fr", 2, "1,00\xa0€, et 2 jours de plus."),
        ("en", 0, "€1.00."),
        ("en", 1, "€1.00, and 1 more day."),
        ("en", 2, "€1.00, and 2 more days."),
    ],
)
def test_the_days_of_an_option_are_counted_as_people_count(
    language: str, days: int, told: str
) -> None:
    options = (OptionProposed("Sous-titres", 100, "EUR", days),
               OptionAdded(1, "Sous-titres", 100, "EUR", days))  # fmt: skip
    assert parsed(shown(recorded(*options), language)).text.count(told) == 2


def test_who_withdrew_and_who_was_erased_are_told_apart() -> None:
    found = recorded(MessageSent("un"), MessageSent("deux"), MessageWithdrawn(1), EntryRedacted(2))
    emptied = tuple(msgspec.structs.replace(line, payload=None) for line in found.entries[:2])
    found = msgspec.structs.replace(found, entries=(*emptied, *found.entries[2:]))
    cells = re.findall(r'<td class="what erased">(.*?)</td>', shown(found), flags=re.DOTALL)
    told = [cell.strip() for cell in cells]
    assert told == ["The message was taken back by its author.", "The content was erased."]


def test_a_step_whose_words_were_erased_is_told_without_them() -> None:
    left = OrderDelivered("")
    found = recorded(left, EntryRedacted(1, left=left))
    first = msgspec.structs.replace(found.entries[0], salt=None)
    found = msgspec.structs.replace(found, entries=(first, *found.entries[1:]))
    page = parsed(shown(found)).text
    assert "Delivered" in page
    assert "The content was erased." in page
