import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc._cython import cygrpc  # type: ignore[attr-defined] # gRPC's core, missing in the stubs

from tapewatch.runtime import server as server_module
from tapewatch.runtime.channels import (
    MESSAGE_BYTES_MAX,
    Options,
    channel_options,
    open_channel,
    server_options,
)
from tapewatch.runtime.service import Service, running_service
from tapewatch.runtime.settings import SecuritySettings, SettingsError
from tests.tapewatch.runtime.fakes import TOY, Link, ToySettings, call, channel_to, linked, toy_lifespan

QUICK_KEEPALIVE = {"grpc.keepalive_time_ms": 1_000, "grpc.http2.ping_timeout_ms": 200}
"""gRPC pings once a second at most, whatever it is told."""
OFTEN = {"grpc.http2.min_ping_interval_without_data_ms": 10}
LONG_S = 8


def changed(options: Options, values: dict[str, int]) -> Options:
    """The options with other values; only names that are set already can be changed."""
    known = dict(options)
    assert set(values) <= set(known)
    return tuple({**known, **values}.items())


def quick_channel(port: int, values: dict[str, int]) -> Any:
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=changed(channel_options(), values))


def change_server(monkeypatch: pytest.MonkeyPatch, values: dict[str, int]) -> None:
    options = changed(server_options(), values)
    monkeypatch.setattr(server_module, "server_options", lambda: options)


@pytest.fixture
async def link(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Link]:
    """A link to a toy whose server has its options changed by the test's parameter."""
    change_server(monkeypatch, request.param)
    async with running_service("toy", ToySettings(), toy_lifespan) as service, linked(service.bound_port) as opened:
        yield opened


@asynccontextmanager
async def echoing(channel: Any) -> AsyncIterator[Any]:
    stream = channel.stream_stream(f"/{TOY}/raw_until_stopped")()
    await stream.write(b"a")
    assert await stream.read() == b"a"
    yield stream
    stream.cancel()


@pytest.mark.parametrize("name", sorted({name for name, _ in (*channel_options(), *server_options())}))
def test_grpcs_core_knows_every_option_by_this_name(name: str) -> None:
    core = Path(cygrpc.__file__).read_bytes()
    assert name.encode() + b"\0" in core
    assert name.encode() + b"x\0" not in core


@pytest.mark.parametrize("link", [OFTEN], indirect=True)
async def test_a_client_notices_a_peer_gone_silent(link: Link) -> None:
    async with quick_channel(link.port, QUICK_KEEPALIVE) as channel, echoing(channel) as stream:
        link.silent = True
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await asyncio.wait_for(stream.read(), LONG_S)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("link", [OFTEN], indirect=True)
async def test_pings_go_on_without_calls_and_the_server_bears_them(link: Link) -> None:
    async with quick_channel(link.port, QUICK_KEEPALIVE) as channel:
        assert await call(channel, "unary_unary", b"ab", "raw") == b"ba"
        await asyncio.wait_for(link.chunks(3), LONG_S)
        assert await call(channel, "unary_unary", b"ab", "raw") == b"ba"
    assert link.connections == 1


@pytest.mark.parametrize("link", [{}], indirect=True)
async def test_a_client_that_pings_more_often_than_allowed_is_sent_away(link: Link) -> None:
    async with quick_channel(link.port, QUICK_KEEPALIVE) as channel, echoing(channel) as stream:
        with pytest.raises(grpc.aio.AioRpcError, match="Too many pings"):
            await asyncio.wait_for(stream.read(), LONG_S)


async def test_a_server_notices_a_client_gone_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    change_server(monkeypatch, QUICK_KEEPALIVE)
    ended = asyncio.Event()

    @asynccontextmanager
    async def lifespan(service: Service, settings: ToySettings) -> AsyncIterator[None]:
        async def listening(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
            try:
                async for request in requests:
                    yield request
            finally:
                ended.set()

        methods = {"raw_until_stopped": grpc.stream_stream_rpc_method_handler(listening)}
        service.add_handlers(grpc.method_handlers_generic_handler(TOY, methods), TOY)
        yield

    async with (
        running_service("toy", ToySettings(), lifespan) as service,
        linked(service.bound_port) as cut,
        quick_channel(cut.port, {}) as channel,
        echoing(channel),
    ):
        cut.silent = True
        await asyncio.wait_for(ended.wait(), LONG_S)


@pytest.mark.parametrize("behaviour", ["closes", "hangs"])
async def test_reconnection_is_tried_again_and_again_soon(behaviour: str) -> None:
    """With gRPC's defaults six attempts take some 15 s against a peer that closes, 100 s against one that hangs."""
    attempts = asyncio.Semaphore(0)
    writers = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        attempts.release()
        if behaviour == "closes":
            writer.close()
        else:
            writers.append(writer)

    peer = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = peer.sockets[0].getsockname()[1]
    async with quick_channel(port, {"grpc.min_reconnect_backoff_ms": 200}) as channel:
        waiting = asyncio.ensure_future(channel.unary_unary("/a/b")(b"", wait_for_ready=True, timeout=30))
        async with asyncio.timeout(LONG_S):
            for _ in range(6):
                await attempts.acquire()
        waiting.cancel()
    for writer in writers:
        writer.close()
    peer.close()


async def test_messages_up_to_the_limit_pass_and_above_it_are_refused(channel: Any) -> None:
    most = bytes(MESSAGE_BYTES_MAX)
    assert len(await call(channel, "unary_unary", most, "raw")) == len(most)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, "unary_unary", most + b"x", "raw")
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_the_server_itself_refuses_a_message_above_the_limit(toy: Service) -> None:
    async with quick_channel(toy.bound_port, {"grpc.max_send_message_length": -1}) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(channel, "unary_unary", bytes(MESSAGE_BYTES_MAX + 1), "raw")
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_calls_beyond_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "CONCURRENT_CALLS_MAX", 1)
    async with (
        running_service("toy", ToySettings(), toy_lifespan) as service,
        channel_to(service) as channel,
        echoing(channel),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(channel, "unary_unary", b"ab", "raw")
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_proxy_in_the_environment_is_not_used(toy: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with channel_to(toy) as channel:
        assert await call(channel, "unary_unary", b"ab", "raw") == b"ba"


@pytest.mark.parametrize("target", ["example.org:50051", "10.0.0.7:50051", "0.0.0.0:50051"])
async def test_a_plain_channel_does_not_leave_the_machine(target: str) -> None:
    with pytest.raises(SettingsError, match=f"target {target}: expected a loopback address"):
        open_channel(target, SecuritySettings())


@pytest.mark.parametrize("target", ["50051", "localhost", "localhost:65536", "::1:50051", "dns:///host:1", "a b:1"])
async def test_a_target_that_is_no_address_is_refused(target: str) -> None:
    with pytest.raises(SettingsError, match="expected HOST:PORT"):
        open_channel(target, SecuritySettings())
