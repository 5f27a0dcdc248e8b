"""When each hard negative is played: spread over the time after the warm-up and over the instruments."""

from collections import Counter
from collections.abc import Sequence

from simulator.hard_negatives import HARD_NEGATIVES
from simulator.hard_negatives.hard_negative import HardNegative
from simulator.instrument import Instrument
from simulator.randomness import SECOND_NS, stream
from simulator.schedule import PlannedScenario, warmup_of


def plan_hard_negatives(
    names: Sequence[str], instruments: Sequence[Instrument], minutes: float, seed: int
) -> tuple[PlannedScenario, ...]:
    """Draw a time and an instrument for each; a repeated name is played again.

    What is drawn for one does not depend on the others.
    Those that belong to the close end with the session, those that want a thin market get the least traded
    instrument. Raises ValueError for a name that is no hard negative.
    """
    length_seconds = minutes * 60
    warmup_seconds = warmup_of(length_seconds)
    thinnest = min(instruments, key=lambda one: one.average_daily_volume)
    planned = []
    for place, name in enumerate(sorted(names)):
        check_hard_negative(name)
        random = stream(seed, f"hard negative/{name}/{sorted(names)[:place].count(name)}")
        what = HARD_NEGATIVES[name]
        latest = max(warmup_seconds, length_seconds - what.duration_seconds_max)
        offset_seconds = latest if what.at_close else random.uniform(warmup_seconds, latest)
        instrument = thinnest if what.wants_thin_market else random.choice(_places(what, instruments))
        planned.append(PlannedScenario(name, 0.0, instrument.key, int(offset_seconds * SECOND_NS)))
    return tuple(sorted(planned, key=lambda scenario: scenario.offset_ns))


def _places(what: HardNegative, instruments: Sequence[Instrument]) -> Sequence[Instrument]:
    """Return where one may be played: what two venues list, for those that want it and where there is any."""
    listings = Counter(one.symbol for one in instruments)
    shared = [one for one in instruments if listings[one.symbol] > 1]
    return shared if what.wants_two_venues and shared else instruments


def check_hard_negative(name: str) -> None:
    """Raise ValueError unless there is a hard negative of that name."""
    if name not in HARD_NEGATIVES:
        raise ValueError(f"no hard negative named {name}: choose from {', '.join(HARD_NEGATIVES)}")
