"""Tail probabilities keep their digits where they are small."""

from __future__ import annotations

import math

import pytest

from detection_service.rules.owners.chance import at_least_once, poisson_tail


def test_a_tail_is_what_the_terms_below_leave() -> None:
    below = sum(math.exp(-2.5) * 2.5**number / math.factorial(number) for number in range(4))
    assert poisson_tail(4, 2.5) == pytest.approx(1 - below)


def test_a_small_tail_keeps_its_digits() -> None:
    assert poisson_tail(30, 0.1) == pytest.approx(math.exp(-0.1) * 0.1**30 / math.factorial(30), rel=0.01)


def test_the_ends_are_certain() -> None:
    assert (poisson_tail(0, 3.0), poisson_tail(2, 0.0)) == (1.0, 0.0)
    assert at_least_once(0.0, 60) == 0.0
    assert at_least_once(1.0, 60) == pytest.approx(1.0)
