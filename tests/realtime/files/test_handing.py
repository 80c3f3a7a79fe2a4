"""Which bytes of a file are handed out, and how."""

import pytest

from realtime.files.handing import Part, disposition, ranged


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        (None, Part(0, 100)),
        ("bytes=0-", Part(0, 100, partial=True)),
        ("bytes=10-19", Part(10, 20, partial=True)),
        ("bytes=90-200", Part(90, 100, partial=True)),
        ("bytes=-10", Part(90, 100, partial=True)),
        ("bytes=-500", Part(0, 100, partial=True)),
        ("bytes=100-", None),
        ("bytes=-0", None),
        ("bytes=20-10", Part(0, 100)),
        ("bytes=0-1,5-6", Part(0, 100)),
        ("lines=1-2", Part(0, 100)),
        ("bytes=-", Part(0, 100)),
        ("bytes=x", Part(0, 100)),
    ],
)
def test_a_range_is_answered_as_rfc_9110_has_it(asked: str | None, part: Part | None) -> None:
    assert ranged(asked, 100) == part


def test_only_harmless_kinds_are_shown_in_place() -> None:
    assert disposition("a.png", "image/png") == 'inline; filename="a.png"'
    assert disposition("a.zip", "application/zip").startswith("attachment;")
    assert disposition('é".png', "image/png") == "inline; filename*=utf-8''%C3%A9%22.png"
