"""One-liners for prices, volumes and who made them."""

import numpy as np

from simulator.scorecard.baselines.windows import bucket_total, codes, mask_of, periods, window_extremes
from simulator.scorecard.table import Array, EventTable, Mask
from tapewatch.market.event import Kind

CLOSING_PHASES = ("AUCTION", "CLOSE")


def _deviating(table: EventTable, measure: Array, bucket: Array, rows: Array, limit: float) -> Mask:
    """Rows of buckets whose measure (one value a bucket, by row) is beyond so many deviations of its market's."""
    chosen = np.zeros(rows.size, dtype=bool)
    for market in range(len(table.markets)):
        here = np.flatnonzero(table.market[rows] == market)
        values = measure[here][np.unique(bucket[here], return_index=True)[1]]
        values = values[~np.isnan(values)]
        if values.size > 2:
            chosen[here] = measure[here] > values.mean() + limit * values.std()
    return mask_of(table, rows[chosen])


def minutes(table: EventTable) -> tuple[Array, Array]:
    """The matches, each once, and the minute and market of each as one code."""
    rows = np.flatnonzero(table.is_volume)
    return rows, codes(table.market[rows], periods(table, rows, 60))


def price_jump(table: EventTable) -> Mask:
    """A minute whose absolute price change is more than 3 standard deviations above the market's mean."""
    rows, bucket = minutes(table)
    first, last = window_extremes(bucket, table.price[rows])
    return _deviating(table, np.abs(last / first - 1), bucket, rows, 3)


def volume_jump(table: EventTable) -> Mask:
    """A minute whose volume is more than 3 standard deviations above the market's mean."""
    rows, bucket = minutes(table)
    return _deviating(table, bucket_total(bucket, np.nan_to_num(table.quantity[rows])), bucket, rows, 3)


def restless_minute(table: EventTable) -> Mask:
    """A minute whose squared price steps add up to more than 3 standard deviations above the market's mean."""
    rows, bucket = minutes(table)
    step = np.nan_to_num(table.price[rows] / table.last_price[rows] - 1)
    return _deviating(table, bucket_total(bucket, step * step), bucket, rows, 3)


def rise_on_volume(table: EventTable) -> Mask:
    """5 minutes of a market up more than 5 % on more than 3 times its median volume: buys of who made 20 % of it."""
    rows = np.flatnonzero(table.is_volume)
    bucket = codes(table.market[rows], periods(table, rows, 300))
    if not rows.size:
        return np.zeros(len(table), dtype=bool)
    first, last = window_extremes(bucket, table.price[rows])
    volume = bucket_total(bucket, np.nan_to_num(table.quantity[rows]))
    chosen = np.zeros(rows.size, dtype=bool)
    for market in range(len(table.markets)):
        here = np.flatnonzero(table.market[rows] == market)
        windows = volume[here][np.unique(bucket[here], return_index=True)[1]]
        if windows.size:
            chosen[here] = (last[here] / first[here] > 1.05) & (volume[here] > 3 * np.median(windows))
    pumped = _in_same_period(table, rows[chosen], 300)
    return _of_large_buyers(table, pumped) if (table.group > 0).any() else mask_of(table, rows[chosen])


def _in_same_period(table: EventTable, rows: Array, seconds: float) -> Mask:
    everything = np.arange(len(table))
    bucket = codes(table.market, periods(table, everything, seconds))
    return np.asarray(np.isin(bucket, np.unique(bucket[rows])))


def _of_large_buyers(table: EventTable, inside: Mask) -> Mask:
    rows = np.flatnonzero(inside & table.is_fill & (table.side == 1) & (table.group > 0))
    period = periods(table, rows, 300)
    quantity = np.nan_to_num(table.quantity[rows])
    own = bucket_total(codes(table.group[rows], table.market[rows], period), quantity)
    return mask_of(table, rows[own >= 0.2 * bucket_total(codes(table.market[rows], period), quantity)])


def share_of_the_close(table: EventTable) -> Mask:
    """An owner with 40 % of a market's bought or sold volume in the 5 minutes before its close (its last event)."""
    close = np.zeros(len(table.markets), dtype=np.int64)
    np.maximum.at(close, table.market, table.time_ns)
    closing = [code for code, name in enumerate(table.phases) if name in CLOSING_PHASES]
    marks = np.flatnonzero((table.kind == Kind.PHASE) & np.isin(table.phase, closing))
    for row in marks[::-1]:
        close[table.market[row]] = table.time_ns[row]
    before = close[table.market] - table.time_ns
    return _majority(table, (before >= 0) & (before <= 300 * 10**9), np.zeros(len(table), dtype=np.int64), 0.4)


def half_the_volume(table: EventTable) -> Mask:
    """An owner with more than half of a market's bought or sold volume in 10 minutes, in at least 5 fills."""
    period = periods(table, np.arange(len(table)), 600)
    return _majority(table, np.ones(len(table), dtype=bool), period, 0.5, fills_min=5)


def _majority(table: EventTable, inside: Mask, period: Array, share_min: float, fills_min: int = 1) -> Mask:
    rows = np.flatnonzero(inside & table.is_fill & (table.group > 0))
    quantity = np.nan_to_num(table.quantity[rows])
    window = codes(table.market[rows], table.side[rows], period[rows])
    own = codes(window, table.group[rows])
    whole = bucket_total(window, quantity)
    enough = bucket_total(own, np.ones(rows.size)) >= fills_min
    return mask_of(table, rows[enough & (bucket_total(own, quantity) >= share_min * whole)])


def one_price(table: EventTable) -> Mask:
    """An owner with half of a market's volume in half an hour in which 80 % of it traded at one price."""
    rows = np.flatnonzero(table.is_fill & (table.group > 0))
    quantity = np.nan_to_num(table.quantity[rows])
    window = codes(table.market[rows], table.side[rows], periods(table, rows, 1800))
    at_price = bucket_total(codes(window, table.price[rows]), quantity)
    own = bucket_total(codes(window, table.group[rows], table.price[rows]), quantity)
    whole = bucket_total(window, quantity)
    return mask_of(table, rows[(at_price >= 0.8 * whole) & (own >= 0.5 * whole)])
