import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from simulator.scorecard.ranking import average_precision, average_precision_by_part, gain, rank_tail, ranked
from simulator.scorecard.windows_of import in_schemes
from tests.simulator.scorecard.cases import START, S, innocent, scenario


def test_average_precision_by_hand() -> None:
    # Ranks of the true ones: 1, 3, 4. Precision there: 1, 2/3, 3/4.
    assert average_precision([9, 8, 7, 6, 5], [1, 0, 1, 1, 0]) == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_equal_scores_share_a_rank() -> None:
    assert average_precision([1, 1, 1, 1], [1, 0, 0, 0]) == 0.25


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1).filter(lambda each: any(y for _, y in each)))
def test_average_precision_is_scikit_learns(items: list[tuple[int, bool]]) -> None:
    scores, labels = zip(*items, strict=True)
    assert average_precision(scores, labels) == pytest.approx(average_precision_score(labels, scores))


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["", "x", "y"])), min_size=1))
def test_a_part_is_judged_as_if_the_others_true_items_were_not_there(items: list[tuple[int, str]]) -> None:
    scores, parts = map(np.array, zip(*items, strict=True))
    found = average_precision_by_part(scores, parts != "", parts)
    assert found.keys() == {*parts.tolist()} - {""}
    for name, value in found.items():
        kept = (parts == name) | (parts == "")
        assert value == pytest.approx(average_precision(scores[kept], parts[kept] == name))


def test_nothing_true_has_no_average_precision() -> None:
    assert math.isnan(average_precision([1, 2], [0, 0]))


def test_a_ranking_has_chance_and_an_interval_around_it() -> None:
    random = np.random.default_rng(7)
    labels = random.random(400) < 0.2
    scores = labels + random.normal(size=400)
    found = ranked(np.arange(400) // 20, scores, labels)
    assert found.interval.low < found.average_precision < found.interval.high
    assert found.chance == pytest.approx(labels.mean())


def test_the_gain_of_a_ranking_over_itself_is_nothing_and_over_noise_is_sure() -> None:
    labels = np.arange(200) % 4 == 0
    keys = np.arange(200) // 10
    sure = ranked(keys, labels, labels)
    assert gain(sure, sure) == (0.0, (0.0, 0.0))
    more, interval = gain(sure, ranked(keys, np.random.default_rng(3).random(200), labels))
    assert more > 0.5
    assert interval.low > 0.3


def test_lengths_that_differ_and_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="one label a score"):
        average_precision([1.0], [1, 0])
    with pytest.raises(ValueError, match="1 that are none"):
        average_precision([math.nan], [1])
    with pytest.raises(ValueError, match="a key for each of 2"):
        ranked([1], [1.0, 2.0], [0, 1])


def test_the_rank_tail_is_the_outermost_share_of_the_most_extreme_feature() -> None:
    # Of ten windows the last is the greatest in the second feature (1 of 10), the first the least in it (1 of 10); the
    # fifth is fifth from below in the second and like all in the first.
    features = np.column_stack((np.zeros(10), np.arange(10)))
    scores = rank_tail(features)
    assert scores[[0, 9]] == pytest.approx(1.0)
    assert scores[4] == pytest.approx(-math.log10(0.5))
    assert rank_tail(np.zeros((0, 3))).tolist() == []


def test_windows_are_labelled_where_the_culprit_acts_in_its_instrument_at_the_time() -> None:
    truth = [scenario(), innocent()]  # A1 of O1 in I from 100 to 200; A4 only looks like it
    people, instruments = ["A1", "O1", "A1", "A1", "A4", "A2"], ["I", "I", "J", "I", "I", "I"]
    start = START + S * np.array([190, 190, 190, 201, 150, 150])
    labels = in_schemes(truth, people, instruments, start, start + 30 * S)
    assert labels.tolist() == [True, True, False, False, False, False]
