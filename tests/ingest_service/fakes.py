"""Rows, requests and running services for the tests of ingest."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc.aio

from ingest_service.app import IngestSettings, lifespan
from ingest_service.intake import Intake
from ingest_service.recovery import Snapshots, rebuild
from surveillance.v1 import event_pb2, ingest_pb2
from surveillance.v1.ingest_pb2_grpc import IngestServiceStub
from tapewatch.market.event import Kind, Side
from tapewatch.market.frame import Frame
from tapewatch.runtime.journal import Journal, JournalOptions, RecordKind
from tapewatch.runtime.service import Service, running_service

START_NS = 1_700_000_000_000_000_000
FULL_NAME = "surveillance.v1.IngestService"


@dataclass
class FakeClock:
    now_ns: int = START_NS

    def __call__(self) -> int:
        return self.now_ns


def row(sequence: int, **changes: object) -> dict[str, object]:
    """A good NEW of source `feed`; changes of None take a column away."""
    values: dict[str, object] = {
        "event_time_ns": START_NS + sequence,
        "kind": "NEW",
        "venue": "XTST",
        "instrument": "ACME",
        "account": f"account-{sequence % 5}",
        "order_id": f"order-{sequence}",
        "side": "BUY",
        "price": 100.25,
        "quantity": 10.0,
        "source": "feed",
        "source_sequence": sequence,
    }
    values |= changes
    return {name: value for name, value in values.items() if value is not None}


def frame(*rows: dict[str, object]) -> Frame:
    return Frame.from_rows(rows)


def event(values: dict[str, Any]) -> event_pb2.Event:
    message = event_pb2.Event()
    for name, value in values.items():
        if name == "kind":
            message.kind = Kind[value]  # type: ignore[assignment]  # the enums share their numbers
        elif name == "side":
            message.side = Side[value]  # type: ignore[assignment]  # the enums share their numbers
        elif name.startswith("x_"):
            message.extensions[name] = value
        else:
            setattr(message, name, value)
    return message


def request(batch_id: str, rows: Iterable[dict[str, object]]) -> ingest_pb2.PublishRequest:
    return ingest_pb2.PublishRequest(batch_id=batch_id, events=[event(each) for each in rows])


def frame_request(batch_id: str, rows: Sequence[dict[str, object]]) -> ingest_pb2.PublishRequest:
    return ingest_pb2.PublishRequest(batch_id=batch_id, frame=Frame.from_rows(rows).encode())


def journalled_rows(journal: Journal) -> list[dict[str, object]]:
    records = journal.read_from(journal.first_sequence)
    return [
        each for record in records if record.kind is RecordKind.EVENTS for each in Frame.decode(record.payload).rows()
    ]


@asynccontextmanager
async def intake_in(directory: Path, clock: FakeClock | None = None) -> AsyncIterator[Intake]:
    """An intake with its logs, recovered from a directory; no snapshot is written at the end."""
    clock = clock or FakeClock()
    options = JournalOptions(commit_interval_ms=0)
    async with (
        Journal.open(directory / "journal", options, clock) as journal,
        Journal.open(directory / "quarantine", options, clock) as log,
    ):
        state = rebuild(journal, log, Snapshots(directory / "state.snapshot", 1 << 30))
        yield Intake(journal, state, clock)


@dataclass
class Running:
    """A served ingest and a channel to it."""

    service: Service
    channel: grpc.aio.Channel
    stub: Any = field(init=False)

    def __post_init__(self) -> None:
        self.stub = IngestServiceStub(self.channel)

    async def publish(self, *requests: ingest_pb2.PublishRequest) -> list[ingest_pb2.PublishResponse]:
        """Sends the requests on one stream and gives all answers."""

        async def each() -> AsyncIterator[ingest_pb2.PublishRequest]:
            for one in requests:
                yield one

        return [answer async for answer in self.stub.Publish(each())]


@asynccontextmanager
async def serving(directory: Path, **settings: Any) -> AsyncIterator[Running]:
    chosen = IngestSettings(listen="127.0.0.1:0", directory=directory, commit_interval_ms=0, **settings)
    async with (
        running_service("ingest", chosen, lifespan) as service,
        grpc.aio.insecure_channel(f"127.0.0.1:{service.bound_port}") as channel,
    ):
        yield Running(service, channel)
