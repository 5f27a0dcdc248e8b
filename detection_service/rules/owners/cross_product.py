"""Cross-product manipulation: an underlying is moved to gain in what rests on it, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import OWNER
from detection_service.rules import needs, regulations
from detection_service.rules.owners.two_legs import PARAMETERS, Legs, finding, legs
from detection_service.rules.rule import Condition, Finding, Metadata

METADATA = Metadata(
    rule_id="cross_product",
    version="1.1.0",
    title="Cross-product manipulation",
    typology="CROSS_PRODUCT",
    description=(
        "An owner moves an instrument by its own aggressive trades and, while the move lasts, trades out of a "
        "position in a related product (the same underlying) at a price that the move improved. A hedger opens the "
        "other leg instead of closing it, and loses on it what it gains here. Needs `underlying` in the instruments' "
        "reference data."
    ),
    needs=(needs.ACCOUNTS, needs.FILLS, needs.UNDERLYINGS),
    parameters=PARAMETERS,
    regulations=(regulations.CROSS_PRODUCT, regulations.MAR_PRICE_SECURED),
    known_false_positives=(
        "An arbitrageur that closes a basis trade: it sells one leg and buys back the other.",
        "A dealer that unwinds an option and its hedge together.",
    ),
    known_gaps=(
        "A gain by settlement or expiry, without a trade, is not seen.",
        "A position older than the last 128 fills is not seen to be closed.",
        "Links that reference data does not name are not known.",
    ),
    triage_steps=(
        "How large was the position that gained against the trades that moved the price?",
        "Did the price come back when the trades stopped?",
        "Is the derivative settled on this price, and when?",
    ),
    episode_gap_s=900,
    episode_max_s=14_400,
    stage=2,
)


class CrossProduct:
    """Asked when a group trades in a product of which it has just moved another market."""

    metadata = METADATA
    triggers = OWNER

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """Own aggression moved a linked market."""
        return (Condition("linked_push", at_least=parameters["push_min"]),)

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where own trades in one instrument paid in a related one."""
        for found in legs(scene, parameters, scene.related_markets()):
            yield finding(scene, parameters, found, _told(scene, found))


def _told(scene: Scene, found: Legs) -> str:
    return (
        f"Moved {scene.market_at(found.market).instrument_name} by {found.move:.2%} with its own trades of "
        f"{sum(fill.notional for fill in found.push):,.0f} (a minute there usually ranges over "
        f"{found.usual_move:.2%}), and meanwhile traded out of {sum(fill.quantity for fill in found.exit):g} "
        f"{scene.market.instrument_name} at {found.gain_share:.2%} better than before."
    )
