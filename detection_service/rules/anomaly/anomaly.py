"""Anomaly: a group behaves as the anomaly model promises that hardly any ordinary one does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, Regulation
from tapewatch.alert import Measurement, Severity

WINDOW_NS = 300_000_000_000
METADATA = Metadata(
    rule_id="anomaly",
    version="2.0.0",
    title="Anomaly",
    typology="ANOMALY",
    description=(
        "What a group did in an instrument in five minutes is more unusual to the anomaly model than what it was "
        "calibrated on, but for a share of it: the false alarms it promises to stay within. Unusual is not abusive: "
        "the model ranks what rules find, and alone it is never more than LOW."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS, needs.MODEL),
    parameters=(
        Parameter(
            "false_alarm_rate", 0.00001, "share", 1e-9, 0.1, "one usual window in 100,000: some days of a busy market"
        ),
        Parameter("messages_min", 20.0, "messages", 1, 1e6, "of five minutes; fewer say little about conduct"),
    ),
    regulations=(Regulation("MAR Art. 16(1) and (2): effective arrangements, systems and procedures to detect abuse"),),
    known_false_positives=(
        "An algorithm, a market maker or an instrument the model has not seen in training.",
        "The open, the close and days of news, where everybody is unusual.",
        "Those who trade against somebody who manipulates: their windows become unusual as well.",
    ),
    known_gaps=(
        "Abuse that looks like what others do; alone, such models are weak in every honest study.",
        "A model calibrated on fewer windows than one over the rate can not promise it, and tells nothing.",
        "Abuse that was in the training data is usual to the model.",
    ),
    triage_steps=(
        "Which features contribute? The explanation names the first three, `tapewatch alerts show` more.",
        "Is it the group's habit? Compare its other days.",
        "Look for findings of other rules on the group: alone this one proves nothing.",
        "Many at once? `tapewatch models drift` says whether the market is another than the model's.",
    ),
    episode_gap_s=300,
    episode_max_s=3600,
)


class AnomalyRule:
    """Asked when a busy group's minute in a market is over."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """Enough messages to say something, at the end of a minute: portraits in between are of another length."""
        return (
            Condition("messages_5m", at_least=parameters["messages_min"]),
            Condition("minute_over", at_least=1.0),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where no more of the usual windows than the rate are as unusual."""
        rate = parameters["false_alarm_rate"]
        unusual = scene.unusual()
        if unusual is None or unusual.p_value > rate:
            return
        accounts = scene.accounts_of(scene.group)
        evidence = frozenset({scene.event_id})
        yield Finding(
            owners=scene.owners(accounts),
            accounts=accounts,
            severity=Severity.LOW,
            score=0.5,
            start_time_ns=max(0, scene.now_ns - WINDOW_NS),
            end_time_ns=scene.now_ns,
            explanation=(
                f"Of usual windows of five minutes, at most one in {1 / unusual.p_value:,.0f} is as unusual to the "
                f"anomaly model; one in {1 / rate:,.0f} is told. {'; '.join(unusual.reasons())}."
            ),
            measurements=(Measurement("p_value", unusual.p_value, rate, "share"),),
            opening=evidence,
            evidence=evidence,
        )
