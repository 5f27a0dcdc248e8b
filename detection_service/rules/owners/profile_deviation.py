"""Profile deviation: an owner trades many times what its profile says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import OWNER
from detection_service.rules import needs, regulations
from detection_service.rules.owners import own_history
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

THREE_HOURS, TWELVE_HOURS = 36, 144  # buckets of five minutes

METADATA = Metadata(
    rule_id="profile_deviation",
    version="1.0.0",
    title="Trading beyond the account's profile",
    typology="PROFILE_DEVIATION",
    description=(
        "What an owner's accounts traded over all markets in three hours is many times the part of the daily baseline "
        "in their stored profile that falls on three hours, more than a rise of the whole market explains, and large "
        "in itself. Needs baseline_notional_per_day in the accounts' reference data."
    ),
    needs=(needs.ACCOUNTS, needs.FILLS, needs.PROFILES),
    parameters=(
        Parameter("multiple_min", 12.0, "x", 2, 1000, "with a day of 24 hours, one and a half daily baselines"),
        Parameter("notional_min", 250_000.0, "notional", 0, 1e12, "below this a profile is noise"),
        Parameter("trading_day_h", 24.0, "h", 1, 24, "hours over which the daily baseline is spread"),
        Parameter("relative_multiple_min", 6.0, "x", 1, 1000, "what is left when the market's own rise is taken off"),
    ),
    regulations=(regulations.MAR_FALSE_SIGNALS,),
    known_false_positives=(
        "An owner that trades seldom and then much, as in a rebalancing: its daily mean says little about a day.",
        "A profile that was never updated.",
    ),
    known_gaps=(
        "Not applicable to accounts without a baseline.",
        "Baselines are taken to be in the common currency of notionals.",
    ),
    triage_steps=(
        "When was the profile last reviewed, and from what?",
        "Where does the money come from?",
        "Is the account in the hands of its owner?",
    ),
    episode_gap_s=10_800,
    episode_max_s=86_400,
    stage=2,
)


class ProfileDeviation:
    """Asked as a group's notional of five minutes begins and doubles."""

    metadata = METADATA
    triggers = OWNER

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """Three hours of some size, of somebody with a profile."""
        return (Condition("notional_3h", at_least=parameters["notional_min"]), Condition("has_baseline", at_least=1))

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where three hours are many times the baseline's three hours."""
        baseline = scene.relations.baseline_per_day(scene.group, scene.now_ns)
        if baseline <= 0:
            return
        usual = baseline * 3.0 / parameters["trading_day_h"]
        recent = scene.owner_metric("notional_3h")
        if recent < parameters["multiple_min"] * usual:
            return
        market_multiple = own_history.market_multiple(scene, THREE_HOURS, TWELVE_HOURS)
        relative = recent / usual / max(1.0, market_multiple)
        if relative < parameters["relative_multiple_min"]:
            return
        fills = scene.owner_fills(scene.now_ns - THREE_HOURS * own_history.BUCKET_NS)
        accounts = frozenset(fill.account for fill in fills)
        score = 0.4 + 0.6 * excess(recent / usual, parameters["multiple_min"])
        yield Finding(
            owners=scene.owners(accounts),
            accounts=accounts,
            severity=graded(score, (0.4, Severity.MEDIUM), (0.8, Severity.HIGH)),
            score=score,
            start_time_ns=fills[0].time_ns,
            end_time_ns=scene.now_ns,
            explanation=(
                f"Traded {recent:,.0f} over all markets within three hours, {recent / usual:.1f} times the "
                f"{usual:,.0f} that its profile of {baseline:,.0f} a day lets expect, while this market traded "
                f"{market_multiple:.1f} times its usual."
            ),
            measurements=(
                Measurement("multiple", recent / usual, parameters["multiple_min"], "x"),
                Measurement("relative_multiple", relative, parameters["relative_multiple_min"], "x"),
                Measurement("notional", recent, parameters["notional_min"], "notional"),
            ),
            opening=frozenset({fills[0].event_id}),
            evidence=frozenset(fill.event_id for fill in fills),
            order_ids=frozenset(fill.order_id for fill in fills) - {""},
            trade_ids=frozenset(fill.trade_id for fill in fills) - {""},
        )
