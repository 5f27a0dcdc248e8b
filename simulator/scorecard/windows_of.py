"""Which windows of owners in instruments lie in a scheme: the truth for whoever ranks windows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.scorecard.truth import Scenario


def in_schemes(
    scenarios: Iterable[Scenario],
    people: Sequence[str],
    instruments: Sequence[str],
    start_ns: ArrayLike,
    end_ns: ArrayLike,
) -> NDArray[np.bool_]:
    """Whether each window, of an account or owner in an instrument over a time, overlaps a scheme of theirs there."""
    by_person: dict[str, list[Scenario]] = defaultdict(list)
    for scenario in scenarios:
        if scenario.is_scheme:
            for name in scenario.accounts | scenario.owners:
                by_person[name].append(scenario)
    starts, ends = np.asarray(start_ns, dtype=np.int64), np.asarray(end_ns, dtype=np.int64)
    labels = np.zeros(len(people), dtype=bool)
    for place, (person, instrument) in enumerate(zip(people, instruments, strict=True)):
        labels[place] = any(
            (not one.instruments or instrument in one.instruments)
            and one.start_time_ns <= ends[place]
            and starts[place] <= one.end_time_ns
            for one in by_person.get(person, ())
        )
    return labels
