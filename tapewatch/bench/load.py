"""Publishing into a running ingest as fast as it takes it, from requests encoded beforehand."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc.aio

from surveillance.v1 import detection_pb2, event_pb2, ingest_pb2
from tapewatch.bench.figure import BenchError
from tapewatch.bench.polling import until
from tapewatch.client.connection import LOCAL
from tapewatch.client.detection import DetectionClient
from tapewatch.client.publisher import PUBLISH
from tapewatch.client.wire import publish_request
from tapewatch.market.frame import Frame
from tapewatch.runtime.channels import open_channel

DRAIN_TIMEOUT_S = 60.0
_ENUMS = {"kind": event_pb2.EventKind, "side": event_pb2.Side}
_PREFIXES = {"kind": "EVENT_KIND_", "side": "SIDE_"}


@dataclass(frozen=True, slots=True)
class Requests:
    """Encoded PublishRequests and how many rows they hold together."""

    encoded: list[bytes]
    rows: int


def row_requests(frames: Iterator[Frame]) -> Requests:
    """The frames as requests of protobuf rows."""
    encoded, rows = [], 0
    for number, frame in enumerate(frames):
        events = [event_pb2.Event(**_message_values(row)) for row in frame.rows()]
        encoded.append(ingest_pb2.PublishRequest(batch_id=str(number), events=events).SerializeToString())
        rows += frame.row_count
    return Requests(encoded, rows)


def frame_requests(frames: Iterator[Frame]) -> Requests:
    """The frames as requests that hold them."""
    encoded, rows = [], 0
    for number, frame in enumerate(frames):
        encoded.append(publish_request(str(number), frame.encode()))
        rows += frame.row_count
    return Requests(encoded, rows)


def _message_values(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _ENUMS[name].Value(_PREFIXES[name] + value) if name in _ENUMS else value for name, value in row.items()
    }  # fmt: skip


async def publish(ingest: str, requests: Requests) -> int:
    """Send everything, wait until it is durable; the durable sequence. BenchError unless every row was journalled."""
    async with open_channel(ingest, LOCAL) as channel:
        method: Any = channel.stream_stream(
            PUBLISH, request_serializer=None, response_deserializer=ingest_pb2.PublishResponse.FromString
        )
        call = method()
        writing = asyncio.create_task(_write(call, requests.encoded))
        answers = [await call.read() for _ in requests.encoded]
        await writing
        if answers[-1] is grpc.aio.EOF:  # type: ignore[attr-defined]  # missing in the stubs
            raise BenchError(f"ingest ended the stream: {await call.details()}")
        await call.done_writing()
    journalled = sum(answer.journalled for answer in answers)
    if journalled != requests.rows:
        raise BenchError(f"expected {requests.rows} rows journalled, found {journalled}: {_first_refusal(answers)}")
    return int(answers[-1].durable_sequence)


async def _write(call: Any, encoded: Sequence[bytes]) -> None:
    for request in encoded:
        await call.write(request)


def _first_refusal(answers: Sequence[ingest_pb2.PublishResponse]) -> str:
    return next((str(answer.rejected[0]).replace("\n", " ") for answer in answers if answer.rejected), "duplicates")


async def drained(detection: str, sequence: int) -> None:
    """Wait until all below a journal position is evaluated and every alert of it is stored."""
    status = detection_pb2.DetectionStatus()

    async def is_done() -> bool:
        nonlocal status
        status = await client.status()
        return status.next_sequence >= sequence and status.alerts_pending == 0

    def expected() -> str:
        found = f"found {status.next_sequence} and {status.alerts_pending} alerts pending"
        return f"expected journal position {sequence} evaluated and no alert pending, {found}"

    async with DetectionClient(detection, LOCAL) as client:
        await until(is_done, DRAIN_TIMEOUT_S, expected)
