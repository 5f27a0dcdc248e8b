from collections import Counter, defaultdict
from functools import cache

import pytest

from simulator.instrument import EQUITIES, Hours
from simulator.report import Report
from simulator.simulation import DEFAULT_START_TIME_NS, Simulation, labelled_run
from simulator.venues import CRYPTO, WHOLE_MARKET, clock_text, continuous_minutes, fitted_hours, market_of

SECOND_NS = 1_000_000_000
MINUTES = 4.0


@cache
def day() -> tuple[Simulation, list[Report]]:
    """A day of the whole market, fitted into minutes."""
    simulation = Simulation(labelled_run([], seed=4, minutes=MINUTES, severity=0.5, market="whole", hours="fitted"))
    return simulation, list(simulation.reports())


def phases_of(reports: list[Report]) -> dict[tuple[str, str], list[tuple[str, float]]]:
    phases: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
    for report in reports:
        if report.kind == "PHASE":
            seconds = (report.event_time_ns - DEFAULT_START_TIME_NS) / SECOND_NS
            phases[report.venue, report.instrument].append((report.phase or "", round(seconds, 2)))
    return phases


def test_shares_and_futures_have_a_day_and_currencies_and_coins_trade_around_the_clock() -> None:
    phases = phases_of(day()[1])
    assert set(phases) == {("XTWS", one.symbol) for one in EQUITIES} | {("XTWD", "NRDLF")}
    assert set(map(tuple, phases.values())) == {
        (("PRE_OPEN", 0.0), ("CONTINUOUS", 14.4), ("AUCTION", 224.6), ("CLOSE", 239.0))
    }


def test_nothing_trades_in_a_call_and_the_auction_has_one_price_and_no_aggressor() -> None:
    simulation, reports = day()
    for (venue, symbol), phases in phases_of(reports).items():
        times = [seconds for _, seconds in phases]
        fills = [one for one in reports if one.kind == "FILL" and (one.venue, one.instrument) == (venue, symbol)]
        at = [(one, (one.event_time_ns - simulation.config.start_time_ns) / SECOND_NS) for one in fills]
        assert not [one for one, seconds in at if seconds < times[1] - 0.01 or times[2] + 0.01 < seconds < times[3]]
        for auction_s in (times[1], times[3]):
            prints = [one for one, seconds in at if abs(seconds - auction_s) < 0.01 and one.aggressor is None]
            assert len({one.price for one in prints}) == 1
            assert sum((one.quantity or 0) * (1 if one.side == "BUY" else -1) for one in prints) == 0


def test_a_listing_that_follows_another_stays_near_it() -> None:
    simulation, reports = day()
    last: dict[tuple[str, str], float] = {}
    gaps: dict[str, list[float]] = defaultdict(list)
    for report in reports:
        if report.kind == "FILL" and report.aggressor and report.price is not None:
            last[report.venue, report.instrument] = report.price
            near, far = last.get(("XTCA", "BTCUSD")), last.get(("XTCB", "BTCUSD"))
            if near and far:
                gaps["coin"].append(abs(near / far - 1))
    assert len(gaps["coin"]) > 200
    assert sorted(gaps["coin"])[len(gaps["coin"]) // 2] < 0.0004
    assert simulation.config.instruments == market_of("whole", "fitted", DEFAULT_START_TIME_NS, MINUTES)


def test_arbitrageurs_trade_both_venues_and_hedgers_both_products() -> None:
    venues: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for report in day()[1]:
        if report.kind == "FILL":
            venues[report.account].add((report.venue, report.instrument))
    assert sum({("XTCA", "BTCUSD"), ("XTCB", "BTCUSD")} <= traded for traded in venues.values()) >= 2
    assert sum({("XTWS", "NRDL"), ("XTWD", "NRDLF")} <= traded for traded in venues.values()) >= 2


def test_schemes_are_over_before_the_closing_call_as_far_as_they_fit() -> None:
    config = labelled_run(["spoofing"] * 4, seed=1, minutes=30, severity=0.5, market="whole", hours="fitted")
    closing_s = (continuous_minutes(config.instruments, config.start_time_ns, 30)) * 60
    assert closing_s == pytest.approx(30 * 60 - 1 - 108)
    assert all(planned.offset_ns / SECOND_NS < closing_s for planned in config.scenarios)


def test_the_listings_of_a_market_have_names_of_their_own() -> None:
    assert len({one.key for one in WHOLE_MARKET}) == len(WHOLE_MARKET)
    assert Counter(one.symbol for one in CRYPTO) == {"BTCUSD": 2}


@pytest.mark.parametrize(("seconds", "text"), [(0, "00:00:00"), (30_000.4, "08:20:00"), (86_400, "23:59:59")])
def test_times_of_day_are_told_to_the_second(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


def test_hours_out_of_order_or_beyond_a_day_are_refused() -> None:
    with pytest.raises(ValueError, match="expected four rising times within a day"):
        Hours(10, 5, 20, 30)
    with pytest.raises(ValueError, match="expected four rising times within a day"):
        fitted_hours(DEFAULT_START_TIME_NS, 24 * 60)


def test_an_unknown_market_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no market named moon: choose from shares, whole"):
        market_of("moon", "none", 0, 1)  # type: ignore[arg-type] # what a caller without types might pass
