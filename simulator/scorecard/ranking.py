"""How well scores rank: average precision, with its interval, and what one ranking has over another.

Average precision is the mean, over the true items, of the precision down to each: the sum over ranks of (recall gained)
x (precision there), as scikit-learn's `average_precision_score` has it; equal scores share one rank. A ranking that
knows nothing has the share of true items.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.scorecard.intervals import Interval, percentiles

RESAMPLES: Final = 400
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RankedWindows:
    """Windows of a run as rankings see them, each array of shape (windows,): whether each is true (`truth`), in which
    scheme (`typology`, "" for none), whose it is (`key`), and its scores by ranking."""

    truth: NDArray[Any]
    typology: NDArray[Any]
    key: NDArray[Any]
    scores: Mapping[str, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """A ranking judged: `average_precision` of `count` items of which `positive` are true, and that of each draw."""

    average_precision: float
    interval: Interval
    count: int
    positive: int
    drawn: Floats

    @property
    def chance(self) -> float:
        """Average precision of a ranking that knows nothing."""
        return self.positive / self.count if self.count else float("nan")


def average_precision(scores: ArrayLike, labels: ArrayLike) -> float:
    """Average precision of scores (the higher the more suspicious) for labels (true or not); NaN without a true one.

    Raises ValueError for lengths that differ or a score that is no number.
    """
    return _Order(scores, labels).average_precision()


def average_precision_by_part(scores: ArrayLike, labels: ArrayLike, parts: ArrayLike) -> dict[str, float]:
    """Average precision for the true items of each part (its name) alone, those of other parts left out.

    Raises ValueError as `average_precision` does.
    """
    return _Order(scores, labels).by_part(np.asarray(parts))


def ranked(keys: ArrayLike, scores: ArrayLike, labels: ArrayLike, seed: int = 1) -> Ranking:
    """Judge scores of windows, each with a key and a label.

    Windows of one key (a seed, an account, a day) are drawn again together for the interval, for they are not
    independent. Raises ValueError as `average_precision` does.
    """
    order = _Order(scores, labels)
    drawn = order.drawn(keys, seed)
    return Ranking(order.average_precision(), percentiles(drawn), order.count, order.positive, drawn)


def gain(one: Ranking, other: Ranking) -> tuple[float, Interval]:
    """What a ranking has over another of the same items, keys and seed in average precision, with its interval."""
    return one.average_precision - other.average_precision, percentiles(one.drawn - other.drawn)


def rank_tail(features: ArrayLike) -> Floats:
    """The naive rival of any learned ranking: how far out in its tail the most extreme feature of each window lies.

    `features` has the shape (windows, features). The score is minus the decimal logarithm of the share of windows that
    are at least as extreme in that feature on that side: 2 is the outermost hundredth. Looks at one feature at a time
    and learns nothing.
    """
    values = np.atleast_2d(np.asarray(features, dtype=np.float64))
    if not values.size:
        return np.zeros(len(values))
    return np.asarray(-np.log10(np.min(tail_shares(values), axis=0)))


def tail_shares(values: Floats) -> list[Floats]:
    """For each feature of `values`, shape (windows, features): the share of windows at least as extreme as each, on the
    side where that are fewer."""
    count = len(values)
    ordered = np.sort(values, axis=0)
    return [
        np.minimum(
            count - np.searchsorted(ordered[:, place], values[:, place], side="left"),
            np.searchsorted(ordered[:, place], values[:, place], side="right"),
        )
        / count
        for place in range(values.shape[1])
    ]


class _Order:
    """Items by falling score; asked for the average precision of all of them, of draws of them, and of parts."""

    def __init__(self, scores: ArrayLike, labels: ArrayLike) -> None:
        score, label = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=bool)
        if score.shape != label.shape or score.ndim != 1:
            raise ValueError(f"expected one label a score, found {label.shape} for {score.shape}")
        if np.isnan(score).any():
            raise ValueError(f"expected numbers as scores, found {int(np.isnan(score).sum())} that are none")
        self._order = np.argsort(-score, kind="stable")
        self._label = label[self._order]
        ranks_end = np.append(np.flatnonzero(np.diff(score[self._order])), score.size - 1)
        self._true = np.flatnonzero(self._label)
        # Equal scores share a rank: precision at a true item is that of all down to the last of its rank.
        self._end = ranks_end[np.searchsorted(ranks_end, self._true)]
        self._found = np.searchsorted(self._true, self._end, side="right") - 1
        self.count, self.positive = score.size, self._true.size

    def average_precision(self) -> float:
        return self._weighted(np.ones(self._seen))

    def drawn(self, keys: ArrayLike, seed: int) -> Floats:
        """Of each draw: all items of a key come as often as the key was drawn."""
        _, cluster = np.unique(np.asarray(keys), return_inverse=True)
        if len(cluster) != self.count:
            raise ValueError(f"expected a key for each of {self.count} scores, found {len(cluster)}")
        count = int(cluster.max(initial=-1)) + 1
        random: Any = np.random.default_rng(seed)
        ordered = cluster[self._order[: self._seen]]
        draws = (random.multinomial(count, np.full(count, 1 / count)) for _ in range(RESAMPLES if count else 0))
        return np.array([self._weighted(times[ordered].astype(np.float64)) for times in draws])

    def by_part(self, parts: NDArray[Any]) -> dict[str, float]:
        part = parts[self._order[self._true]]
        others = np.cumsum(~self._label)
        made = {}
        for name in sorted(set(part.tolist())):
            own = part == name
            end = self._end[own]
            found = np.searchsorted(self._true[own], end, side="right")
            made[name] = float((found / (found + others[end])).mean())
        return made

    @property
    def _seen(self) -> int:
        """How many items come before the last true one's rank is over: what lies beyond decides nothing."""
        return int(self._end[-1]) + 1 if self._end.size else 0

    def _weighted(self, times: Floats) -> float:
        weight = times[self._true]
        found = np.cumsum(weight)
        if not found.size or found[-1] == 0:
            return float("nan")
        shown = np.cumsum(times)[self._end]
        precision = np.divide(found[self._found], shown, out=np.zeros_like(shown), where=shown > 0)
        return float((weight * precision).sum() / found[-1])
