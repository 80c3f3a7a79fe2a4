"""Every size, rate and length of time of the voice plane, in one table.

A `VoiceLimits` is passed to whatever needs one, so that a test or an operator changes a number
in one place and nothing reads the environment by itself.
"""

from __future__ import annotations

import msgspec


class VoiceLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser may send, how long we wait for it, and how much one process takes on."""

    offer_bytes: int = 16_384
    """Longest session description read; Chromium's audio offer has about 2,500 bytes."""

    offer_lines: int = 256
    """Most lines of one; Chromium's has about 60, plus one per candidate."""

    offer_candidates: int = 64
    """Most candidate lines of one. They are counted and not used, see `realtime.voice.sdp`."""

    packet_bytes: int = 1_200
    """Largest RTP packet forwarded. Speech at 32 kb/s makes packets of about 100 bytes."""

    packets_per_second: int = 120
    """What one leg may send on average: Opus frames of 10 ms, plus a fifth for catching up."""

    bits_per_second: int = 160_000
    """The same in bits, headers included: five times the bitrate that the answer asks for."""

    burst_seconds: float = 1.0
    """How much of either rate may arrive at once, after a stall of the network."""

    connect_seconds: float = 15.0
    """From our answer to the end of the handshake. aioice alone would wait for ever."""

    silent_seconds: float = 2.0
    """Nothing heard from a browser for so long: it counts as reconnecting. With the pulse that
    is told within 2.5 s, and leaves half a second to reach a screen within three. Silence on the
    microphone still makes a packet every 400 ms (Opus DTX); a browser without a microphone
    checks its path every 2.5 s, and so it is asked after half of this."""

    gone_seconds: float = 45.0
    """Nothing heard for so long: the person has left the call."""

    pulse_seconds: float = 0.5
    """How often the node looks after each party; the two limits above are exact to this."""

    report_seconds: float = 2.5
    """Mean interval of RTCP reports per leg, drawn from half to one and a half of it
    (RFC 3550 section 6.2 asks for the scatter)."""

    quiet_seconds: float = 0.75
    """Nothing sent to a browser for so long: it gets a report at the next pulse. A browser that
    gets nothing at all for two seconds may then say that its path is lost (web/src/media.ts)."""

    recording_queue: int = 20_000
    """Packets that wait to be written into recordings, over all calls; more are left out. A
    hundred calls' worth of two seconds, about 3 MB."""

    recording_seconds: float = 7_200.0
    """The longest recording; it stops then, and says so."""

    recording_gone_seconds: float = 60.0
    """What a media process that died was recording is given up after so long, if no process
    that starts on its disk has found it."""

    recording_again_seconds: float = 5.0
    """What could not be kept, because the store or the database was away, is tried again after so
    long: each try may leave a copy in the store, which goes an hour later."""

    calls_per_node: int = 300
    """Calls that one media process takes, both parties of each talking at once: two thirds of a
    core in Python, less than a third in C (tests/bench/voice.py)."""

    echoes_per_node: int = 20
    """People who may test their microphone at one media process at once."""

    echo_seconds: float = 60.0
    """How long such a test lasts at most; a person knows after ten."""

    renew_seconds: float = 0.75
    """How often a media process renews its lease, and compares its calls with the database."""

    lease_seconds: float = 3.0
    """How long a lease lasts. A process that died is noticed within this time and a look of the
    sweeper (half a second), and its calls move or end; both hear each other again within five
    seconds. One that misses two renewals is not taken for dead."""

    handover_seconds: float = 5.0
    """How long a process that stops goes on carrying calls that others took over, and how long
    its calls live if nobody did."""

    sound_seconds: float = 5.0
    """How often a media process writes down what it measured of its calls. Of one that dies,
    what came later is not known."""

    lag_seconds: float = 0.25
    """A node whose event loop is held up for longer than this at most beats of its pulse, or to
    which more comes than it can read for so long, takes no new call: the sound of all would come
    in lumps."""

    pending_datagrams: int = 64
    """Datagrams other than media waiting for the handshake of one leg; more are dropped."""

    remembered_calls: int = 1_024
    """Ended calls whose late requests are still told apart from new ones."""

    remembered_legs: int = 32
    """Replaced legs of one person whose late requests are still told apart from new ones."""
