"""Calls of HTTP made on the service's own handlers: the same guard, errors, counts and limits as by gRPC."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, NoReturn, TypeAlias

import grpc
import grpc.aio
from google.rpc import status_pb2  # type: ignore[import-untyped] # publishes no types

from tapewatch.runtime.errors import STATUS_DETAILS_KEY

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
_WAITING_MAX = 64
"""Messages of a stream that wait for a slow reader; then the handler waits."""


class CallFailed(Exception):  # noqa: N818 # what the other side is told, not an error of ours
    """A call that ended with a status; `details` are those of google.rpc.Status, if there are any."""

    def __init__(self, code: grpc.StatusCode, message: str, trailing: tuple[tuple[str, str | bytes], ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        packed = dict(trailing).get(STATUS_DETAILS_KEY)
        self.details = status_pb2.Status.FromString(packed).details if isinstance(packed, bytes) else []


class HttpContext:
    """What a handler sees of a call that came by HTTP: its metadata, no certificate, and a deadline."""

    def __init__(self, metadata: Mapping[str, str], peer: str, timeout_s: float | None) -> None:
        self._metadata = tuple(metadata.items())
        self._peer = peer
        self._ends_s = None if timeout_s is None else asyncio.get_running_loop().time() + timeout_s
        self.written: asyncio.Queue[bytes] = asyncio.Queue(_WAITING_MAX)

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        """Headers that are passed on."""
        return self._metadata

    def auth_context(self) -> Mapping[str, list[bytes]]:
        """Nothing: by HTTP a caller proves itself by a token."""
        return {}

    def peer(self) -> str:
        """Where the call came from."""
        return self._peer

    def time_remaining(self) -> float | None:
        """Seconds left; None without a deadline."""
        return None if self._ends_s is None else max(0.0, self._ends_s - asyncio.get_running_loop().time())

    def code(self) -> grpc.StatusCode:
        """Handlers raise; none sets a code."""
        return grpc.StatusCode.OK

    async def write(self, message: bytes) -> None:
        """One message of a stream."""
        await self.written.put(message)

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: tuple[tuple[str, str | bytes], ...] = ()
    ) -> NoReturn:
        """Ends the call with a status."""
        raise CallFailed(code, details, trailing_metadata)


async def answer(handler: Handler, request: bytes, context: HttpContext) -> bytes:
    """The response of a unary method; CallFailed otherwise, also when the deadline passes."""
    try:
        async with asyncio.timeout(context.time_remaining()):
            response: bytes = await handler.unary_unary(request, context)  # type: ignore[misc,arg-type] # as gRPC calls it
            return response
    except TimeoutError as error:
        text = "the call took longer than it may; ask for less, or try again later"
        raise CallFailed(grpc.StatusCode.DEADLINE_EXCEEDED, text) from error


async def responses(handler: Handler, request: bytes, context: HttpContext) -> AsyncGenerator[bytes, None]:
    """The responses of a streaming method until it ends; CallFailed as `answer`. Close it to cancel the call."""
    behaviour: Any = handler.unary_stream  # a coroutine that writes, here
    call: asyncio.Future[None] = asyncio.ensure_future(behaviour(request, context))
    try:
        while True:
            while not context.written.empty():
                yield context.written.get_nowait()
            if call.done():
                break
            waiting: asyncio.Future[bytes] = asyncio.ensure_future(context.written.get())
            both: set[asyncio.Future[Any]] = {call, waiting}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                yield waiting.result()
            else:
                await _ended(waiting)
        call.result()
    finally:
        await _ended(call)


async def _ended(task: "asyncio.Future[Any]") -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
