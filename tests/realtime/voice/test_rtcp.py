"""Reports, written and read per hop."""

import pytest
from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpRrPacket, RtcpSdesPacket, RtcpSrPacket
from hypothesis import given
from hypothesis import strategies as st

from realtime.voice.adapter import read_reports
from realtime.voice.relay import Stream
from realtime.voice.rtcp import Hop, Reception
from realtime.voice.sdp import Agreed
from tests.realtime.voice.peer import rtp
from tests.realtime.voice.ways import WAYS, Way

AGREED = Agreed(opus=96)
EPOCH = 1_700_000_000.0

way = Way()


@pytest.fixture(autouse=True, scope="module", params=WAYS)
def each_way(request: pytest.FixtureRequest) -> None:
    """Every test of this file runs over Python's book-keeping and over C's."""
    way.take(request.param)


def make() -> Reception:
    return way.track(1, AGREED).reception


def hop_of(ssrc: int, cname: str, *, epoch: float = EPOCH) -> Hop:
    return Hop(ssrc, cname, epoch=epoch, reception=make())


def silent() -> Stream:
    return way.track(5, AGREED).stream


def speaking(packets: int = 3) -> Stream:
    stream = silent()
    stream.hear(AGREED)
    for sequence in range(packets):
        stream.rewrite(rtp(sequence, payload=b"12345"), sequence * 0.02)
    return stream


def test_a_silent_stream_gives_a_receiver_report() -> None:
    head, description = RtcpPacket.parse(hop_of(5, "us").report(silent(), 1.0))
    assert isinstance(head, RtcpRrPacket)
    assert (head.ssrc, head.reports) == (5, [])
    assert isinstance(description, RtcpSdesPacket)
    assert description.chunks[0].items == [(1, b"us")]


@pytest.mark.parametrize("cname", ["a", "ab", "abc", "abcd", "abcdefghijklmnop"])
def test_a_name_of_any_length_is_padded_right(cname: str) -> None:
    packets = RtcpPacket.parse(hop_of(5, cname).report(speaking(), 1.0))
    assert isinstance(packets[1], RtcpSdesPacket)
    assert packets[1].chunks[0].items == [(1, cname.encode())]


def test_a_sender_report_says_what_was_sent_and_where_its_clock_is_now() -> None:
    stream = speaking(3)
    head = RtcpPacket.parse(hop_of(5, "us").report(stream, 1.04))[0]
    assert isinstance(head, RtcpSrPacket)
    assert (head.sender_info.packet_count, head.sender_info.octet_count) == (3, 15)
    assert head.sender_info.rtp_timestamp == stream.timestamp + 48_000
    assert head.sender_info.ntp_timestamp >> 32 == int(EPOCH + 1.04) + 2_208_988_800


def test_a_goodbye_closes_the_compound_packet() -> None:
    last = RtcpPacket.parse(hop_of(5, "us").goodbye(speaking(), 1.0))[-1]
    assert isinstance(last, RtcpByePacket)
    assert last.sources == [5]


def test_the_browser_learns_how_well_it_is_heard() -> None:
    hop = hop_of(5, "us")
    for sequence in (65_534, 65_535, 1, 2):  # 0 is missing
        hop.reception.received(rtp(sequence, ssrc=9), sequence * 0.02)
    head = RtcpPacket.parse(hop.report(speaking(), 1.0))[0]
    assert isinstance(head, RtcpSrPacket)
    block = head.reports[0]
    assert (block.ssrc, block.packets_lost, block.fraction_lost) == (9, 1, 256 // 5)
    assert block.highest_sequence == (1 << 16) + 2


def test_loss_is_told_once_as_a_share_and_for_ever_as_a_sum() -> None:
    hop = hop_of(5, "us")
    for sequence in (0, 2):
        hop.reception.received(rtp(sequence), 0.0)
    hop.report(speaking(), 1.0)
    hop.reception.received(rtp(3), 0.0)
    block = read_reports(hop.report(speaking(), 2.0))[0].reports[0]
    assert (block.fraction_lost, block.packets_lost) == (0, 1)


def test_regular_arrival_has_no_jitter_and_late_packets_have() -> None:
    calm, shaky = make(), make()
    for sequence in range(200):
        calm.received(rtp(sequence), sequence * 0.02)
        shaky.received(rtp(sequence), sequence * 0.02 + 0.01 * (sequence % 2))
    assert calm.jitter == pytest.approx(0, abs=1e-9)
    assert shaky.jitter == pytest.approx(0.01, rel=0.01)


def test_a_pause_of_the_speaker_is_neither_loss_nor_jitter() -> None:
    reception = make()
    reception.received(rtp(0, timestamp=0), 0.0)
    reception.received(rtp(1, timestamp=48_000 * 4), 4.0)
    assert reception.lost == 0
    assert reception.jitter == pytest.approx(0)


def test_a_new_source_starts_new_statistics() -> None:
    reception = make()
    reception.received(rtp(0, ssrc=1), 0.0)
    reception.received(rtp(40_000, ssrc=2), 0.02)
    assert (reception.packets, reception.lost) == (1, 0)


def test_the_round_trip_is_what_two_ends_see() -> None:
    """Both ends are ours: the far one reports 300 ms later, after 200 ms of its own."""
    near, far = hop_of(5, "near"), hop_of(6, "far", epoch=EPOCH + 77)
    stream = speaking(1)
    packet = rtp(0, ssrc=5)
    far.reception.received(packet, 9.9)
    far.read(near.report(stream, 10.0), 10.05)
    near.read(far.report(Stream(6, AGREED, sequence=0, timestamp=0), 10.25), 10.3)
    assert near.round_trip == pytest.approx(0.1, abs=0.001)
    assert near.far is not None
    assert near.far.lost == 0


def test_nonsense_echoes_make_no_negative_round_trip() -> None:
    hop, liar = hop_of(5, "us"), hop_of(6, "far")
    liar.reception.received(rtp(0, ssrc=5), 0.0)
    liar.read(hop.report(speaking(1), 50.0), 50.0)
    hop.read(liar.report(speaking(1), 50.0), 49.0)
    assert hop.round_trip == 0


@given(st.binary(max_size=200))
def test_random_bytes_are_reports_or_an_error(noise: bytes) -> None:
    hop = hop_of(5, "us")
    for packet in (noise, b"\x81\xc8" + noise, b"\x81\xc9\x00\x07" + noise):
        try:
            hop.read(packet, 1.0)
        except ValueError:
            continue
