"""What a file is, from its bytes: the listed kinds, and no trick makes it one that can run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.files.content import SHOWN, TEXT, UNKNOWN, Sniffer

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
MP3 = b"\xff\xfb\x90\x64\x00"
KINDS = [
    (PNG, "image/png"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "image/jpeg"),
    (b"GIF89a\x01\x00\x01\x00", "image/gif"),
    (b"GIF87a\x01\x00\x01\x00", "image/gif"),
    (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "image/heic"),
    (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00", "image/avif"),
    (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
    (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
    (PDF, "application/pdf"),
    (b"PK\x03\x04\x14\x00", "application/zip"),
    (b"PK\x05\x06" + bytes(18), "application/zip"),
    (b"OggS\x00\x02", "audio/ogg"),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + bytes(80) + b"\x86\x86A_OPUS", "audio/webm"),
    (b"ID3\x04\x00", "audio/mpeg"),
    (MP3, "audio/mpeg"),
    (b"\x00\x00\x00\x20ftypM4A \x00\x00", "audio/mp4"),
    (b"\x00\x00\x00\x20ftypisom\x00\x00", "video/mp4"),
    ("Bonjour, voici le texte : été.\r\n\tFin".encode(), TEXT),
]


def found(*chunks: bytes) -> str:
    sniffer = Sniffer()
    for chunk in chunks:
        sniffer.feed(chunk)
    return sniffer.found()


@pytest.mark.parametrize(("content", "kind"), KINDS)
def test_a_kind_is_recognised_however_its_bytes_are_cut(content: bytes, kind: str) -> None:
    assert found(content) == kind
    assert found(*(bytes([byte]) for byte in content)) == kind
    assert found(content, bytes(100_000) if kind != TEXT else b"x" * 100_000) == kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<html><script>alert(1)</script>", TEXT),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", TEXT),
        (b"#!/bin/sh\nrm -rf /\n", TEXT),
        (b"\xef\xbb\xbf<!doctype html>", TEXT),
        (b"GIF89a/*<script>alert(1)</script>*/=1", "image/gif"),
        (b"\xff\xd8\xff<script>alert(1)</script>", "image/jpeg"),
        (PDF + b"PK\x03\x04<html>", "application/pdf"),
        (b" " + PDF, UNKNOWN),
        (b"<html>" + PNG, UNKNOWN),
        (b"MZ\x90\x00\x03", UNKNOWN),
        (b"\x7fELF\x02", UNKNOWN),
        (b"RIFF\x24\x00\x00\x00AVI LIST", UNKNOWN),
        (b"\x00\x00\x00\x18ftypqt  ", UNKNOWN),
        (b"\x89PNG\r\n\x1a\n<script>", UNKNOWN),
        (b"\xff\xfb\xf0\x00", UNKNOWN),  # a frame of a reserved bit rate
        ("é".encode("latin-1"), UNKNOWN),
        ("é".encode()[:1], UNKNOWN),
        (b"text\x00more", UNKNOWN),
        (b"\x1b]0;title\x07", UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_what_pretends_to_be_two_things_is_at_most_a_kind_that_cannot_run(
    content: bytes, kind: str
) -> None:
    assert found(content) == kind


@given(st.binary(max_size=200), st.integers(1, 50))
def test_any_bytes_are_something_and_always_the_same(content: bytes, size: int) -> None:
    cut = [content[start : start + size] for start in range(0, len(content), size)]
    assert found(*cut) == found(content)
    assert found(content) in SHOWN | {TEXT, UNKNOWN, "application/zip", "video/mp4"}


@given(st.text(st.characters(exclude_categories=["C"]), min_size=1))
def test_any_readable_text_is_text_unless_it_begins_like_something_else(text: str) -> None:
    kinds = {TEXT, "audio/mpeg", "image/gif", "application/pdf", "audio/ogg"}
    assert found(text.encode()) in kinds
