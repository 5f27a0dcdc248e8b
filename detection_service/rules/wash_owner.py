"""Wash trade between linked accounts: one beneficial owner on both sides of a match."""

from __future__ import annotations

from collections.abc import Mapping

from detection_service.engine.core import MATCH
from detection_service.engine.scene import Scene
from detection_service.rules import needs, wash
from detection_service.rules.rule import Finding, Metadata, Parameter

METADATA = Metadata(
    rule_id="wash_owner",
    version="1.0.0",
    title="Wash trade: linked accounts on both sides",
    typology="WASH_TRADE",
    description=(
        "Two accounts of one beneficial owner, or declared as linked, trade with each other: volume is shown, "
        "beneficial ownership does not change. Needs reference data that says who owns or is linked to whom."
    ),
    needs=(needs.MATCHES,),
    parameters=(
        Parameter("trades_grave", 8.0, "trades", 1, 1000, "so often is no accident of two accounts"),
        Parameter("volume_share_grave", 0.2, "share", 0.001, 1, "so much of the volume misleads others"),
    ),
    regulations=(
        "MAR Annex I A(c) (unverified)",
        "Delegated Regulation (EU) 2016/522 Annex II Section 1 (unverified)",
        "CEA s. 4c(a)(2)(A)(i) (unverified)",
    ),
    known_false_positives=("Separately managed funds of one owner whose orders meet by accident.",),
    known_gaps=("Links that nobody declared are not known.",),
    triage_steps=(
        "Confirm the link: owner, mandate, device, subnet.",
        "Were both orders entered close together, at one price and size?",
        "Who gained from the volume shown?",
    ),
    episode_gap_s=600,
    episode_max_s=14_400,
)


class WashOwner:
    """Asked at every match within one group."""

    metadata = METADATA
    triggers = MATCH

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Finding | None:
        """A finding where the sides are different accounts of one group."""
        match = scene.match
        if match.buyer == match.seller:
            return None
        what = f"Linked accounts {match.buyer} (buying) and {match.seller} traded with each other"
        return wash.finding(scene, parameters, match, what)
