"""Correction runs against engines that got the same events in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from detection_service.consumer import Consumer
from detection_service.corrections.schedule import CorrectionRuns
from tests.detection_service.corrections.markets import (
    CONFIGURATION,
    busy,
    disturbed,
    in_order,
    interleaved,
    standing_messages,
    told_by_an_engine,
)
from tests.detection_service.fakes import Journal, Recorder, consumer_in, recording
from tests.detection_service.rules.schemes import OWNERS
from tests.detection_service.scenario import Row

SNAPSHOT_EVERY = 150


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
    consumer = consumer_in(directory, None, SNAPSHOT_EVERY)
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
