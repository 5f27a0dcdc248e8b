"""The frame gives back what was put in, and refuses everything else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.market.event import COLUMNS, ColumnType
from tapewatch.market.frame import Frame, FrameError

TEXT = st.text(max_size=12).filter(bool)
VALUES = {
    ColumnType.INT64: st.integers(1, 2**62),
    ColumnType.FLOAT64: st.floats(allow_nan=False, allow_infinity=False),
    ColumnType.TEXT: TEXT,
}


def value_of(name: str, type_: ColumnType) -> st.SearchStrategy[object]:
    if name == "kind":
        return st.sampled_from(["NEW", "CANCEL", "FILL"])
    if name == "side":
        return st.sampled_from(["BUY", "SELL"])
    return st.booleans() if type_ is ColumnType.CODE else VALUES[type_]


ROW = st.fixed_dictionaries(
    {"event_time_ns": st.integers(1, 2**62), "kind": st.just("NEW"), "venue": TEXT, "instrument": TEXT},
    optional={column.name: value_of(column.name, column.type) for column in COLUMNS if not column.required}
    | {"x_desk": TEXT},
)
ROWS = st.lists(ROW, min_size=1, max_size=20)


@given(ROWS)
def test_rows_survive_encoding_and_decoding(rows: list[dict[str, object]]) -> None:
    assert list(Frame.decode(Frame.from_rows(rows).encode()).rows()) == rows


@given(ROWS, st.integers(0, 20))
def test_a_frame_cut_in_two_and_joined_is_the_same_rows(rows: list[dict[str, object]], cut: int) -> None:
    frame = Frame.decode(Frame.from_rows(rows).encode())
    joined = Frame.concat([frame.slice(0, cut), frame.slice(cut, len(rows))])
    assert list(Frame.decode(joined.encode()).rows()) == rows


def test_taking_rows_leaves_out_the_strings_of_the_others() -> None:
    rows = [{"event_time_ns": 1, "kind": "NEW", "venue": "V", "instrument": f"I{i}"} for i in range(3)]
    assert Frame.from_rows(rows).take(np.array([2])).strings == ["", "V", "I2"]


@given(ROWS, st.data())
def test_damaged_bytes_are_a_frame_error_or_a_frame(rows: list[dict[str, object]], data: st.DataObject) -> None:
    encoded = bytearray(Frame.from_rows(rows).encode())
    position = data.draw(st.integers(0, len(encoded) - 1))
    encoded[position] ^= data.draw(st.integers(1, 255))
    try:
        frame = Frame.decode(bytes(encoded))
        list(frame.rows())
    except FrameError:
        return
    assert frame.row_count >= 0


@given(ROWS, st.data())
def test_a_frame_cut_anywhere_is_refused(rows: list[dict[str, object]], data: st.DataObject) -> None:
    encoded = Frame.from_rows(rows).encode()
    with pytest.raises(FrameError):
        Frame.decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


def test_an_unknown_column_is_refused_naming_the_nearest() -> None:
    with pytest.raises(FrameError, match="did you mean 'quantity'"):
        Frame.from_rows([{"event_time_ns": 1, "kind": "NEW", "venue": "V", "instrument": "I", "quantty": 1.0}])


def test_a_wrong_kind_is_refused_with_row_and_column() -> None:
    with pytest.raises(FrameError, match=r"row 0, kind: expected one of NEW, .*, found 'NEWS'"):
        Frame.from_rows([{"event_time_ns": 1, "kind": "NEWS", "venue": "V", "instrument": "I"}])
