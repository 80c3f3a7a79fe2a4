"""What a browser may offer, and what its answer is made of. Pure: text in, facts out.

An offer is read line by line into an `Offer` that holds only what we use, and everything else
is left behind. Two descriptions are made of it:

- `Offer.reduced()`, the only one that the WebRTC library ever parses, so that no odd line of a
  stranger reaches its parser;
- the answer, written by the library (`realtime.voice.adapter.write_answer`), which leads from an
  `Offer` and a `Transport` to the speech profile of `OPUS_PROFILE`.

The browser's candidates are counted and dropped. It is the controlling side (RFC 8445) and our
addresses stand in the answer, so its own checks tell us where it is. Hence a browser needs to
wait for no candidate before it sends its offer, nobody can make the server send checks to an
address of his choice, and names that only a local network could resolve cost nothing.
"""

from __future__ import annotations

import re
from typing import NoReturn

import msgspec

from orders.errors import SdpRefused
from realtime.voice.limits import VoiceLimits

AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
"""RFC 6464: the loudness of a packet, readable without decoding it."""

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
"""RFC 9143: which media section a packet belongs to."""

OPUS_PROFILE = "minptime=10;useinbandfec=1;usedtx=1;stereo=0;maxaveragebitrate=32000"
"""What we ask a browser to send (RFC 7587 section 6.1): speech in mono at 32 kb/s, with
repair data in the stream, and next to nothing while nobody speaks."""

OPUS_CLOCK = 48_000
"""Opus counts in 48 kHz whatever it carries (RFC 7587 section 4.1)."""

PROFILE = "UDP/TLS/RTP/SAVPF"
"""How media travels: RTP with feedback, secured by DTLS (RFC 5764 section 8)."""

_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,16}")
_PROFILES = (PROFILE, "UDP/TLS/RTP/SAVP")
_DIGEST_BYTES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_LAST_PAYLOAD_TYPE = 127
_ONE_BYTE_IDS = range(1, 15)


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that one browser and we use for the same things; each browser picks its own."""

    opus: int
    """Payload type of Opus."""

    red: int | None = None
    """Payload type of redundant audio (RFC 2198), if offered."""

    telephone_event: int | None = None
    """Payload type of dialled digits (RFC 4733) at 48 kHz, if offered."""

    audio_level: int | None = None
    """Header-extension id of the loudness, if offered."""

    mid: int | None = None
    """Header-extension id of the media section's name, if offered."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """An offer that we can answer, reduced to what we use."""

    agreed: Agreed
    name: str
    """The media section's name (`a=mid`)."""

    ufrag: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    """(algorithm, digest in upper-case hexadecimal pairs), at least one."""

    setup: str
    """The browser's wish for the DTLS handshake: actpass, active or passive (RFC 8842)."""

    @property
    def our_setup(self) -> str:
        """Our role in the handshake: we begin it unless the browser insists."""
        return "passive" if self.setup == "active" else "active"

    def reduced(self) -> str:
        """The same offer in our own words, for the WebRTC library.

        It names one codec under a fixed number, because the library is not to touch media; the
        numbers in use are those of `agreed`.
        """
        return "".join(
            f"{line}\r\n"
            for line in (
                "v=0",
                "o=- 0 1 IN IP4 0.0.0.0",
                "s=-",
                "t=0 0",
                f"a=group:BUNDLE {self.name}",
                f"m=audio 9 {PROFILE} 96",
                "c=IN IP4 0.0.0.0",
                "a=sendrecv",
                f"a=mid:{self.name}",
                f"a=ice-ufrag:{self.ufrag}",
                f"a=ice-pwd:{self.password}",
                *(f"a=fingerprint:{algorithm} {value}" for algorithm, value in self.fingerprints),
                f"a=setup:{self.setup}",
                "a=rtcp-mux",
                f"a=rtpmap:96 opus/{OPUS_CLOCK}/2",
            )
        )


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An address on which we await the browser."""

    foundation: str
    priority: int
    host: str
    port: int


class Transport(msgspec.Struct, frozen=True, kw_only=True):
    """Our half of the connection: credentials, certificate and addresses."""

    ufrag: str
    password: str
    fingerprint: str
    """SHA-256 digest of our certificate, in upper-case hexadecimal pairs."""

    candidates: tuple[Candidate, ...]


def read_offer(text: str, limits: VoiceLimits) -> Offer:
    """Read a browser's offer.

    Raises:
        SdpRefused: with the fact `reason`: `too_large` (and `limit`, `what`), `has_video`,
            `no_opus`, or `invalid` (and `where`, the name of the line at fault).
    """
    lines = _lines(text, limits)
    start = _audio_section(lines)
    kind, _port, profile, *formats = lines[start][2:].split(" ")
    if kind != "audio" or profile not in _PROFILES:
        _invalid("m")
    payload_types = {_number(each, "m", _LAST_PAYLOAD_TYPE) for each in formats}

    session = _attributes(lines[:start])
    media = _attributes(lines[start + 1 :])
    both = session + media
    if any(key in ("ice-lite", "inactive", "sendonly", "recvonly") for key, _ in both):
        _invalid("direction")
    if ("rtcp-mux", "") not in media:
        _invalid("rtcp-mux")
    return Offer(
        agreed=_agreed(media, payload_types),
        name=_one(media, "mid", _TOKEN),
        ufrag=_one(both, "ice-ufrag", _UFRAG),
        password=_one(both, "ice-pwd", _PASSWORD),
        fingerprints=_fingerprints(both),
        setup=_one(both, "setup", re.compile("actpass|active|passive")),
    )


def advertised(candidates: tuple[Candidate, ...], address: str | None) -> tuple[Candidate, ...]:
    """The candidates as the outside reaches them behind a one-to-one NAT.

    With an `address`, those of its family show it instead of the inside one, and the others,
    which nobody outside could reach, are left out. Without, they stay as they are.
    """
    if address is None:
        return candidates
    return tuple(
        msgspec.structs.replace(each, host=address)
        for each in candidates
        if (":" in each.host) == (":" in address)
    )


def _lines(text: str, limits: VoiceLimits) -> list[str]:
    if len(text) > limits.offer_bytes:
        raise SdpRefused(reason="too_large", what="bytes", limit=limits.offer_bytes)
    if not text.isascii() or "\0" in text:
        _invalid("text")
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if len(lines) > limits.offer_lines:
        raise SdpRefused(reason="too_large", what="lines", limit=limits.offer_lines)
    if sum(line.startswith("a=candidate:") for line in lines) > limits.offer_candidates:
        raise SdpRefused(reason="too_large", what="candidates", limit=limits.offer_candidates)
    if lines[0] != "v=0" or not all(re.match("[a-z]=", line) for line in lines):
        _invalid("v")
    return lines


def _audio_section(lines: list[str]) -> int:
    sections = [index for index, line in enumerate(lines) if line.startswith("m=")]
    if any(lines[index].startswith("m=video ") for index in sections):
        raise SdpRefused(reason="has_video")
    if len(sections) != 1 or not re.fullmatch(r"m=\w+ \d+ [A-Z/]+( \d+)+", lines[sections[0]]):
        _invalid("m")
    return sections[0]


def _attributes(lines: list[str]) -> list[tuple[str, str]]:
    return [
        (key, value)
        for line in lines
        if line.startswith("a=")
        for key, _, value in [line[2:].partition(":")]
    ]


def _agreed(media: list[tuple[str, str]], payload_types: set[int]) -> Agreed:
    opus = red = telephone_event = None
    ids: dict[str, int] = {}
    for key, value in media:
        number, _, meaning = value.partition(" ")
        if key == "rtpmap":
            payload_type = _number(number, "rtpmap", _LAST_PAYLOAD_TYPE)
            codec = meaning.lower()
            if payload_type not in payload_types:
                _invalid("rtpmap")
            elif codec == f"opus/{OPUS_CLOCK}/2" and opus is None:
                opus = payload_type
            elif codec == f"red/{OPUS_CLOCK}/2" and red is None:
                red = payload_type
            elif codec == f"telephone-event/{OPUS_CLOCK}" and telephone_event is None:
                telephone_event = payload_type
        elif key == "extmap" and meaning in (AUDIO_LEVEL, MID):
            # A higher id needs two-byte extension headers, which we do not negotiate.
            element = _number(number.partition("/")[0], "extmap", 255)
            if element in _ONE_BYTE_IDS:
                ids[meaning] = element
    if opus is None:
        raise SdpRefused(reason="no_opus")
    kinds = [each for each in (opus, red, telephone_event) if each is not None]
    if len(set(kinds)) != len(kinds) or len(set(ids.values())) != len(ids):
        _invalid("rtpmap")
    return Agreed(
        opus=opus,
        red=red,
        telephone_event=telephone_event,
        audio_level=ids.get(AUDIO_LEVEL),
        mid=ids.get(MID),
    )


def _fingerprints(attributes: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    found = []
    for key, value in attributes:
        if key != "fingerprint":
            continue
        algorithm, _, digest = value.partition(" ")
        length = _DIGEST_BYTES.get(algorithm.lower())
        if length is None:
            continue
        if not re.fullmatch(rf"[0-9A-Fa-f]{{2}}(:[0-9A-Fa-f]{{2}}){{{length - 1}}}", digest):
            _invalid("fingerprint")
        found.append((algorithm.lower(), digest.upper()))
    if not found:
        _invalid("fingerprint")
    return tuple(found)


def _one(attributes: list[tuple[str, str]], key: str, pattern: re.Pattern[str]) -> str:
    """The attribute's value; the media section's wins over the session's, as RFC 8866 has it."""
    values = [value for name, value in attributes if name == key]
    if not values or not pattern.fullmatch(values[-1]):
        _invalid(key)
    return values[-1]


def _number(text: str, where: str, limit: int) -> int:
    if not re.fullmatch(r"\d{1,3}", text) or int(text) > limit:
        _invalid(where)
    return int(text)


def _invalid(where: str) -> NoReturn:
    raise SdpRefused(reason="invalid", where=where)
