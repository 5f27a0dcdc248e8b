"""Sums over the recent past of a group, for all events at once."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from simulator.scorecard.table import Array, EventTable, Mask

SECOND_NS: Final = 1_000_000_000
CODE_MAX: Final = 1 << 30
"""Combinations up to which codes are multiplied without being made dense in between; squared it fits an int64."""


def codes(*columns: Array) -> Array:
    """One code for each combination of values, int64, dense from 0."""
    made = np.zeros(len(columns[0]), dtype=np.int64)
    if not made.size:
        return made
    for column in columns:
        place, count = _places(column)
        if (int(made.max()) + 1) * count > CODE_MAX:
            _, made = np.unique(made, return_inverse=True)
        made = made * count + place
    _, dense = np.unique(made, return_inverse=True)
    return np.asarray(dense)


def _places(column: Array) -> tuple[Array, int]:
    """Whole numbers from 0 that tell a column's values apart, and how many there may be."""
    if column.dtype.kind in "iu":
        low, high = int(column.min()), int(column.max())
        if high - low < CODE_MAX:
            return column.astype(np.int64) - low, high - low + 1
    used, place = np.unique(column, return_inverse=True)
    return place, used.size


def recent_sum(
    group: Array, time_ns: Array, value: Array, window_s: float, at: tuple[Array, Array] | None = None
) -> Array:
    """For each event, what its group's events of the window before it (itself included) add up to.

    `at` (group, time_ns) asks at other moments than the events'. Times may be in any order.
    """
    asked_group, asked_time = at or (group, time_ns)
    if not len(group) or not len(asked_group):
        return np.zeros(len(asked_group))
    first = min(int(time_ns.min()), int(asked_time.min()))
    window_us = max(1, int(window_s * 1e6))
    span_us = (max(int(time_ns.max()), int(asked_time.max())) - first) // 1000 + 2 * window_us + 2
    key = group.astype(np.int64) * span_us + (time_ns - first) // 1000 + window_us
    order = np.argsort(key, kind="stable")
    sums = np.concatenate(([0.0], np.cumsum(value[order].astype(np.float64))))
    asked = asked_group.astype(np.int64) * span_us + (asked_time - first) // 1000 + window_us
    upto = np.searchsorted(key[order], asked, side="right")
    since = np.searchsorted(key[order], asked - window_us, side="right")
    summed: Array = sums[upto] - sums[since]
    return summed


def recent_count(group: Array, time_ns: Array, window_s: float, at: tuple[Array, Array] | None = None) -> Array:
    """For each event, how many events its group had in the window before it, itself included."""
    return np.rint(recent_sum(group, time_ns, np.ones(len(group)), window_s, at))


def window_extremes(bucket: Array, value: Array) -> tuple[Array, Array]:
    """For each event, the first and last value of its bucket, the events being in order of time."""
    count = int(bucket.max(initial=-1)) + 1
    first, last = np.full(count, np.nan), np.full(count, np.nan)
    last[bucket] = value
    first[bucket[::-1]] = value[::-1]
    return first[bucket], last[bucket]


def bucket_total(bucket: Array, value: Array) -> Array:
    """For each event, the sum over its bucket."""
    total: Array = np.bincount(bucket, weights=value, minlength=int(bucket.max(initial=-1)) + 1)[bucket]
    return total


def periods(table: EventTable, rows: Array, seconds: float) -> Array:
    """Which period of so many seconds each row lies in."""
    made: Array = table.time_ns[rows] // int(seconds * SECOND_NS)
    return made


def mask_of(table: EventTable, rows: Array | Sequence[int]) -> Mask:
    """Rows as a mask over the events."""
    made = np.zeros(len(table), dtype=bool)
    made[rows] = True
    return made
