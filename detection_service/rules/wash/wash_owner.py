"""Wash trade between linked accounts: one beneficial owner on both sides of a match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Match, Scene
from detection_service.engine.triggers import MATCH
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Finding, Metadata, Parameter
from detection_service.rules.wash import within_group
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="wash_owner",
    version="1.0.0",
    title="Wash trade: linked accounts on both sides",
    typology="WASH_TRADE",
    description=(
        "Two accounts of one beneficial owner, or declared as linked, trade with each other: volume is shown, "
        "beneficial ownership does not change. One meeting of orders entered apart is an accident; several, or orders "
        "entered together at one size, are not. Needs reference data that says who owns or is linked to whom."
    ),
    needs=(needs.MATCHES,),
    parameters=(
        Parameter("trades_min", 3.0, "trades", 1, 16, "so often within ten minutes is no accident"),
        Parameter("own_share_min", 0.25, "share", 0, 1, "of the less busy account's trades; busy accounts meet"),
        Parameter("entry_gap_max_s", 2.0, "s", 0, 60, "orders entered together at one size are arranged"),
        Parameter("size_ratio_min", 0.9, "share", 0, 1, "one size, but for a crumb"),
        Parameter("trades_grave", 8.0, "trades", 1, 1000, "so often is no accident of two accounts"),
        Parameter("volume_share_grave", 0.2, "share", 0.001, 1, "so much of the volume misleads others"),
    ),
    regulations=(
        regulations.WASH_TRADES,
        regulations.CEA_WASH_SALE,
        regulations.SEA_NO_CHANGE_OF_OWNERSHIP,
        regulations.ANNEX_I_NO_CHANGE,
    ),
    known_false_positives=("Separately managed funds of one owner whose orders meet by accident.",),
    known_gaps=("Links that nobody declared are not known.",),
    triage_steps=(
        "Confirm the link: owner, mandate, device, subnet.",
        "Were both orders entered close together, at one price and size?",
        "Who gained from the volume shown?",
    ),
    episode_gap_s=600,
    episode_max_s=14_400,
)


class WashOwner:
    """Asked at every match within one group."""

    metadata = METADATA
    triggers = MATCH

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the sides are different accounts of one group."""
        match = scene.match
        if match.buyer == match.seller:
            return
        if not scene.open_episode(scene.owners(frozenset({match.buyer, match.seller}))):
            trades = scene.pair_trades(scene.now_ns - within_group.LATELY_NS)
            arranged = (
                match.entry_gap_s is not None
                and match.entry_gap_s <= parameters["entry_gap_max_s"]
                and match.size_ratio >= parameters["size_ratio_min"]
            )
            often = len(trades) >= parameters["trades_min"]
            if not arranged and not (often and _own_share(scene, match, len(trades)) >= parameters["own_share_min"]):
                return
        what = f"Linked accounts {match.buyer} (buying) and {match.seller} traded with each other"
        yield within_group.finding(scene, parameters, match, what)


def _own_share(scene: Scene, match: Match, trades: int) -> float:
    """Share of the less busy account's recent trades that were with the other."""
    since = scene.now_ns - within_group.LATELY_NS
    group = scene.group_of(match.buyer)
    fills = [fill.account for side in (Side.BUY, Side.SELL) for fill in scene.fills(side, since, group)]
    return trades / max(trades, min(fills.count(match.buyer), fills.count(match.seller)))
