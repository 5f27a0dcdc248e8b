"""One-liners for trades without a change of ownership."""

import numpy as np

from simulator.scorecard.baselines.lives import events_of, lives
from simulator.scorecard.baselines.price import minutes, volume_jump
from simulator.scorecard.baselines.windows import bucket_total, codes, mask_of, periods, recent_count, window_extremes
from simulator.scorecard.table import EventTable, Mask
from tapewatch.market.event import Side

RING_OWNERS_MAX = 2_000


def own_account(table: EventTable) -> Mask:
    """The account is its own contra account."""
    return np.asarray(table.is_fill & (table.account > 0) & (table.account == table.contra_account))


def own_owner(table: EventTable) -> Mask:
    """Both sides of the match have one owner."""
    return np.asarray(table.is_fill & (table.group > 0) & (table.group == table.contra_group))


def net_nothing(table: EventTable) -> Mask:
    """In an hour an owner's buys and sells in a market differ by at most 3 % of both, over at least 2 round trips."""
    rows = np.flatnonzero(table.is_fill & (table.group > 0))
    bucket = codes(table.group[rows], table.market[rows], periods(table, rows, 3600))
    buying, quantity = table.side[rows] == Side.BUY, np.nan_to_num(table.quantity[rows])
    bought, sold = bucket_total(bucket, quantity * buying), bucket_total(bucket, quantity * ~buying)
    trips = np.minimum(bucket_total(bucket, buying), bucket_total(bucket, ~buying))
    return mask_of(table, rows[(trips >= 2) & (np.abs(bought - sold) <= 0.03 * (bought + sold))])


def often_together(table: EventTable) -> Mask:
    """At least 6 trades of one pair of owners in a market within 120 s."""
    rows = np.flatnonzero(table.is_fill & (table.group > 0) & (table.contra_group > 0) & (table.side == Side.BUY))
    one, other = table.group[rows], table.contra_group[rows]
    pair = codes(np.minimum(one, other), np.maximum(one, other), table.market[rows])
    often = rows[recent_count(pair, table.time_ns[rows], 120) >= 6]
    return _both_sides(table, often)


def rings(table: EventTable) -> Mask:
    """Within an hour A sold to B, B to C and C to A in one market (three different owners)."""
    rows = np.flatnonzero(table.is_fill & (table.group > 0) & (table.contra_group > 0) & (table.side == Side.BUY))
    rows = rows[table.group[rows] != table.contra_group[rows]]
    bucket = codes(table.market[rows], periods(table, rows, 3600))
    chosen = np.zeros(rows.size, dtype=bool)
    for each in range(int(bucket.max(initial=-1)) + 1):
        here = np.flatnonzero(bucket == each)
        names, places = np.unique(
            np.concatenate((table.group[rows[here]], table.contra_group[rows[here]])), return_inverse=True
        )
        if names.size > RING_OWNERS_MAX:
            continue
        buyer, seller = np.split(places, 2)
        sold = np.zeros((names.size, names.size), dtype=np.float32)
        sold[seller, buyer] = 1
        closes = (sold @ sold).T > 0  # closes[x, y]: from y by way of a third back to x
        chosen[here] = closes[seller, buyer]
    return _both_sides(table, rows[chosen])


def alike_orders(table: EventTable) -> Mask:
    """A match of two owners' orders of one size and price, entered within 2 s of each other."""
    order = lives(table)
    entered = np.full(len(table.orders), -1, dtype=np.int64)
    entered[order.code] = np.arange(len(order.code))
    fills = np.flatnonzero(table.is_fill & (table.trade > 0) & (entered[table.order] >= 0))
    ordered = fills[np.argsort(table.trade[fills], kind="stable")]
    first, second = ordered[:-1], ordered[1:]
    paired = (table.trade[first] == table.trade[second]) & (table.group[first] != table.group[second])
    one, other = entered[table.order[first[paired]]], entered[table.order[second[paired]]]
    alike = (
        (order.quantity[one] == order.quantity[other])
        & (order.price[one] == order.price[other])
        & (np.abs(order.time_ns[one] - order.time_ns[other]) <= 2 * 10**9)
    )
    return events_of(table, np.concatenate((order.code[one[alike]], order.code[other[alike]])))


def small_rising(table: EventTable) -> Mask:
    """Aggressive buys of one owner, each of at most the median size: 2 within a minute dearer than the one before."""
    rows = np.flatnonzero(table.is_fill & (table.aggressor == 2) & (table.side == Side.BUY) & (table.group > 0))
    rows = rows[table.quantity[rows] <= table.usual_quantity[table.market[rows]]]
    group = codes(table.group[rows], table.market[rows])
    rows = rows[np.lexsort((table.time_ns[rows], group))]
    group = np.sort(group)
    rising = np.zeros(rows.size, dtype=bool)
    if rows.size > 1:
        rising[1:] = (group[1:] == group[:-1]) & (table.price[rows[1:]] > table.price[rows[:-1]])
    steps = recent_count(group[rising], table.time_ns[rows[rising]], 60, (group, table.time_ns[rows]))
    return mask_of(table, rows[steps >= 2])


def volume_without_move(table: EventTable) -> Mask:
    """A minute of a market with volume 3 standard deviations above its mean and a price change below 0.1 %."""
    rows, bucket = minutes(table)
    first, last = window_extremes(bucket, table.price[rows])
    return volume_jump(table) & mask_of(table, rows[np.abs(last / first - 1) < 0.001])


def _both_sides(table: EventTable, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Mask:
    """The fills of the trades of some rows, and the rows themselves where they name no trade."""
    trades = np.zeros(len(table.trades), dtype=bool)
    trades[table.trade[rows]] = True
    trades[0] = False
    marked = table.is_fill & trades[table.trade]
    marked[rows] = True
    return np.asarray(marked)
