"""Changes of what detection works with, in the audit trail."""

import json
from typing import Any

import grpc
import pytest

from surveillance.v1 import change_pb2
from tests.case_service.fakes import NOW_NS, Cases, alert, running_cases


def change(name: str = "a", **fields: Any) -> change_pb2.ConfigurationChange:
    usual: dict[str, Any] = {
        "change_id": name * 64,
        "kind": "configuration",
        "sequence": 7,
        "time_ns": 5,
        "actor": "ann",
        "reason": "too many",
        "what": "spoofing: size_multiple_min 7",
        "scope": "venue XTST",
        "digest_before": "1" * 64,
        "digest_after": "2" * 64,
        "content_sha256": "3" * 64,
    }
    return change_pb2.ConfigurationChange(**{**usual, **fields})


async def test_a_change_is_a_record_of_the_chain_with_who_when_why_and_the_digests(cases: Cases) -> None:
    await cases.record(alert())
    response = await cases.call("RecordChanges", changes=[change()])
    (result,) = response.results
    listed = await cases.call("ListAuditRecords", subject="detection")
    (record,) = listed.records
    assert (result.audit_sequence, result.changed) == (record.sequence, True)
    assert (record.actor, record.action, record.reason, record.time_ns) == (
        "ann",
        "ChangeConfiguration",
        "too many",
        NOW_NS,
    )
    detail = json.loads(record.detail_json)
    assert detail["digest_before"] == "1" * 64
    assert detail["digest_after"] == "2" * 64
    assert (detail["scope"], detail["time_ns"], detail["what"]) == ("venue XTST", 5, "spoofing: size_multiple_min 7")
    assert (await cases.call("VerifyAudit")).intact


async def test_a_change_told_again_keeps_its_record_even_after_a_restart(database: str) -> None:
    async with running_cases(database) as cases:
        first = await cases.call("RecordChanges", changes=[change("a"), change("b")])
    async with running_cases(database) as cases:
        again = await cases.call("RecordChanges", changes=[change("b"), change("a"), change("c"), change("c")])
        records = (await cases.call("ListAuditRecords")).records
    assert [each.audit_sequence for each in first.results] == [1, 2]
    assert [(each.audit_sequence, each.changed) for each in again.results][:2] == [(2, False), (1, False)]
    assert again.results[2].audit_sequence == again.results[3].audit_sequence == 3
    assert len(records) == 3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"change_id": "abc"}, "changes[0].change_id: expected 64 hexadecimal digits, found 'abc'"),
        ({"kind": "else"}, "changes[0].kind: expected one of configuration"),
        ({"reason": "x" * 5000}, "changes[0].reason: expected at most 4000 characters, found 5000"),
    ],
)
async def test_what_is_no_change_is_refused_with_its_field(cases: Cases, fields: dict[str, Any], message: str) -> None:
    code, reason, text = await cases.refused("RecordChanges", changes=[change(**fields)])
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_CHANGE")
    assert message in text


async def test_more_changes_than_a_request_takes_are_refused(cases: Cases) -> None:
    code, reason, _ = await cases.refused("RecordChanges", changes=[change()] * 101)
    assert (code, reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "BATCH_TOO_LARGE")
