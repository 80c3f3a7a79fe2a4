"""The sentences of a viewer's situation: what happens at zero, to whose money, visible when.

The buyer reads when a refund shows on their means of payment. The others
read how much the buyer gets back and never by which means: `orders.situation` does not tell
them.
"""

from __future__ import annotations

from datetime import date

import msgspec

from orders.brief import OWN
from orders.events import Role, State
from orders.money import Visibility
from orders.situation import Deadline, Refund, Situation
from realtime.texts.catalogue import KEYS, sentence
from realtime.texts.formats import day, money


def situate(situation: Situation, language: str) -> Situation:
    """Return the situation with the sentences and labels filled in that it leaves to us."""
    role = situation.role
    refund = situation.refund
    return msgspec.structs.replace(
        situation,
        deadlines=tuple(
            msgspec.structs.replace(deadline, text=zero_sentence(language, role, deadline))
            for deadline in situation.deadlines
        ),
        refund=refund
        and msgspec.structs.replace(
            refund,
            # only a cancelled order gives everything back; what else does is a mediator's split
            text=refund_sentence(
                language, role, refund, in_full=situation.state is State.CANCELLED
            ),
        ),
        brief=situation.brief
        and msgspec.structs.replace(
            situation.brief,
            items=tuple(
                msgspec.structs.replace(
                    item,
                    label=item_label(language, item.item, item.label),
                    hint=_of_item(language, item.item, "hint"),
                )
                for item in situation.brief.items
            ),
        ),
    )


def item_label(language: str, item: str, label: str = "") -> str:
    """Name an item of the readiness list: by its own label, or the template's.

    An item somebody wrote has none once its words were erased.
    """
    if not label and item.startswith(OWN):
        return sentence(language, "brief.erased.label")
    return label or _of_item(language, item, "label") or item


def _of_item(language: str, item: str, what: str) -> str:
    key = f"brief.{item}.{what}"
    return sentence(language, key) if key in KEYS else ""


def zero_sentence(language: str, role: Role, deadline: Deadline) -> str:
    """Say what happens when the deadline reaches zero, to a viewer of this role."""
    return _with_money(
        language, f"zero.{role}.{deadline.zero}", deadline.cents, deadline.currency,
        deadline.visible,
    )  # fmt: skip


def refund_sentence(language: str, role: Role, refund: Refund, *, in_full: bool) -> str:
    """Say that the money went back, and to the buyer when they will see it."""
    key = f"refund.{role}" if in_full else f"refund_part.{role}"
    if role is Role.BUYER and not refund.confirmed:
        key = f"refund_ordered.{role}"
    return _with_money(language, key, refund.cents, refund.currency, refund.visible)


def _with_money(
    language: str, key: str, cents: int, currency: str, visible: Visibility | None
) -> str:
    if visible is not None:
        key = f"{key}.{visible.means}"
    return sentence(
        language,
        key,
        money=money(language, cents, currency) if currency else "",
        earliest=_day(language, visible.earliest if visible else None),
        latest=_day(language, visible.latest if visible else None),
    )


def _day(language: str, date: date | None) -> str:
    return day(language, date) if date else ""
