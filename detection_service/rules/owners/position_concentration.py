"""Position concentration: one owner gathers a large part of what there is of an instrument."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import OWNER
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess
from tapewatch.alert import Measurement, Severity

LATELY_NS = 3600 * 1_000_000_000

METADATA = Metadata(
    rule_id="position_concentration",
    version="1.0.0",
    title="Position concentration",
    typology="POSITION_CONCENTRATION",
    description=(
        "An owner's net position in an instrument, over all its accounts and venues, reaches a large share of the "
        "float and grows: whoever holds so much can set the price and squeeze those who are short. Needs "
        "float_quantity in the instruments' reference data; positions at the start count where they are given."
    ),
    needs=(needs.ACCOUNTS, needs.FILLS, needs.FLOATS),
    parameters=(
        Parameter("float_share_min", 0.2, "share", 0.01, 1, "a fifth of the float is more than an investment"),
        Parameter("float_share_grave", 0.3, "share", 0.01, 1, "a third of it is control"),
        Parameter("notional_min", 1_000_000.0, "notional", 0, 1e12, "a corner in a trifle harms nobody"),
    ),
    regulations=(regulations.MAR_PRICE_SECURED, regulations.MAR_DOMINANT_POSITION),
    known_false_positives=(
        "A founder, parent company, custodian or market maker of an ETF with a known holding.",
        "A takeover bidder buying openly.",
    ),
    known_gaps=(
        "Positions before the data begin are not known unless the positions table gives them.",
        "Holdings through derivatives and outside the watched venues are not counted.",
    ),
    triage_steps=(
        "Is the holding disclosed, and is there a business reason?",
        "Who is short, and at what price did they last have to cover?",
        "Does the owner also hold derivatives that settle on this price?",
    ),
    episode_gap_s=86_400,
    episode_max_s=604_800,
    stage=2,
)


class PositionConcentration:
    """Asked when a position has grown by a twentieth."""

    metadata = METADATA
    triggers = OWNER

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """A large share of the float."""
        return (Condition("float_share", at_least=parameters["float_share_min"]),)

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the position is large, worth something, and the last fill added to it."""
        position, total = scene.position(), scene.float_quantity()
        fills = [
            fill
            for fill in scene.owner_fills(scene.now_ns - LATELY_NS)
            if scene.family_of(fill.market) == scene.family_of(scene.market.number) and fill.sign * position > 0
        ]
        if not fills or fills[-1].time_ns < scene.now_ns:
            return
        share = abs(position) / total
        worth = abs(position) * fills[-1].notional / fills[-1].quantity
        if share < parameters["float_share_min"] or worth < parameters["notional_min"]:
            return
        accounts = scene.accounts_of(scene.group)
        grave = share >= parameters["float_share_grave"]
        held = "Holds" if position > 0 else "Is short"
        yield Finding(
            owners=scene.owners(accounts),
            accounts=accounts,
            severity=Severity.HIGH if grave else Severity.MEDIUM,
            score=0.5 + 0.5 * excess(share, parameters["float_share_min"], 2.0),
            start_time_ns=fills[0].time_ns,
            end_time_ns=scene.now_ns,
            explanation=(
                f"{held} {abs(position):,.0f}, {share:.1%} of the float of {total:,.0f} and worth {worth:,.0f}, after "
                f"adding {sum(fill.quantity for fill in fills):,.0f} within the hour; an investor usually holds less "
                f"than {parameters['float_share_min']:.0%}."
            ),
            measurements=(
                Measurement("float_share", share, parameters["float_share_min"], "share"),
                Measurement("notional", worth, parameters["notional_min"], "notional"),
            ),
            opening=frozenset({fills[0].event_id}),
            evidence=frozenset(fill.event_id for fill in fills),
            order_ids=frozenset(fill.order_id for fill in fills) - {""},
            trade_ids=frozenset(fill.trade_id for fill in fills) - {""},
        )
