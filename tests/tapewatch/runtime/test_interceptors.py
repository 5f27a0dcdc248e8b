import asyncio
import re
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from tapewatch.runtime.errors import error_info
from tapewatch.runtime.service import Service, running_service
from tests.tapewatch.runtime.fakes import (
    SECRET,
    SHAPES,
    TOY,
    ToySettings,
    call,
    channel_to,
    recording_lifespan,
    toy_lifespan,
)

MALFORMED = b"\x0a\xff"


def said(word: str) -> bytes:
    return StringValue(value=word).SerializeToString()


async def refused(channel: Any, shape: str, request: bytes, method: str = "") -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, shape, request, method)
    return caught.value


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_message_passes_through_every_call_shape(channel: Any, shape: str) -> None:
    assert await call(channel, shape, said("hello")) == said("hello")


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_domain_error_arrives_with_its_code_reason_and_metadata(channel: Any, shape: str) -> None:
    error = await refused(channel, shape, said("domain"))
    info = error_info(error)
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "case 7 does not exist")
    assert info is not None
    assert (info.reason, info.domain, dict(info.metadata)) == ("CASE_NOT_FOUND", "tapewatch", {"case_id": "7"})


async def test_the_longest_error_still_arrives_with_its_reason(channel: Any) -> None:
    error = await refused(channel, "unary_unary", said("long"))
    info = error_info(error)
    assert error.code() == grpc.StatusCode.NOT_FOUND
    assert (error.details() or "").endswith("é...")
    assert info is not None
    assert info.reason == "CASE_NOT_FOUND"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("word", ["bug", "pydantic", "wrong type"])
async def test_a_bug_reaches_the_caller_as_a_reference_only_and_the_log_in_full(
    channel: Any, shape: str, word: str
) -> None:
    with capture_logs() as logs:
        error = await refused(channel, shape, said(word))
    assert error.code() == grpc.StatusCode.INTERNAL
    reference = re.fullmatch(r"internal error, reference ([0-9a-f]{16})", error.details() or "")
    assert reference is not None
    assert SECRET not in repr(error.trailing_metadata())
    logged = next(each for each in logs if each["event"] == "call failed")
    assert (logged["reference"], logged["method"]) == (reference[1], f"/{TOY}/{shape}")
    assert isinstance(logged["exc_info"], Exception)


@pytest.mark.parametrize("shape", SHAPES)
async def test_bytes_that_are_no_message_are_an_invalid_argument(channel: Any, shape: str) -> None:
    error = await refused(channel, shape, MALFORMED)
    info = error_info(error)
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert info is not None
    assert (info.reason, info.metadata["method"]) == ("MALFORMED_MESSAGE", f"/{TOY}/{shape}")


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_handlers_own_abort_is_left_alone_and_counted(channel: Any, toy: Service, shape: str) -> None:
    error = await refused(channel, shape, said("abort"))
    assert (error.code(), error.details()) == (grpc.StatusCode.ABORTED, "stale etag")
    labels = {"method": f"/{TOY}/{shape}", "code": "ABORTED"}
    assert toy.metrics.get_sample_value("tapewatch_rpc_total", labels) == 1


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_method_not_written_yet_is_unimplemented(channel: Any, shape: str) -> None:
    error = await refused(channel, shape, said("unimplemented"))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED
    assert SECRET not in (error.details() or "")


async def test_a_generated_servicers_synchronous_default_is_unimplemented(channel: Any) -> None:
    error = await refused(channel, "unary_unary", said("unimplemented"), "synchronous")
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_a_coroutine_that_writes_to_its_context_works(channel: Any) -> None:
    assert await call(channel, "unary_stream", said("hello"), "writing_stream") == said("hello")
    error = await refused(channel, "unary_stream", said("domain"), "writing_stream")
    assert error.code() == grpc.StatusCode.NOT_FOUND


async def test_a_handler_without_serialisers_sees_the_bytes(channel: Any) -> None:
    assert await call(channel, "unary_unary", MALFORMED, "raw") == MALFORMED[::-1]


async def test_an_unknown_method_is_unimplemented_and_counted(channel: Any, toy: Service) -> None:
    error = await refused(channel, "unary_unary", b"", "nothing_here")
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED
    assert toy.metrics.get_sample_value("tapewatch_rpc_total", {"method": "unknown", "code": "UNIMPLEMENTED"}) == 1


async def test_calls_are_counted_by_code_and_timed_by_method(channel: Any, toy: Service) -> None:
    await call(channel, "unary_unary", said("hello"))
    for _ in range(2):
        await refused(channel, "unary_unary", said("domain"))
    method = f"/{TOY}/unary_unary"
    sample = toy.metrics.get_sample_value
    assert sample("tapewatch_rpc_total", {"method": method, "code": "OK"}) == 1
    assert sample("tapewatch_rpc_total", {"method": method, "code": "NOT_FOUND"}) == 2
    assert sample("tapewatch_rpc_seconds_count", {"method": method}) == 3
    assert sample("tapewatch_rpc_running") == 0
    assert b"tapewatch_rpc_seconds_bucket" in generate_latest(toy.metrics)


async def test_only_calls_without_a_deadline_are_counted_as_such(channel: Any, toy: Service) -> None:
    invoke = channel.unary_unary(f"/{TOY}/unary_unary")
    await invoke(said("hello"), timeout=10)
    await invoke(said("hello"))
    labels = {"method": f"/{TOY}/unary_unary"}
    assert toy.metrics.get_sample_value("tapewatch_rpc_without_deadline_total", labels) == 1


@pytest.mark.parametrize("method", ["held", "flood"])
async def test_a_call_the_client_cancels_closes_its_generator_at_once_and_is_counted(method: str) -> None:
    story: list[str] = []
    async with (
        running_service("toy", ToySettings(), recording_lifespan(story)) as service,
        channel_to(service) as channel,
    ):
        stream = channel.unary_stream(f"/{TOY}/{method}")(b"a")
        await stream.read()
        with capture_logs() as logs:
            stream.cancel()
            await asyncio.wait_for(service._server._calls.idle(), 5)
        assert story == [method]
        labels = {"method": f"/{TOY}/{method}", "code": "CANCELLED"}
        assert service.metrics.get_sample_value("tapewatch_rpc_total", labels) == 1
        assert [each for each in logs if each["log_level"] == "error"] == []


async def test_a_client_that_leaves_in_the_middle_of_a_write_is_no_error_of_ours(channel: Any, toy: Service) -> None:
    """gRPC fails the write before it cancels the handler in about one of seven cases."""
    with capture_logs() as logs:
        for _ in range(60):
            stream = channel.unary_stream(f"/{TOY}/flood")(b"a")
            await stream.read()
            stream.cancel()
            await asyncio.wait_for(toy._server._calls.idle(), 5)
    labels = {"method": f"/{TOY}/flood", "code": "CANCELLED"}
    assert toy.metrics.get_sample_value("tapewatch_rpc_total", labels) == 60
    assert logs == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(st.binary(max_size=40), min_size=1, max_size=20))
def test_no_bytes_make_a_method_answer_anything_but_ok_or_invalid_argument(requests: list[bytes]) -> None:
    async def codes() -> set[grpc.StatusCode]:
        found = set()
        async with (
            running_service("toy", ToySettings(), toy_lifespan) as service,
            channel_to(service) as channel,
        ):
            for request in requests:
                try:
                    await call(channel, SHAPES[len(request) % 4], request)
                except grpc.aio.AioRpcError as error:
                    found.add(error.code())
        return found

    assert asyncio.run(codes()) <= {grpc.StatusCode.INVALID_ARGUMENT}
