"""The layering of CFTC v. Sarao, rebuilt from the public complaint: every cycle is in the evidence, nobody else named.

The facts of the case, and what is ours, stand in tests.detection_service.rules.pressure.sarao: four to six sell orders
of 188 or 289 lots at one time, a tick apart, three or four ticks above the best ask, moved as it moves, cancelled
together, 25 cycles of 6 to 20 s; the average order of others is of about 7 lots; no fill on either side.

The rules in force are those on pressing orders.
"""

from __future__ import annotations

from typing import Final

import pytest

from detection_service.engine.configuration import EngineConfiguration
from detection_service.rules.catalogue import RULES
from tapewatch.alert import Alert, Severity
from tests.detection_service.rules.pressure.sarao import CYCLES, LOTS, SARAO, Reconstruction
from tests.detection_service.scenario import Row, final, identity, revisions

SEED: Final = 2
PRESSURE_RULES: Final[dict[str, dict[str, float]]] = {
    rule.metadata.rule_id: {} for rule in RULES if ".pressure." in type(rule).__module__
}
SOURCE: Final = "drop copy"


@pytest.fixture(scope="module")
def case() -> tuple[Reconstruction, list[Row], list[Alert]]:
    """The reconstruction, its events and the final alerts of the rules on pressing orders."""
    rebuilt = Reconstruction(SEED)
    rows = [{**row, "source": SOURCE, "source_sequence": number} for number, row in enumerate(rebuilt.rows(), 1)]
    return (
        rebuilt,
        rows,
        final(revisions(rows, EngineConfiguration(rules=PRESSURE_RULES, reference=rebuilt.reference()))),
    )


def test_the_reconstruction_is_as_the_complaint_says(case: tuple[Reconstruction, list[Row], list[Alert]]) -> None:
    rebuilt, rows, _ = case
    told = [row for row in rows if row["account"] == SARAO.account]
    assert len(rebuilt.cycles) == CYCLES
    assert {len(cycle) for cycle in rebuilt.cycles} == {4, 5, 6}
    assert {row["quantity"] for row in told if row["kind"] == "NEW"} == set(map(float, LOTS))
    assert {row["side"] for row in told} == {"SELL"}
    kinds = [row["kind"] for row in told]
    assert kinds.count("NEW") == kinds.count("CANCEL")
    assert kinds.count("REPLACE") > kinds.count("NEW")
    assert "FILL" not in kinds


def test_every_cycle_is_in_the_evidence(case: tuple[Reconstruction, list[Row], list[Alert]]) -> None:
    rebuilt, rows, alerts = case
    named = {order for alert in alerts for order in alert.order_ids}
    assert [sorted(cycle - named) for cycle in rebuilt.cycles] == [[]] * CYCLES
    evidence = {event for alert in alerts for event in alert.evidence_event_ids}
    cancels = [row for row in rows if row["account"] == SARAO.account and row["kind"] == "CANCEL"]
    assert {identity(row) for row in cancels} <= evidence


def test_it_is_one_alert_of_layering_that_says_what_was_done(
    case: tuple[Reconstruction, list[Row], list[Alert]],
) -> None:
    (alert,) = [alert for alert in case[2] if alert.accounts == (SARAO.account,)]
    assert (alert.rule_id, alert.owners) == ("layering", (SARAO.owner,))
    assert alert.severity >= Severity.HIGH
    for words in ("rounds within", "without trading on the other side", "100% of the layers never traded"):
        assert words in alert.explanation


def test_nobody_else_is_named(case: tuple[Reconstruction, list[Row], list[Alert]]) -> None:
    named = {account for alert in case[2] for account in alert.accounts}
    assert named == {SARAO.account}
    own = {row["order_id"] for row in case[1] if row["account"] == SARAO.account}
    assert {order for alert in case[2] for order in alert.order_ids} <= own
