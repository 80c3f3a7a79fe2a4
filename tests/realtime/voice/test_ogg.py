"""Ogg Opus without decoding: what players make of the files, and what no input can do."""

import io
import math
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from realtime.voice import ogg
from realtime.voice.ogg import OPUS_CLOCK, PRE_SKIP, OggOpus, checksum, primary, samples
from realtime.voice.speech import Speech
from tests.realtime.voice.peer import rtp

FRAME = 960
TONE = 440


def spoken(seconds: float) -> list[bytes]:
    """Opus packets of 20 ms with a tone in them."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate = OPUS_CLOCK
    encoder.layout = "mono"
    encoder.format = "s16"
    encoder.bit_rate = 32_000
    encoder.time_base = Fraction(1, OPUS_CLOCK)
    encoder.options = {"application": "voip"}
    made: list[bytes] = []
    for number in range(round(seconds * 50)):
        at = np.arange(number * FRAME, (number + 1) * FRAME)
        wave = (12_000 * np.sin(2 * math.pi * TONE * at / OPUS_CLOCK)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = OPUS_CLOCK
        frame.pts = number * FRAME
        made += [bytes(each) for each in encoder.encode(frame)]
    return made


def decoded(file: bytes) -> np.ndarray:
    with av.open(io.BytesIO(file), "r") as opened:
        frames = [frame.to_ndarray().mean(axis=0) for frame in opened.decode(audio=0)]
    return np.concatenate(frames)


def pitch(wave: np.ndarray) -> float:
    strength = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(np.argmax(strength)) * OPUS_CLOCK / len(wave)


def pages(file: bytes) -> Iterator[tuple[int, int, list[bytes]]]:
    """Header type, granule position and packets of each page, whose checksum is right."""
    at = 0
    while at < len(file):
        mark, _, kind, granule, _, _, crc, count = ogg._PAGE.unpack_from(file, at)
        assert mark == b"OggS"
        laces = file[at + 27 : at + 27 + count]
        end = at + 27 + count + sum(laces)
        whole = bytearray(file[at:end])
        whole[22:26] = bytes(4)
        assert checksum(whole) == crc
        packets, packet, begin = [], b"", at + 27 + count
        for lace in laces:
            packet += file[begin : begin + lace]
            begin += lace
            if lace < 255:
                packets.append(packet)
                packet = b""
        assert packet == b""
        yield kind, granule, packets
        at = end


def written(packets: list[bytes]) -> bytes:
    file = OggOpus(7)
    return file.head() + b"".join(file.put(each) for each in packets) + file.end()


def test_a_page_has_the_checksum_of_the_standard() -> None:
    # computed with the bitwise definition of RFC 3533
    def slow(page: bytes) -> int:
        rest = 0
        for byte in page:
            rest ^= byte << 24
            for _ in range(8):
                rest = (rest << 1 ^ (0x04C11DB7 if rest & 1 << 31 else 0)) & 0xFFFFFFFF
        return rest

    for page in (b"", b"OggS", bytes(range(256))):
        assert checksum(page) == slow(page)


def test_what_was_put_in_is_what_a_player_hears() -> None:
    packets = spoken(2)
    wave = decoded(written(packets))
    assert abs(len(wave) - (len(packets) * FRAME - PRE_SKIP)) <= FRAME
    assert abs(pitch(wave[OPUS_CLOCK // 2 : OPUS_CLOCK * 3 // 2]) - TONE) < 2


@given(st.lists(st.binary(min_size=1, max_size=700), max_size=120))
def test_granules_count_exactly_what_the_pages_hold(packets: list[bytes]) -> None:
    file = written(packets)
    good = [each for each in packets if samples(each)]
    kept: list[bytes] = []
    told = list(pages(file))
    for _, granule, held in told[2:]:
        kept += held
        assert granule == sum(samples(each) for each in kept)
    assert kept == good
    assert [kind for kind, _, _ in told] == [2, *[0] * (len(told) - 2), 4]


@given(st.integers(0, 31), st.integers(0, 500_000))
def test_a_gap_is_filled_to_within_the_shortest_frame(config: int, gap: int) -> None:
    file = OggOpus(1)
    out = file.head() + file.put(bytes([config << 3, 1, 2]))
    until = file.length + gap
    out += file.conceal(until)
    assert 0 <= until - file.length < ogg.UNIT
    out += file.end()
    assert list(pages(out))[-1][1] == file.length


@given(st.binary(max_size=64))
def test_redundancy_that_makes_no_sense_gives_nothing_wrong(payload: bytes) -> None:
    assert payload.endswith(primary(payload))


def speech(packets: list[tuple[bytes, float]], until: float, *, red: int | None = None) -> bytes:
    told = Speech(9, 100.0)
    body = b"".join(told.hear(packet, 100 + at, red=red) for packet, at in packets)
    return told.head() + body + told.end(100 + until)


def said(
    packets: list[bytes], *, first: int = 0, at: float = 0.0, ssrc: int = 1
) -> list[tuple[bytes, float]]:
    return [
        (
            rtp(
                first + n & 0xFFFF,
                timestamp=first * FRAME + n * FRAME & 0xFFFFFFFF,
                payload=each,
                ssrc=ssrc,
            ),
            at + n / 50,
        )
        for n, each in enumerate(packets)
    ]


def test_lost_and_late_packets_move_nothing() -> None:
    packets = said(spoken(3), first=65_500)
    del packets[40:60]
    packets[80], packets[82] = packets[82], packets[80]
    file = speech(packets, 3.0)
    wave = decoded(file)
    assert abs(len(wave) / OPUS_CLOCK - 3) < 0.03
    kept = [each for _, _, held in pages(file) for each in held if len(each) > 2][2:]
    assert kept == [packet[12:] for packet, _ in sorted(packets, key=lambda each: each[1])]
    assert abs(pitch(wave[2 * OPUS_CLOCK : 3 * OPUS_CLOCK]) - TONE) < 2


def test_silence_before_between_and_after_is_as_long_as_it_was() -> None:
    one, other = spoken(1), spoken(1)
    file = speech(said(one, at=1.0) + said(other, first=777, at=5.0, ssrc=2), 8.0)
    wave = decoded(file)
    assert abs(len(wave) / OPUS_CLOCK - 8) < 0.03

    def loud(second: float) -> bool:
        part = wave[round(second * OPUS_CLOCK) : round((second + 0.5) * OPUS_CLOCK)]
        return bool(np.abs(part).max() > 0.2 * np.abs(wave).max())

    assert [loud(at) for at in (0.25, 1.25, 3.25, 5.25, 7.25)] == [False, True, False, True, False]


def test_redundant_audio_is_written_once() -> None:
    packets = spoken(1)
    doubled = [
        (
            packet[:1] + bytes([63]) + packet[2:12]
            + bytes([0x80 | 96, 0, 0, 3, 96]) + b"old" + packet[12:],
            at,
        )
        for packet, at in said(packets)
    ]  # fmt: skip
    file = speech(doubled, 1.0, red=63)
    kept = [each for _, _, held in pages(file) for each in held if len(each) > 2][2:]
    assert kept == packets


@given(
    st.lists(
        st.tuples(
            st.integers(0, 0xFFFF),
            st.integers(0, 0xFFFFFFFF),
            st.binary(max_size=40),
            st.integers(1, 2),
            st.floats(0, 5),
        ),
        max_size=60,
    )
)
def test_no_numbers_make_the_file_longer_than_the_time_it_tells_of(
    packets: list[tuple[int, int, bytes, int, float]],
) -> None:
    told = Speech(3, 0.0)
    out, now = told.head(), 0.0
    for sequence, timestamp, payload, ssrc, passed in packets:
        now += passed
        packet = rtp(sequence, timestamp=timestamp, payload=payload, ssrc=ssrc)
        out += told.hear(packet, now, red=None)
    out += told.end(now)
    assert told.seconds <= now + 2.2
    assert list(pages(out))[-1][0] == 4
