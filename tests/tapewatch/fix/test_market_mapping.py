"""Each row of the mapping table for trade reports, market data and phases."""

import pytest

from tapewatch.fix.codec import Field
from tapewatch.fix.mapping import Row, map_message
from tapewatch.fix.profile import Profile, load_profile
from tapewatch.market.frame import Frame
from tapewatch.market.validate import validate
from tests.tapewatch.fix.test_order_mapping import FIX44, SOURCE, message_of

BOOK = load_profile("market_data")
TRADES = load_profile("trade_capture")
TIME: Field = (60, "20260105-09:00:00")


def rows_of(msg_type: str, fields: list[Field], profile: Profile = FIX44) -> list[Row]:
    rows, note = map_message(message_of(msg_type, fields), profile, SOURCE)
    assert note is None
    assert validate(Frame.from_rows(rows)) == []
    return rows


def trade(*head: Field) -> list[Field]:
    return [
        *head, (571, "R1"), (55, "ABC"), (32, 100), (31, 10.5), TIME,
        (552, 2),
        (54, "1"), (37, "B"), (453, 1), (448, "BUYER"), (452, "24"), (1057, "Y"),
        (54, "2"), (37, "S"), (1, "SELLER"),
    ]  # fmt: skip


def test_a_trade_report_is_a_fill_for_each_side_joined_by_its_id() -> None:
    buy, sell = rows_of("AE", trade((487, "0"), (880, "T1")))
    assert (buy["kind"], buy["side"], buy["account"], buy["order_id"]) == ("FILL", "BUY", "BUYER", "B")
    assert (sell["side"], sell["account"], sell["order_id"]) == ("SELL", "SELLER", "S")
    assert buy["aggressor"] is True
    assert "aggressor" not in sell
    assert buy["trade_id"] == sell["trade_id"] == "T1"
    assert (buy["source_part"], sell["source_part"]) == (0, 1)
    assert buy["event_key"] != sell["event_key"]


@pytest.mark.parametrize(("code", "kind"), [("1", "BUST"), ("2", "CORRECT"), ("4", "BUST")])
def test_a_cancelled_or_replaced_trade_names_the_report_it_is_about(code: str, kind: str) -> None:
    rows = rows_of("AE", trade((487, code), (572, "R0")), TRADES)
    assert [(row["kind"], row["reference_execution_id"], row["execution_id"]) for row in rows] == [
        (kind, "R0", "R1")
    ] * 2


@pytest.mark.parametrize(("fields", "said"), [([(487, "3")], "487=3"), ([(571, "R1"), TIME], "no sides")])
def test_a_trade_report_that_is_no_trade_says_why(fields: list[Field], said: str) -> None:
    rows, note = map_message(message_of("AE", fields), FIX44, SOURCE)
    assert rows == []
    assert note is not None
    assert said in note


def snapshot() -> list[Field]:
    return [
        (55, "ABC"), TIME, (268, 3),
        (269, "0"), (270, 10.0), (271, 100), (269, "1"), (270, 10.2), (271, 50), (269, "2"), (270, 10.1), (271, 7),
    ]  # fmt: skip


def test_a_snapshot_with_one_level_a_side_is_a_quote_and_its_print_a_trade() -> None:
    print_row, quote = rows_of("W", snapshot())
    assert (print_row["kind"], print_row["price"], print_row["quantity"]) == ("TRADE", 10.1, 7.0)
    assert [quote[name] for name in ("kind", "bid_price", "bid_quantity", "ask_price", "ask_quantity")] == [
        "QUOTE", 10.0, 100.0, 10.2, 50.0,
    ]  # fmt: skip


def test_the_profile_may_want_levels() -> None:
    rows = rows_of("W", snapshot(), BOOK)
    assert [(row["kind"], row.get("side"), row["price"]) for row in rows] == [
        ("BOOK_LEVEL", "BUY", 10.0), ("BOOK_LEVEL", "SELL", 10.2), ("TRADE", None, 10.1),
    ]  # fmt: skip
    assert [row["source_part"] for row in rows] == [0, 1, 2]


def test_a_deep_snapshot_is_levels_unless_the_profile_wants_the_best() -> None:
    fields: list[Field] = [
        (55, "ABC"), TIME, (268, 3),
        (269, "0"), (270, 10.0), (271, 1), (269, "0"), (270, 10.1), (271, 2), (269, "1"), (270, 10.2), (271, 3),
    ]  # fmt: skip
    assert [row["kind"] for row in rows_of("W", fields)] == ["BOOK_LEVEL"] * 3
    (quote,) = rows_of("W", fields, FIX44.model_copy(update={"market_data": "quote"}))
    assert (quote["bid_price"], quote["ask_price"]) == (10.1, 10.2)


def test_a_refresh_changes_and_deletes_levels_of_the_instrument_last_named() -> None:
    fields: list[Field] = [
        TIME, (268, 3),
        (279, "0"), (269, "0"), (55, "ABC"), (270, 10), (271, 5),
        (279, "2"), (269, "1"), (270, 11), (271, 9),
        (279, "0"), (269, "2"), (55, "DEF"), (270, 20), (271, 3), (273, "09:30:00.5"), (1003, "T7"), (2446, "2"),
    ]  # fmt: skip
    level, deleted, print_row = rows_of("X", fields)
    assert (level["instrument"], level["quantity"]) == ("ABC", 5.0)
    assert (deleted["instrument"], deleted["side"], deleted["quantity"]) == ("ABC", "SELL", 0.0)
    assert (print_row["instrument"], print_row["side"], print_row["trade_id"]) == ("DEF", "SELL", "T7")
    assert print_row["event_time_ns"] == 1_767_605_400_500_000_000


def test_market_data_without_entries_or_of_other_kinds_says_why() -> None:
    assert map_message(message_of("X", []), FIX44, SOURCE) == ([], "35=X has no market data entries (268)")
    fields: list[Field] = [(55, "ABC"), (268, 1), (269, "4"), (270, 10)]
    assert map_message(message_of("W", fields), FIX44, SOURCE) == ([], "35=W: no event for 269=4")


@pytest.mark.parametrize(
    ("msg_type", "tag", "code", "phase"),
    [("h", 340, "1", "HALT"), ("h", 340, "4", "PRE_OPEN"), ("f", 326, "2", "HALT"), ("f", 326, "3", "CONTINUOUS")],
)
def test_a_trading_state_is_a_phase_of_the_instrument(msg_type: str, tag: int, code: str, phase: str) -> None:
    (row,) = rows_of(msg_type, [(55, "ABC"), (tag, code), TIME])
    assert (row["kind"], row["phase"]) == ("PHASE", phase)


@pytest.mark.parametrize(
    ("fields", "said"), [([(55, "ABC"), (340, "77")], "names no phase"), ([(340, "1")], "names no instrument")]
)
def test_a_state_we_cannot_place_says_why(fields: list[Field], said: str) -> None:
    rows, note = map_message(message_of("h", fields), FIX44, SOURCE)
    assert rows == []
    assert note is not None
    assert said in note


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ([(279, "2"), (269, "0"), (278, "77")], "269=0 without a price (270)"),
        ([(279, "2"), (269, "2"), (270, 10)], "269=2 with 279=2"),
    ],
)
def test_an_entry_that_is_no_event_says_what_it_lacks(entry: list[Field], said: str) -> None:
    assert map_message(message_of("X", [(268, 1), *entry, (55, "ABC")]), FIX44, SOURCE) == (
        [],
        f"35=X: no event for {said}",
    )
