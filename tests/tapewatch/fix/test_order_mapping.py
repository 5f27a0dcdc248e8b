"""Each row of the mapping table for orders: execution reports, cancel rejects and requests."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.fix.codec import Field, Framer, Message, encode
from tapewatch.fix.mapping import Row, map_message
from tapewatch.fix.profile import Profile, SelfTradePrevention, load_profile
from tapewatch.market.frame import Frame
from tapewatch.market.validate import validate
from tests.tapewatch.fix.fix_peer import report_fields

FIX44 = load_profile("fix44")
FIX42 = load_profile("fix42")
NEW_REQUESTS = FIX44.model_copy(update={"requests": "new"})
SOURCE = "FIX.4.4:VENUE->US"


def message_of(msg_type: str, fields: list[Field], begin_string: str = "FIX.4.4") -> Message:
    head: list[Field] = [(35, msg_type), (49, "VENUE"), (56, "US"), (34, 7), (52, "20260105-09:00:01")]
    (message,) = Framer().feed(encode(begin_string, [*head, *fields]))
    assert isinstance(message, Message)
    message.epoch = 20260105000
    return message


def mapped(message: Message, profile: Profile = FIX44) -> Row:
    (row,), note = map_message(message, profile, SOURCE)
    assert note is None
    assert validate(Frame.from_rows([row])) == []
    return row


def report(profile: Profile = FIX44, **changes: str) -> Row:
    return mapped(message_of("8", report_fields(**changes)), profile)


def request(msg_type: str, fields: list[Field], profile: Profile = FIX44) -> Row:
    base: list[Field] = [(11, "C1"), (55, "ABC"), (54, "1"), (38, 100), (40, "2"), (44, 10.5)]
    return mapped(message_of(msg_type, [*base, *fields]), profile)


def test_a_new_order_is_a_row_with_everything_the_venue_said() -> None:
    row = report(t1="ACC", t40="2", t59="0", t528="P", t15="USD", t58="hello", t1138="10", t99="9.5", t30="XNAS")
    assert row == {
        "event_time_ns": 1_767_603_600_000_001_000,
        "kind": "NEW",
        "venue": "XNAS",
        "instrument": "ABC",
        "account": "ACC",
        "order_id": "O1",
        "client_order_id": "C1",
        "execution_id": "E1",
        "side": "BUY",
        "price": 10.5,
        "quantity": 100.0,
        "leaves_quantity": 100.0,
        "display_quantity": 10.0,
        "stop_price": 9.5,
        "order_type": "LIMIT",
        "time_in_force": "DAY",
        "capacity": "PRINCIPAL",
        "currency": "USD",
        "text": "hello",
        "source": SOURCE,
        "source_epoch": 20260105000,
        "source_sequence": 7,
        "event_key": "20260105|O1|E1||0",
    }


def test_a_fill_has_last_price_and_quantity_the_aggressor_and_the_match() -> None:
    row = report(
        t150="F", t39="1", t31="10.4", t32="40", t151="60", t14="40", t1057="Y", t880="T9", t1003="X", t375="CONTRA"
    )
    assert (row["kind"], row["price"], row["quantity"], row["leaves_quantity"]) == ("FILL", 10.4, 40.0, 60.0)
    assert (row["aggressor"], row["trade_id"], row["contra_account"]) == (True, "T9", "CONTRA")


@pytest.mark.parametrize(("liquidity", "aggressor"), [("1", False), ("2", True), ("4", None)])
def test_the_liquidity_indicator_stands_in_for_the_aggressor(liquidity: str, aggressor: bool | None) -> None:
    assert report(t150="F", t31="1", t32="1", t851=liquidity).get("aggressor") == aggressor


def test_the_trade_id_falls_back_to_1003() -> None:
    assert report(t150="F", t31="1", t32="1", t1003="T1")["trade_id"] == "T1"


@pytest.mark.parametrize("exec_type", ["1", "2"])
def test_in_42_partial_and_full_fills_have_types_of_their_own(exec_type: str) -> None:
    row = report(FIX42, t20="0", t150=exec_type, t39=exec_type, t31="10", t32="5")
    assert (row["kind"], row["quantity"]) == ("FILL", 5.0)


def test_a_fill_with_unknown_tags_and_values_is_not_lost() -> None:
    message = message_of("8", [*report_fields(t150="?", t39="?", t31="10", t32="5"), (7777, "x"), (20009, "y")])
    (row,), note = map_message(message, FIX44, SOURCE)
    assert (row["kind"], row["quantity"], note) == ("FILL", 5.0, "150=? is unknown")


def test_a_replace_keeps_the_order_id_and_carries_the_new_terms() -> None:
    row = report(t150="5", t11="C2", t41="C1", t38="150", t44="11", t151="110", t14="40")
    assert (row["kind"], row["order_id"], row["client_order_id"]) == ("REPLACE", "O1", "C2")
    assert (row["price"], row["quantity"], row["leaves_quantity"]) == (11.0, 150.0, 110.0)
    assert "text" not in row


def test_without_an_order_id_the_chain_goes_by_client_ids() -> None:
    row = report(t37="", t150="5", t11="C2", t41="C1")
    assert (row["order_id"], row["previous_order_id"]) == ("C2", "C1")
    assert report(t37="NONE", t150="4", t11="C3", t41="C2")["order_id"] == "C2"


def test_a_venue_that_renames_orders_says_the_old_id_in_a_tag_of_its_own() -> None:
    profile = FIX44.model_copy(update={"previous_order_id_tags": (198,)})
    row = report(profile, t150="5", t37="O2", t198="O1", t41="C0")
    assert (row["order_id"], row["previous_order_id"]) == ("O2", "O1")


def test_a_venue_may_swap_the_client_ids() -> None:
    profile = FIX44.model_copy(update={"swap_client_ids": True})
    assert report(profile, t150="5", t11="C1", t41="C2")["client_order_id"] == "C2"
    assert report(profile, t150="0", t11="C1")["client_order_id"] == "C1"
    assert request("G", [(41, "C0")], profile)["client_order_id"] == "C1"


def test_a_venue_may_name_its_reports_in_another_tag() -> None:
    profile = FIX44.model_copy(update={"execution_id_tags": (17, 527), "dedup_tags": (527,)})
    row = report(profile, t17="", t527="X9")
    assert (row["execution_id"], row["event_key"]) == ("X9", "20260105|X9")


def test_a_venue_that_never_says_the_original_id_has_no_cancel_called_unsolicited() -> None:
    profile = FIX44.model_copy(update={"tells_unsolicited": False})
    assert "text" not in report(profile, t150="4", t41="0", t39="4")
    assert "text" not in report(profile, t150="5", t41="0")


def test_where_exec_type_alone_decides_20_is_not_read() -> None:
    profile = FIX44.model_copy(update={"dialect": 150})
    assert report(profile, t20="1", t150="F", t31="10", t32="5")["kind"] == "FILL"
    assert report(FIX44, t20="1", t150="F", t31="10", t32="5")["kind"] == "BUST"


def test_orders_without_an_id_of_the_venues_are_chained_by_the_clients() -> None:
    profile = FIX44.model_copy(update={"order_id_tags": ()})
    assert report(profile, t150="0", t11="C1")["order_id"] == "C1"
    replaced = report(profile, t150="5", t11="C2", t41="C1")
    assert (replaced["order_id"], replaced["previous_order_id"]) == ("C2", "C1")
    assert report(profile, t150="4", t11="C3", t41="C2")["order_id"] == "C2"


def test_a_copy_of_fills_alone_has_every_other_report_flagged() -> None:
    profile = FIX44.model_copy(update={"reports": "fills"})
    assert report(profile, t150="F", t31="10", t32="5")["kind"] == "FILL"
    (row,), note = map_message(message_of("8", report_fields()), profile, SOURCE)
    assert (row["kind"], note) == ("NEW", "a report of NEW, where the profile says that only fills are copied")


def test_the_root_of_a_future_is_told_apart_by_its_maturity_and_renamed() -> None:
    profile = FIX44.model_copy(update={"instrument_suffix_tags": (200, 201)})
    assert report(profile, t55="ES", t200="202603")["instrument"] == "ES 202603"
    assert report(profile, t55="ES")["instrument"] == "ES"
    named = profile.model_copy(update={"instrument_names": {"ES 202603": "ESH6"}, "venue_names": {"N": "XNYS"}})
    row = report(named, t55="ES", t200="202603", t30="N")
    assert (row["instrument"], row["venue"]) == ("ESH6", "XNYS")
    assert report(named, t55="NQ", t30="Q")["venue"] == "Q"


def test_a_placeholder_is_no_original_client_id() -> None:
    assert report(t150="4", t41="0", t39="4")["text"] == "unsolicited"


def test_a_cancel_says_what_was_taken_off_and_closes_the_order() -> None:
    row = report(t150="4", t39="4", t41="C0", t38="100", t14="30", t151="0")
    assert (row["kind"], row["quantity"], row["leaves_quantity"]) == ("CANCEL", 70.0, 0.0)
    assert "text" not in row


def test_a_cancel_that_leaves_some_open_keeps_the_order() -> None:
    row = report(t150="4", t39="1", t41="C0", t84="30", t151="40")
    assert (row["quantity"], row["leaves_quantity"]) == (30.0, 40.0)


def test_a_cancel_nobody_asked_for_is_unsolicited() -> None:
    assert report(t150="4", t39="4", t58="risk limit")["text"] == "unsolicited: risk limit"


@pytest.mark.parametrize(
    ("code", "reason"),
    [("3", "done for day"), ("C", "expired"), ("7", "stopped"), ("9", "suspended"), ("B", "calculated")],
)
def test_an_order_that_ends_by_itself_expires_with_the_reason(code: str, reason: str) -> None:
    row = report(t150=code, t39=code, t14="30")
    assert (row["kind"], row["text"], row["quantity"], row["leaves_quantity"]) == ("EXPIRE", reason, 70.0, 0.0)


@pytest.mark.parametrize(("code", "kind"), [("C", "EXPIRE"), ("4", "CANCEL")])
def test_self_trade_prevention_is_a_reason_of_its_own(code: str, kind: str) -> None:
    profile = FIX44.model_copy(update={"self_trade_prevention": (SelfTradePrevention(tag=2964, values=("1",)),)})
    row = report(profile, t150=code, t39=code, t2964="1")
    assert (row["kind"], row["text"]) == (kind, "self-trade prevention")
    assert report(profile, t150="C", t39="C", t2964="0")["text"] == "expired"


def test_a_rejected_order_says_why() -> None:
    row = report(t150="8", t39="8", t103="3", t58="too late", t151="0")
    assert (row["kind"], row["text"], row["leaves_quantity"]) == ("REJECT", "reason 103=3: too late", 0.0)


@pytest.mark.parametrize("changes", [{"t150": "H"}, {"t20": "1", "t150": "0"}, {"t20": "1", "t150": "F"}])
def test_a_bust_names_the_execution_it_undoes(changes: dict[str, Any]) -> None:
    row = report(t17="E2", t19="E1", t31="10", t32="5", **changes)
    assert (row["kind"], row["execution_id"], row["reference_execution_id"]) == ("BUST", "E2", "E1")


@pytest.mark.parametrize("changes", [{"t150": "G"}, {"t20": "2", "t150": "1"}])
def test_a_correction_names_the_execution_and_its_new_terms(changes: dict[str, Any]) -> None:
    row = report(t17="E2", t19="E1", t31="10.1", t32="6", **changes)
    assert (row["kind"], row["reference_execution_id"], row["price"], row["quantity"]) == ("CORRECT", "E1", 10.1, 6.0)


@pytest.mark.parametrize("changes", [{"t150": "I"}, {"t20": "3", "t150": "0"}])
def test_a_status_answer_is_no_new_order(changes: dict[str, Any]) -> None:
    row = report(t17="0", **changes)
    assert (row["kind"], row["quantity"], row["leaves_quantity"]) == ("STATUS", 100.0, 100.0)
    assert "event_key" not in row


def test_a_stop_that_was_triggered_is_a_status_with_the_reason() -> None:
    row = report(t150="L")
    assert (row["kind"], row["text"]) == ("STATUS", "triggered")


@pytest.mark.parametrize(
    ("cause", "kind", "text"),
    [
        ("1", "NEW", "carried, renewed"),
        ("3", "REPLACE", "unsolicited, repriced"),
        ("5", "REPLACE", "unsolicited, quantity reduced"),
        ("99", "REPLACE", "unsolicited, 378=99"),
    ],
)
def test_a_restatement_goes_by_its_cause(cause: str, kind: str, text: str) -> None:
    row = report(t150="D", t378=cause)
    assert (row["kind"], row["text"]) == (kind, text)


@pytest.mark.parametrize(("code", "text"), [("A", "pending new"), ("6", "pending cancel"), ("E", "pending replace")])
def test_pending_reports_keep_only_the_time(code: str, text: str) -> None:
    row = report(t150=code, t39=code)
    assert (row["kind"], row["text"]) == ("STATUS", text)
    assert not {"price", "quantity", "leaves_quantity"} & set(row)


def test_the_order_status_never_decides_where_the_exec_type_is_there() -> None:
    assert report(t150="0", t39="2")["kind"] == "NEW"


@pytest.mark.parametrize(
    ("status", "last", "kind"), [("2", "5", "FILL"), ("3", "5", "FILL"), ("3", "0", "EXPIRE"), ("0", "0", "NEW")]
)
def test_old_reports_without_exec_type_go_by_last_quantity_then_status(status: str, last: str, kind: str) -> None:
    assert report(FIX42, t150="", t20="0", t39=status, t31="10", t32=last)["kind"] == kind


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"t150": "1", "t39": "1", "t32": "0"}, "STATUS", "no execution"),
        ({"t150": "", "t39": "1"}, "STATUS", "no execution can be told"),
        ({"t150": "0", "t39": "2", "t14": "100"}, "NEW", "the fill itself is not reported"),
        ({"t150": "", "t39": ""}, "STATUS", "39=absent"),
    ],
)
def test_what_cannot_be_told_is_noted(changes: dict[str, Any], kind: str, said: str) -> None:
    (row,), note = map_message(message_of("8", report_fields(**changes)), FIX44, SOURCE)
    assert row["kind"] == kind
    assert note is not None
    assert said in note


# -- who, where, when


def test_the_account_comes_by_tag_then_party_role_then_client_then_session() -> None:
    parties: list[Field] = [(453, 3), (448, "T1"), (452, "12"), (448, "CUST"), (452, "24"), (448, "CLIENT"), (452, "3")]
    plain = report_fields()
    by_role = mapped(message_of("8", [*plain, *parties]))
    assert (by_role["account"], by_role["trader"]) == ("CUST", "T1")
    assert mapped(message_of("8", [*plain, *parties, (1, "A1")]))["account"] == "A1"
    assert mapped(message_of("8", [*plain, (109, "CLI")], "FIX.4.2"), FIX42)["account"] == "CLI"
    assert "account" not in mapped(message_of("8", plain))
    listed = FIX44.model_copy(update={"accounts_by_session": {SOURCE: "HOUSE"}})
    assert mapped(message_of("8", plain), listed)["account"] == "HOUSE"
    assert mapped(message_of("8", plain), FIX44.model_copy(update={"session_account": "client"}))["account"] == "US"


def test_the_venue_comes_by_tag_then_profile_then_session() -> None:
    tags: dict[str, Any] = {"t1301": "MIC", "t207": "EXCH", "t100": "DEST", "t30": "LAST"}
    for expected in ("LAST", "DEST", "EXCH", "MIC"):
        assert report(**tags)["venue"] == expected
        tags.popitem()
    assert report(FIX44.model_copy(update={"default_venue": "XDEF"}))["venue"] == "XDEF"
    assert report()["venue"] == "VENUE"


def test_the_time_is_the_transaction_else_the_first_sending() -> None:
    assert report(t60="20260105-08:00:00")["event_time_ns"] == 1_767_600_000_000_000_000
    assert report(t60="")["event_time_ns"] == 1_767_603_601_000_000_000
    assert report(t60="", t122="20260105-09:00:00")["event_time_ns"] == 1_767_603_600_000_000_000
    assert report(t60="nonsense")["event_time_ns"] == 1_767_603_601_000_000_000


def test_the_same_report_sent_again_has_the_same_key_and_another_day_another() -> None:
    first = message_of("8", report_fields())
    again = message_of("8", [(97, "Y"), *report_fields()])
    again.values[34] = "99"
    next_day = message_of("8", report_fields(t60="20260106-09:00:00"))
    keys = [map_message(message, FIX44, SOURCE)[0][0]["event_key"] for message in (first, again, next_day)]
    assert keys[0] == keys[1] != keys[2]


def test_a_bust_under_the_id_of_its_fill_is_another_event() -> None:
    fill = report(t150="F", t31="10", t32="5")
    bust = report(t150="H", t31="10", t32="5", t19="E1")
    assert fill["execution_id"] == bust["execution_id"]
    assert fill["event_key"] != bust["event_key"]


@pytest.mark.parametrize(("code", "side"), [("1", "BUY"), ("2", "SELL"), ("5", "SELL"), ("6", "SELL"), ("3", "BUY")])
def test_sides_are_buy_or_sell(code: str, side: str) -> None:
    assert report(t54=code)["side"] == side


@pytest.mark.parametrize("text", ["abc", "nan", "inf", "1_0", ""])
def test_what_is_no_number_says_nothing(text: str) -> None:
    assert "price" not in report(t44=text)


def test_a_code_the_standard_does_not_know_stays_as_it_came() -> None:
    row = report(t40="Z", t59="X")
    assert (row["order_type"], row["time_in_force"]) == ("Z", "X")


def test_a_market_order_has_no_price() -> None:
    assert "price" not in report(t40="1", t44="100")


def test_a_message_without_any_time_is_not_an_event_and_says_so() -> None:
    message = message_of("8", report_fields(t60="x"))
    message.values[52] = "y"
    rows, note = map_message(message, FIX44, SOURCE)
    assert rows == []
    assert note is not None
    assert "35=8 has no time" in note


# -- cancel rejects and requests


def test_a_cancel_reject_names_the_order_that_lives() -> None:
    fields: list[Field] = [
        (37, "NONE"),
        (11, "C2"),
        (41, "C1"),
        (39, "0"),
        (434, "1"),
        (102, "0"),
        (58, "too late"),
        (55, "ABC"),
    ]
    row = mapped(message_of("9", fields))
    assert (row["kind"], row["order_id"], row["client_order_id"]) == ("CANCEL_REJECT", "C1", "C2")
    assert row["text"] == "cancel refused, 102=0: too late"


@pytest.mark.parametrize(
    ("msg_type", "wanted"), [("D", "NEW"), ("AB", "NEW"), ("G", "REPLACE"), ("AC", "REPLACE"), ("F", "CANCEL")]
)
def test_requests_are_kept_as_intent(msg_type: str, wanted: str) -> None:
    row = request(msg_type, [(41, "C0")])
    assert (row["kind"], row["x_request"], row["client_order_id"], row["quantity"]) == ("REQUEST", wanted, "C1", 100.0)
    assert "order_id" not in row
    assert row.get("previous_order_id") == (None if wanted == "NEW" else "C0")


def test_a_mass_cancel_is_always_intent() -> None:
    row = mapped(message_of("q", [(11, "C1"), (530, "7"), (55, "ABC")]), NEW_REQUESTS)
    assert (row["kind"], row["x_request"]) == ("REQUEST", "MASS_CANCEL")


def test_requests_are_the_events_where_the_venue_sends_no_reports() -> None:
    order = request("D", [], NEW_REQUESTS)
    assert (order["kind"], order["order_id"], order["price"]) == ("NEW", "C1", 10.5)
    replace = request("G", [(41, "C0")], NEW_REQUESTS)
    assert (replace["kind"], replace["order_id"], replace["previous_order_id"]) == ("REPLACE", "C1", "C0")
    cancel = request("F", [(41, "C0")], NEW_REQUESTS)
    assert (cancel["kind"], cancel["order_id"], cancel["leaves_quantity"]) == ("CANCEL", "C0", 0.0)


def test_the_venue_of_a_request_is_whom_it_goes_to() -> None:
    assert request("D", [])["venue"] == "US"


def test_a_cross_is_a_request_a_side() -> None:
    fields: list[Field] = [
        (548, "X1"), (55, "ABC"), (44, 10), (552, 2), (54, "1"), (11, "B"), (38, 5), (54, "2"), (11, "S"), (38, 5),
    ]  # fmt: skip
    rows, note = map_message(message_of("s", fields), FIX44, SOURCE)
    found = [(row["side"], row["client_order_id"], row["source_part"]) for row in rows]
    assert (found, note) == ([("BUY", "B", 0), ("SELL", "S", 1)], None)


def test_a_quote_is_a_request_each_side_it_quotes() -> None:
    fields: list[Field] = [(117, "Q1"), (55, "ABC"), (132, 10), (133, 11), (134, 100), (135, 200)]
    rows, _ = map_message(message_of("S", fields), FIX44, SOURCE)
    assert [(row["side"], row["price"], row["quantity"]) for row in rows] == [
        ("BUY", 10.0, 100.0),
        ("SELL", 11.0, 200.0),
    ]


def test_a_mass_quote_is_a_request_each_side_of_each_entry() -> None:
    fields: list[Field] = [
        (117, "Q1"), (296, 1), (302, "S"), (295, 2), (299, "1"), (55, "ABC"), (132, 10), (134, 1),
        (299, "2"), (55, "DEF"), (133, 20), (135, 2),
    ]  # fmt: skip
    rows, _ = map_message(message_of("i", fields), FIX44, SOURCE)
    assert [(row["instrument"], row["side"]) for row in rows] == [("ABC", "BUY"), ("DEF", "SELL")]


@pytest.mark.parametrize(
    ("msg_type", "said"),
    [("0", "of the session"), ("d", "reference data"), ("V", "asks for something"), ("B", "has no mapping")],
)
def test_what_is_no_event_says_why(msg_type: str, said: str) -> None:
    rows, note = map_message(message_of(msg_type, []), FIX44, SOURCE)
    assert rows == []
    assert note is not None
    assert said in note


USED_TAGS = [
    1, 6, 11, 14, 15, 17, 19, 20, 30, 31, 32, 37, 38, 39, 40, 41, 43, 44, 52, 54, 55, 58, 60, 99, 103, 122, 150, 151,
    268, 269, 270, 271, 272, 273, 279, 295, 326, 340, 378, 448, 452, 453, 487, 552, 851, 880, 1057,
]  # fmt: skip
PLAUSIBLE = ["0", "1", "2", "F", "Y", "10.5", "20260105-09:00:00", "99990101-00:00:00", "nan", "-1", "\u00fc", "9" * 30]


@given(
    st.sampled_from(["8", "9", "D", "F", "G", "AE", "W", "X", "S", "i", "s", "h", "f", "q", "AB"]),
    st.lists(st.tuples(st.sampled_from(USED_TAGS), st.one_of(st.sampled_from(PLAUSIBLE), st.text(min_size=1)))),
)
def test_no_message_breaks_the_mapping_or_the_frame(msg_type: str, fields: list[tuple[int, str]]) -> None:
    sendable = [(tag, value.replace("\x01", "")) for tag, value in fields if value.replace("\x01", "")]
    rows, note = map_message(message_of(msg_type, [*sendable]), FIX44, SOURCE)
    assert rows or note
    frame = Frame.decode(Frame.from_rows(rows).encode())
    assert frame.row_count == len(rows)
    validate(frame) if rows else None


def test_texts_of_people_are_readable_in_the_row() -> None:
    assert report(t58="Zürich")["text"] == "Zürich"
