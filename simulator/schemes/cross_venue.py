"""Across venues: push the price on one venue, gain on another where the same thing is traded."""

from simulator.schemes.leverage import across
from simulator.schemes.related import listings_elsewhere

CROSS_VENUE = across(
    "cross_venue",
    "An owner pushes an instrument's price on one venue and trades out of a position on another at the price that "
    "follows.",
    "venue",
    listings_elsewhere,
)
