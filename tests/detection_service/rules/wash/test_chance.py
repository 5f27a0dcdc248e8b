"""The null model of the wash rules against markets that are drawn at random."""

from __future__ import annotations

import math
import random

import pytest

from detection_service.rules.wash import chance

SEED = 20260302


def test_groups_drawn_at_random_meet_as_often_as_expected() -> None:
    picked, meetings, rounds = random.Random(SEED), 0, 400
    buyers, sellers = [*"a" * 12, *"b" * 6, *"x" * 42], [*"a" * 5, *"b" * 10, *"x" * 45]
    for _ in range(rounds):
        picked.shuffle(buyers)
        picked.shuffle(sellers)
        meetings += sum({*pair} == {"a", "b"} for pair in zip(buyers, sellers, strict=True))
    expected = chance.expected_meetings((12, 5), (6, 10), len(buyers))
    assert meetings / rounds == pytest.approx(expected, rel=0.1), f"seed {SEED}"


@pytest.mark.parametrize(("observed", "expected"), [(3, 0.5), (6, 2.0), (20, 10.0)])
def test_a_surprise_is_no_greater_than_what_is_that_unlikely(observed: int, expected: float) -> None:
    tail = 1 - sum(math.exp(-expected) * expected**n / math.factorial(n) for n in range(observed))
    assert math.exp(-chance.surprise_nats(observed, expected)) >= tail


def test_what_is_no_more_than_expected_surprises_nobody() -> None:
    assert chance.surprise_nats(2, 2.0) == chance.surprise_nats(1, 2.0) == 0.0


def test_counts_like_their_shares_have_no_skew_and_a_one_way_street_has() -> None:
    assert chance.skew_nats([4, 8], [1.0, 2.0]) == pytest.approx(0.0)
    assert chance.skew_nats([6, 0], [1.0, 1.0]) == pytest.approx(6 * math.log(2))


def test_a_group_that_only_meets_itself_is_as_unlikely_as_one_draw_of_all() -> None:
    assert chance.own_meetings_nats(3, 3, 3, 33) == pytest.approx(math.log(math.comb(33, 3)))
    assert chance.own_meetings_nats(0, 3, 3, 33) == 0.0


def test_own_meetings_are_as_likely_as_drawn_at_random() -> None:
    picked, often, rounds = random.Random(SEED), 0, 4_000
    sellers = [*"a" * 8, *"x" * 32]
    for _ in range(rounds):
        picked.shuffle(sellers)
        often += sellers[:10].count("a") >= 4  # the first ten bought by the group
    assert often / rounds == pytest.approx(math.exp(-chance.own_meetings_nats(4, 10, 8, 40)), rel=0.15), f"seed {SEED}"


def test_a_choice_among_many_takes_the_log_of_the_ways_to_choose_off() -> None:
    assert chance.choices_nats(20, 2) == pytest.approx(math.log(190))
    assert chance.choices_nats(1, 2) == 0.0


@pytest.mark.parametrize(("nats", "words"), [(math.log(1_000), "once in 1,000"), (50, "once in 485,165,195 or less")])
def test_a_chance_is_said_as_people_say_it(nats: float, words: str) -> None:
    assert chance.once_in(nats) == words
