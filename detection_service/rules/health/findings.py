"""What all findings about a source or a canary have in common."""

from __future__ import annotations

from detection_service.health.observation import Observation
from detection_service.rules.rule import Finding
from tapewatch.alert import Measurement, Severity

NOBODY = frozenset[str]()


def of_source(
    observation: Observation,
    severity: Severity,
    score: float,
    explanation: str,
    measurements: tuple[Measurement, ...],
) -> Finding:
    """A finding about nobody: its subject is the source, its evidence the mark (or the event it was seen at)."""
    evidence = frozenset({observation.event_id})
    return Finding(
        owners=NOBODY,
        accounts=NOBODY,
        severity=severity,
        score=score,
        start_time_ns=min(observation.since_ns, observation.time_ns),
        end_time_ns=observation.time_ns,
        explanation=explanation,
        measurements=measurements,
        opening=evidence,
        evidence=evidence,
    )
