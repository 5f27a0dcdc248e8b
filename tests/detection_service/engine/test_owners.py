"""The second stage, fed by hand: windows by event time, positions over markets, pushes, announcements, eviction."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection_service.engine.metrics import OWNER_METRIC_PLACES
from detection_service.engine.owner_log import LOG_SIZE
from detection_service.engine.owners import LEVEL, LINKED, NEWS, POSITION, OwnerStage
from detection_service.engine.texts import LongTexts

START_NS = 1_699_999_800_000_000_000
HOUR_NS = 3_600_000_000_000
NO_FLOAT = math.inf


def stage(markets: int = 1, float_quantity: float = NO_FLOAT, news: tuple[int, ...] = ()) -> OwnerStage:
    """Markets of instruments that have nothing to do with each other."""
    made = OwnerStage()
    for market in range(markets):
        made.know(market, f"family {market}", f"product {market}", 1.0, float_quantity, news)
    return made


def fill(owners: OwnerStage, seconds: float, **values: float) -> int:
    """A fill of group 7; its moments."""
    given = {"group": 7, "market": 0, "side": 1, "price": 100.0, "quantity": 1.0, "before": 100.0, **values}
    return int(
        owners.fill(
            START_NS + round(seconds * 1e9), given["group"], 0, given["market"], given["side"], given["price"],
            given["quantity"], 2, given["before"], math.nan, 1, 2,
        )
    )  # fmt: skip


def metric(owners: OwnerStage, name: str) -> float:
    owners.measure()
    return float(owners.values[OWNER_METRIC_PLACES[name]])


def test_a_moment_comes_as_a_bucket_begins_and_as_it_doubles() -> None:
    owners = stage()
    assert [bool(fill(owners, second) & LEVEL) for second in range(5)] == [True, True, False, True, False]
    assert fill(owners, 300) & LEVEL


def test_notionals_are_of_their_windows() -> None:
    owners = stage()
    for hour in range(14):
        fill(owners, hour * 3600, quantity=10.0)
    fill(owners, 14 * 3600, quantity=1.0, side=2)
    assert metric(owners, "notional_5m") == 100.0
    assert metric(owners, "notional_2h") == 100.0 + 1000.0
    assert metric(owners, "notional_before_2h") == 12 * 1000.0
    assert (metric(owners, "sold_notional_12h"), metric(owners, "fills_3h")) == (100.0, 3)


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(8)))
def test_windows_do_not_depend_on_the_order_in_which_venues_tell(order: list[int]) -> None:
    owners = stage()
    for place in order:
        fill(owners, place * 200, quantity=1.0 + place)
    fill(owners, 1700)
    assert metric(owners, "notional_2h") == 100.0 * (36 + 1)
    assert [row[0] for row in owners.rows(0, LongTexts())] == sorted(row[0] for row in owners.rows(0, LongTexts()))


def test_a_position_is_over_all_markets_of_a_family_and_noted_as_it_grows() -> None:
    owners = OwnerStage()
    for market in range(2):
        owners.know(market, "one", "one", 1.0, 1000.0, ())
    owners.initial_of = lambda group, family: 100.0
    assert fill(owners, 0, quantity=50.0) & POSITION
    assert fill(owners, 1, quantity=1.0, market=1) & POSITION == 0
    assert fill(owners, 2, quantity=20.0, market=1) & POSITION
    assert metric(owners, "float_share") == pytest.approx(0.171)
    assert owners.position(7, 0) == 171.0


def test_a_push_is_of_another_market_of_the_product() -> None:
    owners = OwnerStage()
    for market in range(2):
        owners.know(market, f"family {market}", "one", 1.0, NO_FLOAT, ())
    fill(owners, 0, market=0, price=101.0, before=100.0)
    fill(owners, 1, market=0, price=102.0, before=101.0)
    assert fill(owners, 2, market=1, side=2) & LINKED
    assert metric(owners, "linked_push") == pytest.approx(0.02)
    fill(owners, 400, market=1, side=2)
    assert metric(owners, "linked_push") == 0.0


def test_a_push_both_ways_is_none() -> None:
    owners = OwnerStage()
    for market in range(2):
        owners.know(market, f"family {market}", "one", 1.0, NO_FLOAT, ())
    fill(owners, 0, market=0, price=101.0)
    fill(owners, 1, market=0, price=102.0, side=2)
    fill(owners, 2, market=1)
    assert metric(owners, "linked_push") == 0.0


def test_an_announcement_is_looked_at_once_also_when_told_again() -> None:
    due = START_NS + 10 * 1_000_000_000
    owners = stage(news=(due,))
    assert fill(owners, 9) & NEWS == 0
    assert fill(owners, 11) & NEWS
    assert owners.news_at(START_NS + 11 * 1_000_000_000) == [due]
    owners.know(0, "family 0", "product 0", 1.0, NO_FLOAT, (due,))
    assert fill(owners, 12) & NEWS == 0


def test_idle_groups_are_forgotten_and_positions_are_not() -> None:
    owners = stage()
    fill(owners, 0, group=3, quantity=5.0)
    for number in range(20):
        fill(owners, 16 * 3600 + number)
    assert not owners.remembers(3)
    assert owners.position(3, 0) == 5.0


def test_a_log_holds_the_last_fills_only() -> None:
    owners = stage()
    for number in range(LOG_SIZE + 10):
        fill(owners, number)
    assert len(owners.rows(0, LongTexts())) == LOG_SIZE


def test_a_restored_stage_goes_on_as_if_nothing_had_been() -> None:
    owners, again = stage(3, 100.0, (START_NS + HOUR_NS,)), stage(3, 100.0, (START_NS + HOUR_NS,))
    for number in range(40):
        fill(owners, number * 70, group=number % 5, market=number % 3, side=1 + number % 2)
    again.restore(owners.state())
    for number in range(40, 80):
        told = {"group": number % 5, "market": number % 3, "side": 1 + number % 2}
        assert fill(owners, number * 70, **told) == fill(again, number * 70, **told)
        owners.measure()
        again.measure()
        assert list(owners.values) == list(again.values)
    assert owners.state() == again.state()


def test_fills_of_a_market_nobody_told_of_are_left() -> None:
    owners = stage(markets=2)
    assert [fill(owners, 0, market=market) & LEVEL for market in (1, 2, 63, 64, 1_000_000)] == [LEVEL, 0, 0, 0, 0]
    assert len(owners.rows(0, LongTexts())) == 1


def test_a_float_of_nothing_has_no_share() -> None:
    owners = stage(float_quantity=0.0)
    assert fill(owners, 0) & POSITION
    assert metric(owners, "float_share") == 0.0


@pytest.mark.parametrize("asked", ["rows", "notional", "held"])
def test_before_any_fill_there_is_no_owner_in_hand(asked: str) -> None:
    owners = stage()
    given = {"rows": (0, LongTexts()), "notional": (0, 1), "held": ()}[asked]
    with pytest.raises(LookupError, match="ask at OWNER"):
        getattr(owners, asked)(*given)
