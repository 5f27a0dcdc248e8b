"""What every client shares: a channel, a deadline on each call, pages followed, streams resumed."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Self, TypeVar

import grpc
import grpc.aio

from tapewatch.client.errors import ClientError
from tapewatch.client.retry import Backoff
from tapewatch.runtime.channels import open_channel
from tapewatch.runtime.security import SecuritySettings

CALL_TIMEOUT_S = 10.0
PAGE_SIZE = 500
LOCAL = SecuritySettings()
"""Loopback without certificates."""

Answer = TypeVar("Answer")


class ServiceClient:
    """A connection to one service; an async context manager, opened on entry.

    `target` is HOST:PORT; `timeout_s` is the deadline of each unary call in seconds. Every failure is a ClientError.
    """

    def __init__(self, target: str, security: SecuritySettings = LOCAL, *, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self.target = target
        self.timeout_s = timeout_s
        self._security = security
        self._channel: grpc.aio.Channel | None = None

    async def __aenter__(self) -> Self:
        self._channel = open_channel(self.target, self._security)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._channel is not None:
            await self._channel.close(None)
            self._channel = None

    @property
    def channel(self) -> grpc.aio.Channel:
        """The open channel; RuntimeError outside the `async with`."""
        if self._channel is None:
            raise RuntimeError(f"{type(self).__name__} is not open: use `async with {type(self).__name__}(...)`")
        return self._channel

    async def call(
        self, method: Callable[..., Awaitable[Answer]], request: object, timeout_s: float | None = None
    ) -> Answer:
        """One unary call with the client's deadline, or its own; raises ClientError."""
        try:
            return await method(request, timeout=timeout_s or self.timeout_s)
        except grpc.aio.AioRpcError as error:
            raise ClientError.from_rpc(error, self.target, self._security) from error

    async def call_persistently(
        self, method: Callable[..., Awaitable[Answer]], request: object, patience_s: float | None
    ) -> Answer:
        """An idempotent unary call, repeated while the failure is one that passes; None is for ever."""
        backoff = Backoff(patience_s)
        while True:
            try:
                return await self.call(method, request)
            except ClientError as error:
                await backoff.failed(error)

    async def pages(self, method: Callable[..., Awaitable[Answer]], request: Any) -> AsyncGenerator[Answer, None]:
        """The answers to a paged request, page by page to the last."""
        request.page_size = request.page_size or PAGE_SIZE
        while True:
            page: Any = await self.call(method, request)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def stream(self, call: "grpc.aio.UnaryStreamCall[Any, Answer]") -> AsyncGenerator[Answer, None]:
        """A server stream, with its failures as ClientError; cancelled when the reader leaves."""
        try:
            async for answer in call:
                yield answer
        except grpc.aio.AioRpcError as error:
            raise ClientError.from_rpc(error, self.target, self._security) from error
        finally:
            call.cancel()

    async def watch(
        self, method: "Callable[..., grpc.aio.UnaryStreamCall[Any, Any]]", request: Any, patience_s: float | None
    ) -> AsyncGenerator[Any, None]:
        """An endless watch that goes on after a break from the cursor of the last answer.

        A watch that began with the empty cursor (from now on) and broke before its first answer begins anew.
        """

        def open_stream() -> AsyncGenerator[Any, None]:
            return self.stream(method(request))

        async with aclosing(resumed(open_stream, Backoff(patience_s), ended_by_server(self.target))) as answers:
            async for answer in answers:
                request.cursor = answer.cursor
                yield answer


async def limited(answers: AsyncIterator[Answer], limit: int | None) -> list[Answer]:
    """The answers up to `limit` (None: all of them), reading no further than needed."""
    found: list[Answer] = []
    if limit is not None and limit <= 0:
        return found
    async for answer in answers:
        found.append(answer)
        if len(found) == limit:
            break
    return found


def page_size_for(limit: int | None) -> int:
    """The page size that reads up to `limit` in the fewest calls."""
    return PAGE_SIZE if limit is None else max(1, min(limit, PAGE_SIZE))


async def resumed(
    open_stream: Callable[[], AsyncGenerator[Answer, None]], backoff: Backoff, ended: ClientError
) -> AsyncGenerator[Answer, None]:
    """An endless stream out of streams that break: `open_stream` begins where the last answer left off.

    Failures that pass are waited for; a stream ended by the server counts as the failure `ended`.
    """
    while True:
        try:
            async with aclosing(open_stream()) as answers:
                async for answer in answers:
                    backoff.succeeded()
                    yield answer
            failure = ended
        except ClientError as error:
            failure = error
        await backoff.failed(failure)


def ended_by_server(target: str) -> ClientError:
    """The failure that stands for a stream the service at `target` ended in good order."""
    return ClientError(grpc.StatusCode.UNAVAILABLE, "STREAM_ENDED", f"the service at {target} ended the stream")
