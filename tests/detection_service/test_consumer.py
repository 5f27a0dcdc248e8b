"""From journal records to numbered revisions: recovery, control records, marks, damage."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from detection_service import checkpoint
from detection_service.anomaly.training import train
from detection_service.checkpoint import LAYOUT, Checkpoint, Checkpoints
from detection_service.consumer import Consumer
from detection_service.engine.engine import Engine
from detection_service.frozen import Layout
from detection_service.ordering import Ordering
from detection_service.rules.scenarios.ordinary_model import made_up
from surveillance.v1 import alert_pb2, ingest_pb2
from tests.detection_service.fakes import Journal, consumer_in, recording
from tests.detection_service.rules.schemes import OWNERS, SCHEMES, layer, spoof, washed
from tests.detection_service.scenario import Market, Row, configured, revisions


async def consumed(consumer: Consumer, journal: Journal) -> Consumer:
    async with asyncio.timeout(20):
        await consumer.run(journal.read(consumer.next_sequence))
    return consumer


def made(consumer: Consumer) -> list[alert_pb2.Alert]:
    """The revisions made since the consumer's start."""
    return list(consumer.outbox._held)


def written(directory: Path) -> list[Path]:
    """The snapshots on disk."""
    return list(directory.glob("*.snapshot"))


def rows_with_schemes() -> list[Row]:
    return layer(spoof(spoof(Market().crowd(), 10), 400), 800).tick(2_000).rows


async def test_a_journal_gives_the_revisions_the_engine_gives(tmp_path: Path) -> None:
    rows = rows_with_schemes()
    consumer = await consumed(consumer_in(tmp_path), Journal().events(rows, 10))
    assert [message.alert_id for message in made(consumer)] == [alert.alert_id for alert in revisions(rows)]
    assert consumer.next_sequence == len(rows)
    assert consumer.poisoned == {}


async def test_recovery_from_a_snapshot_gives_the_same_revisions_under_the_same_numbers(tmp_path: Path) -> None:
    journal = Journal().control("REFERENCE", {"accounts": list(OWNERS)})
    journal.events(rows_with_schemes(), 7).events(_later(washed("w1", "w2").rows), 11)
    whole = made(await consumed(consumer_in(tmp_path / "whole"), journal))
    first = consumer_in(tmp_path / "cut", snapshot_every_rows=40)
    async with recording(first) as recorder, asyncio.timeout(20):
        await consumed(first, journal)
        assert first._snapshot_task is not None
        await first._snapshot_task
    second = consumer_in(tmp_path / "cut")
    second.recover()
    assert 0 < second.next_sequence < journal.next_sequence
    assert second.next_sequence == first.snapshot_sequence
    before = second.outbox.made
    await consumed(second, journal)
    assert recorder.recorded[:before] + made(second) == whole
    assert second.outbox.made == len(whole)
    assert second.engine.config_digest == first.engine.config_digest


def _later(rows: list[Row]) -> list[Row]:
    """The rows three hours on, of another source."""
    step_ns = 10_800_000_000_000
    return [row | {"event_time_ns": int(str(row["event_time_ns"])) + step_ns, "instrument": "LATER"} for row in rows]


class WatchedCheckpoints(Checkpoints):
    """Notes how many revisions were recorded whenever a snapshot is written."""

    consumer: Consumer

    def write(self, checkpoint: Checkpoint) -> None:
        self.recorded = self.consumer.outbox.recorded
        super().write(checkpoint)


async def test_a_snapshot_is_written_only_once_its_alerts_are_recorded(tmp_path: Path) -> None:
    snapshots = WatchedCheckpoints(tmp_path)
    snapshots.consumer = consumer = Consumer(Engine(), snapshots, 1)
    await consumed(consumer, Journal().events(rows_with_schemes()))
    task = consumer._snapshot_task
    assert task is not None
    done, _ = await asyncio.wait([task], timeout=0.05)
    assert (done, written(tmp_path), consumer.snapshot_sequence) == (set(), [], 0)
    async with recording(consumer), asyncio.timeout(5):
        await task
    assert snapshots.recorded == consumer.outbox.made > 0
    assert len(written(tmp_path)) == 1
    assert consumer.snapshot_sequence == consumer.next_sequence


async def test_a_damaged_snapshot_is_passed_over_and_the_journal_read_from_the_beginning(tmp_path: Path) -> None:
    journal = Journal().events(rows_with_schemes())
    first = consumer_in(tmp_path, snapshot_every_rows=1)
    await consumed(first, journal)
    async with recording(first), asyncio.timeout(5):
        assert first._snapshot_task is not None
        await first._snapshot_task
    (path,) = written(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    second = consumer_in(tmp_path)
    second.recover()
    assert second.next_sequence == 0
    assert made(await consumed(second, journal)) == made(first)


async def test_a_configuration_takes_effect_at_its_position(tmp_path: Path) -> None:
    early, late = spoof(Market().crowd(), 10).tick(20), spoof(Market("OTHER").crowd(), 500)
    journal = Journal().events(early.rows)
    journal.control("CONFIGURATION", {"rules": {"layering": {}}}).events(_after(late.rows))
    consumer = await consumed(consumer_in(tmp_path), journal)
    assert {message.instrument for message in made(consumer)} == {"ACME"}
    assert set(consumer.engine.configuration.rules) == {"layering"}


def _after(rows: list[Row]) -> list[Row]:
    return [row | {"event_time_ns": max(int(str(row["event_time_ns"])), 1_700_000_000_000_000_000)} for row in rows]


async def test_reference_data_takes_effect_at_its_position(tmp_path: Path) -> None:
    journal = Journal().control("REFERENCE", {"accounts": list(OWNERS)}).events(washed("w1", "w2").rows)
    consumer = await consumed(consumer_in(tmp_path), journal)
    assert {message.rule_id for message in made(consumer)} == {"wash_owner"}
    assert consumer.engine.config_digest == configured(accounts=OWNERS).digest()


async def test_a_model_takes_effect_at_its_position(tmp_path: Path) -> None:
    model = train(made_up(300, seed=3), seed=3)
    journal = Journal().control("MODEL", model.to_json()).events(SCHEMES["spoofing"].play().rows)
    consumer = await consumed(consumer_in(tmp_path), journal)
    assert consumer.engine.model_id == model.model_id
    assert {message.anomaly.model_id for message in made(consumer)} == {model.model_id}


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("CONFIGURATION", {"rules": {"spoofing": {"life_max_s": -1}}}),
        ("CONFIGURATION", {"rules": {"spoofing": {"life_max_s": "long"}}}),
        ("CONFIGURATION", {"rules": {"spoofing": None}}),
        ("CONFIGURATION", {"rules": ["spoofing"]}),
        ("CONFIGURATION", {}),
        ("CONFIGURATION", {"rules": {"layering": {}}, "waiting": 5}),
        ("CONFIGURATION", {"change": 5}),
        ("CONFIGURATION", {"change": {"rule": "spoofing", "parameters": {}, "scope": {"rules": 5}}}),
        ("RULES", {"user_rules": 5}),
        ("CONFIGURATION", [1]),
        ("REFERENCE", {"accounts": 5}),
        ("REFERENCE", {"accounts": [5]}),
        ("REFERENCE", []),
        ("MODEL", {"schema": "other"}),
        ("MODEL", []),
        ("MODEL", {"schema": "tapewatch-isolation-forest-1"}),
        ("WEATHER", {}),
        ("CONFIGURATION", None),
    ],
)
async def test_a_control_record_that_is_not_what_it_says_changes_nothing(
    tmp_path: Path, kind: str, content: object
) -> None:
    rows = SCHEMES["spoofing"].play().rows
    consumer = consumer_in(tmp_path)
    digest = consumer.engine.config_digest
    await consumed(consumer, Journal().control(kind, content).events(rows))
    assert consumer.engine.config_digest == digest
    assert consumer.engine.configuration.parameters()
    assert [message.alert_id for message in made(consumer)] == [alert.alert_id for alert in revisions(rows)]


async def test_a_poisoned_frame_is_counted_and_what_follows_is_evaluated(tmp_path: Path) -> None:
    rows = SCHEMES["spoofing"].play().rows
    journal = Journal().events(rows[:20])
    journal.add(ingest_pb2.RECORD_KIND_EVENTS, b"damaged", 3).events(rows[20:])
    consumer = await consumed(consumer_in(tmp_path), journal)
    assert sum(consumer.poisoned.values()) == 3
    assert consumer.next_sequence == len(rows) + 3
    assert len(made(consumer)) == len(revisions(rows))
    consumer._checkpoints.write(consumer.checkpoint(consumer.engine.freeze()))
    again = consumer_in(tmp_path)
    again.recover()
    assert again.poisoned == consumer.poisoned


async def test_a_source_too_far_behind_is_told_of_and_the_others_go_on(tmp_path: Path) -> None:
    rows = SCHEMES["spoofing"].play().rows
    slow = {**rows[0], "source": "slow", "order_id": "slow", "event_time_ns": int(str(rows[0]["event_time_ns"])) - 1}
    consumer = consumer_in(tmp_path)
    consumer._ordering = Ordering(held_rows_max=10)
    with capture_logs() as told:
        await consumed(consumer, Journal().events([slow]).events(rows))
    (warning,) = (each for each in told if each["log_level"] == "warning")
    assert (warning["event"], warning["source"]) == ("source too far behind to wait for", "slow")
    assert len(made(consumer)) == len(revisions(rows))


async def test_a_hole_in_the_journal_is_never_stepped_over(tmp_path: Path) -> None:
    journal = Journal().events(rows_with_schemes(), 10)
    del journal.records[2]
    with pytest.raises(RuntimeError, match="expected journal position 20, found 30"):
        await consumed(consumer_in(tmp_path), journal)


@pytest.mark.parametrize("mark", ["idle", "end_of_source"])
async def test_a_mark_releases_what_waited_for_its_source(tmp_path: Path, mark: str) -> None:
    rows = SCHEMES["spoofing"].play().rows
    silent = {**rows[0], "kind": "STATUS", "source": "silent", "source_sequence": 1}
    journal = Journal().events([rows[0], silent, *rows[1:]])
    consumer = await consumed(consumer_in(tmp_path / "waits"), journal)
    waiting = consumer.ordering.pending_rows
    assert waiting > 0
    consumer = await consumed(consumer_in(tmp_path / "marked"), journal.mark("silent", mark))
    assert consumer.ordering.pending_rows == 0
    assert [message.alert_id for message in made(consumer)] == [alert.alert_id for alert in revisions(rows)]


async def test_progress_is_told_after_every_record(tmp_path: Path) -> None:
    consumer = consumer_in(tmp_path)
    seen: list[int] = []
    journal = Journal().events(rows_with_schemes(), 30)
    await consumer.run(journal.read(), lambda: seen.append(consumer.next_sequence))
    assert seen == [record.next_sequence for record in journal.records]


@pytest.mark.parametrize("changed", ["engine layout", "checkpoint layout", "fields of Order"])
async def test_a_snapshot_of_another_version_is_passed_over_saying_so_and_the_journal_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    journal = Journal().events(rows_with_schemes(), 7)
    whole = made(await consumed(consumer_in(tmp_path / "whole"), journal))
    other = Layout(LAYOUT.mark, {**LAYOUT.depends_on, changed: 1})
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "LAYOUT", other)
        first = consumer_in(tmp_path, snapshot_every_rows=40)
        async with recording(first), asyncio.timeout(20):
            await consumed(first, journal)
            assert first._snapshot_task is not None
            await first._snapshot_task
    assert written(tmp_path)
    with capture_logs() as told:
        second = consumer_in(tmp_path)
        second.recover()
    assert f"expected a snapshot of this version, with {changed}" in told[0]["problem"]
    assert second.next_sequence == 0
    assert made(await consumed(second, journal)) == whole
