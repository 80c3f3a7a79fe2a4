"""Speech, what an Opus decoder makes of what is left of it, and how well that is understood.

The measure is ESTOI: of the short-time spectra of what was meant and of what is heard, in fifteen
third-octave bands and over 384 ms at a time, how far they agree (J. Jensen and C. H. Taal, "An
algorithm for predicting the intelligibility of speech masked by modulated noise maskers", IEEE/ACM
TASLP 24(11), 2016; the package is `pystoi`). 1 is perfect. It is compared with listening tests as
PESQ is, and unlike PESQ's (ITU-T P.862) its code may be used by everybody and needs no compiler.
"""

import av
import numpy as np
from pystoi import stoi

FRAME = 960
RATE = 48_000

VOWELS = (
    (730, 1_090, 2_440),
    (270, 2_290, 3_010),
    (570, 840, 2_410),
    (530, 1_840, 2_480),
    (300, 870, 2_240),
)
"""Formants in hertz, as an ah, an ee, an aw, an eh and an oo have them."""

LENGTHS = ((0.04, 0.1), (0.12, 0.25), (0.02, 0.12))
"""Seconds that a consonant, a vowel and a pause last, at the least and at the most."""

WIDTHS = (90, 110, 170)
"""Of the formants, in hertz."""


def speech(frames: int) -> np.ndarray:
    """Something like a voice: hissed consonants, vowels with formants, a pitch that moves, pauses.

    It is the same every time.
    """
    chance = np.random.default_rng(7)
    size = frames * FRAME
    at = np.arange(size) / RATE
    pitch = 125 + 25 * np.sin(2 * np.pi * 0.4 * at) + 8 * np.sin(2 * np.pi * 1.7 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = np.zeros(size)
    begin = 0
    while begin < size:
        hiss, vowel, pause = (int(RATE * chance.uniform(*bounds)) for bounds in LENGTHS)
        voice[begin : begin + hiss] += _hissed(chance, hiss)[: size - begin]
        begin += hiss
        part = slice(begin, min(begin + vowel, size))
        voice[part] += _sung(phase[part], pitch[part], VOWELS[chance.integers(len(VOWELS))])
        begin += vowel + pause
    return np.asarray(0.5 * voice / np.max(np.abs(voice)))


def _sung(phase: np.ndarray, pitch: np.ndarray, formants: tuple[int, ...]) -> np.ndarray:
    swell = np.sin(np.pi * np.linspace(0, 1, len(phase))) ** 0.5
    out = np.zeros(len(phase))
    for number in range(1, 32):
        near = [
            1 / (1 + ((number * pitch - formant) / width) ** 2)
            for formant, width in zip(formants, WIDTHS, strict=True)
        ]
        out += (near[0] + 0.6 * near[1] + 0.3 * near[2]) * np.sin(number * phase)
    return out * swell


def _hissed(chance: np.random.Generator, size: int) -> np.ndarray:
    bands = np.fft.rfft(chance.standard_normal(size))
    tones = np.fft.rfftfreq(size, 1 / RATE)
    centre = chance.uniform(2_500, 4_500)
    bands *= np.exp(-(((tones - centre) / 1_200) ** 2))
    noise = np.fft.irfft(bands, size) * np.hanning(size)
    return np.asarray(0.5 * noise / np.max(np.abs(noise)))


def encoded(samples: np.ndarray, bit_rate: int = 32_000) -> list[bytes]:
    """One Opus packet a frame."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
    encoder.bit_rate = bit_rate
    packets = []
    whole = (samples * 32_767).clip(-32_768, 32_767).astype(np.int16)
    for n in range(len(samples) // FRAME):
        frame = av.AudioFrame.from_ndarray(
            whole[None, n * FRAME : (n + 1) * FRAME], format="s16", layout="mono"
        )
        frame.sample_rate = RATE
        packets += [bytes(each) for each in encoder.encode(frame)]
    return packets


def decoded(packets: dict[int, bytes], frames: int) -> np.ndarray:
    """What is heard of so many frames; where a packet is missing, the decoder conceals it."""
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.sample_rate, decoder.layout = RATE, "mono"
    heard = np.zeros(frames * FRAME)
    kind = packets[min(packets)][:1]
    for n in range(frames):
        # a packet that says what it is and holds nothing is one that was lost (RFC 6716, 3.2.1)
        payload = packets.get(n, kind)
        kind = payload[:1]
        for frame in decoder.decode(av.Packet(payload)):
            samples = frame.to_ndarray().reshape(-1).astype(float)
            if frame.format.name.startswith("s16"):
                samples /= 32_768
            room = heard[n * FRAME : n * FRAME + len(samples)]
            room[:] = samples[: len(room)]
    return heard


def score(heard: np.ndarray, meant: np.ndarray) -> float:
    """ESTOI: 1 where what is heard is what was meant, near 0 where nothing is understood."""
    return float(stoi(meant, heard, RATE, extended=True))
