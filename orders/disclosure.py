"""What may be sent although something in it should not be: the order's policy, kind by kind.

What a text carries is seen at the edge (`realtime.chat.screening`); what follows from it is
decided here. Nothing is ever held back in silence: it is sent, or refused with what was seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from orders.errors import SecretRefused, SecretSeen
from orders.events import SecretKind
from orders.policy import Handling, Screening


def disclose(
    screening: Screening, seen: Collection[SecretKind], understood: Collection[SecretKind]
) -> tuple[SecretKind, ...]:
    """Let a text be sent; return the kinds to be remembered with it.

    `understood` are the kinds its writer was told of. Raises `SecretRefused` if one of a kind
    that is never sent was seen, `SecretSeen` if one was that the writer was not told of.
    """
    if not seen:
        return ()
    told = [kind for kind in sorted(seen) if screening.handling(kind) is not Handling.OFF]
    never = [kind for kind in told if screening.handling(kind) is Handling.REFUSE]
    if never:
        raise SecretRefused(kinds=_listed(never))
    if not set(told) <= set(understood):
        raise SecretSeen(kinds=_listed(told))
    return tuple(told)


def _listed(kinds: Iterable[SecretKind]) -> str:
    return ",".join(kinds)
