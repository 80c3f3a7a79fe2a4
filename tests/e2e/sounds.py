"""Microphones that give a pure tone, and ears that measure what a page plays."""

import asyncio
from collections.abc import Callable

import pytest

from tests.e2e.windows import Window

LOUD = 0.02
"""Root mean square above which somebody is heard; the tones have 0.35, the quietest 0.03."""
SILENT = 0.005
"""Root mean square below which nobody is. Comfort noise stays far under it."""


def microphone(frequency: int, volume: float = 0.5) -> str:
    """A script that replaces the page's microphone by a tone of so many hertz."""
    return f"""
    navigator.mediaDevices.getUserMedia = async () => {{
      const audio = new AudioContext();
      const tone = new OscillatorNode(audio, {{frequency: {frequency}}});
      const outlet = audio.createMediaStreamDestination();
      tone.connect(new GainNode(audio, {{gain: {volume}}})).connect(outlet);
      tone.start();
      return outlet.stream;
    }};
    navigator.mediaDevices.enumerateDevices = async () =>
      ['Micro intégré', 'Casque'].map((label) => ({{label, kind: 'audioinput', deviceId: label}}));
    """


LISTEN = """(player) => {
  // what is played from a file is caught on its way to the speaker, and goes round meanwhile
  player.loop = player.srcObject === null;
  player.caught ??= player.loop ? player.captureStream() : null;
  const stream = player.srcObject ?? player.caught;
  if (!stream || player.paused || stream.getAudioTracks().length === 0) return {level: 0, tone: 0};
  if (window.ear?.stream !== stream) {
    const audio = new AudioContext();
    const analyser = new AnalyserNode(audio, {fftSize: 8192, smoothingTimeConstant: 0});
    audio.createMediaStreamSource(stream).connect(analyser);
    window.ear = {audio, analyser, stream};
  }
  const {audio, analyser} = window.ear;
  const wave = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(wave);
  const level = Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length);
  const bands = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bands);
  const tone = bands.indexOf(Math.max(...bands)) * audio.sampleRate / analyser.fftSize;
  return {level, tone};
}"""


async def hears(window: Window, frequency: int, player: str = "remote-audio") -> None:
    """Wait until the window plays a tone of that frequency, loud enough to be heard."""
    await _until(
        window,
        lambda s: s["level"] > LOUD and s["tone"] == pytest.approx(frequency, abs=15),
        player,
    )


async def hears_nothing(window: Window) -> None:
    """Wait until the window plays silence."""
    await _until(window, lambda sound: sound["level"] < SILENT)


async def _until(
    window: Window, wanted: Callable[[dict[str, float]], bool], player: str = "remote-audio"
) -> None:
    sound: dict[str, float] = {}
    try:
        async with asyncio.timeout(60):
            while not wanted(sound := await window.part(player).evaluate(LISTEN)):
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"{window.person} hears {sound}", pytrace=False)
