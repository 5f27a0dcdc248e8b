"""Windows agree with brute force over all trades; the median lies within its bin."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapewatch.market.window import RUSH_SPAN_S, Rush, SizeHistogram, TradeWindow

BUCKET_NS, SIZE = 10, 8
TRADE = st.tuples(
    st.integers(0, 40), st.integers(1, 20).map(lambda ticks: ticks / 4), st.integers(0, 8), st.integers(0, 2)
)
Trade = tuple[int, float, int, int]


def window_of(trades: list[Trade]) -> TradeWindow:
    window = TradeWindow(BUCKET_NS, SIZE)
    for time_ns, price, quantity, side in trades:
        window.add(time_ns, price, float(quantity), side)
    return window


def in_order(steps: list[Trade], start_ns: int) -> list[Trade]:
    """The trades with their times taken as steps from the one before."""
    trades, now = [], start_ns
    for step, price, quantity, side in steps:
        now += step
        trades.append((now, price, quantity, side))
    return trades


def same(found: float, expected: float) -> bool:
    return found == expected or (math.isnan(found) and math.isnan(expected))


@settings(max_examples=200, deadline=None)
@given(st.lists(TRADE, min_size=1, max_size=40), st.sampled_from([0, 1, 10**18]), st.integers(0, 12))
def test_what_is_read_is_what_brute_force_over_the_buckets_held_says(
    steps: list[Trade], start_ns: int, reach: int
) -> None:
    trades = in_order(steps, start_ns)
    window = window_of(trades)
    last = window.newest
    first = max(last - reach, last - SIZE + 1)
    inside = [trade for trade in trades if first <= trade[0] // BUCKET_NS <= last]
    prices = [price for _, price, _, _ in inside]
    assert window.newest == trades[-1][0] // BUCKET_NS
    assert same(window.lowest(last - reach, last), min(prices, default=math.nan))
    assert same(window.highest(last - reach, last), max(prices, default=math.nan))
    assert window.traded(last - reach, last) == sum(quantity for _, _, quantity, _ in inside)
    assert window.bought(last - reach, last) == sum(
        quantity * {0: 0.5, 1: 1, 2: 0}[side] for _, _, quantity, side in inside
    )
    assert window.count(last - reach, last) == len(inside)
    assert window.bars(last - reach, last) == bars(inside)


def bars(trades: list[Trade]) -> list[tuple[int, float, float, float, float, float]]:
    buckets: dict[int, list[Trade]] = {}
    for trade in trades:
        buckets.setdefault(trade[0] // BUCKET_NS, []).append(trade)
    return [
        (
            number,
            held[0][1],
            max(price for _, price, _, _ in held),
            min(price for _, price, _, _ in held),
            held[-1][1],
            float(sum(quantity for _, _, quantity, _ in held)),
        )
        for number, held in sorted(buckets.items())
    ]


def test_a_range_that_reaches_before_1970_is_empty_there() -> None:
    window = window_of([(15, 4.0, 2, 1)])
    assert (window.lowest(-60, 1), window.highest(-60, 1), window.traded(-60, 1)) == (4.0, 4.0, 2.0)
    assert math.isnan(window.lowest(-60, 0))
    assert window.bars(-60, 1) == [(1, 4.0, 4.0, 4.0, 4.0, 2.0)]


def test_the_very_first_bucket_of_time_is_a_bucket_like_others() -> None:
    window = window_of([(3, 4.0, 2, 1), (4, 5.0, 1, 2)])
    assert window.newest == 0
    assert window.bars(0, 0) == [(0, 4.0, 5.0, 4.0, 5.0, 3.0)]


def test_a_bucket_that_was_overwritten_is_no_longer_counted() -> None:
    window = window_of([(0, 4.0, 2, 1), (BUCKET_NS * SIZE, 5.0, 1, 1)])
    assert window.traded(0, SIZE) == 1.0


def test_a_restored_window_goes_on_as_the_one_it_was_taken_from() -> None:
    window, again = window_of([(0, 4.0, 2, 1), (25, 5.0, 1, 2)]), TradeWindow(BUCKET_NS, SIZE)
    again.restore(window.state())
    for each in (window, again):
        each.add(26, 6.0, 1.0, 0)
    assert again.bars(0, 7) == window.bars(0, 7) == [(0, 4.0, 4.0, 4.0, 4.0, 2.0), (2, 5.0, 6.0, 5.0, 6.0, 2.0)]


SIZES = st.floats(1e-12, 1e12)
BIN_RATIO = 2 ** (1 / 8)


def histogram_of(sizes: list[float]) -> SizeHistogram:
    histogram = SizeHistogram()
    for size in sizes:
        histogram.add(size)
    return histogram


@settings(max_examples=200, deadline=None)
@given(st.lists(SIZES, min_size=1, max_size=31))
def test_the_median_is_within_its_bin_s_width(sizes: list[float]) -> None:
    ratio = histogram_of(sizes).median / statistics.median_low(sizes)
    assert BIN_RATIO**-0.51 <= ratio <= BIN_RATIO**0.51


def test_the_median_is_refreshed_within_32_orders() -> None:
    histogram = histogram_of([1.0] * 100)
    for _ in range(200):
        histogram.add(64.0)
    assert histogram.median == pytest.approx(64.0, rel=0.1)


def test_old_sizes_are_forgotten_by_halves() -> None:
    histogram = histogram_of([1.0] * 20_000)
    added = 0
    while histogram.median < 32.0:
        histogram.add(64.0)
        added += 1
    assert added < 8_192


def test_there_is_no_median_before_the_first_order_and_nothing_counts_nothing() -> None:
    histogram = histogram_of([0.0, -1.0, math.nan])
    assert math.isnan(histogram.median)
    assert histogram.total == 0


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_sizes_beyond_the_bins_fall_in_the_outermost(size: float) -> None:
    assert histogram_of([size]).total == 1


def test_a_restored_histogram_goes_on_as_the_one_it_was_taken_from() -> None:
    histogram, again = histogram_of([1.0, 2.0, 3.0] * 20), SizeHistogram()
    again.restore(histogram.state())
    for each in (histogram, again):
        for _ in range(100):
            each.add(50.0)
    assert again.median == histogram.median == pytest.approx(50.0, rel=0.1)


SECOND_NS = 1_000_000_000


def rush_of(times_s: list[float]) -> Rush:
    rush = Rush()
    for time_s in times_s:
        rush.add(int(time_s * SECOND_NS))
    return rush


def test_orders_within_twenty_five_seconds_are_a_rush() -> None:
    assert rush_of([300 + second for second in range(60)]).peaks(0, 2) == [RUSH_SPAN_S]


def test_trades_of_one_time_are_one_order() -> None:
    assert rush_of([10.0] * 50).peaks(0, 0) == [1]


def test_a_rush_over_the_border_of_two_periods_counts_in_both() -> None:
    assert rush_of([290, 292, 294, 301, 303]).peaks(0, 1) == [3, 5]


def test_periods_without_orders_and_those_of_yesterday_are_left_out() -> None:
    day_s = 300 * 300
    rush = rush_of([0, 1, 700, day_s + 1])
    assert (rush.peaks(0, 5), rush.peaks(0, 300)) == ([1], [1, 1])


def test_a_restored_rush_goes_on_as_before() -> None:
    rush, again = rush_of([1, 2, 3]), Rush()
    again.restore(rush.state())
    for each in (rush, again):
        each.add(4 * SECOND_NS)
    assert again.state() == rush.state()
    assert again.peaks(0, 0) == [4]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, SIZE * BUCKET_NS - 1), min_size=1), st.integers(-30, 5), st.integers(-3, SIZE - 1))
def test_buckets_before_the_epoch_are_empty(times_ns: list[int], first: int, last: int) -> None:
    trades = [(time_ns, 1.0 + place, 1, 0) for place, time_ns in enumerate(sorted(times_ns))]
    window = window_of(trades)
    inside = [price for time_ns, price, _, _ in trades if first <= time_ns // BUCKET_NS <= last]
    expected = (inside[0], inside[-1]) if inside else (math.nan, math.nan)
    assert (window.first_open(first, last), window.last_close(first, last)) == pytest.approx(expected, nan_ok=True)
    assert window.count(first, last) == len(inside)
