"""The readiness list: what the seller needs before the work can begin, item by item.

An order opens with the list of its category (or the marketplace's own). Each item is open,
given, accepted or not needed:

| move   | who             | from                                     | to          |
|--------|-----------------|------------------------------------------|-------------|
| give   | buyer           | open, given, not needed                  | given       |
| accept | seller          | open (it came another way), given        | accepted    |
| drop   | buyer or seller | open, given                              | not needed  |
| reopen | seller          | given, accepted, not needed; with reason | open        |
| add    | seller          | "what is missing?"                       | open        |

All of it only while the order awaits validation; a point that both confirm after a call joins
the list as accepted at any stage of the work. Asking for something (add, reopen) makes it the
buyer's turn again. Decided here without I/O; `orders.briefing` carries out.

An item is named by a key. The words of a template's item are the reader's language's, under the
text keys `brief.<key>.label` and `brief.<key>.hint`; an item somebody wrote carries its label.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

import msgspec

from orders.errors import (
    ItemSettled,
    ItemUnknown,
    NotYours,
    ReasonMissing,
    TextEmpty,
    TextTooLong,
    TooManyItems,
    WrongState,
)
from orders.events import (
    BriefEvent,
    BriefItemAccepted,
    BriefItemAdded,
    BriefItemAgreed,
    BriefItemDropped,
    BriefItemGiven,
    BriefItemReopened,
    FileId,
    Role,
    State,
    Wanted,
)

GENERIC = ("goal", "material", "examples", "format")
"""For a category that has no list of its own."""
TEMPLATES: dict[str, tuple[str, ...]] = {
    "voice-over": ("script", "tone", "pace", "pronunciation", "use"),
    "website": ("texts", "images", "functions", "examples", "hosting"),
    "community-management": ("brand", "goals", "audience", "voice", "access"),
    "logo": ("name", "business", "style", "colours", "use"),
    "translation": ("source_text", "languages", "audience", "glossary", "format"),
}
"""What is asked for, by category; after ComeUp's own examples (article 1729)."""
OWN = "own-"
"""Begins the key of an item that somebody wrote."""
ITEMS_MAX = 30
"""The most items of a list: beyond, nobody reads it."""
LABEL_MAX = 120
LINKS_MAX = 20
"""The most messages, and the most files, that one item points to."""


class Readiness(StrEnum):
    """Where an item stands; the text key is `brief.state.<value>`."""

    OPEN = "open"
    GIVEN = "given"
    ACCEPTED = "accepted"
    NOT_NEEDED = "not_needed"


class BriefItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One item of an order's list. `label` is empty for an item of a template."""

    item: str
    label: str = ""
    state: Readiness = Readiness.OPEN
    note: str = ""
    """What the buyer wrote, or why it was reopened or is not needed."""
    messages: tuple[int, ...] = ()
    files: tuple[FileId, ...] = ()


class Move(StrEnum):
    """What can be done with an item; also the verb of its command after `brief.`."""

    ADD = "add"
    GIVE = "give"
    ACCEPT = "accept"
    DROP = "drop"
    REOPEN = "reopen"


class Asked(msgspec.Struct, frozen=True):
    """A move somebody asks for. `item` is empty when adding; `label` is for adding only."""

    move: Move
    item: str = ""
    label: str = ""
    note: str = ""
    messages: tuple[int, ...] = ()
    files: tuple[FileId, ...] = ()


_MAY: dict[tuple[Move, Role], frozenset[Readiness]] = {
    (Move.GIVE, Role.BUYER): frozenset({Readiness.OPEN, Readiness.GIVEN, Readiness.NOT_NEEDED}),
    (Move.ACCEPT, Role.SELLER): frozenset({Readiness.OPEN, Readiness.GIVEN}),
    (Move.DROP, Role.BUYER): frozenset({Readiness.OPEN, Readiness.GIVEN}),
    (Move.DROP, Role.SELLER): frozenset({Readiness.OPEN, Readiness.GIVEN}),
    (Move.REOPEN, Role.SELLER): frozenset(
        {Readiness.GIVEN, Readiness.ACCEPTED, Readiness.NOT_NEEDED}
    ),
}
"""Who may make which move, from which states of the item."""


def template(category: str) -> tuple[str, ...]:
    """Return the keys of a category's items, `<category>.<item>`; the generic ones otherwise."""
    known = category if category in TEMPLATES else "generic"
    return tuple(f"{known}.{item}" for item in TEMPLATES.get(category, GENERIC))


def opening(category: str, labels: Sequence[str] | None) -> tuple[Wanted, ...]:
    """Return the list an order opens with: the marketplace's own labels, or the category's."""
    if labels is None:
        return tuple(Wanted(key) for key in template(category))
    return tuple(Wanted(own(number), label.strip()) for number, label in enumerate(labels))


def moves(item: BriefItem, state: State, role: Role) -> list[Move]:
    """Return what this role may do with an item of the list now."""
    if state is not State.AWAITING_VALIDATION:
        return []
    return [move for move in Move if item.state in _MAY.get((move, role), ())]


def may_add(items: Sequence[BriefItem], state: State, role: Role) -> bool:
    """Say whether this role may ask for something more."""
    waiting = state is State.AWAITING_VALIDATION
    return waiting and role is Role.SELLER and len(items) < ITEMS_MAX


def decide(
    items: Sequence[BriefItem], state: State, role: Role, asked: Asked, note_max: int
) -> BriefEvent:
    """Admit a move; return the entry that tells it.

    Raises `NotYours`, `WrongState`, `ItemUnknown`, `ItemSettled`, `ReasonMissing`, `TextEmpty`,
    `TextTooLong`, `TooManyItems`.
    """
    move, verb, note = asked.move, f"brief.{asked.move}", asked.note.strip()
    if move is Move.ADD:
        if role is not Role.SELLER:
            raise NotYours(verb=verb, role=role)
    elif (move, role) not in _MAY:
        raise NotYours(verb=verb, role=role)
    if state is not State.AWAITING_VALIDATION:
        raise WrongState(verb=verb, state=state)
    if len(note) > note_max:
        raise TextTooLong(limit=note_max, length=len(note))
    if move is Move.ADD:
        return _added(items, asked.label.strip())
    found = next((item for item in items if item.item == asked.item), None)
    if found is None:
        raise ItemUnknown(item=asked.item[:64])
    if found.state not in _MAY[move, role]:
        raise ItemSettled(verb=verb, item=found.item, state=found.state)
    match move:
        case Move.GIVE:
            return _given(found.item, note, asked)
        case Move.ACCEPT:
            return BriefItemAccepted(found.item)
        case Move.DROP:
            return BriefItemDropped(found.item, note)
        case Move.REOPEN:
            if not note:
                raise ReasonMissing(verb=verb)
            return BriefItemReopened(found.item, note)
        case never:
            assert_never(never)


def _added(items: Sequence[BriefItem], label: str) -> BriefItemAdded:
    if not label:
        raise TextEmpty
    if len(label) > LABEL_MAX:
        raise TextTooLong(limit=LABEL_MAX, length=len(label))
    if len(items) >= ITEMS_MAX:
        raise TooManyItems(limit=ITEMS_MAX)
    return BriefItemAdded(own(len(items)), label)


def _given(item: str, note: str, asked: Asked) -> BriefItemGiven:
    messages = tuple(sorted(set(asked.messages)))
    files = tuple(dict.fromkeys(asked.files))
    if not (note or messages or files):
        raise TextEmpty
    if max(len(messages), len(files)) > LINKS_MAX:
        raise TooManyItems(limit=LINKS_MAX)
    return BriefItemGiven(item, note, messages, files)


def own(number: int) -> str:
    """Name an item that is not a template's: by its place, which never changes."""
    return f"{OWN}{number + 1}"


def told(items: tuple[BriefItem, ...], event: BriefEvent) -> tuple[BriefItem, ...]:
    """Return the list after an entry of it."""
    match event:
        case BriefItemAdded(key, label):
            return (*items, BriefItem(key, label))
        case BriefItemAgreed(label=label, item=key):
            return (*items, BriefItem(key, label, Readiness.ACCEPTED)) if key else tuple(items)
        case BriefItemGiven(key, note, messages, files):
            change = {
                "state": Readiness.GIVEN, "note": note, "messages": messages, "files": files
            }  # fmt: skip
        case BriefItemAccepted(key):
            change = {"state": Readiness.ACCEPTED}
        case BriefItemDropped(key, note):
            change = {"state": Readiness.NOT_NEEDED, "note": note, "messages": (), "files": ()}
        case BriefItemReopened(key, note):
            change = {"state": Readiness.OPEN, "note": note, "messages": (), "files": ()}
        case never:
            assert_never(never)
    return tuple(
        msgspec.structs.replace(item, **change) if item.item == key else item for item in items
    )


def agreed(items: Sequence[BriefItem], proposal: int, label: str) -> BriefItemAgreed:
    """Tell a point of a call's minutes that both confirm; it joins the list if there is room."""
    return BriefItemAgreed(proposal, label, own(len(items)) if len(items) < ITEMS_MAX else "")


def unsettled(items: Sequence[BriefItem]) -> bool:
    """Say whether starting now needs a reason: something is still open or not yet accepted."""
    return any(item.state in {Readiness.OPEN, Readiness.GIVEN} for item in items)


def missing(items: Sequence[BriefItem]) -> tuple[Wanted, ...]:
    """Return what nobody gave."""
    return tuple(Wanted(i.item, i.label) for i in items if i.state is Readiness.OPEN)


def progress(items: Sequence[BriefItem]) -> tuple[int, int]:
    """Return (ready, wanted): how many items are given or accepted, of those that are needed."""
    needed = [item for item in items if item.state is not Readiness.NOT_NEEDED]
    ready = [item for item in needed if item.state is not Readiness.OPEN]
    return len(ready), len(needed)


def asks_again(event: BriefEvent) -> bool:
    """Say whether the entry gives the turn back to the buyer: the seller wants something."""
    return isinstance(event, (BriefItemAdded, BriefItemReopened))
