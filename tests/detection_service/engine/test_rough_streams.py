"""What the core holds after a rough stream is the same however it was fed, stopped and built; nothing reads beyond."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detection_service.engine.engine import Engine
from tapewatch.engine_mode import VARIABLE, mode
from tapewatch.market.frame import Frame
from tests.conftest import CHECKOUT
from tests.detection_service.engine.rough_stream import fed, held, rough_rows

SEED = st.integers(0, 1_000)
SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=60)
SEEDS = ("1", "2", "3", "4", "5", "6")
EXAMPLES = 25 if mode() == "compiled" else 2


def test_groups_are_forgotten_in_a_rough_stream() -> None:
    engine = fed(rough_rows(1), ())
    assert engine.core.forgotten > 10
    assert engine.core.orders.live > 5
    assert engine.status()["sources"]["feed"]["late"] > 0


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEED, SIZES)
@example(299, [1])
def test_the_size_of_frames_changes_nothing(seed: int, sizes: list[int]) -> None:
    rows = rough_rows(seed)
    whole = held(fed(rows, ()))
    assert held(fed(rows, sizes)) == whole
    assert held(fed(rows, (1,))) == whole


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEED, st.integers(0, 400))
def test_a_restore_anywhere_changes_nothing(seed: int, stop: int) -> None:
    rows = rough_rows(seed)
    first, again = fed(rows[:stop], ()), Engine()
    again.restore(first.snapshot())
    assert held(again) == held(first)
    for engine in (first, again):
        engine.process(Frame.from_rows(rows[stop:]))
    assert held(again) == held(first)


def test_both_modes_hold_the_same() -> None:
    if mode() != "compiled":
        pytest.skip("the engine is not compiled: there is nothing to compare")
    interpreted = subprocess.run(
        [sys.executable, "-m", "tests.detection_service.engine.rough_stream", *SEEDS],
        cwd=CHECKOUT,
        env=os.environ | {VARIABLE: "interpreted"},
        check=True,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert interpreted.stdout.split() == ["interpreted", *(held(fed(rough_rows(int(seed)), ())) for seed in SEEDS)]
