"""Rule silent: a rule in force did not find what was planted for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import SOURCE
from detection_service.health.observation import CANARY_PREFIX, MISSED, observed
from detection_service.rules import needs
from detection_service.rules.health.findings import of_source
from detection_service.rules.rule import Finding, Metadata, Parameter, Regulation
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="rule_silent",
    version="1.0.0",
    title="Rule silent",
    typology="RULE_SILENT",
    description=(
        "Every rule in force is played its own positive scenarios on a schedule, by the engine that is running, with "
        "the parameters in force. A rule that finds none of them is dead, or set so that it can not fire."
    ),
    needs=(needs.EVENTS,),
    parameters=(
        Parameter("misses_min", 1.0, "canaries", 1, 100, "a canary is the same every time: one miss is no accident"),
    ),
    regulations=(
        Regulation("MAR Art. 16(1) and (2): effective arrangements, systems and procedures to detect abuse"),
        Regulation("2016/957 Art. 2: systems regularly assessed"),
    ),
    known_false_positives=(
        "Parameters tightened on purpose beyond what the rule's scenarios show: add a scenario that is as grave.",
    ),
    known_gaps=(
        "A rule that finds its scenarios and not what real markets do.",
        "A source that does not show what a rule needs: the rule says `not applicable` there, and the coverage report.",
    ),
    triage_steps=(
        "Compare the rule's parameters in force with their defaults: `tapewatch rules show`.",
        "Play its scenarios: `tapewatch rules check`.",
        "What it watches has gone unwatched since the canary before the first one missed.",
    ),
    episode_gap_s=3600,
    episode_max_s=86_400,
)


class RuleSilent:
    """Asked when a rule missed its canary."""

    metadata = METADATA
    triggers = SOURCE

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where a rule has missed as many canaries as are allowed."""
        observation = observed(scene)
        if observation.name != MISSED or observation.numbers["missed"] < parameters["misses_min"]:
            return
        rule_id = observation.instrument.removeprefix(CANARY_PREFIX)
        missed, played = observation.numbers["missed"], observation.numbers["scenarios"]
        yield of_source(
            observation,
            Severity.HIGH,
            1.0,
            f"Rule {rule_id} found none of the {played:.0f} scenarios planted for it, {missed:.0f} time(s) on end, "
            "with the parameters in force; it usually finds every one.",
            (
                Measurement("missed", missed, parameters["misses_min"], "canaries"),
                Measurement("scenarios", played, 1.0, "scenarios"),
            ),
        )
