"""The one error the SDK raises for a call that failed."""

from collections.abc import Mapping

import grpc

from tapewatch.client.tls_words import tls_failure
from tapewatch.runtime.errors import error_info, retry_after_ms
from tapewatch.runtime.settings import SecuritySettings

UNREACHABLE = "UNREACHABLE"
"""Reason given where nothing answered, so no service could give one."""

_PASSING_CODES = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
    }
)
_BROKEN_STREAM_MARKS = ("RST_STREAM", "Internal error from Core")
"""grpc.aio puts the second over the service's status when a write meets the end of the stream."""


class ClientError(Exception):
    """A call that failed.

    `code` is the gRPC status, `reason` the constant programs branch on (UPPER_SNAKE_CASE, empty where the service gave
    none), `message` the sentence for people, `metadata` the particulars by name, `retry_after_ms` the wait the service
    asked for.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        metadata: Mapping[str, str] | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})
        self.retry_after_ms = retry_after_ms

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed later with nothing mended by the caller."""
        return self.code in _PASSING_CODES or self.broken_stream

    @property
    def broken_stream(self) -> bool:
        """Whether gRPC itself reports a broken stream, hiding why the service ended it."""
        hidden = self.code is grpc.StatusCode.INTERNAL and not self.reason
        return hidden and any(mark in self.message for mark in _BROKEN_STREAM_MARKS)

    @classmethod
    def from_rpc(cls, error: grpc.RpcError, target: str, security: SecuritySettings | None = None) -> "ClientError":
        """The error of a call to `target`, with reason and metadata read from its `google.rpc.ErrorInfo`.

        Where no service answered, `security` helps to say whether TLS is to blame.
        """
        info = error_info(error)
        code: grpc.StatusCode = error.code()
        details: str = error.details() or code.name
        if info is not None:
            return cls(code, info.reason, details, info.metadata, retry_after_ms(error))
        if code is grpc.StatusCode.UNAVAILABLE:
            failure = tls_failure(details, security or SecuritySettings())
            if failure is not None:
                return cls(code, failure[0], f"{target}: {failure[1]}")
            return cls(code, UNREACHABLE, f"no service answers at {target} ({details.rpartition(': ')[2]})")
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return cls(code, "", f"{target} did not answer in time: {details}")
        return cls(code, "", details)
