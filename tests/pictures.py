"""Pictures and sounds made for a test."""

from __future__ import annotations

import io
import math
import struct
import wave
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from av.container import OutputContainer
from PIL import Image, PngImagePlugin

PLACE = "48 deg 51 min N, Chez Ines"
"""What a picture tells of its author; it must not be found in what is kept."""


def picture(
    form: str, size: tuple[int, int] = (60, 40), *, orientation: int = 1, tells: bool = False
) -> bytes:
    """A picture whose left half is red and right half blue, as it lies in the file.

    `orientation` is the EXIF one; `tells` hides PLACE wherever the format has room for it.
    """
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    more: dict[str, object] = {}
    exif = Image.Exif()
    if orientation != 1:
        exif[0x0112] = orientation
    if tells:
        exif[0x010E] = PLACE
        more["xmp"] = f"<x>{PLACE}</x>".encode()
        if form in {"JPEG", "GIF"}:
            more["comment"] = PLACE.encode()
        if form == "PNG":
            info = PngImagePlugin.PngInfo()
            info.add_text("Comment", PLACE)
            info.add_itxt("Author", PLACE)
            more = {"pnginfo": info}
    if form == "GIF":
        more.pop("xmp", None)
    else:
        more["exif"] = exif
    made = io.BytesIO()
    if form == "GIF":  # with a loop, which is to stay
        more = {"save_all": True, "append_images": [image.rotate(180)], "loop": 0} | more
    image.save(made, form, **more)
    return made.getvalue() + (PLACE.encode() if tells else b"")


def sound(seconds: float = 2.0, rate: int = 8000) -> bytes:
    """A WAV file: silence in its first half, a tone in its second."""
    made = io.BytesIO()
    count = int(seconds * rate)
    loud = [int(20_000 * math.sin(n * 440 * 2 * math.pi / rate)) for n in range(count // 2)]
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{count}h", *[0] * (count - len(loud)), *loud))
    return made.getvalue()


def mp4(brand: str, *, flags: str = "", film: bool = False, seconds: float = 2.0) -> bytes:
    """A tone in AAC as recorders write it, with `film` beside moving pictures."""
    with TemporaryDirectory() as folder:
        place = Path(folder, "made.mp4")  # some are read again while they are written
        options = {"brand": brand} | ({"movflags": flags} if flags else {})
        with av.open(str(place), "w", format="mp4", options=options) as file:
            _speak(file, film=film, seconds=seconds)
        return place.read_bytes()


def _speak(file: OutputContainer, *, film: bool, seconds: float) -> None:
    rate, step = 48_000, 960
    voice = file.add_stream("aac", rate=rate, layout="mono")
    if film:
        moving = file.add_stream("mpeg4", rate=25, width=64, height=64)
        for frame in range(int(seconds * 25)):
            shown = av.VideoFrame(64, 64, "yuv420p")
            shown.pts = frame
            file.mux(moving.encode(shown))
        file.mux(moving.encode(None))
    for start in range(0, int(seconds * rate), step):
        times = range(start, start + step)
        wave = [int(20_000 * math.sin(n * 440 * 2 * math.pi / rate)) for n in times]
        heard = av.AudioFrame("s16", "mono", step)
        heard.planes[0].update(struct.pack(f"<{step}h", *wave))
        heard.sample_rate, heard.pts = rate, start
        file.mux(voice.encode(heard))
    file.mux(voice.encode(None))
