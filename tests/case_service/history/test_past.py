"""A case as it was: folded from the history, it is what was answered at the time."""

from typing import Any

import grpc
import pytest

from surveillance.v1 import case_pb2, detection_pb2
from tapewatch import alert as alerts
from tapewatch.alert import Severity
from tests.case_service.fakes import HOUR_NS, MINUTE_NS, NOW_NS, Cases, acting, alert, later


async def lived(cases: Cases) -> list[case_pb2.Case]:
    """A case that everything was done to, as it was answered after each change; a minute passes before each."""
    rule = detection_pb2.Rule(rule_id="spoofing", version="1.0.0", triage_steps=["Look.", "Ask."])
    await cases.call("RecordRules", rules=[rule])
    watched = {"list": "insiders", "subject_kind": "SUBJECT_KIND_OWNER", "subject": "O1", "reason": "board"}
    await cases.ask("CreateWatchEntry", actor="sue", priority_raise=1, **watched)
    await cases.record(alert("other", owners=("O2",)))
    seen: list[case_pb2.Case] = []

    async def recorded(*some: alerts.Alert) -> None:
        cases.clock.advance(MINUTE_NS)
        await cases.record(*some)
        seen.append(await cases.case_of(alert("a")))

    async def moved(verb: str, **fields: Any) -> None:
        cases.clock.advance(MINUTE_NS)
        seen.append(await cases.move(verb, seen[-1], **fields))

    await recorded(alert("a", closed=False), later("b", 5, accounts=("A2",)))
    await recorded(alert("a", revision=2, severity=Severity.CRITICAL, explanation="More."))
    await moved("AssignCase", assignee="bob")
    await moved("CommentCase", text='"alert_id":"x"')
    await moved("TagCase", add=["seen", "urgent"])
    await moved("TagCase", remove=["urgent"])
    await moved("StartReview")
    await moved("CheckStep", step_id=seen[-1].checklist[0].step_id, done=True, note="yes")
    await recorded(alerts.withdrawn(later("b", 5, accounts=("A2",)), 2, "busted"))
    await moved("LinkCase", other_case_id="1", kind="LINK_KIND_RELATED", reason="same house")
    await moved("AttachFile", name="a.txt", media_type="text/plain", content=b"abc")
    await moved("EscalateCase", reason="large")
    cases.clock.advance(HOUR_NS)
    await moved("ReturnCase", reason="small", assignee="carl")
    await moved("UnlinkCase", other_case_id="1", reason="no")
    await moved("ReleaseCase", reason="ill")
    await moved("AssignCase", assignee="dora")
    await moved("StartReview")
    await moved("CloseCase", disposition="DISPOSITION_REPORTED", reason="clear")
    await moved("RejectClose", actor="zoe", reason="thin")
    await moved("CloseCase", disposition="DISPOSITION_REPORTED", reason="clearer")
    await moved("WithdrawClose", reason="wait")
    await moved("CloseCase", disposition="DISPOSITION_REPORTED", reason="now")
    await moved("ApproveClose", actor="zoe")
    await moved("ReopenCase", reason="more")
    return seen


async def test_every_past_state_is_shown_as_it_was_answered_by_revision_and_by_time(cases: Cases) -> None:
    seen = await lived(cases)
    assert [each.revision for each in seen] == list(range(1, len(seen) + 1))
    for was in seen:
        assert await cases.call("GetCase", case_id="2", revision=was.revision) == was
        assert await cases.call("GetCase", case_id="2", as_of_time_ns=was.update_time_ns) == was
    between = seen[3].update_time_ns + MINUTE_NS // 2
    shown = await cases.call("GetCase", case_id="2", as_of_time_ns=between, read_mask={"paths": ["revision"]})
    assert shown == case_pb2.Case(revision=4)
    assert (await cases.call("VerifyAudit")).intact


async def test_a_case_of_known_behaviour_and_an_escalation_by_the_clock_are_shown_too(cases: Cases) -> None:
    known = {"subject_kind": "SUBJECT_KIND_OWNER", "subject": "O1", "reason": "maker"}
    await cases.ask("CreateKnownBehaviour", actor="sue", expire_time_ns=NOW_NS + HOUR_NS, **known)
    await cases.record(alert("a"))
    first = await cases.case_of(alert("a"))
    cases.clock.advance(MINUTE_NS)
    await cases.record(alert("a", revision=2, owners=("O1", "O3")))
    second = await cases.case_of(alert("a"))
    assert await cases.call("GetCase", case_id="1", revision=1) == first
    assert await cases.call("GetCase", case_id="1", revision=2) == second


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({"revision": 99}, grpc.StatusCode.NOT_FOUND, "REVISION_NOT_FOUND"),
        ({"as_of_time_ns": 5}, grpc.StatusCode.NOT_FOUND, "REVISION_NOT_FOUND"),
        ({"revision": -1}, grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"),
        ({"revision": 1, "as_of_time_ns": NOW_NS}, grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"),
        ({"revision": 1, "case_id": "99"}, grpc.StatusCode.NOT_FOUND, "CASE_NOT_FOUND"),
    ],
)
async def test_a_past_that_never_was_is_refused(
    cases: Cases, fields: dict[str, Any], code: grpc.StatusCode, reason: str
) -> None:
    await cases.record(alert("a"))
    assert (await cases.refused("GetCase", **{"case_id": "1", **fields}))[:2] == (code, reason)


async def test_a_past_state_gives_no_etag_to_change_the_present_with(cases: Cases) -> None:
    await cases.record(alert("a"))
    await cases.move("AssignCase", await cases.case_of(alert("a")), assignee="bob")
    past = await cases.call("GetCase", case_id="1", revision=1)
    assert (await cases.refused("StartReview", **acting(past)))[0] == grpc.StatusCode.ABORTED
