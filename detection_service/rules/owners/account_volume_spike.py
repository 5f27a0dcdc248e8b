"""Account volume spike: an owner suddenly trades several times what it did in the hours before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import OWNER
from detection_service.rules import needs, regulations
from detection_service.rules.owners import own_history
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

TWO_HOURS, TWELVE_HOURS = 24, 144  # buckets of five minutes

METADATA = Metadata(
    rule_id="account_volume_spike",
    version="1.0.0",
    title="Account volume spike",
    typology="ACCOUNT_VOLUME",
    description=(
        "What an owner's accounts traded over all markets in two hours is several times what they traded in two hours "
        "of open market during the twelve hours before, more than in any two of them, more than the market's own rise "
        "explains, and a part of the market that counts. Both sides of the comparison are notionals in one currency."
    ),
    needs=(needs.ACCOUNTS, needs.FILLS),
    parameters=(
        Parameter("multiple_min", 4.0, "x", 1.5, 1000, "four times one's own level is out of the ordinary"),
        Parameter("peak_multiple_min", 1.5, "x", 1, 100, "more than the busiest two hours of the twelve before"),
        Parameter("relative_multiple_min", 3.0, "x", 1, 1000, "what is left when the market's own rise is taken off"),
        Parameter("open_hours_min", 4.0, "h", 1, 12, "less history is no level"),
        Parameter("fills_before_min", 20.0, "fills", 2, 1000, "a level made of a few fills is an accident"),
        Parameter("market_share_min", 0.03, "share", 0, 1, "who moves nothing misleads nobody"),
    ),
    regulations=(regulations.MAR_FALSE_SIGNALS,),
    known_false_positives=(
        "A fund with inflows, a transition, an index rebalancing.",
        "An algorithm switched on in the afternoon.",
    ),
    known_gaps=(
        "Needs four hours of history; whoever raises its volume slowly makes its own level.",
        "Open hours are those in which the market of the last fill traded.",
        "The share of the market is of the last 128 fills.",
    ),
    triage_steps=(
        "Was there news, an index event or an inflow?",
        "Who stood on the other side: the market, or few accounts?",
        "Is the account in the hands of its owner?",
    ),
    episode_gap_s=7200,
    episode_max_s=86_400,
    stage=2,
)


class AccountVolumeSpike:
    """Asked as a group's notional of five minutes begins and doubles."""

    metadata = METADATA
    triggers = OWNER

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """There is a level to compare with."""
        return (
            Condition("fills_12h", at_least=parameters["fills_before_min"]),
            Condition("notional_before_2h", at_least=1e-12),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the last two hours stand out from the owner's and the market's twelve before."""
        open_buckets = own_history.open_buckets(scene, TWO_HOURS, TWELVE_HOURS)
        fills_before = scene.owner_metric("fills_12h") - scene.owner_metric("fills_2h")
        if open_buckets < 12 * parameters["open_hours_min"] or fills_before < parameters["fills_before_min"]:
            return
        recent = scene.owner_metric("notional_2h")
        level = scene.owner_metric("notional_before_2h") / open_buckets * TWO_HOURS
        if level <= 0 or recent < parameters["multiple_min"] * level:
            return
        blocks = [scene.owner_notional(first, first + TWO_HOURS) for first in range(TWO_HOURS, 168, TWO_HOURS)]
        if recent < parameters["peak_multiple_min"] * max(blocks):
            return
        market_multiple = own_history.market_multiple(scene, TWO_HOURS, TWELVE_HOURS)
        share = own_history.market_share(scene, TWO_HOURS)
        relative = recent / level / max(1.0, market_multiple)
        if relative < parameters["relative_multiple_min"] or share < parameters["market_share_min"]:
            return
        yield _finding(scene, parameters, recent, level, market_multiple, share)


def _finding(
    scene: Scene, parameters: Mapping[str, float], recent: float, level: float, market_multiple: float, share: float
) -> Finding:
    multiple = recent / level
    relative = multiple / max(1.0, market_multiple)
    fills = scene.owner_fills(scene.now_ns - TWO_HOURS * own_history.BUCKET_NS)
    accounts = frozenset(fill.account for fill in fills)
    score = 0.3 + 0.4 * excess(relative, parameters["relative_multiple_min"]) + 0.3 * excess(share, 0.05, 2.0)
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.5, Severity.MEDIUM), (0.8, Severity.HIGH)),
        score=score,
        start_time_ns=fills[0].time_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"Traded {recent:,.0f} over all markets within two hours, {multiple:.1f} times its usual {level:,.0f} for "
            f"two hours of the half day before, while this market traded {market_multiple:.1f} times its usual; it "
            f"made up {share:.0%} of the market."
        ),
        measurements=(
            Measurement("multiple", multiple, parameters["multiple_min"], "x"),
            Measurement("relative_multiple", relative, parameters["relative_multiple_min"], "x"),
            Measurement("market_share", share, parameters["market_share_min"], "share"),
        ),
        opening=frozenset({fills[0].event_id}),
        evidence=frozenset(fill.event_id for fill in fills),
        order_ids=frozenset(fill.order_id for fill in fills) - {""},
        trade_ids=frozenset(fill.trade_id for fill in fills) - {""},
    )
