"""Wash trade between linked accounts: one beneficial owner on both sides of a match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from detection_service.engine.scene import Fill, Match, Scene
from detection_service.engine.triggers import MATCH
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Finding, Metadata, Parameter
from detection_service.rules.wash import chance, within_group
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="wash_owner",
    version="2.1.0",
    title="Wash trade: linked accounts on both sides",
    typology="WASH_TRADE",
    description=(
        "Two accounts of one beneficial owner, or declared as linked, trade with each other: volume is shown, "
        "beneficial ownership does not change. Several meetings, or one of orders entered together at one size, are "
        "no accident where a group so active would hardly meet itself so often by chance; a single meeting of two "
        "accounts of one owner is LOW, as are few trades of little volume, and nothing where the group is so active "
        "that it meets itself by chance. Needs reference data that says who owns or is linked to whom."
    ),
    needs=(needs.MATCHES, needs.OWNERS),
    parameters=(
        Parameter("trades_min", 3.0, "trades", 1, 16, "so often within ten minutes is no accident"),
        Parameter("own_share_min", 0.25, "share", 0, 1, "of the less busy account's trades; busy accounts meet"),
        Parameter("surprise_min", 8.0, "nats", 0, 100, "by chance once in e^8 = 3,000 matches within a group"),
        Parameter("accidents_min", 0.25, "meetings", 0, 100, "by chance in an hour; with fewer, one is told as LOW"),
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
        "Two accounts of a household that copy each other's orders.",
    ),
    known_gaps=(
        "Links that nobody declared are not known.",
        "A few washes of a group that trades with everybody all the time are not told from accidents.",
        "One or two, and three entered apart, among a dozen trades of a thin market's ten minutes are LOW at most.",
    ),
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
        recent = [fill for fill in within_group.own_trades(scene) if fill.account != fill.contra]
        known = scene.open_episode(scene.owners(frozenset({match.buyer, match.seller})))
        telling = bool(known and known["telling"]) or _is_telling(scene, parameters, match, recent)
        if not telling and not _is_one_owners(scene, parameters, match):
            return
        what = f"Linked accounts {match.buyer} (buying) and {match.seller} traded with each other"
        few = len(recent) < parameters["trades_grave"]
        yield within_group.finding(scene, parameters, recent, what, incidental=few, telling=telling)


def _is_one_owners(scene: Scene, parameters: Mapping[str, float], match: Match) -> bool:
    """Whether one owner is on both sides, and not because it is so active that it meets itself by chance."""
    owners = scene.reference.owners
    if owners.get(match.buyer, match.buyer) != owners.get(match.seller, match.seller):
        return False
    return not within_group.is_accident(scene, parameters["accidents_min"], parameters["surprise_min"])


def _is_telling(scene: Scene, parameters: Mapping[str, float], match: Match, recent: Sequence[Fill]) -> bool:
    """Whether there is more to it than the owner: repetition, or orders that were arranged, beyond chance."""
    often = len(recent) >= parameters["trades_min"] and _much_of_its_own(scene, parameters, recent)
    if not often and not _tellingly_arranged(scene, parameters, match):
        return False
    return (
        within_group.is_the_market(scene, recent) or _surprise(scene, parameters, recent) >= parameters["surprise_min"]
    )


def _tellingly_arranged(scene: Scene, parameters: Mapping[str, float], match: Match) -> bool:
    """Whether both orders were entered together at one size, in a market where others' seldom are."""
    gap_s, ratio = parameters["entry_gap_max_s"], parameters["size_ratio_min"]
    if not within_group.arranged(match, gap_s, ratio):
        return False
    known, alike = chance.arranged_here(scene, gap_s, ratio)
    return alike - 1 <= parameters["usual_arranged_max"] * (known - 1)


def _much_of_its_own(scene: Scene, parameters: Mapping[str, float], recent: Sequence[Fill]) -> bool:
    """Whether the group's trades with itself are much of what the less busy account does."""
    fills = [fill.account for fill in scene.fills(None, _since_ns(scene), scene.group_of(scene.match.buyer))]
    counts = [
        fills.count(account) for account in {account for fill in recent for account in (fill.account, fill.contra)}
    ]
    return len(recent) >= parameters["own_share_min"] * max(len(recent), min(counts))


def _surprise(scene: Scene, parameters: Mapping[str, float], recent: Sequence[Fill]) -> float:
    """How unlikely chance makes it that a group so active met itself so often, and with orders so much alike."""
    group = scene.group_of(scene.match.buyer)
    since_ns = chance.covered_since_ns(scene, [group], _since_ns(scene))
    met = min(sum(fill.time_ns >= since_ns for fill in recent), _taking_orders(scene, recent, since_ns))
    bought, sold = (len(scene.fills(side, since_ns, group)) for side in (Side.BUY, Side.SELL))
    meeting = chance.own_meetings_nats(met, bought, sold, chance.market_trades(scene, since_ns))
    gap_s, ratio = parameters["entry_gap_max_s"], parameters["size_ratio_min"]
    own = [trade for trade in scene.pair_trades(since_ns) if trade.entry_gap_s is not None]
    alike = sum((trade.entry_gap_s or 0.0) <= gap_s and trade.size_ratio >= ratio for trade in own)
    known, usual = chance.arranged_here(scene, gap_s, ratio)
    return meeting + chance.arranged_nats(alike, len(own), usual, known)


def _taking_orders(scene: Scene, recent: Sequence[Fill], since_ns: int) -> int:
    """By how many orders that took liquidity the trades were made: one that sweeps the book meets many at once."""
    trades = {fill.trade_id or fill.event_id for fill in recent}
    fills = scene.fills(None, since_ns, scene.group_of(scene.match.buyer))
    own = [fill for fill in fills if (fill.trade_id or fill.event_id) in trades]
    taking = {fill.order_id or fill.event_id for fill in own if fill.aggressor}
    return len(taking) or len(own)


def _since_ns(scene: Scene) -> int:
    return scene.now_ns - within_group.LATELY_NS
