"""The written-out list of rules in force."""

from __future__ import annotations

from typing import Final

from detection_service.rules.anomaly.anomaly import AnomalyRule
from detection_service.rules.controls.fat_finger import FatFinger
from detection_service.rules.controls.off_market_price import OffMarketPrice
from detection_service.rules.controls.restricted_list import RestrictedList
from detection_service.rules.flow.cancel_to_fill import CancelToFill
from detection_service.rules.flow.momentum_ignition import MomentumIgnition
from detection_service.rules.flow.quote_stuffing import QuoteStuffing
from detection_service.rules.flow.ramping import Ramping
from detection_service.rules.health.clock_skew import ClockSkew
from detection_service.rules.health.data_gap import DataGap
from detection_service.rules.health.rule_silent import RuleSilent
from detection_service.rules.owners.account_volume_spike import AccountVolumeSpike
from detection_service.rules.owners.collusion import Collusion
from detection_service.rules.owners.cross_product import CrossProduct
from detection_service.rules.owners.cross_venue import CrossVenue
from detection_service.rules.owners.front_running import FrontRunning
from detection_service.rules.owners.insider_dealing import InsiderDealing
from detection_service.rules.owners.position_concentration import PositionConcentration
from detection_service.rules.owners.profile_deviation import ProfileDeviation
from detection_service.rules.pressure.flipping import Flipping
from detection_service.rules.pressure.layering import Layering
from detection_service.rules.pressure.layering_anonymous import LayeringAnonymous
from detection_service.rules.pressure.no_intent_orders import NoIntentOrders
from detection_service.rules.pressure.phishing import Phishing
from detection_service.rules.pressure.pinging import Pinging
from detection_service.rules.pressure.smoking import Smoking
from detection_service.rules.pressure.spoofing import Spoofing
from detection_service.rules.pressure.spoofing_anonymous import SpoofingAnonymous
from detection_service.rules.price.dominating_volume import DominatingVolume
from detection_service.rules.price.floor_ceiling import FloorCeiling
from detection_service.rules.price.marking_the_close import MarkingTheClose
from detection_service.rules.price.price_spike import PriceSpike
from detection_service.rules.price.pump_and_dump import PumpAndDump
from detection_service.rules.price.volatility_burst import VolatilityBurst
from detection_service.rules.price.volume_surge import VolumeSurge
from detection_service.rules.price.wide_spread import WideSpread
from detection_service.rules.rule import Rule
from detection_service.rules.wash.matched_orders import MatchedOrders
from detection_service.rules.wash.painting_the_tape import PaintingTheTape
from detection_service.rules.wash.ping_pong import PingPong
from detection_service.rules.wash.wash_netting import WashNetting
from detection_service.rules.wash.wash_owner import WashOwner
from detection_service.rules.wash.wash_ring import WashRing
from detection_service.rules.wash.wash_self import WashSelf
from detection_service.rules.wash.wash_volume import WashVolume

RULES: Final[tuple[Rule, ...]] = (
    AccountVolumeSpike(),
    AnomalyRule(),
    CancelToFill(),
    ClockSkew(),
    Collusion(),
    CrossProduct(),
    CrossVenue(),
    DataGap(),
    DominatingVolume(),
    FatFinger(),
    Flipping(),
    FloorCeiling(),
    FrontRunning(),
    InsiderDealing(),
    Layering(),
    LayeringAnonymous(),
    MarkingTheClose(),
    MatchedOrders(),
    MomentumIgnition(),
    NoIntentOrders(),
    OffMarketPrice(),
    PaintingTheTape(),
    Phishing(),
    PingPong(),
    Pinging(),
    PositionConcentration(),
    PriceSpike(),
    ProfileDeviation(),
    PumpAndDump(),
    QuoteStuffing(),
    Ramping(),
    RestrictedList(),
    RuleSilent(),
    Smoking(),
    Spoofing(),
    SpoofingAnonymous(),
    VolatilityBurst(),
    VolumeSurge(),
    WashNetting(),
    WashOwner(),
    WashRing(),
    WashSelf(),
    WashVolume(),
    WideSpread(),
)
RULE_BY_ID: Final = {rule.metadata.rule_id: rule for rule in RULES}
