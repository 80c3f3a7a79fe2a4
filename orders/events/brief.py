"""The readiness list: what the seller needs, and what became of each item."""

from __future__ import annotations

from orders.events.words import FileId, Happening, SecretKind


class BriefHandedOver(Happening, frozen=True, tag="brief_handed_over"):
    """The buyer says that the seller has everything; it is the seller's turn."""

    note: str = ""


class BriefItemAdded(Happening, frozen=True, tag="brief_item_added"):
    """The seller says what is missing: a new item of the readiness list."""

    item: str
    label: str


class BriefItemGiven(Happening, frozen=True, tag="brief_item_given"):
    """The buyer gives an item: in words, by messages of this order, or by files."""

    item: str
    note: str = ""
    messages: tuple[int, ...] = ()
    files: tuple[FileId, ...] = ()
    seen: tuple[SecretKind, ...] = ()


class BriefItemAccepted(Happening, frozen=True, tag="brief_item_accepted"):
    """The seller has what is needed of this item."""

    item: str


class BriefItemDropped(Happening, frozen=True, tag="brief_item_dropped"):
    """This item is not needed."""

    item: str
    note: str = ""


class BriefItemReopened(Happening, frozen=True, tag="brief_item_reopened"):
    """The seller needs this item, or more of it, and says why."""

    item: str
    note: str


class BriefItemAgreed(Happening, frozen=True, tag="brief_item_agreed"):
    """Both parties confirm a point of a call's minutes, which entry `proposal` noted.

    It joins the readiness list as item `item`; where the list has no room, `item` is empty and
    the point stands in the minutes alone.
    """

    proposal: int
    label: str
    item: str = ""


BriefEvent = (
    BriefItemAdded
    | BriefItemGiven
    | BriefItemAccepted
    | BriefItemDropped
    | BriefItemReopened
    | BriefItemAgreed
)
"""What happens to an item of the readiness list."""
