"""What the events are told in: ids, who somebody is to an order, where it stands, its clocks."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

import msgspec

OrderId = NewType("OrderId", str)


PersonId = NewType("PersonId", str)


CallId = NewType("CallId", str)


RecordingId = NewType("RecordingId", str)


FileId = NewType("FileId", str)


CLOCK = PersonId("clock")
"""The actor of what happens by itself: a deadline at zero, a lapsed lease."""


MARKETPLACE = PersonId("marketplace")
"""The actor of what the marketplace's backend does: a payment taken, an entry redacted."""


class Role(StrEnum):
    """What a member is to the order."""

    BUYER = "buyer"
    SELLER = "seller"
    MEDIATOR = "mediator"


PARTIES = (Role.BUYER, Role.SELLER)
"""The two who have the order with each other."""


class State(StrEnum):
    """Where the order stands, in the customer's words."""

    QUESTION = "question"
    QUESTION_CLOSED = "question_closed"
    AWAITING_VALIDATION = "awaiting_validation"
    IN_PROGRESS = "in_progress"
    LATE = "late"
    DELIVERED = "delivered"
    REVISION_REQUESTED = "revision_requested"
    REVISION_REFUSED = "revision_refused"
    CANCEL_REQUESTED = "cancel_requested"
    FROZEN = "frozen"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Timer(StrEnum):
    """The clocks of an order. Each is a row; what it does at zero stands in `workflow`."""

    BRIEF_WINDOW = "brief_window"
    DELIVERY = "delivery"
    REVIEW = "review"
    REVISION_ANSWER = "revision_answer"
    REVISION_CHOICE = "revision_choice"
    CANCEL_ANSWER = "cancel_answer"
    CHAT_TAIL = "chat_tail"
    ORDER_LIFE = "order_life"
    RING = "ring"


class NoticeKind(StrEnum):
    """What an e-mail to a party can be about."""

    ORDER_PAID = "order_paid"
    UNREAD = "unread"
    REMINDER = "reminder"
    STARTED = "started"
    DELIVERED = "delivered"
    REQUESTED = "requested"
    ANSWERED = "answered"
    DISPUTE = "dispute"
    DECIDED = "decided"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    MISSED_CALL = "missed_call"
    NUDGED = "nudged"
    CALL_WANTED = "call_wanted"
    CALL_TIME = "call_time"


class SecretKind(StrEnum):
    """What a text should not carry and may carry after a warning."""

    CARD = "card"
    IBAN = "iban"
    PHONE = "phone"
    EMAIL = "email"
    PASSWORD = "password"  # noqa: S105 - a kind, not one
    API_KEY = "api_key"
    LOGIN = "login"


class Happening(msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True):
    """What every event is: frozen, told apart by its kind, short where nothing was said."""


class Wanted(msgspec.Struct, frozen=True, omit_defaults=True):
    """An item of the readiness list. `label` is empty where a template's words stand for it."""

    item: str
    label: str = ""
