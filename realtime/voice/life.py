"""A leg's life, whatever carries it: awaited, connected, over. Each is told of once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Life:
    """From the answer to the end.

    Attributes:
        connected: the handshake is done, and it is not over.
        over: nothing more may come in or go out.
    """

    def __init__(
        self,
        *,
        let_go: Callable[[], Coroutine[Any, Any, None]],
        on_connected: Callable[[], None],
        on_closed: Callable[[], None],
    ) -> None:
        """Not yet awaited. `let_go` stops everything at once; what it returns says goodbye."""
        self.connected = False
        self.over = False
        self._let_go = let_go
        self._on_connected = on_connected
        self._on_closed = on_closed
        self._timeout: asyncio.TimerHandle | None = None  # set by `awaited`
        self._goodbye: asyncio.Task[None] | None = None  # set by `end`

    def awaited(self, seconds: float) -> None:
        """It ends if it is not connected in so long."""
        self._timeout = asyncio.get_running_loop().call_later(seconds, self._expired)

    def connect(self) -> None:
        """The handshake is done. Nothing happens if that is known, or too late."""
        if self.over or self.connected:
            return
        self._wait_no_more()
        self.connected = True
        self._on_connected()

    def end(self) -> None:
        """It is over; the goodbye is said in the background. May be called repeatedly."""
        if self.over:
            return
        self._wait_no_more()
        self.connected, self.over = False, True
        self._goodbye = asyncio.get_running_loop().create_task(self._let_go())
        tell = self._on_closed
        # Nothing here leads back to the leg, or to whom it told: all are freed as soon as they
        # are let go of, and not when the garbage collector comes by.
        self._let_go = _nothing
        self._on_connected = self._on_closed = _nobody
        tell()

    async def close(self) -> None:
        """End it, and wait until the goodbye is said."""
        self.end()
        if self._goodbye is not None:
            await asyncio.shield(self._goodbye)

    def _expired(self) -> None:
        if not self.connected:
            self.end()

    def _wait_no_more(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None


def _nobody() -> None:
    """Whom a life that is over tells."""


async def _nothing() -> None:
    """What a life that is over lets go of."""
