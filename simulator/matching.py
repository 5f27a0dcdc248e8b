"""The venue's side of trading: what an order is, the book and the matching engine, under one name."""

from simulator.matching_engine import (
    NO_SUCH_ORDER_TEXT,
    QUANTITY_MAX,
    SELF_MATCH_TEXT,
    SESSION_END_TEXT,
    SIDE_NAMES,
    UNFILLED_TEXT,
    MatchingEngine,
)
from simulator.order_book import BUY, DAY, IMMEDIATE_OR_CANCEL, LIMIT, MARKET, SELL, BookSide, Level, Order
from simulator.tape import Numbering

__all__ = [
    "BUY", "DAY", "IMMEDIATE_OR_CANCEL", "LIMIT", "MARKET", "NO_SUCH_ORDER_TEXT", "QUANTITY_MAX", "SELF_MATCH_TEXT",
    "SELL", "SESSION_END_TEXT", "SIDE_NAMES", "UNFILLED_TEXT", "BookSide", "Level", "MatchingEngine", "Numbering",
    "Order",
]  # fmt: skip
