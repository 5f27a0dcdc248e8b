"""What each feature of a portrait means, in an analyst's words; docs/anomaly.md has the same table."""

from __future__ import annotations

from math import expm1
from typing import Final, NamedTuple

from detection_service.engine.portrait import FAMILIES, FEATURES

SHARE: Final = "share"
POWER: Final = "power of two"
LOG: Final = "log"


class Words(NamedTuple):
    """`kind` is how a value is written (`told`), `meaning` what it says."""

    kind: str
    meaning: str


WORDS: Final = {
    "message_share": Words(SHARE, "its part of the market's messages, five minutes"),
    "message_multiple": Words(LOG, "messages against one of the busiest minutes in a hundred here"),
    "burst": Words(SHARE, "how much of its messages came in the last minute of five"),
    "order_to_trade": Words(POWER, "messages for every fill"),
    "cancel_multiple": Words(LOG, "cancels a fill in half an hour, against what is usual in this market"),
    "cancel_life": Words(LOG, "seconds its cancelled orders stood, on average"),
    "fleeting_share": Words(SHARE, "cancels within a second of entry, of its cancels"),
    "cancelled_share": Words(SHARE, "quantity cancelled, of quantity entered and cancelled"),
    "order_size": Words(POWER, "size of its orders against the usual order here"),
    "depth_share": Words(SHARE, "part of its side of the book that its largest order was"),
    "at_best_share": Words(SHARE, "orders at or through the best price, of its orders"),
    "improved_share": Words(SHARE, "orders that improved the best price and were gone in half a second"),
    "far_share": Words(SHARE, "orders entered far from the market and gone in five seconds"),
    "probe_share": Words(SHARE, "tiny orders gone within a tenth of a second"),
    "replace_share": Words(SHARE, "replaces, of its messages"),
    "largest_withdrawn": Words(POWER, "its largest withdrawn order against the usual order here, two minutes"),
    "withdrawn_depth_share": Words(SHARE, "part of its side of the book that a withdrawn order was"),
    "layers": Words(LOG, "orders withdrawn that had stood together on one side"),
    "equal_withdrawn": Words(SHARE, "withdrawn orders of the very size of the one before"),
    "stood_while_traded": Words(SHARE, "of what it withdrew, what stood while it traded on the other side"),
    "bait": Words(POWER, "the largest order that stood while it traded on the other side, and was withdrawn"),
    "bait_speed": Words(POWER, "the same, less the longer after that trade it was withdrawn"),
    "withdrawn_against_traded": Words(POWER, "its largest withdrawn order against those of its orders that traded"),
    "order_lean": Words(SHARE, "how one-sided the orders it entered were"),
    "cancel_lean": Words(SHARE, "how one-sided its cancels were"),
    "fill_lean": Words(SHARE, "how one-sided its trades were"),
    "opposed": Words(SHARE, "cancels on one side with trades on the other"),
    "turns": Words(SHARE, "how often it changed sides from one trade to the next"),
    "came_back": Words(SHARE, "how near an hour's trades left its position to where it was"),
    "volume_share_5m": Words(SHARE, "its part of the market's volume, five minutes"),
    "volume_share_60m": Words(SHARE, "its part of the market's volume, an hour"),
    "aggressive_share": Words(SHARE, "trades in which it took liquidity"),
    "push_share": Words(SHARE, "trades in which it moved the price one way"),
    "net_pushes": Words(LOG, "trades that moved the price its way, less those the other way"),
    "impact": Words("number", "how far the price went the way it traded, in usual minutes, by its part of the volume"),
    "equal_fills": Words(SHARE, "trades of the very size of the one before"),
    "even_gaps": Words(SHARE, "how even the pauses between its trades were"),
    "walk": Words(SHARE, "trades at a worse price for itself than its trade before"),
    "round_trip_gain": Words("number", "what an hour's buying and selling gained, in usual minutes, by its part of the"
                                       " volume"),
    "self_share": Words(SHARE, "trades with itself or its own owner's accounts, five minutes"),
    "top_partner_share": Words(SHARE, "trades with the one other it met most, five minutes"),
    "back_and_forth": Words(SHARE, "trades undone with the same other, five minutes"),
    "concentration": Words(SHARE, "how likely two of its trades are with the same other, five minutes"),
    "between_two": Words(SHARE, "how much it bought from one and sold to one"),
    "partner_lift": Words(LOG, "how much oftener it met one other than that one trades with anybody"),
    "self_share_60m": Words(SHARE, "trades with itself or its own owner's accounts, an hour"),
    "top_partner_share_60m": Words(SHARE, "trades with the one other it met most, an hour"),
    "concentration_60m": Words(SHARE, "how likely two of its trades are with the same other, an hour"),
    "pace_change": Words(POWER, "how active it was against its own hour"),
    "volume_change": Words(SHARE, "how much of its hour's volume came in these five minutes"),
    "order_to_trade_change": Words(POWER, "messages for every fill against its own hour"),
    "order_size_change": Words(POWER, "size of its orders against its own hour"),
    "lean_change": Words("number", "how one-sided its trades were against its own hour"),
    "aggressive_change": Words("number", "how often it took liquidity against its own hour"),
    "cancel_life_change": Words(POWER, "how long its cancelled orders stood against its own hour"),
    "market_move": Words("number", "how far the market moved, in usual minutes"),
    "market_volume": Words(LOG, "the market's volume against its hour"),
}  # fmt: skip


def told(feature: str, value: float) -> str:
    """A feature's value as a person reads it: a share in per cent, a power of two as so many times, none where there
    was nothing to measure."""
    kind = WORDS[feature].kind
    if kind == SHARE:
        return f"{value:.0%}"
    if kind == POWER:
        return f"{2.0**value:.3g} times"
    if kind == LOG:
        return f"{expm1(value):.3g}" if value >= 0.0 else "none"
    return f"{value:.3g}"


def table() -> str:
    """The features by family, as a table of docs/anomaly.md."""
    lines = ["| feature | family | meaning |\n|---|---|---|\n"]
    lines += [f"| `{name}` | {family} | {WORDS[name].meaning} |\n" for family in FAMILIES for name in FAMILIES[family]]
    return "".join(lines)


assert tuple(WORDS) == FEATURES


if __name__ == "__main__":
    print(table(), end="")
