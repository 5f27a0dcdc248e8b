"""The event table: its columns, kinds and the codes that stand for them in a frame.

One row type serves everything that moves the engine, and is the contract of files too. Nulls: text "" (index 0 of a
frame's string table), doubles NaN, integers 0.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Kind(IntEnum):
    """What an event says happened; the code is what frames and protobuf carry."""

    NEW = 1
    REPLACE = 2
    CANCEL = 3
    FILL = 4
    REJECT = 5
    CANCEL_REJECT = 6
    EXPIRE = 7
    REQUEST = 8
    STATUS = 9
    TRADE = 10
    QUOTE = 11
    BOOK_LEVEL = 12
    BUST = 13
    CORRECT = 14
    PHASE = 15


class Side(IntEnum):
    """Side of an order; on a public print the aggressor's."""

    NONE = 0
    BUY = 1
    SELL = 2


class Aggressor(IntEnum):
    """Whether a fill's side took liquidity."""

    UNKNOWN = 0
    NO = 1
    YES = 2


PHASES: Final = ("PRE_OPEN", "OPEN", "CONTINUOUS", "AUCTION", "HALT", "CLOSE")


class ColumnType(IntEnum):
    """How a column is stored in a frame."""

    INT64 = 1
    FLOAT64 = 2
    CODE = 3  # uint8
    TEXT = 4  # uint32 index into the frame's string table


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the event table: its name, its code in a frame, how it is stored and whether it must be there."""

    name: str
    code: int
    type: ColumnType
    required: bool = False


_TYPED: Final = (
    ("event_time_ns", ColumnType.INT64),
    ("kind", ColumnType.CODE),
    ("venue", ColumnType.TEXT),
    ("instrument", ColumnType.TEXT),
    ("account", ColumnType.TEXT),
    ("trader", ColumnType.TEXT),
    ("order_id", ColumnType.TEXT),
    ("client_order_id", ColumnType.TEXT),
    ("previous_order_id", ColumnType.TEXT),
    ("execution_id", ColumnType.TEXT),
    ("reference_execution_id", ColumnType.TEXT),
    ("trade_id", ColumnType.TEXT),
    ("side", ColumnType.CODE),
    ("price", ColumnType.FLOAT64),
    ("quantity", ColumnType.FLOAT64),
    ("leaves_quantity", ColumnType.FLOAT64),
    ("display_quantity", ColumnType.FLOAT64),
    ("stop_price", ColumnType.FLOAT64),
    ("contra_account", ColumnType.TEXT),
    ("aggressor", ColumnType.CODE),
    ("bid_price", ColumnType.FLOAT64),
    ("bid_quantity", ColumnType.FLOAT64),
    ("ask_price", ColumnType.FLOAT64),
    ("ask_quantity", ColumnType.FLOAT64),
    ("order_type", ColumnType.TEXT),
    ("time_in_force", ColumnType.TEXT),
    ("capacity", ColumnType.TEXT),
    ("algorithm", ColumnType.TEXT),
    ("currency", ColumnType.TEXT),
    ("phase", ColumnType.TEXT),
    ("text", ColumnType.TEXT),
    ("receive_time_ns", ColumnType.INT64),
    ("source", ColumnType.TEXT),
    ("source_epoch", ColumnType.INT64),
    ("source_sequence", ColumnType.INT64),
    ("source_part", ColumnType.INT64),
    ("event_key", ColumnType.TEXT),
)
REQUIRED: Final = ("event_time_ns", "kind", "venue", "instrument")

# The code of a column is its number in protobuf's Event message, so that both contracts read alike.
COLUMNS: Final[tuple[Column, ...]] = tuple(
    Column(name, code, type_, name in REQUIRED) for code, (name, type_) in enumerate(_TYPED, start=1)
)
COLUMN_BY_NAME: Final = {column.name: column for column in COLUMNS}
COLUMN_BY_CODE: Final = {column.code: column for column in COLUMNS}
EXTENSION_PREFIX: Final = "x_"


def nearest_column(name: str) -> str | None:
    """Name of the known column nearest to `name`, for error messages; None when nothing is near."""
    matches = difflib.get_close_matches(name, COLUMN_BY_NAME, n=1, cutoff=0.5)
    return matches[0] if matches else None


def unknown_column_message(name: str) -> str:
    """Sentence for a column that is neither known nor an extension."""
    nearest = nearest_column(name)
    hint = f"did you mean {nearest!r}?" if nearest else f"known columns: {', '.join(COLUMN_BY_NAME)}."
    return f"unknown column {name!r}: {hint} Columns of your own must begin with {EXTENSION_PREFIX!r}."
