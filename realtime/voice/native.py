"""The path of media in C: `batch.c`, built where a compiler is, loaded by cffi.

`load` never fails: without a compiler, or on a machine that is not Linux, it answers None and
says why, and media is forwarded in Python (`realtime.voice.forwarding`).
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any, cast

import structlog
from cffi import FFI

from realtime.voice.adapter import Keys, srtp_functions, srtp_session
from realtime.voice.forwarding import Address, Line, OnControl
from realtime.voice.limits import VoiceLimits
from realtime.voice.relay import Malformed, Stream, translations
from realtime.voice.rtcp import Reception
from realtime.voice.sdp import Agreed
from realtime.voice.track import Counters, Loudness, Media, Tap

log = structlog.get_logger(__name__)

_HERE = Path(__file__).parent
_BUILD_SECONDS = 60


@cache
def load(cache_folder: Path | None = None) -> Native | None:
    """The library, built first if it was not yet; None if this machine cannot have it.

    It is kept in `cache_folder`, by default the user's cache, under a name that its source and
    machine decide. One that lies beside the source is taken first: `python -m
    realtime.voice.native` builds it there.
    """
    if sys.platform != "linux":
        log.info("media is forwarded in Python", because="recvmmsg is Linux's")
        return None
    try:
        return Native(_built(cache_folder or _default_folder()))
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        log.info("media is forwarded in Python", because=str(error))
        return None


def _default_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "order-room"


def _built(folder: Path) -> Path:
    sources = [(_HERE / name).read_bytes() for name in ("batch.h", "batch.c")]
    about = "|".join((*platform.uname()[:1], platform.machine(), sysconfig.get_platform()))
    name = hashlib.sha256(b"\0".join([*sources, about.encode()])).hexdigest()[:24]
    library = folder / f"batch-{name}.so"
    beside = _HERE / library.name
    if beside.exists():  # built with the package, as in the container image
        return beside
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o022:
        raise PermissionError(f"others can write to {folder}")
    if library.exists():
        return library
    named = os.environ.get("CC")
    compiler = next(
        (found for each in (named, "cc", "gcc", "clang") if each and (found := shutil.which(each))),
        None,
    )
    if compiler is None:
        raise FileNotFoundError("no C compiler")
    descriptor, made = tempfile.mkstemp(dir=folder, suffix=".so")
    os.close(descriptor)
    try:
        subprocess.run(  # noqa: S603 - the compiler of this machine, our own source
            [compiler, "-O2", "-shared", "-fPIC", "-o", made, str(_HERE / "batch.c")],
            check=True,
            capture_output=True,
            timeout=_BUILD_SECONDS,
        )
        Path(made).chmod(0o755)
        # Two processes may build at once: the last one wins, with the same bytes.
        Path(made).replace(library)
    finally:
        Path(made).unlink(missing_ok=True)
    return library


class Native:
    """The loaded library."""

    def __init__(self, library: Path) -> None:
        """Load it.

        Raises:
            OSError: it is not a library of this machine.
        """
        self.ffi = FFI()
        self.ffi.cdef((_HERE / "batch.h").read_text())
        self.lib: Any = self.ffi.dlopen(str(library))


class NativeStream(Stream):
    """What a browser hears, its numbers in C; offers what a `Stream` does."""

    __slots__ = ("_at", "_native", "_said")

    def __init__(  # its numbers are in C: `Stream` would make its own
        self,
        native: Native,
        leg: Any,  # noqa: ANN401 - cffi's data has no type
        ssrc: int,
        listener: Agreed,
        *,
        sequence: int,
        timestamp: int,
    ) -> None:
        """Prepare the stream of a leg that was reset."""
        self._native, self._at, self._said = native, leg, leg.said
        self._listener = listener
        self._said.ssrc = ssrc
        self._said.sequence = sequence
        self._said.timestamp = timestamp

    ssrc = property(lambda self: self._said.ssrc)
    sequence = property(lambda self: self._said.sequence)
    timestamp = property(lambda self: self._said.timestamp)
    packets = property(lambda self: self._said.packets)
    octets = property(lambda self: self._said.octets)
    dropped = property(lambda self: self._said.dropped)

    @property
    def sent_at(self) -> float | None:  # type: ignore[override]
        """When the newest packet was made; None before the first."""
        at: float = self._said.sent_at
        return at if at >= 0 else None

    def hear(self, speaker: Agreed) -> None:
        """From now on packets come from this leg of the speaker."""
        self._native.lib.leg_hear(self._at)
        payload_types, extensions = translations(speaker, self._listener)
        for theirs, ours in payload_types.items():
            self._said.payload_types[theirs] = ours
        for theirs, ours in extensions.items():
            self._said.extensions[theirs] = ours
        if speaker.red is not None:
            self._said.speaker_red = speaker.red
        if self._listener.red is not None:
            self._said.listener_red = self._listener.red

    def resume(self) -> None:
        """The next packet follows the last one sent."""
        self._said.resuming = 1

    def rewrite_in_place(self, packet: bytearray, size: int, now: float) -> int:
        """One packet, outside of a batch."""
        at = self._native.ffi.from_buffer(packet)
        out: int = self._native.lib.leg_rewrite(self._at, at, size, now)
        if out < 0:
            raise Malformed("native")
        return out


class NativeReception(Reception):
    """How we hear a browser, counted in C; offers what a `Reception` does."""

    __slots__ = ("_at", "_heard", "_native")

    def __init__(self, native: Native, leg: Any) -> None:  # noqa: ANN401
        """Look at a leg that was reset."""
        self._native, self._at, self._heard = native, leg, leg.heard

    packets = property(lambda self: self._heard.packets)
    jitter = property(lambda self: self._heard.jitter)
    starts = property(lambda self: self._heard.starts)
    _base = property(lambda self: self._heard.base)
    _highest = property(lambda self: self._heard.highest)

    @property
    def ssrc(self) -> int | None:  # type: ignore[override]
        """Of the source that is heard; None before the first."""
        return int(self._heard.ssrc) if self._heard.known else None

    @property
    def _expected_before(self) -> int:
        return int(self._heard.expected_before)

    @_expected_before.setter
    def _expected_before(self, value: int) -> None:
        self._heard.expected_before = value

    @property
    def _received_before(self) -> int:
        return int(self._heard.received_before)

    @_received_before.setter
    def _received_before(self, value: int) -> None:
        self._heard.received_before = value

    def received(self, packet: bytes | bytearray, now: float) -> None:
        """Count one packet, outside of a batch."""
        self._native.lib.leg_heard(self._at, self._native.ffi.from_buffer(packet), now)


class NativeTrack:
    """One leg's media, forwarded in C."""

    def __init__(
        self,
        native: Native,
        limits: VoiceLimits,
        ssrc: int,
        agreed: Agreed,
        *,
        sequence: int,
        timestamp: int,
        taps: dict[int, Tap],
    ) -> None:
        """As a `Track`; `taps` are those of the forwarder, by the number that C knows."""
        self._native = native
        self._taps = taps
        self.leg = leg = native.ffi.new("leg_t *")
        native.lib.leg_reset(leg)
        leg.packet_bytes = limits.packet_bytes
        leg.packets_rate = limits.packets_per_second
        leg.bytes_rate = limits.bits_per_second / 8
        leg.burst = limits.burst_seconds
        leg.packet_tokens = leg.packets_rate * leg.burst
        leg.byte_tokens = leg.bytes_rate * leg.burst
        leg.tokens_at = leg.heard_at = time.monotonic()
        leg.heard.level_id = agreed.audio_level or 0
        self.stream: Stream = NativeStream(
            native, leg, ssrc, agreed, sequence=sequence, timestamp=timestamp
        )
        self.reception: Reception = NativeReception(native, leg)
        self.listener: NativeTrack | None = None
        self.keys: Keys | None = None
        self.line: Line | None = None

    @property
    def counters(self) -> Counters:
        """Up to date; a copy."""
        leg = self.leg
        return Counters(
            received=leg.received,
            rejected=leg.rejected,
            sent=leg.sent,
            unsent=leg.unsent,
            malformed=leg.malformed,
            excess=leg.excess,
        )

    @property
    def loudness(self) -> Loudness:
        """Up to date; a copy."""
        return Loudness(self.leg.heard.level_sum, self.leg.heard.level_count)

    @property
    def heard_at(self) -> float:
        """Monotonic seconds."""
        at: float = self.leg.heard_at
        return at

    @heard_at.setter
    def heard_at(self, at: float) -> None:
        self.leg.heard_at = at

    def listen(self, listener: Media | None) -> None:
        """Let the packets go to `listener`, or to nobody."""
        # Held here, so that its memory stays as long as C may look there.
        self.listener = None if listener is None else _own(listener)
        self.leg.listener = self._native.ffi.NULL if self.listener is None else self.listener.leg

    def tap(self, tap: Tap | None) -> None:
        """Give what goes to the listener to `tap` too, or to it no more."""
        self._taps.pop(self.leg.tap, None)
        self.leg.tap = 0
        if tap is not None:
            self.leg.tap = max(self._taps, default=0) + 1
            self._taps[self.leg.tap] = tap

    def take(self, packet: bytearray, size: int, now: float) -> int:
        """One authentic packet, outside of a batch; as `Track.take`."""
        at = self._native.ffi.from_buffer(packet)
        out: int = self._native.lib.leg_take(self.leg, at, size, now)
        if out and self.leg.tap:
            self._taps[self.leg.tap](bytes(packet[:out]), now)
        return out


def _own(track: Media) -> NativeTrack:
    """A forwarder is given the tracks that it made, and they each other."""
    return cast("NativeTrack", track)


class NativeForwarder:
    """Forwards in batches: one wake-up, three calls into the kernel and C."""

    path = "native"

    def __init__(self, native: Native, capacity: int) -> None:
        """Make room for the addresses of `capacity` legs and their changes."""
        self._native = native
        ffi = native.ffi
        unprotect, protect = (ffi.cast("void *", each) for each in srtp_functions())
        self._batch = native.lib.batch_open(8 * capacity, unprotect, protect)
        if self._batch == ffi.NULL:
            raise MemoryError
        self._handed = ffi.new("handed_t **")
        self._tapped = ffi.new("tapped_t **")
        self._taps: dict[int, Tap] = {}

    def track(
        self, limits: VoiceLimits, ssrc: int, agreed: Agreed, *, sequence: int, timestamp: int
    ) -> NativeTrack:
        """Make a leg's media."""
        return NativeTrack(
            self._native,
            limits,
            ssrc,
            agreed,
            sequence=sequence,
            timestamp=timestamp,
            taps=self._taps,
        )

    def unlock(self, track: Media, keys: Keys) -> None:
        """The handshake is done."""
        own, ffi = _own(track), self._native.ffi
        own.keys = keys
        own.leg.rx = ffi.cast("void *", srtp_session(keys.rx))
        own.leg.tx = ffi.cast("void *", srtp_session(keys.tx))

    def lock(self, track: Media) -> None:
        """Forget the keys."""
        own = _own(track)
        own.leg.rx = own.leg.tx = self._native.ffi.NULL
        own.leg.fd = -1
        own.tap(None)
        own.keys = own.line = None

    def aim(self, track: Media, line: Line) -> None:
        """Send there."""
        raw, own = _packed(line[1]), _own(track)
        own.line = line
        own.leg.address[0 : len(raw)] = raw
        own.leg.address_size = len(raw)
        own.leg.fd = line[0].fileno()

    def put(self, address: Address, track: Media) -> None:
        """Media from there is the leg's."""
        raw = _packed(address)
        self._native.lib.batch_put(self._batch, raw, len(raw), _own(track).leg)

    def drop(self, address: Address) -> None:
        """Media from there is nobody's."""
        raw = _packed(address)
        self._native.lib.batch_drop(self._batch, raw, len(raw))

    def stray(self, track: Media, packet: bytes, now: float) -> bool:
        """A media packet whose address is not put."""
        lib, leg = self._native.lib, _own(track).leg
        ours = bool(lib.batch_stray(self._batch, leg, packet, len(packet), now))
        if self._taps and ours:
            self._tap(now)
        return ours

    def read(self, source: socket.socket, now: float, on_control: OnControl) -> int:
        """Read and forward what has come."""
        came: int = self._native.lib.batch_read(self._batch, source.fileno(), now)
        if came > 0:
            if self._taps:
                self._tap(now)
            count = self._native.lib.batch_handed(self._batch, self._handed)
            if count:
                self._hand_over(count, on_control)
        return max(0, came)

    def close(self) -> None:
        """Free the buffers."""
        self._native.lib.batch_close(self._batch)

    def _tap(self, now: float) -> None:
        count = self._native.lib.batch_tapped(self._batch, self._tapped)
        buffer, row = self._native.ffi.buffer, self._tapped[0]
        for each in (row[index] for index in range(count)):
            tap = self._taps.get(each.tap)
            if tap is not None:
                tap(bytes(buffer(each.data, each.size)), now)

    def _hand_over(self, count: int, on_control: OnControl) -> None:
        buffer = self._native.ffi.buffer
        # Copied first: what is done with one may read again.
        handed = [
            (bytes(buffer(each.data, each.size)), bytes(buffer(each.address, each.address_size)))
            for each in (self._handed[0][index] for index in range(count))
        ]
        for data, raw in handed:
            on_control(data, _unpacked(raw))


def _packed(address: Address) -> bytes:
    """The address as the kernel has it (struct sockaddr_in or sockaddr_in6)."""
    port = address[1].to_bytes(2, "big")
    if len(address) == 2:  # noqa: PLR2004 - host and port: IPv4
        family = socket.AF_INET.to_bytes(2, sys.byteorder)
        return family + port + socket.inet_pton(socket.AF_INET, address[0]) + bytes(8)
    family = socket.AF_INET6.to_bytes(2, sys.byteorder)
    host = socket.inet_pton(socket.AF_INET6, address[0].partition("%")[0])
    flow, scope = address[2].to_bytes(4, "big"), address[3].to_bytes(4, sys.byteorder)
    return family + port + flow + host + scope


def _unpacked(raw: bytes) -> Address:
    """The address as the socket module has it."""
    port = int.from_bytes(raw[2:4], "big")
    if int.from_bytes(raw[:2], sys.byteorder) == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, raw[4:8]), port
    host = socket.inet_ntop(socket.AF_INET6, raw[8:24])
    flow, scope = int.from_bytes(raw[4:8], "big"), int.from_bytes(raw[24:28], sys.byteorder)
    return host, port, flow, scope


if __name__ == "__main__":
    load(_HERE)
