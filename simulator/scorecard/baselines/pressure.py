"""One-liners for orders that are not meant: size, life and number, against fixed limits."""

import numpy as np

from simulator.scorecard.baselines.lives import events_of, lives
from simulator.scorecard.baselines.windows import codes, recent_count, recent_sum
from simulator.scorecard.table import NOBODY, EventTable, Mask
from tapewatch.market.event import Kind, Side


def large_and_cancelled(table: EventTable) -> Mask:
    """Quantity at least 10 times the market's median order, cancelled within 10 s."""
    order = lives(table)
    chosen = (order.quantity >= 10 * table.usual_quantity[order.market]) & order.was_cancelled & (order.life_s <= 10)
    return events_of(table, order.code[chosen])


def several_cancelled(table: EventTable) -> Mask:
    """At least 4 orders of one owner on one side entered and cancelled within 90 s, 70 % of all it entered there."""
    order = lives(table)
    group = codes(order.group, order.market, order.side)
    gone = order.was_cancelled & (order.life_s <= 90)
    withdrawn = recent_sum(group, order.time_ns, gone, 90)
    chosen = gone & (withdrawn >= 4) & (withdrawn >= 0.7 * recent_count(group, order.time_ns, 90))
    return events_of(table, order.code[chosen])


def large_and_cancelled_by_nobody(table: EventTable) -> Mask:
    """An order without an account of at least 10 times the market's median order, cancelled within 10 s."""
    nobody = table.account == NOBODY
    return np.asarray(nobody & large_and_cancelled(table)) if nobody.any() else nobody


def several_cancelled_by_nobody(table: EventTable) -> Mask:
    """At least 4 orders without an account on one side entered and cancelled within 90 s, 70 % of all such there."""
    nobody = table.account == NOBODY
    return np.asarray(nobody & several_cancelled(table)) if nobody.any() else nobody


def turned_round(table: EventTable) -> Mask:
    """A cancel of an order untouched, and within 1 s an aggressive fill of the same owner on the other side."""
    order = lives(table)
    gone = order.was_cancelled & (order.traded == 0)
    fills = np.flatnonzero(table.is_fill & (table.aggressor == 2))
    group = codes(
        np.concatenate((order.group, table.group[fills])), np.concatenate((order.market, table.market[fills]))
    )
    own, others = group[: len(order.code)], group[len(order.code) :]
    opposite = np.where(order.side == Side.BUY, Side.SELL, Side.BUY)
    after = recent_count(
        others * 4 + table.side[fills], table.time_ns[fills], 1.0, (own * 4 + opposite, order.end_ns + 10**9)
    )
    return events_of(table, order.code[gone & (after > 0)])


def far_and_fleeting(table: EventTable) -> Mask:
    """A limit more than 3 standard deviations of all orders' distances from the last price, cancelled within 5 s."""
    order = lives(table)
    distance = np.abs(order.price / table.last_price[order.row] - 1)
    far = np.zeros(len(order.code), dtype=bool)
    for market in range(len(table.markets)):
        here = (order.market == market) & ~np.isnan(distance)
        if here.any():
            far[here] = distance[here] > distance[here].mean() + 3 * distance[here].std()
    return events_of(table, order.code[far & order.was_cancelled & (order.life_s <= 5)])


def gone_at_once(table: EventTable) -> Mask:
    """An order withdrawn untouched within 500 ms, the third of its owner within a minute."""
    return _fleeting(table, 0.5, 3)


def probes(table: EventTable) -> Mask:
    """An order of at most the median size withdrawn within 100 ms, the tenth of its owner within a minute."""
    return _fleeting(table, 0.1, 10, size_max=1.0)


def small_then_large(table: EventTable) -> Mask:
    """3 orders below the median withdrawn within a second, then within a minute one of 5 medians on the other side."""
    order = lives(table)
    usual = table.usual_quantity[order.market]
    small = order.was_cancelled & (order.life_s <= 1) & (order.quantity < usual)
    group = codes(order.group, order.market)
    opposite = np.where(order.side == Side.BUY, Side.SELL, Side.BUY)
    probing = recent_sum(group * 4 + order.side, order.time_ns, small, 60, (group * 4 + opposite, order.time_ns))
    return events_of(table, order.code[(order.quantity >= 5 * usual) & (probing >= 3)])


def _fleeting(table: EventTable, life_s_max: float, count_min: int, size_max: float = np.inf) -> Mask:
    order = lives(table)
    gone = order.was_cancelled & (order.traded == 0) & (order.life_s <= life_s_max)
    gone &= order.quantity <= size_max * table.usual_quantity[order.market]
    many = recent_sum(codes(order.group, order.market), order.time_ns, gone, 60) >= count_min
    return events_of(table, order.code[gone & many])


def wide_spread(table: EventTable) -> Mask:
    """Best prices of new orders more than 3 standard deviations further apart than usual, minute by minute."""
    entered = np.flatnonzero((table.kind == Kind.NEW) & ~np.isnan(table.price))
    chosen = np.zeros(len(table), dtype=bool)
    for market in range(len(table.markets)):
        rows = entered[table.market[entered] == market]
        minute = codes(table.time_ns[rows] // (60 * 10**9))
        if not rows.size:
            continue
        bid = np.full(int(minute.max()) + 1, -np.inf)
        ask = np.full(int(minute.max()) + 1, np.inf)
        buying = table.side[rows] == Side.BUY
        np.maximum.at(bid, minute[buying], table.price[rows[buying]])
        np.minimum.at(ask, minute[~buying], table.price[rows[~buying]])
        spread = np.where(np.isfinite(bid) & np.isfinite(ask), (ask - bid) / np.abs(ask), np.nan)
        if np.isfinite(spread).any():
            chosen[rows] = (spread > np.nanmean(spread) + 3 * np.nanstd(spread))[minute]
    return chosen
