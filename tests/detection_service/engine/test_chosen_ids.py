"""Ids chosen so that orders of two markets have one key touch nothing of each other's."""

from __future__ import annotations

from itertools import count

from detection_service.engine.engine import Engine
from tapewatch.market.frame import Frame
from tapewatch.market.hashing import mix_word

VENUE = "XTST"
GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1
NOT_ASCII = 0x8080808080808080


def begin(instrument: str) -> int:
    """What the hash of an id of eight bytes begins with in a market."""
    seed = 0
    for byte in f"{VENUE}\x1f{instrument}".encode():
        seed = mix_word(seed ^ byte)
    return (seed + 9 * GOLDEN) & MASK


def pair() -> tuple[str, str, str]:
    """Another instrument than AAA, an id in AAA, and the id in the other with the same key."""
    here = int.from_bytes(b"order-01", "little")
    for number in count():
        other = f"B{number}"
        there = here ^ begin("AAA") ^ begin(other)
        if there & NOT_ASCII == 0 and all(there.to_bytes(8, "little")):
            return other, "order-01", there.to_bytes(8, "little").decode()
    raise AssertionError("unreachable")


def row(number: int, instrument: str, kind: str, order_id: str, price: float = 100.0) -> dict[str, object]:
    return {
        "event_time_ns": 1_000_000_000 + number,
        "kind": kind,
        "venue": VENUE,
        "instrument": instrument,
        "order_id": order_id,
        "account": "a",
        "side": "BUY",
        "price": price,
        "quantity": 10.0,
        "source": "test",
        "source_sequence": number,
    }


def test_a_cancel_of_a_chosen_id_leaves_the_other_market_s_order_alone() -> None:
    other, id_here, id_there = pair()
    rows = [row(1, "AAA", "NEW", id_here), row(2, other, "NEW", "plain", 5.0)]
    rows += [row(number, other, "CANCEL", id_there) for number in range(3, 40)]
    rows += [row(40, other, "NEW", id_there, 6.0), row(41, "AAA", "CANCEL", id_here)]
    engine = Engine()
    engine.process(Frame.from_rows(rows))
    core = engine.core
    assert begin("AAA") == (core.market_named(VENUE, "AAA").seed + 9 * GOLDEN) & MASK
    assert core.unknown_orders[0] == 37
    assert core.market_named(VENUE, "AAA").book.bids.top(5) == []
    assert core.market_named(VENUE, other).book.bids.top(5) == [(6.0, 10.0, 1), (5.0, 10.0, 1)]
