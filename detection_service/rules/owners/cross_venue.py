"""Cross-venue manipulation: an instrument is moved on one venue to gain on another; and venues drift apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import nan
from statistics import median
from typing import Any

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import MARKET, OWNER
from detection_service.rules import needs, regulations
from detection_service.rules.findings import of_market
from detection_service.rules.owners.two_legs import PARAMETERS, Legs, finding, legs
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess
from tapewatch.alert import Measurement, Severity

BUCKET_NS = 300_000_000_000

METADATA = Metadata(
    rule_id="cross_venue",
    version="1.1.0",
    title="Cross-venue manipulation and divergence",
    typology="CROSS_VENUE",
    description=(
        "An owner pushes an instrument's price on one venue, away from where it stands on another, and trades out of "
        "a position on that other venue at the better price. An arbitrageur pushes prices together, and gains by the "
        "difference instead. Apart from owners, an alert on the market tells when the five-minute closes of two "
        "venues lie unusually far apart, on the venue that moved."
    ),
    needs=(needs.PRINTS,),
    parameters=(
        *PARAMETERS,
        Parameter("parity_share_max", 0.25, "share", 0, 1, "of the push may go towards the other venue's price"),
        Parameter("divergence_min", 0.02, "share", 0.0001, 1, "two per cent between venues invite arbitrage"),
        Parameter("divergence_grave", 0.04, "share", 0.0001, 1, "four per cent that stand are no accident"),
        Parameter("divergence_multiple_min", 3.0, "x usual", 1, 100, "some venues are always apart"),
    ),
    regulations=(regulations.INTER_VENUES, regulations.MAR_FALSE_SIGNALS),
    known_false_positives=(
        "An owner that sells out where a bid appears while it still buys elsewhere.",
        "A venue on which deposits or short sales are suspended drifts apart by itself.",
    ),
    known_gaps=(
        "Instruments are one by ISIN, else by name: other names for one thing are not known.",
        "A position older than the last 128 fills is not seen to be sold.",
        "Venues in two currencies are compared by the rate of the moment, a day back too; without a rate not at all.",
    ),
    triage_steps=(
        "Which venue moved first, and who traded there?",
        "What had the owner on the venue that followed, before and after?",
        "Did the price come back?",
    ),
    episode_gap_s=900,
    episode_max_s=14_400,
    stage=2,
)


class CrossVenue:
    """Asked when a group trades in a product it has just moved elsewhere, and every minute of a market."""

    metadata = METADATA
    triggers = OWNER | MARKET

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """Own aggression moved a linked market."""
        return (Condition("linked_push", at_least=parameters["push_min"]),)

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """Findings on an owner's two legs, and on a market apart from its siblings."""
        siblings = scene.siblings()
        if not siblings:
            return
        if scene.is_owner_moment:
            for found in legs(scene, parameters, [each.number for each in siblings]):
                if _away_from_parity(found, parameters):
                    yield finding(scene, parameters, found, _told(scene, found))
        for sibling in siblings:
            exchange = scene.exchange(sibling.number)
            if exchange > 0:
                yield from _divergence(scene, parameters, sibling, exchange)


def _away_from_parity(found: Legs, parameters: Mapping[str, float]) -> bool:
    first = found.push[0]
    return first.elsewhere > 0 and first.sign * (first.before / first.elsewhere - 1) >= (
        -parameters["parity_share_max"] * found.move
    )


def _told(scene: Scene, found: Legs) -> str:
    moved = scene.market_at(found.market)
    return (
        f"Moved {moved.instrument_name} on {moved.venue_name} by {found.move:.2%} with its own trades (a minute "
        f"there usually ranges over {found.usual_move:.2%}) away from {scene.market.venue_name}, and there traded "
        f"out of {sum(fill.quantity for fill in found.exit):g} at {found.gain_share:.2%} better than before."
    )


def _divergence(scene: Scene, parameters: Mapping[str, float], sibling: Any, exchange: float) -> Iterator[Finding]:
    """A finding where the closes of the last five minutes complete on both venues lie apart, and it moved more.

    `exchange` turns the sibling's prices into the market's own money.
    """
    last = min(scene.market.slow.newest, sibling.slow.newest) - 1
    if last < scene.now_ns // BUCKET_NS - 2:
        return
    gap, usual, moved, sibling_moved, close, sibling_close = scene.settled(
        f"apart of {sibling.number} at {exchange}", last, lambda market: _apart(market, sibling, exchange, last)
    )
    if not gap >= 0:
        return
    if gap < parameters["divergence_min"] or gap < parameters["divergence_multiple_min"] * usual:
        return
    if (moved, scene.market.venue_name) <= (sibling_moved, sibling.venue_name):
        return
    grave = gap >= parameters["divergence_grave"]
    yield of_market(
        scene,
        severity=Severity.HIGH if grave else Severity.LOW,
        score=0.4 + 0.6 * excess(gap, parameters["divergence_min"]),
        start_time_ns=last * BUCKET_NS,
        explanation=(
            f"Closed five minutes at {close:g} on {scene.market.venue_name} and "
            f"{_in_money(sibling_close, exchange)} on {sibling.venue_name}, {gap:.1%} apart where {usual:.2%} is "
            f"usual; it moved {moved:.1%} here and {sibling_moved:.1%} there."
        ),
        measurements=(Measurement("divergence", gap, parameters["divergence_min"], "share"),),
    )


def _apart(market: Any, sibling: Any, exchange: float, last: int) -> tuple[float, ...]:
    """How far the closes of five minutes lie apart, and usually did; how far either moved, and where they closed. NaN
    where not both traded."""
    own, other = ({bar[0]: bar for bar in each.slow.bars(last - 287, last)} for each in (market, sibling))
    apart = {
        number: abs(own[number][4] / (other[number][4] * exchange) - 1)
        for number in own.keys() & other.keys()
        if other[number][4] != 0
    }
    if last not in apart:
        return (nan,) * 6
    usual = median(apart[number] for number in apart if number != last) if len(apart) > 1 else 0.0
    moved, sibling_moved = (abs(bar[4] / bar[1] - 1) if bar[1] else 0.0 for bar in (own[last], other[last]))
    return apart[last], usual, moved, sibling_moved, own[last][4], other[last][4]


def _in_money(price: float, exchange: float) -> str:
    """A sibling's price in the market's own money, and as it was where that is another."""
    return f"{price:g}" if exchange == 1 else f"{price * exchange:g} ({price:g} there, at {exchange:g})"
