"""The layering of CFTC v. Sarao, rebuilt from the public complaint: every cycle is in the evidence, nobody else named.

The facts of the case, and what is ours, stand in tests.detection_service.rules.pressure.sarao: four to six sell orders
of 188 or 289 lots at one time, a tick apart, three or four ticks above the best ask, moved as it moves, cancelled
together, 25 cycles of 6 to 20 s; the average order of others is of about 7 lots; no fill on the other side.

All rules are in force, over four markets that differ by their seed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import pytest

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from tapewatch.alert import Alert, Severity
from tapewatch.market.frame import Frame
from tests.detection_service.rules.pressure.sarao import CYCLES, LOTS, SARAO, Reconstruction
from tests.detection_service.scenario import Row, final, identity

SEEDS: Final = (1, 2, 3, 4)
SOURCE: Final = "drop copy"


class Case(NamedTuple):
    """A reconstruction, its events and the final alerts of all rules."""

    seed: int
    rebuilt: Reconstruction
    rows: list[Row]
    alerts: list[Alert]


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed {seed}")
def case(request: pytest.FixtureRequest) -> Case:
    rebuilt = Reconstruction(request.param)
    rows = [{**row, "source": SOURCE, "source_sequence": number} for number, row in enumerate(rebuilt.rows(), 1)]
    engine = Engine(EngineConfiguration(reference=rebuilt.reference()))
    return Case(request.param, rebuilt, rows, final([*engine.process(Frame.from_rows(rows)), *engine.finish()]))


def test_the_reconstruction_is_as_the_complaint_says(case: Case) -> None:
    told = [row for row in case.rows if row["account"] == SARAO.account]
    assert len(case.rebuilt.cycles) == CYCLES
    assert {len(cycle) for cycle in case.rebuilt.cycles} == {4, 5, 6}
    assert {row["quantity"] for row in told if row["kind"] == "NEW"} == set(map(float, LOTS))
    assert {row["side"] for row in told} == {"SELL"}
    kinds = [row["kind"] for row in told]
    assert kinds.count("FILL") == 0
    assert kinds.count("NEW") == kinds.count("CANCEL")
    assert kinds.count("REPLACE") > kinds.count("NEW")


def test_every_order_of_every_cycle_is_in_the_evidence(case: Case) -> None:
    alerts = [alert for alert in case.alerts if alert.rule_id == "layering"]
    named = {order for alert in alerts for order in alert.order_ids}
    assert [sorted(cycle - named) for cycle in case.rebuilt.cycles] == [[]] * CYCLES
    evidence = {event for alert in alerts for event in alert.evidence_event_ids}
    ends = [row for row in case.rows if row["account"] == SARAO.account and row["kind"] == "CANCEL"]
    assert {identity(row) for row in ends} <= evidence


def test_it_is_one_alert_of_layering_that_says_what_was_done(case: Case) -> None:
    (alert,) = [alert for alert in case.alerts if alert.rule_id == "layering"]
    assert alert.owners == (SARAO.owner,)
    assert alert.severity >= Severity.HIGH
    for words in ("rounds within", "without trading on the other side", "100% of the layers never traded"):
        assert words in alert.explanation


def test_no_rule_names_anybody_else(case: Case) -> None:
    named = {account for alert in case.alerts for account in alert.accounts}
    assert named == {SARAO.account}
    own = {row["order_id"] for row in case.rows if row["account"] == SARAO.account}
    assert {order for alert in case.alerts for order in alert.order_ids} <= own
