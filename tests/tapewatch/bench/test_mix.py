"""The realistic mix is what it says, and an engine goes on with it."""

from collections import Counter

import numpy as np
import pytest

from tapewatch.bench.mix import ROWS_A_FRAME, Flow, Mix
from tapewatch.bench.warm import Stretch, WarmEngine, evaluated
from tapewatch.market.event import Kind
from tapewatch.market.frame import Frame
from tapewatch.market.validate import validate

SMALL = Mix(live=2_000, instruments=10, accounts=100)


def rows_of(frames: list[Frame]) -> list[dict[str, object]]:
    return [row for frame in frames for row in frame.rows()]


def test_kinds_come_in_their_shares() -> None:
    kinds = Counter(row["kind"] for row in rows_of(list(Flow(SMALL).events(20_000))))
    shares = {kind: count / kinds.total() for kind, count in kinds.items()}
    expected = {Kind.NEW.name: 0.48, Kind.CANCEL.name: 0.42, Kind.REPLACE.name: 0.05, Kind.FILL.name: 0.05}
    assert shares == pytest.approx(expected, abs=0.015)


def test_it_repeats_with_its_seed_and_time_and_sequence_go_on() -> None:
    def drawn(seed: int) -> list[dict[str, object]]:
        flow = Flow(Mix(live=100, instruments=5, accounts=20, seed=seed))
        return rows_of([*flow.standing(), *flow.events(300, 1_000.0), *flow.events(300, 10.0)])

    once = drawn(1)
    assert once == drawn(1) != drawn(2)
    assert [row["source_sequence"] for row in once] == list(range(1, len(once) + 1))
    times = [int(str(row["event_time_ns"])) for row in once]
    assert set(np.diff(times[100:400]).tolist()) == {1_000_000}
    assert set(np.diff(times[402:]).tolist()) == {100_000_000}


def test_every_event_is_of_a_living_order_and_the_two_sides_of_a_trade_agree() -> None:
    rows = rows_of(list(Flow(SMALL).events(5_000)))
    alive: set[object] = set()
    fills: dict[object, list[dict[str, object]]] = {}
    for row in rows:
        if row["kind"] == "NEW":
            assert row["order_id"] not in alive
            alive.add(row["order_id"])
        elif row["kind"] == "REPLACE":
            assert row["order_id"] in alive
        else:
            alive.remove(row["order_id"])
        if row["kind"] == "FILL":
            fills.setdefault(row["trade_id"], []).append(row)
    complete = [pair for pair in fills.values() if len(pair) == 2]
    assert len(complete) >= len(fills) - 1 > 50
    for maker, taker in complete:
        assert {maker["side"], taker["side"]} == {"BUY", "SELL"}
        assert (maker["aggressor"], taker["aggressor"]) == (False, True)
        assert [maker[name] for name in ("instrument", "price", "quantity")] == [
            taker[name] for name in ("instrument", "price", "quantity")
        ]


def test_frames_are_valid_and_as_long_as_asked_for() -> None:
    flow = Flow(SMALL)
    frames = [*flow.standing(rows_a_frame=512), *flow.events(1_000, rows_a_frame=512)]
    assert [frame.row_count for frame in frames[:4]] == [512, 512, 512, 464]
    assert [found for frame in frames for found in validate(frame)] == []


def test_a_warm_engine_knows_every_order_and_counts_what_it_is_given() -> None:
    warm = WarmEngine(SMALL, (Stretch(3_000),), Stretch(ROWS_A_FRAME))
    before = evaluated(warm.engine)
    cost_ns, longest_ns = warm.cost_ns(warm.frames())
    (counts,) = warm.engine.status()["sources"].values()
    assert (counts["unknown_order"], counts["late"]) == (0, 0)
    assert ROWS_A_FRAME <= evaluated(warm.engine) - before <= ROWS_A_FRAME + 2
    assert 0 < cost_ns * ROWS_A_FRAME <= longest_ns * 2.01
