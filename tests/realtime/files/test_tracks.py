"""What a recorder calls a film and what is sound alone: its tracks tell, not its brand."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from realtime.files.looks import Examiner
from realtime.files.shelf import staged
from realtime.files.tracks import BOXES_MOST, only_sound
from tests.pictures import mp4

BRANDS = ["isom", "iso5", "mp42"]
FRAGMENTS = "frag_keyframe+empty_moov"
FORMS = ["", "faststart", FRAGMENTS]
"""The tracks listed behind the sound, before it, and before the first of many fragments."""


@pytest.mark.parametrize("flags", FORMS)
@pytest.mark.parametrize("brand", BRANDS)
async def test_sound_alone_is_sound_whatever_its_brand(
    brand: str, flags: str, tmp_path: Path
) -> None:
    content = mp4(brand, flags=flags)
    assert content[8:12] == brand.encode()
    assert (content.index(b"mdat") < content.index(b"moov")) is (flags == "")
    (tmp_path / "file").write_bytes(content)
    kind = (await staged(tmp_path / "file")).type
    assert kind == "audio/mp4"
    (tmp_path / "bench").mkdir()
    seen = await Examiner().examine(tmp_path / "file", kind, tmp_path / "bench")
    assert 1900 <= seen.looks.millis <= 2100
    assert max(seen.looks.peaks) == 100


@pytest.mark.parametrize("flags", FORMS)
async def test_a_film_with_sound_stays_a_film(flags: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(mp4("isom", flags=flags, film=True))
    assert (await staged(tmp_path / "file")).type == "video/mp4"


@pytest.mark.parametrize("flags", FORMS)
def test_no_damage_leads_astray(flags: str) -> None:
    content = mp4("isom", flags=flags, seconds=0.2)
    assert only_sound(io.BytesIO(content), len(content))
    for end in range(0, len(content), 3):
        only_sound(io.BytesIO(content[:end]), end)
    for at in range(0, len(content), 3):
        broken = bytes([*content[:at], content[at] ^ 0xFF, *content[at + 1 :]])
        only_sound(io.BytesIO(broken), len(broken))


def test_no_more_boxes_are_looked_at_than_a_recorder_writes() -> None:
    class Counted(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            return super().read(size)

    tiny = struct.pack(">I4s", 8, b"free")
    for content in (
        tiny * 50_000 + mp4("isom"),
        struct.pack(">I4s", 0, b"moov") + struct.pack(">I4s", 8, b"trak") * 50_000,
        struct.pack(">I4sQ", 1, b"moov", 2**63) + tiny,
    ):
        file = Counted(content)
        assert not only_sound(file, len(content))
        assert file.reads <= BOXES_MOST
