"""Appending, group commit, segments, retention, following."""

import asyncio
import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from tapewatch.runtime.errors import DataLoss, OutOfRange, StartError
from tapewatch.runtime.journal import (
    FileLayer,
    Journal,
    JournalError,
    JournalOptions,
    Record,
    RecordKind,
    Retention,
)

SMALL = JournalOptions(segment_bytes=512, commit_interval_ms=0)


class CountingFiles(FileLayer):
    def __init__(self) -> None:
        self.syncs = 0
        self.gate = threading.Event()
        self.gate.set()

    def sync(self, descriptor: int) -> None:
        self.gate.wait(10)
        self.syncs += 1
        super().sync(descriptor)


class FailingFiles(FileLayer):
    def __init__(self) -> None:
        self.failing = ""
        self.calls_after_failure = 0

    def write(self, descriptor: int, buffers: Sequence[bytes], offset: int) -> None:
        self._maybe("write")
        super().write(descriptor, buffers, offset)

    def sync(self, descriptor: int) -> None:
        self._maybe("sync")
        super().sync(descriptor)

    def _maybe(self, call: str) -> None:
        if self.failing:
            self.calls_after_failure += 1
        if self.failing == call:
            raise OSError(28, "No space left on device")


def segments_of(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.segment"))


async def fill(journal: Journal, count: int, rows: int = 1) -> None:
    for number in range(count):
        journal.append(RecordKind.EVENTS, b"payload %d" % number, rows)
    await journal.commit()


async def collect(journal: Journal, sequence: int, end_sequence: int) -> list[Record]:
    found: list[Record] = []
    async for records in journal.follow(sequence):
        found += records
        if found[-1].end_sequence >= end_sequence:
            break
    return found


async def test_what_was_committed_is_read_back_after_reopening(tmp_path: Path) -> None:
    async with Journal.open(tmp_path, clock=lambda: 42) as journal:
        assert journal.append(RecordKind.EVENTS, b"five rows", 5) == 0
        assert journal.append(RecordKind.MARK, b"{}") == 5
        assert await journal.commit() == 6
    async with Journal.open(tmp_path) as journal:
        assert journal.recovery is None
        assert (journal.first_sequence, journal.next_sequence, journal.durable_sequence) == (0, 6, 6)
        assert list(journal.read_from(0)) == [
            Record(RecordKind.EVENTS, 0, 5, 42, b"five rows"),
            Record(RecordKind.MARK, 5, 1, 42, b"{}"),
        ]


async def test_a_position_inside_a_record_gives_the_whole_record(tmp_path: Path) -> None:
    async with Journal.open(tmp_path) as journal:
        await fill(journal, 3, rows=10)
        assert [record.first_sequence for record in journal.read_from(15)] == [10, 20]


async def test_appends_of_one_moment_share_a_sync_and_keep_their_order(tmp_path: Path) -> None:
    files = CountingFiles()
    async with Journal.open(tmp_path, files=files) as journal:
        at_open = files.syncs

        async def publish(number: int) -> int:
            journal.append(RecordKind.EVENTS, b"%d" % number)
            return await journal.commit()

        await asyncio.gather(*(publish(number) for number in range(100)))
        assert files.syncs - at_open <= 2
        assert [record.payload for record in journal.read_from(0)] == [b"%d" % number for number in range(100)]


async def test_nothing_is_called_durable_or_served_before_its_sync(tmp_path: Path) -> None:
    files = CountingFiles()
    async with Journal.open(tmp_path, files=files) as journal:
        files.gate.clear()
        journal.append(RecordKind.EVENTS, b"waiting")
        commit = asyncio.create_task(journal.commit())
        done, _ = await asyncio.wait([commit], timeout=0.05)
        assert not done
        assert journal.durable_sequence == 0
        assert list(journal.read_from(0)) == []
        files.gate.set()
        assert await commit == 1


@pytest.mark.parametrize("call", ["write", "sync"])
async def test_a_disk_error_fails_every_waiter_and_is_never_retried(tmp_path: Path, call: str) -> None:
    files = FailingFiles()
    async with Journal.open(tmp_path, files=files) as journal:
        await fill(journal, 1)
        files.failing = call
        journal.append(RecordKind.EVENTS, b"lost")
        commits = [journal.commit(), journal.commit()]
        results = await asyncio.gather(*commits, return_exceptions=True)
        assert [type(result) for result in results] == [JournalError, JournalError]
        calls = files.calls_after_failure
        with pytest.raises(JournalError, match="refused a write or sync") as caught:
            journal.append(RecordKind.EVENTS, b"more")
        assert isinstance(caught.value.__cause__, OSError)
        with pytest.raises(JournalError):
            await journal.commit()
        with pytest.raises(JournalError, match="send again"):
            await journal.watch()
        assert journal.durable_sequence == 1
        assert files.calls_after_failure == calls


async def test_segments_are_named_by_their_first_sequence_and_read_across(tmp_path: Path) -> None:
    async with Journal.open(tmp_path, SMALL) as journal:
        for _ in range(20):
            await fill(journal, 3)
        segments = segments_of(tmp_path)
        assert len(segments) > 3
        records = list(journal.read_from(0))
        assert [record.first_sequence for record in records] == list(range(60))
        assert {int(path.stem) for path in segments} <= {record.first_sequence for record in records}
    async with Journal.open(tmp_path, SMALL) as journal:
        assert [record.first_sequence for record in journal.read_from(31)] == list(range(31, 60))


async def test_one_large_commit_is_split_over_segments(tmp_path: Path) -> None:
    async with Journal.open(tmp_path, SMALL) as journal:
        await fill(journal, 200)
        assert len(journal.extent.segments) > 10
        assert len(list(journal.read_from(0))) == 200


async def test_records_larger_than_a_read_are_served_whole(tmp_path: Path) -> None:
    big = bytes(range(256)) * 20_000
    async with Journal.open(tmp_path) as journal:
        await fill(journal, 2)
        journal.append(RecordKind.EVENTS, big, 7)
        await fill(journal, 2)
        assert [len(record.payload) for record in journal.read_from(0)] == [9, 9, len(big), 9, 9]


async def test_a_missing_middle_segment_is_data_loss(tmp_path: Path) -> None:
    async with Journal.open(tmp_path, SMALL) as journal:
        await fill(journal, 60)
    segments = segments_of(tmp_path)
    segments[1].unlink()
    async with Journal.open(tmp_path, SMALL) as journal:
        with pytest.raises(DataLoss):
            list(journal.read_from(0))


async def test_a_missing_last_segment_is_data_loss_at_open(tmp_path: Path) -> None:
    async with Journal.open(tmp_path, SMALL) as journal:
        await fill(journal, 60)
    segments_of(tmp_path)[-1].unlink()
    with pytest.raises(DataLoss, match="missing segment"):
        Journal.open(tmp_path, SMALL)


async def test_retention_removes_whole_old_segments_and_never_past_the_floor(tmp_path: Path) -> None:
    options = JournalOptions(segment_bytes=512, retention=Retention(bytes_max=1024))
    async with Journal.open(tmp_path, options) as journal:
        await fill(journal, 100)
        second, third = (segment.first_sequence for segment in journal.extent.segments[1:3])
        assert len(journal.retain(floor_sequence=third - 1)) == 1
        assert journal.first_sequence == second
        journal.retain(floor_sequence=100)
        assert journal.extent.size_bytes <= 1024 + 512
        assert [record.first_sequence for record in journal.read_from(99)] == [99]
        with pytest.raises(OutOfRange) as caught:
            list(journal.read_from(0))
        assert caught.value.metadata["first_sequence"] == str(journal.first_sequence)
        assert [int(path.stem) for path in segments_of(tmp_path)] == [
            segment.first_sequence for segment in journal.extent.segments
        ]


async def test_retention_by_age_keeps_young_segments(tmp_path: Path) -> None:
    now_ns = [0]
    options = JournalOptions(segment_bytes=512, retention=Retention(age_max_ns=10))
    async with Journal.open(tmp_path, options, clock=lambda: now_ns[0]) as journal:
        await fill(journal, 40)
        assert journal.retain(40) == []
        now_ns[0] = journal.extent.segments[0].path.stat().st_mtime_ns + 10**12
        assert len(journal.retain(40)) > 1
        assert len(journal.extent.segments) == 1


async def test_a_reader_overtaken_by_retention_is_told_where_to_resume(tmp_path: Path) -> None:
    options = JournalOptions(segment_bytes=512, retention=Retention(bytes_max=512))
    async with Journal.open(tmp_path, options) as journal:
        await fill(journal, 200)
        reader = journal.follow(0)
        first = await anext(reader)
        journal.retain(200)
        with pytest.raises(OutOfRange, match="oldest kept"):
            [records async for records in reader]
        assert first[-1].end_sequence < journal.first_sequence


async def test_a_position_past_the_end_is_out_of_range(tmp_path: Path) -> None:
    async with Journal.open(tmp_path) as journal:
        await fill(journal, 2)
        assert list(journal.read_from(2)) == []
        with pytest.raises(OutOfRange):
            list(journal.read_from(3))


async def test_followers_see_every_record_once_while_it_is_written(tmp_path: Path) -> None:
    async with Journal.open(tmp_path, SMALL) as journal:
        readers = [asyncio.create_task(collect(journal, 0, 300)) for _ in range(3)]
        for _ in range(100):
            await fill(journal, 3)
        for reader in readers:
            records = await reader
            assert [record.first_sequence for record in records] == list(range(300))


async def test_a_follower_that_stops_reading_holds_nothing_and_resumes_without_a_gap(tmp_path: Path) -> None:
    async with Journal.open(tmp_path) as journal:
        await fill(journal, 1)
        slow = journal.follow(0)
        seen = await anext(slow)
        for _ in range(50):
            journal.append(RecordKind.EVENTS, bytes(100_000))
            await journal.commit()
        chunk = await anext(slow)
        assert sum(len(record.payload) for record in chunk) <= 1 << 20
        while (seen := seen + chunk)[-1].end_sequence < 51:
            chunk = await anext(slow)
        assert all(before.end_sequence == after.first_sequence for before, after in pairwise(seen))
        await slow.aclose()


async def test_followers_end_when_told(tmp_path: Path) -> None:
    async with Journal.open(tmp_path) as journal:
        await fill(journal, 1)
        follower = journal.follow(0)
        await anext(follower)
        waiting = asyncio.ensure_future(anext(follower))
        await asyncio.wait([waiting], timeout=0.01)
        assert not waiting.done()
        journal.end_followers()
        with pytest.raises(StopAsyncIteration):
            await waiting


async def test_a_second_writer_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    async with Journal.open(tmp_path):
        with pytest.raises(StartError, match="locked by process"):
            Journal.open(tmp_path)
    async with Journal.open(tmp_path):
        pass


async def test_an_impossible_record_is_refused(tmp_path: Path) -> None:
    async with Journal.open(tmp_path) as journal:
        with pytest.raises(ValueError, match="1 or more rows"):
            journal.append(RecordKind.EVENTS, b"", 0)
