"""Clock skew: a source's event times are steadily off the times at which its events are received."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import SOURCE
from detection_service.health.observation import SKEW, observed
from detection_service.rules import needs
from detection_service.rules.grading import excess, graded
from detection_service.rules.health.findings import of_source
from detection_service.rules.rule import Finding, Metadata, Parameter, Regulation
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="clock_skew",
    version="1.0.0",
    title="Clock skew",
    typology="CLOCK_SKEW",
    description=(
        "The median of receive time less event time stays far from zero over two periods on end, at the pace of our "
        "own clock: the source stamps its events with a wrong clock or time zone, or they are long on their way. "
        "Rules that weigh what came first, on several venues above all, can not be trusted meanwhile."
    ),
    needs=(needs.EVENTS,),
    parameters=(
        Parameter("late_min_s", 2.0, "s", 0.001, 86_400, "beyond what batching and lines take"),
        Parameter("ahead_min_s", 1.0, "s", 0.001, 86_400, "no event happens after it is received"),
    ),
    regulations=(
        Regulation("2017/574 (RTS 25) Art. 1: business clocks synchronised with UTC", True),
        Regulation("FINRA Rule 6820: clock synchronization"),
    ),
    known_false_positives=(
        "A feed delayed on purpose.",
        "Yesterday's events replayed at their own pace: the offset is steady, and below 26 hours.",
        "A wrong clock on our own side: then every source is off by the same.",
    ),
    known_gaps=(
        "Offsets beyond 26 hours are taken for history told again, not for a clock.",
        "A clock that runs at a wrong pace, until it is off by the threshold; errors below it.",
        "Sources that send less than three batches a period.",
    ),
    triage_steps=(
        "Whole hours point to a time zone or to daylight saving, seconds to a clock not synchronised.",
        "Is another source of the same host off by the same?",
        "Distrust findings that rest on order across venues while it lasts.",
    ),
    episode_gap_s=600,
    episode_max_s=86_400,
)


class ClockSkew:
    """Asked when a source's median offset was steadily beyond ingest's threshold."""

    metadata = METADATA
    triggers = SOURCE

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the offset is more than allowed in its direction."""
        observation = observed(scene)
        if observation.name != SKEW:
            return
        offset_s = observation.numbers["offset_ns"] / 1e9
        allowed_s = parameters["late_min_s"] if offset_s > 0 else parameters["ahead_min_s"]
        if abs(offset_s) < allowed_s:
            return
        direction = "behind the times" if offset_s > 0 else "ahead of the times"
        score = 0.4 + 0.6 * excess(abs(offset_s), allowed_s, doublings=12)
        yield of_source(
            observation,
            graded(score, (0.4, Severity.MEDIUM), (0.6, Severity.HIGH)),
            score,
            f"Source {observation.source} of {observation.venue or 'no venue'} stamps its events "
            f"{abs(offset_s):,.3f} s {direction} they are received at, in the "
            f"median of {observation.numbers['samples']:.0f}; less than {allowed_s:g} s is usual.",
            (Measurement("offset", offset_s, allowed_s if offset_s > 0 else -allowed_s, "s"),),
        )
