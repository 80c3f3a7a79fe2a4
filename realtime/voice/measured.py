"""What was measured of this process's calls: by its node, and by whoever carried them before."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from orders.database import Database
from orders.events import CallId, OrderId, PersonId
from realtime.voice import callbook
from realtime.voice.calls import Call
from realtime.voice.node import Node
from realtime.voice.quality import Tally

Heard = Mapping[PersonId, Tally]


class Measured:
    """Sums of each call, and the writing down of them."""

    def __init__(self, database: Database, node: Node) -> None:
        """Nothing measured, nothing written."""
        self._database = database
        self._node = node
        # What earlier carriers measured.
        self._before: dict[CallId, Heard] = {}
        self._written: dict[CallId, Heard] = {}
        self._written_at = -math.inf

    def take_over(self, call: Call) -> None:
        """Begin where the one who carried the call before left off."""
        self._before[call.id] = call.heard

    def forget(self, call: CallId) -> None:
        """It is over here."""
        self._before.pop(call, None)

    def of(self, call: CallId) -> Heard:
        """What is known of the call."""
        heard = dict(self._before.get(call, {}))
        for person, here in self._node.heard(call).items():
            heard[PersonId(person)] = heard.get(PersonId(person), Tally()).plus(here)
        return heard

    async def write(self, carried: Mapping[CallId, OrderId], every: float = 0.0) -> None:
        """Write it down for whoever ends or takes over these calls, if `every` seconds are over."""
        if time.monotonic() - self._written_at < every:
            return
        fresh = {call: heard for call in carried if (heard := self.of(call))}
        changed = {
            (carried[call], call): heard
            for call, heard in fresh.items()
            if heard != self._written.get(call)
        }
        if changed:
            await callbook.note_sound(self._database, self._node.incarnation, changed)
        self._written = fresh
        self._written_at = time.monotonic()
