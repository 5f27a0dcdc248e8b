"""Known behaviour: alerts are kept, their cases open closed, and nothing beyond what was said is covered."""

from typing import Any

import grpc
import pytest

from surveillance.v1 import case_pb2, subject_pb2
from tapewatch.alert import Severity
from tests.case_service.fakes import HOUR_NS, NOW_NS, Cases, alert, later

OWNER, ACCOUNT, INSTRUMENT = (
    subject_pb2.SUBJECT_KIND_OWNER,
    subject_pb2.SUBJECT_KIND_ACCOUNT,
    subject_pb2.SUBJECT_KIND_INSTRUMENT,
)
MAKER: dict[str, Any] = {
    "actor": "sue",
    "subject_kind": OWNER,
    "subject": "O1",
    "reason": "registered market maker",
    "expire_time_ns": NOW_NS + 24 * HOUR_NS,
}


async def test_alerts_of_known_behaviour_are_kept_in_cases_that_open_closed_and_are_counted(cases: Cases) -> None:
    entry = await cases.ask("CreateKnownBehaviour", **MAKER, typologies=["order_book"], instruments=["ACME"])
    results = await cases.record(alert("a"), later("b", 5, typology="LAYERING", rule_id="layering"))
    assert len({each.case_id for each in results}) == 1
    case = await cases.case_of(alert("a"))
    assert (case.state, case.disposition) == (
        case_pb2.CASE_STATE_CLOSED,
        case_pb2.DISPOSITION_KNOWN_BEHAVIOUR,
    )
    assert (case.disposition_reason, case.known_behaviour_id) == ("registered market maker", entry.known_behaviour_id)
    assert len(case.alert_ids) == 2
    (found,) = (await cases.ask("ListKnownBehaviours")).known_behaviours
    assert (found.alerts, found.active, found.author) == (2, True, "sue")
    count = cases.service.metrics.get_sample_value
    assert count("tapewatch_cases_alerts_total", {"became": "known"}) == 2.0
    records = (await cases.call("ListAuditRecords", subject=entry.known_behaviour_id)).records
    assert [(each.action, each.actor, each.reason) for each in records] == [
        ("CreateKnownBehaviour", "sue", "registered market maker")
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"typology": "WASH_SELF", "rule_id": "wash_self"},
        {"instrument": "OTHER"},
        {"owners": ("O1", "O2")},
        {"owners": ("O2",)},
    ],
    ids=["another kind", "another instrument", "with somebody unknown", "somebody else"],
)
async def test_what_goes_beyond_an_entry_opens_a_case(cases: Cases, other: dict[str, Any]) -> None:
    await cases.ask("CreateKnownBehaviour", **MAKER, typologies=["SPOOFING"], instruments=["ACME"])
    await cases.record(alert("a"), alert("b", **other))
    assert (await cases.case_of(alert("a"))).state == case_pb2.CASE_STATE_CLOSED
    assert (await cases.case_of(alert("b"))).state == case_pb2.CASE_STATE_OPEN


async def test_several_parties_are_known_only_together_and_nobody_by_instrument(cases: Cases) -> None:
    for name in ("A1", "A2"):
        await cases.ask("CreateKnownBehaviour", **{**MAKER, "subject_kind": ACCOUNT, "subject": name})
    await cases.ask("CreateKnownBehaviour", **{**MAKER, "subject_kind": INSTRUMENT, "subject": "ACME"})
    both = alert("both", owners=(), accounts=("A1", "A2"))
    anonymous = alert("anonymous", owners=(), accounts=(), typology="WASH", rule_id="w")
    unknown = alert("unknown", owners=("O9",), accounts=("A1", "A9"))
    await cases.record(both, anonymous, unknown)
    states = [(await cases.case_of(each)).state for each in (both, anonymous, unknown)]
    assert states == [case_pb2.CASE_STATE_CLOSED, case_pb2.CASE_STATE_CLOSED, case_pb2.CASE_STATE_OPEN]


async def test_an_entry_counts_until_it_expires_or_is_ended(cases: Cases) -> None:
    await cases.ask("CreateKnownBehaviour", **MAKER)
    cases.clock.advance(24 * HOUR_NS)
    await cases.record(alert("late"))
    assert (await cases.case_of(alert("late"))).state == case_pb2.CASE_STATE_OPEN
    entry = await cases.ask("CreateKnownBehaviour", **{**MAKER, "expire_time_ns": NOW_NS + 48 * HOUR_NS})
    ending = {"known_behaviour_id": entry.known_behaviour_id, "actor": "sue", "reason": "licence gone"}
    stale = await cases.refused("EndKnownBehaviour", **ending, etag="x")
    assert stale[:2] == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    ended = await cases.ask("EndKnownBehaviour", **ending, etag=entry.etag)
    assert (ended.active, ended.ended_by, ended.end_reason) == (False, "sue", "licence gone")
    again = await cases.refused("EndKnownBehaviour", **ending, etag=ended.etag)
    assert again[:2] == (grpc.StatusCode.FAILED_PRECONDITION, "ALREADY_ENDED")
    await cases.record(alert("after", owners=("O1",), instrument="ELSE"))
    assert (await cases.case_of(alert("after"))).state == case_pb2.CASE_STATE_OPEN
    assert not (await cases.ask("ListKnownBehaviours")).known_behaviours
    assert len((await cases.ask("ListKnownBehaviours", show_ended=True)).known_behaviours) == 2


async def test_a_revision_beyond_what_is_known_opens_its_case_again(cases: Cases) -> None:
    await cases.ask("CreateKnownBehaviour", **MAKER)
    await cases.record(alert("a"))
    await cases.record(alert("a", revision=2, owners=("O1", "O2"), severity=Severity.CRITICAL))
    case = await cases.case_of(alert("a"))
    assert (case.state, case.disposition, case.known_behaviour_id) == (case_pb2.CASE_STATE_OPEN, 0, "")
    assert (case.priority, case.close_time_ns) == (1, 0)
    records = (await cases.call("ListAuditRecords", subject=case.case_id)).records
    assert [(each.action, each.from_state, each.to_state) for each in records] == [
        ("OpenCase", 0, 5),
        ("ReviseAlert", 5, 5),
        ("ReopenCase", 5, 1),
    ]


async def test_a_known_case_that_an_analyst_opens_again_is_a_case_as_any(cases: Cases) -> None:
    await cases.ask("CreateKnownBehaviour", **MAKER)
    await cases.record(alert("a"))
    case = await cases.move("ReopenCase", await cases.case_of(alert("a")), reason="not this time")
    assert (case.state, case.known_behaviour_id) == (case_pb2.CASE_STATE_OPEN, "")
    await cases.record(later("b", 1))
    assert (await cases.case_of(later("b", 1))).case_id != case.case_id


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"actor": ""}, "actor"),
        ({"subject": ""}, "subject"),
        ({"subject_kind": 0}, "subject_kind"),
        ({"expire_time_ns": 0}, "expire_time_ns"),
        ({"expire_time_ns": NOW_NS}, "expire_time_ns"),
        ({"expire_time_ns": NOW_NS + 401 * 24 * HOUR_NS}, "expire_time_ns"),
        ({"typologies": [""]}, "typologies"),
    ],
)
async def test_an_entry_without_its_reason_name_or_end_is_refused(
    cases: Cases, changes: dict[str, Any], field: str
) -> None:
    code, _, text = await cases.refused("CreateKnownBehaviour", **{**MAKER, **changes})
    assert (code, field in text) == (grpc.StatusCode.INVALID_ARGUMENT, True)


async def test_a_repeated_request_makes_one_entry_and_pages_cover_all(cases: Cases) -> None:
    first = await cases.ask("CreateKnownBehaviour", **MAKER, request_id="r1")
    assert await cases.ask("CreateKnownBehaviour", **MAKER, request_id="r1") == first
    other = await cases.refused("CreateKnownBehaviour", **{**MAKER, "subject": "O2"}, request_id="r1")
    assert other[:2] == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    for number in range(4):
        await cases.ask("CreateKnownBehaviour", **{**MAKER, "subject": f"P{number}"})
    subjects: list[str] = []
    token = ""
    while True:
        page = await cases.ask("ListKnownBehaviours", page_size=2, page_token=token)
        subjects += [each.subject for each in page.known_behaviours]
        token = page.next_page_token
        if not token:
            break
    assert subjects == ["P3", "P2", "P1", "P0", "O1"]
    of_one = await cases.ask("ListKnownBehaviours", subject="P1")
    assert [each.subject for each in of_one.known_behaviours] == ["P1"]
