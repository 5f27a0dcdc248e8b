"""The price of an auction: the most volume, then the least left over, then the side of pressure, then the reference.

That is the order of criteria that European venues publish for their calls.
"""

from collections.abc import Sequence
from typing import NamedTuple

Levels = Sequence[tuple[int, int]]
"""(price in ticks, whole quantity), in any order."""


class Clearing(NamedTuple):
    """Where an auction would trade: price in ticks, volume, and what is left over (positive: buyers)."""

    price: int
    volume: int
    surplus: int


def clear(bids: Levels, asks: Levels, market_bought: int, market_sold: int, reference_price: int) -> Clearing | None:
    """Return where limit orders and the market orders of both sides clear; None where nothing can trade.

    Market orders trade at any price; where only they meet, at the reference.
    """
    prices = sorted({price for price, _ in (*bids, *asks)} or {reference_price})
    demand = _running_total(prices[::-1], bids, market_bought)
    supply = _running_total(prices, asks, market_sold)
    found = [Clearing(price, min(demand[price], supply[price]), demand[price] - supply[price]) for price in prices]
    volume = max(clearing.volume for clearing in found)
    if not volume:
        return None
    found = [clearing for clearing in found if clearing.volume == volume]
    least = min(abs(clearing.surplus) for clearing in found)
    found = [clearing for clearing in found if abs(clearing.surplus) == least]
    if all(clearing.surplus > 0 for clearing in found):
        return found[-1]
    if all(clearing.surplus < 0 for clearing in found):
        return found[0]
    return _nearest(found, reference_price)


def _running_total(prices: Sequence[int], levels: Levels, start: int) -> dict[int, int]:
    """Return what may trade at each price, adding up over prices in the order given."""
    at: dict[int, int] = {}
    for price, quantity in levels:
        at[price] = at.get(price, 0) + quantity
    total, totals = start, {}
    for price in prices:
        total += at.get(price, 0)
        totals[price] = total
    return totals


def _nearest(found: Sequence[Clearing], reference_price: int) -> Clearing:
    """Return the clearing at the reference where that lies between them, else the one nearest to it."""
    low, high = found[0], found[-1]
    if low.price <= reference_price <= high.price and low.surplus == high.surplus:
        return low._replace(price=reference_price)
    return min(found, key=lambda clearing: (abs(clearing.price - reference_price), clearing.price))
