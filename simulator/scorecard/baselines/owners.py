"""One-liners for owners over all they do, and for what was announced, held or linked."""

from datetime import datetime

import numpy as np

from simulator.scorecard.baselines.lives import lives
from simulator.scorecard.baselines.windows import (
    SECOND_NS,
    bucket_total,
    codes,
    mask_of,
    periods,
    recent_count,
    recent_sum,
)
from simulator.scorecard.table import Array, EventTable, Mask
from tapewatch.market.event import Kind, Side


def _fills(table: EventTable) -> Array:
    return np.flatnonzero(table.is_fill & (table.group > 0))


def _notional(table: EventTable, rows: Array) -> Array:
    return np.asarray(np.nan_to_num(np.abs(table.price[rows] * table.quantity[rows])))


def above_itself(table: EventTable) -> Mask:
    """Notional of 2 hours at least 4 times the owner's mean of 2 hours over the 12 hours before."""
    rows = _fills(table)
    group, time_ns, notional = table.group[rows], table.time_ns[rows], _notional(table, rows)
    recent = recent_sum(group, time_ns, notional, 7200)
    before = recent_sum(group, time_ns, notional, 12 * 3600, (group, time_ns - 7200 * SECOND_NS)) / 6
    return mask_of(table, rows[(before > 0) & (recent >= 4 * before)])


def above_profile(table: EventTable) -> Mask:
    """Notional of 3 hours at least 12 times the share of its stored daily baseline, and at least 250,000."""
    rows = _fills(table)
    daily = {row["account"]: row.get("baseline_notional_per_day", "") for row in table.reference.accounts}
    baseline = np.asarray([float(daily.get(name) or "nan") for name in table.accounts]) / 8
    recent = recent_sum(table.account[rows], table.time_ns[rows], _notional(table, rows), 3 * 3600)
    return mask_of(table, rows[(recent >= 12 * baseline[table.account[rows]]) & (recent >= 250_000)])


def large_holding(table: EventTable) -> Mask:
    """An owner's position at the start and its net fills since come to 20 % of the instrument's float."""
    rows = _fills(table)
    floats = {row["instrument"]: row.get("float_quantity", "") for row in table.reference.instruments}
    held = {(row["account"], row["instrument"]): float(row["quantity"]) for row in table.reference.positions}
    chosen = []
    signed = np.where(table.side[rows] == Side.BUY, 1.0, -1.0) * np.nan_to_num(table.quantity[rows])
    start = {(int(table.owner[code]), name): 0.0 for code in range(len(table.accounts)) for _, name in table.markets}
    for (account, name), quantity in held.items():
        if account in table.accounts:
            key = (int(table.owner[table.accounts.index(account)]), name)
            start[key] = start.get(key, 0.0) + quantity
    for market, (_, name) in enumerate(table.markets):
        share_of = float(floats.get(name) or "nan")
        here = rows[table.market[rows] == market]
        for group in np.unique(table.group[here]).tolist():
            own = here[table.group[here] == group]
            position = start.get((group, name), 0.0) + np.cumsum(signed[np.searchsorted(rows, own)])
            chosen.append(own[position >= 0.2 * share_of])
    return mask_of(table, np.concatenate(chosen) if chosen else np.zeros(0, dtype=np.int64))


def before_large_order(table: EventTable) -> Mask:
    """A fill at most 45 s before another owner's order of 10 medians on the same side, and a fill back within 135 s."""
    rows = _fills(table)
    order = lives(table)
    large = np.flatnonzero((order.quantity >= 10 * table.usual_quantity[order.market]) & (order.group > 0))
    side, market = table.side[rows].astype(np.int64), table.market[rows].astype(np.int64)
    key = market * 4 + side
    groups = table.group[rows].astype(np.int64)
    large_key = order.market[large].astype(np.int64) * 4 + order.side[large]
    large_time, large_group = order.time_ns[large], order.group[large].astype(np.int64)
    owner_count = len(table.owners)
    ahead = recent_count(large_key, large_time, 45, (key, table.time_ns[rows] + 45 * SECOND_NS))
    ahead -= recent_count(
        large_key * owner_count + large_group,
        large_time,
        45,
        (key * owner_count + groups, table.time_ns[rows] + 45 * SECOND_NS),
    )
    opposite = market * 4 + np.where(side == Side.BUY, Side.SELL, Side.BUY)
    left = recent_count(
        key * owner_count + groups, table.time_ns[rows], 135,
        (opposite * owner_count + groups, table.time_ns[rows] + 135 * SECOND_NS),
    )  # fmt: skip
    return mask_of(table, rows[(ahead > 0) & (left > 0)])


def before_news(table: EventTable) -> Mask:
    """Fills in the hour before an announcement, 5 times the owner's mean hour in the instrument or its first."""
    rows = _fills(table)
    chosen = np.zeros(rows.size, dtype=bool)
    notional, hours = _notional(table, rows), max(1.0, float(np.ptp(table.time_ns)) / 3.6e12) if rows.size else 1.0
    own = bucket_total(codes(table.group[rows], table.market[rows]), notional)
    for news in table.reference.announcements:
        moment = _moment(news["time_ns"])
        markets = [code for code, (_, name) in enumerate(table.markets) if name == news["instrument"]]
        before = moment - table.time_ns[rows]
        inside = np.isin(table.market[rows], markets) & (before > 0) & (before <= 3600 * SECOND_NS)
        here = np.flatnonzero(inside)
        recent = bucket_total(codes(table.group[rows[here]], table.market[rows[here]]), notional[here])
        chosen[here] |= recent >= 5 * (own[here] - recent) / hours
    return mask_of(table, rows[chosen])


def _moment(text: str) -> int:
    return int(text) if text.isdigit() else int(datetime.fromisoformat(text).timestamp() * 1e9)


def two_venues(table: EventTable) -> Mask:
    """An owner buys an instrument on one venue and sells it on another within 60 s."""
    names = {name: place for place, name in enumerate(sorted({name for _, name in table.markets}))}
    return _both_ways(table, np.asarray([names[name] for _, name in table.markets], dtype=np.int64), 60)


def two_products(table: EventTable) -> Mask:
    """An owner trades an underlying and its derivative in opposite ways within 60 s."""
    base = {row["instrument"]: row.get("underlying") or row["instrument"] for row in table.reference.instruments}
    names = {name: place for place, name in enumerate(sorted({base.get(name, name) for _, name in table.markets}))}
    return _both_ways(table, np.asarray([names[base.get(name, name)] for _, name in table.markets], dtype=np.int64), 60)


def _both_ways(table: EventTable, thing: Array, seconds: float) -> Mask:
    """Fills of an owner with one of the other side in another market of the same thing near them."""
    rows = _fills(table)
    market, side = table.market[rows].astype(np.int64), table.side[rows].astype(np.int64)
    opposite = np.where(side == Side.BUY, Side.SELL, Side.BUY)
    own = table.group[rows].astype(np.int64) * (int(thing.max(initial=0)) + 1) + thing[market]
    time_ns = table.time_ns[rows]
    later = time_ns + int(seconds * SECOND_NS)
    near = recent_count(own * 4 + side, time_ns, 2 * seconds, (own * 4 + opposite, later))
    markets = len(table.markets)
    here = recent_count((own * 4 + side) * markets + market, time_ns, 2 * seconds,
                        ((own * 4 + opposite) * markets + market, later))  # fmt: skip
    return mask_of(table, rows[near - here > 0])


def one_device(table: EventTable) -> Mask:
    """3 accounts of one device or subnet trade a market within 60 s, 70 % of them on one side."""
    chosen = np.zeros(len(table), dtype=bool)
    rows = _fills(table)
    for column in ("device", "ip_subnet"):
        shared = {row["account"]: row.get(column, "") for row in table.reference.accounts}
        names = {"": 0}
        place = np.asarray([names.setdefault(shared.get(name, ""), len(names)) for name in table.accounts])
        of_device = rows[place[table.account[rows]] > 0]
        device = place[table.account[of_device]]
        window = codes(device, table.market[of_device], periods(table, of_device, 60))
        side = codes(window, table.side[of_device])
        accounts = _distinct(window, table.account[of_device])
        same = bucket_total(side, np.ones(of_device.size)) / bucket_total(window, np.ones(of_device.size))
        chosen[of_device[(accounts >= 3) & (same >= 0.7)]] = True
    return chosen


def _distinct(bucket: Array, value: Array) -> Array:
    """For each event, how many different values its bucket has."""
    pair = codes(bucket, value)
    first = np.zeros(len(bucket))
    first[np.unique(pair, return_index=True)[1]] = 1
    return bucket_total(bucket, first)


def restricted(table: EventTable) -> Mask:
    """An order or fill of an account, or in an instrument, on the list."""
    accounts = {
        row["account"] for row in table.reference.restricted if row.get("account") and not row.get("instrument")
    }
    things = {
        row["instrument"] for row in table.reference.restricted if row.get("instrument") and not row.get("account")
    }
    pairs = {(row["account"], row["instrument"]) for row in table.reference.restricted
             if row.get("account") and row.get("instrument")}  # fmt: skip
    by_account = np.asarray([name in accounts for name in table.accounts])[table.account]
    by_thing = np.asarray([name in things for _, name in table.markets], dtype=bool)[table.market]
    listed = by_account | (by_thing & (table.account > 0))
    for account, instrument in pairs & {(name, thing) for name in table.accounts for _, thing in table.markets}:
        markets = [code for code, (_, name) in enumerate(table.markets) if name == instrument]
        listed |= (table.account == table.accounts.index(account)) & np.isin(table.market, markets)
    return np.asarray(listed & np.isin(table.kind, (Kind.NEW, Kind.FILL)))


def through_the_market(table: EventTable) -> Mask:
    """A limit or fill more than 5 % from the last price."""
    priced = np.isin(table.kind, (Kind.NEW, Kind.FILL)) & (table.group > 0)
    return np.asarray(priced & (np.abs(table.price / table.last_price - 1) > 0.05))


def enormous(table: EventTable) -> Mask:
    """A new order of at least 100 times the market's median order."""
    return np.asarray((table.kind == Kind.NEW) & (table.quantity >= 100 * table.usual_quantity[table.market]))
