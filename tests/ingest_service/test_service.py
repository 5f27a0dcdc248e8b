"""IngestService over a real channel."""

import asyncio
import json
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from surveillance.v1 import ingest_pb2
from tapewatch.market.frame import Frame
from tapewatch.market.identity import event_id
from tapewatch.runtime.errors import error_info
from tests.ingest_service.fakes import FULL_NAME, Running, event, frame_request, request, row, serving


def status_of(error: BaseException) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    assert isinstance(error, grpc.aio.AioRpcError)
    info = error_info(error)
    assert info is not None
    return error.code(), info.reason, dict(info.metadata)


async def subscribe(running: Running, from_sequence: int, end_sequence: int) -> list[ingest_pb2.SubscribeResponse]:
    found: list[ingest_pb2.SubscribeResponse] = []
    call = running.stub.Subscribe(ingest_pb2.SubscribeRequest(from_sequence=from_sequence, subscriber="test"))
    async for record in call:
        found.append(record)
        if record.first_sequence + record.row_count >= end_sequence:
            break
    call.cancel()
    return found


async def test_rows_and_frames_are_answered_in_order_with_what_became_of_them(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        answers = await running.publish(
            request("first", [row(1), row(2)]),
            frame_request("second", [row(2), row(3), row(3)]),
            request("third", [row(4, quantity=-1.0), row(5)]),
        )
        assert [answer.batch_id for answer in answers] == ["first", "second", "third"]
        counts = [(each.journalled, each.duplicates, len(each.rejected)) for each in answers]
        assert counts == [(2, 0, 0), (1, 2, 0), (1, 0, 1)]
        assert answers[-1].durable_sequence == 4
        rejection = answers[2].rejected[0]
        assert (rejection.row, rejection.field, rejection.reason) == (0, "quantity", "NEGATIVE_QUANTITY")
        assert "found -1.0" in rejection.message
        source = await running.stub.GetSource(ingest_pb2.GetSourceRequest(source="feed"))
        assert (source.received, source.journalled, source.rejected, source.duplicate) == (7, 4, 1, 2)
        assert (source.last_source_sequence, source.missing) == (5, 0)
        assert dict(source.rejected_by_reason) == {"NEGATIVE_QUANTITY": 1}


async def test_a_row_without_identity_ends_the_stream_after_the_batches_before_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        call = running.stub.Publish()
        await call.write(request("good", [row(1)]))
        await call.write(request("bad", [row(2), row(0)]))
        assert (await call.read()).journalled == 1
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        code, reason, metadata = status_of(caught.value)
        assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "NO_IDENTITY")
        assert metadata == {
            "batch_id": "bad",
            "row": "1",
            "field": "source_sequence",
            "last_durable_batch_id": "good",
        }
        assert "batch 'bad', row 1, source_sequence: expected an event_key" in (caught.value.details() or "")
        status = await running.stub.GetIngestStatus(ingest_pb2.GetIngestStatusRequest())
        assert status.durable_sequence == 1


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (ingest_pb2.PublishRequest(batch_id="b"), "EMPTY_BATCH"),
        (ingest_pb2.PublishRequest(batch_id="b", frame=b"nonsense"), "BAD_BATCH"),
        (ingest_pb2.PublishRequest(batch_id="b", frame=b"x", events=[event(row(1))]), "ROWS_AND_FRAME"),
        (ingest_pb2.PublishRequest(batch_id="b", end_of_source=True), "MISSING_SOURCE"),
        (ingest_pb2.PublishRequest(batch_id="b", start_of_source=True), "MISSING_SOURCE"),
        (ingest_pb2.PublishRequest(source="s", start_of_source=True, end_of_source=True), "END_AND_START"),
        (ingest_pb2.PublishRequest(batch_id="b" * 300, events=[event(row(1))]), "BAD_BATCH_ID"),
        (request("b", [row(1, source=None)]), "NO_IDENTITY"),
        (request("b", [row(1, source="s" * 600)]), "NO_IDENTITY"),
        (request("b", [row(-5)]), "NO_IDENTITY"),
    ],
)
async def test_a_batch_that_can_not_be_taken_is_invalid(
    tmp_path: Path, message: ingest_pb2.PublishRequest, reason: str
) -> None:
    async with serving(tmp_path) as running:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await running.publish(message)
        code, found, metadata = status_of(caught.value)
        assert (code, found) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
        assert metadata["batch_id"] == message.batch_id[:64]


async def test_an_unknown_extension_column_is_named_with_the_nearest_known_one(tmp_path: Path) -> None:
    message = request("b", [row(1)])
    message.events[0].extensions["acount"] = "A"
    async with serving(tmp_path) as running:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await running.publish(message)
        assert "did you mean 'account'?" in (caught.value.details() or "")


async def test_bytes_that_are_no_request_are_invalid(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        raw: Any = running.channel.stream_stream
        call = raw(f"/{FULL_NAME}/Publish")(iter([b"\xff\xff\xff"]))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert status_of(caught.value)[:2] == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_MESSAGE")


async def test_a_subscriber_sees_what_was_journalled_and_then_live(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        await running.publish(request("a", [row(1), row(2)]))
        reading = asyncio.create_task(subscribe(running, 0, 4))
        end = ingest_pb2.PublishRequest(batch_id="c", end_of_source=True, source="feed")
        await running.publish(request("b", [row(3)]), end, end)
        first, second, mark = await reading
        assert [each["order_id"] for each in Frame.decode(first.payload).rows()] == ["order-1", "order-2"]
        assert (second.kind, second.first_sequence, second.row_count) == (ingest_pb2.RECORD_KIND_EVENTS, 2, 1)
        assert second.ingest_time_ns > 0
        content = json.loads(mark.payload)
        assert mark.kind == ingest_pb2.RECORD_KIND_MARK
        assert (content["mark"], content["source"], content["venues"]) == ("end_of_source", "feed", ["XTST"])
        status = await running.stub.GetIngestStatus(ingest_pb2.GetIngestStatusRequest())
        assert status.next_sequence == 4, "an end announced twice is journalled once"


async def test_a_subscriber_goes_on_from_its_offset_without_a_gap(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        for number in range(1, 20):
            await running.publish(request("a", [row(number)]))
        first = await subscribe(running, 0, 7)
        rest = await subscribe(running, first[-1].first_sequence + first[-1].row_count, 19)
        assert [record.first_sequence for record in first + rest] == list(range(19))


async def test_a_position_outside_the_journal_is_out_of_range(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await subscribe(running, 5, 6)
        code, reason, metadata = status_of(caught.value)
        assert (code, reason) == (grpc.StatusCode.OUT_OF_RANGE, "AFTER_END")
        assert metadata == {"first_sequence": "0", "next_sequence": "0"}


async def test_poison_rows_are_quarantined_while_the_others_pass(tmp_path: Path) -> None:
    poison = [
        row(1, quantity=float("nan")),
        row(2, quantity=-5.0),
        row(3, event_time_ns=-62_135_596_800_000_000_000 // 10**3),
        row(4, event_time_ns=-(2**63)),
        row(5, price=float("inf")),
        row(6, source_part=-1),
        row(7, venue=None),
    ]
    good = [row(number) for number in range(8, 18)]
    async with serving(tmp_path) as running:
        (answer,) = await running.publish(request("mixed", poison + good))
        assert answer.journalled == 10
        assert [rejection.row for rejection in answer.rejected] == list(range(7))
        listed = await running.stub.ListQuarantine(ingest_pb2.ListQuarantineRequest(source="feed"))
        assert [each.quarantine_id for each in listed.rows] == [each.quarantine_id for each in answer.rejected]
        assert [each.reason for each in listed.rows] == [
            "MISSING",
            "NEGATIVE_QUANTITY",
            "TIME_OUT_OF_RANGE",
            "TIME_OUT_OF_RANGE",
            "NOT_FINITE",
            "OUT_OF_RANGE",
            "MISSING",
        ]
        assert json.loads(listed.rows[4].row_json)["price"] == "Infinity"


async def test_a_bad_row_sent_again_is_not_quarantined_twice(tmp_path: Path) -> None:
    batch = request("again", [row(1), row(2, quantity=-1.0)])
    async with serving(tmp_path) as running:
        first, second = await running.publish(batch, batch)
        assert first.rejected == second.rejected
        assert (second.journalled, second.duplicates) == (0, 1)
        source = await running.stub.GetSource(ingest_pb2.GetSourceRequest(source="feed"))
        assert (source.received, source.journalled, source.rejected, source.duplicate) == (4, 1, 1, 2)


async def test_a_corrected_row_replaces_a_quarantined_one_and_survives_a_restart(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        (answer,) = await running.publish(request("bad", [row(1, quantity=-1.0)]))
        row_id = answer.rejected[0].quarantine_id
        replay = ingest_pb2.ReplayQuarantineRequest(quarantine_id=row_id, event=event(row(1, quantity=-2.0)))
        still_bad = await running.stub.ReplayQuarantine(replay)
        assert len(still_bad.result.rejected) == 1
        replay.event.quantity = 2.0
        done = await running.stub.ReplayQuarantine(replay)
        assert done.result.journalled == 1
    async with serving(tmp_path) as running:
        listed = await running.stub.ListQuarantine(ingest_pb2.ListQuarantineRequest())
        assert [each.replayed for each in listed.rows] == [True]
        again = await running.stub.ReplayQuarantine(replay)
        assert (again.result.journalled, again.result.duplicates) == (0, 1)
        replay.quarantine_id = "77"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await running.stub.ReplayQuarantine(replay)
        assert status_of(caught.value)[0] == grpc.StatusCode.NOT_FOUND


async def test_lists_are_paged_by_token(tmp_path: Path) -> None:
    rows = [row(1, source=f"source-{number}", quantity=-1.0) for number in range(5)]
    async with serving(tmp_path) as running:
        await running.publish(request("many", rows))
        sources: list[str] = []
        refused: list[str] = []
        page = ingest_pb2.ListSourcesRequest(page_size=2)
        rest = ingest_pb2.ListQuarantineRequest(page_size=2)
        for _ in range(3):
            answer = await running.stub.ListSources(page)
            sources += [each.source for each in answer.sources]
            page.page_token = answer.next_page_token
            found = await running.stub.ListQuarantine(rest)
            refused += [each.source for each in found.rows]
            rest.page_token = found.next_page_token
        assert sources == refused == [f"source-{number}" for number in range(5)]
        assert page.page_token == rest.page_token == ""


async def test_a_control_record_is_journalled_once_a_request_id_even_after_a_restart(tmp_path: Path) -> None:
    control = ingest_pb2.PublishControlRequest(
        kind=ingest_pb2.CONTROL_KIND_CONFIGURATION, content=b'{"rules": {"spoofing": {"ratio": 0.90}}}', request_id="r1"
    )
    async with serving(tmp_path) as running:
        assert (await running.stub.PublishControl(control)).sequence == 0
        assert (await running.stub.PublishControl(control)).sequence == 0
        (record,) = await subscribe(running, 0, 1)
        assert record.kind == ingest_pb2.RECORD_KIND_CONTROL
        assert json.loads(record.payload) == {
            "control": "CONFIGURATION",
            "request_id": "r1",
            "content": {"rules": {"spoofing": {"ratio": 0.9}}},
        }
        assert control.content in record.payload, "the content's own text is kept"
    async with serving(tmp_path) as running:
        assert (await running.stub.PublishControl(control)).sequence == 0
        control.content = b"{}"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await running.stub.PublishControl(control)
        assert status_of(caught.value)[0] == grpc.StatusCode.ALREADY_EXISTS


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": 0}, "BAD_CONTROL_KIND"),
        ({"content": b"{"}, "NOT_JSON"),
        ({"content": b"\xff"}, "NOT_JSON"),
        ({"content": b"NaN"}, "NOT_JSON"),
        ({"request_id": ""}, "BAD_REQUEST_ID"),
    ],
)
async def test_a_bad_control_record_is_refused(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    values = {"kind": 1, "content": b"{}", "request_id": "r"} | changes
    async with serving(tmp_path) as running:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await running.stub.PublishControl(ingest_pb2.PublishControlRequest(**values))  # type: ignore[arg-type]  # chosen by the case
        assert status_of(caught.value)[:2] == (grpc.StatusCode.INVALID_ARGUMENT, reason)


async def test_events_are_streamed_with_their_ids_and_filtered(tmp_path: Path) -> None:
    rows = [
        row(number, instrument="AB"[number % 2], x_desk="d", event_key="" if number < 5 else f"k{number}")
        for number in range(1, 9)
    ]
    async with serving(tmp_path) as running:
        await running.publish(request("a", rows))
        wanted = ingest_pb2.StreamEventsRequest(from_sequence=1, instrument="B", limit=3)
        found = [response async for response in running.stub.StreamEvents(wanted)]
        assert [response.sequence for response in found] == [2, 4, 6]
        assert [response.event for response in found] == [event(rows[at]) for at in (2, 4, 6)]
        assert found[0].event_id == event_id("feed", 0, 3, 0)
        assert found[1].event_id == event_id("feed", 0, 5, 0, "k5")


async def test_stopping_answers_what_was_taken_and_then_says_unavailable(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        call = running.stub.Publish()
        await call.write(request("one", [row(1)]))
        assert (await call.read()).batch_id == "one"
        subscription = running.stub.Subscribe(ingest_pb2.SubscribeRequest(subscriber="s"))
        assert (await subscription.read()).row_count == 1
        running.service.stop.set()
        for stream in (call, subscription):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stream.read()
            assert status_of(caught.value)[:2] == (grpc.StatusCode.UNAVAILABLE, "DRAINING")


async def test_the_status_names_the_subscribers_and_where_they_are(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        await running.publish(request("one", [row(1)]))
        subscription = running.stub.Subscribe(ingest_pb2.SubscribeRequest(subscriber="detection"))
        await subscription.read()
        status = await running.stub.GetIngestStatus(ingest_pb2.GetIngestStatusRequest())
        assert set(status.subscribers) == {"detection"}
        assert (status.first_sequence, status.next_sequence, status.segments) == (0, 1, 1)
        assert status.journal_bytes > 0
        subscription.cancel()


async def test_reflection_lists_the_service(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        stub = reflection_pb2_grpc.ServerReflectionStub(running.channel)
        ask = reflection_pb2.ServerReflectionRequest(list_services="", file_containing_symbol=FULL_NAME)
        async for answer in stub.ServerReflectionInfo(iter([ask])):
            assert answer.file_descriptor_response.file_descriptor_proto
            break
        ask = reflection_pb2.ServerReflectionRequest(list_services="")
        async for answer in stub.ServerReflectionInfo(iter([ask])):
            assert FULL_NAME in [each.name for each in answer.list_services_response.service]
            break


async def test_the_metrics_count_rows_by_what_became_of_them(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        await running.publish(request("a", [row(1), row(1), row(2, quantity=-1.0), row(3)]))
        read = running.service.metrics.get_sample_value
        counted = [
            read("tapewatch_ingest_rows_total", {"outcome": outcome})
            for outcome in ("journalled", "rejected", "duplicate")
        ]
        assert counted == [2, 1, 1]
        assert read("tapewatch_ingest_durable_sequence") == 2
