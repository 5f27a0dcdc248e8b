from collections import defaultdict
from functools import cache
from itertools import pairwise

import pytest

from simulator.labels import Label
from simulator.matching import BUY, SELL
from simulator.report import Report
from simulator.schemes import SCHEMES
from simulator.schemes.prearranged import meet
from simulator.schemes.scheme import Scheme, Step
from simulator.simulation import Simulation, labelled_run
from tests.simulator.fakes import play_of, quiet_market

SEVERITIES = (0.0, 0.5, 1.0)
SEEDS = (1, 2, 3)
CASES = [(seed, severity) for seed in SEEDS for severity in SEVERITIES]


@cache
def played(scheme: str, seed: int, severity: float) -> tuple[Label, list[Report], Simulation]:
    """The label of one played scheme and the events of its orders."""
    simulation = Simulation(labelled_run([scheme], seed=seed, minutes=2, severity=severity))
    reports = list(simulation.reports())
    (label,) = simulation.labels()
    ids = set(label.order_ids)
    return label, [report for report in reports if report.order_id in ids], simulation


def _lives(events: list[Report]) -> dict[str, list[Report]]:
    lives: dict[str, list[Report]] = defaultdict(list)
    for report in events:
        lives[report.order_id].append(report)
    return lives


def _genuine_side(events: list[Report]) -> str:
    """The side of the account's first order, which is the genuine one."""
    return events[0].side


@pytest.mark.parametrize(("seed", "severity"), CASES)
def test_a_spoof_is_cancelled_after_a_genuine_fill_opposite_while_it_rested(seed: int, severity: float) -> None:
    label, events, _ = played("spoofing", seed, severity)
    lives = _lives(events)
    genuine_side = _genuine_side(events)
    fills = [report for report in events if report.kind == "FILL" and report.side == genuine_side]
    spoofs = [life for life in lives.values() if life[0].side != genuine_side]
    assert len(label.accounts) == 1
    assert any(
        life[-1].kind == "CANCEL"
        and any(life[0].event_time_ns < fill.event_time_ns < life[-1].event_time_ns for fill in fills)
        for life in spoofs
    )


@pytest.mark.parametrize(("seed", "severity"), CASES)
def test_layers_rest_together_at_stepped_prices_and_are_cancelled_around_a_fill_opposite(
    seed: int, severity: float
) -> None:
    _, events, _ = played("layering", seed, severity)
    genuine_side = _genuine_side(events)
    fills = [report for report in events if report.kind == "FILL" and report.side == genuine_side]
    layers = [life for life in _lives(events).values() if life[0].side != genuine_side]
    together = [
        [layer for layer in layers if layer[0].event_time_ns < fill.event_time_ns < layer[-1].event_time_ns]
        for fill in fills
    ]
    best = max(together, key=len)
    prices = [layer[0].price for layer in best]
    assert len(best) >= 3
    assert len(set(prices)) == len(prices)
    assert sum(layer[-1].kind == "CANCEL" for layer in layers) >= 0.7 * len(layers)


@pytest.mark.parametrize("scheme", ["spoofing", "layering"])
def test_deceptive_orders_grow_with_severity_from_the_ordinary_to_the_blatant(scheme: str) -> None:
    def typical_size(severity: float) -> float:
        sizes = []
        for seed in SEEDS:
            label, events, simulation = played(scheme, seed, severity)
            instrument = next(one for one in simulation.config.instruments if one.symbol == label.instrument)
            orders = [report for report in events if report.kind == "NEW" and report.side != _genuine_side(events)]
            sizes += [(report.quantity or 0) / instrument.typical_quantity for report in orders]
        return sorted(sizes)[len(sizes) // 2]

    hidden, middle, blatant = (typical_size(severity) for severity in SEVERITIES)
    assert hidden < 8 < 16 < blatant
    assert 1.5 * hidden < middle < blatant / 1.5


@pytest.mark.parametrize(("seed", "severity"), CASES)
def test_a_self_wash_is_an_account_trading_with_itself(seed: int, severity: float) -> None:
    label, events, _ = played("wash_self", seed, severity)
    own = [report for report in events if report.kind == "FILL" and report.contra_account == report.account]
    assert len(label.accounts) == 1
    assert len(own) // 2 >= 2 + 4 * severity


@pytest.mark.parametrize(("seed", "severity"), CASES)
def test_an_owner_wash_is_accounts_of_one_owner_trading_with_each_other(seed: int, severity: float) -> None:
    label, events, simulation = played("wash_owner", seed, severity)
    mutual = [report for report in events if report.kind == "FILL" and report.contra_account in label.accounts]
    assert len(label.owners) == 1
    assert all(report.account != report.contra_account for report in mutual)
    assert len(mutual) // 2 >= 2 + 4 * severity
    owners = {account.owner for account in simulation.population.everybody if account.account in label.accounts}
    assert owners == set(label.owners)


@pytest.mark.parametrize(("seed", "severity"), CASES)
def test_ping_pong_alternates_between_two_accounts_of_different_owners(seed: int, severity: float) -> None:
    label, events, _ = played("ping_pong", seed, severity)
    sellers = [
        report.account
        for report in events
        if report.kind == "FILL" and report.side == "SELL" and report.contra_account in label.accounts
    ]
    assert (len(label.accounts), len(label.owners)) == (2, 2)
    assert len(sellers) >= 6
    assert all(before != after for before, after in pairwise(sellers))


@pytest.mark.parametrize(("seed", "severity"), CASES)
def test_a_pump_raises_the_price_and_the_accounts_sell_all_they_bought(seed: int, severity: float) -> None:
    label, events, _ = played("pump_and_dump", seed, severity)
    fills = [report for report in events if report.kind == "FILL"]
    buys = [report for report in fills if report.side == "BUY"]
    sells = [report for report in fills if report.side == "SELL"]
    peak = max(report.price or 0 for report in fills)  # the crowd may lift it further than its own buying did
    start = buys[0].price or 0
    assert peak / start - 1 >= max(0.04, 0.4 * severity, 2 * severity - 1)
    assert max(report.event_time_ns for report in buys) < min(report.event_time_ns for report in sells)
    bought, sold = (sum(report.quantity or 0 for report in side) for side in (buys, sells))
    assert sold >= 0.9 * bought
    assert len(label.owners) >= 3


@pytest.mark.parametrize("scheme", ["spoofing", "layering", "pump_and_dump"])
def test_only_washes_and_ping_pong_trade_with_themselves(scheme: str) -> None:
    for seed in SEEDS:
        _, events, simulation = played(scheme, seed, 1.0)
        owner = {one.account: one.owner for one in simulation.population.everybody}
        fills = [report for report in events if report.kind == "FILL"]
        assert all(owner[report.account] != owner[report.contra_account or ""] for report in fills)


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.name)
def test_every_scheme_says_in_numbers_what_severity_means(scheme: Scheme) -> None:
    assert scheme.ratios
    for ratio in scheme.ratios:
        assert ratio.source
        assert ratio.at(0.0) == pytest.approx(ratio.low)
        assert ratio.at(1.0) == pytest.approx(ratio.high)
        assert f"{ratio.low:g} to {ratio.high:g}" in scheme.severity_description


def _run(step: Step) -> bool:
    """Run a part of a scheme to its end where nobody else acts."""
    while True:
        try:
            next(step)
        except StopIteration as end:
            return bool(end.value)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_two_orders_meet_inside_the_spread_and_trade_with_each_other_only(side: int) -> None:
    _, seat, _, accounts = quiet_market()
    assert _run(meet(play_of(seat, accounts), accounts[0], accounts[1], side, 300, 0.1))
    resting, taking = seat.scenario.orders
    assert resting.trade_ids == taking.trade_ids
    assert (resting.filled, taking.filled) == (300, 300)
    assert 998 < (resting.price or 0) < 1002


def test_orders_that_are_to_meet_are_withdrawn_when_a_third_party_stands_in_between() -> None:
    _, seat, honest, accounts = quiet_market()
    step = meet(play_of(seat, accounts), accounts[0], accounts[1], BUY, 300, 0.1)
    next(step)
    (resting,) = seat.scenario.orders
    honest.submit(accounts[2], BUY, 1001, 100)
    if resting.price == 1001:
        honest.cancel(resting)
    next(step)
    assert len(seat.scenario.orders) == 1
    assert not resting.is_resting
    assert resting.trade_ids == ()


def test_orders_do_not_meet_where_the_spread_leaves_no_room() -> None:
    _, seat, honest, accounts = quiet_market()
    honest.submit(accounts[2], BUY, 1001, 100)
    assert not _run(meet(play_of(seat, accounts), accounts[0], accounts[1], BUY, 300, 0.1))
    assert seat.scenario.orders == []
