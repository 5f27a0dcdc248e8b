"""Which runs an evaluation is made of, and running them side by side."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Final

from simulator.hard_negatives import HARD_NEGATIVES
from simulator.schemes import SCHEMES
from simulator.scorecard.run_score import RunScore
from tapewatch.cli.evaluate_run import RunPlan, run

REPORTING_SEEDS: Final = tuple(range(5001, 5021))
"""Never looked at while rules, schemes or the market are worked on; tuning seeds are 1 to 99 and 1000 to 1999."""
STANDARD_SEED_COUNT: Final = 5
SEVERITY: Final = 0.5
SEVERITIES: Final = (0.1, 0.3, 0.5, 0.7, 0.9)
DENSITIES: Final = (1.0, 10.0, 50.0)
SCHEMES_A_RUN: Final = 8
TIMES_PLAYED: Final = 4
MINUTES_MIN: Final = 30.0
DENSITY_MINUTES: Final = 20.0
LANES: Final = 4
"""Schemes that can be played at once, each in an instrument of its own."""
ELBOW_ROOM: Final = 1.3
"""How much longer a run is than its schemes need one after another."""
PAST_SECONDS_SHORT: Final = 600.0
PAST_ACTIVITY: Final = 0.25
"""How busy markets are that run for hours only so that some schemes have a past: thinner, to stay within the events."""
STANDARD, BY_SEVERITY, BY_DENSITY = "standard", "severity", "density"


def standard(seeds: Sequence[int], schemes: Sequence[str], severity: float) -> list[RunPlan]:
    """Every scheme several times a seed, a few schemes in each market, and every hard negative once a seed.

    Each time a scheme hides in another way, which goes on from seed to seed.
    """
    plans = []
    for place, seed in enumerate(seeds):
        parts = parted(schemes)
        for number, part in enumerate(parts):
            innocent = tuple(sorted(HARD_NEGATIVES))[number :: len(parts)]
            plans.append(_plan(seed, STANDARD, part, severity, place * TIMES_PLAYED, innocent))
    return plans


def severity_grid(seeds: Sequence[int], schemes: Sequence[str]) -> list[RunPlan]:
    """The schemes at every severity, in markets of their own."""
    return [
        _plan(seed, BY_SEVERITY, part, severity, place * TIMES_PLAYED)
        for place, seed in enumerate(seeds)
        for severity in SEVERITIES
        for part in parted(schemes)
    ]


def density_grid(seeds: Sequence[int], minutes: float = DENSITY_MINUTES) -> list[RunPlan]:
    """Markets without schemes, with every hard negative, ever busier."""
    return [
        RunPlan(seed, BY_DENSITY, (), minutes, SEVERITY, None, tuple(HARD_NEGATIVES), density)
        for seed in seeds
        for density in DENSITIES
    ]


def _plan(
    seed: int, part: str, schemes: tuple[str, ...], severity: float, turn: int, innocent: tuple[str, ...] = ()
) -> RunPlan:
    played = schemes * TIMES_PLAYED
    past_s = max((SCHEMES[name].history_seconds for name in schemes), default=0.0)
    needed_s = past_s + ELBOW_ROOM * sum(SCHEMES[name].duration_seconds_max for name in played) / LANES
    activity = PAST_ACTIVITY if past_s > PAST_SECONDS_SHORT else 1.0
    return RunPlan(seed, part, played, max(MINUTES_MIN, needed_s / 60), severity, turn, innocent, activity)


def parted(schemes: Sequence[str]) -> list[tuple[str, ...]]:
    """The schemes in groups small enough for one market, those that need a long past apart from the others."""
    parts = []
    for needs_past in (False, True):
        names = [name for name in schemes if (SCHEMES[name].history_seconds > PAST_SECONDS_SHORT) == needs_past]
        by_length = sorted(names, key=lambda name: (SCHEMES[name].duration_seconds_max, name))
        count = -(-len(names) // SCHEMES_A_RUN)
        parts += [tuple(by_length[place::count]) for place in range(count)]
    return parts


def run_all(
    plans: Sequence[RunPlan], processes: int, done: Callable[[RunScore], None] = lambda score: None
) -> list[RunScore]:
    """The scores of the plans, in their order; `done` is told of each as it comes."""
    scores: dict[int, RunScore] = {}
    for place, score in _scored(plans, processes):
        scores[place] = score
        done(score)
    return [scores[place] for place in range(len(plans))]


def _scored(plans: Sequence[RunPlan], processes: int) -> Iterator[tuple[int, RunScore]]:
    if processes == 1 or len(plans) < 2:
        for place, plan in enumerate(plans):
            yield place, run(plan)
        return
    executor = ProcessPoolExecutor(processes, get_context("spawn"), max_tasks_per_child=None)
    try:
        running = {executor.submit(run, plan): place for place, plan in enumerate(plans)}
        for future in as_completed(running):
            yield running[future], future.result()
    finally:
        executor.shutdown(cancel_futures=True)
