"""Data gap: a source has fallen silent, or numbers of its own are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import SOURCE
from detection_service.health.observation import GAP, SILENT, Observation, observed
from detection_service.rules import needs
from detection_service.rules.grading import excess, graded
from detection_service.rules.health.findings import of_source
from detection_service.rules.rule import Finding, Metadata, Parameter, Regulation
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="data_gap",
    version="1.0.0",
    title="Data gap",
    typology="DATA_GAP",
    description=(
        "A source that has not ended and whose market has not closed is silent for longer than it usually is, or "
        "numbers it gave its events never came. What is not seen can not be watched."
    ),
    needs=(needs.EVENTS,),
    parameters=(
        Parameter("silence_min_s", 0.0, "s", 0, 86_400, "ingest's own limit, which knows the source's pauses, decides"),
        Parameter("missing_min", 1.0, "events", 1, 1e9, "one lost event can be the fill that matters"),
        Parameter("missing_share_high", 0.01, "share", 1e-6, 1, "a hundredth lost bends every measure of volume"),
    ),
    regulations=(
        Regulation("MAR Art. 16(1) and (2): effective arrangements, systems and procedures to detect abuse"),
        Regulation("2016/957 Art. 2 and 3: every order and transaction analysed"),
    ),
    known_false_positives=(
        "A market that closes without saying so and is not ended by its feed: the first minutes of every night.",
        "A source heard for the first time whose own pauses are longer than the limit.",
        "A feed that numbers messages which are not sent on.",
    ),
    known_gaps=(
        "Events lost before the first and after the last number that came.",
        "Sources whose rows carry keys instead of numbers (FIX drop copies): their session asks for what is missing.",
        "One instrument of several that falls silent while its source goes on.",
    ),
    triage_steps=(
        "Is the feed, gateway or line up? `tapewatch sources show` tells when it was last heard.",
        "Ask the sender to send again from the first missing number: what is known already adds nothing.",
        "Note the span: nothing was watched in it.",
    ),
    episode_gap_s=600,
    episode_max_s=86_400,
)


class DataGap:
    """Asked when a source was observed to be silent or to have lost numbers."""

    metadata = METADATA
    triggers = SOURCE

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the silence or the loss is more than allowed."""
        observation = observed(scene)
        if observation.name == SILENT:
            yield from _silence(observation, parameters)
        elif observation.name == GAP:
            yield from _loss(observation, parameters)


def _silence(observation: Observation, parameters: Mapping[str, float]) -> Iterator[Finding]:
    silent_s = (observation.time_ns - observation.since_ns) / 1e9
    allowed_s = max(parameters["silence_min_s"], observation.numbers["allowed_ns"] / 1e9)
    if silent_s < parameters["silence_min_s"]:
        return
    usual_s = observation.numbers["usual_pause_ns"] / 1e9
    usual = f"its longest pause of a day was {usual_s:.1f} s" if usual_s else "it was heard in one go until then"
    score = 0.5 + 0.5 * excess(silent_s, allowed_s)
    yield of_source(
        observation,
        graded(score, (0.5, Severity.MEDIUM), (0.8, Severity.HIGH)),
        score,
        f"Source {observation.source} of {observation.venue or 'no venue'} has been silent for {silent_s:.1f} s "
        f"without having ended; {usual}, and {allowed_s:.1f} s are allowed.",
        (Measurement("silence", silent_s, allowed_s, "s"), Measurement("usual_pause", usual_s, allowed_s, "s")),
    )


def _loss(observation: Observation, parameters: Mapping[str, float]) -> Iterator[Finding]:
    numbers = observation.numbers
    missing = numbers["missing"]
    if missing < parameters["missing_min"]:
        return
    share = missing / (missing + numbers["seen"])
    score = 0.5 + 0.5 * excess(share, parameters["missing_share_high"] / 8, doublings=6)
    lost = f"{missing:,.0f} of {missing + numbers['seen']:,.0f} events"
    yield of_source(
        observation,
        Severity.HIGH if share >= parameters["missing_share_high"] else Severity.MEDIUM,
        score,
        f"Source {observation.source} of {observation.venue or 'no venue'} has lost {lost} ({share:.2%}), numbers "
        f"{numbers['first_missing']:.0f} to {numbers['last_missing']:.0f} among them; usually none is missing.",
        (
            Measurement("missing", missing, parameters["missing_min"], "events"),
            Measurement("missing_share", share, parameters["missing_share_high"], "share"),
        ),
    )
