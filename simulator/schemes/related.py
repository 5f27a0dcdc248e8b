"""Which listings have to do with each other: the same thing at another venue, or a derivative and its underlying."""

from collections.abc import Sequence

from simulator.instrument import Instrument
from simulator.labels import SchemeSeat


def listings_elsewhere(seat: SchemeSeat) -> list[SchemeSeat]:
    """Return the seats at other venues where the seat's instrument is traded."""
    seats = (seat.at(key) for key in seat.keys)
    return [one for one in seats if is_same_elsewhere(seat.instrument, one.instrument)]


def products_related(seat: SchemeSeat) -> list[SchemeSeat]:
    """Return the seats of products that rest on the seat's instrument, or that it rests on."""
    seats = (seat.at(key) for key in seat.keys)
    return [one for one in seats if is_related(seat.instrument, one.instrument)]


def is_same_elsewhere(one: Instrument, other: Instrument) -> bool:
    """Whether two listings are of one thing at two venues."""
    return one.symbol == other.symbol and one.venue != other.venue


def is_related(one: Instrument, other: Instrument) -> bool:
    """Whether one rests on the other, or both on the same."""
    if one.symbol == other.symbol:
        return False
    bases = {one.underlying or one.symbol, other.underlying or other.symbol}
    return len(bases) == 1


def suits(wants: str, instrument: Instrument, instruments: Sequence[Instrument]) -> bool:
    """Whether a scheme that wants a related market can be played in an instrument."""
    if wants == "venue":
        return any(is_same_elsewhere(instrument, other) for other in instruments)
    if wants == "product":
        return any(is_related(instrument, other) for other in instruments)
    return True
