"""What the two rules on trades within one beneficial group share."""

from __future__ import annotations

from collections.abc import Mapping

from detection_service.engine.market_state import MINUTE_NS
from detection_service.engine.scene import Match, Scene
from detection_service.rules.rule import Finding, excess, graded
from tapewatch.alert import Measurement, Severity

HOUR_BUCKETS = 60
LATELY_NS = 600 * 1_000_000_000


def finding(scene: Scene, parameters: Mapping[str, float], match: Match, what: str) -> Finding:
    """A finding for a match within a group; grows graver with repetition and with its share of the market's volume."""
    accounts = frozenset({match.buyer, match.seller})
    owners = scene.owners(accounts)
    before = scene.open_episode(owners) or {}
    recent = scene.pair_trades(scene.now_ns - LATELY_NS)
    trades = before.get("trades", len(recent) - 1.0) + (1.0 if match.first or not before else 0.0)
    quantity = before["quantity"] if before else sum(trade.quantity for trade in recent) - match.quantity
    quantity += match.quantity if match.first or not before else 0.0
    last = scene.now_ns // MINUTE_NS
    volume = scene.market.minute.traded(last - HOUR_BUCKETS, last)
    share = min(1.0, quantity / volume) if volume > 0 else 1.0
    repeated = excess(trades, parameters["trades_grave"] / 4, 2.0)
    score = 0.5 + 0.25 * repeated + 0.25 * excess(share, parameters["volume_share_grave"] / 8)
    return Finding(
        owners=owners,
        accounts=accounts,
        severity=graded(score, (0.5, Severity.MEDIUM), (0.7, Severity.HIGH), (0.9, Severity.CRITICAL)),
        score=score,
        start_time_ns=min((trade.time_ns for trade in recent), default=scene.now_ns),
        end_time_ns=scene.now_ns,
        explanation=(
            f"{what} {trades:.0f} time{'s' if trades != 1 else ''}, {quantity:g} in all and lately at "
            f"{match.price:g}, {share:.1%} of what the market traded in the last hour; ownership did not change, "
            f"where usually none of an owner's trades are with itself."
        ),
        measurements=(
            Measurement("matches", trades, 1.0, "trades"),
            Measurement("volume_share", share, parameters["volume_share_grave"], "share"),
        ),
        opening=match.event_ids,
        evidence=match.event_ids | {trade.event_id for trade in recent},
        order_ids=match.order_ids,
        trade_ids=frozenset({match.trade_id, *(trade.trade_id for trade in recent)}) - {""},
        memory={"trades": trades, "quantity": quantity},
    )
