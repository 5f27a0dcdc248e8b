"""Momentum ignition: a burst of one's own aggressive trades starts a move, and one sells (or buys) into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from detection_service.engine.scene import Fill, Push, Run, Scene
from detection_service.engine.triggers import RUN
from detection_service.rules import needs, regulations
from detection_service.rules.flow.pushes import exits, mean_price
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from detection_service.rules.usual import moves, usual_move
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="momentum_ignition",
    version="1.0.0",
    title="Momentum ignition",
    typology="MOMENTUM_IGNITION",
    description=(
        "A group takes liquidity on one side in a short burst that moves the price several times the usual move of a "
        "minute, makes most of that move itself, and within minutes trades the other way at the prices it made, with "
        "a gain. In a move that others make as well, as on news, its own share is small."
    ),
    needs=(needs.FILLS, needs.ACCOUNTS),
    parameters=(
        Parameter("moves_min", 3.0, "x usual minute", 1, 100, "an ordinary minute, several times over, in a burst"),
        Parameter("move_share_min", 0.5, "share", 0.1, 1, "of the new extremes: who starts a move makes most of it"),
        Parameter("quantity_share_min", 0.4, "share", 0.05, 1, "of what was taken on that side: news brings a crowd"),
        Parameter("burst_max_s", 300.0, "s", 1, 3600, "slower pushes are ramping's"),
        Parameter("turn_within_s", 300.0, "s", 1, 300, "the profit is taken before the move is over"),
        Parameter("exit_share_min", 0.3, "share", 0.01, 1, "of the burst traded back: a correction is less"),
        Parameter("kept_share_min", 0.4, "share", 0, 1, "of the move still in the price at the exit: it pays then"),
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
    """A run, what it did, and what came back; `usual` move of a minute and `gain` a unit in price."""

    run: Run
    push: Push
    back: tuple[Fill, ...]
    usual: float
    gain: float

    @property
    def moved(self) -> float:
        return moves(self.run.to_price - self.run.from_price, self.usual)

    @property
    def exit_share(self) -> float:
        return sum(fill.quantity for fill in self.back) / self.run.quantity


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
        usual = usual_move(scene, run.start_ns, parameters["minutes_min"])
        if moves(run.to_price - run.from_price, usual) < parameters["moves_min"]:
            return
        if sum(fill.quantity for fill in exits(scene, run.side, run.start_ns)) < (
            parameters["exit_share_min"] * run.quantity
        ):
            return
        burst = _burst(scene, parameters, run)
        if burst.moved < parameters["moves_min"] or burst.push.move_share < parameters["move_share_min"]:
            return
        if burst.push.quantity_share < parameters["quantity_share_min"]:
            return
        if burst.exit_share >= parameters["exit_share_min"] and _pays(burst, parameters):
            yield _finding(scene, parameters, burst)


def _burst(scene: Scene, parameters: Mapping[str, float], run: Run) -> _Burst:
    push = scene.push(run.side, run.start_ns, run.end_ns, run.from_price)
    back = tuple(exits(scene, run.side, run.start_ns))
    sign = 1 if run.side is Side.BUY else -1
    gain = sign * (mean_price(back) - mean_price(push.own)) if push.own else 0.0
    return _Burst(run, push, back, usual_move(scene, run.start_ns, parameters["minutes_min"]), gain)


def _pays(burst: _Burst, parameters: Mapping[str, float]) -> bool:
    """Whether it traded back at the prices it had made, with a gain on the burst or out of an older position."""
    run, exit_price = burst.run, mean_price(burst.back)
    kept = (exit_price - run.from_price) / (run.to_price - run.from_price)
    return kept >= parameters["kept_share_min"] and (burst.gain > 0 or burst.exit_share > 1.0)


def _finding(scene: Scene, parameters: Mapping[str, float], burst: _Burst) -> Finding:
    run, push = burst.run, burst.push
    measures = (
        ("moves", burst.moved, "moves_min", "x usual minute"),
        ("move_share", push.move_share, "move_share_min", "share"),
        ("quantity_share", push.quantity_share, "quantity_share_min", "share"),
        ("exit_share", burst.exit_share, "exit_share_min", "share"),
    )
    excesses = [excess(observed, parameters[limit]) for _, observed, limit, _ in measures]
    score = 0.45 + 0.45 * sum(excesses) / len(excesses) + (0.1 if burst.gain > 0 else 0.0)
    fills = (*push.own, *burst.back)
    accounts = frozenset(fill.account for fill in fills)
    verb, back = ("Bought", "sold") if run.side is Side.BUY else ("Sold", "bought")
    seconds = (run.end_ns - run.start_ns) / 1e9
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.45, Severity.MEDIUM), (0.65, Severity.HIGH), (0.9, Severity.CRITICAL)),
        score=min(1.0, score),
        start_time_ns=run.start_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"{verb} {run.quantity:g} in {run.trades} aggressive trades within {seconds:.1f} s, making "
            f"{push.move_share:.0%} of a move from {run.from_price:g} to {run.to_price:g} that is {burst.moved:.1f} "
            f"times the usual move of a minute ({burst.usual:.4g}), then {back} "
            f"{sum(fill.quantity for fill in burst.back):g} at {mean_price(burst.back):g}, {_gained(burst.gain)}."
        ),
        measurements=(
            *(Measurement(name, observed, parameters[limit], unit) for name, observed, limit, unit in measures),
            Measurement("gain", burst.gain, 0.0, "price"),
        ),
        opening=frozenset({push.own[0].event_id}),
        evidence=frozenset(fill.event_id for fill in fills),
        order_ids=frozenset(fill.order_id for fill in fills) - {""},
        trade_ids=frozenset(fill.trade_id for fill in fills) - {""},
    )


def _gained(gain: float) -> str:
    return f"{gain:.4g} a unit better than it had traded" if gain > 0 else "more than the burst itself"
