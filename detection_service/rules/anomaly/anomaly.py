"""Anomaly: minute after minute, a group behaves as hardly any group the model was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, Regulation
from tapewatch.alert import Measurement, Severity

MINUTE_NS = 60_000_000_000
METADATA = Metadata(
    rule_id="anomaly",
    version="1.0.0",
    title="Anomaly",
    typology="ANOMALY",
    description=(
        "Several minutes on end, what a group does in an instrument is more unusual to the anomaly model than all but "
        "a sliver of the minutes it was trained on. Unusual is not abusive: the model ranks what rules find, and alone "
        "it is never more than LOW."
    ),
    needs=(needs.ORDERS, needs.ACCOUNTS, needs.MODEL),
    parameters=(
        Parameter("rarity_min", 0.999, "share", 0.9, 1, "at 1 in 1000 a minute, some on end are no chance"),
        Parameter("windows_min", 4.0, "minutes", 1, 5, "one strange minute is an event, four are conduct"),
        Parameter("messages_min", 20.0, "messages", 1, 1e6, "of five minutes; fewer say little about conduct"),
    ),
    regulations=(Regulation("MAR Art. 16(1) and (2): effective arrangements, systems and procedures to detect abuse"),),
    known_false_positives=(
        "An algorithm, a market maker or an instrument the model has not seen in training.",
        "The open, the close and days of news, where everybody is unusual.",
    ),
    known_gaps=(
        "Abuse that looks like what others do; alone, such models are weak in every honest study.",
        "Without a model, or with one that was not calibrated, the rule can not apply.",
        "Abuse that was in the training data is usual to the model.",
    ),
    triage_steps=(
        "Which features contribute? `tapewatch alerts show` lists them.",
        "Is it the group's habit? Compare its other days.",
        "Look for findings of other rules on the group: alone this one proves nothing.",
    ),
    episode_gap_s=300,
    episode_max_s=3600,
)


class AnomalyRule:
    """Asked when a busy group's minute in a market went by."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """Enough messages to say something."""
        return (Condition("messages_5m", at_least=parameters["messages_min"]),)

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where every one of the last closed minutes is as rare as asked."""
        rarities = scene.rarities()[-int(parameters["windows_min"]) :]
        if len(rarities) < parameters["windows_min"] or min(rarities) < parameters["rarity_min"]:
            return
        accounts = scene.accounts_of(scene.group)
        evidence = frozenset({scene.event_id})
        yield Finding(
            owners=scene.owners(accounts),
            accounts=accounts,
            severity=Severity.LOW,
            score=min(1.0, 0.2 + 0.3 * min(rarities)),
            start_time_ns=scene.now_ns - len(rarities) * MINUTE_NS,
            end_time_ns=scene.now_ns,
            explanation=(
                f"In each of the last {len(rarities)} minutes the group was more unusual to the anomaly model than "
                f"{min(rarities):.1%} of the minutes it was trained on; one minute in a thousand usually is."
            ),
            measurements=(
                Measurement("rarity", min(rarities), parameters["rarity_min"], "share"),
                Measurement("windows", float(len(rarities)), parameters["windows_min"], "minutes"),
            ),
            opening=evidence,
            evidence=evidence,
        )
