"""What a desk does with a case besides moving it."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from surveillance.v1 import case_pb2, case_work_pb2, detection_pb2
from tests.case_service.fakes import HOUR_NS, NOW_NS, Cases, FakeClock, acting, alert, later, running_cases

STEPS = ("Look at the cancels.", "Ask the desk.")


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> AsyncIterator[Cases]:
    files = {"directory": tmp_path / "files", "size_bytes_max": 1_000}
    async with running_cases(database, FakeClock(), attachments=files, sla={"check_seconds": 0.02}) as running:
        yield running


@pytest.fixture
async def opened(desk: Cases) -> case_pb2.Case:
    await desk.record(alert())
    return await desk.case_of(alert())


async def in_review(desk: Cases, case: case_pb2.Case) -> case_pb2.Case:
    case = await desk.move("AssignCase", case, assignee="bob")
    return await desk.move("StartReview", case)


def rule(version: str = "1.0.0", steps: tuple[str, ...] = STEPS, value: float = 1.0) -> detection_pb2.Rule:
    parameter = detection_pb2.RuleParameter(name="life_max_s", value=value)
    return detection_pb2.Rule(rule_id="spoofing", version=version, triage_steps=steps, parameters=[parameter])


async def test_a_case_is_reported_by_two_people_only(desk: Cases, opened: case_pb2.Case) -> None:
    case = await in_review(desk, opened)
    asked = {"disposition": case_pb2.DISPOSITION_REPORTED, "reason": "clear"}
    case = await desk.move("CloseCase", case, **asked)
    assert (case.state, case.disposition) == (case_pb2.CASE_STATE_IN_REVIEW, 0)
    assert (case.pending_close.proposer, case.pending_close.reason) == ("ann", "clear")
    code, reason, _ = await desk.refused("ApproveClose", **acting(case))
    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "FOUR_EYES")
    rejected = await desk.move("RejectClose", case, actor="zoe", reason="thin")
    assert not rejected.HasField("pending_close")
    proposed = await desk.move("CloseCase", rejected, **asked)
    closed = await desk.move("ApproveClose", proposed, actor="zoe", reason="agreed")
    assert (closed.state, closed.disposition) == (case_pb2.CASE_STATE_CLOSED, case_pb2.DISPOSITION_REPORTED)
    assert (closed.disposition_reason, closed.close_time_ns) == ("clear", NOW_NS)
    records = (await desk.call("ListAuditRecords", subject=case.case_id)).records
    assert [(each.action, each.actor) for each in records[3:]] == [
        ("ProposeClose", "ann"),
        ("RejectClose", "zoe"),
        ("ProposeClose", "ann"),
        ("ApproveClose", "zoe"),
    ]


async def test_tags_go_on_and_off_and_find_cases(desk: Cases, opened: case_pb2.Case) -> None:
    case = await desk.move("TagCase", opened, add=["urgent", "desk-7", "urgent"])
    case = await desk.move("TagCase", case, add=["seen"], remove=["urgent", "never-there"])
    assert list(case.tags) == ["desk-7", "seen"]
    found = await desk.call("ListCases", filter='tags:"seen" AND NOT tags:"urgent"')
    assert [each.number for each in found.cases] == [1]
    assert not (await desk.call("ListCases", filter='tags:"urgent"')).cases


async def test_the_checklist_comes_from_the_text_of_the_rule_and_keeps_what_was_said(
    desk: Cases, opened: case_pb2.Case
) -> None:
    assert not opened.checklist
    told = await desk.call("RecordRules", rules=[rule()], config_digest="d1", content_json="{}", sequence=1)
    again = await desk.call("RecordRules", rules=[rule()], config_digest="d1", content_json="{}", sequence=1)
    assert (told.recorded, again.recorded) == (1, 0)
    case = await desk.case_of(alert())
    assert [(each.text, each.done) for each in case.checklist] == [(text, False) for text in STEPS]
    case = await desk.move("AssignCase", case, assignee="bob")
    step = case.checklist[1].step_id
    case = await desk.move("CheckStep", case, step_id=step, done=True, note="they knew")
    assert [(each.done, each.actor, each.note) for each in case.checklist] == [
        (False, "", ""),
        (True, "ann", "they knew"),
    ]
    case = await desk.move("CheckStep", case, step_id=step, done=False)
    assert not case.checklist[1].done
    code, reason, text = await desk.refused("CheckStep", **acting(case), step_id="else", done=True)
    assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "STEP_NOT_FOUND")
    assert step in text


async def test_a_rules_text_is_found_as_it_was_with_a_configuration(desk: Cases) -> None:
    await desk.call("RecordRules", rules=[rule(value=1.0)], config_digest="d1", content_json='{"a":1}', sequence=1)
    await desk.call("RecordRules", rules=[rule(value=2.0)], config_digest="d2", content_json='{"a":2}', sequence=2)
    first = await desk.call("GetRuleText", rule_id="spoofing", config_digest="d1")
    assert (first.rule.parameters[0].value, first.config_json) == (1.0, '{"a":1}')
    newest = await desk.call("GetRuleText", rule_id="spoofing", rule_version="1.0.0")
    assert (newest.rule.parameters[0].value, newest.config_json) == (2.0, "")
    code, reason, _ = await desk.refused("GetRuleText", rule_id="spoofing", rule_version="9.9.9")
    assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "RULE_TEXT_NOT_FOUND")


async def test_linked_cases_both_say_so_and_a_duplicate_has_one_original(desk: Cases) -> None:
    await desk.record(*(alert(number, owners=(f"O{number}",)) for number in (1, 2, 3)))
    first, second, third = [await desk.case_of(alert(number)) for number in (1, 2, 3)]
    duplicate_of = case_work_pb2.LINK_KIND_DUPLICATE_OF
    linked = await desk.move("LinkCase", second, other_case_id="1", kind=duplicate_of, reason="the same again")
    assert [(each.number, each.kind) for each in linked.links] == [(1, duplicate_of)]
    original = await desk.call("GetCase", case_id="1")
    assert [(each.number, each.kind, each.reason) for each in original.links] == [
        (2, case_work_pb2.LINK_KIND_DUPLICATED_BY, "the same again")
    ]
    assert (original.revision, original.etag != first.etag) == (first.revision + 1, True)
    why = {"kind": duplicate_of, "reason": "circle"}
    for case, other in ((original, "2"), (third, "2"), (linked, "3")):
        code, reason, _ = await desk.refused("LinkCase", **acting(case), other_case_id=other, **why)
        assert code in {grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ALREADY_EXISTS}
        assert reason in {"ALREADY_DUPLICATE", "ALREADY_LINKED"}
    assert (await desk.refused("LinkCase", **acting(third), other_case_id="3", **why))[1] == "FIELD_INVALID"
    unlinked = await desk.move("UnlinkCase", linked, other_case_id="1", reason="no, another")
    assert not unlinked.links
    assert not (await desk.call("GetCase", case_id="1")).links


async def test_a_file_is_kept_by_its_hash_once_and_given_back_as_it_was(
    desk: Cases, opened: case_pb2.Case, tmp_path: Path
) -> None:
    content = b"<script>alert(1)</script>"
    sha256 = hashlib.sha256(content).hexdigest()
    file = {"name": "chat.html", "media_type": "text/html", "content": content}
    case = await desk.move("AttachFile", opened, **file, sha256=sha256.upper())
    (attachment,) = case.attachments
    assert (attachment.sha256, attachment.name, attachment.size_bytes) == (sha256, "chat.html", len(content))
    kept = tmp_path / "files" / sha256[:2] / sha256
    assert (kept.read_bytes(), kept.stat().st_mode & 0o777) == (content, 0o600)
    found = await desk.call("GetAttachment", case_id="1", sha256=sha256)
    assert (found.content, found.attachment) == (content, attachment)
    refused = await desk.refused("AttachFile", **acting(case), **{**file, "name": "again.html"})
    assert refused[:2] == (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_ATTACHED")
    large = await desk.refused("AttachFile", **acting(case), **{**file, "content": b"x" * 1_001})
    assert large[:2] == (grpc.StatusCode.RESOURCE_EXHAUSTED, "FILE_TOO_LARGE")
    other = await desk.refused("AttachFile", **acting(case), **{**file, "content": b"y"}, sha256=sha256)
    assert other[:2] == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    kept.write_bytes(b"changed")
    damaged = await desk.refused("GetAttachment", case_id="1", sha256=sha256)
    assert damaged[:2] == (grpc.StatusCode.DATA_LOSS, "ATTACHMENT_DAMAGED")
    assert (await desk.refused("GetAttachment", case_id="1", sha256="0" * 64))[0] == grpc.StatusCode.NOT_FOUND


async def test_a_batch_says_what_became_of_each_case_and_repeats_nothing(desk: Cases) -> None:
    await desk.record(*(alert(number, owners=(f"O{number}",)) for number in range(4)))
    seen = [await desk.case_of(alert(number)) for number in range(4)]
    versions = [case_work_pb2.CaseVersion(case_id=each.case_id, etag=each.etag) for each in seen]
    versions[1].etag = "stale"
    versions[2].case_id = "99"
    asked = {"cases": versions, "actor": "ann", "assignee": "bob", "request_id": "r1"}
    answer = await desk.call("BatchAssignCases", **asked)
    assert [each.reason for each in answer.results] == ["", "STALE_ETAG", "CASE_NOT_FOUND", ""]
    assert [each.code for each in answer.results] == [0, 10, 5, 0]
    assert answer.refused == 2
    assert await desk.call("BatchAssignCases", **asked) == answer
    assigned = await desk.call("ListCases", filter='assignee = "bob"')
    assert sorted(each.number for each in assigned.cases) == [1, 4]
    closing = [case_work_pb2.CaseVersion(case_id=each.case_id, etag=each.etag) for each in assigned.cases]
    ended = {"disposition": case_pb2.DISPOSITION_FALSE_POSITIVE, "reason": "all of a kind"}
    closed = await desk.call("BatchCloseCases", cases=closing, actor="ann", **ended)
    assert closed.refused == 0
    twice = await desk.refused("BatchAssignCases", cases=[versions[0], versions[0]], actor="ann", assignee="bob")
    assert twice[:2] == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    assert (await desk.refused("BatchCloseCases", cases=[], actor="ann", **ended))[
        0
    ] == grpc.StatusCode.INVALID_ARGUMENT


async def until_escalated(desk: Cases, number: str) -> case_pb2.Case:
    watch = desk.stub.WatchCases(case_pb2.WatchCasesRequest(cursor="0"), timeout=30)
    async for each in watch:
        if str(each.case.number) == number and each.case.state == case_pb2.CASE_STATE_ESCALATED:
            watch.cancel()
            return each.case  # type: ignore[no-any-return] # a message by reflection
    raise AssertionError("the watch ended")


async def test_a_case_ages_and_is_escalated_by_the_clock_once(desk: Cases, opened: case_pb2.Case) -> None:
    assert case_work_pb2.Ageing.Name(opened.ageing) == "AGEING_ON_TIME"
    desk.clock.advance(18 * HOUR_NS)
    soon = await desk.call("GetCase", case_id="1")
    assert (case_work_pb2.Ageing.Name(soon.ageing), soon.etag) == ("AGEING_DUE_SOON", opened.etag)
    desk.clock.advance(6 * HOUR_NS + 1)
    case = await until_escalated(desk, "1")
    assert case_work_pb2.Ageing.Name(case.ageing) == "AGEING_OVERDUE"
    assert case.state_time_ns == desk.clock()
    records = (await desk.call("ListAuditRecords", subject=case.case_id)).records
    assert [(each.action, each.actor) for each in records[1:]] == [("EscalateOverdue", "system:sla")]
    assert records[1].reason.startswith("overdue by 0 s: due at ")
    back = await desk.move("ReturnCase", case, reason="look again", assignee="bob")
    assert (back.state, back.assignee) == (case_pb2.CASE_STATE_ASSIGNED, "bob")
    assert back.due_time_ns == desk.clock() + 24 * HOUR_NS


async def test_only_what_is_asked_for_is_returned(desk: Cases, opened: case_pb2.Case) -> None:
    shown = await desk.call("GetCase", case_id="1", read_mask={"paths": ["number", "state"]})
    assert shown == case_pb2.Case(number=1, state=case_pb2.CASE_STATE_OPEN)
    listed = await desk.call("ListCases", read_mask={"paths": ["number"]})
    assert list(listed.cases) == [case_pb2.Case(number=1)]
    alerts = await desk.call("ListAlerts", read_mask={"paths": ["rule_id"]})
    assert [each.rule_id for each in alerts.alerts] == ["spoofing"]
    assert not alerts.alerts[0].alert_id
    code, reason, text = await desk.refused("GetCase", case_id="1", read_mask={"paths": ["nothing"]})
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_READ_MASK")
    assert "'nothing'" in text


async def test_an_episode_told_again_by_another_version_makes_no_second_case(
    desk: Cases, opened: case_pb2.Case
) -> None:
    case = await in_review(desk, opened)
    await desk.move("CloseCase", case, disposition=case_pb2.DISPOSITION_NO_ACTION, reason="seen")
    again = alert("again", rule_version="2.0.0")
    (result,) = await desk.record(again)
    assert result.case_id == opened.case_id
    (another,) = await desk.record(later("next", 1))
    assert another.case_id != opened.case_id
    records = (await desk.call("ListAuditRecords", subject=again.alert_id)).records
    assert alert().alert_id in records[0].detail_json
    count = desk.service.metrics.get_sample_value
    assert count("tapewatch_cases_alerts_total", {"became": "duplicate"}) == 1.0
    assert count("tapewatch_cases_alerts_total", {"became": "opened"}) == 2.0
