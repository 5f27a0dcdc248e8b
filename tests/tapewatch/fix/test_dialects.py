"""The shipped profiles of venues' dialects, each against messages as such a venue sends them."""

from tapewatch.fix.codec import Message
from tapewatch.fix.log_scanner import LogScanner
from tapewatch.fix.mapping import Row, map_message
from tapewatch.fix.profile import Profile, load_profile
from tapewatch.market.frame import Frame
from tapewatch.market.validate import validate


def messages_of(*texts: str) -> list[Message]:
    """Messages from MsgType and the fields after the header, `|` between; lengths and checksums are not checked."""
    scanner = LogScanner()
    lines = [
        f"8=FIX.4.4|9=1|35={msg_type}|49=VENUE|56=CLIENT|34={number}|52=20260105-09:00:01|{body}|10=000|\n"
        for number, (msg_type, _, body) in enumerate((text.partition("|") for text in texts), 1)
    ]
    found = [*scanner.feed("".join(lines).encode()), *scanner.finish()]
    assert len(found) == len(texts)
    return [message for message in found if isinstance(message, Message)]


def rows_of(profile: Profile | str, *texts: str) -> list[Row]:
    """Their rows, all of which are good events; each message has to map without a note."""
    profile = load_profile(profile) if isinstance(profile, str) else profile
    rows: list[Row] = []
    for message in messages_of(*texts):
        mapped, note = map_message(message, profile)
        assert note is None
        rows += mapped
    assert validate(Frame.from_rows(rows)) == []
    return rows


def columns(rows: list[Row], *names: str) -> list[tuple[object, ...]]:
    return [tuple(row.get(name) for name in names) for row in rows]


TERMS = "55=BTC-PERP|54=1|38=10|44=60000|40=2|60=20260105-09:00:00.123"


def test_a_venue_that_swaps_11_and_41_has_the_clients_id_in_41() -> None:
    rows = rows_of(
        "swapped_client_ids",
        f"8|37=V1|11=V1-a|41=mine-1|527=x1|150=0|39=0|{TERMS}|14=0|151=10",
        f"8|37=V1|11=V1-b|41=mine-2|527=x2|150=5|39=0|{TERMS}|14=0|151=10",
        f"8|37=V1|11=V1-b|41=mine-2|527=x3|150=F|39=1|{TERMS}|14=4|151=6|31=60000|32=4",
        f"8|37=V1|11=V1-c|41=mine-3|527=x4|150=4|39=4|{TERMS}|14=4|151=0",
    )
    assert columns(rows, "kind", "order_id", "client_order_id", "execution_id", "text") == [
        ("NEW", "V1", "mine-1", "x1", None),
        ("REPLACE", "V1", "mine-2", "x2", None),
        ("FILL", "V1", "mine-2", "x3", None),
        ("CANCEL", "V1", "mine-3", "x4", None),
    ]
    assert len({row["event_key"] for row in rows}) == 4


def test_the_request_to_a_venue_that_swaps_has_the_ids_as_the_client_sent_them() -> None:
    (row,) = rows_of("swapped_client_ids", f"G|11=mine-2|41=mine-1|{TERMS}")
    assert (row["kind"], row["client_order_id"]) == ("REQUEST", "mine-2")


def test_a_venue_that_sends_41_as_0_is_chained_by_37() -> None:
    rows = rows_of(
        "chained_by_order_id",
        f"8|37=O9|11=C1|41=0|17=1|20=0|150=0|39=0|{TERMS}|14=0|151=10",
        f"8|37=O9|11=C2|41=0|17=2|20=0|150=5|39=5|{TERMS}|14=0|151=10",
        f"8|37=O9|11=C2|41=0|17=3|20=0|150=1|39=1|{TERMS}|14=4|151=6|31=60000|32=4",
        f"8|37=O9|11=C3|41=0|17=4|20=0|150=4|39=4|{TERMS}|14=4|151=0",
    )
    assert columns(rows, "kind", "order_id", "previous_order_id", "text") == [
        ("NEW", "O9", None, None),
        ("REPLACE", "O9", None, None),
        ("FILL", "O9", None, None),
        ("CANCEL", "O9", None, None),
    ]


def test_a_venue_without_accounts_has_one_a_session_and_marks_self_trades_in_its_own_tag() -> None:
    profile = load_profile("one_account_a_session")
    rows = rows_of(
        profile,
        f"8|37=a1|11=u1|17=1|150=0|39=0|{TERMS}|14=0|151=10",
        f"8|37=a1|11=u1|17=2|150=4|39=4|{TERMS}|14=0|151=0|7928=D",
        f"8|37=a2|11=u2|41=u1|17=3|150=4|39=4|{TERMS}|14=0|151=0",
    )
    assert columns(rows, "kind", "account", "text") == [
        ("NEW", "CLIENT", None),
        ("CANCEL", "CLIENT", "self-trade prevention"),
        ("CANCEL", "CLIENT", None),
    ]
    assert profile.recovery == "reconcile"
    known = profile.model_copy(update={"accounts_by_session": {"FIX.4.4:VENUE->CLIENT": "ACCT-7"}})
    assert rows_of(known, f"8|37=a1|11=u1|17=1|150=0|39=0|{TERMS}|14=0|151=10")[0]["account"] == "ACCT-7"


def test_a_report_sent_again_after_a_reset_has_the_key_it_had() -> None:
    fill = f"37=O1|11=C1|17=E5|39=1|150=F|{TERMS}|14=4|151=6|31=60000|32=4"
    corrected = f"37=O1|11=C1|17=E5|39=1|150=F|{TERMS}|14=4|151=6|31=60000|32=4|198=later-known"
    first, again, other = rows_of(
        "possible_resends",
        f"8|{fill}",
        f"8|97=Y|{corrected}",
        f"8|{fill.replace('17=E5', '17=E6')}",
    )
    assert first["source_sequence"] != again["source_sequence"]
    assert first["event_key"] == again["event_key"] != other["event_key"]


def test_copies_of_fills_alone_map_and_anything_else_is_flagged() -> None:
    fill = f"37=O1|11=C1|17=E1|39=1|150=F|{TERMS}|14=10|151=5|31=60000|32=10|880=M1"
    bust = f"37=O1|11=C1|17=E2|19=E1|39=2|150=H|{TERMS}|14=0|151=0|31=60000|32=10"
    rows = rows_of("fills_only", f"8|{fill}", f"8|{bust}")
    assert columns(rows, "kind", "trade_id", "reference_execution_id") == [("FILL", "M1", None), ("BUST", None, "E1")]
    assert "leaves_quantity" not in rows[0]
    (message,) = messages_of(f"8|37=O2|11=C2|17=E3|39=4|150=4|{TERMS}|14=0|151=0")
    mapped, note = map_message(message, load_profile("fills_only"))
    assert (mapped[0]["kind"], note) == (
        "CANCEL",
        "a report of CANCEL, where the profile says that only fills are copied",
    )


def test_plain_42_goes_by_20_first_and_takes_the_client_for_the_account() -> None:
    rows = rows_of(
        "fix42",
        f"8|37=O1|11=C1|17=1|20=0|150=2|39=2|109=CLI|{TERMS}|14=10|151=0|31=60000|32=10",
        f"8|37=O1|11=C1|17=2|19=1|20=1|150=2|39=0|109=CLI|{TERMS}|14=0|151=10|31=60000|32=10",
        f"8|37=O1|11=C1|17=3|20=0|39=2|109=CLI|{TERMS}|14=10|151=0|31=60000|32=10",
    )
    assert columns(rows, "kind", "account") == [("FILL", "CLI"), ("BUST", "CLI"), ("FILL", "CLI")]


def test_plain_44_goes_by_150_and_takes_the_customer_account_of_the_parties() -> None:
    parties = "453=2|448=T9|447=D|452=11|448=CUST|447=D|452=24"
    (row,) = rows_of("fix44", f"8|37=O1|11=C1|17=1|150=F|39=2|{parties}|{TERMS}|14=10|151=0|31=60000|32=10|1057=Y")
    assert (row["kind"], row["account"], row["trader"], row["aggressor"]) == ("FILL", "CUST", "T9", True)


def test_plain_50sp2_joins_both_sides_by_the_trade_id() -> None:
    (row,) = rows_of("fix50sp2", f"8|37=O1|11=C1|17=1|150=F|39=2|1=A|{TERMS}|14=10|151=0|31=60000|32=10|880=M|1003=T")
    assert row["trade_id"] == "T"


def test_a_trade_capture_report_is_found_again_by_the_one_that_cancels_it() -> None:
    sides = "552=2|54=1|37=B1|1=BUYER|54=2|37=S1|1=SELLER"
    trade = f"55=ABC|32=5|31=10|60=20260105-09:00:00|{sides}"
    rows = rows_of("trade_capture", f"AE|571=R1|487=0|17=X1|{trade}", f"AE|571=R2|572=R1|487=1|17=X2|{trade}")
    assert columns(rows, "kind", "account", "execution_id", "reference_execution_id", "trade_id") == [
        ("FILL", "BUYER", "R1", None, "R1"),
        ("FILL", "SELLER", "R1", None, "R1"),
        ("BUST", "BUYER", "R2", "R1", "R2"),
        ("BUST", "SELLER", "R2", "R1", "R2"),
    ]


def test_market_data_is_levels_and_prints() -> None:
    entries = "268=3|269=0|270=10|271=5|269=1|270=11|271=7|269=2|270=10.5|271=1"
    rows = rows_of("market_data", f"W|55=ABC|60=20260105-09:00:00|{entries}")
    assert columns(rows, "kind", "side", "price") == [
        ("BOOK_LEVEL", "BUY", 10.0),
        ("BOOK_LEVEL", "SELL", 11.0),
        ("TRADE", None, 10.5),
    ]
