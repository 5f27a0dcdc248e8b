import asyncio

import pytest
from prometheus_client import CollectorRegistry

from fix_gateway import drop_copy
from fix_gateway.drop_copy import DropCopyApplication
from fix_gateway.metrics import GatewayMetrics
from tapewatch.fix.codec import Field, Framer, Message, encode
from tapewatch.fix.profile import load_profile
from tests.fix_gateway.fakes import FakeIngest
from tests.tapewatch.fix.fix_peer import START_NS, report_fields

SOURCE = "FIX.4.4:VENUE->US"


def messages(*bodies: tuple[str, list[Field]]) -> list[Message]:
    head: list[Field] = [(49, "VENUE"), (56, "US"), (52, "20260105-09:00:00")]
    data = b"".join(
        encode("FIX.4.4", [(35, msg_type), *head, (34, number), *fields])
        for number, (msg_type, fields) in enumerate(bodies, start=1)
    )
    return [item for item in Framer().feed(data) if isinstance(item, Message)]


class Gateway:
    def __init__(self) -> None:
        self.ingest = FakeIngest()
        self.registry = CollectorRegistry()
        profiles = {SOURCE: load_profile("fix44")}
        self.application = DropCopyApplication(
            self.ingest, profiles, GatewayMetrics(self.registry), lambda: START_NS + 2_000_000_000
        )

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"tapewatch_fix_{name}", {"source": SOURCE, **labels})


async def test_a_batch_is_published_in_frames_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drop_copy, "ROWS_A_FRAME_MAX", 2)
    gateway = Gateway()
    batch = messages(*(("8", report_fields(f"E{number}")) for number in range(5)))
    assert await gateway.application.on_messages(SOURCE, batch) == ()
    assert gateway.ingest.executions() == ["E0", "E1", "E2", "E3", "E4"]
    assert gateway.ingest.frame_sizes == [2, 2, 1]


async def test_everything_is_counted() -> None:
    gateway = Gateway()
    batch = messages(("8", report_fields("E1")), ("B", []), ("8", report_fields("E1", t14="5")))
    await gateway.application.on_messages(SOURCE, batch)
    counted = {
        "messages_total": gateway.metric("messages_total", type="8"),
        "events_total": gateway.metric("events_total"),
        "duplicates_total": gateway.metric("duplicates_total"),
        "unmapped_total": gateway.metric("unmapped_total"),
        "flagged_total": gateway.metric("flagged_total"),
    }
    assert counted == {
        "messages_total": 2, "events_total": 1, "duplicates_total": 1, "unmapped_total": 1, "flagged_total": 1,
    }  # fmt: skip
    assert gateway.metric("lag_seconds") == pytest.approx(2.0, abs=1e-5)


async def test_a_batch_without_events_publishes_nothing() -> None:
    gateway = Gateway()
    await gateway.application.on_messages(SOURCE, messages(("B", [])))
    assert gateway.ingest.frame_sizes == []


async def test_batches_of_a_session_are_published_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drop_copy, "ROWS_A_FRAME_MAX", 2)
    gateway = Gateway()
    batch = messages(*(("8", report_fields(f"E{number}")) for number in range(12)))
    given = [gateway.application.on_messages(SOURCE, batch[start : start + 3]) for start in range(0, 12, 3)]
    await asyncio.gather(*given)
    assert gateway.ingest.executions() == [f"E{number}" for number in range(12)]
    assert len(given) <= gateway.application.hand_ons_max
