"""Reading PublishRequest: the compiled way, the interpreted way and protobuf's own parser agree."""

import contextlib
import importlib.util
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service import requests, wire
from surveillance.v1 import event_pb2, ingest_pb2
from tapewatch.market.frame import Frame
from tapewatch.runtime.errors import InvalidArgument
from tests.ingest_service.fakes import frame_request, request, row

TEXTS = st.text(max_size=12)
DOUBLES = st.floats(allow_nan=False)
INTEGERS = st.integers(-(2**63), 2**63 - 1)


def interpreted_wire() -> Any:
    source = Path(requests.__file__).with_name("wire.py")
    spec = importlib.util.spec_from_file_location("interpreted_wire", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


INTERPRETED = interpreted_wire()


@st.composite
def events(draw: st.DrawFn) -> event_pb2.Event:
    event = event_pb2.Event()
    for field in event_pb2.Event.DESCRIPTOR.fields:
        if not draw(st.booleans()):
            continue
        if field.name == "extensions":
            event.extensions["x_" + draw(TEXTS)] = draw(TEXTS)
        elif field.enum_type is not None:
            setattr(event, field.name, draw(st.integers(0, 20)))
        elif field.cpp_type == field.CPPTYPE_STRING:
            setattr(event, field.name, draw(TEXTS))
        elif field.cpp_type == field.CPPTYPE_DOUBLE:
            setattr(event, field.name, draw(DOUBLES))
        elif field.cpp_type == field.CPPTYPE_BOOL:
            setattr(event, field.name, draw(st.booleans()))
        else:
            setattr(event, field.name, draw(INTEGERS))
    return event


def rows_of(frame: Frame) -> list[dict[str, object]]:
    """The rows with null columns left out, whatever columns the frame has; codes beyond the known as numbers."""
    rows = list(frame.rows())
    for name in ("kind", "side"):
        for place, code in enumerate(frame.columns.get(name, [])):
            rows[place][name] = int(code)
    return [{name: value for name, value in each.items() if value not in ("", 0)} for each in rows]


def read_interpreted(data: bytes, monkeypatch: pytest.MonkeyPatch) -> requests.Request:
    with monkeypatch.context() as patch:
        patch.setattr(requests, "wire", INTERPRETED)
        return requests._read_compiled(data)


@given(st.lists(events(), max_size=6), TEXTS, st.sampled_from(["", "end_of_source", "start_of_source"]))
def test_all_ways_of_reading_rows_agree(batch: list[event_pb2.Event], name: str, about: str) -> None:
    message = ingest_pb2.PublishRequest(batch_id=name, events=batch)
    if about:
        message.source = "s"
        setattr(message, about, True)
    if not batch and not about:
        return
    data = message.SerializeToString()
    expected = requests.read_with_protobuf(data)
    with pytest.MonkeyPatch.context() as monkeypatch:
        for found in (requests._read_compiled(data), read_interpreted(data, monkeypatch)):
            assert rows_of(found.frame) == rows_of(expected.frame)
            assert (found.batch_id, found.ended_source) == (expected.batch_id, expected.ended_source)
            assert (found.started_source, bool(found.started_source)) == (expected.started_source, about[:1] == "s")
            assert rows_of(Frame.decode(found.frame.encode())) == rows_of(expected.frame)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_request_or_invalid(data: bytes) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        for read in (requests._read_compiled, lambda each: read_interpreted(each, monkeypatch)):
            with contextlib.suppress(InvalidArgument):  # anything else fails
                read(data)


@given(st.data())
def test_a_damaged_request_is_a_request_or_invalid(data: st.DataObject) -> None:
    whole = bytearray(request("batch", [row(1, x_note="n"), row(2)]).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for damaged in (bytes(whole), bytes(whole[:cut])):
        with contextlib.suppress(InvalidArgument):  # anything else fails
            requests.read_request(damaged)


def test_many_distinct_strings_keep_their_rows() -> None:
    rows = [row(number, account=f"account {number}", trader=f"trader {number % 7}") for number in range(1, 2_001)]
    read = requests._read_compiled(request("many", rows).SerializeToString())
    assert list(read.frame.rows()) == list(Frame.from_rows(rows).rows())


def test_an_unset_double_is_null_and_a_set_zero_is_not() -> None:
    read = requests._read_compiled(request("b", [row(1, price=0.0), row(2, price=None)]).SerializeToString())
    prices = read.frame.columns["price"].tolist()
    assert prices[0] == 0.0
    assert math.isnan(prices[1])


def test_a_frame_keeps_its_bytes() -> None:
    message = frame_request("b", [row(1), row(2)])
    assert requests.read_request(message.SerializeToString()).frame.encode() == message.frame


def test_fields_of_a_later_protocol_are_skipped() -> None:
    whole = request("b", [row(1)]).SerializeToString() + b"\xa0\x06\x05\xaa\x06\x02hi\xad\x06abcd\xa9\x06abcdefgh"
    assert requests._read_compiled(whole).frame.row_count == 1


def test_text_that_is_not_utf8_is_invalid() -> None:
    data = request("b", [row(1, account="ZZZZ")]).SerializeToString().replace(b"ZZZZ", b"\xff\xfe\xfd\xfc")
    for read in (requests._read_compiled, requests.read_with_protobuf):
        with pytest.raises(InvalidArgument):
            read(data)


def test_both_modules_have_the_same_codes() -> None:
    assert wire.FIELD_KINDS == INTERPRETED.FIELD_KINDS
