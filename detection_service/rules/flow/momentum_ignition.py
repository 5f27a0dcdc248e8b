"""Momentum ignition: a burst of one's own aggressive trades starts a move, and one sells (or buys) into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from detection_service.engine.market_state import FAST_BUCKET_NS
from detection_service.engine.scene import Fill, Run, Scene
from detection_service.engine.triggers import RUN
from detection_service.rules import needs, regulations
from detection_service.rules.flow.pushes import exits, mean_price
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from detection_service.rules.usual import MINUTE_NS, moves, usual_move
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="momentum_ignition",
    version="2.0.0",
    title="Momentum ignition",
    typology="MOMENTUM_IGNITION",
    description=(
        "A group takes liquidity on one side in a short burst that moves the price several times the usual move of a "
        "minute, takes most of what is taken on that side meanwhile, and within minutes trades the other way at the "
        "prices it made. In a move that others make as well, as on news, its own share is small."
    ),
    needs=(needs.FILLS, needs.ACCOUNTS),
    parameters=(
        Parameter("moves_min", 2.0, "x usual minute", 1, 100, "in a burst: an ordinary minute, twice over"),
        Parameter("quantity_share_min", 0.6, "share", 0.05, 1, "of what was taken on that side: news brings a crowd"),
        Parameter("burst_max_s", 300.0, "s", 1, 3600, "slower pushes are ramping's"),
        Parameter("turn_within_s", 300.0, "s", 1, 300, "the profit is taken before the move is over"),
        Parameter(
            "exit_share_min", 0.2, "share", 0.01, 1, "of the burst traded back, as far as held: a correction is less"
        ),
        Parameter("kept_share_min", 0.5, "share", 0, 1, "of the move in the price at the exit: above what it paid"),
        Parameter("minutes_min", 10.0, "minutes", 2, 60, "minutes with trades before anything is usual"),
    ),
    regulations=(regulations.MOMENTUM_IGNITION, regulations.MAR_FALSE_SIGNALS, regulations.SEA_SERIES_OF_TRANSACTIONS),
    known_false_positives=(
        "A trader that is first on news nobody else has acted on yet and takes a quick profit.",
        "A large hedge unwound at once because the client's trade fell through, by luck with a gain.",
    ),
    known_gaps=(
        "Bursts whose profit is taken on another venue or in a related product.",
        "Bursts and exits by groups that nothing links.",
        "An exit later than five minutes after the burst.",
    ),
    triage_steps=(
        "Was there news, or a move in a related instrument, before the burst?",
        "Who followed, and did orders of the group stand on the other side before it?",
        "Does the group repeat the pattern on other days?",
    ),
    episode_gap_s=300,
    episode_max_s=3600,
)


@dataclass(frozen=True, slots=True)
class _Burst:
    """A run, what it was of all that was taken, and what came back; `usual` is the move of a minute in price."""

    run: Run
    quantity_share: float
    back: tuple[Fill, ...]
    usual: float

    @property
    def moved(self) -> float:
        minutes = (self.run.end_ns - self.run.start_ns) / MINUTE_NS
        return moves(self.run.to_price - self.run.from_price, self.usual, minutes)

    @property
    def exit_share(self) -> float:
        return sum(fill.quantity for fill in self.back) / self.run.quantity

    @property
    def kept_share(self) -> float:
        """Of the move, at the mean price of what came back."""
        return (mean_price(self.back) - self.run.from_price) / (self.run.to_price - self.run.from_price)


class MomentumIgnition:
    """Asked when a group trades against its own run of aggressive fills that moved the price."""

    metadata = METADATA
    triggers = RUN

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the group made the move and gained by turning."""
        run = scene.run
        if run.end_ns - run.start_ns > parameters["burst_max_s"] * 1e9:
            return
        if scene.now_ns - run.end_ns > parameters["turn_within_s"] * 1e9:
            return
        quantity_share = _quantity_share(scene, run)
        if quantity_share < parameters["quantity_share_min"]:
            return  # most are left here
        usual = usual_move(scene, run.start_ns, parameters["minutes_min"])
        burst = _Burst(run, quantity_share, tuple(exits(scene, run.side, run.start_ns)), usual)
        if burst.moved < parameters["moves_min"]:
            return
        if _loses(burst, _taken(scene, run)):
            return
        if burst.exit_share < parameters["exit_share_min"] or burst.kept_share < parameters["kept_share_min"]:
            return
        yield _finding(scene, parameters, burst)


def _quantity_share(scene: Scene, run: Run) -> float:
    """The run's part of what the market took on its side meanwhile, in whole buckets of five seconds."""
    fast = scene.market.fast
    first, last = run.start_ns // FAST_BUCKET_NS, run.end_ns // FAST_BUCKET_NS
    bought, traded = float(fast.bought(first, last)), float(fast.traded(first, last))
    taken = bought if run.side is Side.BUY else traded - bought
    return run.quantity / max(taken, run.quantity)


def _taken(scene: Scene, run: Run) -> list[Fill]:
    """The fills of a run, as far as they are held."""
    return [fill for fill in scene.fills(run.side, run.start_ns) if fill.aggressor and fill.time_ns <= run.end_ns]


def _loses(burst: _Burst, taken: list[Fill]) -> bool:
    """Whether it trades back what it took, and no more, at a loss; not known where the run is not held whole."""
    if len(taken) < burst.run.trades or burst.exit_share > 1.0:
        return False
    sign = 1 if burst.run.side is Side.BUY else -1
    return sign * (mean_price(burst.back) - mean_price(taken)) <= 0


def _finding(scene: Scene, parameters: Mapping[str, float], burst: _Burst) -> Finding:
    run = burst.run
    measures = (
        ("moves", burst.moved, "moves_min", "x usual minute"),
        ("quantity_share", burst.quantity_share, "quantity_share_min", "share"),
        ("exit_share", burst.exit_share, "exit_share_min", "share"),
        ("kept_share", burst.kept_share, "kept_share_min", "share"),
    )
    excesses = [excess(observed, parameters[limit]) for _, observed, limit, _ in measures]
    score = 0.45 + 0.55 * sum(excesses) / len(excesses)
    fills = (*_taken(scene, run), *burst.back)
    accounts = frozenset(fill.account for fill in fills)
    verb, back = ("Bought", "sold") if run.side is Side.BUY else ("Sold", "bought")
    returned, price = sum(fill.quantity for fill in burst.back), mean_price(burst.back)
    seconds = (run.end_ns - run.start_ns) / 1e9
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.45, Severity.MEDIUM), (0.65, Severity.HIGH), (0.9, Severity.CRITICAL)),
        score=min(1.0, score),
        start_time_ns=run.start_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"{verb} {run.quantity:g} in {run.trades} aggressive trades within {seconds:.1f} s, "
            f"{burst.quantity_share:.0%} of what was taken on that side while the price went from {run.from_price:g} "
            f"to {run.to_price:g}, {burst.moved:.1f} times the usual move of a minute ({burst.usual:.4g}), then {back} "
            f"{returned:g} at {price:g}, where {burst.kept_share:.0%} of the move was left."
        ),
        measurements=tuple(
            Measurement(name, observed, parameters[limit], unit) for name, observed, limit, unit in measures
        ),
        opening=frozenset({fills[0].event_id}),
        evidence=frozenset(fill.event_id for fill in fills),
        order_ids=frozenset(fill.order_id for fill in fills) - {""},
        trade_ids=frozenset(fill.trade_id for fill in fills) - {""},
    )
