"""Windows of event time out of the journal, over a real channel."""

from pathlib import Path

import grpc
import grpc.aio
import numpy as np
import pytest

from ingest_service import time_index
from ingest_service.ledger import SourceLedger
from ingest_service.time_index import TimeIndex
from ingest_service.windows import check_passed
from tapewatch.client.errors import ClientError
from tapewatch.client.ingest import IngestClient, WindowRead
from tapewatch.market.reference import Reference
from tapewatch.runtime.errors import FailedPrecondition
from tests.ingest_service.fakes import START_NS, Running, frame_request, intake_in, row, serving

HOUR_NS = 3_600_000_000_000


def client_of(running: Running) -> IngestClient:
    return IngestClient(f"127.0.0.1:{running.service.bound_port}")


def numbers(found: WindowRead) -> list[object]:
    return [each["source_sequence"] for frame in found.frames for each in frame.rows()]


async def test_a_window_holds_the_market_s_events_and_those_of_accounts_elsewhere(tmp_path: Path) -> None:
    elsewhere = {"instrument": "OTHER"}
    rows = [row(1), row(2), row(3, **elsewhere), row(4, account="crook", **elsewhere), row(5), row(6), row(7)]
    async with serving(tmp_path) as running, client_of(running) as client:
        await running.publish(frame_request("a", rows[:4]), frame_request("b", rows[4:]))
        found = await client.read_window("XTST", "ACME", START_NS + 2, START_NS + 7, accounts=["crook"])
        assert (numbers(found), found.sequences) == ([2, 4, 5, 6], [1, 3, 4, 5])
        assert (found.end.first_sequence, found.end.durable_sequence) == (0, 7)
        assert not found.end.is_whole
        later = await client.read_window(
            "XTST", "ACME", START_NS, START_NS + 5, accounts=["crook"], accounts_from_time_ns=START_NS + 5
        )
        assert (numbers(later), later.end.is_whole) == ([1, 2], True)


async def test_only_the_part_of_the_journal_that_holds_the_window_is_read_after_a_restart_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_index, "SPAN_ROWS", 10)
    wide = {f"x_{number}": "y" * 3_000 for number in range(40)}  # a record of its own bytes, so that reads are short
    async with serving(tmp_path, segment_bytes=4096) as running:
        batches = [[row(batch * 10 + each + 1, **wide) for each in range(10)] for batch in range(30)]
        await running.publish(*(frame_request(str(place), rows) for place, rows in enumerate(batches)))
    async with serving(tmp_path, segment_bytes=4096) as running, client_of(running) as client:
        found = await client.read_window("XTST", "ACME", START_NS + 151, START_NS + 161)
        assert numbers(found) == list(range(151, 161))
        assert found.end.positions_read <= 30


async def test_a_window_that_a_source_of_the_venue_has_not_passed_is_refused_where_asked(tmp_path: Path) -> None:
    async with serving(tmp_path) as running, client_of(running) as client:
        other = [row(9, source="slow", source_sequence=1)]
        await running.publish(
            frame_request("a", [row(1), row(20, event_time_ns=START_NS + 2 * HOUR_NS)]), frame_request("b", other)
        )
        with pytest.raises(ClientError, match="found 'slow' at") as caught:
            await client.read_window("XTST", "ACME", START_NS, START_NS + HOUR_NS, only_when_passed=True)
        assert (caught.value.code, caught.value.reason) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "WINDOW_NOT_PASSED",
        )
        found = await client.read_window("XTST", "ACME", START_NS, START_NS + 9, only_when_passed=True)
        assert numbers(found) == [1]


def test_a_silent_source_goes_on_by_as_much_as_its_silence_lasts_and_an_ended_one_is_not_waited_for() -> None:
    books = SourceLedger("feed", last_event_time_ns=100, last_received_time_ns=5_000, venues={"XTST"})
    check_passed([books], "XTST", 160, now_ns=5_060)
    with pytest.raises(FailedPrecondition, match="found 'feed' at 100"):
        check_passed([books], "XTST", 160, now_ns=5_059)
    check_passed([books], "OTHER", 160, now_ns=5_000)
    books.ended = True
    check_passed([books], "XTST", 160, now_ns=5_000)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"venue": ""}, "FIELD_REQUIRED"),
        ({"to_time_ns": START_NS}, "BAD_WINDOW"),
        ({"accounts": [str(each) for each in range(1_001)]}, "TOO_MANY_ACCOUNTS"),
        ({"events_max": 1}, "TOO_MANY_EVENTS"),
    ],
)
async def test_a_bad_window_is_refused_with_its_field(tmp_path: Path, fields: dict[str, object], reason: str) -> None:
    usual = {"venue": "XTST", "instrument": "ACME", "from_time_ns": START_NS, "to_time_ns": START_NS + 9}
    async with serving(tmp_path) as running, client_of(running) as client:
        await running.publish(frame_request("a", [row(1), row(2)]))
        with pytest.raises(ClientError) as caught:
            await client.read_window(**{**usual, **fields})  # type: ignore[arg-type]  # one field is wrong
        assert caught.value.reason == reason


async def test_the_reference_data_last_journalled_are_found(tmp_path: Path) -> None:
    async with serving(tmp_path) as running, client_of(running) as client:
        assert await client.reference() == (-1, Reference())
        await client.publish_reference(Reference.of(accounts=[{"account": "A1", "owner": "O1"}]))
        newest = Reference.of(accounts=[{"account": "A1", "owner": "O2"}])
        await client.publish_reference(newest)
    async with serving(tmp_path) as running, client_of(running) as client:
        assert await client.reference() == (1, newest)


async def test_without_a_snapshot_the_index_is_rebuilt_from_the_journal(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        await running.publish(frame_request("a", [row(1), row(5)]))
    (tmp_path / "state.snapshot").unlink()
    async with intake_in(tmp_path) as intake:
        assert intake.state.times.to_json() == [0, [0], [2], [START_NS + 1], [START_NS + 5]]


def test_what_was_never_noted_is_looked_through_and_what_is_gone_forgotten() -> None:
    index = TimeIndex(since_sequence=100)
    index.note(100, np.array([50, 40]))
    index.note(102 + time_index.SPAN_ROWS, np.array([70]))
    assert index.spans(45, 60, 0) == [(0, 102 + time_index.SPAN_ROWS + 1)]
    index.forget(200 + time_index.SPAN_ROWS)
    assert index.spans(0, 100, 150 + time_index.SPAN_ROWS) == []
