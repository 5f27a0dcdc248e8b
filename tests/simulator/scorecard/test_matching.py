from typing import Any

import pytest

from simulator.scorecard.matching import Match, Verdict, match
from simulator.scorecard.sighting import Sighting
from simulator.scorecard.truth import Scenario
from tests.simulator.scorecard.cases import START, S, innocent, scenario, sighting


def judged(said: Sighting, *truth: Scenario) -> Match:
    return match([said], truth)[0]


def test_an_alert_hits_when_culprit_instrument_and_time_are_right() -> None:
    assert judged(sighting(), scenario()).verdict == Verdict.EXACT


@pytest.mark.parametrize(
    "wrong",
    [
        {"account": "A2"},
        {"instrument": "J"},
        {"venue": "W"},
        {"start": 260.001, "end": 270},
        {"start": 10, "end": 39.999},
    ],
)
def test_an_alert_with_one_of_the_three_wrong_is_about_nobody(wrong: dict[str, Any]) -> None:
    assert judged(sighting(**wrong), scenario()).verdict == Verdict.NOBODY


@pytest.mark.parametrize("times", [(260, 270), (10, 40)])
def test_a_minute_beside_the_scenario_still_counts(times: tuple[float, float]) -> None:
    assert judged(sighting(start=times[0], end=times[1]), scenario()).verdict == Verdict.EXACT


def test_another_account_of_the_owner_names_the_culprit() -> None:
    said = sighting(account="A9", owners=frozenset({"O1"}))
    assert judged(said, scenario()).verdict == Verdict.EXACT


def test_a_relative_counts_in_the_family_and_another_rule_only_as_on_the_culprit() -> None:
    assert judged(sighting("layering"), scenario()).verdict == Verdict.FAMILY
    assert judged(sighting("wash_self", typology="WASH_TRADE"), scenario()).verdict == Verdict.OTHER


def test_rules_of_one_typology_are_the_same_exactly() -> None:
    assert (
        judged(sighting("wash_netting", typology="WASH_TRADE"), scenario(typology="wash_self")).verdict == Verdict.EXACT
    )


def test_an_alert_on_a_hard_negative_is_false_and_names_it() -> None:
    found = judged(sighting(account="A4"), scenario(), innocent())
    assert (found.verdict, found.hard_negatives) == (Verdict.HARD_NEGATIVE, ("block",))
    assert found.verdict.is_false


def test_an_alert_on_a_culprit_who_also_looks_innocent_is_right() -> None:
    found = judged(sighting(), scenario(), innocent(account="A1"))
    assert (found.verdict, found.hard_negatives) == (Verdict.EXACT, ())


def test_an_alert_that_names_nobody_hits_by_an_order_or_by_its_family() -> None:
    unnamed = sighting("price_spike", account="")
    assert judged(unnamed, scenario(typology="pump_and_dump")).verdict == Verdict.FAMILY
    assert judged(unnamed, scenario()).verdict == Verdict.NOBODY
    by_order = sighting("price_spike", account="", order_ids=frozenset({"o1"}))
    assert judged(by_order, scenario(order_ids=frozenset({"o1"}))).verdict == Verdict.OTHER


def test_an_alert_that_names_nobody_is_put_down_to_the_innocent_conduct_of_its_market() -> None:
    unnamed = sighting("price_spike", account="")
    found = judged(unnamed, innocent(typology="news_crowd"), innocent("n2", "block", instruments=frozenset({"J"})))
    assert (found.verdict, found.hard_negatives) == (Verdict.HARD_NEGATIVE, ("news_crowd",))
    assert judged(unnamed, innocent(), scenario(typology="ramping")).verdict == Verdict.FAMILY


def test_a_condition_of_the_market_is_hit_by_its_own_family_whomever_it_names() -> None:
    nobody_made = scenario(typology="volatility_burst", accounts=frozenset(), owners=frozenset())
    assert judged(sighting("price_spike"), nobody_made).verdict == Verdict.FAMILY
    assert judged(sighting("spoofing"), nobody_made).verdict == Verdict.NOBODY


def test_one_alert_may_show_two_scenarios() -> None:
    later = scenario("s2", start_time_ns=START + 150 * S, end_time_ns=START + 300 * S)
    found = judged(sighting(start=150, end=160), scenario(), later)
    assert [one.scenario_id for one, _ in found.shown] == ["s1", "s2"]
