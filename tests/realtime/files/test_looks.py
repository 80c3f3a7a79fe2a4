"""What is kept and shown of pictures and sounds: nothing of their author, and nothing dangerous."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from realtime.files.content import UNKNOWN
from realtime.files.looks import Examined, Examiner
from realtime.files.metadata import strip
from tests.pictures import PLACE, picture, sound

KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
ALL = KINDS | {"GIF": "image/gif", "AVIF": "image/avif"}


async def _examine(folder: Path, content: bytes, kind: str) -> Examined:
    (folder / "bench").mkdir()
    (folder / "file").write_bytes(content)
    return await Examiner().examine(folder / "file", kind, folder / "bench")


@pytest.mark.parametrize("form", ALL)
async def test_a_picture_keeps_what_it_shows_and_loses_what_it_tells(
    form: str, tmp_path: Path
) -> None:
    before = picture(form, tells=True)
    assert PLACE.encode() in before
    seen = await _examine(tmp_path, before, ALL[form])
    after = seen.path.read_bytes()
    assert PLACE.encode() not in after
    assert (seen.type, seen.size) == (ALL[form], len(after))
    with Image.open(io.BytesIO(after)) as kept, Image.open(io.BytesIO(before)) as sent:
        assert not any(kept.getexif().values())
        assert kept.tobytes() == sent.tobytes()  # not one pixel was touched
        assert kept.info.get("loop") == sent.info.get("loop")


@pytest.mark.parametrize("form", KINDS)
async def test_a_picture_that_lies_on_its_side_is_turned_upright(form: str, tmp_path: Path) -> None:
    seen = await _examine(tmp_path, picture(form, orientation=6, tells=True), KINDS[form])
    assert (seen.looks.width, seen.looks.height) == (40, 60)
    content = seen.path.read_bytes()
    assert PLACE.encode() not in content
    with Image.open(io.BytesIO(content)) as kept:
        assert kept.size == (40, 60)
        assert not kept.getexif()
        top, bottom = kept.convert("RGB").getpixel((20, 5)), kept.convert("RGB").getpixel((20, 55))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200 > bottom[0]


@pytest.mark.parametrize("form", [*KINDS, "GIF"])
async def test_a_picture_gets_a_small_one(form: str, tmp_path: Path) -> None:
    content = picture(form, (1200, 300), tells=form != "GIF")
    seen = await _examine(tmp_path, content, KINDS.get(form, "image/gif"))
    assert (seen.looks.width, seen.looks.height, seen.looks.thumb) == (1200, 300, True)
    assert seen.thumb is not None
    small = seen.thumb.read_bytes()
    assert PLACE.encode() not in small
    with Image.open(io.BytesIO(small)) as thumb:
        assert (thumb.format, thumb.size) == ("WEBP", (480, 120))


async def test_a_picture_too_large_to_open_is_kept_without_being_opened(tmp_path: Path) -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tEXt", b"Comment\0" + PLACE.encode())
        + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )  # fmt: skip
    seen = await _examine(tmp_path, bomb, "image/png")
    assert (seen.type, seen.looks.width, seen.thumb) == ("image/png", 60_000, None)
    assert PLACE.encode() not in seen.path.read_bytes()


@pytest.mark.parametrize("form", KINDS)
async def test_what_only_begins_like_a_picture_is_shown_by_nobody(
    form: str, tmp_path: Path
) -> None:
    whole = picture(form)
    seen = await _examine(tmp_path, whole[: len(whole) // 2], KINDS[form])
    assert (seen.type, seen.thumb) == (UNKNOWN, None)


@pytest.mark.parametrize(("form", "missing"), [("JPEG", 2), ("JPEG", 30), ("PNG", 12), ("PNG", 30)])
async def test_a_picture_that_was_cut_short_tells_no_more_than_a_whole_one(
    form: str, missing: int, tmp_path: Path
) -> None:
    cut = picture(form, tells=True).removesuffix(PLACE.encode())[:-missing]
    assert PLACE.encode() in cut
    seen = await _examine(tmp_path, cut, KINDS[form])
    after = seen.path.read_bytes()
    assert PLACE.encode() not in after
    assert after.endswith(cut[-20:]), "what there is of the picture is kept"
    assert seen.size == len(after)


def test_a_small_picture_inside_a_jpeg_goes_too() -> None:
    """It may show what was cut away from the large one."""
    plain = picture("JPEG")
    assert plain[2:4] == b"\xff\xe0"
    small = b"JFXX\x00\x10" + PLACE.encode()
    more = b"\xff\xe0" + struct.pack(">H", len(small) + 2) + small
    with_small = plain[:20] + more + plain[20:]
    assert strip("image/jpeg", with_small) == strip("image/jpeg", plain)


@given(
    st.sampled_from(sorted(ALL)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6),
)
def test_bytes_changed_anywhere_are_a_picture_or_refused(
    form: str, changes: list[tuple[float, int]]
) -> None:
    content = bytearray(picture(form, tells=True))
    for place, byte in changes:
        content[int(place * (len(content) - 1))] = byte
    with suppress(ValueError):
        assert len(strip(ALL[form], bytes(content))) <= len(content) + 1


def test_what_a_telephone_wrote_keeps_its_place_in_the_file() -> None:
    before = picture("AVIF", tells=True)
    after = strip("image/avif", before)
    assert len(after) == len(before) - len(PLACE)  # what followed the end
    with Image.open(io.BytesIO(after)) as kept:
        assert dict(kept.getexif()) == {}
    assert strip("image/avif", after) == after
    with pytest.raises(ValueError, match="picture"):
        strip("image/heic", b"\x00\x00\x00\x18ftypheic" + bytes(40))


def test_of_a_picture_in_heic_nothing_is_blanked_but_what_it_tells() -> None:
    """Red and blue, on its side, made by libheif; decoded with it, it looked the same after."""
    before = Path(__file__).with_name("telephone.heic").read_bytes()
    assert before.count(PLACE.encode()) == 2  # as EXIF and as XMP
    after = strip("image/heic", before)
    assert PLACE.encode() not in after
    assert len(after) == len(before)
    changed = [place for place, byte in enumerate(before) if byte != after[place]]
    told = [before.index(b"MM\0*"), before.index(b"</x>")]
    assert min(changed) >= told[0] - 10  # the EXIF item's own head
    assert max(changed) < told[1] + len(b"</x>")
    assert strip("image/heic", after) == after


async def test_a_sound_gets_its_length_and_its_waveform(tmp_path: Path) -> None:
    seen = await _examine(tmp_path, sound(2.0), "audio/wav")
    assert 1990 <= seen.looks.millis <= 2010
    peaks = seen.looks.peaks
    assert 20 <= len(peaks) <= 100
    assert max(peaks[: len(peaks) // 2 - 1]) == 0
    assert min(peaks[len(peaks) // 2 + 1 :]) > 80


async def test_a_damaged_sound_stays_what_it_is_without_a_waveform(tmp_path: Path) -> None:
    seen = await _examine(tmp_path, b"ID3" + bytes(500), "audio/mpeg")
    assert (seen.type, seen.looks.millis, seen.looks.peaks) == ("audio/mpeg", 0, ())


async def test_other_kinds_are_not_opened(tmp_path: Path) -> None:
    seen = await _examine(tmp_path, b"PK\x03\x04" + bytes(100), "application/zip")
    assert seen == Examined("application/zip", tmp_path / "file", 104)


@pytest.mark.parametrize("form", ALL)
def test_no_damage_to_a_container_leads_astray(form: str) -> None:
    content = picture(form, tells=True)
    for end in range(0, len(content), 7):
        try:
            assert len(strip(ALL[form], content[:end])) <= end + 12
        except ValueError:
            continue
