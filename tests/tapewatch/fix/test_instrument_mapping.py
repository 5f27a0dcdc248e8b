from tapewatch.fix.codec import Field
from tapewatch.fix.instrument_mapping import InstrumentRow, map_instruments
from tapewatch.fix.profile import load_profile
from tests.tapewatch.fix.test_order_mapping import message_of

FIX44 = load_profile("fix44")


def instruments(msg_type: str, *fields: Field) -> list[InstrumentRow]:
    return map_instruments(message_of(msg_type, list(fields)), FIX44)


def test_a_security_definition_is_an_instrument() -> None:
    fields: list[Field] = [(55, "ESH6"), (207, "XCME"), (167, "FUT"), (15, "USD"), (231, 50), (969, 0.25), (311, "SPX")]
    assert instruments("d", (323, "1"), *fields) == [
        {
            "instrument": "ESH6",
            "venue": "XCME",
            "asset_class": "FUTURE",
            "currency": "USD",
            "multiplier": "50",
            "tick_size": "0.25",
            "underlying": "SPX",
        }
    ]


def test_a_security_list_is_an_instrument_an_entry() -> None:
    fields: list[Field] = [
        (146, 2),
        (55, "ABC"), (454, 1), (455, "XS0000000009"), (456, "4"), (461, "ESVUFR"), (561, 100),
        (55, "[N/A]"), (48, "XS0000000017"), (22, "4"), (167, "ODD"), (107, "a fund"), (562, 5),
    ]  # fmt: skip
    first, second = instruments("y", (320, "R"), *fields)
    assert (first["instrument"], first["isin"], first["asset_class"]) == ("ABC", "XS0000000009", "EQUITY")
    assert (first["venue"], first["lot_size"]) == ("VENUE", "100")
    assert second == {
        "instrument": "XS0000000017",
        "venue": "VENUE",
        "asset_class": "ODD",
        "isin": "XS0000000017",
        "product": "a fund",
        "lot_size": "5",
    }


def test_the_instrument_is_named_as_events_name_it() -> None:
    profile = FIX44.model_copy(update={"instrument_suffix_tags": (200,), "venue_names": {"CME": "XCME"}})
    message = message_of("d", [(55, "ES"), (200, "202603"), (207, "CME")])
    (row,) = map_instruments(message, profile)
    assert (row["instrument"], row["venue"]) == ("ES 202603", "XCME")


def test_what_defines_nothing_is_no_instrument() -> None:
    assert instruments("d", (323, "5"), (55, "ABC")) == []
    assert instruments("d", (323, "1")) == []
    assert instruments("x", (55, "ABC")) == []
    assert instruments("y", (320, "R")) == []


def test_what_is_no_number_says_nothing() -> None:
    assert "multiplier" not in instruments("d", (55, "ABC"), (231, "many"))[0]
