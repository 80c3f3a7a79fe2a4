"""Looks into one picture or sound, in a process of its own. Run by `looks`, by its path.

A file is somebody else's: what decodes it may be tricked, run wild or eat all memory. So it runs
apart, with an empty environment, a limit of memory and of time, and nothing of ours is imported.

    examining.py picture|sound FILE FOLDER

Prints one JSON object: `width`, `height`, `turned` (the picture was turned upright, FOLDER/upright
is it), `thumb` (FOLDER/thumb is a small one), `millis`, `peaks`. Ends with another code than 0 if
the file is not what it seems.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
import time
from array import array
from pathlib import Path
from typing import Any

MEMORY = 1536 * 1024 * 1024
CPU_SECONDS = 20
FILE_MOST = 256 * 1024 * 1024
"""Bytes of what it may write."""
PIXELS_MOST = 80_000_000
"""A larger picture is not opened: it is kept, and shown only by whoever saves it."""
THUMB_SIDE = 480
UPRIGHT = 1
ORIENTATION = 0x0112
RATE = 4000
"""Samples a second that are looked at: enough for a waveform."""
BLOCK = 200
"""Samples that make one point of the waveform before it is reduced to `PEAKS`."""
PEAKS = 100
SOUND_SECONDS = 12.0
"""CPU seconds for decoding a sound; a longer one gets no waveform."""


def picture(path: Path, folder: Path) -> dict[str, Any]:
    """Measure a picture, turn it upright, and make a small one."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - only the kind at hand is loaded

    Image.MAX_IMAGE_PIXELS = None  # judged below, before anything is decoded
    with Image.open(path, formats=["JPEG", "PNG", "WEBP", "GIF"]) as opened:
        width, height = opened.size
        kind = opened.format
        if width * height > PIXELS_MOST:
            return {"width": width, "height": height}
        profile = opened.info.get("icc_profile")
        turned = kind != "GIF" and opened.getexif().get(ORIENTATION, UPRIGHT) != UPRIGHT
        if turned:
            upright = ImageOps.exif_transpose(opened)
            width, height = upright.size
            how: dict[str, Any] = {"PNG": {}, "WEBP": {"quality": 95}}.get(
                str(kind), {"quality": 95, "subsampling": 0}
            )
            upright.save(folder / "upright", format=kind, icc_profile=profile, exif=b"", **how)
            small = upright
        else:
            if kind == "JPEG":
                opened.draft("RGB", (2 * THUMB_SIDE, 2 * THUMB_SIDE))
            opened.load()
            small = opened
        has_alpha = "A" in small.getbands() or "transparency" in small.info
        small = small.convert("RGBA" if has_alpha else "RGB")
        small.thumbnail((THUMB_SIDE, THUMB_SIDE))
        small.save(folder / "thumb", format="WEBP", quality=75, exif=b"", xmp=b"")
    return {"width": width, "height": height, "turned": turned, "thumb": True}


def sound(path: Path, _folder: Path) -> dict[str, Any]:
    """Measure a sound, and draw its waveform."""
    import av  # noqa: PLC0415 - only the kind at hand is loaded

    # a sound must not lead anywhere else: its bytes are all there is
    with av.open(str(path), options={"protocol_whitelist": "file"}) as opened:
        stream = opened.streams.audio[0]
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        samples, rest = 0, array("h")
        blocks: list[int] = []
        for decoded in itertools.chain(opened.decode(stream), [None]):  # None: give the rest
            for frame in resampler.resample(decoded):
                samples += frame.samples
                rest.frombytes(bytes(frame.planes[0])[: 2 * frame.samples])
            while len(rest) >= BLOCK:
                blocks.append(_loudest(rest[:BLOCK]))
                del rest[:BLOCK]
            if time.process_time() > SOUND_SECONDS:
                known = opened.duration  # in microseconds
                return {"millis": known // 1000 if known else 0}
        if rest:
            blocks.append(_loudest(rest))
        return {"millis": samples * 1000 // RATE, "peaks": _reduced(blocks)}


def _loudest(samples: array[int]) -> int:
    return max(map(abs, samples))


def _reduced(blocks: list[int]) -> list[int]:
    """Return at most `PEAKS` points from 0 to 100, the loudest of which is 100."""
    count = min(PEAKS, len(blocks))
    if not count:
        return []
    loudest = max(blocks) or 1
    edges = [n * len(blocks) // count for n in range(count + 1)]
    return [
        round(100 * max(blocks[start:end]) / loudest) for start, end in itertools.pairwise(edges)
    ]


def main(told: list[str]) -> int:
    """Look into the file."""
    kind, path, folder = told
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_MOST, FILE_MOST))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    look = {"picture": picture, "sound": sound}[kind]
    print(json.dumps(look(Path(path), Path(folder))))  # noqa: T201 - this is the answer
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
