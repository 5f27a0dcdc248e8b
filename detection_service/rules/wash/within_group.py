"""What the two rules on trades within one beneficial group share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detection_service.engine.market_state import MINUTE_NS
from detection_service.engine.scene import Fill, Match, Scene
from detection_service.rules.rule import Finding, excess, graded
from detection_service.rules.wash import chance
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

HOUR_BUCKETS = 60
LATELY_NS = 600 * 1_000_000_000
MEDIUM_SCORE, INCIDENTAL_SCORE = 0.5, 0.3


def own_trades(scene: Scene, accounts: frozenset[str] | None = None, since_ns: int | None = None) -> list[Fill]:
    """Lately's trades of the acting group with itself, of the named accounts where some are named, oldest first; each
    told once, by its first side seen."""
    told: dict[str, Fill] = {}
    group = scene.group_of(scene.match.buyer)
    for fill in scene.fills(None, scene.now_ns - LATELY_NS if since_ns is None else since_ns, group):
        inside = fill.contra and scene.group_of(fill.contra) == group
        meant = inside and (accounts is None or {fill.account, fill.contra} == accounts)
        if meant and not any(_is_other_side(fill, each) for each in reversed(told.values())):
            told.setdefault(fill.trade_id or fill.event_id, fill)
    return list(told.values())


def _is_other_side(fill: Fill, told: Fill) -> bool:
    """Whether a fill is the other side of one that was told: some sources number each side of a trade by itself."""
    return (
        (fill.time_ns, fill.price, fill.quantity) == (told.time_ns, told.price, told.quantity)
        and (fill.account, fill.contra) == (told.contra, told.account)
        and fill.side is not told.side
        and (fill.trade_id != told.trade_id or not fill.trade_id)
    )


def expected_trades(scene: Scene, since_ns: int) -> float:
    """How often chance would have the group's buys meet its own sells."""
    group = scene.group_of(scene.match.buyer)
    since_ns = chance.covered_since_ns(scene, [group], since_ns)
    bought, sold = (len(scene.fills(side, since_ns, group)) for side in (Side.BUY, Side.SELL))
    return bought * sold / max(1, chance.market_trades(scene, since_ns))


def is_the_market(scene: Scene, recent: Sequence[Fill]) -> bool:
    """Whether half of all trades lately are the group's with itself: then chance gives nothing to compare with."""
    return 2 * len(recent) >= chance.market_trades(scene, scene.now_ns - LATELY_NS)


def is_accident(scene: Scene, expected_min: float, surprise_min: float, accounts: frozenset[str] | None = None) -> bool:
    """Whether the group is so active that it meets itself by chance, and has met itself hardly more often.

    Over the last hour, or as long as the market and the group's fills are known: `expected_min` meetings at least are
    to be expected of chance in that time for it to be an excuse, up to a surprise of `surprise_min` nats.
    """
    group, hour_ns = scene.group_of(scene.match.buyer), scene.now_ns - HOUR_BUCKETS * MINUTE_NS
    since_ns = chance.covered_since_ns(scene, [group], hour_ns)
    met, trades = len(own_trades(scene, accounts, since_ns)), max(1, chance.market_trades(scene, since_ns))
    bought, sold = (max(met, len(scene.fills(side, since_ns, group))) for side in (Side.BUY, Side.SELL))
    known_ns = max(hour_ns, min(scene.market_since_ns(), since_ns))
    longer = (scene.now_ns - known_ns) / max(1, scene.now_ns - max(since_ns, known_ns))
    return (
        longer * bought * sold / trades >= expected_min
        and chance.own_meetings_nats(met, bought, sold, trades) < surprise_min
    )


def arranged(match: Match, gap_max_s: float, size_ratio_min: float) -> bool:
    """Whether both orders were entered together at one size."""
    return match.entry_gap_s is not None and match.entry_gap_s <= gap_max_s and match.size_ratio >= size_ratio_min


def _said(share: float) -> str:
    return f"{share:.1%}" if share >= 0.0005 else "less than 0.1%"


def finding(
    scene: Scene,
    parameters: Mapping[str, float],
    recent: Sequence[Fill],
    what: str,
    *,
    incidental: bool = False,
    telling: bool = True,
) -> Finding:
    """A finding for a match within a group; grows graver with repetition and with its share of the market's volume.

    `recent` are lately's trades of the kind, the match among them; an `incidental` one is LOW while it is small, and
    one that is not `telling`, of which nothing but the owner speaks, is LOW.
    """
    match = scene.match
    accounts = frozenset({match.buyer, match.seller}).union(*({fill.account, fill.contra} for fill in recent)) - {""}
    owners = scene.owners(accounts)
    before = scene.open_episode(owners)
    trades, quantity = float(len(recent)), sum(fill.quantity for fill in recent)
    if before:
        is_new = match.first and not _is_echo(scene)
        trades = before["trades"] + (1.0 if is_new else 0.0)
        quantity = before["quantity"] + (match.quantity if is_new else 0.0)
    last = scene.now_ns // MINUTE_NS
    volume = scene.market.minute.traded(last - HOUR_BUCKETS, last)
    share = min(1.0, quantity / volume) if volume > 0 else 1.0
    repeated = excess(trades, parameters["trades_grave"] / 4, 2.0)
    much = excess(share, parameters["volume_share_grave"] / 8)
    score = (INCIDENTAL_SCORE if incidental and not much else MEDIUM_SCORE) + 0.25 * repeated + 0.25 * much
    if not telling:
        score = INCIDENTAL_SCORE
    return Finding(
        owners=owners,
        accounts=accounts,
        severity=graded(score, (0.5, Severity.MEDIUM), (0.7, Severity.HIGH), (0.9, Severity.CRITICAL)),
        score=score,
        start_time_ns=min((fill.time_ns for fill in recent), default=scene.now_ns),
        end_time_ns=scene.now_ns,
        explanation=(
            f"{what} {trades:.0f} time{'s' if trades != 1 else ''}, {quantity:g} in all and lately at "
            f"{match.price:g}, {_said(share)} of what the market traded in the last hour; ownership did not change, "
            f"where usually none of an owner's trades are with itself."
        ),
        measurements=(
            Measurement("matches", trades, 1.0, "trades"),
            Measurement("volume_share", share, parameters["volume_share_grave"], "share"),
        ),
        opening=match.event_ids,
        evidence=match.event_ids | {fill.event_id for fill in recent},
        order_ids=match.order_ids,
        trade_ids=frozenset({match.trade_id, *(fill.trade_id for fill in recent)}) - {""},
        memory={"trades": trades, "quantity": quantity, "telling": float(telling)},
    )


def _is_echo(scene: Scene) -> bool:
    """Whether the fill at hand is the other side of one just told under a number of its own."""
    fills = scene.fills(None, scene.now_ns, scene.group_of(scene.match.buyer))
    return any(_is_other_side(fills[-1], each) for each in fills[:-1])
