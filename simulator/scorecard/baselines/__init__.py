"""The naive rule beside each rule: one line of arithmetic with fixed numbers, as books and vendors' defaults have them.

The numbers are those commonly published (a spoof is 10 times the usual order gone within 10 s, a share of 40 % of the
close marks it), written down before any comparison and never fitted. Each sees the whole table at once, the future
too, which no rule that watches a stream may: that favours it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.scorecard.baselines import flow, owners, pressure, price, wash
from simulator.scorecard.episodes import gathered
from simulator.scorecard.sighting import Sighting
from simulator.scorecard.table import EventTable, Mask

Flag = Callable[[EventTable], Mask]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The naive rule for a rule; `flag` marks events, its docstring is the rule. Some speak of markets, not people."""

    rule_id: str
    flag: Flag
    is_about_markets: bool = False

    @property
    def text(self) -> str:
        """The rule in a sentence."""
        return " ".join((self.flag.__doc__ or "").split())

    def sightings(self, table: EventTable) -> list[Sighting]:
        """What it says about a table."""
        with np.errstate(divide="ignore", invalid="ignore"):  # prices that are not there
            flagged = self.flag(table) if len(table) else np.zeros(0, dtype=bool)
        return gathered(table, flagged, self.rule_id, is_about_markets=self.is_about_markets)


_FLAGS: Final[dict[str, Flag]] = {
    "account_volume_spike": owners.above_itself,
    "cancel_to_fill": flow.cancels_a_fill,
    "collusion": owners.one_device,
    "cross_product": owners.two_products,
    "cross_venue": owners.two_venues,
    "dominating_volume": price.half_the_volume,
    "fat_finger": owners.enormous,
    "flipping": pressure.turned_round,
    "floor_ceiling": price.one_price,
    "front_running": owners.before_large_order,
    "insider_dealing": owners.before_news,
    "layering": pressure.several_cancelled,
    "layering_anonymous": pressure.several_cancelled_by_nobody,
    "marking_the_close": price.share_of_the_close,
    "matched_orders": wash.alike_orders,
    "momentum_ignition": flow.burst_then_back,
    "no_intent_orders": pressure.far_and_fleeting,
    "off_market_price": owners.through_the_market,
    "painting_the_tape": wash.small_rising,
    "phishing": pressure.small_then_large,
    "ping_pong": wash.often_together,
    "pinging": pressure.probes,
    "position_concentration": owners.large_holding,
    "price_spike": price.price_jump,
    "profile_deviation": owners.above_profile,
    "pump_and_dump": price.rise_on_volume,
    "quote_stuffing": flow.many_orders,
    "ramping": flow.own_steps,
    "restricted_list": owners.restricted,
    "smoking": pressure.gone_at_once,
    "spoofing": pressure.large_and_cancelled,
    "spoofing_anonymous": pressure.large_and_cancelled_by_nobody,
    "volatility_burst": price.restless_minute,
    "volume_surge": price.volume_jump,
    "wash_netting": wash.net_nothing,
    "wash_owner": wash.own_owner,
    "wash_ring": wash.rings,
    "wash_self": wash.own_account,
    "wash_volume": wash.volume_without_move,
    "wide_spread": pressure.wide_spread,
}
_ABOUT_MARKETS: Final = {"price_spike", "volatility_burst", "volume_surge", "wash_volume", "wide_spread"}
BASELINES: Final = {rule_id: Baseline(rule_id, flag, rule_id in _ABOUT_MARKETS) for rule_id, flag in _FLAGS.items()}
"""The naive rule of every rule that judges events, by rule."""


def said_by_baselines(table: EventTable, rule_ids: Iterable[str] | None = None) -> dict[str, list[Sighting]]:
    """What the naive rules (all, or those of some rules) say about a table; rules without one are left out."""
    wanted = BASELINES if rule_ids is None else [rule_id for rule_id in rule_ids if rule_id in BASELINES]
    return {rule_id: BASELINES[rule_id].sightings(table) for rule_id in wanted}
