"""Trips around a moment, as the compiled core finds them, against the same said plainly."""

from __future__ import annotations

from statistics import median

from hypothesis import given, settings
from hypothesis import strategies as st

from detection_service.engine.facts import Fill, TripTerms
from detection_service.engine.trips import Trips
from tapewatch.market.event import Side

TERMS = TripTerms(
    lead_ns=30,
    exit_ns=40,
    exit_share_min=0.5,
    one_sided_min=0.8,
    size_ratio_min=2.0,
    own_size_min=0.5,
    gain_min=0.001,
    gain_usual_min=0.5,
    usual_range=0.1,
)


def fill(time_ns: int, side: Side, quantity: float, price: float, aggressor: bool | None = True) -> Fill:
    return Fill(time_ns, price, quantity, quantity, side, "anna", (0, time_ns), "order", "trade", aggressor)


def trips_of(fills: list[Fill]) -> Trips:
    trips = Trips(TERMS)
    trips.read(fills)
    return trips


def test_in_before_an_order_and_out_after_it_is_a_trip_with_its_gain() -> None:
    fills = [fill(90, Side.BUY, 10, 100.0), fill(120, Side.SELL, 10, 101.0)]
    begin, turn, end, gain = trips_of(fills).around(100, Side.BUY, 50.0)
    assert (begin, turn, end) == (0, 1, 2)
    assert abs(gain - 0.01) < 1e-12


def test_what_came_before_a_fill_on_the_other_side_is_another_matter() -> None:
    fills = [
        fill(80, Side.BUY, 10, 90.0),
        fill(85, Side.SELL, 10, 99.0),
        fill(90, Side.BUY, 10, 100.0),
        fill(120, Side.SELL, 10, 101.0),
    ]
    assert trips_of(fills).around(100, Side.BUY, 50.0)[0] == 2


def test_a_trip_is_not_told_of_an_order_that_is_hardly_larger() -> None:
    fills = [fill(90, Side.BUY, 10, 100.0), fill(120, Side.SELL, 10, 101.0)]
    assert trips_of(fills).around(100, Side.BUY, 19.0) is None


def plainly(fills: list[Fill], time_ns: int, side: Side, quantity: float) -> tuple[int, int, int] | None:
    ahead = [place for place, each in enumerate(fills) if time_ns - TERMS.lead_ns <= each.time_ns < time_ns]
    later = [each for each in fills if time_ns <= each.time_ns <= time_ns + TERMS.exit_ns]
    turn = sum(each.time_ns < time_ns for each in fills)
    begin = turn
    while begin - 1 in ahead and fills[begin - 1].side is side:
        begin -= 1
    before, after = fills[begin:turn], [each for each in later if each.side is not side]
    taken, given = sum(each.quantity for each in before), sum(each.quantity for each in after)
    passive = sum(each.quantity for each in before if each.aggressor is False)
    if not before or not after or given < 0.5 * taken or given < 0.8 * sum(each.quantity for each in later):
        return None
    if passive > taken / 2 or quantity < 2 * taken or taken < 0.5 * median(each.quantity for each in fills):
        return None
    entry, out = (
        sum(each.price * each.quantity for each in part) / total for part, total in ((before, taken), (after, given))
    )
    gain = (out / entry - 1) * (1 if side is Side.BUY else -1)
    return None if gain < max(0.001, 0.5 * (0.1 / entry)) else (begin, turn, turn + len(later))


FILLS = st.lists(
    st.builds(
        fill,
        time_ns=st.integers(0, 120),
        side=st.sampled_from((Side.BUY, Side.SELL)),
        quantity=st.sampled_from((1.0, 2.0, 3.0, 10.0)),
        price=st.sampled_from((99.0, 100.0, 101.0)),
        aggressor=st.sampled_from((True, False, None)),
    ),
    max_size=12,
).map(lambda fills: sorted(fills, key=lambda each: each.time_ns))


@settings(max_examples=200)
@given(FILLS, st.integers(20, 100), st.sampled_from((Side.BUY, Side.SELL)), st.sampled_from((5.0, 20.0, 100.0)))
def test_trips_are_what_they_plainly_are(fills: list[Fill], time_ns: int, side: Side, quantity: float) -> None:
    found = trips_of(fills).around(time_ns, side, quantity)
    assert (None if found is None else found[:3]) == plainly(fills, time_ns, side, quantity)
    assert trips_of(fills).often([(time_ns, side)], quantity) == (found is not None)
