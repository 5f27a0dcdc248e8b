import asyncio
import json

import grpc
import pytest

from case_service.case import case_id_of
from surveillance.v1 import case_pb2
from surveillance.v1.alert_pb2 import SEVERITY_CRITICAL, SEVERITY_HIGH, SEVERITY_MEDIUM
from tapewatch import alert as alerts
from tapewatch.alert import Severity
from tests.case_service.databases import rows_of
from tests.case_service.fakes import HOUR_NS, NOW_NS, Cases, alert, alert_id, later


async def test_alerts_of_one_subject_and_family_near_in_time_share_a_case(cases: Cases) -> None:
    results = await cases.record(alert("a"), later("b", 20, typology="LAYERING", rule_id="layering", accounts=("A2",)))
    assert {each.case_id for each in results} == {case_id_of(alert_id("a"))}
    case = await cases.call("GetCase", case_id="1")
    assert list(case.alert_ids) == [alert_id("a"), alert_id("b")]
    assert (list(case.accounts), list(case.owners)) == (["A1", "A2"], ["O1"])
    assert list(case.rule_ids) == ["layering", "spoofing"]
    assert (case.title, case.typology_family) == ("Order book in ACME at XTST by O1", "ORDER_BOOK")
    assert list(case.explanations) == [alert("a").explanation, alert("b").explanation]


async def test_a_case_is_open_and_due_by_its_priority(cases: Cases) -> None:
    await cases.record(alert(severity=Severity.HIGH, score=0.5))
    case = await cases.case_of(alert())
    assert (case.state, case.priority, case.due_time_ns) == (case_pb2.CASE_STATE_OPEN, 2, NOW_NS + 24 * HOUR_NS)
    assert (case.create_time_ns, case.update_time_ns) == (NOW_NS, NOW_NS)


async def test_a_graver_alert_makes_its_case_more_urgent_and_changes_its_etag(cases: Cases) -> None:
    await cases.record(alert("a"))
    before = await cases.case_of(alert("a"))
    cases.clock.advance(HOUR_NS)
    await cases.record(later("b", 5, severity=Severity.CRITICAL))
    after = await cases.case_of(alert("a"))
    assert (after.priority, after.severity, after.due_time_ns) == (1, SEVERITY_CRITICAL, NOW_NS + 4 * HOUR_NS)
    assert (after.update_time_ns, after.etag != before.etag) == (NOW_NS + HOUR_NS, True)


@pytest.mark.parametrize(
    "other",
    [
        later("b", 32),
        alert("b", owners=("O2",)),
        alert("b", instrument="OTHER"),
        alert("b", typology="WASH_SELF", rule_id="wash_self"),
    ],
    ids=["far in time", "another owner", "another instrument", "another family"],
)
async def test_an_alert_that_does_not_belong_opens_a_case_of_its_own(cases: Cases, other: alerts.Alert) -> None:
    results = await cases.record(alert("a"), other)
    assert [each.case_id for each in results] == [case_id_of(alert_id("a")), case_id_of(alert_id("b"))]


async def test_alerts_share_a_case_across_requests_and_in_any_batch_alike(cases: Cases) -> None:
    batch = [later(number, number * 25) for number in range(20)]
    together = await cases.record(*batch)
    assert len({each.case_id for each in together}) == 1
    apart = [later(f"x{number}", number * 25, owners=("O2",)) for number in range(20)]
    one_by_one = [(await cases.record(each))[0] for each in apart]
    assert len({each.case_id for each in one_by_one}) == 1


async def test_recording_again_changes_nothing(cases: Cases) -> None:
    first = await cases.record(alert("a"), later("b", 5))
    before = await cases.case_of(alert("a"))
    again = await cases.record(alert("a"), later("b", 5))
    assert [each.changed for each in first + again] == [True, True, False, False]
    assert await cases.case_of(alert("a")) == before
    assert len((await cases.call("ListAuditRecords")).records) == 2


async def test_a_later_revision_replaces_the_alert_in_its_case(cases: Cases) -> None:
    await cases.record(alert("a", closed=False))
    (result,) = await cases.record(later("a", 90, revision=2, accounts=("A9",), explanation="More of it."))
    assert (result.revision, result.changed, result.case_id) == (2, True, case_id_of(alert_id("a")))
    found = await cases.call("GetAlert", alert_id=alert_id("a"))
    assert (found.revision, found.explanation, found.closed) == (2, "More of it.", True)
    case = await cases.case_of(alert("a"))
    assert (list(case.alert_ids), list(case.accounts)) == ([alert_id("a")], ["A9"])


async def test_a_revision_that_takes_back_gravity_and_time_shrinks_its_case(cases: Cases) -> None:
    await cases.record(later("a", 10, severity=Severity.CRITICAL, score=0.95), alert("b", severity=Severity.LOW))
    await cases.record(later("a", 5, revision=2, severity=Severity.MEDIUM, score=0.2))
    case = await cases.case_of(alert("a"))
    assert (case.severity, case.score, case.priority) == (SEVERITY_MEDIUM, 0.5, 3)
    assert (case.start_time_ns, case.end_time_ns) == (alert("b").start_time_ns, later("a", 5).end_time_ns)


async def test_two_revisions_in_one_batch_leave_the_later_with_its_own_extent(cases: Cases) -> None:
    results = await cases.record(
        later("a", 50, severity=Severity.CRITICAL, accounts=("A7",)), alert("a", revision=2), alert("a", revision=1)
    )
    assert [(each.revision, each.changed) for each in results] == [(1, True), (2, True), (2, False)]
    case = await cases.case_of(alert("a"))
    assert (case.severity, case.end_time_ns, list(case.accounts)) == (SEVERITY_HIGH, alert("a").end_time_ns, ["A1"])


async def test_an_earlier_revision_that_arrives_late_is_left_out(cases: Cases) -> None:
    await cases.record(alert(revision=5))
    (result,) = await cases.record(alert(revision=4, explanation="Old."))
    assert (result.revision, result.changed) == (5, False)
    assert (await cases.call("GetAlert", alert_id=alert_id("a"))).revision == 5


async def test_the_same_revision_with_other_content_is_refused_kept_aside_and_audited_once(cases: Cases) -> None:
    await cases.record(alert())
    for _ in range(2):
        (result,) = await cases.record(alert(explanation="Something else."))
        assert (result.revision, result.changed) == (1, False)
    assert (await cases.call("GetAlert", alert_id=alert_id("a"))).explanation == alert().explanation
    records = (await cases.call("ListAuditRecords")).records
    assert [each.action for each in records] == ["OpenCase", "RefuseAlert"]
    assert records[1].reason == "the same revision is held with other content"
    kept = await asyncio.to_thread(rows_of, cases.database, "SELECT alert_id, revision FROM alert_conflicts")
    assert kept == [(alert_id("a"), 1)]
    assert (
        cases.service.metrics.get_sample_value("tapewatch_cases_alert_revisions_total", {"outcome": "conflict"}) == 2.0
    )


async def test_a_closed_case_takes_no_new_alert_but_revisions_of_its_own(cases: Cases) -> None:
    await cases.record(alert("a"))
    case = await cases.move("AssignCase", await cases.case_of(alert("a")), assignee="ann")
    await cases.move("CloseCase", case, disposition=case_pb2.DISPOSITION_NO_ACTION, reason="known")
    (joined,) = await cases.record(later("b", 1))
    assert joined.case_id == case_id_of(alert_id("b"))
    (revised,) = await cases.record(alert("a", revision=2))
    assert revised.case_id == case_id_of(alert_id("a"))
    assert (await cases.case_of(alert("a"))).state == case_pb2.CASE_STATE_CLOSED


async def test_the_history_says_which_alert_came_with_what_content(cases: Cases) -> None:
    await cases.record(alert("a"), later("b", 5), alert("a", revision=2))
    records = (await cases.call("ListAuditRecords", subject=case_id_of(alert_id("a")))).records
    assert [(each.action, each.actor) for each in records] == [
        ("OpenCase", "detection"),
        ("AddAlert", "detection"),
        ("ReviseAlert", "detection"),
    ]
    assert [json.loads(each.detail_json)["revision"] for each in records] == [1, 1, 2]
    of_alert = (await cases.call("ListAuditRecords", subject=alert_id("b"))).records
    assert [each.sequence for each in of_alert] == [2]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"score": 2.0}, "score"),
        ({"severity": 0}, "severity"),
        ({"alert_id": "x"}, "alert_id"),
        ({"revision": 0}, "revision"),
    ],
)
async def test_a_bad_alert_is_refused_by_its_place_and_nothing_of_its_batch_is_kept(
    cases: Cases, changes: dict[str, object], field: str
) -> None:
    bad = alerts.to_message(alert("b"))
    for name, value in changes.items():
        setattr(bad, name, value)
    code, reason, text = await cases.refused("RecordAlerts", alerts=[alerts.to_message(alert("a")), bad])
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ALERT")
    assert text.startswith(f"alerts[1].{field}: expected ")
    assert not (await cases.call("ListAlerts")).alerts


async def test_a_batch_above_the_limit_is_refused(cases: Cases) -> None:
    batch = [alerts.to_message(alert(number)) for number in range(1_001)]
    code, reason, _ = await cases.refused("RecordAlerts", alerts=batch)
    assert (code, reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "BATCH_TOO_LARGE")


async def test_an_alert_of_more_than_a_megabyte_is_refused(cases: Cases) -> None:
    large = alert(evidence_event_ids=tuple(f"{number:0>150}" for number in range(10_000)))
    code, reason, _ = await cases.refused("RecordAlerts", alerts=[alerts.to_message(large)])
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "ALERT_TOO_LARGE")


async def test_an_empty_batch_is_answered_empty(cases: Cases) -> None:
    assert await cases.record() == []


async def test_unsorted_lists_are_kept_sorted(cases: Cases) -> None:
    message = alerts.to_message(alert())
    message.accounts[:] = ["B", "A", "B"]
    await cases.call("RecordAlerts", alerts=[message])
    assert list((await cases.call("GetAlert", alert_id=alert_id("a"))).accounts) == ["A", "B"]


async def test_a_withdrawn_alert_stays_in_its_case_with_the_reason_and_weighs_nothing(cases: Cases) -> None:
    grave = alert("a", severity=Severity.CRITICAL, score=0.8)
    await cases.record(grave, later("b", 5, severity=Severity.MEDIUM, score=0.3))
    await cases.record(alerts.withdrawn(grave, 2, "trade t5 was busted"))
    case = await cases.case_of(alert("a"))
    assert (case.state, case.severity, case.score) == (case_pb2.CASE_STATE_OPEN, SEVERITY_MEDIUM, 0.3)
    assert list(case.alert_ids) == [alert_id("a"), alert_id("b")]
    assert case.explanations[0].startswith("Withdrawn: trade t5 was busted. It said: Cancelled 90 %")
    (stored,) = (await cases.call("ListAlerts", filter=f'alert_id = "{alert_id("a")}"')).alerts
    assert (stored.withdrawn_reason, stored.severity, stored.closed) == ("trade t5 was busted", SEVERITY_CRITICAL, True)
    records = (await cases.call("ListAuditRecords", subject=alert_id("a"))).records
    assert [(each.action, each.reason) for each in records] == [
        ("OpenCase", ""),
        ("WithdrawAlert", "trade t5 was busted"),
    ]


async def test_a_withdrawn_alert_that_stands_again_weighs_again(cases: Cases) -> None:
    taken_back = alerts.withdrawn(alert("a"), 2, "trade t5 was busted")
    await cases.record(alert("a"), taken_back, alert("a", revision=3))
    case = await cases.case_of(alert("a"))
    assert (case.severity, case.score, list(case.explanations)) == (SEVERITY_HIGH, 0.5, [alert("a").explanation])
