"""Which rule may speak for which scheme: the same typology exactly, or another of the same family.

A scheme is named after the rule that looks for it. Two rules of one typology (a wash by one account and a wash by one
owner) are the same exactly. A family holds what one course of conduct shows under several names: walls of orders may
be told as spoofing, layering or orders without intent, whichever rule sees enough of it first.
"""

from typing import Final

TYPOLOGIES: Final = {
    "account_volume_spike": "ACCOUNT_VOLUME",
    "cancel_to_fill": "EXCESSIVE_CANCELS",
    "fat_finger": "ERRONEOUS_ORDER",
    "layering_anonymous": "LAYERING",
    "restricted_list": "RESTRICTED_DEALING",
    "spoofing_anonymous": "SPOOFING",
    "wash_netting": "WASH_TRADE",
    "wash_owner": "WASH_TRADE",
    "wash_self": "WASH_TRADE",
}
"""Rules whose alerts carry another word than the rule's name."""
FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "order book": (
        *("SPOOFING", "LAYERING", "FLIPPING", "NO_INTENT_ORDERS", "EXCESSIVE_CANCELS", "QUOTE_STUFFING"),
        *("SMOKING", "PINGING", "PHISHING"),
    ),
    "wash": (*("WASH_TRADE", "PING_PONG", "WASH_RING", "MATCHED_ORDERS", "PAINTING_THE_TAPE", "WASH_VOLUME"),),
    "price": (
        *("PUMP_AND_DUMP", "PRICE_SPIKE", "VOLUME_SURGE", "VOLATILITY_BURST", "MOMENTUM_IGNITION", "RAMPING"),
        *("MARKING_THE_CLOSE", "DOMINATING_VOLUME", "FLOOR_CEILING"),
    ),
    "information": ("FRONT_RUNNING", "INSIDER_DEALING"),
    "position": ("POSITION_CONCENTRATION", "ACCOUNT_VOLUME", "PROFILE_DEVIATION"),
    "between markets": ("CROSS_VENUE", "CROSS_PRODUCT"),
    "errors": ("ERRONEOUS_ORDER", "OFF_MARKET_PRICE"),
}
_FAMILY_OF: Final = {typology: family for family, typologies in FAMILIES.items() for typology in typologies}


def typology_of(name: str) -> str:
    """The typology, as alerts spell it, of a scheme, rule or typology."""
    return TYPOLOGIES.get(name.lower(), name.upper())


def family_of(name: str) -> str:
    """The family of a scheme, rule or typology; one that no family names is its own."""
    typology = typology_of(name)
    return _FAMILY_OF.get(typology, typology)
