import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from pydantic import Field

from tapewatch.runtime import service as service_module
from tapewatch.runtime.errors import StartError, error_info
from tapewatch.runtime.service import Service, running_service
from tapewatch.runtime.settings import MetricsSettings, Section, SettingsError
from tests.tapewatch.runtime.fakes import TOY, ToySettings, call, channel_to, recording_lifespan, toy_lifespan

EOF: Any = vars(grpc.aio)["EOF"]  # missing in the stubs


def check(channel: Any, name: str) -> Any:
    return health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=name), timeout=5)


@pytest.mark.parametrize("name", ["", TOY])
async def test_health_says_serving_for_the_process_and_each_service(channel: Any, name: str) -> None:
    assert (await check(channel, name)).status == health_pb2.HealthCheckResponse.SERVING


async def test_health_of_an_unknown_service_is_not_found_and_names_the_known(channel: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await check(channel, "toy.Missing")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    assert TOY in (caught.value.details() or "")
    assert error_info(caught.value) is not None


async def test_health_lists_every_service(channel: Any) -> None:
    listed = await health_pb2_grpc.HealthStub(channel).List(health_pb2.HealthListRequest(), timeout=5)
    assert set(listed.statuses) == {"", TOY}


async def test_a_service_that_still_recovers_can_say_so_from_its_lifespan_on() -> None:
    @asynccontextmanager
    async def lifespan(service: Service, settings: ToySettings) -> AsyncIterator[None]:
        service.add_handlers(grpc.method_handlers_generic_handler(TOY, {}), TOY)
        service.health.set(TOY, health_pb2.HealthCheckResponse.NOT_SERVING)
        yield

    async with running_service("toy", ToySettings(), lifespan) as service, channel_to(service) as channel:
        assert (await check(channel, TOY)).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert (await check(channel, "")).status == health_pb2.HealthCheckResponse.SERVING
        service.health.set(TOY, health_pb2.HealthCheckResponse.SERVING)
        assert (await check(channel, TOY)).status == health_pb2.HealthCheckResponse.SERVING


async def test_reflection_lists_the_services(channel: Any) -> None:
    asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    stream = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(asked, timeout=5)
    names = {each.name async for response in stream for each in response.list_services_response.service}
    assert names == {TOY, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


@pytest.mark.parametrize(
    ("symbol", "found"),
    [
        ("grpc.health.v1.Health", True),
        ("grpc.health.v1.Health.Check", True),
        ("grpc.health.v1.Health.NoSuchMethod", False),
    ],
)
async def test_reflection_finds_services_and_their_methods_by_name(channel: Any, symbol: str, found: bool) -> None:
    asked = iter([reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol)])
    stream = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(asked, timeout=5)
    (answer,) = [response async for response in stream]
    assert answer.original_request.file_containing_symbol == symbol
    assert answer.WhichOneof("message_response") == ("file_descriptor_response" if found else "error_response")


async def test_open_streams_end_at_the_stop_without_waiting_for_the_grace() -> None:
    story: list[str] = []
    async with running_service("toy", ToySettings(), recording_lifespan(story)) as service:
        channel = channel_to(service)
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=TOY))
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        reflected = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo()
        await reflected.write(reflection_pb2.ServerReflectionRequest(list_services=""))
        await reflected.read()
        echo = channel.stream_stream(f"/{TOY}/raw_until_stopped")()
        await echo.write(b"a")
        assert await echo.read() == b"a"
        stopped_s = time.monotonic()
    assert time.monotonic() - stopped_s < service_module.DRAIN_GRACE_S / 2
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert await watch.read() is EOF
    assert await echo.read() is EOF
    assert [await call.code() for call in (watch, echo, reflected)] == [grpc.StatusCode.OK] * 3
    await channel.close()


async def test_a_stream_that_ignores_the_stop_is_cut_at_the_grace_and_closed_before_the_lifespan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service_module, "DRAIN_GRACE_S", 0.2)
    story: list[str] = []
    async with running_service("toy", ToySettings(), recording_lifespan(story)) as service:
        channel = channel_to(service)
        stream = channel.unary_stream(f"/{TOY}/held")(b"a")
        await stream.read()
        stopped_s = time.monotonic()
    assert 0.2 <= time.monotonic() - stopped_s < 2
    assert story == ["held", "lifespan"]
    assert await stream.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    await channel.close()


async def test_a_call_that_comes_while_the_service_drains_is_unavailable() -> None:
    leave = asyncio.Event()
    started: asyncio.Queue[Service] = asyncio.Queue()

    async def serve() -> None:
        async with running_service("toy", ToySettings(), toy_lifespan) as service:
            started.put_nowait(service)
            await leave.wait()

    serving = asyncio.ensure_future(serve())
    async with channel_to(await started.get()) as channel:
        held = channel.unary_stream(f"/{TOY}/held")(b"a")
        await held.read()
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=TOY))
        await watch.read()
        leave.set()
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(channel, "unary_unary", b"a", "raw")
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        assert not serving.done()
        held.cancel()
        await asyncio.wait_for(serving, service_module.DRAIN_GRACE_S / 2)


async def test_a_busy_port_is_named_with_the_way_to_change_it(toy: Service) -> None:
    busy = ToySettings(listen=f"127.0.0.1:{toy.bound_port}")
    with pytest.raises(StartError) as caught:
        async with running_service("cases", busy, toy_lifespan):
            pytest.fail("it started")
    text = str(caught.value)
    for part in (busy.listen, "in use", "cases.listen", "TAPEWATCH__CASES__LISTEN"):
        assert part in text


async def test_a_busy_port_is_named_as_the_file_names_it(toy: Service) -> None:
    class Aliased(Section):
        listen: str = Field(f"127.0.0.1:{toy.bound_port}", alias="status_listen")

    @asynccontextmanager
    async def nothing(service: Service, settings: Aliased) -> AsyncIterator[None]:
        yield

    with pytest.raises(StartError, match=r"`fix\.status_listen` in the settings or TAPEWATCH__FIX__STATUS_LISTEN"):
        async with running_service("fix", Aliased(), nothing):
            pytest.fail("it started")


async def test_a_busy_port_is_found_before_the_lifespan_touches_anything(toy: Service) -> None:
    story: list[str] = []
    with pytest.raises(StartError):
        async with running_service("toy", ToySettings(listen=f"127.0.0.1:{toy.bound_port}"), recording_lifespan(story)):
            pytest.fail("it started")
    assert story == []


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:50051", "ingest:50051"])
async def test_local_mode_refuses_to_leave_the_machine(listen: str) -> None:
    with pytest.raises(SettingsError, match=r"toy\.listen: expected a loopback address.*mtls"):
        async with running_service("toy", ToySettings(listen=listen), toy_lifespan):
            pytest.fail("it started")


async def test_local_mode_refuses_metrics_for_others() -> None:
    with pytest.raises(SettingsError, match=r"metrics\.listen: expected a loopback address"):
        async with running_service("toy", ToySettings(), toy_lifespan, metrics=MetricsSettings(listen="0.0.0.0:0")):
            pytest.fail("it started")


async def test_an_ipv6_loopback_address_works() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    async with (
        running_service("toy", ToySettings(listen="[::1]:0"), toy_lifespan) as service,
        channel_to(service) as channel,
    ):
        assert (await check(channel, "")).status == health_pb2.HealthCheckResponse.SERVING


async def test_metrics_are_served_over_http_and_the_port_is_freed() -> None:
    metrics = MetricsSettings(listen="127.0.0.1:0")
    async with running_service("toy", ToySettings(), toy_lifespan, metrics=metrics) as service:
        assert service.metrics_address is not None
        port = service.metrics_address.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
        body = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
        with pytest.raises(StartError, match=r"metrics\.listen"):
            async with running_service(
                "toy", ToySettings(), toy_lifespan, metrics=MetricsSettings(listen=f"127.0.0.1:{port}")
            ):
                pytest.fail("it started")
    assert b"200 OK" in body
    assert b"process_resident_memory_bytes" in body
    assert b"tapewatch_rpc_running" in body
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_background_task_that_fails_stops_the_service_and_is_raised() -> None:
    story: list[str] = []

    @asynccontextmanager
    async def lifespan(service: Service, settings: ToySettings) -> AsyncIterator[None]:
        async def fail() -> None:
            raise OSError("disk full")

        service.spawn(fail())
        yield
        story.append("closed")

    with pytest.raises(OSError, match="disk full"):
        async with running_service("toy", ToySettings(), lifespan) as service:
            await asyncio.wait_for(service.stop.wait(), 5)
    assert story == ["closed"]


async def test_background_tasks_end_after_the_calls_and_before_the_resources() -> None:
    story: list[str] = []

    @asynccontextmanager
    async def lifespan(service: Service, settings: ToySettings) -> AsyncIterator[None]:
        async def finish() -> None:
            await service.stop.wait()
            await asyncio.sleep(0)
            story.append("finished")

        async def cancelled() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                story.append("cancelled")

        service.spawn(finish(), at_stop="finish")
        service.spawn(cancelled())
        yield
        story.append("closed")

    async with running_service("toy", ToySettings(), lifespan):
        pass
    assert sorted(story[:2]) == ["cancelled", "finished"]
    assert story[2:] == ["closed"]


async def test_a_task_that_does_not_finish_in_time_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "DRAIN_GRACE_S", 0.05)

    @asynccontextmanager
    async def lifespan(service: Service, settings: ToySettings) -> AsyncIterator[None]:
        async def never() -> None:
            await asyncio.Event().wait()

        tasks.append(service.spawn(never(), at_stop="finish"))
        yield

    tasks: list[asyncio.Task[None]] = []
    async with running_service("toy", ToySettings(), lifespan):
        pass
    assert tasks[0].cancelled()


async def test_a_lifespan_that_does_not_close_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "LIFESPAN_EXIT_MAX_S", 0.05)

    @asynccontextmanager
    async def lifespan(service: Service, settings: ToySettings) -> AsyncIterator[None]:
        yield
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        async with running_service("toy", ToySettings(), lifespan):
            pass


async def test_a_drain_cut_short_still_bounds_the_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "LIFESPAN_EXIT_MAX_S", 0.05)
    draining = asyncio.Event()

    @asynccontextmanager
    async def lifespan(service: Service, settings: ToySettings) -> AsyncIterator[None]:
        async def never() -> None:
            await service.stop.wait()
            draining.set()
            await asyncio.Event().wait()

        service.spawn(never(), at_stop="finish")
        try:
            yield
        finally:
            await asyncio.Event().wait()

    async def serve() -> None:
        async with running_service("toy", ToySettings(), lifespan):
            pass

    serving = asyncio.ensure_future(serve())
    await draining.wait()
    serving.cancel()
    await asyncio.wait((serving,), timeout=service_module.DRAIN_GRACE_S / 2)
    assert serving.cancelled()


async def test_a_lifespan_that_fails_leaves_no_port_and_raises_its_own_error() -> None:
    ports: list[int] = []

    @asynccontextmanager
    async def lifespan(service: Service, settings: ToySettings) -> AsyncIterator[None]:
        ports.append(service.bound_port)
        if ports:
            raise StartError("the journal is locked by process 7")
        yield

    with pytest.raises(StartError, match="locked by process 7"):
        async with running_service("toy", ToySettings(), lifespan):
            pytest.fail("it started")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", ports[0]))


async def test_what_the_body_raises_comes_out_as_it_is() -> None:
    with pytest.raises(LookupError, match="mine"):
        async with running_service("toy", ToySettings(), toy_lifespan):
            raise LookupError("mine")


async def test_misuse_is_refused(toy: Service) -> None:
    with pytest.raises(RuntimeError, match="inside the lifespan"):
        toy.add_handlers(grpc.method_handlers_generic_handler("a.B", {}), "a.B")

    @asynccontextmanager
    async def twice(service: Service, settings: ToySettings) -> AsyncIterator[None]:
        for _ in range(2):
            service.add_handlers(grpc.method_handlers_generic_handler("a.B", {}), "a.B")
        yield

    with pytest.raises(RuntimeError, match="already served"):
        async with running_service("toy", ToySettings(), twice):
            pytest.fail("it started")

    class Listless(Section):
        pass

    @asynccontextmanager
    async def nothing(service: Service, settings: Listless) -> AsyncIterator[None]:
        yield

    with pytest.raises(TypeError, match="listen: str"):
        async with running_service("toy", Listless(), nothing):
            pytest.fail("it started")
