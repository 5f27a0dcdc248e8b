"""Correction runs against engines that got the same events in order."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from detection_service.consumer import Consumer
from detection_service.corrections.schedule import CorrectionRuns
from detection_service.corrections.state import Place, Waiting
from detection_service.engine.configuration import EngineConfiguration
from tapewatch.client.errors import ClientError
from tapewatch.client.wire import JournalRecord
from tests.detection_service.corrections.markets import (
    CONFIGURATION,
    busy,
    disturbed,
    in_order,
    interleaved,
    standing_messages,
    told_by_an_engine,
)
from tests.detection_service.engine.every_scheme import CANARY_VENUE, every_scheme, told_together
from tests.detection_service.fakes import Journal, Recorder, consumer_in, recording
from tests.detection_service.rules.schemes import OWNERS, spoof
from tests.detection_service.scenario import START_NS, Market, Row

SNAPSHOT_EVERY = 150
RULES_MIN = 10
LIVE = EngineConfiguration(marks_come=True)


async def consumed_with_runs(consumer: Consumer, journal: Journal, run_after: set[int], *, at_end: bool = True) -> None:
    """The journal, with a correction run after the records named by their number, and one at the end."""
    runs = CorrectionRuns(consumer, journal.read, 0.0)
    for number, record in enumerate(journal.records):
        if record.first_sequence < consumer.next_sequence:
            continue
        await consumer.run(journal.one(record))
        await settled(consumer)
        if number in run_after:
            await runs.correct()
    if at_end:
        await runs.correct()


async def settled(consumer: Consumer) -> None:
    """Every alert recorded, and the snapshot that was due written."""
    await consumer.outbox.until(lambda: consumer.outbox.recorded == consumer.outbox.made)
    if consumer._snapshot_task is not None:
        await consumer._snapshot_task


def market_rows(chance: random.Random) -> list[Row]:
    return interleaved(
        [busy("ACME", "XTST", "feed", chance), busy("BETA", "XTST", "feed2", chance), busy("ACME", "XOTH", "o", chance)]
    )


@pytest.mark.parametrize("seed", range(12))
async def test_after_the_runs_the_alerts_are_those_of_the_events_in_order(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    arrived = disturbed(market_rows(chance), chance, late=12, busts=4, corrections=4)
    journal = Journal().events(arrived, chance.choice((1, 7, 40)))
    run_after = set(chance.sample(range(len(journal.records)), 3))
    print(f"seed {seed}: {len(arrived)} rows, runs after records {sorted(run_after)} of {len(journal.records)}")
    consumer = consumer_in(tmp_path, CONFIGURATION, SNAPSHOT_EVERY)
    async with recording(consumer) as recorder, asyncio.timeout(60):
        await consumed_with_runs(consumer, journal, run_after)
        await settled(consumer)
    assert standing_messages(recorder.recorded) == told_by_an_engine(in_order(arrived))
    assert balanced(consumer, arrived)
    assert consumer.corrections.awaiting.total() == 0 < consumer.corrections.corrected.total()
    assert (consumer.corrections.counts.busted, consumer.corrections.counts.corrected_executions) == (4, 4)
    assert consumer.corrections.unknown_references == 0
    assert without_conflict(recorder)


@pytest.mark.parametrize("seed", range(8))
async def test_kills_between_and_in_runs_change_nothing_that_stands(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    arrived = disturbed(market_rows(chance), chance, late=12, busts=4, corrections=4)
    journal = Journal().control("REFERENCE", {"accounts": list(OWNERS)}).events(arrived, 20)
    recorder = Recorder()
    recorder.open.set()
    ends = sorted(chance.sample(range(len(journal.records)), 4))
    print(f"seed {seed}: killed after records {ends} of {len(journal.records)}")
    reached = 0
    for end in [*ends, len(journal.records)]:
        async with asyncio.timeout(60):
            consumer = await life(tmp_path, journal, range(reached, end), recorder, chance)
        reached = end
    assert standing_messages(recorder.recorded) == told_by_an_engine(in_order(arrived))
    assert balanced(consumer, arrived)
    assert without_conflict(recorder)


async def life(directory: Path, journal: Journal, fresh: range, recorder: Recorder, chance: random.Random) -> Consumer:
    """A process that takes the journal up to the last of some fresh records and makes runs in them, then is killed in
    the midst of one more; the last process lives."""
    threads = ThreadPoolExecutor()
    asyncio.get_running_loop().set_default_executor(threads)
    consumer = consumer_in(directory, LIVE, SNAPSHOT_EVERY)
    consumer.recover()
    sending = asyncio.create_task(consumer.outbox.run(recorder))
    is_last = fresh.stop == len(journal.records)
    run_after = set(chance.sample(fresh, min(2, len(fresh))))
    await consumed_with_runs(consumer, Journal.of(journal.records[: fresh.stop]), run_after, at_end=is_last)
    if not is_last:
        running = asyncio.create_task(CorrectionRuns(consumer, journal.read, 0.0).correct())
        for _ in range(chance.randrange(200)):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await settled(consumer)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    threads.shutdown()  # a killed process writes no more
    return consumer


def balanced(consumer: Consumer, arrived: Sequence[Row]) -> bool:
    """evaluated + late = journalled, for every source."""
    held = consumer.corrections
    for source, counts in consumer.engine.status()["sources"].items():
        taken = counts["evaluated"] + counts["late"]
        rows = sum(row["source"] == source for row in arrived)
        if (
            held.evaluated(source, taken) + held.late[source] + consumer.ordering.pending_by_source().get(source, 0)
            != rows
        ):
            return False
    return True


def without_conflict(recorder: Recorder) -> bool:
    """Whether no revision was told with two contents, which the case service would refuse."""
    contents = {(message.alert_id, message.revision, message.SerializeToString()) for message in recorder.recorded}
    return len(contents) == len({each[:2] for each in contents})


def late_spoof(late: int) -> list[Row]:
    """A spoof whose genuine sale's fill comes after `late` harmless seconds, and the end of every episode."""
    market = spoof(Market().crowd(), 10)
    fills = [row for row in market.rows if row["kind"] == "FILL"]
    rows = [row for row in market.rows if row not in fills]
    ticks = [market.tick(second).rows[-1] for second in range(20, 20 + late)]
    return [*rows, *ticks, *fills, market.tick(90_000).rows[-1]]


async def run_over(consumer: Consumer, journal: Journal) -> CorrectionRuns:
    """The journal, then a run; what can make more."""
    runs = CorrectionRuns(consumer, journal.read, 0.0)
    await consumer.run(journal.read(consumer.next_sequence))
    await settled(consumer)
    await runs.correct()
    return runs


async def test_a_run_made_again_tells_nothing_again(tmp_path: Path) -> None:
    consumer = consumer_in(tmp_path, LIVE)
    async with recording(consumer) as recorder, asyncio.timeout(20):
        runs = await run_over(consumer, Journal().events(late_spoof(5), 10))
        await settled(consumer)
        told = len(recorder.recorded)
        assert await runs.correct() is None
        consumer.corrections.pending[Place("XTST", "ACME", 19_675)] = Waiting(late=2, earliest_ns=START_NS)
        again = await runs.correct()
        await settled(consumer)
    assert [message.rule_id for message in recorder.recorded] == ["spoofing"] * told != []
    assert again is not None
    assert (len(recorder.recorded), again.told) == (told, {})
    assert consumer.corrections.corrected.total() == 2


async def test_a_run_passes_over_control_records_that_were_refused(tmp_path: Path) -> None:
    rows = late_spoof(5)
    journal = Journal().events(rows[:40])
    for content in (5, {"change": 5}, {"rules": {"layering": {}}, "waiting": 5}):
        journal.control("CONFIGURATION", content)
    consumer = consumer_in(tmp_path, LIVE)
    async with recording(consumer) as recorder, asyncio.timeout(20):
        await run_over(consumer, journal.events(rows[40:]))
        await settled(consumer)
    assert {message.rule_id for message in recorder.recorded} == {"spoofing"}
    assert consumer.corrections.corrected.total() == 2


async def test_a_bust_takes_an_alert_back_and_says_why(tmp_path: Path) -> None:
    market = spoof(Market().crowd(), 10)
    market.at(500).row("BUST", reference_execution_id="t1")
    consumer = consumer_in(tmp_path, LIVE)
    async with recording(consumer) as recorder, asyncio.timeout(20):
        await run_over(consumer, Journal().events(market.tick(90_000).rows))
        await settled(consumer)
    first, last = recorder.recorded[0], recorder.recorded[-1]
    assert (last.alert_id, last.revision > first.revision, last.closed) == (first.alert_id, True, True)
    assert last.withdrawn_reason == "trade t1 was busted"
    assert last.explanation.startswith("Withdrawn: trade t1 was busted. It said: ")


async def test_a_bust_of_nothing_known_is_counted_and_done_when_its_execution_comes(tmp_path: Path) -> None:
    market = Market().crowd()
    market.row("BUST", reference_execution_id="t1")
    early = list(market.rows)
    spoof(market, 10).tick(90_000)
    journal = Journal().events(early)
    consumer = consumer_in(tmp_path, LIVE)
    async with recording(consumer) as recorder, asyncio.timeout(20):
        await run_over(consumer, journal)
        assert (consumer.corrections.unknown_references, consumer.corrections.counts.runs) == (1, 0)
        await run_over(consumer, journal.events(market.rows[len(early) :]))
        await settled(consumer)
    assert (consumer.corrections.unknown_references, consumer.corrections.counts.busted) == (0, 2)
    assert standing_messages(recorder.recorded) == {}


class Trimmed(Journal):
    """A journal that may not be kept from its beginning any more."""

    is_cut = False

    async def read(self, first_sequence: int = 0) -> AsyncGenerator[JournalRecord, None]:
        if first_sequence == 0 and self.is_cut:
            raise ClientError(grpc.StatusCode.OUT_OF_RANGE, "BEFORE_RETENTION", "the oldest position is 1")
        async for record in super().read(first_sequence):
            yield record


async def test_a_late_event_older_than_the_journal_stays_awaiting_and_stops_no_later_run(tmp_path: Path) -> None:
    rows = late_spoof(5)
    ancient: Row = {**rows[0], "event_time_ns": 5, "source_sequence": 9_000}
    consumer = consumer_in(tmp_path, LIVE, 1)
    async with recording(consumer) as recorder, asyncio.timeout(20):
        journal = Trimmed()
        await run_over(consumer, journal.events(rows[:62]))
        journal.is_cut = True
        await run_over(consumer, journal.events([ancient]))
        assert (consumer.corrections.awaiting.total(), consumer.corrections.out_of_reach) == (1, 1)
        await run_over(consumer, journal.events(rows[62:]))
        await settled(consumer)
    assert {message.rule_id for message in recorder.recorded} == {"spoofing"}
    assert (consumer.corrections.awaiting.total(), consumer.corrections.out_of_reach) == (1, 1)
    assert consumer.corrections.corrected.total() == 2


async def test_more_late_events_than_a_run_takes_stay_awaiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detection_service.corrections.run.LATE_ROWS_MAX", 1)
    consumer = consumer_in(tmp_path, LIVE)
    async with recording(consumer) as recorder, asyncio.timeout(20):
        await run_over(consumer, Journal().events(late_spoof(5)))
    assert recorder.recorded == []
    assert (consumer.corrections.awaiting.total(), consumer.corrections.out_of_reach) == (2, 2)


async def test_runs_wait_until_the_consumer_has_come_to_where_the_journal_ended(tmp_path: Path) -> None:
    journal = Journal().events(late_spoof(5), 10)
    consumer = consumer_in(tmp_path, LIVE)
    runs = CorrectionRuns(consumer, journal.read, 0.001)

    async def end() -> int:
        return journal.next_sequence

    async with recording(consumer) as recorder, asyncio.timeout(20):
        running = asyncio.create_task(runs.run(end))
        for record in journal.records[:-1]:
            await consumer.run(journal.one(record))
        assert consumer.corrections.counts.runs == 0
        assert consumer.corrections.pending
        await consumer.run(journal.one(journal.records[-1]))
        await consumer.outbox.until(lambda: bool(recorder.recorded))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert consumer.corrections.counts.runs == 1


async def test_after_the_runs_every_scheme_is_found_as_in_the_events_in_order(tmp_path: Path) -> None:
    seed = 20260302
    chance = random.Random(seed)
    stream = every_scheme(seed)
    configuration = replace(stream.configuration, marks_come=True)
    parts = [part for part in stream.parts if part[0]["venue"] != CANARY_VENUE]
    arrived = disturbed(told_together(parts[::3]), chance, late=40, busts=0, corrections=0)
    journal = Journal().events(arrived, 1_000)
    consumer = consumer_in(tmp_path, configuration, 10_000)
    async with recording(consumer) as recorder, asyncio.timeout(60):
        await consumed_with_runs(consumer, journal, set())
        await settled(consumer)
    told = told_by_an_engine(in_order(arrived), configuration)
    assert standing_messages(recorder.recorded) == told, f"seed {seed}"
    assert len({json.loads(each)["rule_id"] for each in told.values()}) >= RULES_MIN
    assert consumer.corrections.corrected.total() > 0
