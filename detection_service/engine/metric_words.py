"""What each window metric means and in which unit it is: the words of docs/metrics.md and of alerts' measurements."""

from __future__ import annotations

from typing import Final, NamedTuple

from detection_service.engine.metrics import OWNER_METRICS


class Words(NamedTuple):
    """Unit and meaning of a metric."""

    unit: str
    meaning: str


GROUP: Final = {
    "orders": Words("orders", "orders entered, both sides"),
    "orders_buy": Words("orders", "buy orders entered"),
    "orders_sell": Words("orders", "sell orders entered"),
    "quantity_buy": Words("quantity", "total quantity of the buy orders entered"),
    "quantity_sell": Words("quantity", "total quantity of the sell orders entered"),
    "cancels": Words("cancels", "withdrawals: cancels, and replaces that moved an order away or took most of it off"),
    "cancelled_buy": Words("quantity", "buy quantity withdrawn"),
    "cancelled_sell": Words("quantity", "sell quantity withdrawn"),
    "cancelled_life_s": Words("s", "sum of the lives of the withdrawn orders; divide by cancels for the mean"),
    "fleeting": Words("cancels", "withdrawals within 1 s of entry"),
    "fleeting_share": Words("share", "fleeting / cancels; 0 without cancels"),
    "improved_withdrawn": Words("cancels", "orders that improved their side's best price and went within 500 ms"),
    "far_withdrawn": Words("cancels", "orders entered several usual spreads from the touch and gone within 5 s"),
    "probes": Words("cancels", "orders of at most a quarter of the usual size, gone within 100 ms"),
    "depth_share_max": Words("share", "share of its side's best ten levels that the largest order entered had"
                                      " (over longer windows the minutes' are added up: use it with 1m)"),
    "orders_at_best": Words("orders", "orders entered at or better than their side's best price"),
    "replaces": Words("replaces", "replaces"),
    "messages": Words("messages", "orders, cancels and replaces"),
    "message_share": Words("share", "messages as a share of the market's"),
    "fills": Words("fills", "executions, both sides"),
    "bought": Words("quantity", "quantity bought"),
    "sold": Words("quantity", "quantity sold"),
    "aggressive_fills": Words("fills", "executions that took liquidity"),
    "aggressive_bought": Words("quantity", "quantity bought by taking liquidity"),
    "aggressive_sold": Words("quantity", "quantity sold by taking liquidity"),
    "pushes_up": Words("fills", "own aggressive executions above the last price"),
    "pushes_down": Words("fills", "own aggressive executions below the last price"),
    "cancel_to_fill": Words("x", "cancels / fills, with at least 1 below the line"),
    "cancel_multiple": Words("x", "cancel_to_fill against the median of groups here; 0 before that is known"),
    "message_multiple": Words("x", "messages against one of the busiest minutes in a hundred here; 0 before known"),
    "far_share": Words("share", "far_withdrawn of orders entered"),
    "pushes": Words("fills", "the larger of pushes_up and pushes_down"),
    "push_share": Words("share", "pushes of both ways' pushes; 0 without any"),
    "net_pushes": Words("fills", "pushes one way less those the other way, without sign"),
    "net_share": Words("share", "|bought - sold| / (bought + sold): 0 came out even, 1 one-sided or did not trade"),
    "volume_share": Words("share", "its part of both sides of the market's volume: 0.5 on one side of every trade,"
                                   " 1 on both"),
}  # fmt: skip
MARKET: Final = {
    "market_trades": Words("trades", "trades"),
    "market_volume": Words("quantity", "quantity traded, each match once"),
    "market_price_change": Words("share", "last price / first price of the window - 1; negative where it fell"),
    "market_range": Words("share", "highest / lowest traded price - 1"),
    "market_messages": Words("messages", "orders, cancels and replaces of everybody"),
}
GROUP_PLAIN: Final = {
    "large_take": Words("1 or 0", "whether a large order just took liquidity after many small ones or probes"),
    "minute_over": Words("1 or 0", "whether the moment is the end of its minute, not a doubling within one"),
    "bought_from_one": Words(
        "fills", "of its fills of the last hour (at most 64), the most in which it bought from one group"
    ),
    "sold_to_one": Words("fills", "the most of them in which it sold to one group"),
    "partner_share": Words(
        "share", "of its fills of the last hour (at most 64), those with the four groups it met most"
    ),
}
MARKET_PLAIN: Final = {
    "market_spread": Words("share", "best ask - best bid, as a share of the price"),
    "market_spread_multiple": Words("x", "the spread against its median here"),
    "market_volume_multiple_1m": Words("x", "volume of the minute against the mean minute of the last 60"),
    "market_volume_multiple_5m": Words("x", "volume of five minutes against the mean five minutes of the last 60"),
}
OWNER: Final = {
    "notional": Words("currency", "notional traded over all markets, in the common currency"),
    "bought_notional": Words("currency", "notional bought"),
    "sold_notional": Words("currency", "notional sold"),
    "fills": Words("fills", "executions over all markets"),
}
OWNER_PLAIN: Final = {
    "float_share": Words("share", "share of the instrument's float it holds, counted from positions and fills"),
    "linked_push": Words("share", "how far its own aggressive fills moved another market of the product"),
    "notional_before_2h": Words("currency", "notional of the twelve hours before the last two"),
    "markets_5m": Words("markets", "markets it traded in within five minutes"),
    "has_baseline": Words("1 or 0", "whether reference data say of an account of it what it trades a day"),
}
GROUP_WINDOWS: Final = "1m 5m 30m 60m"
OWNER_WINDOWS: Final = "5m 2h 3h 12h"
UNITLESS: Final = ""


def words_of(metric: str, subject: str) -> Words | None:
    """Unit and meaning of a metric (with its window) of a subject: group, market or owner."""
    if subject == "owner":
        return OWNER_PLAIN.get(metric) or OWNER.get(_base(metric))
    return GROUP_PLAIN.get(metric) or MARKET_PLAIN.get(metric) or GROUP.get(_base(metric)) or MARKET.get(_base(metric))


def unit_of(metric: str) -> str:
    """Unit of a metric, empty for one without words."""
    found = words_of(metric, "owner") if metric in OWNER_METRICS else words_of(metric, "group")
    return UNITLESS if found is None else found.unit


def _base(metric: str) -> str:
    return metric.rpartition("_")[0]


def page() -> str:
    """The text of docs/metrics.md."""
    lines = [_INTRODUCTION]
    parts = (
        ("Of a group in a market (`subject: group`)", GROUP, GROUP_WINDOWS),
        ("Of a group in a market, without a window", GROUP_PLAIN, ""),
        ("Of a market (`subject: market`, and beside the group's for `subject: group`)", MARKET, GROUP_WINDOWS),
        ("Of a market, without a window", MARKET_PLAIN, ""),
        ("Of an owner over all markets (`subject: owner`)", OWNER, OWNER_WINDOWS),
        ("Of an owner, without a window of choice", OWNER_PLAIN, ""),
    )
    for title, table, windows in parts:
        told = f"Windows: {', '.join(f'`_{window}`' for window in windows.split())}.\n\n" if windows else ""
        lines.append(f"\n## {title}\n\n{told}| metric | unit | meaning |\n|---|---|---|\n")
        suffix = "_WINDOW" if windows else ""
        lines += [f"| `{name}{suffix}` | {words.unit} | {words.meaning} |\n" for name, words in table.items()]
    return "".join(lines)


_INTRODUCTION: Final = """\
# The window metrics

What conditions are written over: `when:` of a rule in YAML, `conditions(parameters)` of one in Python. A group is the
accounts that one beneficial owner or a declared link joins; without reference data every account is its own group.

The name of a metric ends with its window: `cancels_5m` are the withdrawals of five minutes. `1m` is the minute in
hand (or the one that has just ended), `5m` that and the four whole minutes before it, `30m` and `60m` that and the
periods of ten minutes before it. Windows follow event time; a minute is a minute of the clock.

A group's conditions are looked at when its minute rolls over (it sends or trades something in another minute) and
whenever what it did in the minute has doubled: 16, 32, 64 ... messages, 4, 8, 16 ... fills. A market's are looked at
when its minute rolls over. An owner's are looked at when the group's first fill of a five minutes of the clock comes,
and whenever what it traded in them has doubled; float_share when its position has grown by a twentieth, linked_push
at every fill of a product with several markets. One that is not looked at reads 0, so conditions on several of these
hold only where they come together. All in compiled code: a rule costs nothing while its conditions do not hold.

A share is 0 to 1, also where it is written as a percentage: 0.02 is 2 %.
"""


if __name__ == "__main__":
    print(page(), end="")
