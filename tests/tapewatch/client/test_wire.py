import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveillance.v1 import ingest_pb2
from tapewatch.client.wire import JournalRecord, WireError, parse_record, publish_request

sequences = st.integers(min_value=-(2**63), max_value=2**63 - 1)


@given(batch_id=st.text(max_size=300), frame=st.binary(min_size=1, max_size=70_000))
def test_a_hand_framed_request_is_read_by_protobuf(batch_id: str, frame: bytes) -> None:
    request = ingest_pb2.PublishRequest.FromString(publish_request(batch_id, frame))
    assert (request.batch_id, request.frame, len(request.events)) == (batch_id, frame, 0)


@given(kind=st.integers(0, 3), first=sequences, rows=sequences, payload=st.binary(max_size=300), time_ns=sequences)
def test_a_record_written_by_protobuf_is_read_by_hand(
    kind: int, first: int, rows: int, payload: bytes, time_ns: int
) -> None:
    written = ingest_pb2.SubscribeResponse(
        kind=kind,  # type: ignore[arg-type]  # the stub wants the enum's wrapper
        first_sequence=first,
        row_count=rows,
        payload=payload,
        ingest_time_ns=time_ns,
    )
    assert parse_record(written.SerializeToString()) == JournalRecord(kind, first, rows, payload, time_ns)


def test_fields_of_a_newer_service_are_skipped() -> None:
    newer = b"\x10\x05" + b"\x7a\x02hi" + b"\x79" + bytes(8) + b"\x7d" + bytes(4) + b"\x78\x01"
    assert parse_record(newer).first_sequence == 5


@given(st.binary(max_size=64))
def test_any_bytes_give_a_record_or_a_wire_error(message: bytes) -> None:
    try:
        record = parse_record(message)
    except WireError:
        return
    assert isinstance(record, JournalRecord)


def test_a_cut_record_is_refused_with_the_place() -> None:
    whole = ingest_pb2.SubscribeResponse(payload=b"12345678").SerializeToString()
    with pytest.raises(WireError, match="expected 8 bytes from byte 2 on, found 4"):
        parse_record(whole[:6])
