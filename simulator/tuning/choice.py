"""Which setting to propose: the front of recall against surplus alerts, its knee, and what a change costs.

An alert that shows a scenario for the first time is what a rule is for; the others are what it costs. So settings are
compared by recall and by the alerts beyond that.

The knee is the point of the front that lies furthest above the line between its ends, both axes from 0 to 1: Satopaa
et al. (2011), "Finding a 'kneedle' in a haystack", ICDCS workshops. Paired shares: Agresti and Min (2005), "Simple
improved confidence intervals for comparing matched proportions", Statistics in Medicine 24.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Final

from simulator.scorecard.intervals import Interval, Z, poisson, wilson
from simulator.tuning.outcome import Outcome

BEND_MIN: Final = 0.1
"""A front this straight has no knee: any surplus buys about as much recall as other, so most recall is kept."""
SAME: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Wish:
    """What the proposal must keep: a recall, or alerts a day; the knee where neither is said."""

    recall_min: float | None = None
    alerts_a_day_max: float | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """How many targets there are and how many days the events cover: what counts are made shares and rates with."""

    targets: int
    days: float

    def recall(self, outcome: Outcome) -> float:
        """Share of the targets found; 0 without targets."""
        return len(outcome.found) / self.targets if self.targets else 0.0

    def recall_interval(self, outcome: Outcome) -> Interval:
        """Its 95 % interval."""
        return wilson(len(outcome.found), self.targets)

    def a_day(self, count: int) -> float:
        """A count as a rate."""
        return count / self.days if self.days else 0.0

    def a_day_interval(self, count: int) -> Interval:
        """Its 95 % interval, as of events that come independently."""
        return poisson(count, self.days)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a change from one setting to another costs, with 95 % intervals.

    `gained` and `lost` are targets; `alerts_a_day` is more (or, below 0, fewer).
    """

    gained: tuple[str, ...]
    lost: tuple[str, ...]
    recall: float
    recall_interval: Interval
    alerts_a_day: float
    alerts_a_day_interval: Interval


def front(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The settings no other beats: less surplus or more recall; ascending in both, one for each pair of figures."""
    best: list[Outcome] = []
    for outcome in sorted(outcomes, key=lambda each: (each.surplus, -len(each.found), each.false, _change(each))):
        if not best or len(outcome.found) > len(best[-1].found):
            best.append(outcome)
    return best


def knee(ahead: Sequence[Outcome]) -> Outcome:
    """The knee of a front; its end with the most recall where it has none."""
    first, last = ahead[0], ahead[-1]
    width, height = last.surplus - first.surplus, len(last.found) - len(first.found)
    if not width or not height:
        return last

    def above(outcome: Outcome) -> float:
        return (len(outcome.found) - len(first.found)) / height - (outcome.surplus - first.surplus) / width

    bend = max(ahead, key=lambda each: (above(each), len(each.found)))
    return bend if above(bend) >= BEND_MIN - SAME else last


def choose(outcomes: Sequence[Outcome], current: Outcome, wish: Wish, scale: Scale) -> Outcome | None:
    """The setting to propose; the current one where nothing is better, None where no setting gives what is wished.

    With a recall wished: the least surplus that keeps it. With alerts wished: the most recall within them, if any.
    """
    every = [current, *outcomes]
    if wish.recall_min is not None:
        enough = [each for each in every if scale.recall(each) >= wish.recall_min - SAME]
        chosen = next(iter(front(enough)), None)
    elif wish.alerts_a_day_max is not None:
        few = [each for each in every if scale.a_day(each.alerts) <= wish.alerts_a_day_max + SAME and each.found]
        chosen = next(reversed(front(few)), None)
    else:
        chosen = knee(front(every))
    if chosen is None:
        return None
    is_same = (chosen.surplus, len(chosen.found)) == (current.surplus, len(current.found))
    return current if is_same else chosen


def cost(before: Outcome, after: Outcome, appear: int, disappear: int, scale: Scale) -> Cost:
    """What going from one setting to another changes; `appear` and `disappear` are alerts only one of them has."""
    gained, lost = sorted(after.found - before.found), sorted(before.found - after.found)
    more, fewer = poisson(appear, scale.days), poisson(disappear, scale.days)
    return Cost(
        tuple(gained),
        tuple(lost),
        scale.recall(after) - scale.recall(before),
        paired_difference(len(gained), len(lost), scale.targets),
        scale.a_day(appear - disappear),
        Interval(more.low - fewer.high, more.high - fewer.low),
    )


def paired_difference(gained: int, lost: int, pairs: int) -> Interval:
    """The interval of a difference of two shares of the same units, of which some changed sides."""
    if not pairs:
        return Interval(-1.0, 1.0)
    more, fewer, whole = gained + 0.5, lost + 0.5, pairs + 2.0
    middle = (more - fewer) / whole
    reach = Z * sqrt(more + fewer - (more - fewer) ** 2 / whole) / whole
    return Interval(max(-1.0, middle - reach), min(1.0, middle + reach))


def same_as(chosen: Outcome, outcomes: Sequence[Outcome], name: str) -> tuple[float, float]:
    """How far a parameter may move from a chosen value without changing alerts or recall, as far as was tried."""
    tried = sorted((each.changes[name], each) for each in outcomes if set(each.changes) == {name})
    place = next(index for index, (value, _) in enumerate(tried) if value == chosen.changes[name])
    low = high = place
    while low and _is_alike(tried[low - 1][1], chosen):
        low -= 1
    while high + 1 < len(tried) and _is_alike(tried[high + 1][1], chosen):
        high += 1
    return tried[low][0], tried[high][0]


def nearest_alike(chosen: Outcome, outcomes: Sequence[Outcome], current: Mapping[str, float]) -> Outcome:
    """Of the settings with the same alerts and recall, the one that changes least."""
    alike = [each for each in outcomes if _is_alike(each, chosen)]
    return min(alike, key=lambda each: (len(each.changes), _moved(each.changes, current)), default=chosen)


def _is_alike(one: Outcome, other: Outcome) -> bool:
    return (one.alerts, one.found) == (other.alerts, other.found)


def _moved(changes: Mapping[str, float], current: Mapping[str, float]) -> float:
    return sum(_apart(value, current[name]) for name, value in changes.items())


def _apart(one: float, other: float) -> float:
    return abs(log(one / other)) if one > 0 and other > 0 else abs(one - other)


def _change(outcome: Outcome) -> tuple[int, list[tuple[str, float]]]:
    return len(outcome.changes), sorted(outcome.changes.items())
