"""One browser's packets become the stream that the other one hears."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.voice.limits import VoiceLimits
from realtime.voice.relay import FRAME, MAX_DROPOUT, MAX_MISORDER, Bucket, Malformed, Stream
from realtime.voice.sdp import Agreed
from tests.realtime.voice.peer import HEADER, rtp
from tests.realtime.voice.ways import WAYS, Way

LISTENER = Agreed(opus=109, telephone_event=101, audio_level=6, mid=3)
SPEAKER = Agreed(opus=96, telephone_event=97, audio_level=1, mid=4)
SSRC = 0x11223344

sixteen_bits = st.integers(0, 0xFFFF)
near_or_far = st.integers(0, 30) | st.integers(0xFFE0, 0xFFFF) | sixteen_bits
thirty_two_bits = st.integers(0, 0xFFFFFFFF)


way = Way()


@pytest.fixture(autouse=True, scope="module", params=WAYS)
def each_way(request: pytest.FixtureRequest) -> None:
    """Every test of this file runs over Python's relay and over C's."""
    way.take(request.param)


def silent(sequence: int = 0, timestamp: int = 0, listener: Agreed = LISTENER) -> Stream:
    return way.track(SSRC, listener, sequence=sequence, timestamp=timestamp).stream


def stream(
    sequence: int = 999,
    timestamp: int = 50_000,
    speaker: Agreed = SPEAKER,
    listener: Agreed = LISTENER,
) -> Stream:
    made = silent(sequence, timestamp, listener)
    made.hear(speaker)
    return made


def sent(out: Stream, packet: bytes, now: float = 0.0) -> bytes:
    result = out.rewrite(packet, now)
    assert result is not None
    return result


def numbers(packet: bytes) -> tuple[int, int]:
    """Sequence number and timestamp."""
    _, _, sequence, timestamp, _ = HEADER.unpack_from(packet)
    return sequence, timestamp


def test_only_the_numbers_of_the_header_change() -> None:
    result = sent(stream(), rtp(7, payload=b"speech", marker=True))
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(result)
    assert (first, second & 0x80, second & 0x7F) == (0x80, 0x80, LISTENER.opus)
    assert (sequence, timestamp, ssrc) == (1000, 50_000 + FRAME, SSRC)
    assert result[12:] == b"speech"


@given(sixteen_bits, sixteen_bits, thirty_two_bits, thirty_two_bits)
def test_numbers_count_on_across_every_wrap(
    ours: int, theirs: int, our_time: int, their_time: int
) -> None:
    out = stream(ours, our_time)
    for step in range(40):
        packet = rtp(theirs + step, timestamp=their_time + step * FRAME)
        expected = (ours + 1 + step) & 0xFFFF, (our_time + (1 + step) * FRAME) & 0xFFFFFFFF
        assert numbers(sent(out, packet, step * 0.02)) == expected


@given(st.lists(st.integers(1, MAX_DROPOUT), max_size=40), sixteen_bits)
def test_gaps_are_kept(gaps: list[int], start: int) -> None:
    out = stream()
    sequence = start
    before, _ = numbers(sent(out, rtp(sequence)))
    for gap in gaps:
        sequence += gap
        after, _ = numbers(sent(out, rtp(sequence)))
        assert (after - before) & 0xFFFF == gap
        before = after


@given(st.permutations(range(1, 12)))
def test_reordering_is_kept(order: list[int]) -> None:
    out = stream()
    base, _ = numbers(sent(out, rtp(500)))
    assert [numbers(sent(out, rtp(500 + step)))[0] - base for step in order] == order


@given(st.lists(st.tuples(st.integers(0, 3), near_or_far, st.floats(0, 1)), max_size=80))
def test_no_number_is_ever_used_twice_whatever_a_browser_sends(
    packets: list[tuple[int, int, float]],
) -> None:
    """SRTP would encrypt two packets with one keystream.

    Like the replay window of the leg before us, the test lets each number of a source in once.
    """
    out = stream()
    used: set[int] = set()
    seen: set[tuple[int, int]] = set()
    now = 0.0
    for source, sequence, passed in packets:
        now += passed
        if (source, sequence) in seen:
            continue
        seen.add((source, sequence))
        result = out.rewrite(rtp(sequence, ssrc=source), now)
        if result is not None:
            number, _ = numbers(result)
            assert number not in used
            used.add(number)


@given(sixteen_bits, thirty_two_bits, st.floats(0, 30))
def test_a_new_leg_goes_on_where_the_last_one_stopped(
    sequence: int, timestamp: int, outage: float
) -> None:
    out = stream()
    before = numbers(sent(out, rtp(10, ssrc=1), now=5.0))
    out.hear(Agreed(opus=111))
    packet = rtp(sequence, timestamp=timestamp, ssrc=2, payload_type=111)
    after = numbers(sent(out, packet, now=5.0 + outage))
    assert after[0] == before[0] + 1
    assert after[1] - before[1] == pytest.approx(max(FRAME, outage * 48_000), abs=2)


def test_packets_of_a_replaced_source_are_dropped() -> None:
    out = stream()
    sent(out, rtp(10, ssrc=1))
    sent(out, rtp(900, ssrc=2))
    assert out.rewrite(rtp(11, ssrc=1), 0.0) is None
    assert numbers(sent(out, rtp(901, ssrc=2)))[0] == 1002
    assert out.dropped == 1


def test_what_was_sent_before_a_source_took_over_does_not_come_after_it() -> None:
    out = stream()
    sent(out, rtp(10, ssrc=1))
    sent(out, rtp(900, ssrc=2))
    assert out.rewrite(rtp(899, ssrc=2), 0.0) is None


def test_after_a_mute_nothing_seems_lost_and_the_time_has_passed() -> None:
    out = stream()
    before = numbers(sent(out, rtp(10)))
    out.resume()
    after = numbers(sent(out, rtp(510), now=10.0))
    assert after == (before[0] + 1, before[1] + 500 * FRAME)
    assert out.rewrite(rtp(509), 10.0) is None


@pytest.mark.parametrize("jump", [MAX_DROPOUT + 1, 0x8000, 0x10000 - MAX_MISORDER - 2])
def test_a_source_that_jumped_goes_on_with_its_second_packet(jump: int) -> None:
    out = stream()
    sent(out, rtp(0))
    assert out.rewrite(rtp(jump), 0.02) is None
    assert numbers(sent(out, rtp(jump + 1), 0.04))[0] == 1001
    assert numbers(sent(out, rtp(jump + 2), 0.06))[0] == 1002


def test_one_packet_from_far_away_disturbs_nothing() -> None:
    out = stream()
    sent(out, rtp(0))
    assert out.rewrite(rtp(0x8000), 0.02) is None
    assert numbers(sent(out, rtp(1)))[0] == 1001


@pytest.mark.parametrize(("theirs", "ours"), [(96, 109), (97, 101)])
def test_payload_types_are_translated(theirs: int, ours: int) -> None:
    assert sent(stream(), rtp(1, payload_type=theirs))[1] & 0x7F == ours


def test_an_unknown_payload_type_is_dropped() -> None:
    assert stream().rewrite(rtp(1, payload_type=0), 0.0) is None


def test_nobody_is_heard_before_there_is_a_speaker() -> None:
    out = silent()
    assert out.rewrite(rtp(1), 0.0) is None


def test_the_loudness_gets_the_listeners_id_and_a_foreign_name_is_blanked() -> None:
    loudness, name, other = bytes([0x10, 0x2A]), bytes([0x41]) + b"me", bytes([0x92, 1, 2, 3])
    extension = loudness + b"\0" + name + b"\0\0" + other
    packet = rtp(1, extension=extension.ljust(16, b"\0"), payload=b"speech")
    result = sent(stream(), packet)
    assert result[12:16] == packet[12:16]
    assert result[16:32] == bytes([0x60, 0x2A]).ljust(16, b"\0")
    assert result[32:] == b"speech"


def test_two_byte_extensions_which_nobody_agreed_to_are_blanked() -> None:
    packet = bytearray(rtp(1, extension=b"\x01\x01\xff\x00", payload=b"speech"))
    packet[12:14] = b"\x10\x00"
    assert sent(stream(), bytes(packet))[16:] == bytes(4) + b"speech"


def test_contributing_sources_stay() -> None:
    packet = bytearray(rtp(1, payload=struct.pack("!L", 5) + b"speech"))
    packet[0] |= 1
    out = stream()
    assert sent(out, bytes(packet))[12:] == struct.pack("!L", 5) + b"speech"
    assert out.octets == len(b"speech")


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        rtp(1)[:11],
        b"\x40" + rtp(1)[1:],
        b"\x8f" + rtp(1)[1:],
        rtp(1, extension=bytes(8), payload=b"")[:-1],
        rtp(1, extension=bytes(3) + b"\x1f", payload=b""),
        b"\x90" + rtp(1, payload=b"abc")[1:],
    ],
)
def test_what_is_not_rtp_changes_nothing(packet: bytes) -> None:
    out = stream()
    with pytest.raises(Malformed):
        out.rewrite(packet, 0.0)
    assert (out.packets, out.sequence) == (0, 999)


@given(st.binary(max_size=80))
def test_random_bytes_are_rewritten_dropped_or_malformed(noise: bytes) -> None:
    out = stream()
    try:
        result = out.rewrite(bytes([0x80 | len(noise) & 0x1F, 96]) + noise, 0.0)
    except Malformed:
        return
    assert result is None or len(result) == len(noise) + 2


RED_SPEAKER = Agreed(opus=96, red=63)
REDUNDANT = b"\xe0\x0f\x00\x03" + b"\x60" + b"old" + b"newest"
"""An older frame of three bytes and the newest one, as RFC 2198 has them."""


def test_redundant_frames_get_the_listeners_numbers_and_stay() -> None:
    out = stream(speaker=RED_SPEAKER, listener=Agreed(opus=109, red=51))
    result = sent(out, rtp(1, payload_type=63, payload=REDUNDANT))
    assert result[1] & 0x7F == 51
    assert result[12:] == bytes([0x80 | 109]) + REDUNDANT[1:4] + bytes([109]) + b"oldnewest"


def test_who_cannot_read_redundant_frames_gets_the_newest_alone() -> None:
    out = stream(speaker=RED_SPEAKER)
    result = sent(out, rtp(1, payload_type=63, payload=REDUNDANT))
    assert result[1] & 0x7F == LISTENER.opus
    assert result[12:] == b"newest"
    # And one without an older frame, as the first of a stream is.
    assert sent(out, rtp(2, payload_type=63, payload=b"\x60first"))[12:] == b"first"


def test_plain_frames_pass_where_redundant_ones_could() -> None:
    out = stream(speaker=Agreed(opus=96), listener=Agreed(opus=109, red=51))
    assert sent(out, rtp(1, payload=b"plain"))[12:] == b"plain"


@pytest.mark.parametrize(
    "payload", [b"", b"\xe0", b"\xe0\x0f\x00\x03", b"\xe0\x0f\x00\x09\x60short", b"\x05x"]
)
def test_redundancy_that_does_not_fit_is_malformed(payload: bytes) -> None:
    out = stream(speaker=RED_SPEAKER)
    with pytest.raises(Malformed):
        out.rewrite(rtp(1, payload_type=63, payload=payload), 0.0)
    assert out.packets == 0


def test_the_bucket_lets_speech_pass_for_ever() -> None:
    bucket = Bucket(VoiceLimits(), 0.0)
    assert all(bucket.take(120, step * 0.02) for step in range(5_000))


@pytest.mark.parametrize(("size", "allowed"), [(20, 120), (1_000, 20)])
def test_the_bucket_bounds_packets_and_bytes(size: int, allowed: int) -> None:
    limits = VoiceLimits(packets_per_second=120, bits_per_second=160_000, burst_seconds=1)
    bucket = Bucket(limits, 0.0)
    assert sum(bucket.take(size, 0.0) for _ in range(1_000)) == allowed
    assert sum(bucket.take(size, 0.5) for _ in range(1_000)) == allowed / 2
