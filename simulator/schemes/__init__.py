"""The kinds of abuse the simulator can play, by name."""

from simulator.schemes.layering import LAYERING
from simulator.schemes.ping_pong import PING_PONG
from simulator.schemes.pump_and_dump import PUMP_AND_DUMP
from simulator.schemes.scheme import Scheme
from simulator.schemes.spoofing import SPOOFING
from simulator.schemes.wash import WASH_OWNER, WASH_SELF

SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme for scheme in (LAYERING, PING_PONG, PUMP_AND_DUMP, SPOOFING, WASH_OWNER, WASH_SELF)
}
"""Every scheme by its name, which is also the typology of its labels."""
