"""Coverage: what each source has shown of each instrument, held against what the rules need."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest

from detection_service.coverage import NOT_IN_FORCE, NOTHING_SEEN, Line, Shown, lines, pointers
from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.engine.triggers import HAS_PHASES, HAS_UNNAMED
from detection_service.rules.catalogue import RULE_BY_ID
from surveillance.v1 import detection_pb2
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tests.detection_service.fakes import Journal, consumer_in, serving
from tests.detection_service.scenario import START_NS, Market, Row

TIMEOUT_S = 10


def rows() -> list[Row]:
    """Orders with accounts of ACME from one source, prints of ACME and OTHER from another."""
    orders = Market(source="orders").crowd()
    orders.at(5).deal("a", "b", 100.0, 10)
    tape, other = Market(source="prints"), Market("OTHER", source="prints")
    tape.at(1).trade(100.0, 5)
    other.at(3).trade(50.0, 5)
    every = [*orders.rows, *tape.rows, *other.rows]
    return sorted(every, key=lambda row: int(str(row["event_time_ns"])))


def seen(rows_a_batch: int = 1 << 16) -> Shown:
    shown, told = Shown(), rows()
    for start in range(0, len(told), rows_a_batch):
        shown.take(Frame.from_rows(told[start : start + rows_a_batch]))
    return shown


def line(rule_id: str, source: str, instrument: str, engine: Engine | None = None) -> Line:
    (found,) = [
        each
        for each in lines(seen(), engine or Engine())
        if (each.rule_id, each.source, each.instrument) == (rule_id, source, instrument)
    ]
    return found


def test_a_rule_watches_where_the_source_shows_what_it_needs() -> None:
    found = line("spoofing", "orders", "ACME")
    assert found.watched
    assert found.data == ("orders", "accounts", "fills")
    assert found.since_ns == START_NS
    assert found.events == 64


def test_a_rule_without_its_data_says_why_by_source_and_instrument() -> None:
    found = line("spoofing", "prints", "OTHER")
    assert not found.watched
    assert "does not show orders" in found.reason
    assert line("price_spike", "prints", "OTHER").since_ns == START_NS + 3_000_000_000
    assert "no reference data" in line("wash_owner", "orders", "ACME").reason


def test_orders_without_account_and_phases_are_seen_as_the_core_sees_them() -> None:
    market = Market().at(1).crowd()
    market.row("PHASE", phase="OPEN")
    unnamed = {**market.rows[0], "order_id": "unnamed", "instrument": "OTHER", "source_sequence": 9_000}
    del unnamed["account"]
    told = Frame.from_rows([*market.rows, unnamed])
    engine, shown = Engine(), Shown()
    engine.process(told)
    shown.take(told)
    bits = {pair[2]: each.bits & (HAS_UNNAMED | HAS_PHASES) for pair, each in shown.pairs.items()}
    assert bits == {"ACME": HAS_PHASES, "OTHER": HAS_UNNAMED}
    assert engine.core.capabilities[0] & (HAS_UNNAMED | HAS_PHASES) == HAS_UNNAMED | HAS_PHASES


def test_an_instrument_in_two_currencies_without_a_rate_is_not_watched_across_venues() -> None:
    printed: list[Row] = []
    for second, venue in enumerate(("XA", "XB")):
        market = Market(venue=venue, source=venue).at(second)
        market.trade(10.0, 5, "BUY")
        printed += market.rows
    money = {"XA": "USD", "XB": "EUR"}
    instruments = [{"instrument": "ACME", "venue": venue, "currency": each} for venue, each in money.items()]
    shown, engine = Shown(), Engine(EngineConfiguration(reference=Reference.of(instruments=instruments)))
    shown.take(Frame.from_rows(printed))
    engine.process(Frame.from_rows(printed))
    found = [line for line in lines(shown, engine) if line.rule_id == "cross_venue"]
    assert [line.watched for line in found] == [False, False]
    assert "prices here in USD, elsewhere in EUR" in found[0].reason


def test_a_rule_out_of_force_watches_nothing_and_is_named() -> None:
    engine = Engine(EngineConfiguration({"spoofing": {}}))
    assert line("layering", "orders", "ACME", engine).reason == NOT_IN_FORCE
    assert {each.rule_id for each in lines(Shown(), engine)} == set(RULE_BY_ID)
    assert {each.reason for each in lines(Shown(), engine)} == {NOT_IN_FORCE, NOTHING_SEEN}


@pytest.mark.parametrize("rows_a_batch", [1, 7, 1_000])
def test_what_was_seen_since_when_does_not_depend_on_batches(rows_a_batch: int) -> None:
    whole, cut = seen(), seen(rows_a_batch)
    assert {pair: (each.since_ns, each.events) for pair, each in cut.pairs.items()} == {
        pair: (each.since_ns, each.events) for pair, each in whole.pairs.items()
    }


def test_a_restored_state_knows_what_was_seen() -> None:
    shown, copy = seen(), Shown()
    copy.restore(shown.state())
    assert copy.pairs == shown.pairs
    fresh = Shown()
    fresh.restore({})
    assert fresh.pairs == {}


def test_a_regulation_names_its_rules_and_those_of_them_that_watch() -> None:
    engine = Engine(EngineConfiguration({"spoofing": {}, "price_spike": {}}))
    found = {each.regulation.text: each for each in pointers(seen(), engine)}
    assert all(set(each.watching) <= set(each.rules) for each in found.values())
    spoofing = next(each for text, each in found.items() if "4c(a)(5)(C)" in text)
    assert "spoofing" in spoofing.watching
    assert "layering" not in spoofing.watching
    assert set(spoofing.data) == {"orders", "accounts", "fills"}


async def test_the_service_gives_coverage_in_pages_and_of_one_rule(tmp_path: Path) -> None:
    consumer = consumer_in(tmp_path)
    await consumer.run(Journal().events(rows()).read())
    consumer._checkpoints.write(consumer.checkpoint(consumer.engine.freeze()))
    again = consumer_in(tmp_path)
    again.recover()
    expected = [(each.rule_id, each.source, each.instrument) for each in lines(again.shown, again.engine)]
    async with serving(again) as served:
        told: list[detection_pb2.CoverageLine] = []
        token = ""
        while True:
            request = detection_pb2.GetCoverageRequest(page_size=4, page_token=token)
            page = await served.stub.GetCoverage(request, timeout=TIMEOUT_S)
            assert bool(page.regulations) is (token == "")
            told += page.lines
            token = page.next_page_token
            if not token:
                break
        one = await served.stub.GetCoverage(
            detection_pb2.GetCoverageRequest(rule_id="spoofing", source="prints"), timeout=TIMEOUT_S
        )
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await served.stub.GetCoverage(detection_pb2.GetCoverageRequest(page_token="x"), timeout=TIMEOUT_S)
    assert [(each.rule_id, each.source, each.instrument) for each in told] == expected
    assert {(each.rule_id, each.source, each.watched) for each in one.lines} == {("spoofing", "prints", False)}
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
