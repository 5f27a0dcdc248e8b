"""How well scores rank: average precision, with its interval, and what one ranking has over another.

Average precision is the mean, over the true items, of the precision down to each: the sum over ranks of (recall gained)
x (precision there), as scikit-learn's `average_precision_score` has it; equal scores share one rank. A ranking that
knows nothing has the share of true items.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.scorecard.intervals import Interval, percentiles

RESAMPLES: Final = 400
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranking:
    """A ranking judged: `average_precision` of `count` items of which `positive` are true."""

    average_precision: float
    interval: Interval
    count: int
    positive: int

    @property
    def chance(self) -> float:
        """Average precision of a ranking that knows nothing."""
        return self.positive / self.count if self.count else float("nan")


def average_precision(scores: ArrayLike, labels: ArrayLike) -> float:
    """Average precision of scores (the higher the more suspicious) for labels (true or not); NaN without a true one.

    Raises ValueError for lengths that differ or a score that is no number.
    """
    order = _Order(scores, labels)
    return order.average_precision(np.ones(order.count))


def ranked(keys: ArrayLike, scores: ArrayLike, labels: ArrayLike, seed: int = 1) -> Ranking:
    """Judge scores of windows, each with a key and a label.

    Windows of one key (a seed, an account, a day) are drawn again together for the interval, for they are not
    independent. Raises ValueError as `average_precision` does.
    """
    order = _Order(scores, labels)
    drawn = [order.average_precision(weight) for weight in _draws(keys, order.count, seed)]
    whole = order.average_precision(np.ones(order.count))
    return Ranking(whole, percentiles(np.asarray(drawn)), order.count, order.positive)


def gain(
    keys: ArrayLike, scores: ArrayLike, other_scores: ArrayLike, labels: ArrayLike, seed: int = 1
) -> tuple[float, Interval]:
    """What the first scores have over the others in average precision, with its interval over the same draws."""
    one, other = _Order(scores, labels), _Order(other_scores, labels)
    drawn = [
        one.average_precision(weight) - other.average_precision(weight) for weight in _draws(keys, one.count, seed)
    ]
    everything = np.ones(one.count)
    difference = one.average_precision(everything) - other.average_precision(everything)
    return difference, percentiles(np.asarray(drawn))


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
    """Items by falling score; asked for the average precision of any weighting of them."""

    def __init__(self, scores: ArrayLike, labels: ArrayLike) -> None:
        score, label = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=bool)
        if score.shape != label.shape or score.ndim != 1:
            raise ValueError(f"expected one label a score, found {label.shape} for {score.shape}")
        if np.isnan(score).any():
            raise ValueError(f"expected numbers as scores, found {int(np.isnan(score).sum())} that are none")
        self._order = np.argsort(-score, kind="stable")
        self._label = label[self._order]
        falls = score[self._order]
        self._ends = np.append(np.flatnonzero(np.diff(falls)), falls.size - 1) if falls.size else np.zeros(0, np.int64)
        self.count, self.positive = score.size, int(label.sum())

    def average_precision(self, weight: Floats) -> float:
        ordered = weight[self._order]
        found = np.cumsum(ordered * self._label)[self._ends]
        shown = np.cumsum(ordered)[self._ends]
        if not found.size or found[-1] == 0:
            return float("nan")
        precision = np.divide(found, shown, out=np.zeros_like(found), where=shown > 0)
        return float((np.diff(found, prepend=0.0) * precision).sum() / found[-1])


def _draws(keys: ArrayLike, count: int, seed: int) -> Iterator[Floats]:
    """How often each item is in each draw."""
    _, cluster = np.unique(np.asarray(keys), return_inverse=True)
    if len(cluster) != count:
        raise ValueError(f"expected a key for each of {count} scores, found {len(cluster)}")
    cluster_count = int(cluster.max(initial=-1)) + 1
    random: Any = np.random.default_rng(seed)
    for _ in range(RESAMPLES if cluster_count else 0):
        drawn = random.multinomial(cluster_count, np.full(cluster_count, 1 / cluster_count))
        yield drawn[cluster].astype(np.float64)
