import base64
from typing import Any
from urllib.parse import quote

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc import status_pb2  # type: ignore[import-untyped] # publishes no types
from hypothesis import example, given
from hypothesis import strategies as st

from tapewatch.runtime import errors
from tapewatch.runtime.errors import (
    MESSAGE_BYTES_MAX,
    METADATA_ENTRIES_MAX,
    STATUS_DETAILS_KEY,
    ResourceExhausted,
    ServiceError,
    error_info,
    retry_after_ms,
    shortened,
    trailing_details,
)

TRAILING_BYTES_MAX = 8 * 1024


class Received(grpc.RpcError):
    """An RPC error as a client holds it."""

    def __init__(self, trailing: Any) -> None:
        super().__init__()
        self._trailing = trailing

    def trailing_metadata(self) -> Any:
        return self._trailing


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("InvalidArgument", grpc.StatusCode.INVALID_ARGUMENT),
        ("NotFound", grpc.StatusCode.NOT_FOUND),
        ("Aborted", grpc.StatusCode.ABORTED),
        ("FailedPrecondition", grpc.StatusCode.FAILED_PRECONDITION),
        ("AlreadyExists", grpc.StatusCode.ALREADY_EXISTS),
        ("ResourceExhausted", grpc.StatusCode.RESOURCE_EXHAUSTED),
        ("Unavailable", grpc.StatusCode.UNAVAILABLE),
        ("OutOfRange", grpc.StatusCode.OUT_OF_RANGE),
        ("DataLoss", grpc.StatusCode.DATA_LOSS),
        ("PermissionDenied", grpc.StatusCode.PERMISSION_DENIED),
        ("Unauthenticated", grpc.StatusCode.UNAUTHENTICATED),
    ],
)
def test_each_error_has_the_code_of_its_name(name: str, code: grpc.StatusCode) -> None:
    error: ServiceError = getattr(errors, name)("REASON", "message", field="price", row=3)
    assert (error.code, error.reason, str(error)) == (code, "REASON", "message")
    assert error.metadata == {"field": "price", "row": "3"}


def test_a_client_reads_back_reason_metadata_and_when_to_retry() -> None:
    received = Received(trailing_details(ResourceExhausted("QUEUE_FULL", "full", retry_after_ms=250, depth=9)))
    info = error_info(received)
    assert info is not None
    assert (info.reason, info.domain, dict(info.metadata)) == ("QUEUE_FULL", "tapewatch", {"depth": "9"})
    assert retry_after_ms(received) == 250


def test_no_retry_time_given_is_none() -> None:
    assert retry_after_ms(Received(trailing_details(ResourceExhausted("QUEUE_FULL", "full")))) is None


def status_with(detail: StringValue) -> bytes:
    packed = AnyMessage()
    packed.Pack(detail)
    encoded: bytes = status_pb2.Status(details=[packed]).SerializeToString()
    return encoded


@pytest.mark.parametrize(
    "trailing",
    [
        None,
        (),
        (("other", "x"),),
        ((STATUS_DETAILS_KEY, b"\xff\xff"),),
        ((STATUS_DETAILS_KEY, status_with(StringValue(value="x"))),),
    ],
)
def test_an_error_without_our_details_gives_none(trailing: Any) -> None:
    assert error_info(Received(trailing)) is None
    assert error_info(grpc.RpcError()) is None


@given(
    message=st.text(max_size=20_000),
    metadata=st.dictionaries(st.from_regex(r"[a-z_]{1,30}", fullmatch=True), st.text(max_size=2_000), max_size=40),
)
@example(message="é" * 5_000, metadata={f"{'x' * 28}{number}": "é" * 500 for number in range(10, 40)})
def test_details_never_outgrow_what_a_peer_accepts(message: str, metadata: dict[str, str]) -> None:
    error = ServiceError(grpc.StatusCode.INVALID_ARGUMENT, "REASON", message, metadata)
    trailing = trailing_details(error)
    sent = quote(shortened(message, MESSAGE_BYTES_MAX)).encode() + base64.b64encode(trailing[0][1])
    assert len(sent) < TRAILING_BYTES_MAX
    info = error_info(Received(trailing))
    assert info is not None
    assert len(info.metadata) == min(len(metadata), METADATA_ENTRIES_MAX)


@pytest.mark.parametrize(
    ("text", "cut"), [("abcdef", "abcdef"), ("abcdefg", "abc..."), ("aéééé", "aé..."), ("a\ud800", "a?"), ("", "")]
)
def test_a_text_is_cut_between_characters(text: str, cut: str) -> None:
    assert shortened(text, 6) == cut
