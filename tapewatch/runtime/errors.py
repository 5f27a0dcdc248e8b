# ruff: noqa: N818 - named after the status codes they stand for
"""The errors a servicer raises, and how a client reads them back.

A `ServiceError` becomes a gRPC status plus `google.rpc.ErrorInfo` (google.aip.dev/193); any other exception becomes
INTERNAL with a reference id, so nothing internal reaches a caller.
"""

from collections.abc import Iterable, Mapping

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2  # type: ignore[import-untyped] # publishes no types
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo  # type: ignore[import-untyped] # likewise

DOMAIN = "tapewatch"
STATUS_DETAILS_KEY = "grpc-status-details-bin"
MESSAGE_BYTES_MAX = 800
METADATA_ENTRIES_MAX = 16
METADATA_VALUE_BYTES_MAX = 120
"""Peers may refuse trailing metadata above 8 KiB, which would turn a precise error into a broken stream; the message
travels percent-encoded (at worst threefold) and once more with the details, which travel in base64."""


class StartError(Exception):
    """A service cannot start for a reason its operator can mend; shown without a traceback, exit code 1."""


class ServiceError(Exception):
    """An error meant for the caller.

    `reason` is a constant in UPPER_SNAKE_CASE that programs branch on; `message` is for people; `metadata` holds the
    particulars by name. `retry_after_ms`, when given, tells the caller when to try again.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        metadata: Mapping[str, object] | None = None,
        *,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata = {name: str(value) for name, value in (metadata or {}).items()}
        self.retry_after_ms = retry_after_ms


class _FixedCodeError(ServiceError):
    """A ServiceError whose status code is its class; keyword arguments are the metadata."""

    fixed_code: grpc.StatusCode

    def __init__(self, reason: str, message: str, *, retry_after_ms: int | None = None, **metadata: object) -> None:
        super().__init__(self.fixed_code, reason, message, metadata, retry_after_ms=retry_after_ms)


class InvalidArgument(_FixedCodeError):
    """The request itself is wrong, whatever the state of the service; name the field in the metadata."""

    fixed_code = grpc.StatusCode.INVALID_ARGUMENT


class NotFound(_FixedCodeError):
    """The resource named does not exist."""

    fixed_code = grpc.StatusCode.NOT_FOUND


class AlreadyExists(_FixedCodeError):
    """The same key was used before with other content."""

    fixed_code = grpc.StatusCode.ALREADY_EXISTS


class Aborted(_FixedCodeError):
    """Someone else changed the resource first (a stale etag); read it again and retry."""

    fixed_code = grpc.StatusCode.ABORTED


class FailedPrecondition(_FixedCodeError):
    """The request is well formed but the state does not allow it."""

    fixed_code = grpc.StatusCode.FAILED_PRECONDITION


class ResourceExhausted(_FixedCodeError):
    """A limit is reached; nothing was taken, retry later."""

    fixed_code = grpc.StatusCode.RESOURCE_EXHAUSTED


class Unavailable(_FixedCodeError):
    """The service is draining or something it needs is away; retry with backoff."""

    fixed_code = grpc.StatusCode.UNAVAILABLE


class OutOfRange(_FixedCodeError):
    """A cursor or offset is older than what is kept, or past the end."""

    fixed_code = grpc.StatusCode.OUT_OF_RANGE


class DataLoss(_FixedCodeError):
    """Stored data is damaged; it is never served silently."""

    fixed_code = grpc.StatusCode.DATA_LOSS


class PermissionDenied(_FixedCodeError):
    """The caller is known but may not do this."""

    fixed_code = grpc.StatusCode.PERMISSION_DENIED


class Unauthenticated(_FixedCodeError):
    """The caller did not prove who it is."""

    fixed_code = grpc.StatusCode.UNAUTHENTICATED


def shortened(text: str, bytes_max: int) -> str:
    """The text, cut to a number of UTF-8 bytes with a visible mark; what is no Unicode becomes a question mark."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) > bytes_max:
        return encoded[: bytes_max - 3].decode("utf-8", "ignore") + "..."
    return encoded.decode()


def trailing_details(error: ServiceError) -> tuple[tuple[str, bytes], ...]:
    """The trailing metadata that carries `google.rpc.Status` with ErrorInfo and, where given, RetryInfo."""
    info = ErrorInfo(reason=error.reason, domain=DOMAIN)
    for name, value in list(error.metadata.items())[:METADATA_ENTRIES_MAX]:
        info.metadata[name] = shortened(value, METADATA_VALUE_BYTES_MAX)
    status = status_pb2.Status(
        code=error.code.value[0], message=shortened(error.message, MESSAGE_BYTES_MAX), details=[_packed(info)]
    )
    if error.retry_after_ms is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(error.retry_after_ms)
        status.details.append(_packed(RetryInfo(retry_delay=delay)))
    return ((STATUS_DETAILS_KEY, status.SerializeToString()),)


def error_info(error: grpc.RpcError) -> ErrorInfo | None:
    """The `ErrorInfo` (reason, domain, metadata) a service attached to an RPC error; None when there is none."""
    info = ErrorInfo()
    return info if _unpack(error, info) else None


def retry_after_ms(error: grpc.RpcError) -> int | None:
    """How long the service asked the caller to wait, in milliseconds; None when it did not say."""
    retry = RetryInfo()
    return retry.retry_delay.ToMilliseconds() if _unpack(error, retry) else None


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def _unpack(error: grpc.RpcError, message: Message) -> bool:
    trailing: Iterable[tuple[str, str | bytes]] = getattr(error, "trailing_metadata", tuple)() or ()
    for key, value in trailing:
        if key == STATUS_DETAILS_KEY and isinstance(value, bytes):
            return any(detail.Unpack(message) for detail in _status(value).details)
    return False


def _status(encoded: bytes) -> status_pb2.Status:
    try:
        return status_pb2.Status.FromString(encoded)
    except DecodeError:  # a foreign server may put anything under this key; then there are no details to read
        return status_pb2.Status()
