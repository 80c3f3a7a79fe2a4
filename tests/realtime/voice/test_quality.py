"""What is said about how well two people hear each other."""

import pytest

from orders.events import PersonId
from realtime.voice.quality import BEST, Meter, Tally, Watch, Way, Word, opinion, rating, summary

FINE = Way()
POOR = Way(loss=0.3)


@pytest.mark.parametrize(
    ("way", "least", "most"),
    [
        (Way(), 4.3, 4.5),
        (Way(round_trip=0.1, jitter=0.01), 4.2, 4.5),
        (Way(loss=0.02), 4.0, 4.4),
        (Way(loss=0.05), 3.5, 4.1),
        (Way(loss=0.2), 1.5, 3.1),
        (Way(round_trip=1.2), 1.0, 3.1),
        (Way(loss=1.0), 1.0, 1.5),
    ],
)
def test_scores_are_what_people_would_say(way: Way, least: float, most: float) -> None:
    assert least <= opinion(rating(way)) <= most


def test_two_hops_are_never_better_than_one() -> None:
    one, other = Way(loss=0.03, round_trip=0.08), Way(loss=0.02, jitter=0.02)
    assert rating(one, other) < min(rating(one), rating(other)) <= BEST


@pytest.mark.parametrize("r", [-5.0, 0.0, 30.0, 60.0, 93.2])
def test_an_opinion_is_between_one_and_four_and_a_half(r: float) -> None:
    assert 1 <= opinion(r) <= 4.5


def fed(watch: Watch, seconds: int, way: Way = FINE, **told: object) -> list[Word]:
    usual: dict[str, object] = {"packets": 50, "level": 60.0, "muted": False}
    news = []
    for _ in range(seconds):
        news += watch.second(way, **(usual | told))  # type: ignore[arg-type]
    return news


def test_the_last_second_is_kept_by_itself() -> None:
    watch = Watch()
    assert watch.latest is None
    fed(watch, 3, FINE)
    fed(watch, 1, Way(loss=0.3, jitter=0.02, round_trip=0.4))
    assert watch.latest is not None
    assert watch.latest.loss == pytest.approx(0.3)
    assert (watch.latest.jitter, watch.latest.round_trip) == (0.02, 0.4)
    assert (watch.latest.seconds, watch.latest.opinion) == (1, watch.score)


def test_a_bad_line_is_told_once_and_so_is_its_end() -> None:
    watch = Watch()
    assert fed(watch, 2, POOR) == []
    assert fed(watch, 20, POOR) == [Word.BAD]
    assert fed(watch, 4) == []
    assert fed(watch, 20) == [Word.GOOD]


def test_a_line_that_is_bad_now_and_then_is_not_told() -> None:
    watch = Watch()
    for _ in range(10):
        assert fed(watch, 2, POOR) + fed(watch, 1) == []


def test_a_dead_microphone_is_told_and_a_muted_one_is_not() -> None:
    assert fed(Watch(), 30, level=127.0, muted=True) == []
    assert fed(Watch(), 30, level=80.0) == []
    watch = Watch()
    assert fed(watch, 30, level=127.0) == [Word.SILENT]
    assert fed(watch, 30) == [Word.HEARD]


def test_a_connection_without_sound_is_told() -> None:
    assert fed(Watch(), 30, packets=0, level=None, muted=True) == []
    watch = Watch()
    assert fed(watch, 30, packets=0, level=None) == [Word.ONE_WAY]
    assert fed(watch, 1) == [Word.HEARD]


def test_seconds_are_differences_and_a_new_source_is_no_loss() -> None:
    meter = Meter()
    first = meter.since(starts=1, packets=50, expected=50, level=3_000, levels=50)
    assert first == (50, 0.0, 60.0)
    packets, loss, level = meter.since(starts=1, packets=90, expected=100, level=3_000, levels=50)
    assert (packets, level) == (40, None)
    assert loss == pytest.approx(0.2)
    third = meter.since(starts=2, packets=10, expected=10, level=3_100, levels=51)
    assert third == (10, 0.0, 100.0)


def test_who_comes_later_learns_what_still_holds() -> None:
    watch = Watch()
    assert watch.standing == []
    fed(watch, 10, POOR, level=127.0)
    assert watch.standing == [Word.BAD, Word.SILENT]
    fed(watch, 10)
    assert watch.standing == []


def test_a_summary_has_means_of_the_seconds_in_which_each_was_heard() -> None:
    buyer, seller, silent = Watch(), Watch(), Watch()
    fed(buyer, 3, Way(loss=0.02, jitter=0.01, round_trip=0.1))
    fed(buyer, 1, Way(loss=0.1, jitter=0.03, round_trip=0.2))
    fed(buyer, 30, POOR, muted=True)
    fed(seller, 2)
    fed(seller, 2, packets=0, level=None)
    fed(silent, 5, packets=0, level=None)
    told = summary(
        {PersonId("seller"): seller.heard, PersonId("buyer"): buyer.heard, PersonId("x"): Tally()}
    )
    assert [(each.person, each.word) for each in told] == [("buyer", "good"), ("seller", "poor")]
    assert (told[0].loss, told[0].jitter_ms, told[0].round_trip_ms) == (0.04, 15, 125)
    assert told[1].loss == 0.5
    assert silent.heard == Tally()


def test_parts_of_a_call_add_up() -> None:
    first, second, whole = Watch(), Watch(), Watch()
    for watch in (first, whole):
        fed(watch, 3, Way(loss=0.25))
    for watch in (second, whole):
        fed(watch, 2)
    assert first.heard.plus(second.heard) == whole.heard
