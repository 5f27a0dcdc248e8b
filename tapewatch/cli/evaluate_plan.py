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
SCHEMES_A_RUN: Final = 9
TIMES_PLAYED: Final = 2
MINUTES: Final = 40.0
DENSITY_MINUTES: Final = 20.0
STANDARD, BENIGN, BY_SEVERITY, BY_DENSITY = "standard", "benign", "severity", "density"


def standard(seeds: Sequence[int], schemes: Sequence[str], severity: float, minutes: float) -> list[RunPlan]:
    """Every scheme twice a seed, a few in each market, and every hard negative once a seed.

    Each market plays its schemes under one axis of camouflage, another one from seed to seed.
    """
    plans = []
    for place, seed in enumerate(seeds):
        parts = _parts(schemes)
        for number, part in enumerate(parts):
            axis = place * len(parts) + number
            innocent = tuple(sorted(HARD_NEGATIVES))[number :: len(parts)]
            plans.append(RunPlan(seed, STANDARD, part * TIMES_PLAYED, minutes, severity, axis, innocent))
    return plans


def severity_grid(seeds: Sequence[int], schemes: Sequence[str], minutes: float) -> list[RunPlan]:
    """The schemes at every severity, in markets of their own."""
    return [
        RunPlan(seed, BY_SEVERITY, part * TIMES_PLAYED, minutes, severity, place)
        for place, seed in enumerate(seeds)
        for severity in SEVERITIES
        for part in _parts(schemes)
    ]


def density_grid(seeds: Sequence[int], minutes: float) -> list[RunPlan]:
    """Markets without schemes, with every hard negative, ever busier."""
    return [
        RunPlan(seed, BY_DENSITY, (), minutes, SEVERITY, None, tuple(HARD_NEGATIVES), density)
        for seed in seeds
        for density in DENSITIES
    ]


def _parts(schemes: Sequence[str]) -> list[tuple[str, ...]]:
    """The schemes in as few groups as keep each group small; long ones apart from each other."""
    count = max(1, -(-len(schemes) // SCHEMES_A_RUN))
    by_length = sorted(schemes, key=lambda name: (SCHEMES[name].duration_seconds_max, name))
    return [tuple(by_length[place::count]) for place in range(count)]


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
