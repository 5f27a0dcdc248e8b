"""What every rule must hold to, whatever it looks for; the same for rules of the catalogue and for a user's.

Each check takes rows in the order they are told and gives complaints, none where all is well.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from detection_service.engine.configuration import EngineConfiguration
from detection_service.rules.rule import Rule
from detection_service.rules.scenarios.event_table import Row
from detection_service.rules.scenarios.runner import alone, engine_of, final
from detection_service.rules.scenarios.scenario import Scenario
from tapewatch.alert import Alert, AlertError, canonical, from_json, to_json
from tapewatch.market.frame import Frame

BATCHES: Final = (1, 7, 1_000)
SEED: Final = 7
LAST_ROWS: Final = 12
ELSEWHERE: Final = "-elsewhere"


def revisions(
    rows: Sequence[Row], configuration: EngineConfiguration | None = None, rows_a_batch: int = 1 << 16
) -> list[Alert]:
    """Every revision an engine gives, the closing ones of the end included."""
    engine = engine_of(configuration or EngineConfiguration())
    made: list[Alert] = []
    for start in range(0, len(rows), rows_a_batch):
        made.extend(engine.process(Frame.from_rows(rows[start : start + rows_a_batch]).encode()))
    return made + engine.finish()


def restored(rows: Sequence[Row], configuration: EngineConfiguration, cuts: Iterable[int]) -> list[Alert]:
    """The revisions of an engine that is put away and restored before the rows of the cuts."""
    ordered = sorted({*cuts})
    engine, made = engine_of(configuration), list[Alert]()
    for start, stop in itertools.pairwise([0, *ordered]):
        made += engine.process(Frame.from_rows(rows[start:stop]))
        snapshot = engine.snapshot()
        engine = engine_of(configuration)
        engine.restore(snapshot)
    return made + engine.process(Frame.from_rows(rows[ordered[-1] :])) + engine.finish()


def cuts_of(rows: Sequence[Row], seed: int = SEED) -> list[int]:
    """Where to put an engine away: at some of the last rows, where a scheme is under way, and at some of all."""
    picked = random.Random(seed)
    last = range(max(0, len(rows) - LAST_ROWS), len(rows))
    return sorted({*picked.sample(last, min(4, len(last))), *picked.sample(range(len(rows)), min(3, len(rows)))})


def elsewhere(rows: Sequence[Row]) -> list[Row]:
    """The rows, each told of another instrument, by another source, as well."""
    made: list[Row] = []
    for row in rows:
        told = {name: f"{row[name]}{ELSEWHERE}" for name in ("instrument", "source")}
        made += [row, {**row, **told}]
    return made


def complaints(rule: Rule, scenarios: Iterable[Scenario]) -> list[str]:
    """What is wrong with a rule over its positive scenarios."""
    return [each for scenario in scenarios if scenario.kind == "positive" for each in _of_scenario(rule, scenario)]


def _of_scenario(rule: Rule, scenario: Scenario) -> Iterator[str]:
    rows, configuration = scenario.rows, alone(scenario, rule)
    whole = revisions(rows, configuration)
    place = f"{scenario.place}: scenario {scenario.name!r}"
    if revisions(rows, configuration) != whole:
        yield f"{place}: the same events twice gave other alerts; a rule may only use the scene and its parameters"
        return
    for size in BATCHES:
        if revisions(rows, configuration, size) != whole:
            yield f"{place}: alerts changed with batches of {size} events"
    cuts = cuts_of(rows)
    if restored(rows, configuration, cuts) != whole:
        yield f"{place}: alerts changed where the engine was restored before rows {cuts}; keep no state in the rule"
    if rule.metadata.stage == 1:
        own = [alert for alert in revisions(elsewhere(rows), configuration) if not alert.instrument.endswith(ELSEWHERE)]
        if [_content(alert) for alert in final(own)] != [_content(alert) for alert in final(whole)]:
            yield f"{place}: alerts changed with the events of another instrument"
    yield from (f"{place}: {each}" for each in _not_whole(whole))


def _content(alert: Alert) -> dict[str, object]:
    return to_json(alert)


def _not_whole(alerts: Sequence[Alert]) -> Iterator[str]:
    for alert in final(alerts):
        try:
            if from_json(to_json(alert)) != canonical(alert):
                yield "an alert is not the same after being written and read"
        except AlertError as error:
            yield str(error)
        if not alert.evidence_event_ids:
            yield "expected evidence in every alert, found none"
