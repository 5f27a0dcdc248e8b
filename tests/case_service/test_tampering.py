"""Someone edits the database behind the service's back; VerifyAudit names the first bad record."""

import asyncio
from pathlib import Path

import grpc
import pytest

from tests.case_service.databases import dialect, execute
from tests.case_service.fakes import Cases, alert, alert_id, later, running_cases

EDITS = {
    "a reason edited": ("UPDATE audit_records SET reason = 'other' WHERE sequence = 4", 4),
    "an actor edited": ("UPDATE audit_records SET actor = 'eve' WHERE sequence = 6", 6),
    "a time edited": ("UPDATE audit_records SET time_ns = time_ns + 1 WHERE sequence = 1", 1),
    "the alert it is found by taken off": ("UPDATE audit_records SET alert_id = '' WHERE sequence = 2", 2),
    "a salt edited": ("UPDATE audit_records SET salt = '' WHERE sequence = 5", 5),
    "content taken away": (
        "UPDATE audit_records SET reason = '', detail = '', alert_id = '', salt = '', content_hash = hash"
        " WHERE sequence = 4",
        4,
    ),
    "one put in before the first": (
        "INSERT INTO audit_records SELECT 0, time_ns, actor, action, subject, reason, from_state, to_state, detail,"
        " previous_hash, hash, alert_id, salt, content_hash FROM audit_records WHERE sequence = 2",
        1,
    ),
    "one deleted in the middle": ("DELETE FROM audit_records WHERE sequence = 3", 3),
    "the first deleted": ("DELETE FROM audit_records WHERE sequence = 1", 1),
    "one deleted and the rest moved up": (
        "DELETE FROM audit_records WHERE sequence = 3;"
        "UPDATE audit_records SET sequence = sequence - 1 WHERE sequence > 3",
        3,
    ),
    "the tail cut": ("DELETE FROM audit_records WHERE sequence > 4", 5),
    "all deleted": ("DELETE FROM audit_records", 1),
    "two swapped": (
        "UPDATE audit_records SET sequence = 99 WHERE sequence = 2;"
        "UPDATE audit_records SET sequence = 2 WHERE sequence = 3;"
        "UPDATE audit_records SET sequence = 3 WHERE sequence = 99",
        2,
    ),
    "one put in": (
        "UPDATE audit_records SET sequence = -(sequence + 1) WHERE sequence > 2;"
        "UPDATE audit_records SET sequence = -sequence WHERE sequence < 0;"
        "INSERT INTO audit_records SELECT 3, time_ns, actor, action, subject, reason, from_state, to_state, detail,"
        " previous_hash, hash, alert_id, salt, content_hash FROM audit_records WHERE sequence = 2",
        3,
    ),
    "one appended": (
        "INSERT INTO audit_records SELECT 7, time_ns, actor, action, subject, reason, from_state, to_state, detail,"
        " previous_hash, hash, alert_id, salt, content_hash FROM audit_records WHERE sequence = 6",
        7,
    ),
}


@pytest.mark.parametrize(("script", "first_bad"), EDITS.values(), ids=EDITS.keys())
async def test_tampering_with_the_history_is_found_at_its_record(cases: Cases, script: str, first_bad: int) -> None:
    await tamper(cases, script, first_bad)


async def test_an_actor_made_bytes_in_sqlite_is_found(sqlite_database: Path) -> None:
    async with running_cases(sqlite_database) as cases:
        await tamper(cases, "UPDATE audit_records SET actor = CAST(actor AS BLOB) WHERE sequence = 2", 2)


async def tamper(cases: Cases, script: str, first_bad: int) -> None:
    await cases.record(alert("a"), later("b", 5), later("c", 10))
    case = await cases.case_of(alert("a"))
    case = await cases.move("AssignCase", case, assignee="bob")
    case = await cases.move("StartReview", case)
    await cases.move("EscalateCase", case, reason="large")
    assert (await cases.call("VerifyAudit")).intact
    await asyncio.to_thread(execute, cases.database, script)
    finding = await cases.call("VerifyAudit")
    assert (finding.intact, finding.first_bad_sequence) == (False, first_bad)
    assert finding.problem


async def test_an_alert_whose_bytes_were_changed_is_not_served(cases: Cases) -> None:
    await cases.record(alert("a"))
    flipped = {
        "sqlite": "CAST(replace(body, 'ACME', 'ACNE') AS BLOB)",
        "postgresql": "set_byte(body, 20, get_byte(body, 20) # 1)",
    }
    await asyncio.to_thread(execute, cases.database, f"UPDATE alerts SET body = {flipped[dialect(cases.database)]}")
    for method, fields in (("GetAlert", {"alert_id": alert_id("a")}), ("ListAlerts", {})):
        code, reason, _ = await cases.refused(method, **fields)
        assert (code, reason) == (grpc.StatusCode.DATA_LOSS, "ALERT_DAMAGED")
