"""What the recorded logs map to. The counts were found by hand: messages by searching for BeginString and MsgType with
line breaks taken out, checksums by adding up bytes, the rest by reading the messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tapewatch.fix.mapping import Row
from tapewatch.fix.profile import load_profile
from tapewatch.fix.profile_check import ProfileCheck, check_log

COYTRADE = "FIX42-CoyTrade-BCExchange-"
NOT_REPORTED = "14=100 executed, but no 31 and 32: the fill itself is not reported"


@dataclass(frozen=True)
class Expected:
    """Messages by (type, deciding field, events), the tags left unread, and whatever else is not nothing."""

    ways: Mapping[tuple[str, str, str], int]
    unread: Mapping[int, int] = field(default_factory=dict)
    flags: Mapping[str, int] = field(default_factory=dict)
    unmapped: Mapping[str, int] = field(default_factory=dict)
    duplicates: int = 0
    repeated: int = 0
    bad_checksum: int = 0
    bad_length: int = 0


CLIENTS_ORDERS = Expected({("A", "", ""): 1, ("D", "", "NEW"): 2, ("0", "", ""): 1}, unread={21: 2})
VENUES_REPORTS = Expected({("0", "", ""): 1, ("8", "39=3", "EXPIRE"): 5}, unread={6: 5, 31: 5})
LOGS: dict[str, Expected] = {
    f"{COYTRADE}MarketDataRequest.log": Expected(
        {("V", "", ""): 1},
        unread={269: 2, 22: 1, 48: 1, 55: 1, 128: 1, 146: 1, 262: 1, 263: 1, 264: 1, 265: 1, 267: 1},
        unmapped={"35=V asks for something, not an event": 1},
    ),
    f"{COYTRADE}MessagesSplitBetweenMultipleLines.log": Expected({("A", "", ""): 2, ("5", "", ""): 2}),
    f"{COYTRADE}NoMessagesInLog.log": Expected({}),
    f"{COYTRADE}PipeDelimeter.log": Expected({("D", "", "NEW"): 1}, unread={21: 1, 110: 1, 310: 1}),
    f"{COYTRADE}SenderAndTargetInSameLogFile.log": Expected(
        {("A", "", ""): 2, ("D", "", "REQUEST"): 1, ("8", "150=0", "NEW"): 1, ("5", "", ""): 2},
        unread={6: 1, 21: 1, 39: 1},
        flags={NOT_REPORTED: 1},
    ),
    f"{COYTRADE}SenderMessagePerLine.log": CLIENTS_ORDERS,
    f"{COYTRADE}SenderMessagePerLineMixedWithOtherText.log": Expected(
        {("A", "", ""): 1, ("D", "", "NEW"): 3, ("0", "", ""): 2}, unread={21: 3}, duplicates=1, repeated=2
    ),
    f"{COYTRADE}SenderMessagePerLineNoExtraLoggingInfo.log": CLIENTS_ORDERS,
    f"{COYTRADE}TargetMessagePerLine.log": VENUES_REPORTS,
    f"{COYTRADE}TargetMessagePerLineNoExtraLoggingInfo.log": VENUES_REPORTS,
    "FIX44-FXSpot-WithSubparties.log": Expected(
        {("AE", "", "FILL"): 1},
        unread={447: 3, 523: 2, 802: 2, 803: 2, 39: 1, 64: 1, 75: 1, 120: 1, 167: 1, 570: 1},
        bad_length=1,
    ),
    "ieiss_fixlog_fixt11.bin": Expected(
        {("A", "", ""): 1, ("X", "", ""): 2507},
        unread={9997: 2507, 9998: 2507, 9999: 2507},
        unmapped={"35=X has no market data entries (268)": 2507},
        bad_checksum=2507,
    ),
}


@pytest.fixture
def logs(recorded_data: Path) -> Path:
    folder = recorded_data / "fix_logs"
    if not folder.is_dir():
        pytest.skip(f"recorded data is not at {folder}")
    return folder


def checked(log: Path, profile: str = "log") -> tuple[ProfileCheck, list[Row]]:
    check = check_log(log, load_profile(profile))
    return check, [row for mapped in check.messages() for row in mapped.rows]


def test_every_recorded_log_is_among_them(logs: Path) -> None:
    assert {path.name for path in logs.iterdir()} - {"ieiss_README.txt"} == set(LOGS)


@pytest.mark.parametrize("name", LOGS)
def test_a_recorded_log_maps_as_found_by_hand(logs: Path, name: str) -> None:
    check, rows = checked(logs / name)
    expected = LOGS[name]
    assert dict(check.ways) == expected.ways
    assert check.report.messages == sum(expected.ways.values())
    assert {tag: found.count for tag, found in check.unread.items()} == expected.unread
    assert (dict(check.flags), dict(check.unmapped)) == (expected.flags, expected.unmapped)
    assert (check.duplicates, check.report.repeated) == (expected.duplicates, expected.repeated)
    assert (check.report.bad_checksum, check.report.bad_length) == (expected.bad_checksum, expected.bad_length)
    assert dict(check.rejections) == {}
    assert len(rows) == check.events


def test_the_orders_of_a_client_have_what_the_messages_say(logs: Path) -> None:
    _, (buy, sell) = checked(logs / f"{COYTRADE}SenderMessagePerLine.log")
    shown = ("instrument", "account", "trader", "order_id", "side", "price", "quantity", "display_quantity")
    assert [buy[name] for name in shown] == ["CREE", "8VQC-F", "u716343", "71-593", "BUY", 33.11, 4100.0, 1000.0]
    assert [sell[name] for name in shown] == ["CREE", "8VQC-F", "u716343", "72-14", "SELL", 36.49, 3800.0, 800.0]
    assert buy["venue"] == sell["venue"] == "R"


def test_reports_without_exec_type_that_are_done_for_the_day_expire(logs: Path) -> None:
    _, rows = checked(logs / f"{COYTRADE}TargetMessagePerLine.log")
    assert [(row["instrument"], row["order_id"], row["side"], row["quantity"]) for row in rows] == [
        ("LU", "JSD09182", "BUY", 50_000.0),
        ("LU", "JSD09184", "SELL", 50_000.0),
        ("T", "JSD02317", "BUY", 800.0),
        ("T", "JSD06187", "BUY", 1_600.0),
        ("T", "JSD02314", "SELL", 3_100.0),
    ]
    assert {row["text"] for row in rows} == {"done for day"}
    assert {row["trader"] for row in rows} == {"u716343"}


def test_a_trade_report_with_parties_and_their_sub_ids_is_a_fill_of_its_account(logs: Path) -> None:
    _, (fill,) = checked(logs / "FIX44-FXSpot-WithSubparties.log", "trade_capture")
    assert (fill["instrument"], fill["side"], fill["price"], fill["quantity"]) == ("EUR/USD", "BUY", 1.202, 10_000.0)
    assert (fill["account"], fill["contra_account"], fill["currency"]) == ("TARGET ACCOUNT", "TARGET", "EUR")
    assert (fill["execution_id"], fill["order_id"]) == ("1010101010", "1010101010")
