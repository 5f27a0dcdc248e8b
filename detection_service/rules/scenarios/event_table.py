"""Event tables as text: a header of column names, then a row a line, cells apart by blanks, `-` for nothing.

Columns are those of the event table (docs/formats.md) and these short names: `time` (seconds from the scenario's start,
required), `told` (seconds, when the row is told; the row's time unless given), `receive` (seconds), `order`, `client`,
`previous`, `trade`, `contra`, `leaves`, `sequence`. A cell with blanks is put in quotes; a line that begins with `#`
is a comment.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tapewatch.market.event import COLUMN_BY_NAME, EXTENSION_PREFIX, ColumnType, Kind, Side, unknown_column_message

START_NS: Final = 1_699_999_800_000_000_000
"""Where every scenario starts: 2023-11-14 22:10:00 UTC, where a bucket of five minutes begins."""
SHORT_NAMES: Final = {
    "order": "order_id",
    "client": "client_order_id",
    "previous": "previous_order_id",
    "trade": "trade_id",
    "contra": "contra_account",
    "leaves": "leaves_quantity",
    "sequence": "source_sequence",
}
SECONDS: Final = ("time", "told", "receive")
NOTHING: Final = "-"
PLACEHOLDER: Final = "#"
_AGGRESSOR: Final = {"yes": True, "true": True, "no": False, "false": False}
_WORDS: Final = {"kind": [kind.name for kind in Kind], "side": [side.name for side in Side if side]}

Row = dict[str, object]


class EventTableError(ValueError):
    """A table can not be read; `line` counts from its first line, 0 for that."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Told:
    """A row of the event table and the seconds from the scenario's start at which it is told."""

    told_s: float
    row: Row


@dataclass(frozen=True, slots=True)
class Repetition:
    """How often a block is played, how far apart, and what a column's numbers grow by each time.

    `#` in a cell stands for the number of the repetition, from 1.
    """

    times: int = 1
    every_s: float = 0.0
    step: Mapping[str, float] | None = None


def seconds_ns(seconds: float) -> int:
    """Seconds from the scenario's start as nanoseconds since the epoch."""
    return START_NS + round(seconds * 1_000_000_000)


def text_table(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table as text by column, with their line; cells of nothing are left out. Raises EventTableError."""
    header: list[str] = []
    for line, content in enumerate(text.splitlines()):
        if not content.strip() or content.lstrip().startswith("#"):
            continue
        cells = _cells(line, content)
        if not header:
            header = cells
            repeated = [name for number, name in enumerate(header) if name in header[:number]]
            if repeated:
                raise EventTableError(line, f"column {repeated[0]!r} is named twice")
            continue
        if len(cells) != len(header):
            expected = f"expected {len(header)} cells ({' '.join(header)})"
            raise EventTableError(
                line, f"{expected}, found {len(cells)}: {content.strip()}; write {NOTHING} for nothing"
            )
        yield line, {name: cell for name, cell in zip(header, cells, strict=True) if cell != NOTHING}


def _cells(line: int, content: str) -> list[str]:
    try:
        return shlex.split(content)
    except ValueError as error:
        raise EventTableError(line, f"expected cells apart by blanks, found {content.strip()}: {error}") from error


def event_rows(text: str, at_s: float, repetition: Repetition) -> Iterator[Told]:
    """The events of a block, in its own order. Raises EventTableError."""
    table = list(text_table(text))
    if not table:
        raise EventTableError(0, "expected a header of column names and at least one row, found none")
    for line, cells in table:
        if repetition.times > 1 and cells.get("kind") == "NEW" and PLACEHOLDER not in _order_id(cells):
            expected = f"a repeated NEW needs {PLACEHOLDER} in its order id to be another order each time"
            raise EventTableError(line, f"{expected}, found {_order_id(cells)!r}")
    for number in range(repetition.times):
        for line, cells in table:
            yield _told(line, cells, at_s, number, repetition)


def _order_id(cells: Mapping[str, str]) -> str:
    return cells.get("order", cells.get("order_id", ""))


def _told(line: int, cells: Mapping[str, str], at_s: float, number: int, repetition: Repetition) -> Told:
    values: Row = {}
    for name, cell in cells.items():
        column = SHORT_NAMES.get(name, name)
        value = _value(line, name, column, cell.replace(PLACEHOLDER, str(number + 1)))
        step = (repetition.step or {}).get(name, 0.0)
        if step and not isinstance(value, bool) and isinstance(value, int | float):
            value = round(value + step * number, 9 if isinstance(value, float) else None)
        values[column] = value
    missing = [name for name in ("time", "kind") if name not in values]
    if missing:
        raise EventTableError(line, f"expected {missing[0]} in every row, found none here")
    shift = at_s + repetition.every_s * number
    seconds = {name: float(str(values.pop(name))) + shift for name in SECONDS if name in values}
    if "receive" in seconds:
        values["receive_time_ns"] = seconds_ns(seconds["receive"])
    return Told(seconds.get("told", seconds["time"]), {"event_time_ns": seconds_ns(seconds["time"]), **values})


def _value(line: int, name: str, column: str, cell: str) -> object:
    if column.startswith(EXTENSION_PREFIX):
        return cell
    if column not in SECONDS and (column not in COLUMN_BY_NAME or column == "event_time_ns"):
        raise EventTableError(
            line, f"{unknown_column_message(name)} Short names: {', '.join([*SECONDS, *SHORT_NAMES])}"
        )
    kind = ColumnType.FLOAT64 if column in SECONDS else COLUMN_BY_NAME[column].type
    if column == "aggressor":
        if cell not in _AGGRESSOR:
            raise EventTableError(line, f"{name}: expected yes, no or {NOTHING}, found {cell!r}")
        return _AGGRESSOR[cell]
    if kind is ColumnType.CODE and cell not in _WORDS[column]:
        raise EventTableError(line, f"{name}: expected one of {', '.join(_WORDS[column])}, found {cell!r}")
    if kind not in (ColumnType.FLOAT64, ColumnType.INT64):
        return cell
    try:
        return float(cell) if kind is ColumnType.FLOAT64 else int(cell)
    except ValueError:
        raise EventTableError(line, f"{name}: expected a number, found {cell!r}") from None
