"""The book rebuilt from a recorded session's events against the book its venue published after each message.

Messages tell only of the ten levels then shown. So a level that drops out of them is forgotten, and one that comes in
from below is taken from the published row and counted; every other level of every row must come from the events alone.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest_service.formats import FileReport
from tapewatch.market.book import Book

Rows = list[dict[str, object]]
Read = Callable[..., tuple[Rows, FileReport]]
Levels = list[tuple[float, float]]

NAME = "AAPL_2012-06-21_34200000_57600000_message_10.csv"
BOOK_NAME = NAME.replace("message", "orderbook")
DEPTH = 10
SIDES = {"BUY": 1, "SELL": 2}


class Rebuilt:
    """The simplest owner of a Book: it knows what is open of each order; unknown orders take seeded quantity."""

    def __init__(self) -> None:
        self.book: Any = Book()
        self.open: dict[object, tuple[int, float, float]] = {}

    def apply(self, row: dict[str, object]) -> None:
        ladder = self.book.ladder(SIDES[str(row["side"])])
        price, quantity = float(str(row["price"])), float(str(row["quantity"]))
        kind, order_id = row["kind"], row.get("order_id")
        if kind == "BOOK_LEVEL":
            ladder.seed(price, quantity)
        elif kind == "NEW":
            self.open[order_id] = ladder.enter(price, quantity), price, quantity
        elif order_id not in self.open:
            ladder.take_seeded(price, quantity)
        else:
            level, price, before = self.open.pop(order_id)
            if quantity < before:
                ladder.change(level, -quantity)
                self.open[order_id] = level, price, before - quantity
            else:
                ladder.leave(level, before)

    def forget(self, side: int, beyond: float) -> None:
        """Drops a side's levels worse than a price."""
        ladder = self.book.ladder(side)
        gone = {price for price, _, _ in ladder.top(ladder.length) if worse(side, price, beyond)}
        for order_id, (level, price, quantity) in list(self.open.items()):
            if price in gone:
                ladder.leave(level, quantity)
                del self.open[order_id]
        for price in gone:
            ladder.seed(price, 0.0)

    def shown(self, side: int) -> Levels:
        return [(price, quantity) for price, quantity, _ in self.book.ladder(side).top(DEPTH)]


def worse(side: int, price: float, than: float) -> bool:
    return price < than if side == SIDES["BUY"] else price > than


def published(line: str) -> dict[int, Levels]:
    values = [int(text) for text in line.split(",")]
    pairs = [(values[place] / 10_000, float(values[place + 1])) for place in range(0, len(values), 2)]
    return {SIDES["SELL"]: pairs[::2], SIDES["BUY"]: pairs[1::2]}


def test_every_rows_ten_levels_are_those_published(read: Read, recorded_data: Path) -> None:
    rows, _ = read(recorded_data / "lobster" / NAME)
    books = (recorded_data / "lobster" / BOOK_NAME).read_text().splitlines()
    rebuilt = Rebuilt()
    reach: dict[int, float] = {}
    rows_compared = levels_from_below = 0
    for row in rows:
        if row["kind"] != "TRADE":
            rebuilt.apply(row)
        if row["kind"] == "BOOK_LEVEL":
            continue
        rows_compared += 1
        for side, levels in published(books[int(str(row["source_sequence"])) - 1]).items():
            entering = [level for level in levels if side in reach and worse(side, level[0], reach[side])]
            levels_from_below += len(entering)
            for price, quantity in entering:
                rebuilt.book.ladder(side).seed(price, quantity)
            assert rebuilt.shown(side) == levels, (row["source_sequence"], side)
            reach[side] = levels[-1][0]
            rebuilt.forget(side, reach[side])
    assert (rows_compared, levels_from_below) == (999, 318)
