"""Streams nobody would send on purpose: ids used again, orders renamed and never seen, prices of 0, hours of silence.

Run as a module, it prints for each seed given the mode of the core and a digest of all it holds afterwards.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterable, Sequence

from detection_service.engine.engine import Engine
from detection_service.engine.snapshot import LAYOUT
from detection_service.frozen import Frozen
from tapewatch.engine_mode import mode
from tapewatch.market.frame import Frame
from tests.detection_service.scenario import START_NS, Row

HOUR_NS = 3_600_000_000_000
KINDS = ("NEW", "NEW", "NEW", "NEW", "CANCEL", "REPLACE", "FILL", "FILL", "EXPIRE", "TRADE", "BOOK_LEVEL", "QUOTE")
WAITS_NS = (0, 0, 0, 1, 40_000_000, 900_000_000, 7_000_000_000, 61_000_000_000, HOUR_NS, 3 * HOUR_NS)
OFTEN = (8, 8, 8, 8, 8, 8, 4, 2, 1, 1)


def rough_rows(seed: int, count: int = 400) -> list[Row]:
    """Events of a few groups in a few markets, drawn with a seed."""
    chance = random.Random(seed)
    time_ns, rows = START_NS, list[Row]()
    for sequence in range(1, count + 1):
        time_ns += chance.choices(WAITS_NS, OFTEN)[0]
        early_ns = chance.choice((0, 0, 0, 0, 5_000_000_000))
        rows.append(_row(chance, time_ns - early_ns, sequence))
    return rows


def _row(chance: random.Random, time_ns: int, sequence: int) -> Row:
    kind = chance.choice(KINDS)
    price, quantity = float(chance.choice((0, 1, 98, 99, 100, 100, 101, 102))), float(chance.choice((1, 5, 10, 400)))
    made: Row = {
        "event_time_ns": time_ns, "kind": kind, "venue": f"V{chance.randrange(2)}",
        "instrument": f"I{chance.randrange(3)}", "source": "feed", "source_sequence": sequence,
    }  # fmt: skip
    if kind == "QUOTE":
        return made | {"bid_price": price, "ask_price": price + 1}
    made |= {"side": chance.choice(("BUY", "SELL")), "price": price, "quantity": quantity}
    if kind in ("TRADE", "BOOK_LEVEL"):
        return made | ({"trade_id": f"t{chance.randrange(30)}"} if chance.random() < 0.5 else {})
    made["order_id"] = f"o{chance.randrange(40)}"
    if chance.random() < 0.8:
        made["account"] = f"a{chance.randrange(9)}"
    if kind == "FILL":
        made |= {"trade_id": f"t{chance.randrange(30)}", "aggressor": chance.random() < 0.5}
    if chance.random() < 0.1:
        made["price"] = None if kind in ("NEW", "REPLACE") else price
    if kind in ("REPLACE", "CANCEL") and chance.random() < 0.4:
        made |= {"order_id": f"o{chance.randrange(40)}", "previous_order_id": made["order_id"]}
    if kind != "NEW" and chance.random() < 0.3:
        made["leaves_quantity"] = float(chance.choice((0, 0, 3, 200)))
    return made


def held(engine: Engine) -> str:
    """A digest of all an engine holds."""
    pieces = Frozen.of(engine.core.state()).pieces(LAYOUT)
    return hashlib.sha256(b"".join(pieces)).hexdigest()[:16]


def fed(rows: Sequence[Row], sizes: Iterable[int]) -> Engine:
    """An engine that was given rows in frames of so many, the last size over and over."""
    engine, start, size = Engine(), 0, len(rows)
    following = iter(sizes)
    while start < len(rows):
        size = next(following, size)
        engine.process(Frame.from_rows(rows[start : start + size]))
        start += size
    return engine


if __name__ == "__main__":
    print(mode(), *(held(fed(rough_rows(int(seed)), ())) for seed in sys.argv[1:]))
