"""Wash trade with oneself: one account on both sides of a match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Match, Scene
from detection_service.engine.triggers import MATCH
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Finding, Metadata, Parameter
from detection_service.rules.wash import within_group

METADATA = Metadata(
    rule_id="wash_self",
    version="1.2.0",
    title="Wash trade: same account on both sides",
    typology="WASH_TRADE",
    description=(
        "An account buys from itself: volume is shown, ownership and risk do not change. Orders of one busy account "
        "that were entered apart and meet hardly more often than chance would have it are LOW, or nothing where an "
        "account so active is bound to meet itself now and then."
    ),
    needs=(needs.MATCHES,),
    parameters=(
        Parameter("entry_gap_max_s", 2.0, "s", 0, 60, "orders entered together at one size are arranged"),
        Parameter("size_ratio_min", 0.9, "share", 0, 1, "one size, but for a crumb"),
        Parameter("lift_min", 3.0, "x", 1, 100, "against what chance gives an account so active"),
        Parameter("accidents_min", 0.25, "meetings", 0, 100, "by chance in an hour; with fewer, one is told"),
        Parameter("surprise_min", 4.5, "nats", 0, 100, "by chance once in e^4.5 = 90 such accounts"),
        Parameter("trades_grave", 8.0, "trades", 1, 1000, "so often is no accident of two desks"),
        Parameter("volume_share_grave", 0.2, "share", 0.001, 1, "so much of the volume misleads others"),
    ),
    regulations=(
        regulations.WASH_TRADES,
        regulations.CEA_WASH_SALE,
        regulations.SEA_NO_CHANGE_OF_OWNERSHIP,
        regulations.FINRA_SELF_TRADES,
        regulations.ANNEX_I_NO_CHANGE,
    ),
    known_false_positives=(
        "Two independent desks that share one account and meet by accident, once.",
        "An omnibus account of a broker whose customers trade with each other.",
    ),
    known_gaps=(
        "The two sides must be joined by a trade_id or contra_account; a source without both hides it.",
        "A single wash of an account that meets itself by chance anyhow, where nothing prevents it, is passed over.",
    ),
    triage_steps=(
        "Were both orders entered by the same trader or algorithm?",
        "Is self-trade prevention offered by the venue and switched off?",
        "How much of the day's volume was it?",
    ),
    episode_gap_s=600,
    episode_max_s=14_400,
)


class WashSelf:
    """Asked at every match within one group."""

    metadata = METADATA
    triggers = MATCH

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where both sides are the same account."""
        match = scene.match
        if match.buyer != match.seller:
            return
        recent = within_group.own_trades(scene, frozenset({match.buyer}))
        arranged = within_group.arranged(match, parameters["entry_gap_max_s"], parameters["size_ratio_min"])
        if not arranged and not within_group.is_the_market(scene, recent) and _is_accident(scene, parameters, match):
            return
        apart = match.entry_gap_s is not None and not arranged
        usual = within_group.expected_trades(scene, scene.now_ns - within_group.LATELY_NS)
        incidental = apart and len(recent) < max(2.0, parameters["lift_min"] * usual)
        what = f"Account {match.buyer} traded with itself"
        yield within_group.finding(scene, parameters, recent, what, incidental=incidental)


def _is_accident(scene: Scene, parameters: Mapping[str, float], match: Match) -> bool:
    """Whether an account so active meets itself by chance as often as it did."""
    account = frozenset({match.buyer})
    return within_group.is_accident(scene, parameters["accidents_min"], parameters["surprise_min"], account)
