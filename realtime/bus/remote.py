"""The bus over Redis: publish/subscribe, which forgets what nobody hears.

At each node of Redis one part of it speaks and one listens (`speaking`, `hearing`). In a Redis
Cluster a partition is published and heard at the node that holds its slot; when slots move, what
waits to be said and what is listened to moves with them.

Each node has a canary of its own, and a sign of life of each process. A process that falls silent
without a farewell may be cut off from Redis alone and still write, so it is missed for a while:
those who hear everything else ask the database in its stead.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from orders.database import Announcement
from realtime import telemetry
from realtime.bus import Ears, OnGap, OnHint, OnSignal, Signal
from realtime.bus.hearing import Listener
from realtime.bus.letters import (
    COMMON,
    SENDER_BYTES,
    Hint,
    channel,
    hint_of,
    partition_of,
    topic_of,
)
from realtime.bus.nodes import Node, Nodes
from realtime.bus.speaking import Pulse, Speaker

LINGER = 30.0
"""Seconds that a partition is still listened to after nobody here attends it."""


@dataclass(slots=True)
class _Line:
    """What there is to one node."""

    speaker: Speaker
    listener: Listener
    task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self.speaker.run())
            parts.create_task(self.listener.run())


class RemoteBus:
    """What this process says to the others and hears from them. `run` does the work."""

    def __init__(self, nodes: Nodes, *, prefix: str, partitions: int, listens: bool = True) -> None:
        """Prepare. A cluster's `nodes` are followed by whoever made them.

        With `listens` a single partition is attended from the start, whoever comes.
        """
        self._nodes = nodes
        self._prefix = prefix
        self._partitions = partitions
        self._me = secrets.token_bytes(SENDER_BYTES)
        self._ears = Ears()
        at_once = partitions == 1 and listens
        self._attended: Counter[int] = Counter({0: 1} if at_once else {})
        self._idle: dict[int, float] = {}  # partitions nobody attends any more, since when
        self._wish = asyncio.Event()  # to join other partitions, or other nodes
        self._lines: dict[Node, _Line] = {}
        self._left: list[_Line] = []  # whose node holds nothing any more
        self._common: Speaker
        self._settle()
        nodes.on_change(self._settle)

    # --- what the process says ---------------------------------------------------------------

    @property
    def is_whole(self) -> bool:
        """Whether what others say is heard, at every node."""
        return all(line.listener.is_whole for line in self._lines.values())

    @property
    def misses_somebody(self) -> bool:
        """Whether another process is silent that did not say farewell."""
        return self.is_whole and any(line.listener.misses_somebody for line in self._lines.values())

    def subscribe(self, on_hint: OnHint, on_signal: OnSignal, on_gap: OnGap) -> None:
        """Have all of it told to these."""
        self._ears.add(on_hint, on_signal, on_gap)

    def publish_hint(self, announcements: Sequence[Announcement]) -> None:
        """Say what was appended to timelines."""
        self._ears.hear_hints(announcements)
        self._say([hint_of(news) for news in announcements])

    def publish_signal(self, signal: Signal) -> None:
        """Say what only the newest counts of."""
        self._ears.hear_signal(signal)
        self._speaker_of(topic_of(signal)).signal(signal)

    def attend(self, topic: str) -> None:
        """Listen to what concerns this order or person."""
        if self._partitions == 1:
            return
        partition = partition_of(topic, self._partitions)
        self._attended[partition] += 1
        self._idle.pop(partition, None)
        if self._attended[partition] == 1:
            self._wish.set()

    def ignore(self, topic: str) -> None:
        """Undo one `attend`."""
        if self._partitions == 1:
            return
        partition = partition_of(topic, self._partitions)
        self._attended[partition] -= 1
        if not self._attended[partition]:
            del self._attended[partition]
            self._idle[partition] = time.monotonic()

    async def run(self) -> None:
        """Publish and listen until cancelled; what waits then is published first."""
        async with asyncio.TaskGroup() as working:
            while True:
                for line in self._lines.values():
                    if line.task is None:
                        line.task = working.create_task(line.run())
                for line in list(self._lines.values()):
                    await line.listener.join()
                await self._part()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LINGER):
                        await self._wish.wait()
                self._wish.clear()
                now = time.monotonic()
                for partition in [p for p, since in self._idle.items() if now - since > LINGER]:
                    del self._idle[partition]

    # --- nodes -------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Speak and listen where everything lives now."""
        waiting = [line.speaker.take() for line in self._lines.values()]
        known, self._lines = self._lines, {}
        for node in self._nodes.all:
            line = known.pop(node, None) or self._line(node)
            line.speaker.pulse.common = self._nodes.named_at(node, self._prefix, COMMON)
            line.speaker.pulse.own = self._nodes.named_at(node, self._prefix, self._me.hex())
            self._lines[node] = line
        self._left += known.values()
        self._common = self._lines[self._nodes.of(channel(self._prefix, COMMON))].speaker
        for hints, signals, all_of_it in waiting:
            self._say(hints)
            for signal in signals:
                self._speaker_of(topic_of(signal)).signal(signal)
            if not all_of_it:
                self._common.lose()
        self._wish.set()

    def _line(self, node: Node) -> _Line:
        sharded = self._nodes.clustered
        pulse = Pulse("", "")
        speaker = Speaker(
            self._nodes,
            node,
            self._me,
            self._prefix,
            self._partitions,
            "SPUBLISH" if sharded else "PUBLISH",
            pulse,
        )
        listener = Listener(
            self._nodes,
            node,
            self._me,
            sharded,
            pulse,
            self._ears,
            wanted=lambda: {name for name in self._wanted() if self._nodes.of(name) == node},
            beat=speaker.beat,
            whole=lambda: telemetry.BUS_WHOLE.set(self.is_whole),
        )
        return _Line(speaker, listener)

    async def _part(self) -> None:
        """End the lines to nodes that hold nothing any more; others say what they could not."""
        left, self._left = self._left, []
        running = [line.task for line in left if line.task is not None]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        for line in left:
            hints, _, _ = line.speaker.take()
            self._say(hints)
            self._common.lose()

    def _wanted(self) -> set[str]:
        common = channel(self._prefix, COMMON)
        return {common, *(channel(self._prefix, p) for p in (*self._attended, *self._idle))}

    def _speaker_of(self, topic: str) -> Speaker:
        place = channel(self._prefix, partition_of(topic, self._partitions))
        return self._lines[self._nodes.of(place)].speaker

    def _say(self, hints: Sequence[Hint]) -> None:
        if len(self._lines) == 1:
            self._common.hint(hints)
            return
        mine: dict[Node, list[Hint]] = {}
        common = self._nodes.of(channel(self._prefix, COMMON))
        for hint in hints:
            node = self._nodes.of(channel(self._prefix, partition_of(hint.order, self._partitions)))
            mine.setdefault(node, []).append(hint)
            if hint.after == 0 and node != common:
                mine.setdefault(common, []).append(hint)
        for node, some in mine.items():
            self._lines[node].speaker.hint(some)
