"""Gates of calls that another process carries: told over Redis, which may be away for minutes.

Whoever closed their microphone must be able to rely on it. So a gate that cannot be told now is
told as soon as somebody hears it, unless its call is over or the person changed their mind.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from orders.errors import Refused, Unavailable
from orders.events import CallId, OrderId, PersonId
from realtime.voice.afar import Afar, Hold, Mute
from realtime.voice.calls import Call, Verb

AGAIN_AFTER = 1.0
"""Seconds between two attempts to tell."""

Present = Callable[[OrderId, PersonId, CallId, Verb], Awaitable[Call]]
"""Returns the call as it stands; raises `Refused` once it is over."""

_Key = tuple[CallId, PersonId, type[Mute | Hold]]


class DistantGates:
    """The gates that this process tells others of. One per switchboard."""

    def __init__(self, afar: Afar, present: Present) -> None:
        """Begin with nothing to tell."""
        self._afar = afar
        self._present = present
        self._untold: dict[asyncio.Task[None], Mute | Hold] = {}

    async def tell(self, incarnation: str, gate: Mute | Hold) -> None:
        """Tell the media process, now or as soon as it can be reached. Raises its refusal."""
        for task, waiting in list(self._untold.items()):
            if _key(waiting) == _key(gate) and waiting.stamp < gate.stamp:
                task.cancel()
        try:
            await self._afar.gate(incarnation, gate)
        except Unavailable:
            # of two that wait for the same gate, the asked process heeds the newer one
            task = asyncio.create_task(self._insist(gate))
            self._untold[task] = gate
            task.add_done_callback(self._told)

    async def close(self) -> None:
        """Give up on what is still untold."""
        tasks = list(self._untold)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _insist(self, gate: Mute | Hold) -> None:
        verb = Verb.MUTE if isinstance(gate, Mute) else Verb.HOLD
        with contextlib.suppress(Refused):  # the call is over
            while True:
                await asyncio.sleep(AGAIN_AFTER)
                with contextlib.suppress(Unavailable):
                    found = await self._present(gate.order, gate.person, gate.call, verb)
                    await self._afar.gate(found.incarnation, gate)
                    return

    def _told(self, task: asyncio.Task[None]) -> None:
        del self._untold[task]


def _key(gate: Mute | Hold) -> _Key:
    return gate.call, gate.person, type(gate)


class Newest:
    """Which gates were asked for last: commands overtake each other, and some are told late."""

    def __init__(self) -> None:
        """Begin with none."""
        self._stamps: dict[tuple[_Key, str], int] = {}

    def is_newest(self, gate: Mute | Hold) -> bool:
        """Note it; return whether nobody asked the same process for the same gate later."""
        key = _key(gate), gate.asker
        newest = self._stamps.get(key, 0)
        self._stamps[key] = max(newest, gate.stamp)
        return newest <= gate.stamp

    def forget(self, call: CallId) -> None:
        """The call is over."""
        for key in [key for key in self._stamps if key[0][0] == call]:
            del self._stamps[key]
