"""Changes of what detection works with are told until they are recorded, each under one id."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from detection_service import changes as module
from detection_service.changes import Change, Changes, Standing
from detection_service.checkpoint import Checkpoints
from detection_service.consumer import Consumer
from surveillance.v1 import alert_record_pb2, change_pb2, ingest_pb2
from tapewatch.client.wire import JournalRecord
from tests.detection_service.fakes import Journal, consumer_in

SET = {
    "change": {"rule": "spoofing", "parameters": {"size_multiple_min": 7}, "scope": {"venue": "XTWS"}},
    "actor": "ann",
    "reason": "too many",
}


@dataclass
class Trail:
    """Takes changes as the case service does: each once."""

    records: dict[str, change_pb2.ConfigurationChange] = field(default_factory=dict)
    told: int = 0

    async def record_changes(
        self, changes: Sequence[change_pb2.ConfigurationChange], patience_s: float | None
    ) -> list[alert_record_pb2.RecordChangeResult]:
        assert patience_s is None
        self.told += len(changes)
        for each in changes:
            self.records.setdefault(each.change_id, each)
        numbers = {change_id: number for number, change_id in enumerate(self.records, start=1)}
        return [
            alert_record_pb2.RecordChangeResult(change_id=e.change_id, audit_sequence=numbers[e.change_id])
            for e in changes
        ]


@asynccontextmanager
async def telling(changes: Changes, trail: Trail) -> AsyncIterator[None]:
    """Tells changes until none is pending."""
    task = asyncio.create_task(changes.run(trail))
    try:
        yield
        async with asyncio.timeout(5):
            await changes.until(lambda: not changes.pending)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def read(consumer: Consumer, journal: Journal) -> None:
    async with asyncio.timeout(20):
        await consumer.run(journal.read(consumer.next_sequence))


async def test_a_change_is_told_with_who_why_where_and_the_digests_before_and_after(tmp_path: Path) -> None:
    consumer, trail = consumer_in(tmp_path), Trail()
    before = consumer.engine.config_digest
    async with telling(consumer.changes, trail):
        await read(consumer, Journal().control("CONFIGURATION", SET))
    (told,) = trail.records.values()
    assert (told.kind, told.actor, told.reason, told.scope) == ("configuration", "ann", "too many", "venue XTWS")
    assert (told.digest_before, told.digest_after) == (before, consumer.engine.config_digest)
    assert told.digest_before != told.digest_after
    (kept,) = consumer.changes.newest
    assert kept.audit_sequence == 1


async def test_a_refused_change_is_told_with_the_reason_and_one_digest(tmp_path: Path) -> None:
    consumer, trail = consumer_in(tmp_path), Trail()
    async with telling(consumer.changes, trail):
        await read(consumer, Journal().control("CONFIGURATION", {"change": {"rule": "spoofng", "parameters": {}}}))
    (told,) = trail.records.values()
    assert "did you mean 'spoofing'" in told.problem
    assert told.digest_before == told.digest_after


async def test_changes_told_again_after_a_crash_have_the_same_ids(tmp_path: Path) -> None:
    journal, trail = Journal().control("CONFIGURATION", SET).control("REFERENCE", {}), Trail()
    for home in ("one", "two"):
        consumer = consumer_in(tmp_path / home)
        async with telling(consumer.changes, trail):
            await read(consumer, journal)
    assert (trail.told, len(trail.records)) == (4, 2)


async def test_a_snapshot_keeps_what_is_not_recorded_yet_and_what_is(tmp_path: Path) -> None:
    journal, trail = Journal().control("CONFIGURATION", SET), Trail()
    consumer = consumer_in(tmp_path)
    async with telling(consumer.changes, trail):
        await read(consumer, journal)
    await read(consumer, journal.control("REFERENCE", {}))
    Checkpoints(tmp_path).write(consumer.checkpoint(consumer.engine.freeze()))
    again = consumer_in(tmp_path)
    again.recover()
    async with telling(again.changes, trail):
        pass
    assert [each.kind for each in trail.records.values()] == ["configuration", "reference"]
    assert (trail.told, [each.audit_sequence for each in again.changes.newest]) == (2, [1, 2])


@pytest.mark.parametrize(
    "payload",
    [
        b"no json",
        b"[]",
        json.dumps({"control": "RULES", "content": {"user_rules": {"mine": {}}}}).encode(),
        json.dumps({"control": "RULES", "content": {"user_rules": []}}).encode(),
        json.dumps({"control": "CONFIGURATION", "content": {"change": [], "actor": "\ud800", "reason": "\0"}}).encode(),
        json.dumps({"control": "CONFIGURATION", "content": {"change": {"parameters": [], "scope": 3}}}).encode(),
    ],
)
async def test_a_control_record_that_is_none_is_a_refused_change(payload: bytes, tmp_path: Path) -> None:
    consumer, trail = consumer_in(tmp_path), Trail()
    async with telling(consumer.changes, trail):
        await read(consumer, Journal().add(ingest_pb2.RECORD_KIND_CONTROL, payload))
    (told,) = trail.records.values()
    assert told.problem
    assert "\0" not in told.reason


def test_recorded_changes_beyond_the_limit_go_and_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHANGES_MAX", 3)
    changes = Changes()
    record = JournalRecord(ingest_pb2.RECORD_KIND_CONTROL, 0, 1, b"{}", 0)
    for _ in range(4):
        changes.take(record, "", Standing("a", ""), Standing("b", ""))
    assert (len(changes.newest), changes.full) == (4, True)
    changes.restore([{**each, "audit_sequence": 1} for each in changes.state()])
    changes.add(Change(9, 0, "settings", "", "", "", change_id="c"))
    assert (len(changes.newest), changes.full, changes.pending[0].sequence) == (3, False, 9)
