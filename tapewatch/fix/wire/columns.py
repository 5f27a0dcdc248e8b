# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The columns of a frame as they are filled, row by row, by numbers alone; rows as mappings go in beside them."""

from typing import Any

import cython
import numpy as np

from tapewatch.fix.wire.texts import Texts
from tapewatch.market.event import COLUMNS, EXTENSION_PREFIX, REQUIRED, Aggressor, ColumnType, Kind, Side
from tapewatch.market.frame import Frame

REQUESTED = "x_request"
"""The extension column of requests, held as the others are."""

LONGS = [column.name for column in COLUMNS if column.type is ColumnType.INT64]
DOUBLES = [column.name for column in COLUMNS if column.type is ColumnType.FLOAT64]
CODES = [column.name for column in COLUMNS if column.type is ColumnType.CODE]
TEXTS = [column.name for column in COLUMNS if column.type is ColumnType.TEXT] + [REQUESTED]
PLACES = {name: place for names in (LONGS, DOUBLES, CODES, TEXTS) for place, name in enumerate(names)}
NUMBERED: dict[str, dict[Any, int]] = {
    "kind": {kind.name: int(kind) for kind in Kind},
    "side": {side.name: int(side) for side in Side},
    "aggressor": {False: int(Aggressor.NO), True: int(Aggressor.YES)},
}
ROWS_AT_FIRST = 64


class Columns:
    """Cells begin as nulls. What is set belongs to row `count` until `end_row`; `drop_from` makes nulls again."""

    def __init__(self, row_count: int = ROWS_AT_FIRST, texts: Texts | None = None) -> None:
        self.texts = Texts() if texts is None else texts
        self.count = 0
        self._room = 0
        self._extensions: dict[str, list[tuple[int, int]]] = {}
        self._make_room(max(row_count, 1))

    def _make_room(self, room):
        longs = np.zeros((len(LONGS), room), dtype=np.int64)
        doubles = np.full((len(DOUBLES), room), np.nan)
        codes = np.zeros((len(CODES), room), dtype=np.uint8)
        cells = np.zeros((len(TEXTS), room), dtype=np.uint32)
        if self.count:
            longs[:, : self.count] = np.asarray(self.longs)[:, : self.count]
            doubles[:, : self.count] = np.asarray(self.doubles)[:, : self.count]
            codes[:, : self.count] = np.asarray(self.codes)[:, : self.count]
            cells[:, : self.count] = np.asarray(self.cells)[:, : self.count]
        self.longs, self.doubles, self.codes, self.cells = longs, doubles, codes, cells
        self._room = room

    def end_row(self):
        """The row is whole; the next begins."""
        self.count += 1
        if self.count == self._room:
            self._make_room(2 * self._room)
        return 0

    def drop_from(self, first):
        """Forgets the rows from there on, that begun with them."""
        row: cython.Py_ssize_t
        place: cython.Py_ssize_t
        for row in range(first, self.count + 1):
            for place in range(self.longs.shape[0]):
                self.longs[place, row] = 0
            for place in range(self.doubles.shape[0]):
                self.doubles[place, row] = float("nan")
            for place in range(self.codes.shape[0]):
                self.codes[place, row] = 0
            for place in range(self.cells.shape[0]):
                self.cells[place, row] = 0
        self.count = first

    def add_row(self, row: dict[str, Any]) -> None:
        """Adds a row given as a mapping by column, kind and side by name."""
        for name, value in row.items():
            if value is None:
                continue
            if isinstance(value, str) and name not in NUMBERED:
                self._set_text(name, self.texts.number(value.encode()))
            elif name in NUMBERED:
                self.codes[PLACES[name], self.count] = NUMBERED[name][value]
            elif isinstance(value, float):
                self.doubles[PLACES[name], self.count] = value
            else:
                self.longs[PLACES[name], self.count] = value
        self.end_row()

    def _set_text(self, name, index):
        if name in PLACES:
            self.cells[PLACES[name], self.count] = index
        elif name.startswith(EXTENSION_PREFIX):
            self._extensions.setdefault(name, []).append((self.count, index))
        else:
            raise ValueError(f"expected a text column of the event table, found {name!r}")

    def frame(self) -> Frame:
        """The rows so far as a frame; columns without a value are left out."""
        count = self.count
        columns: dict[str, Any] = {}
        for names, matrix in ((LONGS, self.longs), (CODES, self.codes), (TEXTS, self.cells)):
            cells = np.asarray(matrix)[:, :count]
            columns.update((name, cells[place]) for place, name in enumerate(names) if cells[place].any())
        doubles = np.asarray(self.doubles)[:, :count]
        filled = ~np.isnan(doubles).all(axis=1)
        columns.update((name, doubles[place]) for place, name in enumerate(DOUBLES) if filled[place])
        extensions = {REQUESTED: columns.pop(REQUESTED)} if REQUESTED in columns else {}
        for name, values in self._extensions.items():
            extensions[name] = np.zeros(count, dtype=np.uint32)
            for row, index in values:
                extensions[name][row] = index
        for name in REQUIRED:
            if name not in columns:
                matrix = {"event_time_ns": self.longs, "kind": self.codes}.get(name, self.cells)
                columns[name] = np.asarray(matrix)[PLACES[name], :count]
        return Frame(count, columns, self.texts.table(), extensions)
