"""What everything at the edge of one process shares. Put together in `realtime.running`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from orders.database import Database
from orders.events import PersonId
from orders.posting import PostBox
from orders.record import KeySet, SealingKey
from realtime.auth import CheckToken, Tokens
from realtime.chat.flood import Flood
from realtime.chat.marks import Marks
from realtime.files.finishing import Finisher
from realtime.files.links import FileLinks
from realtime.files.receiving import Receiver
from realtime.files.shelf import Shelf
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.notices.one_tap import OneTap
from realtime.rates import Rates
from realtime.reads import Reads
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
    reads: Reads
    hub: Hub
    marks: Marks
    check_token: CheckToken
    tokens: Tokens
    """Mints the party tokens that the backend asks for."""
    record_key: SealingKey
    """Seals the records that members take home."""
    record_keys: KeySet
    """What is published to check them with: that one, and those of earlier times."""
    rates: Rates
    """How often one person may do what is dear, over all processes."""
    flood: Flood
    """How fast people write."""
    calls: Switchboard
    shelf: Shelf
    finisher: Finisher
    """Makes entries of whole files."""
    receiver: Receiver
    """Takes the bytes of uploads that can be resumed."""
    file_links: FileLinks
    one_tap: OneTap
    """Makes and opens the links of mails that answer without signing in."""
    nudge: Callable[[], None]
    """Has the sweeper look sooner, because a clock was set."""
    uploads: Counter[PersonId] = field(default_factory=Counter)
    """How many files each person is sending at this moment."""
    ended: list[str] = field(default_factory=list)
    """Parts of this process that ended by themselves, which is a bug: it has to be restarted."""
    ready: bool = False
    """Whether new work is welcome: not before everything runs, nor while stopping."""
