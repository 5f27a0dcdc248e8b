import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.spreadsheet import csv_bytes, inert


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", " =", "\ufeff=", "\u200b@", "\t="])
def test_a_text_that_begins_a_formula_becomes_text(begin: str) -> None:
    assert inert(f"{begin}cmd|' /C calc'!A0").startswith("'")


@pytest.mark.parametrize(("value", "cell"), [(-1.5, "-1.5"), (None, ""), (True, "true"), (7, "7"), ("A-1", "A-1")])
def test_numbers_and_ordinary_texts_stay(value: object, cell: str) -> None:
    assert inert(value) == cell


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_whatever_is_written_every_cell_comes_back_inert_and_in_its_place(cells: list[str]) -> None:
    columns = [f"c{place}" for place in range(len(cells))]
    read = list(csv.reader(io.StringIO(csv_bytes(columns, [cells]).decode("utf-8-sig"), newline="")))
    assert read[0] == columns
    assert len(read[1]) == len(cells)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in read[1])
