from collections.abc import Sequence

import pytest

from simulator.drop_copy import BEGIN_STRING, DropCopy
from simulator.matching import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.report import Report
from simulator.simulation import Simulation, labelled_run
from tapewatch.fix.codec import Field, encode, read_message
from tapewatch.fix.mapping import map_message
from tapewatch.fix.message import Message
from tapewatch.fix.profile import load_profile
from tests.simulator.fakes import Venue

HEADER: list[Field] = [(49, "XTWS"), (56, "TAPEWATCH"), (34, 1), (52, "20260302-09:00:00.000")]
SAME_COLUMNS = (
    "event_time_ns", "kind", "venue", "instrument", "account", "trader", "order_id", "client_order_id", "execution_id",
    "trade_id", "side", "price", "quantity", "leaves_quantity", "display_quantity", "contra_account", "aggressor",
    "currency",
)  # fmt: skip


def messages_of(reports: Sequence[Report]) -> list[Message]:
    """What a peer reads when the reports are sent as a drop copy."""
    drop_copy = DropCopy()
    messages = []
    for report in reports:
        message_type, fields = drop_copy.message(report)
        messages.append(read_message(encode(BEGIN_STRING, [(35, message_type), *HEADER, *fields])))
    return messages


def mapped(messages: Sequence[Message]) -> list[dict[str, object]]:
    profile = load_profile("fix44")
    rows = []
    for message in messages:
        found, note = map_message(message, profile)
        assert note is None
        rows += found
    return rows


def seen(row: dict[str, object]) -> dict[str, object]:
    """What both must tell; what an order showed is not told once it has expired."""
    untold = "display_quantity" if row["kind"] == "EXPIRE" else ""
    return {column: row[column] for column in SAME_COLUMNS if row.get(column) is not None and column != untold}


def test_the_drop_copy_of_a_market_maps_back_to_the_same_events() -> None:
    config = labelled_run(["wash_self", "spoofing"], seed=8, minutes=2, severity=0.8)
    reports = list(Simulation(config).reports())
    rows = mapped(messages_of(reports))
    assert {report.kind for report in reports} >= {"NEW", "REPLACE", "CANCEL", "FILL", "EXPIRE"}
    for report, row in zip(reports, rows, strict=True):
        assert seen(row) == seen(report.row())


def test_phases_and_auctions_map_back_too() -> None:
    config = labelled_run([], seed=8, minutes=0.5, severity=0.8, market="whole", hours="fitted")
    reports = list(Simulation(config).reports())
    phases = [report.phase for report in reports if report.kind == "PHASE"]
    assert phases == ["PRE_OPEN"] * 5 + ["CONTINUOUS"] * 5 + ["AUCTION"] * 5 + ["CLOSE"] * 5
    assert any(report.kind == "FILL" and report.aggressor is None for report in reports)
    for report, row in zip(reports, mapped(messages_of(reports)), strict=True):
        assert (seen(row), row.get("phase")) == (seen(report.row()), report.phase)


def test_refusals_and_partly_filled_cancels_map_back_too() -> None:
    venue = Venue()
    venue.engine.submit(1_000, "broken", BUY, 0, 100)
    order = venue.engine.submit(2_000, "one", BUY, 1000, 500)
    venue.engine.submit(3_000, "two", SELL, 1000, 200, time_in_force=IMMEDIATE_OR_CANCEL)
    venue.engine.replace(4_000, order, 1001, 400)
    venue.engine.cancel(5_000, order)
    rows = mapped(messages_of(venue.reports))
    assert [row["kind"] for row in rows] == ["REJECT", "NEW", "NEW", "FILL", "FILL", "REPLACE", "CANCEL"]
    for report, row in zip(venue.reports, rows, strict=True):
        assert seen(row) == seen(report.row())


def test_a_refused_cancel_is_a_cancel_reject_of_the_order() -> None:
    venue = Venue()
    order = venue.engine.submit(1_000, "one", BUY, 1000, 100)
    venue.engine.cancel(2_000, order)
    venue.engine.cancel(3_000, order)
    rows = mapped(messages_of(venue.reports))
    assert (rows[-1]["kind"], rows[-1]["order_id"], rows[-1]["account"]) == ("CANCEL_REJECT", order.order_id, "one")


def test_a_replace_names_the_request_it_replaces_and_fills_add_up() -> None:
    venue = Venue()
    order = venue.engine.submit(1, "one", BUY, 1000, 300)
    first_id = order.client_order_id
    venue.engine.replace(2, order, 1001, 400)
    venue.engine.submit(3, "two", SELL, 1001, 100)
    venue.engine.submit(4, "three", SELL, 1001, 300)
    messages = messages_of(venue.reports)
    replaced = messages[1]
    assert (replaced.get(150), replaced.get(11), replaced.get(41)) == ("5", order.client_order_id, first_id)
    fills = [message for message in messages if message.get(37) == order.order_id and message.get(150) == "F"]
    assert [(fill.get(14), fill.get(151), fill.get(39), fill.get(6)) for fill in fills] == [
        ("100", "300", "1", "10.01"),
        ("400", "0", "2", "10.01"),
    ]


@pytest.mark.parametrize(("text", "tag"), [("CANCEL", "4"), ("EXPIRE", "C"), ("REJECT", "8")])
def test_closed_orders_carry_their_status_and_no_leaves(text: str, tag: str) -> None:
    venue = Venue()
    resting = venue.engine.submit(1, "one", BUY, 1000, 300)
    venue.engine.submit(2, "two", BUY, None, 100)
    venue.engine.submit(3, "three", BUY, 1000, 0)
    venue.engine.cancel(4, resting)
    by_kind = {report.kind: message for report, message in zip(venue.reports, messages_of(venue.reports), strict=True)}
    message = by_kind[text]
    assert (message.get(150), message.get(39), message.get(151)) == (tag, tag, "0")


def test_closed_orders_are_forgotten() -> None:
    drop_copy = DropCopy()
    venue = Venue()
    order = venue.engine.submit(1, "one", BUY, 1000, 300)
    venue.engine.cancel(2, order)
    for report in venue.reports:
        drop_copy.message(report)
    assert drop_copy.open_orders == 0
