"""In-process services for the tests of commands, with a little content."""

import json
from collections.abc import AsyncIterator
from typing import Any

import grpc

from surveillance.v1 import (
    alert_pb2,
    alert_record_pb2,
    case_pb2,
    case_pb2_grpc,
    change_pb2,
    detection_pb2,
    detection_pb2_grpc,
    ingest_pb2,
)
from surveillance.v1 import ingest_pb2_grpc as ingest_grpc
from tapewatch.runtime.errors import ServiceError
from tests.tapewatch.client.fakes import refuse

START_NS = 1_772_442_000_123_456_789
ALERT = alert_pb2.Alert(
    alert_id="ab" * 32,
    revision=2,
    rule_id="spoofing",
    rule_version="1.0.0",
    typology="SPOOFING",
    severity=alert_pb2.SEVERITY_HIGH,
    score=0.75,
    venue="XTWS",
    instrument="NRDL",
    accounts=["A1"],
    owners=["O1"],
    start_time_ns=START_NS,
    end_time_ns=START_NS + 5,
    explanation="Withdrew 9,000 within 2 s; \x1b[31mordinary is 100.",
    measurements=[alert_pb2.Measurement(name="ratio", observed=9.0, threshold=3.0, unit="times")],
    closed=True,
)
CASE = case_pb2.Case(
    case_id="cd" * 32,
    number=7,
    title="Spoofing in NRDL",
    state=case_pb2.CASE_STATE_OPEN,
    priority=2,
    severity=alert_pb2.SEVERITY_HIGH,
    venue="XTWS",
    instrument="NRDL",
    owners=["O1"],
    alert_ids=[ALERT.alert_id],
    rule_ids=["spoofing"],
    explanations=[ALERT.explanation],
    etag="e1",
)
CHANGE = change_pb2.ConfigurationChange(
    sequence=3, kind="configuration", actor="ann", what="spoofing: size_multiple_min 7", audit_sequence=4
)
CASES: Any = case_pb2_grpc.CaseServiceServicer
INGEST: Any = ingest_grpc.IngestServiceServicer
DETECTION: Any = detection_pb2_grpc.DetectionServiceServicer


class DeskFake(CASES, INGEST, DETECTION):  # type: ignore[misc]  # mypy calls the generated bases abstract
    """Cases, ingest and detection in one; `asked` are the requests seen."""

    def __init__(
        self,
        pending: int = 0,
        intact: bool = True,
        behind: int = 0,
        configuration: detection_pb2.Configuration | None = None,
    ) -> None:
        self.configuration = configuration or detection_pb2.Configuration()
        self.pending = pending
        self.behind = behind
        self.intact = intact
        self.asked: list[Any] = []
        self.alerts = [ALERT]

    async def ListAlerts(self, request: Any, context: Any) -> alert_record_pb2.ListAlertsResponse:
        self.asked.append(request)
        if request.filter == "nonsense":
            error = ServiceError(grpc.StatusCode.INVALID_ARGUMENT, "FILTER", "filter: expected a condition, found it")
            await refuse(context, error)
        return alert_record_pb2.ListAlertsResponse(alerts=self.alerts)

    async def GetAlert(self, request: Any, context: Any) -> alert_pb2.Alert:
        return ALERT

    async def ListCases(self, request: Any, context: Any) -> case_pb2.ListCasesResponse:
        return case_pb2.ListCasesResponse(cases=[CASE])

    async def GetCase(self, request: Any, context: Any) -> case_pb2.Case:
        return CASE

    async def StartReview(self, request: Any, context: Any) -> None:
        said = "StartReview: expected a case in ASSIGNED, found OPEN; possible now: AssignCase, CommentCase"
        await refuse(context, ServiceError(grpc.StatusCode.FAILED_PRECONDITION, "ILLEGAL_TRANSITION", said))

    async def CloseCase(self, request: Any, context: Any) -> case_pb2.Case:
        self.asked.append(request)
        closed = case_pb2.Case()
        closed.CopyFrom(CASE)
        closed.state = case_pb2.CASE_STATE_CLOSED
        closed.disposition = request.disposition
        closed.disposition_reason = request.reason
        return closed

    async def WatchCases(self, request: Any, context: Any) -> AsyncIterator[case_pb2.WatchCasesResponse]:
        for number in (1, 2, 3):
            yield case_pb2.WatchCasesResponse(case=case_pb2.Case(number=number), cursor=str(number))

    async def VerifyAudit(self, request: Any, context: Any) -> case_pb2.VerifyAuditResponse:
        if self.intact:
            return case_pb2.VerifyAuditResponse(records=12, intact=True)
        return case_pb2.VerifyAuditResponse(records=12, first_bad_sequence=5, problem="the hash differs")

    async def ListAuditRecords(self, request: Any, context: Any) -> case_pb2.ListAuditRecordsResponse:
        self.asked.append(request)
        told = {"what": CHANGE.what, "problem": CHANGE.problem}
        record = case_pb2.AuditRecord(
            sequence=4, actor="ann", action="ChangeConfiguration", subject="detection", detail_json=json.dumps(told)
        )
        return case_pb2.ListAuditRecordsResponse(records=[record])

    async def ListSources(self, request: Any, context: Any) -> ingest_pb2.ListSourcesResponse:
        source = ingest_pb2.Source(source="venue", received=10, journalled=7, rejected=2, duplicate=1)
        return ingest_pb2.ListSourcesResponse(sources=[source])

    async def ListQuarantine(self, request: Any, context: Any) -> ingest_pb2.ListQuarantineResponse:
        row = ingest_pb2.QuarantinedRow(quarantine_id="3", source="venue", field="quantity", reason="NEGATIVE")
        return ingest_pb2.ListQuarantineResponse(rows=[row])

    async def ReplayQuarantine(self, request: Any, context: Any) -> ingest_pb2.ReplayQuarantineResponse:
        self.asked.append(request)
        return ingest_pb2.ReplayQuarantineResponse(result=ingest_pb2.PublishResponse(journalled=1))

    async def GetDetectionStatus(self, request: Any, context: Any) -> detection_pb2.DetectionStatus:
        evaluation = detection_pb2.SourceEvaluation(source="venue", evaluated=7 - self.pending, pending=0)
        changes = [CHANGE, change_pb2.ConfigurationChange(kind="rules", what="rules -", problem="it is none")]
        next_sequence = 7 - self.behind
        return detection_pb2.DetectionStatus(sources=[evaluation], next_sequence=next_sequence, changes=changes)

    async def GetIngestStatus(self, request: Any, context: Any) -> ingest_pb2.IngestStatus:
        return ingest_pb2.IngestStatus(next_sequence=7)

    async def GetConfiguration(self, request: Any, context: Any) -> detection_pb2.Configuration:
        return self.configuration

    async def GetRule(self, request: Any, context: Any) -> detection_pb2.Rule:
        parameter = detection_pb2.RuleParameter(name="window_s", value=2, unit="s", minimum=0.1, maximum=60)
        return detection_pb2.Rule(rule_id=request.rule_id, version="1", parameters=[parameter], known_gaps=["icebergs"])


def add_desk(servicer: Any, server: Any) -> None:
    case_pb2_grpc.add_CaseServiceServicer_to_server(servicer, server)
    ingest_grpc.add_IngestServiceServicer_to_server(servicer, server)
    detection_pb2_grpc.add_DetectionServiceServicer_to_server(servicer, server)
