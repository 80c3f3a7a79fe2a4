"""A file's name: readable, short, and never a place on a disk."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.files.naming import NAME_MAX, clean


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("texte final.docx", "texte final.docx"),
        ("Été à la mer.png", "Été à la mer.png"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\evil.dll", "evil.dll"),
        ("/", "file"),
        ("..", "file"),
        ("", "file"),
        (".htaccess", "htaccess"),
        ("a\x00b\r\nSet-Cookie: x.txt", "abSet-Cookie_ x.txt"),
        ('"><script>.png', "___script_.png"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("  a   b .txt  ", "a b .txt"),
        ("x" * 300 + ".wav", "x" * 116 + ".wav"),
        ("x" * 300, "x" * 120),
        ("e\u0301.txt", "é.txt"),
    ],
)
def test_a_name_is_made_safe_and_stays_readable(told: str, name: str) -> None:
    assert clean(told) == name


@given(st.text())
def test_no_name_is_a_path_hidden_empty_too_long_or_full_of_marks(told: str) -> None:
    name = clean(told)
    assert 0 < len(name) <= NAME_MAX
    assert not set(name) & set('/\\<>:"|?*')
    assert name[0] not in ". "
    assert name[-1] not in ". "
    assert all(unicodedata.category(c)[0] != "C" for c in name)
    assert clean(name) == name
