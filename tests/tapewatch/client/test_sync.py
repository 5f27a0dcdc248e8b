import threading
from collections.abc import Iterator
from typing import Any

import pytest

from surveillance.v1.case_pb2_grpc import add_CaseServiceServicer_to_server
from surveillance.v1.ingest_pb2_grpc import add_IngestServiceServicer_to_server
from tapewatch.client.cases import CaseClient
from tapewatch.client.errors import ClientError
from tapewatch.client.ingest import IngestClient, IngestPublisher
from tapewatch.client.sync import Blocking
from tests.tapewatch.client.fakes import FakeCases, FakeIngest, serving_in_thread


def add_both(servicers: Any, server: Any) -> None:
    add_IngestServiceServicer_to_server(servicers[0], server)
    add_CaseServiceServicer_to_server(servicers[1], server)


@pytest.fixture
def target() -> Iterator[str]:
    """Both fakes on one port."""
    with serving_in_thread(add_both, lambda: (FakeIngest(), FakeCases())) as address:
        yield address


def test_a_script_calls_without_asyncio(target: str) -> None:
    with Blocking(lambda: IngestClient(target)) as client:
        assert [source.source for source in client.list_sources()] == ["s0", "s1", "s2"]


def test_a_script_publishes_and_pipelines(target: str) -> None:
    with Blocking(lambda: IngestPublisher(target, name="script")) as publisher:
        assert publisher.publish(b"one").journalled == 1
        futures = [publisher.submit(frame) for frame in (b"two", b"three")]
        assert [future.result(timeout=10).journalled for future in futures] == [1, 1]


def test_a_script_iterates_a_watch_and_leaves_it(target: str) -> None:
    with Blocking(lambda: CaseClient(target)) as client:
        numbers = []
        for answer in client.watch_cases():
            numbers.append(answer.case.number)
            if len(numbers) == 2:
                break
    assert numbers == [1, 2]


def test_errors_reach_the_script_as_they_are() -> None:
    with (
        Blocking(lambda: IngestClient("127.0.0.1:1", timeout_s=5)) as client,
        pytest.raises(ClientError, match="no service answers"),
    ):
        client.list_sources()


def test_leaving_ends_the_thread(target: str) -> None:
    before = threading.active_count()
    with Blocking(lambda: IngestClient(target)):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
