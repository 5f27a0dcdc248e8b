from collections import Counter, defaultdict
from dataclasses import replace
from itertools import islice, pairwise
from math import log

import pytest

from simulator.instrument import EQUITIES
from simulator.market import Market
from simulator.matching import SELF_MATCH_TEXT, SESSION_END_TEXT
from simulator.population import MARKET_MAKER, populate
from simulator.report import Report
from simulator.schedule import WARMUP_SECONDS_MAX, plan
from simulator.schemes import SCHEMES
from simulator.simulation import (
    DEMO_SCHEMES,
    NUMBERS_PER_SESSION,
    Simulation,
    SimulationConfig,
    demo_run,
    labelled_run,
    simulate,
)
from simulator.traders.roster import cast, market_maker_count

SECOND_NS = 1_000_000_000


@pytest.fixture(scope="module")
def demo() -> tuple[Simulation, list[Report]]:
    simulation = Simulation(demo_run())
    return simulation, list(simulation.reports())


def test_a_seed_determines_every_event_and_another_seed_gives_others() -> None:
    config = labelled_run(["spoofing", "wash_owner"], seed=5, minutes=1, severity=0.7)
    first, second = list(simulate(config)), list(simulate(config))
    assert first == second
    assert first[:100] != list(islice(simulate(replace(config, seed=6)), 100))


def test_event_times_never_go_back_and_executions_are_numbered_in_that_order(
    demo: tuple[Simulation, list[Report]],
) -> None:
    reports = demo[1]
    assert all(before.event_time_ns <= after.event_time_ns for before, after in pairwise(reports))
    assert [int(report.execution_id) for report in reports] == list(range(1, len(reports) + 1))


def test_the_venue_takes_requests_one_at_a_time(demo: tuple[Simulation, list[Report]]) -> None:
    requests = [report for report in demo[1] if report.kind in ("NEW", "REPLACE", "CANCEL")]
    assert all(before.event_time_ns < after.event_time_ns for before, after in pairwise(requests))


def test_what_is_bought_is_sold_and_every_trade_has_two_sides(demo: tuple[Simulation, list[Report]]) -> None:
    trades: dict[str | None, list[Report]] = defaultdict(list)
    for report in demo[1]:
        if report.kind == "FILL":
            trades[report.trade_id].append(report)
    for taken, made in trades.values():
        assert {taken.side, made.side} == {"BUY", "SELL"}
        assert (taken.price, taken.quantity, taken.event_time_ns) == (made.price, made.quantity, made.event_time_ns)
        assert (taken.aggressor, made.aggressor) == (True, False)
        assert (taken.account, taken.contra_account) == (made.contra_account, made.account)


def test_leaves_follow_from_the_events_of_each_order(demo: tuple[Simulation, list[Report]]) -> None:
    leaves: dict[str, float] = {}
    for report in demo[1]:
        quantity = report.quantity or 0.0
        if report.kind == "NEW":
            leaves[report.order_id] = quantity
        elif report.kind in ("FILL", "CANCEL", "EXPIRE"):
            leaves[report.order_id] -= quantity
        elif report.kind == "REPLACE":
            leaves[report.order_id] = report.leaves_quantity or 0.0
        assert report.leaves_quantity == leaves[report.order_id] >= 0


def test_a_session_ends_with_every_order_closed_and_none_of_a_scheme_left_until_then(
    demo: tuple[Simulation, list[Report]],
) -> None:
    simulation, reports = demo
    leaves = {report.order_id: report.leaves_quantity for report in reports}
    assert set(leaves.values()) == {0.0}
    schemers = {order_id for label in simulation.labels() for order_id in label.order_ids}
    left = {report.order_id for report in reports if report.text == SESSION_END_TEXT}
    assert len(left) > 50
    assert not left & schemers


def test_the_book_is_never_crossed_once_a_request_has_been_matched() -> None:
    market = Market(EQUITIES, 3, 0)
    cast(market, populate(3, market_maker_count(len(EQUITIES))), 3, 1.0)
    seen = 0
    for _ in market.reports(60 * SECOND_NS):
        seen += 1
        for listing in market.listings.values():
            bid, ask = listing.engine.bids.best(), listing.engine.asks.best()
            assert bid is None or ask is None or bid < ask
    assert seen > 3_000


def test_the_standard_run_has_its_size_its_scenarios_and_a_warm_up(demo: tuple[Simulation, list[Report]]) -> None:
    simulation, reports = demo
    labels = simulation.labels()
    assert 60_000 <= len(reports) <= 180_000
    assert Counter(label.typology for label in labels) == Counter(DEMO_SCHEMES)
    start_ns = simulation.config.start_time_ns
    assert min(label.start_time_ns for label in labels) >= start_ns + WARMUP_SECONDS_MAX * SECOND_NS
    assert len({label.instrument for label in labels}) >= 3
    owners = [owner for label in labels for owner in label.owners]
    assert len(owners) == len(set(owners))


def test_market_makers_cancel_about_95_percent_and_most_orders_never_trade(
    demo: tuple[Simulation, list[Report]],
) -> None:
    simulation, reports = demo
    makers = {account.account for account in simulation.population.of_type(MARKET_MAKER)}
    own = [report for report in reports if report.account in makers]
    took = {report.order_id for report in own if report.aggressor}
    entered = {report.order_id for report in own if report.kind == "NEW"} - took
    cancelled = {report.order_id for report in own if report.kind == "CANCEL"} - took
    assert len(took) < 0.02 * len(entered)
    assert 0.90 <= len(cancelled) / len(entered) <= 0.99


def test_returns_have_fat_tails_and_trades_come_in_bursts() -> None:
    trades: dict[str, list[Report]] = defaultdict(list)
    for report in Simulation(SimulationConfig(seed=11, minutes=15)).reports():
        if report.kind == "FILL" and report.aggressor:
            trades[report.instrument].append(report)
    kurtoses = [_kurtosis(_returns(prints, 5 * SECOND_NS)) for prints in trades.values()]
    assert sum(kurtoses) / len(kurtoses) > 4.0
    assert min(kurtoses) > 3.5
    for prints in trades.values():
        counts = Counter(report.event_time_ns // SECOND_NS for report in prints)
        seconds = range(min(counts), max(counts) + 1)
        mean = sum(counts.values()) / len(seconds)
        variance = sum((counts[second] - mean) ** 2 for second in seconds) / len(seconds)
        assert variance / mean > 1.5


def _returns(prints: list[Report], step_ns: int) -> list[float]:
    closes = {report.event_time_ns // step_ns: report.price or 0.0 for report in prints}
    return [log(closes[after] / closes[before]) for before, after in pairwise(sorted(closes))]


def _kurtosis(values: list[float]) -> float:
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / len(values)
    return sum((value - mean) ** 4 for value in values) / len(values) / variance**2


def test_honest_owners_are_kept_from_trading_with_themselves() -> None:
    config = labelled_run((), seed=12, minutes=15, severity=0.5, hard_negatives=("self_match_prevented",))
    simulation = Simulation(config)
    reports = list(simulation.reports())
    owner = {account.account: account.owner for account in simulation.population.everybody}
    fills = [report for report in reports if report.kind == "FILL" and report.contra_account is not None]
    assert all(owner[report.account] != owner[report.contra_account or ""] for report in fills)
    assert any(report.text == SELF_MATCH_TEXT for report in reports)


def test_a_run_goes_on_past_its_length_until_every_scheme_is_over() -> None:
    simulation = Simulation(labelled_run(["pump_and_dump"], seed=1, minutes=1, severity=0.2))
    last = [report.event_time_ns for report in simulation.reports()][-1]
    assert last > (simulation.end_time_ns or 0)
    assert all(scenario.is_over for scenario in simulation.scenarios)


def test_a_market_without_an_end_plays_its_schemes_again_and_again() -> None:
    config = SimulationConfig(seed=2, minutes=0, recurring=("wash_self", "spoofing"))
    simulation = Simulation(config)
    until_ns = config.start_time_ns + 900 * SECOND_NS
    for report in simulation.reports():
        if report.event_time_ns > until_ns:
            break
    assert simulation.end_time_ns is None
    played = Counter(scenario.typology for scenario in simulation.scenarios)
    assert min(played["wash_self"], played["spoofing"]) >= 3


def test_a_market_without_an_end_forgets_its_oldest_scenarios(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.simulation.SCENARIOS_KEPT_MAX", 3)
    config = SimulationConfig(seed=2, minutes=0, recurring=("spoofing",), recurring_severity=1.0)
    simulation = Simulation(config)
    for report in simulation.reports():
        if report.event_time_ns > config.start_time_ns + 900 * SECOND_NS:
            break
    assert len(simulation.scenarios) == 3
    assert simulation.scenarios[0].scenario_id > "scenario-003"


def test_a_scheme_put_in_while_the_market_runs_is_played_from_then_on() -> None:
    simulation = Simulation(SimulationConfig(seed=4, minutes=3))
    reports = simulation.reports()
    for report in reports:
        if report.event_time_ns - simulation.config.start_time_ns > 60 * SECOND_NS:
            break
    scenario = simulation.inject("wash_self", 0.9, "NRDL")
    injected_ns = simulation.now_ns
    assert simulation.labels() == []
    for _ in reports:
        pass
    (label,) = simulation.labels()
    assert (label.scenario_id, label.typology, label.instrument) == (scenario.scenario_id, "wash_self", "NRDL")
    assert label.start_time_ns >= injected_ns


def test_sessions_of_a_venue_never_use_an_id_twice() -> None:
    rows = [
        list(islice(simulate(SimulationConfig(seed=1, minutes=1, session_number=number)), 2_000)) for number in (0, 1)
    ]
    for column in ("order_id", "execution_id", "client_order_id", "trade_id"):
        first, second = ({row[column] for row in session if column in row} for session in rows)
        assert not first & second
    assert rows[1][0]["execution_id"] == str(NUMBERS_PER_SESSION + 1)


def test_more_activity_means_more_messages() -> None:
    counts = [
        sum(1 for _ in simulate(SimulationConfig(seed=1, minutes=1, activity=activity))) for activity in (1.0, 4.0)
    ]
    assert counts[1] > 2.2 * counts[0]


def test_a_quiet_market_trades_in_proportion_and_is_hardly_more_restless() -> None:
    fills, widths = [], []
    for activity in (1.0, 0.15):
        market = Simulation(SimulationConfig(seed=2, minutes=8, activity=activity, instruments=EQUITIES[3:]))
        prices = [report.price or 0.0 for report in market.reports() if report.kind == "FILL"]
        fills.append(len(prices))
        widths.append(max(prices) / min(prices) - 1)
    assert 0.08 < fills[1] / fills[0] < 0.3
    assert widths[1] < 2.0 * widths[0]


@pytest.mark.parametrize(
    ("scheme", "severity", "complaint"),
    [("spoofng", 0.5, "no scheme named spoofng: choose from account_volume_spike"), ("spoofing", 1.5, "found 1.5")],
)
def test_a_plan_of_an_unknown_scheme_or_severity_is_refused(scheme: str, severity: float, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        plan([scheme], severity, EQUITIES, 10, seed=1)


def test_schemes_that_wait_for_the_same_past_follow_each_other() -> None:
    first, second = plan(["pump_and_dump"] * 2, 0.5, EQUITIES, 82, seed=1)
    pump = SCHEMES["pump_and_dump"]
    assert first.instrument == second.instrument
    assert first.offset_ns >= pump.history_seconds * SECOND_NS
    assert second.offset_ns - first.offset_ns >= pump.duration_seconds_max * SECOND_NS


def test_an_unknown_instrument_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no instrument named ZZZ: choose from NRDL"):
        Simulation(SimulationConfig(seed=1)).inject("spoofing", 0.5, "ZZZ")
