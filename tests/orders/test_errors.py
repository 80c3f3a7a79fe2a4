"""Every refusal has a code of its own, a status, and a place in the catalogue and on the map."""

from collections.abc import Iterator

import pytest

from orders import errors
from orders.errors import Refused


def _tree(top: type[Refused]) -> Iterator[type[Refused]]:
    for kind in top.__subclasses__():
        yield kind
        yield from _tree(kind)


def _of_the_house() -> list[type[Refused]]:
    return [kind for kind in _tree(Refused) if kind.__module__ == errors.__name__]


def test_no_two_refusals_share_a_code() -> None:
    codes = [kind.code for kind in _tree(Refused)]
    assert len(codes) == len(set(codes))


def test_the_catalogue_lists_every_refusal_under_its_code() -> None:
    assert Refused.catalogue == {kind.code: kind for kind in _tree(Refused)}


@pytest.mark.parametrize("kind", _of_the_house())
def test_a_refusal_says_its_code_for_itself(kind: type[Refused]) -> None:
    assert "code" in vars(kind)


@pytest.mark.parametrize("kind", _of_the_house())
def test_a_refusal_stands_on_the_map(kind: type[Refused]) -> None:
    assert errors.__doc__ is not None
    assert kind.__name__ in errors.__doc__


@pytest.mark.parametrize("kind", _of_the_house())
def test_a_refusal_has_the_status_of_an_answer_and_not_of_an_accident(kind: type[Refused]) -> None:
    assert 400 <= kind.status < 500 or kind.status == 503


def test_what_reaches_the_log_names_the_facts_and_does_not_show_them() -> None:
    refusal = errors.IdReused(id="private-id")
    assert str(refusal) == "id_reused(id)"
    assert refusal.facts == {"id": "private-id"}
