"""When each scheme is played: after a warm-up of normal market, one after another in each instrument."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from simulator.instrument import Instrument
from simulator.randomness import SECOND_NS, stream
from simulator.schemes import SCHEMES
from simulator.schemes.camouflage import NONE, Camouflage
from simulator.schemes.related import suits
from simulator.schemes.scheme import Scheme

WARMUP_SECONDS_MAX = 300.0
WARMUP_SHARE = 0.25
"""The market runs at least this share of its time, at most `WARMUP_SECONDS_MAX`, before the first scheme."""


@dataclass(frozen=True, slots=True)
class PlannedScenario:
    """A scheme to play at a time after the start, in one instrument."""

    scheme: str
    severity: float
    instrument: str
    offset_ns: int
    camouflage: Camouflage = NONE


def plan(
    schemes: Sequence[str],
    severity: float,
    instruments: Sequence[Instrument],
    minutes: float,
    seed: int,
    camouflage: Camouflage = NONE,
) -> tuple[PlannedScenario, ...]:
    """Spread schemes over instruments and time, drawn from the seed; a repeated name is played again.

    Schemes that want a thin market get the instrument with the least volume; those that need a past wait until the
    market has had it, or as long as the run allows. When they do not all fit one after another, they overlap.

    Raises ValueError for a name that is no scheme or a severity outside 0..1.
    """
    for scheme in schemes:
        check_scheme(scheme, severity)
    random = stream(seed, "schedule")
    lanes: list[list[str]] = [[] for _ in instruments]
    order = list(schemes)
    random.shuffle(order)
    for name in sorted(order, key=lambda name: -SCHEMES[name].duration_seconds_max):
        lanes[_lane(SCHEMES[name], lanes, instruments)].append(name)
    planned: list[PlannedScenario] = []
    for instrument, lane in zip(instruments, lanes, strict=True):
        random.shuffle(lane)
        lane.sort(key=lambda name: SCHEMES[name].history_seconds)
        for name, offset_seconds in zip(lane, _offsets_seconds(lane, minutes * 60, random), strict=True):
            offset_ns = int(offset_seconds * SECOND_NS)
            planned.append(PlannedScenario(name, severity, instrument.key, offset_ns, camouflage))
    return tuple(sorted(planned, key=lambda scenario: scenario.offset_ns))


def warmup_of(length_seconds: float) -> float:
    """Return how long a market of that length runs before anything is played in it; seconds."""
    return min(WARMUP_SECONDS_MAX, WARMUP_SHARE * length_seconds)


def _offsets_seconds(lane: Sequence[str], length_seconds: float, random: Random) -> list[float]:
    """Return when the schemes of a lane begin, in their order, seconds after the start of the market."""
    warmup_seconds = warmup_of(length_seconds)
    durations = [SCHEMES[name].duration_seconds_max for name in lane]
    available = length_seconds - warmup_seconds
    squeeze = min(1.0, available / sum(durations)) if durations else 1.0
    slack = sorted(random.random() * max(0.0, available - sum(durations)) for _ in lane)
    offsets = [warmup_seconds + sum(durations[:index]) * squeeze + slack[index] for index in range(len(lane))]
    free = 0.0
    for index, name in enumerate(lane):
        latest = max(offsets[index], length_seconds - sum(durations[index:]))
        offsets[index] = min(latest, max(offsets[index], SCHEMES[name].history_seconds, free))
        free = offsets[index] + squeeze * durations[index]
    return offsets


def _lane(scheme: Scheme, lanes: Sequence[Sequence[str]], instruments: Sequence[Instrument]) -> int:
    """Return which instrument suits a scheme and is least busy; raises ValueError where none does."""
    suitable = [index for index, one in enumerate(instruments) if suits(scheme.wants, one, instruments)]
    if not suitable:
        raise ValueError(f"{scheme.name} wants another {scheme.wants} of some instrument, found none in this market")
    if scheme.wants == "thin":
        return min(suitable, key=lambda index: instruments[index].average_daily_volume)
    return min(suitable, key=lambda index: sum(SCHEMES[other].duration_seconds_max for other in lanes[index]))


def playable(instruments: Sequence[Instrument]) -> list[str]:
    """Return the names of the schemes that can be played with these instruments."""
    return [
        name
        for name, scheme in SCHEMES.items()
        if any(suits(scheme.wants, instrument, instruments) for instrument in instruments)
    ]


def check_scheme(scheme: str, severity: float) -> None:
    """Raise ValueError unless the scheme exists and the severity is from 0 to 1."""
    if scheme not in SCHEMES:
        raise ValueError(f"no scheme named {scheme}: choose from {', '.join(SCHEMES)}")
    if not 0.0 <= severity <= 1.0:
        raise ValueError(f"severity must be from 0 (hidden) to 1 (blatant), found {severity:g}")
