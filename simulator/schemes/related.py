"""Which listings have to do with each other: the same thing at another venue, or a derivative and its underlying."""

from collections.abc import Sequence

from simulator.instrument import Instrument
from simulator.labels import SchemeSeat


def listings_elsewhere(seat: SchemeSeat) -> list[SchemeSeat]:
    """Return the seats at other venues whose prices follow the seat's."""
    seats = (seat.at(key) for key in seat.keys)
    return [one for one in seats if is_followed_elsewhere(seat.instrument, one.instrument)]


def products_related(seat: SchemeSeat) -> list[SchemeSeat]:
    """Return the seats of products that rest on the seat's instrument."""
    seats = (seat.at(key) for key in seat.keys)
    return [one for one in seats if is_underlying(seat.instrument, one.instrument)]


def is_followed_elsewhere(leader: Instrument, other: Instrument) -> bool:
    """Whether a listing is the first of its symbol, and another one is of the same at another venue."""
    return not leader.listing and leader.symbol == other.symbol and leader.venue != other.venue


def is_underlying(leader: Instrument, other: Instrument) -> bool:
    """Whether a product rests on an instrument."""
    return other.underlying == leader.symbol


def suits(wants: str, instrument: Instrument, instruments: Sequence[Instrument]) -> bool:
    """Whether a scheme that wants a related market can be played in an instrument."""
    if wants == "venue":
        return any(is_followed_elsewhere(instrument, other) for other in instruments)
    if wants == "float":
        return instrument.float_quantity > 0
    if wants == "product":
        return any(is_underlying(instrument, other) for other in instruments)
    return True
