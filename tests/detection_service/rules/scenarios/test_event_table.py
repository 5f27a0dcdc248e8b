"""Event tables: what a line of text becomes, and what is said of one that can not be read."""

from __future__ import annotations

import pytest

from detection_service.rules.scenarios.event_table import (
    START_NS,
    EventTableError,
    Repetition,
    Row,
    event_rows,
    text_table,
)

ORDER = """\
time  kind  account  side  price  quantity  order
1.5   NEW   a        BUY   10     5         o#
"""


def rows(text: str, at_s: float = 0.0, repetition: Repetition | None = None) -> list[Row]:
    return [told.row for told in event_rows(text, at_s, repetition or Repetition())]


def test_a_line_becomes_a_row_of_the_event_table() -> None:
    assert rows(ORDER) == [
        {
            "event_time_ns": START_NS + 1_500_000_000,
            "kind": "NEW",
            "account": "a",
            "side": "BUY",
            "price": 10.0,
            "quantity": 5.0,
            "order_id": "o1",
        }
    ]


def test_a_dash_is_nothing_quotes_hold_blanks_and_lines_of_their_own_are_comments() -> None:
    (row,) = rows('# who\ntime kind account text\n\n0 STATUS - "end of day"\n')
    assert "account" not in row
    assert row["text"] == "end of day"


def test_aggressor_numbers_and_own_columns_have_their_types() -> None:
    (row,) = rows("time kind aggressor sequence receive x_desk\n0 FILL no 7 2 north\n", at_s=1)
    assert (row["aggressor"], row["source_sequence"], row["x_desk"]) == (False, 7, "north")
    assert row["receive_time_ns"] == START_NS + 3_000_000_000


def test_a_repeated_block_numbers_its_names_and_steps_its_numbers() -> None:
    made = rows(ORDER, 10, Repetition(3, 2.0, {"price": 0.1}))
    assert [row["order_id"] for row in made] == ["o1", "o2", "o3"]
    assert [row["price"] for row in made] == [10.0, 10.1, 10.2]
    assert [row["event_time_ns"] for row in made] == [START_NS + round(each * 1e9) for each in (11.5, 13.5, 15.5)]


def test_a_row_is_told_at_its_time_unless_it_is_told_later() -> None:
    text = "time told kind\n1 - STATUS\n2 9 STATUS\n"
    assert [told.told_s for told in event_rows(text, 0, Repetition())] == [1, 9]
    assert [told.told_s for told in event_rows(text, 5, Repetition(2, 1))] == [6, 14, 7, 15]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 0, "expected a header of column names and at least one row"),
        ("time kind\n", 0, "at least one row"),
        ("time kind kind\n0 NEW NEW\n", 0, "column 'kind' is named twice"),
        ("time kind\n0 NEW\n1\n", 2, "expected 2 cells (time kind), found 1: 1; write - for nothing"),
        ("time kind\n0 'NEW\n", 1, "expected cells apart by blanks"),
        ("time kind\n- STATUS\n", 1, "expected time in every row"),
        ("time price\n0 1\n", 1, "expected kind in every row"),
        ("time kind prise\n0 NEW 1\n", 1, "unknown column 'prise': did you mean 'price'?"),
        ("event_time_ns kind\n0 NEW\n", 1, "Short names: time, told"),
        ("time kind\n0 ORDER\n", 1, "kind: expected one of NEW, REPLACE"),
        ("time kind side\n0 NEW LONG\n", 1, "side: expected one of BUY, SELL, found 'LONG'"),
        ("time kind aggressor\n0 FILL 1\n", 1, "aggressor: expected yes, no or -, found '1'"),
        ("time kind price\n0 NEW ten\n", 1, "price: expected a number, found 'ten'"),
        ("time kind sequence\n0 NEW 1.5\n", 1, "sequence: expected a number, found '1.5'"),
    ],
)
def test_a_table_that_can_not_be_read_says_line_and_what_was_expected(text: str, line: int, message: str) -> None:
    with pytest.raises(EventTableError) as raised:
        rows(text)
    assert message in str(raised.value)
    assert raised.value.line == line


def test_a_repeated_order_needs_a_name_of_its_own() -> None:
    with pytest.raises(EventTableError, match="needs # in its order id to be another order each time, found 'o1'"):
        rows(ORDER.replace("o#", "o1"), repetition=Repetition(2, 1))


def test_a_plain_table_keeps_its_text() -> None:
    assert list(text_table("account owner\nw1 Wanda\nw2 -\n")) == [
        (1, {"account": "w1", "owner": "Wanda"}),
        (2, {"account": "w2"}),
    ]
