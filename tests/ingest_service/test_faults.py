"""kill -9, a failing disk, slow subscribers: nothing lost, nothing doubled, nothing without a bound."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from ingest_service import publish
from ingest_service.intake import IntakeError
from surveillance.v1 import ingest_pb2
from surveillance.v1.ingest_pb2_grpc import IngestServiceStub
from tapewatch.runtime.errors import StartError, error_info, retry_after_ms
from tapewatch.runtime.journal import FileLayer, Journal, JournalError, RecordKind
from tests.ingest_service.fakes import Running, frame_request, intake_in, journalled_rows, request, row, serving

CHECKOUT = Path(__file__).resolve().parent.parent.parent
READY_WITHIN_S = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Ingest:
    """A real ingest process that can be killed."""

    def __init__(self, directory: Path) -> None:
        self.target = f"127.0.0.1:{free_port()}"
        self.config = directory / "settings.yaml"
        self.config.write_text(
            f"ingest:\n  listen: {self.target}\n  directory: {directory / 'ingest'}\n"
            "  segment_bytes: 65536\n  snapshot_bytes: 100000\nlog:\n  level: warning\n"
        )

    async def start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ingest_service", "--config", str(self.config), cwd=CHECKOUT
        )
        async with grpc.aio.insecure_channel(
            self.target, options=(("grpc.initial_reconnect_backoff_ms", 50),)
        ) as channel:
            await asyncio.wait_for(channel.channel_ready(), READY_WITHIN_S)
        return process


async def publish_until_broken(
    target: str,
    batches: list[ingest_pb2.PublishRequest],
    answered: set[str],
    kill_at: int = -1,
    process: asyncio.subprocess.Process | None = None,
) -> list[ingest_pb2.PublishResponse]:
    """Sends every batch not answered yet, all in flight at once, until the stream ends or breaks.

    The process is killed at the answer number `kill_at`.
    """
    unanswered = [batch for batch in batches if batch.batch_id not in answered]

    async def each() -> AsyncIterator[ingest_pb2.PublishRequest]:
        for batch in unanswered:
            yield batch

    answers: list[ingest_pb2.PublishResponse] = []
    async with grpc.aio.insecure_channel(target) as channel:
        with contextlib.suppress(grpc.aio.AioRpcError):
            async for answer in IngestServiceStub(channel).Publish(each()):
                answered.add(answer.batch_id)
                answers.append(answer)
                if process is not None and len(answers) == kill_at:
                    process.send_signal(signal.SIGKILL)
    return answers


async def check_journal(directory: Path, batches: list[ingest_pb2.PublishRequest], answered: set[str]) -> None:
    """Every answered row is in the journal, none twice, and the books balance."""
    async with intake_in(directory / "ingest") as intake:
        found = [each["order_id"] for each in journalled_rows(intake.journal)]
        assert len(found) == len(set(found))
        wanted = {
            event.order_id
            for batch in batches
            if batch.batch_id in answered
            for event in batch.events
            if event.quantity > 0
        }
        assert wanted <= set(found)
        books = intake.state.ledger.open("feed")
        assert books.received == books.journalled + books.rejected + books.duplicate
        assert books.journalled == len(found)


@pytest.mark.timeout(120)
async def test_kill_9_in_mid_publish_loses_and_doubles_nothing(tmp_path: Path) -> None:
    seed = int(os.environ.get("TAPEWATCH_TEST_SEED", "20240611"))
    print(f"seed {seed}")
    chooser = random.Random(seed)
    batches = [
        request(
            f"batch-{number}",
            [row(number * 20 + each + 1, quantity=-1.0 if each == 7 else 1.0) for each in range(20)],
        )
        for number in range(400)
    ]
    ingest, answered = Ingest(tmp_path), set[str]()
    for _ in range(3):
        process = await ingest.start()
        await publish_until_broken(ingest.target, batches, answered, chooser.randint(1, 100), process)
        assert await process.wait() == -signal.SIGKILL
        await check_journal(tmp_path, batches, answered)
    process = await ingest.start()
    await publish_until_broken(ingest.target, batches, answered)
    repeated = await publish_until_broken(ingest.target, batches, set())
    assert len(answered) == len(repeated) == len(batches)
    assert all((each.journalled, each.duplicates, len(each.rejected)) == (0, 19, 1) for each in repeated)
    process.terminate()
    assert await process.wait() == 0
    async with intake_in(tmp_path / "ingest") as intake:
        assert intake.journal.recovery is None
        found = [each["order_id"] for each in journalled_rows(intake.journal)]
        assert len(found) == len(set(found)) == 400 * 19
        books = intake.state.ledger.open("feed")
        assert (books.journalled, books.rejected) == (400 * 19, 400)
        assert books.received == books.journalled + books.rejected + books.duplicate


class SyncsUntilTold(FileLayer):
    """A disk that is full once `full` is set."""

    full = False

    def sync(self, descriptor: int) -> None:
        if SyncsUntilTold.full:
            raise OSError(28, "No space left on device")
        super().sync(descriptor)


async def publish_on_a_disk_that_fills_up(directory: Path) -> None:
    async with serving(directory) as running:
        call = running.stub.Publish()
        await call.write(request("good", [row(1)]))
        assert (await call.read()).batch_id == "good"
        SyncsUntilTold.full = True
        await call.write(request("lost", [row(2)]))
        with pytest.raises(grpc.aio.AioRpcError, match="send again what was not answered") as caught:
            await call.read()
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        await asyncio.wait_for(running.service.stop.wait(), 10)


async def test_a_failing_disk_answers_nothing_and_stops_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tapewatch.runtime.journal.journal.FileLayer", SyncsUntilTold)
    monkeypatch.setattr(SyncsUntilTold, "full", False)
    with pytest.raises(JournalError, match="until the service has been started again"):
        await publish_on_a_disk_that_fills_up(tmp_path)
    SyncsUntilTold.full = False
    async with serving(tmp_path) as running:
        (answer,) = await running.publish(request("lost", [row(2)]))
        assert answer.journalled + answer.duplicates == 1


class SyncsWhenOpen(FileLayer):
    """A disk that hangs while its gate is closed."""

    gate = threading.Event()

    def sync(self, descriptor: int) -> None:
        SyncsWhenOpen.gate.wait(20)
        super().sync(descriptor)


async def test_a_disk_that_hangs_ends_the_stream_with_the_last_durable_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tapewatch.runtime.journal.journal.FileLayer", SyncsWhenOpen)
    monkeypatch.setattr(publish, "STALL_MAX_S", 0.2)
    SyncsWhenOpen.gate.set()
    async with serving(tmp_path) as running:
        call = running.stub.Publish()
        await call.write(request("good", [row(1)]))
        assert (await call.read()).batch_id == "good"
        SyncsWhenOpen.gate.clear()
        await call.write(request("stalled", [row(2)]))
        with pytest.raises(grpc.aio.AioRpcError, match="wait for the disk, longer than") as caught:
            await call.read()
        SyncsWhenOpen.gate.set()
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        info = error_info(caught.value)
        assert info is not None
        assert info.metadata["last_durable_batch_id"] == "good"
        assert retry_after_ms(caught.value) == publish.RETRY_AFTER_MS
        (answer,) = await running.publish(request("stalled", [row(2)]))
        assert answer.duplicates == 1, "it was taken, and is durable now"


async def test_a_sender_is_held_back_while_the_disk_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapewatch.runtime.journal.journal.FileLayer", SyncsWhenOpen)
    SyncsWhenOpen.gate.set()
    async with serving(tmp_path, pending_bytes_max=1 << 20) as running:
        SyncsWhenOpen.gate.clear()
        batches = [
            frame_request(f"b{start}", [row(start * 1000 + each + 1) for each in range(1000)]) for start in range(100)
        ]
        publishing = asyncio.create_task(running.publish(*batches))
        status, before = await status_of_journal(running), -1
        while status.next_sequence != before or status.next_sequence == 0:
            before = status.next_sequence
            await asyncio.wait([publishing], timeout=0.2)
            status = await status_of_journal(running)
        assert status.next_sequence < 50_000, "what is beyond the bound is not read"
        SyncsWhenOpen.gate.set()
        answers = await publishing
        assert sum(answer.journalled for answer in answers) == 100_000


async def status_of_journal(running: Running) -> ingest_pb2.IngestStatus:
    status: ingest_pb2.IngestStatus = await running.stub.GetIngestStatus(ingest_pb2.GetIngestStatusRequest())
    return status


def fail_to_append(self: Journal, kind: RecordKind, payload: bytes, row_count: int = 1) -> int:
    raise ZeroDivisionError


async def publish_into_a_defect(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(directory) as running:
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "append", fail_to_append)
            with pytest.raises(grpc.aio.AioRpcError, match="internal error"):
                await running.publish(request("unlucky", [row(1)]))
        await asyncio.wait_for(running.service.stop.wait(), 10)


async def test_a_defect_in_mid_batch_stops_the_service_and_the_next_start_puts_it_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(IntakeError, match="half taken"):
        await publish_into_a_defect(tmp_path, monkeypatch)
    async with serving(tmp_path) as running:
        (answer,) = await running.publish(request("unlucky", [row(1)]))
        assert answer.journalled == 1


async def test_a_damaged_journal_is_not_served(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        await running.publish(request("one", [row(1)]), request("two", [row(2)]))
    (segment,) = (tmp_path / "journal").glob("*.segment")
    content = bytearray(segment.read_bytes())
    content[100] ^= 4
    segment.write_bytes(content)
    with pytest.raises(StartError, match=rf"{tmp_path}/journal: journal segment {segment.name} at offset 0"):
        async with serving(tmp_path):
            pass


async def test_a_slow_subscriber_does_not_hold_up_the_others_and_misses_nothing(tmp_path: Path) -> None:
    batch_rows = 500
    async with serving(tmp_path) as running:
        slow = running.stub.Subscribe(ingest_pb2.SubscribeRequest(subscriber="slow"))
        fast = running.stub.Subscribe(ingest_pb2.SubscribeRequest(subscriber="fast"))
        batches = [
            frame_request(f"b{start}", [row(start * batch_rows + each + 1) for each in range(batch_rows)])
            for start in range(400)
        ]
        await running.publish(*batches)
        total = 400 * batch_rows
        while (record := await fast.read()).first_sequence + record.row_count < total:
            pass
        status = await running.stub.GetIngestStatus(ingest_pb2.GetIngestStatusRequest())
        assert status.subscribers["fast"] == total
        assert status.subscribers["slow"] < total, "what the slow one has not read waits on the disk"
        expected = 0
        while expected < total:
            record = await slow.read()
            assert record.first_sequence == expected
            expected += record.row_count
        slow.cancel()
        fast.cancel()


async def status_after_retention(running: Running) -> ingest_pb2.IngestStatus:
    deadline_s = asyncio.get_running_loop().time() + 20
    while asyncio.get_running_loop().time() < deadline_s:
        status = await status_of_journal(running)
        if status.first_sequence > 0:
            return status
    raise AssertionError("no segment was removed within 20 s")


async def test_a_position_older_than_retention_is_out_of_range_and_says_where_to_resume(tmp_path: Path) -> None:
    async with serving(tmp_path, segment_bytes=4096, retention_bytes=1 << 20, snapshot_bytes=1 << 16) as running:
        for start in range(40):
            await running.publish(frame_request(f"b{start}", [row(start * 500 + each + 1) for each in range(500)]))
        status = await status_after_retention(running)
        call = running.stub.Subscribe(ingest_pb2.SubscribeRequest(from_sequence=0))
        with pytest.raises(grpc.aio.AioRpcError, match="the oldest kept") as caught:
            await call.read()
        assert caught.value.code() is grpc.StatusCode.OUT_OF_RANGE
        call = running.stub.Subscribe(ingest_pb2.SubscribeRequest(from_sequence=status.first_sequence))
        assert (await call.read()).first_sequence == status.first_sequence
        call.cancel()
    async with serving(tmp_path) as running:
        (answer,) = await running.publish(frame_request("again", [row(1), row(20_001)]))
        assert (answer.journalled, answer.duplicates) == (1, 1), "dedupe outlives the segments"
    (tmp_path / "state.snapshot").write_bytes(b"damaged")
    with pytest.raises(StartError, match=r"expected a usable snapshot in state\.snapshot"):
        async with serving(tmp_path):
            pass


async def test_the_quarantine_keeps_the_newest_rows_within_its_bytes_and_the_counts_of_all(tmp_path: Path) -> None:
    limits = {"quarantine_bytes": 1 << 20, "snapshot_bytes": 1 << 16}
    async with serving(tmp_path, **limits) as running:
        for start in range(0, 9_000, 1_000):
            rows = [row(start + each + 1, quantity=-1.0) for each in range(1_000)]
            await running.publish(request(f"bad-{start}", rows))
        deadline_s = asyncio.get_running_loop().time() + 20
        listed = await running.stub.ListQuarantine(ingest_pb2.ListQuarantineRequest())
        while listed.rows[0].quarantine_id == "0" and asyncio.get_running_loop().time() < deadline_s:
            listed = await running.stub.ListQuarantine(ingest_pb2.ListQuarantineRequest())
        assert int(listed.rows[0].quarantine_id) > 0
    async with serving(tmp_path, **limits) as running:
        source = await running.stub.GetSource(ingest_pb2.GetSourceRequest(source="feed"))
        assert (source.received, source.rejected) == (9_000, 9_000)
