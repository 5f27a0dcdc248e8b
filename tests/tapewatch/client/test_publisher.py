import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from surveillance.v1.ingest_pb2_grpc import add_IngestServiceServicer_to_server as add
from tapewatch.client.errors import ClientError
from tapewatch.client.ingest import IngestPublisher
from tests.tapewatch.client.fakes import FakeIngest, serving, until


@pytest.fixture
async def ingest() -> FakeIngest:
    return FakeIngest()


@pytest.fixture
async def target(ingest: FakeIngest) -> AsyncIterator[str]:
    async with serving(add, ingest) as address:
        yield address


async def test_a_batch_resolves_with_its_durable_result(target: str, ingest: FakeIngest) -> None:
    async with IngestPublisher(target, name="test") as publisher:
        first = await publisher.publish(b"one")
        again = await publisher.publish(b"one")
    assert (first.journalled, first.duplicates, first.rejected, first.durable_sequence) == (1, 0, (), 1)
    assert (again.journalled, again.duplicates) == (0, 1)
    assert first.batch_id != again.batch_id
    assert ingest.streams == 1


async def test_submitted_batches_are_in_flight_together_and_keep_their_order(target: str, ingest: FakeIngest) -> None:
    ingest.answering.clear()
    frames = [b"%d" % number for number in range(20)]
    async with IngestPublisher(target, name="test") as publisher:
        futures = [await publisher.submit(frame) for frame in frames]
        await until(lambda: len(ingest.received) >= 1)
        assert not any(future.done() for future in futures)
        ingest.answering.set()
        results = await asyncio.gather(*futures)
    assert ingest.kept == frames
    assert [result.durable_sequence for result in results] == list(range(1, 21))


async def test_bytes_in_flight_are_bounded(target: str, ingest: FakeIngest) -> None:
    ingest.answering.clear()
    async with IngestPublisher(target, name="test", in_flight_bytes_max=1_000) as publisher:
        first = await publisher.submit(b"a" * 800)
        second = asyncio.create_task(publisher.submit(b"b" * 800))
        await until(lambda: bool(ingest.received))
        assert not second.done()
        ingest.answering.set()
        await first
        assert (await (await second)).journalled == 1


async def test_what_was_not_answered_is_sent_again_after_a_break(target: str, ingest: FakeIngest) -> None:
    ingest.break_after = [1, 0]  # answers one batch, then breaks; then breaks at once; then stays
    frames = [b"%d" % number for number in range(5)]
    async with IngestPublisher(target, name="test") as publisher:
        futures = [await publisher.submit(frame) for frame in frames]
        results = await asyncio.gather(*futures)
    assert ingest.kept == frames
    assert ingest.streams == 3
    assert sum(result.journalled + result.duplicates for result in results) == 5


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
async def test_an_overloaded_or_absent_ingest_is_tried_again(
    target: str, ingest: FakeIngest, code: grpc.StatusCode
) -> None:
    ingest.break_after, ingest.status = [0], code
    async with IngestPublisher(target, name="test") as publisher:
        assert (await publisher.publish(b"one")).duplicates == 1


@pytest.mark.parametrize("names_the_batch", [True, False])
async def test_a_malformed_batch_fails_alone(target: str, ingest: FakeIngest, names_the_batch: bool) -> None:
    ingest.names_the_batch = names_the_batch
    frames = [b"one", b"two", b"bad", b"three"]
    async with IngestPublisher(target, name="test") as publisher:
        futures = [await publisher.submit(frame) for frame in frames]
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert (await publisher.publish(b"four")).journalled == 1
    refused = results[2]
    assert isinstance(refused, ClientError)
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FRAME")
    assert refused.message == "expected a frame, found bad"
    assert [isinstance(result, ClientError) for result in results] == [False, False, True, False]
    assert ingest.kept == [b"one", b"two", b"three", b"four"]


async def test_a_refusal_that_will_not_pass_fails_every_waiting_call(target: str, ingest: FakeIngest) -> None:
    ingest.break_after, ingest.status = [0], grpc.StatusCode.UNAUTHENTICATED
    async with IngestPublisher(target, name="test") as publisher:
        with pytest.raises(ClientError, match="broken on purpose"):
            await publisher.publish(b"one")
        with pytest.raises(ClientError, match="broken on purpose"):
            await publisher.publish(b"two")


async def test_patience_ends_with_a_message_that_names_the_address() -> None:
    async with IngestPublisher("127.0.0.1:1", name="test", patience_s=0.2) as publisher:
        with pytest.raises(ClientError, match=r"no service answers at 127\.0\.0\.1:1") as raised:
            await publisher.publish(b"one")
    assert raised.value.reason == "UNREACHABLE"


async def test_a_stream_that_answers_nothing_is_opened_again(target: str, ingest: FakeIngest) -> None:
    ingest.answering.clear()
    async with IngestPublisher(target, name="test", answer_timeout_s=0.1) as publisher:
        waiting = asyncio.create_task(publisher.publish(b"one"))
        await until(lambda: ingest.streams >= 2)
        ingest.answering.set()
        assert (await waiting).duplicates == 1


async def test_leaving_waits_for_what_is_in_flight(target: str, ingest: FakeIngest) -> None:
    async with IngestPublisher(target, name="test") as publisher:
        futures = [await publisher.submit(b"%d" % number) for number in range(10)]
    assert all(future.done() for future in futures)
    assert len(ingest.kept) == 10


async def test_leaving_by_an_error_waits_for_nothing(target: str, ingest: FakeIngest) -> None:
    ingest.answering.clear()
    publisher = IngestPublisher(target, name="test")
    await publisher.__aenter__()
    future = await publisher.submit(b"one")
    await publisher.__aexit__(LookupError, LookupError(), None)
    with pytest.raises(ClientError, match="closed"):
        await future


async def test_the_end_of_a_source_is_acknowledged(target: str, ingest: FakeIngest) -> None:
    async with IngestPublisher(target, name="test") as publisher:
        await publisher.publish(b"one")
        result = await publisher.end_of_source("venue")
    assert (ingest.ended, result.journalled, result.durable_sequence) == (["venue"], 0, 1)


async def test_a_batch_larger_than_a_message_is_refused_before_it_is_sent(target: str) -> None:
    async with IngestPublisher(target, name="test") as publisher:
        with pytest.raises(ClientError, match="send fewer rows"):
            await publisher.publish(bytes(17 * 1024 * 1024))


async def test_leaving_does_not_wait_for_what_nobody_waits_for_any_more(target: str, ingest: FakeIngest) -> None:
    ingest.answering.clear()
    async with asyncio.timeout(30), IngestPublisher(target, name="test") as publisher:
        (await publisher.submit(b"one")).cancel()
        assert publisher.unanswered_count == 1
