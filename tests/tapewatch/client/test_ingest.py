from contextlib import aclosing

import grpc
import pytest

from surveillance.v1 import ingest_pb2
from surveillance.v1.ingest_pb2_grpc import add_IngestServiceServicer_to_server as add
from tapewatch.client.errors import ClientError
from tapewatch.client.ingest import IngestClient, JournalRecord, subscribe
from tests.tapewatch.client.fakes import FakeIngest, serving


async def read(target: str, from_sequence: int, count: int) -> list[JournalRecord]:
    records: list[JournalRecord] = []
    async with aclosing(subscribe(target, from_sequence, "test")) as stream:  # type: ignore[type-var]  # a generator
        async for record in stream:
            records.append(record)
            if len(records) == count:
                break
    return records


async def test_a_subscription_goes_on_where_it_broke() -> None:
    ingest = FakeIngest()
    ingest.kept = [b"%d" % number for number in range(10)]
    ingest.break_after = [3, 0, 4]
    async with serving(add, ingest) as target:
        records = await read(target, 1, 9)
    assert [record.first_sequence for record in records] == list(range(1, 10))
    assert [record.payload for record in records] == ingest.kept[1:]
    assert {record.kind for record in records} == {ingest_pb2.RECORD_KIND_EVENTS}
    assert ingest.streams == 4


async def test_a_position_that_is_no_longer_kept_is_an_error() -> None:
    async with serving(add, FakeIngest()) as target:
        with pytest.raises(ClientError, match="expected 0 or later") as raised:
            await read(target, -5, 1)
    assert (raised.value.code, raised.value.reason) == (grpc.StatusCode.OUT_OF_RANGE, "TOO_OLD")
    assert raised.value.metadata == {"first": "0"}


async def test_every_page_of_sources_is_read() -> None:
    async with serving(add, FakeIngest()) as target, IngestClient(target) as client:
        assert [source.source for source in await client.list_sources()] == ["s0", "s1", "s2"]
