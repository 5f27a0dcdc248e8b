"""The life of a case without our client: as grpcurl does it, by reflection and JSON, and by REST."""

import asyncio
import base64
import http.client
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from surveillance.v1 import detection_pb2
from tapewatch.rest.routes import ROUTES
from tapewatch.rest.serving import RestSettings
from tapewatch.runtime.errors import error_info
from tests.case_service.fakes import TIMEOUT_S, Cases, alert, running_cases

SERVICE = "surveillance.v1.CaseService"
Answer = tuple[str, Mapping[str, Any]]
"""OK or the reason of a refusal, and the answer."""
Ask = Callable[[str, Mapping[str, Any]], Answer]


@pytest.fixture
async def cases(sqlite_database: Any, tmp_path: Any) -> AsyncIterator[Cases]:
    files = {"directory": tmp_path / "files"}
    rest = RestSettings(listen="127.0.0.1:0")
    async with running_cases(sqlite_database, rest=rest, attachments=files) as running:
        rule = detection_pb2.Rule(rule_id="spoofing", version="1.0.0", triage_steps=["Look."])
        await running.call("RecordRules", rules=[rule])
        await running.record(alert("a"), alert("b", owners=("O2",)))
        yield running


def by_reflection(cases: Cases) -> Ask:
    """Calls with JSON in and out, and no contract but what the service tells of itself."""

    def ask(method: str, fields: Mapping[str, Any]) -> Answer:
        with grpc.insecure_channel(f"127.0.0.1:{cases.service.bound_port}") as channel:
            pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
            described = pool.FindServiceByName(SERVICE).methods_by_name[method]
            request = json_format.ParseDict(dict(fields), GetMessageClass(described.input_type)())
            answer_type = GetMessageClass(described.output_type)
            call = channel.unary_unary(
                f"/{SERVICE}/{method}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=answer_type.FromString,
            )
            try:
                answer = call(request, timeout=TIMEOUT_S)
            except grpc.RpcError as error:
                info = error_info(error)
                return (info.reason if info else "", {})
            return "OK", json_format.MessageToDict(
                answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
            )

    return ask


def by_rest(cases: Cases) -> Ask:
    """HTTP and JSON."""
    routes = {each.method.rpartition("/")[2]: each for each in ROUTES if f"/{SERVICE}/" in each.method}
    address = cases.service.rest_address
    assert address is not None

    def ask(method: str, fields: Mapping[str, Any]) -> Answer:
        route = routes[method]
        path = route.path.format(**fields)
        rest = {name: value for name, value in fields.items() if name not in route.path_fields}
        connection = http.client.HTTPConnection(address.host, address.port, timeout=TIMEOUT_S)
        try:
            if route.verb == "GET":
                connection.request("GET", f"{path}?{urlencode(rest)}" if rest else path)
            else:
                connection.request("POST", path, json.dumps(rest), {"content-type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        return ("OK", answer) if response.status == 200 else (answer["error"]["details"][0]["reason"], {})

    return ask


def walk(ask: Ask) -> None:
    """Everything that happens to a case, each step by the etag of the one before, and the wrong turns."""
    (case,) = done(ask, "ListCases", filter='owners:"O1"')["cases"]
    number = str(case["number"])

    def act(method: str, actor: str = "ann", **fields: Any) -> Mapping[str, Any]:
        nonlocal case
        case = done(ask, method, case_id=number, etag=case["etag"], actor=actor, **fields)
        return case

    def refused(method: str, actor: str = "ann", **fields: Any) -> str:
        reason, _ = ask(method, {"case_id": number, "etag": case["etag"], "actor": actor, **fields})
        return reason

    assert refused("StartReview") == "ILLEGAL_TRANSITION"
    assert act("AssignCase", "sue", assignee="ann")["state"] == "CASE_STATE_ASSIGNED"
    assert refused("AssignCase", assignee="bob", etag="0" * 16) == "STALE_ETAG"
    act("StartReview")
    act("CheckStep", step_id=case["checklist"][0]["step_id"], done=True, note="seen")
    act("CommentCase", text="No hedge.")
    act("TagCase", add=["urgent"])
    act("LinkCase", other_case_id="2", kind="LINK_KIND_RELATED", reason="same house")
    act("UnlinkCase", other_case_id="2", reason="another house")
    act("AttachFile", name="a.txt", media_type="text/plain", content=base64.b64encode(b"abc").decode())
    sha256 = case["attachments"][0]["sha256"]
    kept = done(ask, "GetAttachment", case_id=number, sha256=sha256)
    assert base64.b64decode(kept["content"]) == b"abc"
    assert act("EscalateCase", reason="large")["state"] == "CASE_STATE_ESCALATED"
    act("ReturnCase", "sue", reason="small")
    act("ReleaseCase", reason="ill")
    act("AssignCase", "sue", assignee="bob")
    act("StartReview", "bob")
    close = {"disposition": "DISPOSITION_REPORTED", "reason": "clear"}
    assert refused("ApproveClose", "sue") == "NO_CLOSE_PENDING"
    assert act("CloseCase", "bob", **close)["pending_close"]["proposer"] == "bob"
    assert refused("ApproveClose", "bob") == "FOUR_EYES"
    assert refused("EscalateCase", "bob", reason="x") == "CLOSE_PENDING"
    act("RejectClose", "sue", reason="thin")
    act("CloseCase", "bob", **close)
    act("WithdrawClose", "bob", reason="wait")
    act("CloseCase", "bob", **close)
    assert act("ApproveClose", "sue")["state"] == "CASE_STATE_CLOSED"
    assert refused("CloseCase", "bob", **close) == "ILLEGAL_TRANSITION"
    act("ReopenCase", "sue", reason="new facts")
    past = done(ask, "GetCase", case_id=number, revision=2)
    assert (past["state"], past["assignee"]) == ("CASE_STATE_ASSIGNED", "ann")
    history = done(ask, "ListAuditRecords", subject=case["case_id"])["records"]
    assert len([each for each in history if not each["action"].startswith("Read")]) == int(case["revision"])
    assert done(ask, "VerifyAudit")["intact"]


def done(ask: Ask, method: str, **fields: Any) -> Mapping[str, Any]:
    reason, answer = ask(method, fields)
    assert reason == "OK", f"{method}: {reason}"
    return answer


@pytest.mark.parametrize("way", [by_reflection, by_rest])
async def test_a_case_lives_its_whole_life(cases: Cases, way: Callable[[Cases], Ask]) -> None:
    await asyncio.to_thread(walk, way(cases))
