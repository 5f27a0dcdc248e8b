"""From ingest's clock to the alert: what ingest observes with a clock of ours becomes alerts of the consumer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from detection_service.consumer import Consumer
from detection_service.engine.configuration import EngineConfiguration
from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.scenarios.scenario import load, scenario_file
from ingest_service.intake import Intake
from ingest_service.source_watch import SourceWatch, WatchOptions
from surveillance.v1 import alert_pb2, ingest_pb2
from tapewatch.client.wire import JournalRecord
from tapewatch.runtime.journal import RecordKind
from tests.detection_service.fakes import consumer_in
from tests.ingest_service.fakes import START_NS, FakeClock, frame, intake_in, row

SECOND_NS = 1_000_000_000
LIVE = EngineConfiguration(marks_come=True)
KINDS = {
    RecordKind.EVENTS: ingest_pb2.RECORD_KIND_EVENTS,
    RecordKind.MARK: ingest_pb2.RECORD_KIND_MARK,
    RecordKind.CONTROL: ingest_pb2.RECORD_KIND_CONTROL,
}


async def journalled(intake: Intake, first: int) -> AsyncIterator[JournalRecord]:
    await intake.durable()
    for each in intake.journal.read_from(first):
        yield JournalRecord(KINDS[each.kind], each.first_sequence, each.row_count, each.payload, each.ingest_time_ns)


async def consumed(consumer: Consumer, intake: Intake) -> list[alert_pb2.Alert]:
    """The revisions made of what ingest has journalled since the last call."""
    before = consumer.outbox.made
    async with asyncio.timeout(20):
        await consumer.run(journalled(intake, consumer.next_sequence))
    new = consumer.outbox.made - before
    return list(consumer.outbox._held)[len(consumer.outbox._held) - new :]


async def test_a_source_that_falls_silent_raises_an_alert_within_sixty_seconds(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path / "ingest", clock) as intake:
        watch = SourceWatch(intake, WatchOptions(canary_ns=None), clock)
        consumer = consumer_in(tmp_path / "detection", LIVE)
        for sequence in range(1, 11):
            clock.now_ns += SECOND_NS
            intake.take(str(sequence), frame(row(sequence, event_time_ns=clock.now_ns)))
            watch.look()
        assert await consumed(consumer, intake) == []
        made: list[alert_pb2.Alert] = []
        silent_s = 0
        while not made:
            clock.now_ns += SECOND_NS
            silent_s += 1
            assert silent_s <= 60
            watch.look()
            made = await consumed(consumer, intake)
        (alert,) = made
        assert (alert.rule_id, alert.venue, alert.instrument) == ("data_gap", "XTST", "")
        assert not alert.owners
        assert alert.start_time_ns == START_NS + 10 * SECOND_NS
        assert alert.end_time_ns == clock.now_ns
        assert "Source feed of XTST has been silent for 30.0 s" in alert.explanation
        intake.take("again", frame(row(11, event_time_ns=clock.now_ns)))
        watch.look()
        (over,) = await consumed(consumer, intake)
        assert (over.alert_id, over.revision, over.closed) == (alert.alert_id, 2, True)
        assert "It was over after 30.0 s." in over.explanation


async def test_lost_numbers_and_a_wrong_clock_raise_an_alert_each(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path / "ingest", clock) as intake:
        watch = SourceWatch(intake, WatchOptions(canary_ns=None), clock)
        consumer = consumer_in(tmp_path / "detection", LIVE)
        for sequence in range(1, 100):
            clock.now_ns += SECOND_NS
            number = sequence + (5 if sequence > 50 else 0)
            intake.take(str(sequence), frame(row(number, event_time_ns=clock.now_ns - 3_600 * SECOND_NS)))
            watch.look()
        by_rule = {alert.rule_id: alert for alert in await consumed(consumer, intake)}
    assert set(by_rule) == {"data_gap", "clock_skew"}
    assert "has lost 5 of 61 events" in by_rule["data_gap"].explanation
    assert "3,600.000 s behind" in by_rule["clock_skew"].explanation
    assert all(alert.evidence_event_ids for alert in by_rule.values())


async def test_the_journal_gives_the_same_alerts_again_and_a_restart_goes_on_with_them(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path / "ingest", clock) as intake:
        watch = SourceWatch(intake, WatchOptions(canary_ns=None), clock)
        first = consumer_in(tmp_path / "first", LIVE)
        intake.take("a", frame(row(1)))
        clock.now_ns += 40 * SECOND_NS
        watch.look()
        opened = await consumed(first, intake)
        restored = consumer_in(tmp_path / "second", LIVE)
        restored._checkpoints.write(first.checkpoint(first.engine.freeze()))
        restored.recover()
        intake.take("b", frame(row(2)))
        watch.look()
        closed = await consumed(restored, intake)
        again = consumer_in(tmp_path / "third", LIVE)
        assert await consumed(again, intake) == opened + closed
        assert [alert.closed for alert in opened + closed] == [False, True]


@pytest.mark.parametrize("changes", [{}, {"spoofing": {"size_multiple_min": 1000.0}}])
async def test_a_rule_set_so_that_it_can_not_fire_is_found_by_its_canary(
    tmp_path: Path, changes: dict[str, dict[str, float]]
) -> None:
    clock = FakeClock()
    options = WatchOptions(canary_ns=SECOND_NS)
    async with intake_in(tmp_path / "ingest", clock) as intake:
        watch = SourceWatch(intake, options, clock)
        rules: dict[str, Any] = {"spoofing": {}, "layering": {}, "wash_owner": {}, "rule_silent": {}} | changes
        consumer = consumer_in(tmp_path / "detection")
        consumer.engine.configure(EngineConfiguration(rules, marks_come=True))
        for _ in range(8):
            clock.now_ns += SECOND_NS
            watch.look()
        made = await consumed(consumer, intake)
        results = consumer.health.canaries.results
        assert set(results) == set(rules)
        assert consumer.engine.status()["sources"] == {}, "nothing planted reaches the live engine"
        if not changes:
            assert made == []
            assert not any(result.missed for result in results.values())
            return
        assert {alert.alert_id for alert in made} == {made[0].alert_id}
        alert = made[-1]
        planted = sum(each.kind == "positive" for each in load(scenario_file(RULE_BY_ID["spoofing"])))
        assert (alert.rule_id, alert.venue, alert.instrument) == ("rule_silent", "TAPEWATCH", "CANARY-spoofing")
        assert alert.severity == alert_pb2.SEVERITY_HIGH
        assert f"found none of the {planted} scenarios planted for it, 2 time(s) on end" in alert.explanation
        consumer.engine.configure(EngineConfiguration({**rules, "spoofing": {}}, marks_come=True))
        for _ in range(4):
            clock.now_ns += SECOND_NS
            watch.look()
        (over,) = await consumed(consumer, intake)
        assert over.closed
        assert "It was over after" in over.explanation
