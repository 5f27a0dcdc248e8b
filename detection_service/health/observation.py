"""What was observed of a source or a rule's canary: by ingest, as marks of the journal, or in a file's frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from detection_service.engine.scene import Scene
from tapewatch.market.identity import event_id
from tapewatch.market.reference import Reference

CANARY_VENUE: Final = "TAPEWATCH"
CANARY_SOURCE: Final = "tapewatch-canary"
CANARY_PREFIX: Final = "CANARY-"

SILENT, HEARD_AGAIN, ENDED = "silent", "heard_again", "end_of_source"
GAP, SETTLED = "sequence_gap", "sequence_settled"
SKEW, RIGHT = "clock_skew", "clock_right"
MISSED, PASSED = "canary_missed", "canary_passed"


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing observed, by the name of its mark; times in nanoseconds, of whoever observed.

    `numbers` are the mark's; `instrument` is a canary's, empty for a source's; `event_id` names the mark, or the event
    it was seen at.
    """

    name: str
    source: str
    venue: str
    time_ns: int
    event_id: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    instrument: str = ""

    @property
    def since_ns(self) -> int:
        """Since when it has been so."""
        return int(self.numbers.get("since_ns", self.time_ns))

    @staticmethod
    def of_mark(mark: Mapping[str, Any]) -> Observation:
        """The observation a mark of the journal tells of."""
        name, source, time_ns = str(mark["mark"]), str(mark.get("source", "")), int(mark.get("time_ns", 0))
        numbers = {key: value for key, value in mark.items() if isinstance(value, int | float)}
        venues = mark.get("venues") or [""]
        return Observation(name, source, venues[0], time_ns, mark_id(name, source, time_ns), numbers)


def mark_id(name: str, subject: str, time_ns: int) -> str:
    """Identity of a mark: 32 hexadecimal digits; the same wherever the journal is read."""
    return event_id(subject, 0, 0, 0, f"mark {name} {time_ns}")


class SourceScene(Scene):
    """The scene of a SOURCE trigger: an observation in place of a market."""

    def __init__(self, observation: Observation) -> None:
        super().__init__(None, Reference.of())
        self.observation = observation

    @property
    def now_ns(self) -> int:
        """When it was observed."""
        return self.observation.time_ns

    @property
    def event_id(self) -> str:
        """Id of the mark or event."""
        return self.observation.event_id


def observed(scene: Scene) -> Observation:
    """The observation behind a SOURCE trigger. Raises TypeError in any other scene."""
    if not isinstance(scene, SourceScene):
        raise TypeError(f"expected the scene of an observation, found {type(scene).__name__}: ask at SOURCE only")
    return scene.observation
