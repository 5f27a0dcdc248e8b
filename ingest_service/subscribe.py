"""The Subscribe stream: journal records from a position on, then live, the payload's bytes untouched.

gRPC's flow control is the credit: a subscriber that does not read holds one chunk of records here and no more. One that
falls behind retention is told where to resume.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

from google.protobuf.message import DecodeError

from surveillance.v1 import ingest_pb2
from tapewatch.runtime.errors import InvalidArgument, Unavailable
from tapewatch.runtime.journal import Journal, Record

SUBSCRIBER_CHARACTERS_MAX: Final = 128
_VARINT_FIELDS: Final = (
    ingest_pb2.SubscribeResponse.KIND_FIELD_NUMBER << 3,
    ingest_pb2.SubscribeResponse.FIRST_SEQUENCE_FIELD_NUMBER << 3,
    ingest_pb2.SubscribeResponse.ROW_COUNT_FIELD_NUMBER << 3,
    ingest_pb2.SubscribeResponse.INGEST_TIME_NS_FIELD_NUMBER << 3,
)
_PAYLOAD_TAG: Final = ingest_pb2.SubscribeResponse.PAYLOAD_FIELD_NUMBER << 3 | 2


class Subscribers:
    """Handles Subscribe streams over raw bytes, and knows where each stands."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._positions: dict[int, tuple[str, int]] = {}
        self._streams = 0

    @property
    def positions(self) -> dict[str, int]:
        """Per connected subscriber the position it has been sent; the lowest of those that share a name."""
        found: dict[str, int] = {}
        for name, position in self._positions.values():
            found[name] = min(position, found.get(name, position))
        return found

    async def subscribe(self, request: bytes, context: object) -> AsyncIterator[bytes]:
        """Encoded SubscribeResponse messages. Raises InvalidArgument, OutOfRange, DataLoss, Unavailable at the stop."""
        wanted = _read(request)
        self._streams += 1
        stream = self._streams
        name = wanted.subscriber or f"unnamed-{stream}"
        self._positions[stream] = (name, wanted.from_sequence)
        try:
            async with aclosing(self.journal.follow(wanted.from_sequence)) as chunks:
                async for records in chunks:
                    for record in records:
                        yield encode_record(record)
                        self._positions[stream] = (name, record.end_sequence)
        finally:
            del self._positions[stream]
        raise Unavailable(
            "DRAINING", "ingest is stopping; subscribe again from the position after the last record received"
        )


def encode_record(record: Record) -> bytes:
    """The SubscribeResponse of a record: protobuf's framing written by hand around the payload, one copy."""
    values = (record.kind, record.first_sequence, record.row_count, record.ingest_time_ns)
    head = bytearray()
    for tag, value in zip(_VARINT_FIELDS, values, strict=True):
        head.append(tag)
        _append_varint(head, value)
    head.append(_PAYLOAD_TAG)
    _append_varint(head, len(record.payload))
    return b"".join((head, record.payload))


def _append_varint(target: bytearray, value: int) -> None:
    value &= 0xFFFFFFFFFFFFFFFF
    while value > 0x7F:
        target.append(value & 0x7F | 0x80)
        value >>= 7
    target.append(value)


def _read(request: bytes) -> ingest_pb2.SubscribeRequest:
    try:
        wanted = ingest_pb2.SubscribeRequest.FromString(request)
    except DecodeError as error:
        raise InvalidArgument(
            "MALFORMED_MESSAGE", f"expected a SubscribeRequest, found {len(request)} bytes"
        ) from error
    if len(wanted.subscriber) > SUBSCRIBER_CHARACTERS_MAX:
        raise InvalidArgument(
            "BAD_SUBSCRIBER",
            f"subscriber: expected at most {SUBSCRIBER_CHARACTERS_MAX} characters, found {len(wanted.subscriber)}",
            field="subscriber",
        )
    return wanted
