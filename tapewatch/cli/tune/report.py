"""What a tuning found, as figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from detection_service.rules.rule import Metadata
from simulator.tuning.choice import Cost, Scale, Wish, same_as
from simulator.tuning.outcome import Outcome
from tapewatch.cli.tune.sweep import Changes, Sweep, Tried


@dataclass(frozen=True, slots=True)
class Checked:
    """The current values and the proposal on other data."""

    scale: Scale
    before: Tried
    after: Tried
    cost: Cost


@dataclass(slots=True)
class Report:
    """Everything tried, the front, its knee, and what is proposed; `chosen` is None where nothing can be."""

    metadata: Metadata
    sweep: Sweep
    scale: Scale
    wish: Wish
    now: Tried
    by_parameter: Mapping[str, list[tuple[float, Tried]]]
    combinations: list[tuple[Changes, Tried]]
    front: list[Outcome]
    knee: Outcome
    chosen: Tried | None
    cost: Cost | None
    check: Checked | None = None
    seconds: float = 0.0

    @property
    def proposes(self) -> bool:
        """Whether a change is proposed."""
        return self.chosen is not None and bool(self.chosen.outcome.changes)

    @property
    def is_partial(self) -> bool:
        """Whether only what was judged is known."""
        return any(each.is_partial for each in self.sweep.materials)

    @property
    def events(self) -> int:
        """Events of all materials."""
        return sum(each.events for each in self.sweep.materials)

    @property
    def hours(self) -> float:
        """Hours of all materials."""
        return sum(each.hours for each in self.sweep.materials)

    @property
    def target_kind(self) -> str:
        """How the scenarios the rule has to find were told."""
        return ", ".join(sorted({truth.kind for truth in self.sweep.truths if truth.kind}))

    def plateau(self) -> tuple[str, float, float] | None:
        """The one parameter proposed to change, and how far it may move with the same alerts and recall."""
        if self.chosen is None or len(self.chosen.outcome.changes) != 1:
            return None
        (name,) = self.chosen.outcome.changes
        return name, *same_as(self.chosen.outcome, self.sweep.outcomes, name)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        figures = self._figures
        plateau = self.plateau()
        return {
            "rule": self.metadata.rule_id,
            "version": self.metadata.version,
            "data": [each.name for each in self.sweep.materials],
            "events": self.events,
            "hours": round(self.hours, 4),
            "days": self.scale.days,
            "scenarios": self.scale.targets,
            "scenarios_are": self.target_kind,
            "only_judged": self.is_partial,
            "settings": len(self.sweep.tried),
            "seconds": round(self.seconds, 3),
            "parameters": self.sweep.current,
            "current": figures(self.now.outcome),
            "by_parameter": {
                name: [{"value": value, **figures(each.outcome)} for value, each in rows]
                for name, rows in self.by_parameter.items()
            },
            "grid": [{"values": dict(changes), **figures(each.outcome)} for changes, each in self.combinations],
            "front": [figures(each) for each in self.front],
            "knee": figures(self.knee),
            "proposal": None if self.chosen is None else figures(self.chosen.outcome),
            "same_from_to": None if plateau is None else plateau[1:],
            "cost": None if self.cost is None else cost_json(self.cost),
            "check": self._check(),
        }

    def _figures(self, outcome: Outcome) -> dict[str, Any]:
        return figures_of(outcome, self.scale)

    def _check(self) -> dict[str, Any] | None:
        if self.check is None:
            return None
        before, after = (figures_of(each.outcome, self.check.scale) for each in (self.check.before, self.check.after))
        return {"current": before, "proposal": after, "cost": cost_json(self.check.cost)}


def figures_of(outcome: Outcome, scale: Scale) -> dict[str, Any]:
    """One setting's figures; recall is None where there is nothing to find."""
    return {
        "changes": dict(outcome.changes),
        "alerts": outcome.alerts,
        "alerts_a_day": scale.a_day(outcome.alerts),
        "alerts_a_day_interval": list(scale.a_day_interval(outcome.alerts)),
        "surplus": outcome.surplus,
        "true": outcome.true,
        "false": outcome.false,
        "unjudged": outcome.unjudged,
        "hard_negatives": dict(outcome.hard_negatives),
        "found": len(outcome.found),
        "recall": scale.recall(outcome) if scale.targets else None,
        "recall_interval": list(scale.recall_interval(outcome)) if scale.targets else None,
    }


def cost_json(cost: Cost) -> dict[str, Any]:
    """What a change costs as JSON values."""
    return {
        "gained": list(cost.gained),
        "lost": list(cost.lost),
        "recall": cost.recall,
        "recall_interval": list(cost.recall_interval),
        "alerts_a_day": cost.alerts_a_day,
        "alerts_a_day_interval": list(cost.alerts_a_day_interval),
    }
