"""What should not stand in a message: seen while it is typed and again when it is sent.

`screen` names card numbers, bank accounts, phone numbers, e-mail addresses, passwords, keys and
logins, in French and English, spelled out or disguised. It decides nothing: what happens to a
message with findings is the order's policy (`orders.disclosure`).

- `folding`      one plain form of a text, and the way back to its characters
- `figures`      numbers in a text: written, spelled out, in groups
- `numbers`      cards, bank accounts, phone numbers
- `addresses`    e-mail addresses
- `credentials`  passwords, logins
- `keys`         API keys and tokens
- `judging`      precision and recall on labelled lines; `python -m` this package prints them

All of it is pure, and it never keeps or logs a text.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from orders.events import SecretKind
from realtime.chat.screening.addresses import addresses
from realtime.chat.screening.credentials import logins, passwords
from realtime.chat.screening.folding import fold
from realtime.chat.screening.keys import keys
from realtime.chat.screening.numbers import accounts, cards, phones

TEXT_MOST = 20_000
"""Characters that are looked at; no message is longer (`orders.policy`)."""


class Finding(msgspec.Struct, frozen=True, order=True):
    """Something that was seen: the code points `start` to `end` (exclusive) of the text."""

    start: int
    end: int
    kind: SecretKind


_DETECTORS = (
    # in this order: what an earlier one has seen, a later one leaves alone
    (SecretKind.API_KEY, keys),
    (SecretKind.LOGIN, logins),
    (SecretKind.PASSWORD, passwords),
    (SecretKind.EMAIL, addresses),
    (SecretKind.IBAN, accounts),
    (SecretKind.CARD, cards),
    (SecretKind.PHONE, phones),
)


def screen(text: str) -> tuple[Finding, ...]:
    """Return what is seen in the text, from left to right and without overlap.

    Nothing beyond `TEXT_MOST` is looked at.
    """
    folded = fold(text[:TEXT_MOST])
    found: list[Finding] = []
    for kind, detect in _DETECTORS:
        for start, end in detect(folded):
            if all(end <= other.start or other.end <= start for other in found):
                found.append(Finding(start, end, kind))
    return tuple(sorted(_in_the_original(found, folded.places)))


def _in_the_original(found: list[Finding], places: list[int] | None) -> Iterator[Finding]:
    for one in found:
        if places is None:
            yield one
        else:
            yield Finding(places[one.start], places[one.end - 1] + 1, one.kind)
