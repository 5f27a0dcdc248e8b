from contextlib import aclosing

import grpc
import pytest

from surveillance.v1 import alert_pb2, case_pb2
from surveillance.v1.case_pb2_grpc import add_CaseServiceServicer_to_server as add
from tapewatch.client.cases import ALERTS_A_REQUEST_MAX, CaseClient
from tapewatch.client.errors import ClientError
from tests.tapewatch.client.fakes import FakeCases, serving


async def test_alerts_are_recorded_in_requests_of_a_bounded_size_and_in_order() -> None:
    service = FakeCases()
    alerts = [alert_pb2.Alert(alert_id=str(number)) for number in range(ALERTS_A_REQUEST_MAX + 1)]
    async with serving(add, service) as target, CaseClient(target) as client:
        results = await client.record_alerts(alerts)
    assert [result.alert_id for result in results] == [alert.alert_id for alert in alerts]
    assert [len(request.alerts) for request in service.requests] == [ALERTS_A_REQUEST_MAX, 1]


async def test_alerts_are_recorded_once_the_service_is_back() -> None:
    service = FakeCases()
    service.away_for = 2
    async with serving(add, service) as target, CaseClient(target) as client:
        results = await client.record_alerts([alert_pb2.Alert(alert_id="a")])
    assert (results[0].alert_id, len(service.requests)) == ("a", 3)


async def test_patience_with_an_absent_service_is_bounded() -> None:
    service = FakeCases()
    service.away_for = 1_000
    async with serving(add, service) as target, CaseClient(target) as client:
        with pytest.raises(ClientError, match="away"):
            await client.record_alerts([alert_pb2.Alert(alert_id="a")], patience_s=0.0)
    assert len(service.requests) == 1


async def test_a_watch_resumes_from_the_cursor_of_its_last_answer() -> None:
    service = FakeCases()
    async with serving(add, service) as target, CaseClient(target) as client, aclosing(client.watch_cases()) as answers:
        numbers = [(await anext(answers)).case.number for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert [request.cursor for request in service.requests[:3]] == ["", "1", "2"]


async def test_a_refused_verb_tells_code_reason_and_message() -> None:
    service = FakeCases()
    case = case_pb2.Case(case_id="1", etag="a")
    async with serving(add, service) as target, CaseClient(target) as client:
        with pytest.raises(ClientError, match="expected etag b, found a") as raised:
            await client.close_case(case, "anna", case_pb2.DISPOSITION_WARNED, "seen")
    assert (raised.value.code, raised.value.reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    sent = service.requests[0]
    assert (sent.case_id, sent.etag, sent.actor, len(sent.request_id)) == ("1", "a", "anna", 32)


async def test_a_call_that_is_not_answered_ends_at_its_deadline() -> None:
    async with serving(add, FakeCases()) as target, CaseClient(target, timeout_s=0.1) as client:
        with pytest.raises(ClientError, match="did not answer in time") as raised:
            await client.get_case("1")
    assert raised.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_client_that_was_not_opened_says_how_to_open_it() -> None:
    with pytest.raises(RuntimeError, match=r"async with CaseClient"):
        await CaseClient("127.0.0.1:1").verify_audit()
