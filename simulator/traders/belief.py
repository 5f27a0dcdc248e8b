# cython: language_level=3, cdivision=True, annotation_typing=False
"""How professionals form an opinion of the price from what they know and see."""

from __future__ import annotations

import cython

from simulator.market import Seat
from simulator.randomness import SECOND_NS

if cython.compiled:
    from cython.cimports.libc.math import exp, tanh
else:
    from math import exp, tanh

HALF_LIFE_SECONDS = 20.0
"""How fast an opinion learnt from the flow gives way to the value again."""
FLOW_IMPACT_TICKS = 0.1
IMBALANCE_IMPACT_TICKS = 3.2
"""How far a one-sided book moves a quote: what a spoofer lives on."""
IMBALANCE_SMOOTHING = 0.5
"""Share of a new look at the book in the opinion of it."""
INVENTORY_IMPACT_TICKS = 1.2
"""How far a professional moves its quotes for every `INVENTORY_TYPICAL_MULTIPLE` typical orders it is stuck with."""
INVENTORY_IMPACT_HALF_SPREADS_MAX = 6.0
INVENTORY_HALF_LIFE_SECONDS = 40.0
"""A position weighs less with time: it is hedged elsewhere."""
INVENTORY_TYPICAL_MULTIPLE = 40


class Belief:
    """A professional's opinion of the price, in ticks: value, flow, book and own position."""

    def __init__(self, seat: Seat, activity: float = 1.0) -> None:
        """`activity` says how much busier the market is than usual: the same flow then teaches the less."""
        self._activity = activity
        self._seat = seat
        self._typical = float(seat.instrument.typical_quantity)
        self._net_taken = 0
        self._imbalance = 0.0
        self._carried, self._inventory = 0.0, 0
        self._last_ns = seat.now_ns
        self.learnt_ticks = 0.0

    def fair_ticks(self, inventory: int) -> float:
        """Return value + what the flow taught + where the book leans - what it holds too much of."""
        seat = self._seat
        typical = self._typical
        elapsed_seconds = (seat._market.now_ns - self._last_ns) / SECOND_NS
        net_taken = seat._engine.bought_quantity - seat._engine.sold_quantity
        self.learnt_ticks *= exp(-0.693 * elapsed_seconds / HALF_LIFE_SECONDS)
        learnt = FLOW_IMPACT_TICKS * 4.0 * tanh((net_taken - self._net_taken) / (16.0 * typical))
        self.learnt_ticks += learnt / self._activity
        self._net_taken = net_taken
        self._last_ns = seat._market.now_ns
        self._imbalance += IMBALANCE_SMOOTHING * (seat.listing.imbalance() - self._imbalance)
        lean: float = IMBALANCE_IMPACT_TICKS * self._imbalance
        self._carried *= exp(-0.693 * elapsed_seconds / INVENTORY_HALF_LIFE_SECONDS)
        self._carried += inventory - self._inventory
        self._inventory = inventory
        burden_max: float = INVENTORY_IMPACT_HALF_SPREADS_MAX * seat.instrument.half_spread_ticks
        burden: float = INVENTORY_IMPACT_TICKS * self._carried / (INVENTORY_TYPICAL_MULTIPLE * typical)
        burden = burden_max * tanh(burden / burden_max)
        return seat.listing.value_ticks + self.learnt_ticks + lean - burden
