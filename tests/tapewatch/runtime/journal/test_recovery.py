"""What is on disk after cuts, flips and lost writes, and what a new start makes of it."""

import os
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.runtime.errors import DataLoss
from tapewatch.runtime.journal import FileLayer, Journal, JournalOptions, Record, RecordKind
from tapewatch.runtime.journal.record import HEADER, encode_header, padded, padding, read_header, read_record

PAYLOADS = [b"first", b"", b"the second record", bytes(40), b"TWJ1 a payload may hold the magic"]


async def write(directory: Path) -> list[int]:
    """Writes the payloads, one commit each; the offsets at which a record ends."""
    ends = [0]
    async with Journal.open(directory, clock=lambda: 7) as journal:
        for payload in PAYLOADS:
            journal.append(RecordKind.EVENTS, payload, 2)
            await journal.commit()
            ends.append(journal.extent.size_bytes)
    return ends


def segment_of(directory: Path) -> Path:
    (segment,) = directory.glob("*.segment")
    return segment


class UnsyncedFiles(FileLayer):
    """Skips the waits for the disk, which no assertion here depends on."""

    def sync(self, descriptor: int) -> None:
        pass

    def sync_directory(self, path: Path) -> None:
        pass

    def truncate(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)


async def payloads_after_open(directory: Path) -> list[bytes]:
    async with Journal.open(directory, JournalOptions(commit_interval_ms=0), files=UnsyncedFiles()) as journal:
        found = [record.payload for record in journal.read_from(journal.first_sequence)]
        journal.append(RecordKind.MARK, b"appended after recovery")
        await journal.commit()
        assert [record.payload for record in journal.read_from(0)] == [*found, b"appended after recovery"]
        return found


@pytest.mark.parametrize("mark_lost", [False, True])
async def test_a_cut_at_every_offset_recovers_exactly_the_complete_records(tmp_path: Path, mark_lost: bool) -> None:
    ends = await write(tmp_path / "whole")
    data = segment_of(tmp_path / "whole").read_bytes()
    for cut in range(len(data)):
        directory = tmp_path / "cut"
        shutil.copytree(tmp_path / "whole", directory)
        segment_of(directory).write_bytes(data[:cut])
        if mark_lost:
            (directory / "durable").unlink()
        complete = sum(1 for end in ends[1:] if end <= cut)
        assert await payloads_after_open(directory) == PAYLOADS[:complete], f"cut at {cut}"
        shutil.rmtree(directory)


async def test_what_was_cut_is_reported(tmp_path: Path) -> None:
    ends = await write(tmp_path)
    segment = segment_of(tmp_path)
    segment.write_bytes(segment.read_bytes()[: ends[3] + 5])
    async with Journal.open(tmp_path) as journal:
        assert journal.recovery is not None
        assert (journal.recovery.offset, journal.recovery.removed_bytes) == (ends[3], 5)
        assert journal.recovery.lost_sequence == 6
        assert f"cut 5 bytes of an incomplete write at offset {ends[3]}" in str(journal.recovery)


async def test_a_torn_write_that_was_never_durable_is_cut_without_a_loss(tmp_path: Path) -> None:
    await write(tmp_path)
    torn = Record(RecordKind.EVENTS, 10, 1, 7, b"torn by a crash")
    with segment_of(tmp_path).open("ab") as file:
        file.write((encode_header(torn, 10) + torn.payload)[:-3])
    async with Journal.open(tmp_path) as journal:
        assert journal.recovery is not None
        assert journal.recovery.lost_sequence is None
        assert journal.next_sequence == 10


async def test_a_flip_of_any_bit_is_never_served(tmp_path: Path) -> None:
    ends = await write(tmp_path / "whole")
    data = segment_of(tmp_path / "whole").read_bytes()
    starts = dict(zip(ends, PAYLOADS, strict=False))
    unused = {
        start + HEADER.size + len(payload) + pad
        for start, payload in starts.items()
        for pad in range(padded(len(payload)) - len(payload))
    }
    seed = 20_240_611
    print(f"seed {seed}")
    chooser = random.Random(seed)
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << chooser.randrange(8)
        directory = tmp_path / "flipped"
        shutil.copytree(tmp_path / "whole", directory)
        segment_of(directory).write_bytes(flipped)
        if at in unused:
            assert await payloads_after_open(directory) == PAYLOADS
        else:
            with pytest.raises(DataLoss, match=segment_of(directory).name) as caught:
                Journal.open(directory)
            damaged_at = max(start for start in starts if start <= at)
            assert caught.value.metadata["offset"] == str(damaged_at)
        shutil.rmtree(directory)


async def test_damage_before_the_tail_is_found_without_the_durable_mark(tmp_path: Path) -> None:
    ends = await write(tmp_path)
    (tmp_path / "durable").unlink()
    segment = segment_of(tmp_path)
    data = bytearray(segment.read_bytes())
    data[ends[2] + HEADER.size] ^= 1
    segment.write_bytes(data)
    with pytest.raises(DataLoss):
        Journal.open(tmp_path)


async def test_damage_after_opening_is_found_by_the_reader(tmp_path: Path) -> None:
    await write(tmp_path)
    async with Journal.open(tmp_path) as journal:
        with segment_of(tmp_path).open("r+b") as file:
            file.seek(HEADER.size)
            file.write(b"F")
        with pytest.raises(DataLoss, match="offset 0"):
            list(journal.read_from(0))


class ForgetfulFiles(FileLayer):
    """Keeps what was written in memory until it is synced; a power loss forgets the rest."""

    def __init__(self) -> None:
        self.unsynced: list[tuple[int, list[bytes], int]] = []

    def write(self, descriptor: int, buffers: Sequence[bytes], offset: int) -> None:
        self.unsynced.append((descriptor, list(buffers), offset))

    def sync(self, descriptor: int) -> None:
        kept = []
        for write in self.unsynced:
            if write[0] == descriptor:
                super().write(*write)
            else:
                kept.append(write)
        self.unsynced = kept
        super().sync(descriptor)


def copy_segment(source: Path, target: Path) -> None:
    target.mkdir()
    shutil.copy(segment_of(source), target)


async def test_what_was_committed_survives_a_power_loss(tmp_path: Path) -> None:
    async with Journal.open(tmp_path, files=ForgetfulFiles()) as journal:
        for number in range(20):
            journal.append(RecordKind.EVENTS, b"%d" % number)
            await journal.commit()
            copy_segment(tmp_path, tmp_path / f"after-{number}")
        journal.append(RecordKind.EVENTS, b"not committed")
    for number in range(20):
        async with Journal.open(tmp_path / f"after-{number}") as recovered:
            assert [record.payload for record in recovered.read_from(0)] == [b"%d" % each for each in range(number + 1)]


@given(
    kind=st.sampled_from(RecordKind),
    first_sequence=st.integers(0, 2**63 - 1),
    row_count=st.integers(1, 2**32 - 1),
    time_ns=st.integers(-(2**63), 2**63 - 1),
    payload=st.binary(max_size=200),
)
def test_a_record_reads_back_as_written(
    kind: RecordKind, first_sequence: int, row_count: int, time_ns: int, payload: bytes
) -> None:
    record = Record(kind, first_sequence, row_count, time_ns, payload)
    data = b"12345678" + encode_header(record, 5) + payload + padding(record)
    header = read_header(data, 8)
    assert header is not None
    assert read_record(data, 8, header) == record
    assert len(data) == 8 + header.record_bytes
