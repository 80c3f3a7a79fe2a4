"""Every size and rate of the edge, in one table.

A limit is a promise in both directions: what a well-behaved browser never meets, and what a
misbehaving one cannot exceed. Each is named here, and refusals carry that name or the number.
"""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one process. Lengths of time are in seconds, sizes in bytes."""

    frame_bytes: int = 256 * 1024
    """The largest frame that is read: the longest message that a policy allows fits in its widest
    encoding, which is twelve bytes a character."""
    transport_bytes: int = 2 * 1024 * 1024
    """The largest frame that is received at all. Between the two a frame is refused with a
    sentence; beyond, the socket is closed with 1009 before the bytes are kept."""
    body_bytes: int = 256 * 1024
    """The largest body of an HTTP request; the same message fits."""

    commands_per_second: float = 20.0
    """Frames a socket may send on the average; people type less than one a second. Calls over
    HTTP of one person have the same limits, together."""
    commands_burst: int = 100
    """Frames at once: an outbox that was filled offline is repeated in one go."""
    commands_in_flight: int = 32
    """Commands of one socket that are being carried out or whose answer is not yet written.
    Beyond, its frames are not read: TCP makes the browser wait."""
    malformed_frames: int = 10
    """Frames that could not be understood before the socket is closed."""

    messages_per_order: float = 10.0
    """Messages a person may write in one order on the average, in a second."""
    messages_per_order_burst: int = 120
    """At once: an outbox that was filled offline."""
    messages_per_person: float = 20.0
    """The same in all orders together."""
    messages_per_person_burst: int = 240
    same_text: int = 5
    """How often a person may say the same in one order within `same_text_window`."""
    same_text_window: float = 60.0
    touches_per_second: float = 2.0
    """Edits, withdrawals and reactions of a person: each is an entry too."""
    touches_burst: int = 60
    echo_tests_per_second: float = 0.1
    """Offers to hear oneself, per person; each opens a leg for a minute at most."""
    echo_tests_burst: int = 6

    searches_per_second: float = 1.0
    """Searches of a person: a pause in typing asks once."""
    searches_burst: int = 20
    reports_per_second: float = 0.02
    """Reports of a person, on the average one in fifty seconds."""
    reports_burst: int = 10

    screens_per_second: float = 4.0
    """Texts a socket may have looked at while they are typed: a pause in typing asks once."""
    screens_burst: int = 8

    subscriptions: int = 50
    """Orders that one socket follows at once: those on its screen."""
    sockets_per_person: int = 20
    """Beyond, the person's oldest socket is closed."""

    batch_entries: int = 100
    """Entries in one `batch`."""
    batch_bytes: int = 256 * 1024
    """Bytes of entries in one `batch`, unless a single entry is larger."""
    page_entries: int = 50
    """Entries of the newest page, and of a page of history."""
    ring_entries: int = 256
    """Newest entries of a followed order that are kept in memory, shared by its sockets."""

    hello_within: float = 10.0
    """From the handshake to `hello`."""
    ping_every: float = 20.0
    """Between two pings: below the 30 s after which the strictest proxies cut idle lines."""
    ping_within: float = 2.0
    """How long it takes at most until all sockets were pinged: not all in one moment."""
    silence: float = 50.0
    """Without any frame from the browser, which answers each ping: two pings were lost."""
    slow_send: float = 15.0
    """How long the browser may not take a frame while the line's buffer is full."""
    close_patience: float = 5.0
    """How long a closed socket may linger to take its last frames."""
    watch_every: float = 1.0
    """How often sockets are looked at for silence, slowness and ended tokens."""

    look_every: float = 1.0
    """How often the database is asked for news while the bus is deaf."""

    token_life: float = 900.0
    """The longest life of a party token. Short, because a token is the whole permission."""
    token_leeway: float = 10.0
    """How far the clocks of two machines may differ when a token's end is judged."""
    cookie_life: float = 12 * 3600.0
    """How long a demo sign-in lasts."""

    uploads_per_person: int = 3
    """Files that one person sends at once; the room's page sends them one by one."""
    uploads_open: int = 10
    """Uploads that one person has begun and not finished."""
    upload_life: float = 24 * 3600.0
    """How long an upload waits for its next byte before it is given up."""
    upload_hand_over: float = 5.0
    """How long a newer request to an upload waits for the older one to end."""
    scan_within: float = 20.0
    """How long the virus scanner may take for one file while its sender waits."""
    upload_silence: float = 30.0
    """Without any byte of a file that is being sent: the line was lost."""
    upload_within: float = 900.0
    """How long one file may take: 25 MiB at 256 kbit/s."""
    answer_link_life: float = 3 * 86_400.0
    """How long a link in a mail answers: mails are read days later. At most until the time that it
    picks."""
    file_link_life: float = 300.0
    """How long a link to a file works: the time to look at a page and click."""

    records_per_second: float = 1 / 30
    """Records of orders that one person takes home on the average: each reads and signs a whole
    history, and an order has one or two of interest."""
    records_burst: int = 20
    """Records at once: somebody who takes all their orders home."""

    mark_every: float = 1.0
    """Between two stored read marks of one person in one order."""
    presence_grace: float = 5.0
    """How long a person counts as online after the last socket closed: a page reload."""
    presence_every: float = 4.0
    """How often it is looked whether people are still online in other processes."""
    presence_lives: float = 9.0
    """How long a process counts as alive after it last said so, which it does three times as often.
    Of its people nobody knows from then on."""
    presence_missed: float = 300.0
    """How long after that word nobody knows; then the process is taken for dead and its people
    count as offline. As long as the bus misses it."""
    index_after: float = 30.0
    """How long an order is quiet before its words are indexed without anybody searching."""
    index_every: float = 60.0
    """Between two looks for orders that have gone quiet."""
    inbox_every: float = 1.0
    """Between two `inbox` frames of one socket."""

    unwelcomed: int = 2_000
    """Sockets that have not been welcomed yet. Beyond, the handshake itself is refused: after a
    restart of everything, everybody comes back at once."""
    hellos_at_once: int = 64
    """Hellos that are being answered at the same time; the others wait for their turn."""
    hello_turn: float = 5.0
    """How long a hello waits for its turn; then it is told when to come back."""
    retry_least: float = 1.0
    retry_most: float = 8.0
    """Between these, at random, whoever was refused at the door is asked to come back."""
    hellos_per_second: float = 2.0
    """How often one person may say hello on the average, over all processes."""
    hellos_burst: int = 30
    """Hellos of one person at once: many tabs that come back together."""

    drain: float = 3.0
    """Over how long the sockets are told to move when the process stops."""
    drain_notice: float = 0.0
    """Between saying that we are not ready and moving the first socket: load balancers look."""
    move_patience: float = 0.5
    """How much later than told a socket may move before it is closed."""
    stop_within: float = 10.0
    """How long the whole stop may take after that."""


def at_pace(limits: Limits, commands_per_second: float) -> Limits:
    """Return the limits for people, or programs, that are so fast: what they write with it."""
    times = max(1.0, commands_per_second / limits.commands_per_second)
    return msgspec.structs.replace(
        limits,
        commands_per_second=commands_per_second,
        messages_per_order=limits.messages_per_order * times,
        messages_per_person=limits.messages_per_person * times,
        same_text=round(limits.same_text * times),
        touches_per_second=limits.touches_per_second * times,
        searches_per_second=limits.searches_per_second * times,
        reports_per_second=limits.reports_per_second * times,
    )


class Bucket:
    """A token bucket: `rate` a second on the average, `burst` at once. Time is an argument."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        """Begin full at `now` (seconds of any clock that never goes back)."""
        self._rate, self._burst = rate, burst
        self._left, self._at = float(burst), now

    def take(self, now: float) -> float:
        """Take one; return 0.0, or the seconds after which there will be one."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= 1.0:
            self._left -= 1.0
            return 0.0
        return (1.0 - self._left) / self._rate

    def missing(self, now: float) -> float:
        """Return how many were taken and have not come back."""
        return max(0.0, self._burst - self._left - (now - self._at) * self._rate)

    def owe(self, seconds: float, now: float) -> None:
        """Be full in so many seconds and not before; more than `burst` may be owed."""
        left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._left, self._at = min(left, self._burst - seconds * self._rate), now
