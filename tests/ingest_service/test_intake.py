"""The way of a batch: the same rows, however they are cut, repeated, interrupted and resumed."""

import random
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest_service import intake as intake_module
from ingest_service.digest_set import DigestSet
from ingest_service.intake import Intake
from ingest_service.key_digests import DIGEST_BYTES
from ingest_service.ledger import LedgerError
from ingest_service.recovery import Snapshots
from ingest_service.silence import SilenceWatch
from ingest_service.state import IngestState
from tapewatch.runtime.errors import InvalidArgument
from tapewatch.runtime.journal import RecordKind
from tests.ingest_service.fakes import START_NS, FakeClock, frame, intake_in, journalled_rows, row

SECOND_NS = 10**9


def feed(count: int) -> list[dict[str, object]]:
    """Rows of three sources, some repeated, some bad, some keyed."""
    rows: list[dict[str, object]] = []
    for number in range(1, count + 1):
        source = ("feed", "other", "keyed")[number % 3]
        key = f"key-{number}" if source == "keyed" else None
        rows.append(row(number, source=source, event_key=key, quantity=-1.0 if number % 11 == 0 else 1.0))
        if number % 7 == 0:
            rows.append(rows[-3])
    return rows


def digests_in(known: DigestSet) -> set[bytes]:
    content = known.to_bytes()
    return {content[at : at + DIGEST_BYTES] for at in range(0, len(content), DIGEST_BYTES)}


def summary(state: IngestState) -> object:
    """Everything the ledger and dedupe know, to compare two states."""
    keys = state.deduper.keys
    return (
        {name: books.to_json() for name, books in sorted(state.ledger.sources.items())},
        {key: (list(each.starts), list(each.ends)) for key, each in sorted(state.deduper.numbers.items())},
        digests_in(keys.newer) | digests_in(keys.older),
        dict(state.controls.requests),
        dict(state.quarantine.known),
        state.quarantine.replayed,
        (state.journal_sequence, state.quarantine_sequence),
    )


async def take_all(intake: Intake, rows: list[dict[str, object]], size: int) -> None:
    for start in range(0, len(rows), size):
        intake.take(f"batch-{start}", frame(*rows[start : start + size]))
    await intake.durable()


def balanced(state: IngestState) -> bool:
    books = state.ledger.sources.values()
    return all(each.received == each.journalled + each.rejected + each.duplicate for each in books)


async def test_batch_size_changes_neither_rows_nor_ledger(tmp_path: Path) -> None:
    rows = feed(500)
    outcomes = []
    for size in (1, 7, 1000):
        async with intake_in(tmp_path / str(size)) as intake:
            await take_all(intake, rows, size)
            assert balanced(intake.state)
            ledger = {name: books.to_json() for name, books in intake.state.ledger.sources.items()}
            outcomes.append((journalled_rows(intake.journal), ledger))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert len(outcomes[0][0]) == 500 - 500 // 11


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 120))
async def test_random_batches_sent_again_at_random_add_nothing(tmp_path: Path, seed: int, count: int) -> None:
    chooser = random.Random(seed)
    directory = tmp_path / f"{seed}-{count}"
    rows = feed(count)
    expected = {(each["source"], each["source_sequence"]) for each in rows if each["quantity"] == 1.0}
    async with intake_in(directory) as intake:
        sent = 0
        for _ in range(2):
            start = 0
            while start < len(rows):
                size = chooser.choice((1, 7, 1000))
                sent += len(rows[start : start + size])
                taken = intake.take("b", frame(*rows[start : start + size]))
                assert taken.journalled + taken.duplicates + len(taken.rejections) == len(rows[start : start + size])
                start += size if chooser.random() < 0.7 else 0
                if chooser.random() < 0.1:
                    break
        intake.take("all", frame(*rows))
        await intake.durable()
        found = [(each["source"], each["source_sequence"]) for each in journalled_rows(intake.journal)]
        assert len(found) == len(set(found))
        assert set(found) == expected
        assert sum(books.received for books in intake.state.ledger.sources.values()) == sent + len(rows)
        assert balanced(intake.state)
        live = summary(intake.state)
    async with intake_in(directory) as recovered:
        assert summary(recovered.state) == live
    shutil.rmtree(directory)


async def test_the_state_is_the_same_from_the_logs_and_from_a_snapshot_at_any_point(tmp_path: Path) -> None:
    rows = feed(200)
    async with intake_in(tmp_path) as intake:
        await take_all(intake, rows[:100], 7)
        intake.control("MODEL", b"{}", "r")
        intake.end_source("other")
        await Snapshots(tmp_path / "state.snapshot", 1).save(intake)
        await take_all(intake, rows[100:], 7)
        await take_all(intake, rows[90:120], 30)
        intake.state.quarantine.mark_replayed(0)
        intake.state.quarantine_sequence += 1
        await intake.durable()
        live = summary(intake.state)
    async with intake_in(tmp_path) as from_snapshot:
        assert summary(from_snapshot.state) == live
    (tmp_path / "state.snapshot").unlink()
    async with intake_in(tmp_path) as from_logs:
        assert summary(from_logs.state) == live


@pytest.mark.parametrize("damage", [b"", b"x" * 100, None])
async def test_a_damaged_snapshot_is_not_used(tmp_path: Path, damage: bytes | None) -> None:
    async with intake_in(tmp_path) as intake:
        await take_all(intake, feed(50), 7)
        path = tmp_path / "state.snapshot"
        await Snapshots(path, 1).save(intake)
        live = summary(intake.state)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content) if damage is None else damage)
    async with intake_in(tmp_path) as recovered:
        assert summary(recovered.state) == live


async def test_a_snapshot_ahead_of_the_journal_is_not_used(tmp_path: Path) -> None:
    async with intake_in(tmp_path) as intake:
        await take_all(intake, [row(1), row(2)], 1)
        await Snapshots(tmp_path / "state.snapshot", 1).save(intake)
        first_record_end = intake.journal.extent.size_bytes // 2
    (segment,) = (tmp_path / "journal").glob("*.segment")
    segment.write_bytes(segment.read_bytes()[: first_record_end + 8])
    async with intake_in(tmp_path) as recovered:
        assert recovered.journal.next_sequence == 1
        assert recovered.take("again", frame(row(1), row(2))).journalled == 1


async def test_a_batch_refused_as_a_whole_leaves_no_trace(tmp_path: Path) -> None:
    async with intake_in(tmp_path) as intake:
        before = summary(intake.state)
        with pytest.raises(InvalidArgument):
            intake.take("bad", frame(row(1), row(0)))
        assert summary(intake.state) == before
        assert intake.journal.next_sequence == 0


async def test_a_batch_too_large_for_one_record_is_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "RECORD_BYTES_MAX", 2_000)
    rows = [row(number) for number in range(1, 101)]
    async with intake_in(tmp_path) as intake:
        await take_all(intake, rows, 100)
        records = list(intake.journal.read_from(0))
        assert len(records) == 4
        assert all(len(record.payload) <= 2_000 for record in records)
        assert journalled_rows(intake.journal) == rows


async def test_books_that_do_not_balance_stop_everything(tmp_path: Path) -> None:
    async with intake_in(tmp_path) as intake:
        intake.state.ledger.open("feed").received = 1
        with pytest.raises(LedgerError, match="source 'feed': received 2 is not"):
            intake.take("b", frame(row(1)))


async def test_missing_numbers_are_counted_in_the_newest_epoch(tmp_path: Path) -> None:
    async with intake_in(tmp_path) as intake:
        intake.take("a", frame(row(1), row(5), row(6)))
        books = intake.state.ledger.open("feed")
        assert (books.numbers.missing, books.numbers.highest) == (3, 6)
        intake.take("b", frame(row(3), row(4, quantity=-1.0)))
        assert books.numbers.missing == 1, "a refused row was received"
        intake.take("c", frame(row(2, source_epoch=1), row(4, source_epoch=1), row(2)))
        assert (books.epoch, books.numbers.missing) == (1, 1)


async def test_a_silent_source_is_marked_once_a_silence(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        watch = SilenceWatch(intake, 5 * SECOND_NS, clock)
        intake.take("a", frame(row(1), row(2, venue="YTST")))
        intake.take("b", frame(row(1, source="ended")))
        intake.end_source("ended")
        clock.now_ns += 5 * SECOND_NS - 1
        assert watch.look() == []
        clock.now_ns += 1
        assert watch.look() == ["feed"]
        assert watch.look() == []
        clock.now_ns += 60 * SECOND_NS
        assert watch.look() == []
        intake.take("c", frame(row(3)))
        clock.now_ns += 5 * SECOND_NS
        assert watch.look() == ["feed"]
        await intake.durable()
        marks = [each for each in intake.journal.read_from(0) if each.kind is RecordKind.MARK]
        assert len(marks) == 3
        assert b'"mark": "end_of_source", "source": "ended"' in marks[0].payload
        assert marks[1].payload == (
            b'{"mark": "idle", "source": "feed", "venues": ["XTST", "YTST"], '
            b'"time_ns": %d, "last_event_time_ns": %d}' % (START_NS + 5 * SECOND_NS, START_NS + 2)
        )
    async with intake_in(tmp_path, clock) as intake:
        clock.now_ns += 4 * SECOND_NS
        watch = SilenceWatch(intake, 5 * SECOND_NS, clock)
        clock.now_ns += 60 * SECOND_NS
        assert watch.look() == [], "the mark of before the restart still stands"


async def test_the_time_ingest_was_away_is_no_silence(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        intake.take("a", frame(row(1)))
        await intake.durable()
    clock.now_ns += 3_600 * SECOND_NS
    async with intake_in(tmp_path, clock) as intake:
        watch = SilenceWatch(intake, 5 * SECOND_NS, clock)
        assert watch.look() == []
        clock.now_ns += 5 * SECOND_NS
        assert watch.look() == ["feed"]
