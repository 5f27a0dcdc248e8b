"""What all findings about a market, and about nobody, have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from detection_service.engine.scene import Move, Scene
from detection_service.rules.rule import Finding
from tapewatch.alert import Measurement, Severity

NOBODY = frozenset[str]()


def of_market(
    scene: Scene,
    *,
    severity: Severity,
    score: float,
    explanation: str,
    measurements: tuple[Measurement, ...],
    start_time_ns: int | None = None,
    end_time_ns: int | None = None,
    moves: Iterable[Move] = (),
    memory: Mapping[str, float] | None = None,
) -> Finding:
    """A finding whose subject is the market: as of the event in hand, which with the `moves` is its evidence."""
    return Finding(
        owners=NOBODY,
        accounts=NOBODY,
        severity=severity,
        score=score,
        start_time_ns=scene.now_ns if start_time_ns is None else start_time_ns,
        end_time_ns=scene.now_ns if end_time_ns is None else end_time_ns,
        explanation=explanation,
        measurements=measurements,
        opening=frozenset({scene.event_id}),
        evidence=frozenset({scene.event_id, *(move.event_id for move in moves)}),
        memory=dict(memory or {}),
    )
