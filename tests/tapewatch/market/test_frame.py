"""The frame gives back what was put in, and refuses everything else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.market.event import COLUMNS, ColumnType
from tapewatch.market.frame import Frame, FrameError, StringTable, Text

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


def test_joined_frames_have_one_index_for_each_text_that_rows_are_grouped_by() -> None:
    row = {"event_time_ns": 1, "kind": "NEW", "venue": "V", "instrument": "I", "source": "S"}
    joined = Frame.concat(
        [Frame.from_rows([row | {"account": "ü"}]), Frame.from_rows([row | {"instrument": "J"}, row])]
    )
    assert [len(set(joined.columns[name].tolist())) for name in ("venue", "instrument", "source")] == [1, 2, 1]
    assert list(joined.rows()) == [row | {"account": "ü"}, row | {"instrument": "J"}, row]


@given(st.lists(TEXT, min_size=1), st.data())
def test_a_table_of_strings_gives_each_and_those_picked(texts: list[str], data: st.DataObject) -> None:
    table = StringTable.of(texts)
    wanted = np.array(data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts))))
    assert [table.text(index) for index in range(len(texts))] == table.decode() == texts
    assert table.pick(wanted).decode() == [text for text, is_wanted in zip(texts, wanted, strict=True) if is_wanted]
    assert StringTable.concat([table, StringTable.of([]), table]).decode() == texts + texts


def test_text_and_tables_of_it_make_the_same_frame() -> None:
    numbers = {"event_time_ns": np.array([1, 2]), "kind": np.array([9, 9])}
    venues, instruments = np.array([0, 0]), np.array([1, -1])
    words: list[tuple[Text, Text]] = [
        ((venues, ["V"]), (instruments, ["I", "J"])),
        ((venues, StringTable.of(["V"])), (instruments, StringTable.of(["I", "J"]))),
        ((venues, StringTable.of(["V"])), (instruments, ["I", "J"])),
    ]
    made = [Frame.from_columns(2, numbers, {"venue": venue, "instrument": name}).encode() for venue, name in words]
    assert made[0] == made[1] == made[2]


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
