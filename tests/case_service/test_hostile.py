"""Arbitrary and damaged bytes on every method: a precise refusal or an answer, never a crash."""

import os
import random
from typing import Any

import grpc
import pytest

from surveillance.v1 import case_pb2, subject_pb2
from tapewatch import alert as alerts
from tapewatch.runtime.channels import open_channel
from tapewatch.runtime.settings import SecuritySettings
from tests.case_service.fakes import NOW_NS, TIMEOUT_S, Cases, alert, alert_id, request_of

SEED = int(os.environ.get("TAPEWATCH_SEED", "20260302"))
TRIES = 60
SERVICES = {"CaseService": case_pb2, "SubjectService": subject_pb2}
METHODS = [method for name, module in SERVICES.items() for method in module.DESCRIPTOR.services_by_name[name].methods]
UNARY = {method.name: method.containing_service.full_name for method in METHODS if not method.server_streaming}
EXPECTED = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.FAILED_PRECONDITION,
}
SOON_NS = NOW_NS + 1_000_000_000
FIELDS: dict[str, dict[str, Any]] = {
    "RecordAlerts": {"alerts": [alerts.to_message(alert("b"))]},
    "ListAlerts": {"filter": 'severity >= HIGH AND accounts:"A1"', "page_size": 3},
    "GetAlert": {"alert_id": alert_id("a")},
    "ListCases": {"filter": "state = OPEN", "page_size": 3},
    "CloseCase": {"case_id": "1", "etag": "e", "actor": "ann", "reason": "r", "disposition": 1},
    "AttachFile": {"case_id": "1", "etag": "e", "actor": "ann", "name": "a.txt", "content": b"abc"},
    "TagCase": {"case_id": "1", "etag": "e", "actor": "ann", "add": ["seen"]},
    "BatchAssignCases": {"cases": [{"case_id": "1", "etag": "e"}], "actor": "ann", "assignee": "bob"},
    "RecordRules": {
        "rules": [{"rule_id": "spoofing", "version": "1", "triage_steps": ["Look."]}],
        "config_digest": "d",
    },
    "CreateKnownBehaviour": {
        "actor": "a",
        "subject": "O1",
        "subject_kind": 2,
        "reason": "r",
        "expire_time_ns": SOON_NS,
    },
    "CreateWatchEntry": {"actor": "a", "list": "l", "subject": "O1", "subject_kind": 2, "reason": "r"},
    "ListAuditRecords": {"subject": alert_id("a"), "page_size": 2},
}


def well_formed(method: str) -> bytes:
    verb = {"case_id": "1", "etag": "e", "actor": "ann"}
    request = request_of(method)
    known = {each.name for each in request.DESCRIPTOR.fields}
    fields = FIELDS.get(method, {name: value for name, value in verb.items() if name in known})
    encoded: bytes = request(**fields).SerializeToString()
    return encoded


def damaged(chance: random.Random, encoded: bytes) -> bytes:
    """Noise, or the request with some bytes exchanged, or cut."""
    if chance.random() < 0.3 or not encoded:
        return chance.randbytes(chance.randrange(60))
    changed = bytearray(encoded)
    for _ in range(chance.randrange(1, 4)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed[: chance.randrange(1, len(changed) + 1)] if chance.random() < 0.3 else changed)


@pytest.mark.parametrize("method", UNARY)
async def test_damaged_requests_are_refused_precisely_and_break_nothing(cases: Cases, method: str) -> None:
    print(f"seed {SEED} (TAPEWATCH_SEED)")
    chance = random.Random(f"{SEED}/{method}")
    await cases.record(alert("a"))
    async with open_channel(f"127.0.0.1:{cases.service.bound_port}", SecuritySettings()) as channel:
        call = channel.unary_unary(f"/{UNARY[method]}/{method}", request_serializer=None, response_deserializer=None)
        for _ in range(TRIES):
            sent = damaged(chance, well_formed(method))
            assert await code_of(call(sent, timeout=TIMEOUT_S)) in EXPECTED, f"sent {sent!r}"
    assert (await cases.call("VerifyAudit")).intact


async def code_of(call: Any) -> grpc.StatusCode:
    code: grpc.StatusCode = await call.code()
    return code
