"""Wash trade between linked accounts: one beneficial owner on both sides of a match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from detection_service.engine.scene import Fill, Match, Scene
from detection_service.engine.triggers import MATCH
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Finding, Metadata, Parameter
from detection_service.rules.wash import chance, within_group

METADATA = Metadata(
    rule_id="wash_owner",
    version="1.1.0",
    title="Wash trade: linked accounts on both sides",
    typology="WASH_TRADE",
    description=(
        "Two accounts of one beneficial owner, or declared as linked, trade with each other: volume is shown, "
        "beneficial ownership does not change. One meeting of orders entered apart is an accident; several, or orders "
        "entered together at one size, are not. Needs reference data that says who owns or is linked to whom."
    ),
    needs=(needs.MATCHES, needs.OWNERS),
    parameters=(
        Parameter("trades_min", 3.0, "trades", 1, 16, "so often within ten minutes is no accident"),
        Parameter("own_share_min", 0.25, "share", 0, 1, "of the less busy account's trades; busy accounts meet"),
        Parameter("lift_min", 2.0, "x", 1, 100, "against what chance gives a group so active"),
        Parameter(
            "usual_arranged_max", 0.1, "share", 0, 1, "where more of all meetings look arranged, one says nothing"
        ),
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
    known_false_positives=(
        "Separately managed funds of one owner whose orders meet by accident.",
        "A firm's flow that its own maker answers, where the market has few others.",
    ),
    known_gaps=("Links that nobody declared are not known.",),
    triage_steps=(
        "Confirm the link: owner, mandate, device, subnet.",
        "Were both orders entered close together, at one price and size?",
        "Who gained from the volume shown?",
    ),
    episode_gap_s=600,
    episode_max_s=14_400,
)
HOUR_NS = 3_600_000_000_000


class WashOwner:
    """Asked at every match within one group."""

    metadata = METADATA
    triggers = MATCH

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the sides are different accounts of one group."""
        match = scene.match
        if match.buyer == match.seller:
            return
        recent = [fill for fill in within_group.own_trades(scene) if fill.account != fill.contra]
        if not scene.open_episode(scene.owners(frozenset({match.buyer, match.seller}))):
            often = len(recent) >= parameters["trades_min"] and _beyond_chance(scene, parameters, recent)
            if not often and not _tellingly_arranged(scene, parameters, match):
                return
        what = f"Linked accounts {match.buyer} (buying) and {match.seller} traded with each other"
        yield within_group.finding(scene, parameters, recent, what)


def _tellingly_arranged(scene: Scene, parameters: Mapping[str, float], match: Match) -> bool:
    """Whether both orders were entered together at one size, in a market where others' seldom are."""
    gap_s, ratio = parameters["entry_gap_max_s"], parameters["size_ratio_min"]
    if not within_group.arranged(match, gap_s, ratio):
        return False
    known, alike = scene.arranged_matches(scene.now_ns - HOUR_NS, int(gap_s * 1e9), ratio)
    return alike - 1 <= parameters["usual_arranged_max"] * (known - 1)


def _beyond_chance(scene: Scene, parameters: Mapping[str, float], recent: Sequence[Fill]) -> bool:
    """Whether the group's trades with itself are much of what the less busy account does, and more than chance's."""
    since_ns = scene.now_ns - within_group.LATELY_NS
    group = scene.group_of(scene.match.buyer)
    fills = [fill.account for fill in scene.fills(None, since_ns, group)]
    counts = [
        fills.count(account) for account in {account for fill in recent for account in (fill.account, fill.contra)}
    ]
    share = len(recent) / max(len(recent), min(counts))
    expected = within_group.expected_trades(scene, since_ns)
    beyond = len(recent) >= parameters["lift_min"] * expected
    return share >= parameters["own_share_min"] and (beyond or _is_the_market(scene, recent, since_ns))


def _is_the_market(scene: Scene, recent: Sequence[Fill], since_ns: int) -> bool:
    """Whether half of all trades are the group's with itself: then chance gives nothing to compare with."""
    return 2 * len(recent) >= chance.market_trades(scene, since_ns)
