"""What everything at the edge of one process shares. Put together in `realtime.app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orders.database import Database
from orders.posting import PostBox
from realtime.auth import Tokens
from realtime.chat.marks import Marks
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.settings import Settings
from realtime.tails import Tails
from realtime.voice.signalling import Switchboard


@dataclass(slots=True)
class Edge:
    """The parts of one process that serve browsers and the marketplace's backend."""

    settings: Settings
    limits: Limits
    database: Database
    epoch: str
    """The name of this history; read at the start, because a restore stops the servers."""
    box: PostBox
    tails: Tails
    hub: Hub
    marks: Marks
    tokens: Tokens
    calls: Switchboard
    nudge: Callable[[], None]
    """Has the sweeper look sooner, because a clock was set."""
    ready: bool = False
    """Whether new work is welcome: not before everything runs, nor while stopping."""
