"""Which runs an evaluation is made of, and running them side by side."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from math import inf
from multiprocessing import get_context
from signal import SIG_DFL, SIGINT, signal
from typing import Final, TypeVar

from simulator.hard_negatives import HARD_NEGATIVES
from simulator.schemes import SCHEMES
from simulator.schemes.scheme import Scheme
from simulator.scorecard.run_score import RunScore
from simulator.venues import MARKETS, MarketName
from tapewatch.cli.evaluate_run import MARKET, RunPlan, run
from tapewatch.cli.failure import CommandError

Item = TypeVar("Item")
Made = TypeVar("Made")
REPORTING_SEEDS: Final = tuple(range(5001, 5021))
"""Never looked at while rules, schemes or the market are worked on; tuning seeds are 1 to 99 and 1000 to 1999."""
NEXT_REPORT_SEEDS: Final = REPORTING_SEEDS[5:10]
"""The first five have been reported on and what was seen is known: what changed since is reported on with others."""
SEVERITY: Final = 0.5
SEVERITIES: Final = (0.1, 0.3, 0.5, 0.7, 0.9)
DENSITY_MINUTES: Final = {1.0: 60.0, 10.0: 20.0, 50.0: 6.0}
"""How busy ordinary markets are and how long they run: about as many events each."""
SCHEMES_A_RUN: Final = 8
MINUTES_MIN: Final = 30.0
ELBOW_ROOM: Final = 1.1
"""How much longer a run is than its schemes need one after another."""
STANDARD, BY_SEVERITY, BY_DENSITY = "standard", "severity", "density"


@dataclass(frozen=True, slots=True)
class Pace:
    """How schemes are played that take so long, past included: how often a seed, in which market, and how busy it is.

    What needs hours is played less often, in thinner markets or among shares alone, to stay within the tier's events.
    """

    seconds_max: float
    past_seconds_max: float
    times: int
    activity: float
    market: MarketName = MARKET

    def suits(self, scheme: Scheme) -> bool:
        """Whether the scheme is short enough for it."""
        return scheme.duration_seconds_max <= self.seconds_max and scheme.history_seconds <= self.past_seconds_max


PACES: Final = (Pace(1_000, 900, 4, 1.0), Pace(inf, 3_600, 2, 0.15), Pace(inf, inf, 2, 0.1, "shares"))
"""A scheme is played at the first that suits it."""


@dataclass(frozen=True, slots=True)
class Part:
    """Schemes that share a market."""

    schemes: tuple[str, ...]
    pace: Pace

    @property
    def played(self) -> tuple[str, ...]:
        """Each as often as its pace says."""
        return self.schemes * self.pace.times

    @property
    def minutes(self) -> float:
        """How long the market has to run: a past, then the schemes one after another in each instrument."""
        schemes = [SCHEMES[name] for name in self.played]
        crowded = sum(scheme.duration_seconds_max for scheme in schemes if scheme.wants)
        spread = sum(scheme.duration_seconds_max for scheme in schemes) / len(MARKETS[self.pace.market])
        past = max((scheme.history_seconds for scheme in schemes), default=0.0)
        return max(MINUTES_MIN, (past + ELBOW_ROOM * max(crowded, spread)) / 60)


def standard(seeds: Sequence[int], schemes: Sequence[str], severity: float) -> list[RunPlan]:
    """Every scheme several times a seed, a few schemes in each market, and every hard negative once a seed.

    Each time a scheme hides in another way, which goes on from seed to seed.
    """
    plans = []
    for place, seed in enumerate(seeds):
        parts = parted(schemes)
        for number, part in enumerate(parts):
            innocent = tuple(sorted(HARD_NEGATIVES))[number :: len(parts)]
            plans.append(_plan(seed, STANDARD, part, severity, place, innocent))
    return plans


def severity_grid(seeds: Sequence[int], schemes: Sequence[str]) -> list[RunPlan]:
    """The schemes at every severity, in markets of their own."""
    return [
        _plan(seed, BY_SEVERITY, part, severity, place)
        for place, seed in enumerate(seeds)
        for severity in SEVERITIES
        for part in parted(schemes)
    ]


def density_grid(seeds: Sequence[int]) -> list[RunPlan]:
    """Markets of ordinary traders alone, ever busier."""
    return [
        RunPlan(seed, BY_DENSITY, (), minutes, SEVERITY, density=density)
        for seed in seeds
        for density, minutes in DENSITY_MINUTES.items()
    ]


def _plan(seed: int, name: str, part: Part, severity: float, place: int, innocent: tuple[str, ...] = ()) -> RunPlan:
    turn = place * part.pace.times
    return RunPlan(
        seed, name, part.played, part.minutes, severity, turn, innocent, part.pace.activity, market=part.pace.market
    )


def parted(schemes: Sequence[str]) -> list[Part]:
    """The schemes in parts small enough for one market, each at the first pace that suits it."""
    parts: list[Part] = []
    left = sorted(schemes, key=lambda name: (SCHEMES[name].duration_seconds_max, name))
    for pace in PACES:
        names = [name for name in left if pace.suits(SCHEMES[name])]
        left = [name for name in left if name not in names]
        count = -(-len(names) // SCHEMES_A_RUN)
        parts += [Part(tuple(names[place::count]), pace) for place in range(count)]
    return parts


def run_all(
    plans: Sequence[RunPlan], processes: int, done: Callable[[RunScore], None] = lambda score: None
) -> list[RunScore]:
    """The scores of the plans, in their order; `done` is told of each as it comes."""
    return side_by_side(run, plans, processes, done)


def side_by_side(
    work: Callable[[Item], Made], items: Sequence[Item], processes: int, done: Callable[[Made], None]
) -> list[Made]:
    """What is made of the items, in their order, so many at a time; `done` is told of each as it comes."""
    made: dict[int, Made] = {}
    for place, each in _as_made(work, items, processes):
        made[place] = each
        done(each)
    return [made[place] for place in range(len(items))]


def _as_made(work: Callable[[Item], Made], items: Sequence[Item], processes: int) -> Iterator[tuple[int, Made]]:
    if processes == 1 or len(items) < 2:
        for place, item in enumerate(items):
            yield place, work(item)
        return
    executor = ProcessPoolExecutor(processes, get_context("spawn"), signal, (SIGINT, SIG_DFL))
    try:
        running = {executor.submit(work, item): place for place, item in enumerate(items)}
        for future in as_completed(running):
            yield running[future], future.result()
    except BrokenProcessPool as error:
        raise CommandError(
            "a process of the evaluation ended abruptly, perhaps for want of memory: try --processes 1"
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)
