"""A collar: nobody in a hurry pays any price, so a market order becomes a limit some way through the book."""

from math import ceil

from simulator.market import Seat

COLLAR_HALF_SPREADS = 8.0


def collared(seat: Seat, side: int) -> int | None:
    """Return the worst price somebody in a hurry accepts on a side; None (any price) where nobody offers."""
    opposite = seat.best(-side)
    if opposite is None:
        return None
    return max(1, opposite + side * ceil(COLLAR_HALF_SPREADS * seat.instrument.half_spread_ticks))
