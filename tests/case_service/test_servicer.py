import asyncio
from typing import Any

import grpc
import pytest

from surveillance.v1 import alert_record_pb2, case_pb2
from tapewatch.alert import Severity
from tests.case_service.fakes import (
    NOW_NS,
    SECOND_NS,
    TIMEOUT_S,
    Cases,
    acting,
    alert,
    alert_id,
    call,
    later,
    request_of,
    running_cases,
)

ASSIGN: dict[str, Any] = {"assignee": "bob"}
CLOSE: dict[str, Any] = {"disposition": case_pb2.DISPOSITION_WARNED, "reason": "sent"}


@pytest.fixture
async def opened(cases: Cases) -> case_pb2.Case:
    await cases.record(alert())
    return await cases.case_of(alert())


async def test_a_case_walks_its_whole_life_and_the_history_tells_it(cases: Cases, opened: case_pb2.Case) -> None:
    case = await cases.move("AssignCase", opened, assignee="bob")
    case = await cases.move("StartReview", case)
    case = await cases.move("CommentCase", case, text="Looks deliberate.")
    case = await cases.move("EscalateCase", case, reason="large")
    case = await cases.move("CloseCase", case, **CLOSE)
    assert (case.state, case.assignee) == (case_pb2.CASE_STATE_CLOSED, "bob")
    assert (case.disposition, case.disposition_reason) == (case_pb2.DISPOSITION_WARNED, "sent")
    case = await cases.move("ReopenCase", case, reason="new facts")
    assert (case.state, case.assignee, case.disposition) == (case_pb2.CASE_STATE_OPEN, "", 0)
    assert [(each.author, each.time_ns, each.text) for each in case.comments] == [("ann", NOW_NS, "Looks deliberate.")]
    assert await cases.call("GetCase", case_id=case.case_id) == case
    records = (await cases.call("ListAuditRecords", subject=case.case_id)).records
    assert [(each.action, each.from_state, each.to_state, each.reason) for each in records] == [
        ("OpenCase", 0, 1, ""),
        ("AssignCase", 1, 2, ""),
        ("StartReview", 2, 3, ""),
        ("CommentCase", 3, 3, ""),
        ("EscalateCase", 3, 4, "large"),
        ("CloseCase", 4, 5, "sent"),
        ("ReopenCase", 5, 1, "new facts"),
    ]
    assert {each.actor for each in records[1:]} == {"ann"}
    verified = await cases.call("VerifyAudit")
    assert (verified.records, verified.intact, verified.first_bad_sequence) == (7, True, 0)


async def test_a_reopened_case_gets_a_new_due_time(cases: Cases, opened: case_pb2.Case) -> None:
    case = await cases.move("AssignCase", opened, **ASSIGN)
    case = await cases.move("CloseCase", case, **CLOSE)
    cases.clock.advance(1_000 * SECOND_NS)
    case = await cases.move("ReopenCase", case, reason="new facts")
    assert case.due_time_ns == opened.due_time_ns + 1_000 * SECOND_NS


async def test_an_illegal_move_is_a_failed_precondition_and_changes_nothing(
    cases: Cases, opened: case_pb2.Case
) -> None:
    code, reason, text = await cases.refused("CloseCase", **acting(opened), **CLOSE)
    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ILLEGAL_TRANSITION")
    expected = "CloseCase: expected a case in ASSIGNED, IN_REVIEW, ESCALATED, found OPEN"
    assert text == f"{expected}; possible now: AssignCase, CommentCase, TagCase, LinkCase, UnlinkCase, AttachFile"
    assert await cases.case_of(alert()) == opened
    assert (await cases.call("VerifyAudit")).records == 1


async def test_a_stale_etag_is_aborted(cases: Cases, opened: case_pb2.Case) -> None:
    await cases.move("AssignCase", opened, **ASSIGN)
    code, reason, text = await cases.refused("StartReview", **acting(opened))
    assert (code, reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    assert "read it again" in text


async def test_of_two_analysts_with_one_etag_one_wins_and_the_other_is_aborted(
    cases: Cases, opened: case_pb2.Case
) -> None:
    for _ in range(10):
        case = await cases.call("GetCase", case_id=opened.case_id)
        moves = [cases.move("AssignCase", case, assignee=name, actor=name) for name in ("ann", "bob")]
        outcomes = await asyncio.gather(*moves, return_exceptions=True)
        won = [each for each in outcomes if isinstance(each, case_pb2.Case)]
        lost = [each for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
        assert [each.code() for each in lost] == [grpc.StatusCode.ABORTED]
        assert await cases.call("GetCase", case_id=opened.case_id) == won[0]
    assert (await cases.call("VerifyAudit")).records == 11


async def test_a_request_sent_twice_takes_effect_once_and_gets_the_same_answer(
    cases: Cases, opened: case_pb2.Case
) -> None:
    request = {**acting(opened), **ASSIGN, "request_id": "r1"}
    first = await cases.call("AssignCase", **request)
    await cases.move("StartReview", first)
    assert await cases.call("AssignCase", **request) == first
    assert (await cases.call("VerifyAudit")).records == 3


async def test_a_request_id_used_for_something_else_already_exists(cases: Cases, opened: case_pb2.Case) -> None:
    first = await cases.call("AssignCase", **acting(opened), **ASSIGN, request_id="r1")
    for method, fields in (("AssignCase", {**acting(opened), "assignee": "eve"}), ("StartReview", acting(first))):
        code, reason, _ = await cases.refused(method, **fields, request_id="r1")
        assert (code, reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_a_refused_request_does_not_use_up_its_id(cases: Cases, opened: case_pb2.Case) -> None:
    await cases.refused("StartReview", **acting(opened), request_id="r1")
    case = await cases.move("AssignCase", opened, **ASSIGN)
    assert (await cases.move("StartReview", case, request_id="r1")).state == case_pb2.CASE_STATE_IN_REVIEW


@pytest.mark.parametrize(
    ("method", "fields", "field"),
    [
        ("AssignCase", {}, "assignee"),
        ("CloseCase", {"reason": "x"}, "disposition"),
        ("CloseCase", {"disposition": 9, "reason": "x"}, "disposition"),
        ("EscalateCase", {}, "reason"),
        ("CommentCase", {"text": " "}, "text"),
        ("StartReview", {"actor": ""}, "actor"),
        ("StartReview", {"etag": ""}, "etag"),
    ],
)
async def test_a_missing_field_is_an_invalid_argument_that_names_it(
    cases: Cases, opened: case_pb2.Case, method: str, fields: dict[str, Any], field: str
) -> None:
    code, _, text = await cases.refused(method, **{**acting(opened), **fields})
    assert (code, field in text) == (grpc.StatusCode.INVALID_ARGUMENT, True)


@pytest.mark.parametrize("name", ["2", "0", "", "x" * 64, "9" * 30, "-1", "٣"])
async def test_an_unknown_case_is_not_found(cases: Cases, opened: case_pb2.Case, name: str) -> None:
    assert (await cases.refused("GetCase", case_id=name))[0] == grpc.StatusCode.NOT_FOUND
    if name:
        assert (await cases.refused("StartReview", case_id=name, etag="e", actor="a"))[0] == grpc.StatusCode.NOT_FOUND


async def test_a_case_is_found_by_id_and_by_number_for_reading_and_for_verbs(
    cases: Cases, opened: case_pb2.Case
) -> None:
    assert await cases.call("GetCase", case_id="1") == opened
    assert (await cases.call("AssignCase", **{**acting(opened), **ASSIGN, "case_id": "1"})).assignee == "bob"


async def test_an_unknown_alert_is_not_found(cases: Cases) -> None:
    assert (await cases.refused("GetAlert", alert_id="x"))[0] == grpc.StatusCode.NOT_FOUND


async def listed(cases: Cases, method: str, **fields: Any) -> list[Any]:
    """All items of a list, page by page."""
    items: list[Any] = []
    token = ""
    while True:
        page = await cases.call(method, page_token=token, **fields)
        items += getattr(page, next(iter(page.DESCRIPTOR.fields)).name)
        token = page.next_page_token
        if not token:
            return items


@pytest.mark.parametrize("page_size", [1, 3, 7, 100])
async def test_pages_cover_everything_once_newest_first(cases: Cases, page_size: int) -> None:
    await cases.record(*(alert(number, owners=(f"O{number}",)) for number in range(7)))
    alerts = await listed(cases, "ListAlerts", page_size=page_size)
    assert [each.alert_id for each in alerts] == [alert_id(number) for number in range(6, -1, -1)]
    found = await listed(cases, "ListCases", page_size=page_size)
    assert [each.number for each in found] == [7, 6, 5, 4, 3, 2, 1]
    audit = await listed(cases, "ListAuditRecords", page_size=page_size)
    assert [each.sequence for each in audit] == [1, 2, 3, 4, 5, 6, 7]


async def test_alerts_that_come_between_pages_do_not_shift_them(cases: Cases) -> None:
    await cases.record(*(alert(number) for number in range(4)))
    first = await cases.call("ListAlerts", page_size=2)
    await cases.record(alert("late"))
    second = await cases.call("ListAlerts", page_size=2, page_token=first.next_page_token)
    assert [each.alert_id for each in second.alerts] == [alert_id(1), alert_id(0)]
    assert not second.next_page_token


async def test_a_page_ends_early_before_it_grows_too_large(cases: Cases) -> None:
    events = tuple(f"{number:0>100}" for number in range(9_000))
    await cases.record(*(alert(number, evidence_event_ids=events) for number in range(6)))
    first = await cases.call("ListAlerts")
    assert (len(first.alerts), bool(first.next_page_token)) == (4, True)
    assert len(await listed(cases, "ListAlerts")) == 6


@pytest.mark.parametrize("method", ["ListAlerts", "ListCases", "ListAuditRecords"])
@pytest.mark.parametrize(
    ("fields", "reason"), [({"page_token": "x"}, "INVALID_PAGE_TOKEN"), ({"page_size": -1}, "INVALID_PAGE_SIZE")]
)
async def test_a_bad_page_request_is_an_invalid_argument(
    cases: Cases, method: str, fields: dict[str, Any], reason: str
) -> None:
    code, found, _ = await cases.refused(method, **fields)
    assert (code, found) == (grpc.StatusCode.INVALID_ARGUMENT, reason)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('rule_id = "spoofing" AND severity >= HIGH', [0, 2]),
        ("severity = LOW", [1]),
        ('accounts:"A2"', [1]),
        ('owners:"O2" AND severity != LOW', [2]),
        ('instrument != "ACME"', [2]),
        ("score > 0.6", [1]),
        ("closed = false", [2]),
        ('explanation:"WHAT 1 SHOWED"', [1]),
        ('explanation:"90 %"', [0, 1, 2]),
        ('explanation:"9_ %"', []),
        ('start_time_ns >= "1970-01-01T09:05:00Z"', [1]),
        ('alert_id = "nothing"', []),
    ],
)
async def test_alerts_are_filtered(cases: Cases, text: str, expected: list[int]) -> None:
    await cases.record(
        alert(0),
        later(1, 10, severity=Severity.LOW, rule_id="layering", accounts=("A2",), score=0.7),
        alert(2, owners=("O2",), instrument="OTHER", closed=False),
    )
    found = await cases.call("ListAlerts", filter=text)
    assert [each.alert_id for each in reversed(found.alerts)] == [alert_id(number) for number in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("state = OPEN", [2, 3]),
        ("state != OPEN", [1]),
        ('assignee = "bob" AND instrument = "ACME"', [1]),
        ("priority <= 1", [3]),
        ('rule_ids:"layering"', [2]),
        ('owners:"O3"', [3]),
        ('accounts:"A1" AND number < 3', [1, 2]),
        ("disposition = NONE", [1, 2, 3]),
        ('title:"by o2"', [2]),
        (f"create_time_ns = {NOW_NS}", [1, 2, 3]),
    ],
)
async def test_cases_are_filtered(cases: Cases, text: str, expected: list[int]) -> None:
    await cases.record(
        alert(1), alert(2, owners=("O2",), rule_id="layering"), alert(3, owners=("O3",), severity=Severity.CRITICAL)
    )
    await cases.move("AssignCase", await cases.case_of(alert(1)), assignee="bob")
    found = await cases.call("ListCases", filter=text)
    assert [each.number for each in reversed(found.cases)] == expected


async def test_alerts_of_a_case_are_found_by_it(cases: Cases) -> None:
    await cases.record(alert(1), alert(2, owners=("O2",)))
    case = await cases.case_of(alert(2))
    found = await cases.call("ListAlerts", filter=f'case_id = "{case.case_id}"')
    assert [each.alert_id for each in found.alerts] == [alert_id(2)]


async def test_a_bad_filter_is_an_invalid_argument_with_its_position(cases: Cases) -> None:
    code, reason, text = await cases.refused("ListCases", filter="state = OPEN XOR state = CLOSED")
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FILTER")
    assert text.startswith("filter: at character 14: expected AND, OR or the end")


async def test_watchers_get_the_past_from_zero_and_then_what_comes(cases: Cases) -> None:
    await cases.record(alert("a"))
    alerts = aiter(cases.stub.WatchAlerts(alert_record_pb2.WatchAlertsRequest(cursor="0"), timeout=TIMEOUT_S))
    changed = aiter(cases.stub.WatchCases(case_pb2.WatchCasesRequest(cursor="0"), timeout=TIMEOUT_S))
    assert (await anext(alerts)).alert.alert_id == alert_id("a")
    assert (await anext(changed)).case.alert_ids == [alert_id("a")]
    await cases.record(later("b", 5))
    assert (await anext(alerts)).alert.alert_id == alert_id("b")
    assert len((await anext(changed)).case.alert_ids) == 2
    await cases.move("AssignCase", await cases.case_of(alert("a")), assignee="bob")
    assert (await anext(changed)).case.assignee == "bob"


async def test_a_watch_resumes_behind_its_cursor_without_gap_or_repeat(cases: Cases) -> None:
    await cases.record(*(alert(number) for number in range(500)))
    seen, cursor = [], "0"
    for count in (1, 250, 249):
        stream = cases.stub.WatchAlerts(alert_record_pb2.WatchAlertsRequest(cursor=cursor), timeout=TIMEOUT_S)
        responses = aiter(stream)
        for _ in range(count):
            response = await anext(responses)
            seen.append(response.alert.alert_id)
            cursor = response.cursor
        stream.cancel()
    assert seen == [alert_id(number) for number in range(500)]


async def test_a_watch_without_cursor_begins_now(cases: Cases) -> None:
    await cases.record(alert("old"))
    call = cases.stub.WatchAlerts(alert_record_pb2.WatchAlertsRequest(), timeout=TIMEOUT_S)
    following = asyncio.ensure_future(anext(aiter(call)))
    for number in range(1_000):  # until the stream is open on the server, which nothing else tells
        await cases.record(alert(number))
        if following.done():
            break
    assert (await following).alert.alert_id != alert_id("old")
    call.cancel()


@pytest.mark.parametrize(
    ("cursor", "code"), [("x", grpc.StatusCode.INVALID_ARGUMENT), ("9", grpc.StatusCode.OUT_OF_RANGE)]
)
@pytest.mark.parametrize("method", ["WatchAlerts", "WatchCases"])
async def test_a_bad_cursor_is_refused(cases: Cases, method: str, cursor: str, code: grpc.StatusCode) -> None:
    stream = getattr(cases.stub, method)(request_of(method)(cursor=cursor), timeout=TIMEOUT_S)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(aiter(stream))
    assert caught.value.code() == code


async def test_a_watch_ends_with_unavailable_when_the_service_stops(database: Any) -> None:
    async with running_cases(database) as cases:
        await cases.record(alert())
        responses = aiter(cases.stub.WatchCases(case_pb2.WatchCasesRequest(cursor="0"), timeout=TIMEOUT_S))
        await anext(responses)
        cases.service.stop.set()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await anext(responses)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        assert "resume from the last cursor" in (caught.value.details() or "")


async def test_fifty_analysts_on_five_cases_leave_linear_histories(cases: Cases) -> None:
    await cases.record(*(alert(number, owners=(f"O{number}",)) for number in range(5)))

    async def work(analyst: int) -> int:
        won = 0
        for number in range(1, 6):
            case = await call(cases.stub, "GetCase", case_id=str(number))
            move = cases.move("CommentCase", case, actor=f"analyst{analyst}", text="seen")
            (outcome,) = await asyncio.gather(move, return_exceptions=True)
            lost = isinstance(outcome, grpc.aio.AioRpcError) and outcome.code() == grpc.StatusCode.ABORTED
            assert lost or isinstance(outcome, case_pb2.Case)
            won += not lost
        return won

    won = sum(await asyncio.gather(*(work(analyst) for analyst in range(50))))
    found = (await cases.call("ListCases")).cases
    assert sum(len(case.comments) for case in found) == won
    verified = await cases.call("VerifyAudit")
    assert (verified.records, verified.intact) == (5 + won, True)
