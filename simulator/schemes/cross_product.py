"""Across products: push the underlying, gain in the derivative, or the other way round."""

from simulator.schemes.leverage import across
from simulator.schemes.related import products_related

CROSS_PRODUCT = across(
    "cross_product",
    "An owner moves an instrument by its own trades and, while the move lasts, trades out of a position in a product "
    "that follows it.",
    "product",
    products_related,
)
