"""Ping-pong: two accounts trade back and forth with each other, and hardly with anyone else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from detection_service.engine.scene import PairTrade, Scene
from detection_service.engine.triggers import PAIR
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from detection_service.rules.wash import chance
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="ping_pong",
    version="1.1.0",
    title="Ping-pong trading",
    typology="PING_PONG",
    description=(
        "Two accounts without a declared link pass a position back and forth: many trades in a short time, the buyer "
        "changing, almost nothing left at the end, and little trading with anybody else meanwhile."
    ),
    needs=(needs.MATCHES,),
    parameters=(
        Parameter("window_s", 120.0, "s", 1, 120, "back and forth means soon"),
        Parameter("trades_min", 6.0, "trades", 3, 16, "three round trips"),
        Parameter("turns_share_min", 0.6, "share", 0.1, 1, "of a pair trading at random, half the trades turn"),
        Parameter("net_share_max", 0.2, "share", 0, 1, "the position comes back"),
        Parameter(
            "exclusive_share_min", 0.6, "share", 0.1, 1, "a market maker trades with everybody, these two do not"
        ),
        Parameter("surprise_min", 4.5, "nats", 0, 100, "by chance once in e^4.5 = 90 pairs that trade so often"),
    ),
    regulations=(regulations.WASH_TRADES, regulations.MAR_FALSE_SIGNALS, regulations.ANNEX_I_REVERSALS),
    known_false_positives=(
        "The only maker and the only taker of an empty market, once their trades happen to turn long enough.",
        "Two quoting algorithms that lift each other's orders by turns.",
    ),
    known_gaps=("Rings of three and more pass unnoticed here.", "Only the pair's last 16 trades are held."),
    triage_steps=(
        "Look for a link: owner, device, subnet, funding.",
        "Did prices or reported volume move to somebody's gain?",
        "Has the pair met before?",
    ),
    episode_gap_s=300,
    episode_max_s=14_400,
)


class PingPong:
    """Asked when a pair has traded often in a short time."""

    metadata = METADATA
    triggers = PAIR

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where a pair's trades turn, net to little and are most of what both do."""
        match = scene.match
        since = scene.now_ns - int(parameters["window_s"] * 1e9)
        count, changes = scene.pair_turns(since)
        if count < parameters["trades_min"] or changes < parameters["turns_share_min"] * (count - 1):
            return
        trades = scene.pair_trades(since)
        turns = changes / (count - 1)
        gross = sum(trade.quantity for trade in trades)
        bought = sum(trade.quantity for trade in trades if trade.buyer == trades[0].buyer)
        net = abs(2 * bought - gross) / gross
        if net > parameters["net_share_max"]:
            return
        exclusive = min(
            len(trades) / max(len(trades), scene.fill_count(scene.group_of(account), trades[0].time_ns))
            for account in (match.buyer, match.seller)
        )
        if exclusive < parameters["exclusive_share_min"]:
            return
        surprise = _surprise(scene, trades, turns)
        if surprise >= parameters["surprise_min"]:
            yield _finding(scene, parameters, trades, turns, net, exclusive, surprise)


def _surprise(scene: Scene, trades: Sequence[PairTrade], turns: float) -> float:
    """How unlikely chance makes it that the two met so often, and that the buyer changed so often."""
    groups = (scene.group_of(scene.match.buyer), scene.group_of(scene.match.seller))
    one, other = (chance.sides_of(scene, group, trades[0].time_ns) for group in groups)
    expected = chance.expected_meetings(one, other, chance.market_trades(scene, trades[0].time_ns))
    changes = len(trades) - 1
    turning = chance.skew_nats([turns * changes, (1 - turns) * changes], [0.5, 0.5]) if turns > 0.5 else 0.0
    return chance.surprise_nats(len(trades), expected) + turning


def _finding(
    scene: Scene,
    parameters: Mapping[str, float],
    trades: Sequence[PairTrade],
    turns: float,
    net: float,
    exclusive: float,
    surprise: float,
) -> Finding:
    match = scene.match
    accounts = frozenset({match.buyer, match.seller})
    score = 0.5 + 0.3 * excess(len(trades), parameters["trades_min"], 1.5) + 0.1 * (turns + exclusive)
    span = (trades[-1].time_ns - trades[0].time_ns) / 1e9
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.5, Severity.MEDIUM), (0.7, Severity.HIGH), (0.95, Severity.CRITICAL)),
        score=min(1.0, score),
        start_time_ns=trades[0].time_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"Accounts {match.buyer} and {match.seller} traded together {len(trades)} times in {span:.1f} s, the "
            f"buyer changing in {turns:.0%} of them, {net:.0%} of the quantity left over, {exclusive:.0%} of the "
            f"busier one's trades; strangers in a live market seldom meet twice, and so by chance "
            f"{chance.once_in(surprise)}."
        ),
        measurements=(
            Measurement("trades", float(len(trades)), parameters["trades_min"], "trades"),
            Measurement("turns_share", turns, parameters["turns_share_min"], "share"),
            Measurement("net_share", net, parameters["net_share_max"], "share"),
            Measurement("exclusive_share", exclusive, parameters["exclusive_share_min"], "share"),
            Measurement("surprise", surprise, parameters["surprise_min"], "nats"),
        ),
        opening=frozenset({trades[0].event_id}),
        evidence=frozenset(trade.event_id for trade in trades),
        order_ids=match.order_ids,
        trade_ids=frozenset(trade.trade_id for trade in trades if trade.trade_id),
    )
