"""Each scheme does what its description says; numbers are those of its own ratios."""

from collections import Counter, defaultdict
from functools import cache
from typing import NamedTuple

import pytest

from simulator.instrument import EQUITIES, Instrument
from simulator.labels import Label
from simulator.randomness import SECOND_NS
from simulator.report import Report
from simulator.schedule import PlannedScenario, playable
from simulator.schemes import SCHEMES
from simulator.schemes.camouflage import NONE, Camouflage
from simulator.schemes.play import COVER, ROLES, VICTIM
from simulator.schemes.related import is_followed_elsewhere, is_underlying
from simulator.simulation import Simulation, SimulationConfig
from simulator.venues import WHOLE_MARKET

SEED = 3
SHORT_SECONDS_MAX = 1_100.0
WARMUP_SECONDS = 60
FULL = Camouflage.parse("all")
SHARE, THIN = EQUITIES[0], EQUITIES[3]


class Played(NamedTuple):
    """The truth about one scheme, the events of its orders, and the simulation."""

    label: Label
    events: list[Report]
    simulation: Simulation

    def role(self, *roles: str) -> list[Report]:
        """The events of orders of a role."""
        ids = {order["order_id"] for order in self.label.orders if order["role"] in roles}
        return [report for report in self.events if report.order_id in ids]


def market_for(name: str) -> tuple[Instrument, ...]:
    """The fewest instruments a scheme can be played in, the one it is played in first."""
    wants = SCHEMES[name].wants
    if wants == "thin":
        return (THIN,)
    if wants in ("venue", "product"):
        related = is_followed_elsewhere if wants == "venue" else is_underlying
        return next((one, other) for one in WHOLE_MARKET for other in WHOLE_MARKET if related(one, other))
    return (SHARE,)


@cache
def played(name: str, severity: float = 0.9, camouflage: Camouflage = NONE, seed: int = SEED) -> Played:
    """Play one scheme in a market of its own."""
    instruments = market_for(name)
    scenario = PlannedScenario(name, severity, instruments[0].key, WARMUP_SECONDS * SECOND_NS, camouflage)
    simulation = Simulation(SimulationConfig(seed=seed, minutes=1.5, scenarios=(scenario,), instruments=instruments))
    reports = list(simulation.reports())
    (label,) = simulation.labels()
    ids = {order["order_id"] for order in label.orders}
    return Played(label, [report for report in reports if report.order_id in ids], simulation)


SHORT = [name for name in SCHEMES if SCHEMES[name].duration_seconds_max <= SHORT_SECONDS_MAX]


@pytest.mark.parametrize("name", SHORT)
def test_a_scheme_is_played_to_its_end_and_labelled_even_where_it_hides_as_far_as_it_can(name: str) -> None:
    label, events, simulation = played(name, 0.5, FULL)
    scheme = SCHEMES[name]
    assert all(scenario.is_over for scenario in simulation.scenarios)
    assert label.typology == name
    assert label.camouflage == FULL.only(scheme.axes).values()
    assert {order["role"] for order in label.orders} <= set(ROLES)
    abuse = {order["order_id"] for order in label.orders if order["role"] not in (COVER, VICTIM)}
    assert abuse == set(label.order_ids)
    if scheme.troupe == "nobody":
        assert (label.accounts, label.owners, label.orders) == ([], [], [])
        assert label.end_time_ns > label.start_time_ns
        return
    assert {report.account for report in events if report.order_id in abuse} == set(label.accounts)
    assert (COVER in {order["role"] for order in label.orders}) <= ("mixed" in scheme.axes)


def test_splitting_uses_several_accounts_of_one_owner() -> None:
    label = played("quote_stuffing", 0.5, FULL).label
    assert len(label.accounts) >= 2
    assert len(label.owners) == 1


def test_a_flip_withdraws_a_large_order_and_takes_the_other_side_within_a_second() -> None:
    one = played("flipping")
    turns = [report for report in one.role("genuine") if report.kind == "NEW"]
    assert len(turns) >= 2
    for taken in turns:
        before = [report for report in one.role("deceptive") if report.kind == "CANCEL"]
        gaps = [
            taken.event_time_ns - report.event_time_ns
            for report in before
            if report.side != taken.side and report.event_time_ns < taken.event_time_ns
        ]
        assert min(gaps) < SECOND_NS


def test_a_smoker_improves_the_best_price_for_less_than_half_a_second() -> None:
    lives: dict[str, list[Report]] = defaultdict(list)
    for report in played("smoking").role("deceptive"):
        lives[report.order_id].append(report)
    untouched = [life for life in lives.values() if life[-1].kind == "CANCEL"]
    assert len(untouched) >= 30
    seconds = sorted((life[-1].event_time_ns - life[0].event_time_ns) / SECOND_NS for life in untouched)
    assert seconds[len(seconds) // 2] < 0.5


def test_a_flood_is_thousands_of_orders_a_minute_that_hardly_trade() -> None:
    one = played("quote_stuffing")
    assert len(one.label.order_ids) > 1_500
    assert len(one.label.trade_ids) < 0.01 * len(one.label.order_ids)


def test_a_ring_passes_the_same_quantity_round_in_a_circle() -> None:
    one = played("wash_ring")
    edges = Counter(
        (report.account, report.contra_account)
        for report in one.events
        if report.kind == "FILL" and report.side == "SELL" and report.contra_account in one.label.accounts
    )
    assert len(edges) == 3
    assert {seller for seller, _ in edges} == {buyer for _, buyer in edges} == set(one.label.accounts)


def test_a_front_runner_is_ahead_of_a_clients_order_and_out_again_into_it_at_a_gain() -> None:
    gains = []
    one = played("front_running")
    for client in (report for report in one.role("victim") if report.kind == "NEW"):
        ahead = _fills(one.role("genuine"), client.event_time_ns - 45 * SECOND_NS, client.event_time_ns)
        out = _fills(one.role("exit"), client.event_time_ns, client.event_time_ns + 90 * SECOND_NS)
        assert {report.side for report in ahead} == {client.side} != {report.side for report in out}
        sign = 1 if client.side == "BUY" else -1
        gains.append(sign * (_mean_price(out) / _mean_price(ahead) - 1))
        assert client.account not in one.label.accounts
        assert client.order_id not in one.label.order_ids
    assert len(gains) == 4
    assert sum(gains) / len(gains) > 10e-4


@pytest.mark.parametrize("name", ["cross_venue", "cross_product"])
def test_a_pusher_takes_a_position_in_one_market_before_it_pushes_another_and_leaves_the_first(name: str) -> None:
    one = played(name)
    held, pushed, out = (
        [report for report in one.role(role) if report.kind == "FILL"] for role in ("position", "push", "exit")
    )
    assert {report.side for report in held} == {report.side for report in pushed} != {report.side for report in out}
    assert max(report.event_time_ns for report in held) < min(report.event_time_ns for report in pushed)
    assert min(report.event_time_ns for report in pushed) < min(report.event_time_ns for report in out)
    assert _markets(held) == _markets(out)
    assert _markets(pushed).isdisjoint(_markets(held))
    assert len(one.label.markets) == 2


def test_dealing_on_the_restricted_list_falls_into_the_time_of_its_row() -> None:
    label, _, simulation = played("restricted_list")
    rows = [row for row in simulation.reference.rows["restricted"] if row[2] == "deal team"]
    assert [row[:2] for row in rows] == [(label.accounts[0], label.instrument)]


def test_an_insider_buys_before_the_announcement_that_moves_the_price() -> None:
    one = played("insider_dealing")
    (announced,) = [
        int(str(row[1])) for row in one.simulation.reference.rows["announcements"] if str(row[2]).startswith("Offer")
    ]
    bought = [report for report in one.role("position") if report.kind == "FILL"]
    sold = [report for report in one.role("exit") if report.kind == "FILL"]
    assert max(report.event_time_ns for report in bought) < announced < min(report.event_time_ns for report in sold)
    assert _mean_price(sold) > 1.02 * _mean_price(bought)


def test_a_trade_agreed_away_from_the_book_leaves_the_book_as_it_was() -> None:
    one = played("off_market_price")
    fills = [report for report in one.events if report.kind == "FILL"]
    assert {report.contra_account for report in fills} == set(one.label.accounts)
    assert all(report.aggressor is None for report in fills)
    assert {report.leaves_quantity for report in fills} == {0.0}


def test_what_needs_another_market_is_played_only_where_there_is_one() -> None:
    assert set(SCHEMES) - set(playable(EQUITIES)) == {"cross_venue", "cross_product"}
    assert set(playable(WHOLE_MARKET)) == set(SCHEMES)
    with pytest.raises(ValueError, match="cross_venue wants another venue"):
        Simulation(SimulationConfig(seed=1, minutes=1)).inject("cross_venue", 0.5)


def _fills(events: list[Report], since_ns: int, until_ns: int) -> list[Report]:
    return [report for report in events if report.kind == "FILL" and since_ns <= report.event_time_ns < until_ns]


def _markets(fills: list[Report]) -> set[tuple[str, str]]:
    return {(report.venue, report.instrument) for report in fills}


def _mean_price(fills: list[Report]) -> float:
    quantity = sum(report.quantity or 0.0 for report in fills)
    return sum((report.price or 0.0) * (report.quantity or 0.0) for report in fills) / quantity
