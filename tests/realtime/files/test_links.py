"""A link to a file: good for its person, its file and its time, and for nothing else."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.errors import FileUnknown, LinkOver
from orders.events import FileId, OrderId, PersonId
from realtime.files.links import FileLinks
from tests.orders.world import MONDAY

LINKS = FileLinks("a secret of the tests", 300)
FILE = FileId("f1")
TEXT, MADE = LINKS.make(OrderId("o1"), FILE, PersonId("ines"), MONDAY)


def test_a_link_says_what_was_put_in_until_it_ends() -> None:
    assert LINKS.check(FILE, TEXT, MONDAY) == MADE
    assert LINKS.check(FILE, TEXT, MONDAY + timedelta(seconds=299)) == MADE
    assert (MADE.order, MADE.person) == ("o1", "ines")
    with pytest.raises(LinkOver):
        LINKS.check(FILE, TEXT, MONDAY + timedelta(seconds=300))


def test_a_link_opens_no_other_file_and_no_other_servers() -> None:
    with pytest.raises(FileUnknown):
        LINKS.check(FileId("f2"), TEXT, MONDAY)
    with pytest.raises(FileUnknown):
        FileLinks("another secret", 300).check(FILE, TEXT, MONDAY)


def test_a_link_with_any_bit_changed_is_not_ours() -> None:
    raw = base64.urlsafe_b64decode(TEXT + "=" * (-len(TEXT) % 4))
    for place in range(len(raw)):
        forged = bytearray(raw)
        forged[place] ^= 1
        with pytest.raises(FileUnknown):
            LINKS.check(FILE, base64.urlsafe_b64encode(forged).decode().rstrip("="), MONDAY)


@given(st.text())
def test_whatever_is_sent_as_a_link_is_refused(text: str) -> None:
    with pytest.raises(FileUnknown):
        LINKS.check(FILE, text, MONDAY)
