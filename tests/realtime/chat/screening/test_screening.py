"""What the screening sees, and how well: judged on labelled lines, half of them never tuned on."""

from __future__ import annotations

import itertools
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.events import SecretKind
from realtime.chat.screening import screen
from realtime.chat.screening.__main__ import main
from realtime.chat.screening.judging import Score, judge, judge_line, labelled, overall

HERE = Path(__file__).parent
README = Path(__file__).parents[4] / "realtime" / "chat" / "README.md"
HELD_OUT, TUNED = HERE / "held_out.txt", HERE / "tuned.txt"


def _scores(path: Path) -> dict[SecretKind, Score]:
    return judge(labelled(path.read_text(encoding="utf-8")))


def _published() -> dict[str, tuple[float, float]]:
    """Return precision and recall by kind, from the README's table of held-out lines."""
    row = re.compile(r"^\| `?(\w+)`? +\| \d+ +\| (\d\.\d{3}) +\| (\d\.\d{3}) +\|$", re.MULTILINE)
    rows = row.findall(README.read_text(encoding="utf-8"))
    return {kind: (float(precision), float(recall)) for kind, precision, recall in rows}


def test_there_are_at_least_four_hundred_lines_in_both_languages_many_held_out() -> None:
    held_out, tuned = (list(labelled(p.read_text(encoding="utf-8"))) for p in (HELD_OUT, TUNED))
    lines = [*held_out, *tuned]
    assert len(lines) >= 400
    assert len({line.text for line in lines}) == len(lines)
    assert len(held_out) >= 0.4 * len(lines)
    for language in ("fr", "en"):
        assert sum(line.language == language for line in lines) >= 180
    assert sum(not line.wanted for line in lines) >= 150


def test_the_published_figures_are_reached_on_the_held_out_lines() -> None:
    scores, published = _scores(HELD_OUT), _published()
    assert set(published) == {*SecretKind, "all"}
    for kind, score in [*scores.items(), ("all", overall(scores))]:
        precision, recall = published[kind]
        assert round(score.precision, 3) >= precision, kind
        assert round(score.recall, 3) >= recall, kind


def test_what_the_rules_were_made_for_is_seen_and_nothing_else() -> None:
    for line in labelled(TUNED.read_text(encoding="utf-8")):
        total = overall(judge_line(line))
        assert (total.wrong, total.missed) == (0, 0), line.text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Ma carte \U0001f600 : 4242 4242 4242 4242.", "4242 4242 4242 4242"),
        ("\u200bau 06\u200b 39 98 12 34", "06\u200b 39 98 12 34"),
        ("ﬁn : jean@gmail.com", "jean@gmail.com"),
        ("appelle +33 6 39 98 12 34 !", "+33 6 39 98 12 34"),
    ],
)
def test_a_finding_names_its_place_in_the_text_as_it_was_written(text: str, seen: str) -> None:
    (finding,) = screen(text)
    assert text[finding.start : finding.end] == seen


def test_findings_come_from_left_to_right_and_do_not_overlap() -> None:
    text = "mdp : Lune!2025, mail a@b.fr, tel 06 39 98 12 34, carte 4242424242424242"
    found = screen(text)
    assert [one.kind for one in found] == [
        SecretKind.PASSWORD, SecretKind.EMAIL, SecretKind.PHONE, SecretKind.CARD
    ]  # fmt: skip
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))


@given(st.text(max_size=300))
def test_any_text_can_be_looked_at(text: str) -> None:
    places = [(one.start, one.end) for one in screen(text)]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)


SECRETS = (
    ("4242 4242 4242 4242", SecretKind.CARD),
    ("FR7630006000011234567890189", SecretKind.IBAN),
    ("06 39 98 12 34", SecretKind.PHONE),
    ("jean.dupont@gmail.com", SecretKind.EMAIL),
    ("mdp : Soleil2024!", SecretKind.PASSWORD),
)


@given(st.sampled_from(SECRETS), st.data())
def test_what_cannot_be_seen_does_not_hide_it(
    secret: tuple[str, SecretKind], data: st.DataObject
) -> None:
    text, kind = secret
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from("\u200b\u200d\u2060\u00ad\ufe0f")) + text[at:]
    assert [one.kind for one in screen(text)] == [kind]


@given(st.sampled_from(SECRETS), st.sampled_from(["", "Bonjour ! ", "😀 ", "Voilà : "]))
def test_it_is_seen_wherever_it_stands(secret: tuple[str, SecretKind], before: str) -> None:
    text, kind = secret
    (found,) = screen(f"{before}{text} merci, à demain")
    assert (found.kind, found.start >= len(before)) == (kind, True)


@pytest.mark.parametrize(
    "text",
    ["06 12 34 56 78", "0612345678", "+33612345678", "06.12.34.56.78", "tel : 01 23 45 67 89"],
)
def test_the_numbers_that_people_try_first_are_seen(text: str) -> None:
    assert [one.kind for one in screen(text)] == [SecretKind.PHONE]


@pytest.mark.parametrize("text", ["01 02 03 04 05", "0123456789", "1 2 3 4 5 6 7 8 9 10"])
def test_who_counts_gives_no_number(text: str) -> None:
    assert screen(text) == ()


def test_the_command_prints_the_published_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(HELD_OUT)]) == 0
    printed = capsys.readouterr().out
    precision, recall = _published()["all"]
    assert re.search(rf"all +\d+ +\d+ +\d+ +{precision:.3f} +{recall:.3f}", printed)


def test_nothing_is_seen_in_nothing() -> None:
    assert screen("") == screen("\u200b") == screen("   \n") == ()


@pytest.mark.parametrize(
    "bit",
    ["a.", "0 ", "1 2 ", "pass ", "password ", "mdp : ", "user a ", "login a/", "a@", "@ ", "at ",
     "a at b dot ", "six ", "zero six ", "((((", "key : ", "fr76", "é", "а", "\u200b", "eyJabcdef.",
     "https://a:", "'pass is ", "......", "+3", "a b c d @ "],
)  # fmt: skip
def test_no_text_makes_it_slow(bit: str) -> None:
    text = (bit * 20_000)[:20_000]
    began = time.process_time()
    screen(text)
    assert time.process_time() - began < 2.0


ORDINARY = (
    "Bonjour, merci pour votre commande ! Je regarde le brief ce soir et je vous réponds demain.",
    "Super, j’aime beaucoup la deuxième version. Est-ce qu’on peut ralentir un peu le début ?",
    "Thanks, that is exactly what I had in mind. Could you make the logo a little bigger?",
    "Oui bien sûr, je vous envoie ça avant 18 h.",
    "ok 👍",
)


def test_an_ordinary_message_costs_next_to_nothing() -> None:
    """About 8 µs where it was measured; the bound leaves room for a busy machine."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(100):
            for text in ORDINARY:
                screen(text)
        best = min(best, (time.process_time() - began) / 100 / len(ORDINARY))
    assert best < 60e-6
