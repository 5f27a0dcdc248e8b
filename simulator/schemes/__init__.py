"""The kinds of abuse the simulator can play, by name."""

from simulator.schemes.account_volume_spike import ACCOUNT_VOLUME_SPIKE
from simulator.schemes.cancel_to_fill import CANCEL_TO_FILL
from simulator.schemes.collusion import COLLUSION
from simulator.schemes.cross_product import CROSS_PRODUCT
from simulator.schemes.cross_venue import CROSS_VENUE
from simulator.schemes.dominating_volume import DOMINATING_VOLUME
from simulator.schemes.fat_finger import FAT_FINGER
from simulator.schemes.flipping import FLIPPING
from simulator.schemes.floor_ceiling import FLOOR_CEILING
from simulator.schemes.front_running import FRONT_RUNNING
from simulator.schemes.insider_dealing import INSIDER_DEALING
from simulator.schemes.layering import LAYERING
from simulator.schemes.marking_the_close import MARKING_THE_CLOSE
from simulator.schemes.matched_orders import MATCHED_ORDERS
from simulator.schemes.momentum_ignition import MOMENTUM_IGNITION
from simulator.schemes.no_intent_orders import NO_INTENT_ORDERS
from simulator.schemes.off_market_price import OFF_MARKET_PRICE
from simulator.schemes.painting_the_tape import PAINTING_THE_TAPE
from simulator.schemes.phishing import PHISHING
from simulator.schemes.ping_pong import PING_PONG
from simulator.schemes.pinging import PINGING
from simulator.schemes.position_concentration import POSITION_CONCENTRATION
from simulator.schemes.price_spike import PRICE_SPIKE
from simulator.schemes.profile_deviation import PROFILE_DEVIATION
from simulator.schemes.pump_and_dump import PUMP_AND_DUMP
from simulator.schemes.quote_stuffing import QUOTE_STUFFING
from simulator.schemes.ramping import RAMPING
from simulator.schemes.restricted_list import RESTRICTED_LIST
from simulator.schemes.scheme import Scheme
from simulator.schemes.smoking import SMOKING
from simulator.schemes.spoofing import SPOOFING
from simulator.schemes.volatility_burst import VOLATILITY_BURST
from simulator.schemes.volume_surge import VOLUME_SURGE
from simulator.schemes.wash import WASH_OWNER, WASH_SELF
from simulator.schemes.wash_netting import WASH_NETTING
from simulator.schemes.wash_ring import WASH_RING
from simulator.schemes.wash_volume import WASH_VOLUME
from simulator.schemes.wide_spread import WIDE_SPREAD

ALL = (
    ACCOUNT_VOLUME_SPIKE,
    CANCEL_TO_FILL,
    COLLUSION,
    CROSS_PRODUCT,
    CROSS_VENUE,
    DOMINATING_VOLUME,
    FAT_FINGER,
    FLIPPING,
    FLOOR_CEILING,
    FRONT_RUNNING,
    INSIDER_DEALING,
    LAYERING,
    MARKING_THE_CLOSE,
    MATCHED_ORDERS,
    MOMENTUM_IGNITION,
    NO_INTENT_ORDERS,
    OFF_MARKET_PRICE,
    PAINTING_THE_TAPE,
    PHISHING,
    PING_PONG,
    PINGING,
    POSITION_CONCENTRATION,
    PRICE_SPIKE,
    PROFILE_DEVIATION,
    PUMP_AND_DUMP,
    QUOTE_STUFFING,
    RAMPING,
    RESTRICTED_LIST,
    SMOKING,
    SPOOFING,
    VOLATILITY_BURST,
    VOLUME_SURGE,
    WASH_NETTING,
    WASH_OWNER,
    WASH_RING,
    WASH_SELF,
    WASH_VOLUME,
    WIDE_SPREAD,
)
SCHEMES: dict[str, Scheme] = {scheme.name: scheme for scheme in ALL}
"""Every scheme by its name: the rule that is meant to find it, and the typology of its labels."""
