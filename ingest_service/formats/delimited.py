"""Comma-separated lines into columns of text, a block at a time.

The fast way (pyarrow) is trusted only when it made one row of each line; any other block is read line by line, so that
each bad line is found and named. A value can therefore not hold a line end, and line numbers are always exact.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from ingest_service.formats.content import LineBlock, line_blocks
from ingest_service.formats.contract import FileReport, RowFault


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Rows as text: a pyarrow string array a column (null where empty), each row's line, and the lines themselves."""

    columns: dict[str, Any]
    lines: NDArray[np.int64]
    block: LineBlock


def read_delimited(path: Path, names: Sequence[str], first_row_line: int, report: FileReport) -> Iterator[TextBatch]:
    """Rows of a CSV file from a line on, 2 below a header; lines that are no such row are rejected in `report`."""
    for block in line_blocks(path, report):
        if block.first_line < first_row_line:
            block = LineBlock(block.data.partition(b"\n")[2], first_row_line)
        if block.data:
            yield _fast_batch(block, names) or _careful_batch(block, names, report)


def _fast_batch(block: LineBlock, names: Sequence[str]) -> TextBatch | None:
    line_count = block.line_count()
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(block.data),
            arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(block.data) + 1),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != line_count:
        return None
    columns = {name: table.column(name).combine_chunks() for name in names}
    return TextBatch(columns, np.arange(block.first_line, block.first_line + line_count), block)


def _careful_batch(block: LineBlock, names: Sequence[str], report: FileReport) -> TextBatch:
    rows: list[list[str]] = []
    lines: list[int] = []
    for line, data in enumerate(block.lines(), start=block.first_line):
        if not data.strip():
            continue
        fields = _fields(data, len(names))
        if isinstance(fields, list):
            rows.append(fields)
            lines.append(line)
        else:
            report.reject(RowFault(line, "", fields[0], fields[1], block.text(line)))
    columns = {
        name: pa.array([row[place] or None for row in rows], type=pa.string()) for place, name in enumerate(names)
    }
    return TextBatch(columns, np.array(lines, dtype=np.int64), block)


def _fields(data: bytes, expected: int) -> list[str] | tuple[str, str]:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return "NOT_UTF8", f"expected UTF-8 text, found byte 0x{data[error.start]:02x} at place {error.start + 1}"
    try:
        fields = next(csv.reader([text], strict=True))
    except csv.Error as error:
        return "MALFORMED_ROW", f"expected a row of comma-separated values: {error} (a value can not hold a line end)"
    if len(fields) != expected:
        return "FIELD_COUNT", f"expected {expected} fields, found {len(fields)}; is the line cut?"
    return fields
