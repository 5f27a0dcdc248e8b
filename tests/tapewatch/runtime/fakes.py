"""A toy service over well-known protobuf types, and a TCP link that can be cut, for the tests of the service shell."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import grpc
from google.protobuf.wrappers_pb2 import StringValue
from pydantic import TypeAdapter

from tapewatch.runtime.channels import open_channel
from tapewatch.runtime.errors import NotFound, ServiceError
from tapewatch.runtime.roles import READ, ROLES
from tapewatch.runtime.service import Service
from tapewatch.runtime.settings import Section, SecuritySettings

TOY = "tapewatch.test.Toy"
SECRET = "/var/lib/secret-path"
TOY_ROLES = {**ROLES, f"/{TOY}/raw": READ}
TURNS_TO_CLOSE = 2_000
"""Of the event loop: a handler's closing takes longer than gRPC waits for it."""
SHAPES = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
Behaviour = Callable[[str, Any], Awaitable[str]]


class ToySettings(Section):
    """What run_service needs of a section."""

    listen: str = "127.0.0.1:0"


async def act(word: str, context: Any) -> Any:
    """Do what the word in the request says; echo it otherwise."""
    if word == "domain":
        raise NotFound("CASE_NOT_FOUND", "case 7 does not exist", case_id=7)
    if word == "long":
        fields = {f"field_{number}": "é" * 500 for number in range(40)}
        raise ServiceError(grpc.StatusCode.NOT_FOUND, "CASE_NOT_FOUND", "é" * 5_000, fields)
    if word == "bug":
        raise OSError(13, SECRET)
    if word == "pydantic":
        TypeAdapter(int).validate_python(SECRET)
    if word == "abort":
        await context.abort(grpc.StatusCode.ABORTED, "stale etag")
    if word == "unimplemented":
        raise NotImplementedError(SECRET)
    if word == "wrong type":
        return 3
    return StringValue(value=word)


class Toy:
    """One method a shape, named after it, and others that take raw bytes or wait."""

    def __init__(self, service: Service, story: list[str]) -> None:
        self._service = service
        self._story = story

    async def unary_unary(self, request: StringValue, context: Any) -> Any:
        return await act(request.value, context)

    async def unary_stream(self, request: StringValue, context: Any) -> AsyncIterator[Any]:
        yield await act(request.value, context)

    async def stream_unary(self, requests: AsyncIterator[StringValue], context: Any) -> Any:
        return [await act(request.value, context) async for request in requests][-1]

    async def stream_stream(self, requests: AsyncIterator[StringValue], context: Any) -> AsyncIterator[Any]:
        async for request in requests:
            yield await act(request.value, context)

    async def writing_stream(self, request: StringValue, context: Any) -> None:
        await context.write(await act(request.value, context))

    def synchronous(self, request: StringValue, context: Any) -> StringValue:
        if request.value == "unimplemented":
            raise NotImplementedError
        return request

    async def raw(self, request: bytes, context: Any) -> bytes:
        return request[::-1]

    async def raw_until_stopped(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        async for request in self._service.until_stopped(requests):
            yield request

    async def held(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        try:
            yield request
            await asyncio.Event().wait()
        finally:
            for _ in range(TURNS_TO_CLOSE):
                await asyncio.sleep(0)
            self._story.append("held")

    async def flood(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(1_000_000)
        finally:
            self._story.append("flood")

    def handlers(self) -> Any:
        """The generic handler that serves them."""
        typed: Any = {
            "request_deserializer": StringValue.FromString,
            "response_serializer": StringValue.SerializeToString,
        }
        methods = {
            "unary_unary": grpc.unary_unary_rpc_method_handler(self.unary_unary, **typed),
            "unary_stream": grpc.unary_stream_rpc_method_handler(self.unary_stream, **typed),
            "stream_unary": grpc.stream_unary_rpc_method_handler(self.stream_unary, **typed),
            "stream_stream": grpc.stream_stream_rpc_method_handler(self.stream_stream, **typed),
            "writing_stream": grpc.unary_stream_rpc_method_handler(self.writing_stream, **typed),
            "synchronous": grpc.unary_unary_rpc_method_handler(self.synchronous, **typed),
            "raw": grpc.unary_unary_rpc_method_handler(self.raw),
            "raw_until_stopped": grpc.stream_stream_rpc_method_handler(self.raw_until_stopped),
            "flood": grpc.unary_stream_rpc_method_handler(self.flood),
            "held": grpc.unary_stream_rpc_method_handler(self.held),
        }
        return grpc.method_handlers_generic_handler(TOY, methods)


@asynccontextmanager
async def toy_lifespan(service: Service, settings: ToySettings) -> AsyncIterator[None]:
    """The smallest lifespan."""
    service.add_handlers(Toy(service, []).handlers(), TOY)
    yield


def recording_lifespan(story: list[str]) -> Callable[[Service, ToySettings], AbstractAsyncContextManager[None]]:
    """The toy's lifespan, which notes what ends when."""

    @asynccontextmanager
    async def lifespan(service: Service, settings: ToySettings) -> AsyncIterator[None]:
        service.add_handlers(Toy(service, story).handlers(), TOY)
        yield
        story.append("lifespan")

    return lifespan


def channel_to(service: Service, security: SecuritySettings | None = None) -> Any:
    """A channel to a running service; untyped, for gRPC's stubs know little of asyncio."""
    return open_channel(str(service.address), security or SecuritySettings())


async def call(channel: Any, shape: str, request: bytes, method: str = "") -> bytes:
    """Make one call of a shape with one request, raw bytes both ways; the last response."""
    path = f"/{TOY}/{method or shape}"
    invoke = getattr(channel, shape)(path)
    if shape == "unary_unary":
        return bytes(await invoke(request, timeout=10))
    requests = _one(request) if shape.startswith("stream") else request
    if shape == "stream_unary":
        return bytes(await invoke(requests, timeout=10))
    return [bytes(response) async for response in invoke(requests, timeout=10)][-1]


async def _one(request: bytes) -> AsyncIterator[bytes]:
    yield request


class Link:
    """A TCP proxy on loopback that counts what passes and can go silent, as a cut cable does."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.chunks_from_client = 0
        self.connections = 0
        self.silent = False
        self.changed = asyncio.Event()
        self._target_port = target_port
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self, port: int = 0) -> None:
        """Begin to accept connections."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse connections and drop those there are."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def chunks(self, count: int) -> None:
        """Wait until that many more chunks came from the client."""
        wanted = self.chunks_from_client + count
        while self.chunks_from_client < wanted:
            self.changed.clear()
            await self.changed.wait()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
                try:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._pump(reader, upstream_writer, 1))
                        group.create_task(self._pump(upstream_reader, writer, 0))
                finally:
                    upstream_writer.close()
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, from_client: int) -> None:
        while chunk := await reader.read(65_536):
            self.chunks_from_client += from_client
            self.changed.set()
            if not self.silent:
                writer.write(chunk)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def linked(target_port: int) -> AsyncIterator[Link]:
    """A link to a port, closed at the end."""
    link = Link(target_port)
    await link.open()
    try:
        yield link
    finally:
        await link.close()
