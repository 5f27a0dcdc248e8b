from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.scorecard.card import Row, recall_by, rows
from simulator.scorecard.run_score import EventCounts, RunScore, score_run
from simulator.scorecard.sighting import Sighting
from simulator.scorecard.truth import Scenario
from tests.simulator.scorecard.cases import START, S, cancel, innocent, new, scenario, sighting, table, trade

EVENTS = table(
    [
        new(110, "o1", "A1", "BUY", 9.9, 900),
        *trade(112, "t1", "A2", "A1"),
        cancel(113, "o1", "A1", "BUY"),
        new(114, "o2", "A2", "BUY", 9.9, 100),
        cancel(150, "o2", "A2", "BUY"),
        new(151, "o3", "A3", "BUY", 9.9, 100),
        cancel(152, "o3", "A3", "BUY"),
    ]
)
SPOOF = scenario(order_ids=frozenset({"o1", "t1-S"}), severity=0.5)
OTHER = scenario("s2", account="A3", order_ids=frozenset({"o3"}), severity=0.9)


def scored(
    alerts: Sequence[Sighting], truth: Sequence[Scenario] = (SPOOF, OTHER), naive: Sequence[Sighting] = ()
) -> RunScore:
    return score_run(EVENTS, truth, alerts, {"spoofing": naive}, seed=1)


def row(alerts: Sequence[Sighting], naive: Sequence[Sighting] = (), name: str = "spoofing") -> Row:
    return next(each for each in rows([scored(alerts, naive=naive)]) if each.typology == name)


def test_scenario_figures_by_hand() -> None:
    # Of two scenarios one is found; of three alerts of the rule two are right, both over the same scenario.
    found = row([sighting(end=112), sighting(start=115, end=117), sighting(account="A2")]).rules
    assert (found.found.hits, found.found.trials) == (1, 2)
    assert (found.right.hits, found.right.trials) == (2, 3)
    assert found.f1 == pytest.approx(2 * (2 / 3) * (1 / 2) / (2 / 3 + 1 / 2))
    assert (found.nobody, found.hard_negative) == (1, 0)


def test_delay_is_to_the_first_alert_in_seconds_and_as_a_share_of_the_scenario() -> None:
    # The scenario runs from 100 to 200.
    found = row([sighting(end=130), sighting(end=112), sighting("wash_self", typology="WASH_TRADE", end=101)])
    assert (found.delay_s, found.delay_share) == (12.0, 0.12)


def test_duplicates_are_alerts_a_found_scenario() -> None:
    found = row([sighting(), sighting(start=115), sighting("layering"), sighting(account="A3")])
    assert found.alerts_a_scenario == 2.0  # three in the family on one, one on the other
    assert found.own_alerts_a_scenario == 1.5


def test_false_alerts_a_million_benign_events() -> None:
    # Of eight events o1 has two, A1 a fill of t1 and o3 two: five belong to schemes and three are benign.
    found = row([sighting(account="A2")]).rules
    assert scored([]).benign_events == 3
    assert found.false_per_million == pytest.approx(1 / 3 * 1e6)
    assert found.false_interval == pytest.approx((0.0253 / 3e-6, 5.5716 / 3e-6), rel=1e-3)


def test_an_alert_on_a_hard_negative_is_counted_as_false_by_name() -> None:
    run = score_run(EVENTS, [SPOOF, innocent(account="A2")], [sighting(account="A2")], {})
    assert run.hard_negatives == {"block": 1}
    found = rows([run])[0].rules
    assert (found.hard_negative, found.nobody, found.right.hits) == (1, 0, 0)


def test_event_figures_by_hand() -> None:
    # Pointed to: o1 (2 events, labelled) and o2 (2, not); labelled: those, A1's fill and o3: 5.
    counts = scored([sighting(order_ids=frozenset({"o1", "o2"}))]).rule_events["spoofing"]
    assert counts == EventCounts(said=4, right=2, labelled=5, found=2)
    found = row([sighting(order_ids=frozenset({"o1", "o2"}))]).rules
    assert (found.event_precision, found.event_recall) == (0.5, 0.4)


def test_a_trade_points_to_the_side_of_those_who_are_named() -> None:
    counts = scored([sighting(trade_ids=frozenset({"t1"}))]).rule_events["spoofing"]
    assert counts == EventCounts(said=1, right=1, labelled=5, found=1)


def test_the_naive_rule_is_scored_alike_and_may_be_the_better_one() -> None:
    both = [sighting(), sighting(account="A3")]
    found = row([sighting()], naive=both)
    assert found.baseline is not None
    assert found.baseline.f1 == 1.0
    assert found.rules.f1 == pytest.approx(2 / 3)
    assert found.is_below_baseline
    assert not row(both, naive=both).is_below_baseline


def test_recall_is_counted_by_severity() -> None:
    shares = recall_by(scored([sighting()]).outcomes)
    assert {key: (share.hits, share.trials) for key, share in shares.items()} == {
        ("spoofing", 0.5): (1, 1),
        ("spoofing", 0.9): (0, 1),
    }


def test_runs_of_several_seeds_add_up() -> None:
    one, other = scored([sighting()]), score_run(EVENTS, [SPOOF], [], {}, seed=2)
    found = rows([one, other])[0].rules
    assert (found.found.hits, found.found.trials, found.right.trials) == (1, 3, 1)


def test_a_silent_detector_scores_nothing() -> None:
    found = row([]).rules
    assert (found.found.value, found.right.value, found.f1, found.false_per_million) == (0.0, None, 0.0, 0.0)


ANY_ALERTS = st.lists(
    st.builds(
        lambda rule, account, start, length: sighting(rule, account, start, start + length),
        st.sampled_from(["spoofing", "layering", "wash_self", "price_spike"]),
        st.sampled_from(["A1", "A2", "A3", "A4", ""]),
        st.floats(0, 400),
        st.floats(0, 100),
    ),
    max_size=8,
)


@settings(max_examples=15, deadline=None)
@given(ANY_ALERTS, st.randoms(use_true_random=False))
def test_the_order_of_alerts_changes_no_score(alerts: list[Sighting], random: Random) -> None:
    shuffled = list(alerts)
    random.shuffle(shuffled)
    assert [each.to_json() for each in rows([scored(alerts)])] == [each.to_json() for each in rows([scored(shuffled)])]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.sampled_from(["A1", "A2", "A3"]), min_size=1, max_size=3, unique=True))
def test_a_perfect_detector_scores_one(culprits: list[str]) -> None:
    truth = [scenario(f"s{account}", account=account) for account in culprits]
    run = score_run(EVENTS, truth, [sighting(account=account) for account in culprits], {})
    found = rows([run])[0].rules
    assert (found.found.value, found.right.value, found.f1, found.nobody) == (1.0, 1.0, 1.0, 0)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 20), st.integers(0, 20))
def test_a_detector_that_always_alerts_has_the_base_rate_as_precision(guilty: int, honest: int) -> None:
    people = [f"A{number}" for number in range(guilty + honest)]
    truth = [scenario(f"s{person}", account=person) for person in people[:guilty]]
    found = rows([score_run(EVENTS, truth, [sighting(account=person) for person in people], {})])[0].rules
    assert found.right.value == pytest.approx(guilty / (guilty + honest))
    assert found.found.value == 1.0


def test_scenarios_outside_the_alerts_time_stay_unfound() -> None:
    late = scenario(start_time_ns=START + 1000 * S, end_time_ns=START + 1100 * S)
    assert rows([score_run(EVENTS, [late], [sighting()], {})])[0].rules.found.hits == 0
