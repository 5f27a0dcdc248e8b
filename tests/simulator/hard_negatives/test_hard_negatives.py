"""Hard negatives are what they say: played from their names, labelled as benign, and near to abuse in what they do."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from simulator.hard_negatives import HARD_NEGATIVES
from simulator.hard_negatives.hard_negative import choose_people
from simulator.hard_negatives.schedule import plan_hard_negatives
from simulator.instrument import EQUITIES
from simulator.labels import Label
from simulator.output import write_simulation
from simulator.population import Population, populate
from simulator.randomness import SECOND_NS, stream
from simulator.report import Report
from simulator.simulation import Simulation, labelled_run

MINUTES = 16.0
RULE_PAGES = {path.stem for path in (Path(__file__).parents[3] / "docs" / "rules").glob("*.md")}


@dataclass(frozen=True)
class Played:
    """A run of all hard negatives: the labels by name, and the reports of each one's orders."""

    labels: dict[str, Label]
    reports: dict[str, list[Report]]

    def of_kind(self, name: str, kind: str) -> list[Report]:
        return [report for report in self.reports[name] if report.kind == kind]


@pytest.fixture(scope="module")
def played() -> Played:
    simulation = Simulation(labelled_run([], seed=11, minutes=MINUTES, severity=0.5, hard_negatives=[*HARD_NEGATIVES]))
    everything = list(simulation.reports())
    labels = {label.typology: label for label in simulation.benign_labels()}
    name_of = {order_id: name for name, label in labels.items() for order_id in label.order_ids}
    reports: dict[str, list[Report]] = defaultdict(list)
    for report in everything:
        if report.order_id in name_of:
            reports[name_of[report.order_id]].append(report)
    return Played(labels, reports)


def test_every_hard_negative_is_played_and_labelled_with_orders_that_exist(played: Played) -> None:
    assert set(played.labels) == set(HARD_NEGATIVES)
    for name, label in played.labels.items():
        what = HARD_NEGATIVES[name]
        assert {report.order_id for report in played.reports[name]} == set(label.order_ids)
        assert (label.end_time_ns - label.start_time_ns) / SECOND_NS <= what.duration_seconds_max + 60
        assert 1 <= len(label.owners) <= what.owner_count


def test_nobody_takes_part_in_two_of_them(played: Played) -> None:
    owners = Counter(owner for label in played.labels.values() for owner in label.owners)
    assert max(owners.values()) == 1


@pytest.mark.parametrize("name", HARD_NEGATIVES)
def test_what_a_hard_negative_resembles_is_a_rule(name: str) -> None:
    assert set(HARD_NEGATIVES[name].resembles) <= RULE_PAGES


@pytest.mark.parametrize(
    ("name", "least"),
    [("high_cancel_algorithm", 0.95), ("market_maker_repricing", 0.9), ("connectivity_test", 1.0), ("quote_fade", 0.7)],
)
def test_those_that_withdraw_nearly_everything_do(played: Played, name: str, least: float) -> None:
    assert len(played.of_kind(name, "CANCEL")) / len(played.of_kind(name, "NEW")) >= least


@pytest.mark.parametrize(
    "name", ["index_rebalancing", "portfolio_transition", "impatient_buyer", "volume_average_close"]
)
def test_those_with_a_need_trade_one_side_only_and_much(played: Played, name: str) -> None:
    fills = played.of_kind(name, "FILL")
    assert len(fills) > 20
    assert len({fill.side for fill in fills}) == 1


@pytest.mark.parametrize("name", ["index_rebalancing", "volume_average_close"])
def test_those_of_the_close_trade_most_at_the_end_of_the_session(played: Played, name: str) -> None:
    label, fills = played.labels[name], played.of_kind(name, "FILL")
    assert max(report.event_time_ns for report in fills) - label.start_time_ns > 450 * SECOND_NS
    middle_ns = (label.start_time_ns + label.end_time_ns) // 2
    late = sum(fill.quantity or 0.0 for fill in fills if fill.event_time_ns > middle_ns)
    assert late > 0.6 * sum(fill.quantity or 0.0 for fill in fills)


def test_a_hedger_withdraws_a_large_order_and_takes_the_other_side_within_a_second(played: Played) -> None:
    turns = [
        later
        for earlier, later in pairwise(played.reports["hedger_flipping_sides"])
        if earlier.kind == "CANCEL" and later.kind == "NEW" and later.side != earlier.side
        if later.event_time_ns - earlier.event_time_ns < SECOND_NS
    ]
    assert len(turns) >= 3


def test_a_prevented_self_match_expires_the_resting_order_and_never_trades_inside_the_owner(played: Played) -> None:
    accounts = set(played.labels["self_match_prevented"].accounts)
    expired = [
        report for report in played.of_kind("self_match_prevented", "EXPIRE") if "self-match" in str(report.text)
    ]
    assert len(expired) >= 3
    assert not [fill for fill in played.of_kind("self_match_prevented", "FILL") if fill.contra_account in accounts]


def test_a_negotiated_block_meets_its_other_side_at_one_price(played: Played) -> None:
    accounts = set(played.labels["negotiated_block"].accounts)
    met = [fill for fill in played.of_kind("negotiated_block", "FILL") if fill.contra_account in accounts]
    assert len(met) >= 2
    assert max(fill.quantity or 0.0 for fill in met) >= 10 * 150


def test_a_cascade_moves_the_price_with_the_orders_of_many(played: Played) -> None:
    fills = played.of_kind("stop_loss_cascade", "FILL")
    assert len({fill.account for fill in fills}) >= 6
    assert len({fill.side for fill in fills}) == 1


def test_an_allocation_gives_every_client_the_same_part(played: Played) -> None:
    broker = Counter(fill.account for fill in played.of_kind("average_price_allocation", "FILL")).most_common(1)[0][0]
    parts: Counter[str] = Counter()
    for fill in played.of_kind("average_price_allocation", "FILL"):
        if fill.account != broker:
            parts[fill.account] += int(fill.quantity or 0)
    assert len(parts) >= 3


def test_what_is_drawn_for_one_does_not_depend_on_the_others() -> None:
    alone = plan_hard_negatives(["news_crowd"], EQUITIES, 30.0, 4)
    among = plan_hard_negatives([*HARD_NEGATIVES, "news_crowd"], EQUITIES, 30.0, 4)
    assert alone[0] in among
    assert len([one for one in among if one.scheme == "news_crowd"]) == 2


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no hard negative named angel: choose from .*iceberg_order"):
        plan_hard_negatives(["angel"], EQUITIES, 30.0, 4)


def test_a_run_without_hard_negatives_writes_an_empty_benign_file(tmp_path: Path) -> None:
    summary = write_simulation(tmp_path, [], seed=3, minutes=0.2, severity=0.5)
    assert (tmp_path / "benign.jsonl").read_text(encoding="utf-8") == ""
    assert summary.hard_negatives == {}


def test_where_owners_run_out_those_of_hard_negatives_are_drawn_again_and_never_those_of_schemes() -> None:
    population = populate(3, 9)
    schemers = {group[0].owner for group in population.groups()[:100]}
    taken, benign = set(schemers), set[str]()
    for number in range(6):
        choose_people(HARD_NEGATIVES["news_crowd"], population, stream(number, "people"), taken, benign)
    assert not benign & schemers
    with pytest.raises(ValueError, match="expected 24 more owners for retail_burst, found 0: play fewer"):
        choose_people(HARD_NEGATIVES["retail_burst"], population, stream(1, "people"), set(_owners(population)), set())


def _owners(population: Population) -> list[str]:
    return [group[0].owner for group in population.groups()]
