"""The measure of speech is worth something: it puts known harms in the order of their badness."""

import itertools
import random

import numpy as np
import pytest

from tests.realtime.voice.listening import FRAME, decoded, encoded, score, speech

FRAMES = 250
SPOKEN = speech(FRAMES)
PACKETS = encoded(SPOKEN)
WHOLE = decoded(dict(enumerate(PACKETS)), FRAMES)
"""What is heard where nothing is lost."""


def falls(scores: list[float], least: float = 0.005) -> bool:
    """Whether each is clearly lower than the one before."""
    return all(before - after > least for before, after in itertools.pairwise(scores))


def left_over(loss: float, seed: int) -> dict[int, bytes]:
    """What is left of the packets after so much loss; who loses more loses these as well."""
    chance = random.Random(seed)
    draws = [1.0] + [chance.random() for _ in range(1, FRAMES)]
    return {n: each for n, each in enumerate(PACKETS) if draws[n] >= loss}


def test_what_is_the_same_scores_one() -> None:
    assert score(WHOLE, WHOLE) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_more_loss_scores_less(seed: int) -> None:
    losses = [0, 0.05, 0.15, 0.4]
    heard = [score(decoded(left_over(loss, seed), FRAMES), WHOLE) for loss in losses]
    assert falls(heard), heard
    assert heard[-1] < 0.8


def test_more_noise_scores_less() -> None:
    noise = np.random.default_rng(1).standard_normal(len(WHOLE)) * WHOLE.std()
    heard = [score(WHOLE + noise * 10 ** (-ratio / 20), WHOLE) for ratio in (30, 20, 10, 0, -10)]
    assert falls(heard), heard
    assert heard[-1] < 0.3


def test_less_bits_score_less() -> None:
    heard = [
        score(decoded(dict(enumerate(encoded(SPOKEN, rate))), FRAMES), WHOLE)
        for rate in (32_000, 12_000, 6_000)
    ]
    assert falls(heard), heard


def test_packets_in_the_wrong_places_score_less_however_few_are_lost() -> None:
    # what a relay would do to speech that renumbered packets across a gap
    left = left_over(0.05, 1)
    shifted = dict(enumerate(left.values()))
    assert score(decoded(shifted, FRAMES), WHOLE) < score(decoded(left, FRAMES), WHOLE) - 0.1


def test_another_persons_words_are_not_understood() -> None:
    assert score(np.roll(WHOLE, 100 * FRAME), WHOLE) < 0.3
