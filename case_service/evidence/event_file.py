"""Events of a window as Parquet: the event table, each event's journal position and identity."""

import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tapewatch.market import event as schema
from tapewatch.market.event import ColumnType
from tapewatch.market.frame import Frame
from tapewatch.market.identity import event_id

SEQUENCE, EVENT_ID = "sequence", "event_id"
Row = dict[str, Any]


def ordered(frames: Sequence[Frame], sequences: Sequence[int]) -> tuple[Frame, NDArray[np.int64]]:
    """The rows of all frames by time, then journal position, with the position of each."""
    joined = Frame.concat(list(frames)) if frames else Frame.from_rows([])
    positions = np.asarray(sequences, dtype=np.int64)
    if joined.row_count == 0:
        return joined, positions
    order = np.lexsort((positions, joined.columns["event_time_ns"]))
    return joined.take(order), positions[order]


def encode(frame: Frame, sequences: NDArray[np.int64]) -> bytes:
    """Parquet of the rows; the same rows give the same bytes."""
    ids = [id_of(row) for row in frame.rows()]
    columns = {SEQUENCE: pa.array(sequences, pa.int64()), EVENT_ID: pa.array(ids, pa.string())}
    for name, values in (frame.columns | frame.extensions).items():
        columns[name] = _array(frame, name, values)
    made = io.BytesIO()
    pq.write_table(pa.table(columns), made, compression="zstd", use_dictionary=True, write_statistics=False)
    return made.getvalue()


def _array(frame: Frame, name: str, values: NDArray[Any]) -> pa.Array:
    if name in ("kind", "side"):
        names = {0: None} | {code.value: code.name for code in (schema.Kind if name == "kind" else schema.Side) if code}
        return pa.array([names[code] for code in values.tolist()], pa.string())
    if name == "aggressor":
        return pa.array([{0: None, 1: False, 2: True}[code] for code in values.tolist()], pa.bool_())
    column = schema.COLUMN_BY_NAME.get(name)
    if column is None or column.type is ColumnType.TEXT:
        texts = frame.strings
        return pa.array([texts[index] or None for index in values.tolist()], pa.string())
    if column.type is ColumnType.FLOAT64:
        return pa.array(values, pa.float64(), from_pandas=True)  # NaN becomes null
    return pa.array(values, pa.int64())


def decode(content: bytes) -> list[Row]:
    """Rows of `encode`, in order, without the columns that are null."""
    table = pq.read_table(io.BytesIO(content))
    return list(_rows(table))


def _rows(table: pa.Table) -> Iterator[Row]:
    names = table.column_names
    for values in zip(*(table.column(name).to_pylist() for name in names), strict=True):
        yield {name: value for name, value in zip(names, values, strict=True) if value is not None}


def of_market(rows: Sequence[Row], venue: str, instrument: str) -> list[Row]:
    """The rows of a market."""
    return [row for row in rows if row["venue"] == venue and row["instrument"] == instrument]


def id_of(row: Row) -> str:
    """The identity of a row's event."""
    epoch, sequence, part = (int(row.get(name, 0)) for name in ("source_epoch", "source_sequence", "source_part"))
    return event_id(row.get("source", ""), epoch, sequence, part, row.get("event_key", ""))
