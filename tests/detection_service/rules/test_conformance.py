"""What every rule must hold to, whatever it looks for."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.scopes import scopes_of
from detection_service.engine.triggers import SOURCE
from detection_service.rules.catalogue import RULE_BY_ID, RULES
from detection_service.rules.conformance import cuts_of, restored
from detection_service.rules.scenarios.runner import alone, complaints, configuration_of, engine_of, not_near, play
from detection_service.rules.scenarios.scenario import REQUIRED_KINDS, Scenario, load, scenario_file
from tapewatch.alert import Alert, canonical, from_json, to_json
from tapewatch.market.frame import Frame
from tests.detection_service.rules.schemes import back_and_forth, layer, quiet_hours, spoof
from tests.detection_service.scenario import Market, Row, final, identity, revisions

IDS = [rule.metadata.rule_id for rule in RULES]
SCENARIOS = [(rule_id, scenario) for rule_id in IDS for scenario in load(scenario_file(RULE_BY_ID[rule_id]))]
POSITIVES = [(rule_id, scenario) for rule_id, scenario in SCENARIOS if scenario.kind == "positive"]
SEED = 7
every_scenario = pytest.mark.parametrize(
    ("rule_id", "scenario"), SCENARIOS, ids=[f"{n}: {s.name}" for n, s in SCENARIOS]
)
every_positive = pytest.mark.parametrize(
    ("rule_id", "scenario"), POSITIVES, ids=[f"{n}: {s.name}" for n, s in POSITIVES]
)


FIRST_STAGE = [(rule_id, each) for rule_id, each in POSITIVES if RULE_BY_ID[rule_id].metadata.stage == 1]
SCOPED = {name: each for name, each in reversed(POSITIVES) if not RULE_BY_ID[name].triggers & SOURCE}
"""The first positive scenario of each rule that scopes do not refuse."""
every_first_stage_positive = pytest.mark.parametrize(
    ("rule_id", "scenario"), FIRST_STAGE, ids=[f"{n}: {s.name}" for n, s in FIRST_STAGE]
)


def played(rule_id: str, scenario: Scenario) -> tuple[list[Row], EngineConfiguration]:
    return list(scenario.rows), configuration_of(scenario, rule_id)


def told(alerts: list[Alert]) -> list[dict[str, object]]:
    return [to_json(alert) for alert in alerts]


def by_time(*markets: list[Row]) -> list[Row]:
    return sorted(itertools.chain(*markets), key=lambda row: int(str(row["event_time_ns"])))


@pytest.mark.parametrize("rule_id", IDS)
def test_a_rule_has_scenarios_of_the_required_kinds(rule_id: str) -> None:
    kinds = {scenario.kind for named, scenario in SCENARIOS if named == rule_id}
    assert set(REQUIRED_KINDS) <= kinds


@every_scenario
def test_a_rule_makes_of_a_scenario_what_the_scenario_says(rule_id: str, scenario: Scenario) -> None:
    alerts = final(play(scenario, configuration_of(scenario, rule_id)), rule_id)
    assert complaints(scenario, alerts) == []
    assert not_near(scenario, RULE_BY_ID[rule_id]) == []
    assert [from_json(to_json(alert)) for alert in alerts] == [canonical(alert) for alert in alerts]


@every_positive
def test_the_same_input_twice_gives_the_same_revisions(rule_id: str, scenario: Scenario) -> None:
    rows, configuration = played(rule_id, scenario)
    assert revisions(rows, configuration) == revisions(rows, configuration)


@every_positive
@pytest.mark.parametrize("rows_a_batch", [1, 7, 1_000])
def test_revisions_do_not_depend_on_the_size_of_batches(rule_id: str, scenario: Scenario, rows_a_batch: int) -> None:
    rows, configuration = played(rule_id, scenario)
    assert revisions(rows, configuration, rows_a_batch) == revisions(rows, configuration)


@every_positive
def test_an_engine_restored_again_and_again_goes_on_with_the_same_revisions(rule_id: str, scenario: Scenario) -> None:
    rows, configuration = played(rule_id, scenario)
    whole = revisions(rows, configuration)
    cuts = cuts_of(rows, SEED)
    assert restored(rows, configuration, cuts) == whole, f"restored before rows {cuts}, seed {SEED}"


@every_first_stage_positive
def test_events_of_other_instruments_change_nothing(rule_id: str, scenario: Scenario) -> None:
    rows, configuration = played(rule_id, scenario)
    other = Market("OTHER", source="elsewhere").crowd()
    back_and_forth(layer(spoof(other, 10), 300), 400)
    quiet = quiet_hours(Market("QUIET", source="elsewhere"), 60)
    mixed = revisions(by_time(rows, other.rows, quiet.rows), configuration)
    own = [alert for alert in mixed if alert.instrument not in ("OTHER", "QUIET")]
    assert told(final(own)) == told(final(revisions(rows, configuration)))


@every_first_stage_positive
def test_events_of_another_venue_change_nothing(rule_id: str, scenario: Scenario) -> None:
    rows, configuration = played(rule_id, scenario)
    other = layer(spoof(Market("ACME", venue="XELSE", source="elsewhere").crowd(), 10), 300)
    mixed = revisions(by_time(rows, other.rows), configuration)
    own = [alert for alert in mixed if alert.venue != "XELSE"]
    assert told(final(own)) == told(final(revisions(rows, configuration)))


@every_positive
def test_late_events_are_counted_and_change_nothing(rule_id: str, scenario: Scenario) -> None:
    rows, configuration = played(rule_id, scenario)
    late = [row | {"event_time_ns": int(str(row["event_time_ns"])) - 1, "source_sequence": 10**6} for row in rows]
    told_again = [each for row, again in zip(rows, late, strict=True) for each in (row, again)]
    engine = engine_of(configuration)
    made = engine.process(Frame.from_rows(told_again)) + engine.finish()
    assert made == revisions(rows, configuration)
    sources = engine.status()["sources"]
    assert sum(source["late"] for source in sources.values()) == len(rows)
    assert sum(source["evaluated"] for source in sources.values()) == len(rows)


@every_positive
def test_a_rule_alone_finds_what_it_finds_among_the_others(rule_id: str, scenario: Scenario) -> None:
    rows, configuration = played(rule_id, scenario)
    by_itself = alone(scenario, RULE_BY_ID[rule_id])
    found_alone, found_among = final(revisions(rows, by_itself)), final(revisions(rows, configuration), rule_id)
    assert [(alert.alert_id, alert.explanation) for alert in found_alone] == [
        (alert.alert_id, alert.explanation) for alert in found_among
    ]


@pytest.mark.parametrize(("rule_id", "scenario"), SCOPED.items())
def test_a_scope_that_says_what_holds_anyway_changes_nothing(rule_id: str, scenario: Scenario) -> None:
    plain = alone(scenario, RULE_BY_ID[rule_id])
    venue = str(scenario.rows[0]["venue"])
    (name, value), *_ = plain.parameters()[rule_id].items()
    scoped = replace(plain, scopes=scopes_of([{"venue": venue, "rules": {rule_id: {name: value}}}]))
    assert [(each.alert_id, each.revision, each.explanation) for each in play(scenario, scoped)] == [
        (each.alert_id, each.revision, each.explanation) for each in play(scenario, plain)
    ]


@every_positive
def test_every_alert_says_that_it_is_over_in_its_last_revision_only(rule_id: str, scenario: Scenario) -> None:
    rows, configuration = played(rule_id, scenario)
    made = revisions(rows, configuration)
    for alert_id in {alert.alert_id for alert in made}:
        mine = [alert for alert in made if alert.alert_id == alert_id]
        assert [alert.revision for alert in mine] == list(range(1, len(mine) + 1))
        assert [alert.closed for alert in mine] == [False] * (len(mine) - 1) + [True]


@every_positive
def test_evidence_names_events_that_were_told(rule_id: str, scenario: Scenario) -> None:
    rows, configuration = played(rule_id, scenario)
    told_ids = {identity(row) for row in rows}
    alerts = final(revisions(rows, configuration), rule_id)
    assert alerts
    for alert in alerts:
        assert alert.evidence_event_ids
        assert set(alert.evidence_event_ids) <= told_ids


def test_rules_have_names_of_their_own() -> None:
    assert len(set(IDS)) == len(IDS)


def test_no_rule_finds_anything_in_an_ordinary_market() -> None:
    market = quiet_hours(Market(), 60)
    crowd = Market(source="orders").crowd()
    for number in range(300):
        crowd.at(number * 12)
        order = crowd.new(f"ordinary-{number % 40}", ("BUY", "SELL")[number % 2], 100.0, 50 + number % 90)
        crowd.at(number * 12 + 5)
        if number % 3:
            crowd.cancel(order)
    assert revisions(by_time(market.rows, crowd.rows)) == []
