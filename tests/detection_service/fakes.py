"""A journal, a recorder of alerts and a served detection for tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc.aio

from detection_service.checkpoint import Checkpoints
from detection_service.consumer import Consumer
from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.servicer import SERVICE_NAME, DetectionServicer
from surveillance.v1 import alert_pb2, detection_pb2_grpc, ingest_pb2
from surveillance.v1.detection_pb2_grpc import DetectionServiceStub
from tapewatch.client.wire import JournalRecord
from tapewatch.market.frame import Frame
from tapewatch.runtime.service import Service, running_service
from tapewatch.runtime.settings import Section
from tests.detection_service.scenario import Row


class Journal:
    """Records at rising positions."""

    def __init__(self) -> None:
        self.records: list[JournalRecord] = []
        self.next_sequence = 0

    @classmethod
    def of(cls, records: Sequence[JournalRecord]) -> Journal:
        """A journal of these records."""
        made = cls()
        made.records, made.next_sequence = list(records), records[-1].next_sequence if records else 0
        return made

    def add(self, kind: int, payload: bytes, row_count: int = 1) -> Journal:
        self.records.append(JournalRecord(kind, self.next_sequence, row_count, payload, 0))
        self.next_sequence += row_count
        return self

    def events(self, rows: Sequence[Row], rows_a_record: int = 1 << 16) -> Journal:
        for start in range(0, len(rows), rows_a_record):
            part = rows[start : start + rows_a_record]
            self.add(ingest_pb2.RECORD_KIND_EVENTS, Frame.from_rows(part).encode(), len(part))
        return self

    def mark(self, source: str, mark: str) -> Journal:
        return self.add(ingest_pb2.RECORD_KIND_MARK, json.dumps({"mark": mark, "source": source}).encode())

    def control(self, kind: str, content: object) -> Journal:
        record = {"control": kind, "request_id": f"r{self.next_sequence}", "content": content}
        return self.add(ingest_pb2.RECORD_KIND_CONTROL, json.dumps(record).encode())

    async def read(self, first_sequence: int = 0) -> AsyncGenerator[JournalRecord, None]:
        for record in self.records:
            if record.first_sequence >= first_sequence:
                yield record

    async def one(self, record: JournalRecord) -> AsyncGenerator[JournalRecord, None]:
        """A record by itself."""
        yield record


@dataclass
class Recorder:
    """Takes alerts as the case service does; holds them up while `open` is not set."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    recorded: list[alert_pb2.Alert] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    async def record_alerts(self, alerts: Sequence[alert_pb2.Alert], patience_s: float | None) -> object:
        assert patience_s is None
        await self.open.wait()
        self.recorded.extend(alerts)
        self.batches.append(len(alerts))
        return None


def consumer_in(
    directory: Path, configuration: EngineConfiguration | None = None, snapshot_every_rows: int = 1 << 40
) -> Consumer:
    made = configuration or EngineConfiguration(marks_come=True)
    return Consumer(Engine(made), Checkpoints(directory), snapshot_every_rows)


@asynccontextmanager
async def recording(consumer: Consumer) -> AsyncIterator[Recorder]:
    """Sends the consumer's alerts to a recorder that takes them."""
    recorder = Recorder()
    recorder.open.set()
    task = asyncio.create_task(consumer.outbox.run(recorder))
    try:
        yield recorder
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Settings(Section):
    """Where to serve."""

    listen: str = "127.0.0.1:0"


@dataclass
class Served:
    """A detection service around a consumer, and a stub of it."""

    service: Service
    consumer: Consumer
    stub: Any


@asynccontextmanager
async def serving(consumer: Consumer) -> AsyncIterator[Served]:
    @asynccontextmanager
    async def lifespan(service: Service, settings: Settings) -> AsyncIterator[None]:
        servicer = DetectionServicer(consumer, service)
        service.add(detection_pb2_grpc.add_DetectionServiceServicer_to_server, servicer, SERVICE_NAME)
        yield

    async with (
        running_service("detection", Settings(), lifespan) as service,
        grpc.aio.insecure_channel(f"127.0.0.1:{service.bound_port}") as channel,
    ):
        yield Served(service, consumer, DetectionServiceStub(channel))
