from collections.abc import Callable
from pathlib import Path

import pytest

from ingest_service.formats import FileReport, FormatError, FormatOptions, open_events

Rows = list[dict[str, object]]
Read = Callable[..., tuple[Rows, FileReport]]
Write = Callable[[str, str | bytes], Path]

TIMES = {
    "1627232417": ("seconds", 1_627_232_417_000_000_000),
    "1627232417.664123456": ("seconds", 1_627_232_417_664_123_456),
    "1627232417664": ("milliseconds", 1_627_232_417_664_000_000),
    "1627232417664.5": ("milliseconds", 1_627_232_417_664_500_000),
    "1627232417664123": ("microseconds", 1_627_232_417_664_123_000),
    "1627232417664123456": ("nanoseconds", 1_627_232_417_664_123_456),
    "2021-07-25T17:00:17.664Z": ("ISO 8601", 1_627_232_417_664_000_000),
    "2021-07-25 19:00:17.664+02:00": ("ISO 8601", 1_627_232_417_664_000_000),
}


@pytest.mark.parametrize("time", TIMES)
def test_the_unit_of_times_is_told_by_the_first_and_read_exactly(time: str, read: Read, write: Write) -> None:
    rows, report = read(write("t.csv", f"symbol,timestamp,price,amount\nFIO/BTC,{time},2.44e-06,602.0\n"))
    unit, expected = TIMES[time]
    assert rows[0]["event_time_ns"] == expected
    assert f"times in 'timestamp' are read as {unit}, by the first one" in report.notes


def test_a_trade_is_a_print_with_the_aggressors_side(read: Read, write: Write) -> None:
    header = "symbol,timestamp,datetime,side,price,amount,btc_volume\n"
    rows, report = read(
        write("FIO.csv", header + "FIO/BTC,1612285213889,2021-02-02T17:00:13.889Z,sell,2.44e-06,602.0,0.1\n")
    )
    assert rows == [
        {
            "event_time_ns": 1_612_285_213_889_000_000,
            "kind": "TRADE",
            "venue": "CRYPTO",
            "instrument": "FIO/BTC",
            "side": "SELL",
            "price": 2.44e-06,
            "quantity": 602.0,
            "source": report.source,
            "source_sequence": 1,
        }
    ]
    assert report.notes == [
        "columns left out: datetime, btc_volume",
        "the file does not say its venue: CRYPTO is used; the option venue says better",
        "times in 'timestamp' are read as milliseconds, by the first one",
    ]


@pytest.mark.parametrize(("text", "side"), [("true", "SELL"), ("False", "BUY"), ("1", "SELL"), ("0", "BUY")])
def test_a_buyer_who_was_the_maker_means_a_seller_who_took(text: str, side: str, read: Read, write: Write) -> None:
    line = f"9,2.5,3,1627232417664,{text}\n"
    rows, report = read(write("BTCUSDT-trades-2021-07.csv", '"Id","Price","Qty","Time","isBuyerMaker"\n' + line))
    assert (rows[0]["side"], rows[0]["trade_id"], rows[0]["quantity"]) == (side, "9", 3.0)
    assert rows[0]["instrument"] == "BTCUSDT"
    assert "the file has no symbol column: instrument 'BTCUSDT' is taken from its name" in report.notes


def test_the_options_say_venue_and_instrument(read: Read, write: Write) -> None:
    path = write("t.csv", "symbol,timestamp,price,amount\nFIO/BTC,1627232417,1,1\n")
    rows, report = read(path, options=FormatOptions(venue="BINANCE", instrument="FIOBTC"))
    assert (rows[0]["venue"], rows[0]["instrument"]) == ("BINANCE", "FIOBTC")
    assert report.notes == ["times in 'timestamp' are read as seconds, by the first one"]


BAD = {
    "F,1627232417664,hold,1,1": (
        "side",
        "UNKNOWN_SIDE",
        "side: expected one of buy, b, bid, sell, s, ask, a, found 'hold'",
    ),
    "F,1627232417664,buy,abc,1": ("price", "BAD_NUMBER", "price: expected a decimal number, found 'abc'"),
    "F,1627232417664,buy,1,inf": ("quantity", "NOT_FINITE", "quantity: expected a finite decimal number, found 'inf'"),
    "F,1627232417664,buy,1,0": ("quantity", "NOT_POSITIVE", "a TRADE needs a quantity above 0, found 0"),
    "F,noon,buy,1,1": ("time", "BAD_NUMBER", "time: expected a decimal number of up to 6 places, found 'noon'"),
    "F,1627232417,buy,1,1": (),
    ",1627232417664,buy,1,1": ("instrument", "MISSING", "instrument is empty"),
}


@pytest.mark.parametrize("line", BAD)
def test_a_bad_trade_is_refused_by_line(line: str, read: Read, write: Write) -> None:
    good = "F,1627232417664,buy,1,1\n"
    rows, report = read(write("t.csv", f"symbol,timestamp,side,price,amount\n{good}{line}\n{good}"))
    found = [(fault.row, fault.field, fault.reason, fault.message, fault.text) for fault in report.rejected]
    assert found == ([(3, *BAD[line], line)] if BAD[line] else [])
    assert len(rows) == 3 - len(found)


def test_iso_times_without_a_zone_are_refused(read: Read, write: Write) -> None:
    _, report = read(write("t.csv", "date,price,amount\n2021-07-25T17:00:17,1,1\n"))
    assert report.rejected[0].message == (
        "time: expected ISO 8601 with its zone such as 2021-07-25T17:00:17.664Z, found '2021-07-25T17:00:17'"
    )


def test_a_header_without_a_price_is_an_error_that_says_which_names_are_taken(write: Write) -> None:
    with pytest.raises(FormatError, match="trades need a column of price named price, p; found symbol, time, amount"):
        open_events(write("t.csv", "symbol,time,amount\n"), "trades")


RECORDED = {
    "FIO_2021-02-04_17.00.csv": 23_924,
    "MTH_2021-07-27_17.00.csv": 873,
    "NAS_2022-02-01_15.00.csv": 6_334,
    "NEBL_2021-08-24_15.00.csv": 39_538,
    "OAX_2020-10-18_18.00.csv": 23_684,
    "POA_2020-03-12_19.00.csv": 14_596,
    "QLC_2020-09-06_16.00.csv": 12_514,
    "WPR_2021-05-09_17.00.csv": 16_144,
}


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_trade_is_read(name: str, read: Read, recorded_data: Path) -> None:
    rows, report = read(recorded_data / "pumps" / name)
    assert (len(rows), report.rejected) == (RECORDED[name], [])
    assert {row["instrument"] for row in rows} == {name.split("_")[0] + "/BTC"}


def test_the_table_of_announcements_is_not_taken_for_trades(recorded_data: Path) -> None:
    with pytest.raises(FormatError, match=r"announced.csv: its format is not known"):
        open_events(recorded_data / "pumps" / "announced.csv")
