from simulator.scorecard.sighting import Sighting
from simulator.scorecard.truth import HARD_NEGATIVE, Scenario
from simulator.tuning.outcome import judged, truth_for


def scenario(name: str, typology: str, owner: str, kind: str = "scheme") -> Scenario:
    return Scenario(name, typology, kind, owners=frozenset({owner}), start_time_ns=0, end_time_ns=100)


def sighting(owner: str, rule: str = "spoofing") -> Sighting:
    return Sighting(rule, rule.upper(), 10, 20, 20, owners=frozenset({owner}))


SCENARIOS = (
    scenario("s1", "spoofing", "O1"),
    scenario("s2", "spoofing", "O2"),
    scenario("l1", "layering", "O3"),
    scenario("b1", "hedger", "O4", HARD_NEGATIVE),
)


def test_a_rule_has_to_find_the_schemes_named_like_it() -> None:
    assert truth_for("spoofing", "SPOOFING", SCENARIOS).targets == {"s1", "s2"}


def test_where_none_is_named_like_it_the_typology_counts_and_then_the_family() -> None:
    anonymous = truth_for("spoofing_anonymous", "SPOOFING", SCENARIOS)
    assert (anonymous.targets, anonymous.kind) == (frozenset({"s1", "s2"}), "of its typology SPOOFING")
    flipping = truth_for("flipping", "FLIPPING", SCENARIOS)
    assert (flipping.targets, flipping.kind) == (frozenset({"s1", "s2", "l1"}), "of its family")
    assert truth_for("anomaly", "ANOMALY", SCENARIOS).targets == {"s1", "s2", "l1"}
    assert truth_for("fat_finger", "ERRONEOUS_ORDER", SCENARIOS).targets == frozenset()


def test_alerts_are_true_false_or_about_innocent_conduct_and_surplus_beyond_the_first() -> None:
    truth = truth_for("spoofing", "SPOOFING", SCENARIOS)
    alerts = [sighting("O1"), sighting("O1"), sighting("O3"), sighting("O4"), sighting("O9")]
    outcome = judged({"x": 1.0}, alerts, truth)
    assert (outcome.found, outcome.true, outcome.false, outcome.unjudged) == (frozenset({"s1"}), 3, 2, 0)
    assert (outcome.alerts, outcome.surplus, outcome.hard_negatives) == (5, 4, {"hedger": 1})


def test_of_judged_cases_alone_an_alert_about_nobody_of_them_is_unjudged() -> None:
    truth = truth_for("spoofing", "SPOOFING", SCENARIOS, is_partial=True)
    outcome = judged({}, [sighting("O1"), sighting("O4"), sighting("O9")], truth)
    assert (outcome.true, outcome.false, outcome.unjudged) == (1, 1, 1)
