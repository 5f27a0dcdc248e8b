"""Figures of a tuning as people read them."""

from collections.abc import Iterator, Mapping, Sequence

from simulator.scorecard.intervals import Interval
from simulator.tuning.choice import Cost, Scale
from simulator.tuning.outcome import Outcome
from tapewatch.cli.output import counted
from tapewatch.cli.tune.report import Report

NAMED_MAX = 5


def changes_text(outcome: Outcome, current: Mapping[str, float]) -> str:
    """What differs from the current values: `size_multiple_min 5 -> 6.4`."""
    changed = (f"{name} {current[name]:g} -> {value:g}" for name, value in sorted(outcome.changes.items()))
    return ", ".join(changed) or "as it is"


def recall_text(outcome: Outcome, scale: Scale) -> str:
    """Recall with its interval: `0.94 (17 of 18; 0.74 to 0.99)`."""
    if not scale.targets:
        return "unknown: nothing it has to find"
    low, high = scale.recall_interval(outcome)
    return f"{scale.recall(outcome):.2f} ({len(outcome.found)} of {scale.targets}; {low:.2f} to {high:.2f})"


def alerts_text(outcome: Outcome, scale: Scale) -> str:
    """Alerts with their rate and its interval, and how many are false or nobody judged."""
    low, high = scale.a_day_interval(outcome.alerts)
    kinds = [f"{outcome.false} false"] + ([f"{outcome.unjudged} unjudged"] if outcome.unjudged else [])
    innocent = ", ".join(f"{count} {name}" for name, count in outcome.hard_negatives.items())
    told = f"{counted(outcome.alerts, 'alert')}, {_rate(scale.a_day(outcome.alerts))} a day"
    return f"{told} ({_rate(low)} to {_rate(high)}), {', '.join(kinds)}{f': {innocent}' if innocent else ''}"


def cost_lines(report: Report) -> Iterator[str]:
    """What the proposal costs, line by line; the check on other data where there was one."""
    if report.cost is not None and report.chosen is not None:
        yield from _cost(report.cost)
        yield _false(report.now.outcome, report.chosen.outcome, report.scale)
    if report.check is not None:
        before, after, scale = report.check.before.outcome, report.check.after.outcome, report.check.scale
        yield f"on other data: recall {recall_text(before, scale)} -> {recall_text(after, scale)}"
        yield from (f"on other data: {line}" for line in _cost(report.check.cost))
        yield f"on other data: {_false(before, after, scale)}"


def _cost(cost: Cost) -> Iterator[str]:
    yield f"recall {cost.recall:+.2f} ({_signed(cost.recall_interval, 2)}){_names(cost)}"
    rate = f"{cost.alerts_a_day:+.3g}" if cost.alerts_a_day else "+0"
    yield f"alerts a day {rate} ({_signed(cost.alerts_a_day_interval, 1)})"


def _false(before: Outcome, after: Outcome, scale: Scale) -> str:
    rates = f"{_rate(scale.a_day(before.false))} -> {_rate(scale.a_day(after.false))} a day"
    return f"false alerts {before.false} -> {after.false}, {rates}"


def _names(cost: Cost) -> str:
    said = [f"{what} {_listed(names)}" for what, names in (("finds", cost.gained), ("loses", cost.lost)) if names]
    return f"; {', '.join(said)}" if said else "; finds the same"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def _signed(interval: Interval, digits: int) -> str:
    return f"{interval.low:+.{digits}f} to {interval.high:+.{digits}f}"


def _rate(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
