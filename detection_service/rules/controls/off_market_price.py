"""Off-market price: a trade far through the book, or far from the trades before and after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene, Stray
from detection_service.engine.triggers import STRAY
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from detection_service.rules.usual import moves, usual_move
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="off_market_price",
    version="1.0.0",
    title="Trade at an off-market price",
    typology="OFF_MARKET_PRICE",
    description=(
        "A trade whose price is many usual minutes' moves away from the last price and as far through the best bid or "
        "offer; or, where no book is known, one that the next prices leave standing alone. A market order that sweeps "
        "a thin book trades at prices that stand in it, and is not meant."
    ),
    needs=(needs.PRINTS,),
    parameters=(
        Parameter("moves_min", 10.0, "x usual minute", 2, 1000, "prices jump by several usual minutes on news alone"),
        Parameter("alone_factor", 2.0, "x", 1, 10, "without a book, a thin market's bounce looks alike: more is asked"),
        Parameter("distance_min", 0.005, "share", 0.0001, 1, "nearer than half a percent harms nobody"),
        Parameter("minutes_min", 10.0, "minutes", 2, 60, "minutes with trades before anything is usual"),
    ),
    regulations=(regulations.MAR_PRICE_SECURED, regulations.CEA_FALSE_PRICE),
    known_false_positives=(
        "A negotiated block or a trade reported late, at a price that was right when it was agreed.",
        "A sweep of a thin book told without the book.",
        "A book that is told later than the trades.",
    ),
    known_gaps=(
        "A trade at a wrong price while the market itself is jumping.",
        "Without a book, a wrong price that the next trades do not leave within ten minutes.",
        "The first ten minutes of an instrument.",
    ),
    triage_steps=(
        "Was it a negotiated trade, and when was the price agreed?",
        "Do both sides belong together, and does the price move money from one to the other?",
        "Has the venue cancelled it?",
    ),
    episode_gap_s=300,
    episode_max_s=3600,
)
AUCTIONS = frozenset({"PRE_OPEN", "OPEN", "AUCTION", "CLOSE"})


class OffMarketPrice:
    """Asked at a trade far from all prices around it."""

    metadata = METADATA
    triggers = STRAY

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the distance is beyond the usual moves of a minute, in continuous trading."""
        stray = scene.stray
        if scene.market.phase in AUCTIONS:
            return
        usual = usual_move(scene, stray.time_ns, parameters["minutes_min"])
        distance = moves(stray.price - stray.usual_price, usual)
        share = abs(stray.price / stray.usual_price - 1)
        factor = 1.0 if stray.through_book else parameters["alone_factor"]
        if distance >= factor * parameters["moves_min"] and share >= parameters["distance_min"]:
            yield _finding(scene, parameters, stray, factor, usual)


def _finding(scene: Scene, parameters: Mapping[str, float], stray: Stray, factor: float, usual: float) -> Finding:
    distance = moves(stray.price - stray.usual_price, usual)
    share = abs(stray.price / stray.usual_price - 1)
    moves_min = factor * parameters["moves_min"]
    score = 0.3 + 0.3 * excess(distance, moves_min) + (0.15 if stray.through_book else 0.0)
    accounts = frozenset({stray.account} - {""})
    against = "while the best prices stood near" if stray.through_book else "and the next prices were back near"
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.3, Severity.LOW), (0.45, Severity.MEDIUM), (0.7, Severity.HIGH)),
        score=score,
        start_time_ns=stray.time_ns,
        end_time_ns=stray.time_ns,
        explanation=(
            f"{stray.quantity:g} traded at {stray.price:g}, {stray.price / stray.usual_price - 1:+.2%} from the last "
            f"price {against} {stray.usual_price:g}: {distance:.1f} times the usual move of a minute ({usual:.4g})."
        ),
        measurements=(
            Measurement("moves", distance, moves_min, "x usual minute"),
            Measurement("distance", share, parameters["distance_min"], "share"),
        ),
        opening=frozenset({stray.event_id}),
        evidence=frozenset({stray.event_id}),
        trade_ids=frozenset({stray.trade_id} - {""}),
    )
