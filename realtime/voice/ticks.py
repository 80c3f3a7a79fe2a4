"""A clock that calls once in so many seconds, from start to start.

Event loops count in whole milliseconds, and from the moment they are asked: a pause of one, asked
for at the end of every reading, came to 1.5 ms and more. The kernel's own timer (`timerfd`, Linux)
counts in nanoseconds and goes on while we work, so that what a call takes is not added; a call
that takes longer than a tick is followed by one more at once, however many it missed. Elsewhere
the event loop counts.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import time
from collections.abc import Callable
from functools import cache


class Ticks:
    """Calls while it runs; it does not at first.

    Attributes:
        exact: the kernel counts.
    """

    def __init__(self, seconds: float, on_tick: Callable[[], None], *, exact: bool = True) -> None:
        """Prepare; needs a running event loop. Without `exact` the event loop counts."""
        self._seconds = seconds
        self._on_tick = on_tick
        self._loop = asyncio.get_running_loop()
        self._timer = _Timer.make() if exact else None
        self._next: asyncio.TimerHandle | None = None  # of the event loop, if that counts
        self.exact = self._timer is not None

    def start(self) -> None:
        """Call from now on; the first time when one tick is over."""
        if self._timer is None:
            self._next = self._loop.call_later(self._seconds, self._came_late)
        else:
            self._timer.set(self._seconds)
            self._loop.add_reader(self._timer.fd, self._came)

    def stop(self) -> None:
        """Call no more, until `start`. May be called from the call, and repeatedly."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._timer is not None:
            self._loop.remove_reader(self._timer.fd)
            self._timer.set(0.0)

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        if self._timer is not None:
            os.close(self._timer.fd)
            self._timer = None

    def _came(self) -> None:
        if self._timer is not None and self._timer.passed():
            self._on_tick()

    def _came_late(self) -> None:
        self._next = self._loop.call_later(self._seconds, self._came_late)
        self._on_tick()


class _Timer:
    """A timer of the kernel. Python has it under a name of its own from 3.13 on."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def make(cls) -> _Timer | None:
        """One that does not run; None where the system has none, or no descriptor to give."""
        libc = _libc()
        if libc is None:
            return None
        fd = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        return cls(fd) if fd >= 0 else None

    def set(self, seconds: float) -> None:
        """Run out again and again after so long; never, if that is 0."""
        whole, part = divmod(round(seconds * 1e9), 1_000_000_000)
        # struct itimerspec: how often, then when first, each in seconds and nanoseconds
        when = (ctypes.c_long * 4)(whole, part, whole, part)
        _libc().timerfd_settime(self.fd, 0, when, None)  # type: ignore[union-attr]

    def passed(self) -> bool:
        """Whether it ran out since the last question."""
        try:
            return bool(os.read(self.fd, 8))
        except BlockingIOError:
            return False


@cache
def _libc() -> ctypes.CDLL | None:
    try:
        found = ctypes.CDLL(None)
        found.timerfd_create, found.timerfd_settime  # noqa: B018 - AttributeError if missing
    except (OSError, AttributeError):
        return None
    return found
