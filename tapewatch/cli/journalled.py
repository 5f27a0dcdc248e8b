"""The journal of a running ingest, read once from its beginning."""

import json
from collections.abc import Iterator
from typing import Final

from surveillance.v1 import ingest_pb2
from tapewatch.client.ingest import IngestClient, JournalRecord
from tapewatch.client.sync import Blocking
from tapewatch.market.reference import Reference

PATIENCE_S: Final = 30.0


def records(client: "Blocking[IngestClient]", end: int, subscriber: str) -> Iterator[JournalRecord]:
    """The journal's records below a position."""
    if end == 0:
        return
    for record in client.subscribe(0, subscriber, patience_s=PATIENCE_S):
        yield record
        if record.next_sequence >= end:
            return


def holds_events(record: JournalRecord) -> bool:
    """Whether its payload is a frame of events."""
    return record.kind == ingest_pb2.RECORD_KIND_EVENTS


def reference_in(record: JournalRecord) -> Reference | None:
    """The reference data that a record puts in force; None where it is another record."""
    if record.kind != ingest_pb2.RECORD_KIND_CONTROL:
        return None
    control = json.loads(record.payload)
    return Reference.from_json(control["content"]) if control["control"].lower() == "reference" else None
