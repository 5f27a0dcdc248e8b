"""The one place where exceptions become gRPC statuses, and where calls are admitted and counted.

It takes the (de)serialisers away from gRPC, which would answer malformed bytes with UNKNOWN and repeat an exception's
text to the caller. Handlers are coroutines, or async generators where the response streams; a request stream is read by
iterating it. gRPC also ends that iteration when the client cancels or vanishes: the end of a request stream is never a
commit.
"""

import asyncio
import inspect
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, TypeAlias

import grpc
import grpc.aio
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tapewatch.runtime.access import Caller, calling
from tapewatch.runtime.errors import (
    MESSAGE_BYTES_MAX,
    InvalidArgument,
    ServiceError,
    Unauthenticated,
    shortened,
    trailing_details,
)
from tapewatch.runtime.guard import Guard

LATENCY_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_CODE_NAMES: dict[object, str] = {key: each.name for each in grpc.StatusCode for key in (each, each.value[0])}

_log = structlog.get_logger(__name__)
_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
_Deserialise = Callable[[bytes], Any] | None
_Serialise = Callable[[Any], bytes] | None


class CallMetrics:
    """What is counted about calls, by full method name, and how many are running."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.finished = Counter("tapewatch_rpc", "Calls finished, by code.", ["method", "code"], registry=registry)
        self.seconds = Histogram(
            "tapewatch_rpc_seconds",
            "Duration of calls; a stream counts from its first to its last message.",
            ["method"],
            registry=registry,
            buckets=LATENCY_BUCKETS_S,
        )
        self.without_deadline = Counter(
            "tapewatch_rpc_without_deadline", "Calls whose client set no deadline.", ["method"], registry=registry
        )
        self.running = Gauge("tapewatch_rpc_running", "Calls running now.", registry=registry)


class CallInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg] # generic in the stubs only
    """Wraps every handler of a server; place it first, so that it sees what the caller would see."""

    def __init__(self, registry: CollectorRegistry, guard: Guard) -> None:
        self._metrics = CallMetrics(registry)
        self._guard = guard
        self._running = 0
        self._metrics.running.set_function(lambda: self._running)
        self._idle = asyncio.Event()
        self._idle.set()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[_Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler:
        """Called by gRPC for each call; a method nobody serves stays gRPC's own UNIMPLEMENTED."""
        handler: _Handler | None = await continuation(handler_call_details)
        if handler is None:
            self._metrics.finished.labels("unknown", grpc.StatusCode.UNIMPLEMENTED.name).inc()
            return handler  # type: ignore[return-value] # gRPC takes None; the stubs do not know
        return self.wrapped(handler, handler_call_details.method)

    async def idle(self) -> None:
        """Wait until no handler runs; gRPC's stop() may return before the last `finally` has."""
        await self._idle.wait()

    def wrapped(self, handler: _Handler, method: str) -> _Handler:
        """The handler as callers see it: checked, counted, its errors mapped, its messages bytes."""
        call = _Call(handler, method, self._watched, self._guard)
        if handler.request_streaming and handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(call.stream_response, None, call.response_serialiser)
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(call.stream_response, None, call.response_serialiser)
        if handler.request_streaming:
            return grpc.stream_unary_rpc_method_handler(call.unary_response, None, None)
        return grpc.unary_unary_rpc_method_handler(call.unary_response, None, None)

    @contextmanager
    def _watched(self, method: str, context: _Context) -> Iterator["_Outcome"]:
        outcome = _Outcome()
        if context.time_remaining() is None:
            self._metrics.without_deadline.labels(method).inc()
        self._started()
        started_s = time.perf_counter()
        try:
            yield outcome
        except asyncio.CancelledError:
            outcome.code = grpc.StatusCode.CANCELLED.name
            raise
        finally:
            self._metrics.seconds.labels(method).observe(time.perf_counter() - started_s)
            self._metrics.finished.labels(method, outcome.code or _code_name(context)).inc()
            self._ended()

    def _started(self) -> None:
        self._running += 1
        self._idle.clear()

    def _ended(self) -> None:
        self._running -= 1
        if self._running == 0:
            self._idle.set()


class _Outcome:
    """The code a call ended with, when known without asking its context."""

    code: str | None = None


class _Call:
    """One handler with its callers checked, errors mapped, bytes decoded and encoded, and the call counted."""

    def __init__(self, handler: _Handler, method: str, watched: Callable[..., Any], guard: Guard) -> None:
        self._guard = guard
        self._method = method
        self._watched = watched
        self._deserialise: _Deserialise = handler.request_deserializer
        self._request_streaming: bool = handler.request_streaming
        self._behaviour = _behaviour(handler)
        self._generates = inspect.isasyncgenfunction(self._behaviour)
        self._serialise: _Serialise = handler.response_serializer
        self.response_serialiser: _Serialise = None if self._generates else handler.response_serializer
        """A coroutine that streams calls context.write itself, so gRPC must keep its serialiser."""

    async def unary_response(self, request: Any, context: _Context) -> bytes:
        with self._watched(self._method, context) as outcome:
            try:
                with calling(await self._guard.admit(self._method, context)):
                    result = self._behaviour(self._decoded(request), context)
                    response = await result if inspect.isawaitable(result) else result
                    return self._encoded(response)
            except Exception as error:
                await _answer(error, self._method, context, outcome)
                raise

    async def stream_response(self, request: Any, context: _Context) -> None:
        """Writes what the handler yields; a coroutine here closes the generator at once when the call is cancelled."""
        with self._watched(self._method, context) as outcome:
            try:
                caller = await self._guard.admit(self._method, context)
                with calling(caller):
                    await self._stream_while_proved(caller, request, context)
            except Exception as error:
                await _answer(error, self._method, context, outcome)

    async def _stream_while_proved(self, caller: Caller, request: Any, context: _Context) -> None:
        """A stream ends with the token that opened it: who was dismissed does not watch on."""
        try:
            async with asyncio.timeout(self._guard.left_s(caller)) as proved:
                await self._stream(request, context)
        except TimeoutError as error:
            if proved.expired():
                text = "token: it ended while the stream was open; get a new one and resume"
                raise Unauthenticated("TOKEN_EXPIRED", text) from error
            raise

    async def _stream(self, request: Any, context: _Context) -> None:
        result = self._behaviour(self._decoded(request), context)
        if not self._generates:
            await result
            return
        async with aclosing(result) as responses:
            async for response in responses:
                await _write(self._encoded(response), context)

    def _decoded(self, request: Any) -> Any:
        if self._deserialise is None:
            return request
        return self._decoded_stream(request) if self._request_streaming else self._message(request)

    async def _decoded_stream(self, requests: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        async for request in requests:
            yield self._message(request)

    def _message(self, encoded: bytes) -> Any:
        assert self._deserialise is not None
        try:
            return self._deserialise(encoded)
        except Exception as error:
            raise InvalidArgument(
                "MALFORMED_MESSAGE",
                f"expected the request message of {self._method}, found {len(encoded)} bytes that do not decode to it; "
                "check that client and server use the same protos",
                method=self._method,
            ) from error

    def _encoded(self, response: Any) -> bytes:
        encoded: bytes = response if self._serialise is None else self._serialise(response)
        return encoded


async def _write(encoded: bytes, context: _Context) -> None:
    try:
        await context.write(encoded)
    except grpc.aio.InternalError as error:  # gRPC found the client gone before it cancelled this task
        raise asyncio.CancelledError from error


def _behaviour(handler: _Handler) -> Callable[..., Any]:
    behaviours = (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
    found: Callable[..., Any] = next(each for each in behaviours if each is not None)
    return found


async def _answer(error: Exception, method: str, context: _Context, outcome: _Outcome) -> None:
    """End the call with the status an exception stands for; always raises."""
    if isinstance(error, grpc.aio.AbortError):  # the handler called context.abort itself
        raise error
    trailing: tuple[tuple[str, bytes], ...] = ()
    if isinstance(error, ServiceError):
        code, message, trailing = error.code, shortened(error.message, MESSAGE_BYTES_MAX), trailing_details(error)
    elif isinstance(error, NotImplementedError):
        code, message = grpc.StatusCode.UNIMPLEMENTED, f"{method} is not implemented"
    else:
        reference = uuid.uuid4().hex[:16]
        _log.error("call failed", method=method, reference=reference, exc_info=error)
        code, message = grpc.StatusCode.INTERNAL, f"internal error, reference {reference}"
    outcome.code = code.name
    await context.abort(code, message, trailing)


def _code_name(context: _Context) -> str:
    """The code a handler set (an enum member or its number), else OK."""
    return _CODE_NAMES.get(context.code(), grpc.StatusCode.OK.name)
