"""What is read back from a journal's control records."""

import json

from ingest_service.controls import control_payload
from surveillance.v1 import ingest_pb2
from tapewatch.cli.journalled import reference_in
from tapewatch.client.ingest import JournalRecord
from tapewatch.market.reference import Reference


def record(kind: int, payload: bytes) -> JournalRecord:
    return JournalRecord(kind, first_sequence=0, row_count=1, payload=payload, ingest_time_ns=1)


def test_reference_data_is_read_back_as_ingest_journals_it() -> None:
    held = Reference.of(accounts=[{"account": "A1", "owner": "O1"}])
    payload = control_payload("REFERENCE", json.dumps(held.to_json()).encode(), "one")
    found = reference_in(record(ingest_pb2.RECORD_KIND_CONTROL, payload))
    assert found is not None
    assert found.to_json() == held.to_json()


def test_other_records_hold_no_reference_data() -> None:
    payload = control_payload("CONFIGURATION", b"{}", "two")
    assert reference_in(record(ingest_pb2.RECORD_KIND_CONTROL, payload)) is None
    assert reference_in(record(ingest_pb2.RECORD_KIND_EVENTS, b"")) is None
