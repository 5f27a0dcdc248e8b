"""One-liners for messages and for moves made by one's own trades."""

import numpy as np

from simulator.scorecard.baselines.windows import bucket_total, codes, mask_of, periods, recent_count, window_extremes
from simulator.scorecard.table import Array, EventTable, Mask
from tapewatch.market.event import Kind, Side

OWN_MESSAGES = (Kind.NEW, Kind.REPLACE, Kind.CANCEL)


def _messages(table: EventTable) -> Array:
    return np.flatnonzero(np.isin(table.kind, OWN_MESSAGES) & (table.group > 0))


def cancels_a_fill(table: EventTable) -> Mask:
    """In half an hour at least 20 messages of one owner in one market, and at least 6 cancels for each fill."""
    rows = np.flatnonzero(table.group > 0)
    bucket = codes(table.group[rows], table.market[rows], periods(table, rows, 1800))
    kinds = table.kind[rows]
    cancels, fills = bucket_total(bucket, kinds == Kind.CANCEL), bucket_total(bucket, kinds == Kind.FILL)
    messages = bucket_total(bucket, np.isin(kinds, OWN_MESSAGES))
    flagged = (messages >= 20) & (cancels >= 6 * np.maximum(fills, 1)) & (kinds == Kind.CANCEL)
    return mask_of(table, rows[flagged])


def many_orders(table: EventTable) -> Mask:
    """More than 45 new orders of one account in one market within a minute."""
    rows = np.flatnonzero((table.kind == Kind.NEW) & (table.account > 0))
    many = recent_count(codes(table.account[rows], table.market[rows]), table.time_ns[rows], 60) > 45
    return mask_of(table, rows[many])


def burst_then_back(table: EventTable) -> Mask:
    """5 aggressive fills of one owner on one side within 30 s, and within 2 minutes a fill on the other side."""
    rows = np.flatnonzero(table.is_fill & (table.group > 0))
    group = codes(table.group[rows], table.market[rows])
    side, taking = table.side[rows].astype(np.int64), table.aggressor[rows] == 2
    opposite = np.where(side == Side.BUY, Side.SELL, Side.BUY)
    keys, times = (group * 4 + side)[taking], table.time_ns[rows][taking]
    burst = recent_count(keys, times, 30) >= 5
    back = recent_count(keys[burst], times[burst], 120, (group * 4 + opposite, table.time_ns[rows])) > 0
    chosen = back.copy()
    chosen[np.flatnonzero(taking)[burst]] = True
    return mask_of(table, rows[chosen])


def own_steps(table: EventTable) -> Mask:
    """5 aggressive fills of one owner on one side in 5 minutes, the price over them 0.3 % further that way."""
    rows = np.flatnonzero(table.is_fill & (table.aggressor == 2) & (table.group > 0))
    bucket = codes(table.group[rows], table.market[rows], table.side[rows], periods(table, rows, 300))
    first, last = window_extremes(bucket, table.price[rows])
    towards = np.where(table.side[rows] == Side.BUY, 1.0, -1.0) * (last / first - 1)
    return mask_of(table, rows[(bucket_total(bucket, np.ones(rows.size)) >= 5) & (towards >= 0.003)])
