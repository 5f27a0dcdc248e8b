"""A measured figure and what it is held against."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from time import monotonic, process_time
from typing import Any

RUNS_MIN = 3
RUNS_MAX = 9


class BenchError(Exception):
    """A measurement could not be made, or what was measured did not do its work; says what was expected and found."""


@dataclass(frozen=True, slots=True)
class Samples:
    """The values of repeated runs."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value."""
        return median(self.values)

    def percentile(self, share: float) -> float:
        """The smallest value that `share` (0..1) of all values do not exceed."""
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a part. `floor` must hold today, `target` at the end; None where neither is set.

    Rates are better high, times and sizes low: `lower_is_better`. `low` and `high` are the extremes of the runs.
    `table` is the table of its own it is shown in, by title, with `details` as further columns; "" for the common one.
    """

    part: str
    name: str
    value: float
    unit: str
    low: float
    high: float
    runs: int
    floor: float | None = None
    target: float | None = None
    lower_is_better: bool = False
    note: str = ""
    table: str = ""
    details: Mapping[str, float] = field(default_factory=dict)

    def ratio_to(self, limit: float | None) -> float | None:
        """How far the figure is within a limit: 1 meets it, 2 is twice as good; None without a limit."""
        if limit is None:
            return None
        if self.lower_is_better:
            return limit / self.value if self.value > 0 else float("inf")
        return self.value / limit

    def to_json(self) -> dict[str, Any]:
        """The figure with its ratios; an infinite ratio is null."""
        values = {name: getattr(self, name) for name in self.__slots__}
        for name in ("floor", "target"):
            ratio = self.ratio_to(values[name])
            values[f"ratio_to_{name}"] = None if ratio in (None, float("inf")) else ratio
        return values


def figure_of(part: str, name: str, samples: Samples, unit: str, **limits: Any) -> Figure:
    """The median of samples as a figure."""
    extremes = min(samples.values), max(samples.values)
    return Figure(part, name, samples.median, unit, *extremes, len(samples.values), **limits)


def single(part: str, name: str, value: float, unit: str, **limits: Any) -> Figure:
    """A value measured once as a figure."""
    return Figure(part, name, value, unit, value, value, 1, **limits)


def repeated(measure: Callable[[], float], seconds: float) -> Samples:
    """Runs a measurement at least RUNS_MIN times, at most RUNS_MAX, and no longer than `seconds` after those."""
    begun_s = monotonic()
    values = [measure() for _ in range(RUNS_MIN)]
    while len(values) < RUNS_MAX and monotonic() - begun_s < seconds:
        values.append(measure())
    return Samples(tuple(values))


def repeated_rate(work: Callable[[], object], count: int, seconds: float) -> Samples:
    """Things a second of this process's CPU time, of repeated runs of some work over `count` things.

    For the work of one thread, so that other processes of the machine count as little as can be.
    """

    def run() -> float:
        begun_s = process_time()
        work()
        return count / max(process_time() - begun_s, 1e-9)

    return repeated(run, seconds)
