"""Plays scenarios through the engine and judges what comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from detection_service.engine.configuration import ConfigurationError, EngineConfiguration
from detection_service.engine.engine import NEEDS_MODEL, Engine
from detection_service.rules.rule import Rule
from detection_service.rules.scenarios.ordinary_model import ordinary_model
from detection_service.rules.scenarios.scenario import REQUIRED_KINDS, Expectation, Scenario, load, scenario_file
from tapewatch.alert import Alert
from tapewatch.market.frame import Frame, FrameError


def configuration_of(scenario: Scenario, rule_id: str) -> EngineConfiguration:
    """All rules with the scenario's parameters for its rule and its reference data."""
    return EngineConfiguration({**EngineConfiguration().rules, rule_id: scenario.parameters}, scenario.reference)


def alone(scenario: Scenario, rule: Rule) -> EngineConfiguration:
    """The rule alone, of the catalogue or not, with the scenario's parameters and reference data."""
    return EngineConfiguration({rule.metadata.rule_id: scenario.parameters}, scenario.reference, brought=(rule,))


def engine_of(configuration: EngineConfiguration) -> Engine:
    """An engine as scenarios have it: with a calibrated model of the ordinary where a rule ranks by one."""
    return Engine(configuration, ordinary_model() if _needs_model(configuration) else None)


def play(scenario: Scenario, configuration: EngineConfiguration) -> list[Alert]:
    """Every revision an engine gives of the scenario, the closing ones of the end included."""
    engine = engine_of(configuration)
    return engine.process(Frame.from_rows(scenario.rows)) + engine.finish()


def _needs_model(configuration: EngineConfiguration) -> bool:
    needs = [configuration.known[rule_id].metadata.needs for rule_id in configuration.rules]
    return any(need.text == NEEDS_MODEL for each in needs for need in each)


def final(revisions: Iterable[Alert], rule_id: str | None = None) -> list[Alert]:
    """The last revision of each alert (of a rule), by start."""
    last = {alert.alert_id: alert for alert in revisions if rule_id in (None, alert.rule_id)}
    return sorted(last.values(), key=lambda alert: (alert.start_time_ns, alert.alert_id))


def complaints(scenario: Scenario, alerts: Sequence[Alert]) -> list[str]:
    """What is wrong with a rule's final alerts for a scenario, each with its place; empty where all is as expected."""
    expect = scenario.expect
    if expect is None:
        wrong = [f"expected no alert, found {_told(alert)}" for alert in alerts]
    elif len(alerts) != expect.alerts:
        told = "; ".join(_told(alert) for alert in alerts) or "none"
        wrong = [f"expected {expect.alerts} alert(s), found {len(alerts)}: {told}"]
    else:
        wrong = list(_wrong(expect, alerts))
    return [f"{scenario.place}: scenario {scenario.name!r} ({scenario.kind}): {each}" for each in wrong]


def _told(alert: Alert) -> str:
    owners = ", ".join(alert.owners) or f"{alert.venue} {alert.instrument}"
    return f"{alert.severity.name} on {owners}: {alert.explanation}"


def _wrong(expect: Expectation, alerts: Sequence[Alert]) -> Iterator[str]:
    owners = sorted({owner for alert in alerts for owner in alert.owners})
    accounts = sorted({account for alert in alerts for account in alert.accounts})
    orders = {order for alert in alerts for order in alert.order_ids}
    for what, expected, found in (("owners", expect.owners, owners), ("accounts", expect.accounts, accounts)):
        if expected is not None and sorted(expected) != found:
            yield f"expected {what} {', '.join(sorted(expected)) or 'none'}, found {', '.join(found) or 'none'}"
    if missing := sorted(set(expect.order_ids) - orders):
        yield f"expected orders {', '.join(missing)} to be named, found {', '.join(sorted(orders)) or 'none'}"
    if named := sorted(set(expect.never_named) & {*owners, *accounts, *orders}):
        yield f"expected {', '.join(expect.never_named)} not to be named, found {', '.join(named)}"
    for alert in alerts:
        if alert.severity < expect.severity_min:
            yield f"expected severity {expect.severity_min.name} or graver, found {alert.severity.name}"
        for words in expect.explanation:
            if words not in alert.explanation:
                yield f"expected {words!r} in the explanation, found: {alert.explanation}"


def check_rule(rule: Rule, path: Path | None = None) -> tuple[Counter[str], list[str]]:
    """How many scenarios of each kind a rule has (beside it or in a file), and what is wrong. Raises ScenarioError."""
    rule_id, path = rule.metadata.rule_id, path or scenario_file(rule)
    scenarios = load(path)
    kinds = Counter(scenario.kind for scenario in scenarios)
    wrong = [
        f"{path}: expected a {kind} scenario of {rule_id}, found none" for kind in REQUIRED_KINDS if not kinds[kind]
    ]
    for scenario in scenarios:
        try:
            wrong.extend(_faults(scenario, rule))
            wrong.extend(complaints(scenario, final(play(scenario, alone(scenario, rule)), rule_id)))
            wrong.extend(not_near(scenario, rule))
        except (ConfigurationError, FrameError) as error:
            wrong.append(f"{scenario.place}: scenario {scenario.name!r}: {error}")
    return kinds, wrong


def _faults(scenario: Scenario, rule: Rule) -> list[str]:
    """What a rule raises over a scenario."""
    engine = engine_of(alone(scenario, rule))
    engine.process(Frame.from_rows(scenario.rows))
    return [f"{scenario.place}: scenario {scenario.name!r}: {why}" for why in engine.faults.values()]


def not_near(scenario: Scenario, rule: Rule) -> list[str]:
    """A complaint where a near miss says with which parameters it is found, and it is not."""
    loosened = replace(scenario, parameters={**scenario.parameters, **scenario.found_with})
    if not scenario.found_with or final(play(loosened, alone(loosened, rule)), rule.metadata.rule_id):
        return []
    told = ", ".join(f"{name} {value:g}" for name, value in scenario.found_with.items())
    return [f"{scenario.place}: scenario {scenario.name!r} (near_miss): expected an alert with {told}, found none"]
