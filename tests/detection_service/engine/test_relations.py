"""What reference data says of markets and accounts as of the time of an event."""

from __future__ import annotations

import math

import pytest

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.engine.relations import Relations
from tapewatch.market.frame import Frame
from tapewatch.market.history import ALWAYS_NS
from tapewatch.market.reference import Reference
from tests.detection_service.scenario import START_NS, Market, Row

SPLIT_NS = START_NS + 1_000_000_000_000
TABLES = Reference.of(
    accounts=[
        {"account": "A1", "desk": "D1", "baseline_notional_per_day": "100", "valid_to": str(SPLIT_NS)},
        {"account": "A1", "desk": "D2", "device": "P", "baseline_notional_per_day": "900", "valid_from": str(SPLIT_NS)},
        {"account": "A2", "desk": "D2", "device": "P", "ip_subnet": "10.0.0"},
        {"account": "A3", "ip_subnet": "10.0.0"},
    ],
    instruments=[
        {"instrument": "ACME", "venue": "XA", "currency": "USD", "multiplier": "1", "valid_to": str(SPLIT_NS)},
        {"instrument": "ACME", "venue": "XA", "currency": "USD", "multiplier": "10", "valid_from": str(SPLIT_NS)},
        {"instrument": "ACME", "venue": "XB", "currency": "EUR"},
        {"instrument": "NEWCO", "venue": "XB", "isin": "XS0000000009", "valid_from": str(SPLIT_NS)},
        {"instrument": "OLDCO", "venue": "XC", "isin": "XS0000000009"},
    ],
    fx_rates=[
        {"currency": "USD", "rate": "1"},
        {"currency": "EUR", "rate": "1.25", "valid_to": str(SPLIT_NS)},
        {"currency": "EUR", "rate": "1.1", "valid_from": str(SPLIT_NS)},
    ],
)


def test_a_market_is_what_the_rows_valid_at_the_time_say_and_until_when() -> None:
    relations = Relations(TABLES)
    before, after = (relations.identity("XA", "ACME", SPLIT_NS - 1), relations.identity("XA", "ACME", SPLIT_NS))
    assert (before.unit, after.unit) == (1.0, 10.0)
    assert before.until_ns == SPLIT_NS < after.until_ns
    assert [relations.identity("XB", "ACME", at).rate for at in (SPLIT_NS - 1, SPLIT_NS)] == [1.25, 1.1]
    assert relations.identity("XB", "NEWCO", SPLIT_NS - 1).family == "name:NEWCO"
    assert relations.identity("XB", "NEWCO", SPLIT_NS).family == relations.identity("XC", "OLDCO", 0).family
    assert math.isnan(relations.identity("XD", "ELSE", 0).rate)


def test_what_accounts_have_in_common_and_usually_trade_is_as_of_the_time() -> None:
    relations = Relations(TABLES)
    assert relations.related("A1", "A2", SPLIT_NS - 1) == ""
    assert relations.related("A1", "A2", SPLIT_NS) == "desk D2"
    group = TABLES.group_of("A1")
    assert [relations.baseline_per_day(group, at) for at in (SPLIT_NS - 1, SPLIT_NS)] == [100.0, 900.0]


def test_what_accounts_share_is_as_of_the_time_and_a_device_says_more_than_a_subnet() -> None:
    relations = Relations(TABLES)
    assert relations.cluster("A2", SPLIT_NS - 1) == ("subnet 10.0.0", SPLIT_NS)
    assert relations.cluster_of("A2", SPLIT_NS) == relations.cluster_of("A1", SPLIT_NS) == "device P"
    assert relations.cluster_of("A1", SPLIT_NS - 1) == relations.cluster_of("B9", SPLIT_NS) == ""
    assert [relations.cluster_size("subnet 10.0.0", at) for at in (SPLIT_NS - 1, SPLIT_NS)] == [2, 1]
    assert relations.cluster_size("device P", SPLIT_NS) == 2


def test_what_a_crowd_shares_says_nothing() -> None:
    crowd = [{"account": f"C{number}", "device": "Q"} for number in range(21)]
    assert Relations(Reference.of(accounts=crowd[:20])).cluster_of("C0") == "device Q"
    assert Relations(Reference.of(accounts=crowd)).cluster("C0") == ("", ALWAYS_NS)


def fills() -> list[Row]:
    """A fill of A1 on each venue before and after the split, and NEWCO printed all along."""
    rows: list[Row] = []
    for second in (10, 995, 1001, 1010):
        for venue, instrument in (("XA", "ACME"), ("XB", "ACME"), ("XC", "OLDCO"), ("XB", "NEWCO")):
            market = Market(instrument, venue).at(second)
            order = market.new("A1", "BUY", 100.0, 5)
            market.fill(order, 100.0, 5, trade_id=f"{venue}{instrument}{second}")
            rows += [{**row, "order_id": f"{venue}{instrument}{second}", "source": venue} for row in market.rows]
    return [{**row, "source_sequence": number} for number, row in enumerate(rows, start=1)]


def known(engine: Engine) -> dict[str, object]:
    """Worth of price times quantity and price of a unit of XB's money, by market; venues of the same instrument."""
    core = engine._core
    numbers = core.market_numbers
    names = {number: f"{venue} {instrument}" for (venue, instrument), number in numbers.items()}
    xa, xb = numbers["XA", "ACME"], numbers["XB", "ACME"]
    return {
        "unit": core.owners.unit[xa],
        "exchange": core.owners.exchange(xa, xb),
        "clusters": {
            name: "" if (number := core.cluster_of_account[place]) < 0 else core.cluster_names[number]
            for name, place in core.account_numbers.items()
        },
        "siblings": {names[number]: [names[each] for each in core.siblings[number]] for number in names},
    }


def test_a_market_is_known_anew_once_rows_begin_or_cease_to_hold() -> None:
    engine = Engine(EngineConfiguration(reference=TABLES))
    rows = fills()
    engine.process(Frame.from_rows(rows[:16]))
    before = known(engine)
    engine.process(Frame.from_rows(rows[16:]))
    after = known(engine)
    assert (before["unit"], before["exchange"]) == (1.0, 1.25)
    assert (after["unit"], after["exchange"]) == (10.0, 1.1)
    assert (before["clusters"], after["clusters"]) == ({"A1": ""}, {"A1": "device P"})
    pairs = {"XA ACME": ["XB ACME"], "XB ACME": ["XA ACME"]}
    assert before["siblings"] == {**pairs, "XC OLDCO": [], "XB NEWCO": []}
    assert after["siblings"] == {**pairs, "XC OLDCO": ["XB NEWCO"], "XB NEWCO": ["XC OLDCO"]}


@pytest.mark.parametrize("at", range(0, 33, 3))
def test_a_restored_engine_knows_markets_as_of_the_same_times(at: int) -> None:
    rows = fills()
    whole = Engine(EngineConfiguration(reference=TABLES))
    whole.process(Frame.from_rows(rows))
    first, second = (Engine(EngineConfiguration(reference=TABLES)) for _ in range(2))
    first.process(Frame.from_rows(rows[:at]))
    second.restore(first.snapshot())
    if at:
        assert second.snapshot() == first.snapshot()
    for engine in (first, second):
        engine.process(Frame.from_rows(rows[at:]))
    assert known(second) == known(whole)
    assert second.snapshot() == first.snapshot()


def test_an_instrument_that_no_rate_compares_says_so() -> None:
    without = Reference.of(instruments=TABLES.instruments)
    engine = Engine(EngineConfiguration(reference=without))
    engine.process(Frame.from_rows(fills()))
    told = engine.not_compared("XA", "ACME")
    assert told == "prices here in USD, elsewhere in EUR: no rates in fx_rates compare them"
    assert engine.not_compared("XC", "OLDCO") == engine.not_compared("XX", "NONE") == ""
    compared = Engine(EngineConfiguration(reference=TABLES))
    compared.process(Frame.from_rows(fills()))
    assert compared.not_compared("XA", "ACME") == ""
