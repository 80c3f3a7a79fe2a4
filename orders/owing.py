"""What the notice policy is asked, and what it answers. Pure data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from orders.events import Entry, NoticeKind, PersonId, Role
from orders.policy import Policy


class Membership(msgspec.Struct, frozen=True):
    """A person's part in an order."""

    person: PersonId
    role: Role
    barred: bool = False
    """Whether the marketplace took their access away: they see and say nothing any more."""


class Owed(msgspec.Struct, frozen=True):
    """An e-mail that an entry makes owed, unless one of its kind is open already."""

    to: PersonId
    kind: NoticeKind
    due: datetime


class Owes(msgspec.Struct, frozen=True):
    """What the notice policy needs to know of an order to say what an entry makes owed."""

    members: tuple[Membership, ...]
    policy: Policy


OwedFor = Callable[[Owes, Entry], Sequence[Owed]]
"""The pure notice policy, handed in so that `orders` knows nothing of mails."""
