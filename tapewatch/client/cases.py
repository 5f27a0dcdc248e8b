"""The client of the case service: alerts, cases, their verbs, the audit trail."""

import secrets
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from surveillance.v1 import alert_pb2, alert_record_pb2, case_pb2, change_pb2
from surveillance.v1.case_pb2_grpc import CaseServiceStub
from tapewatch.client.connection import ServiceClient, limited, page_size_for

ALERTS_A_REQUEST_MAX = 1_000
CHANGES_A_REQUEST_MAX = 100
RECORD_PATIENCE_S = 30.0


class CaseClient(ServiceClient):
    """Calls to the case service; see ServiceClient for opening and errors.

    A verb takes the case as it was seen: its etag guards against changes in between (ClientError ABORTED), and the
    request id makes a repeated call harmless. `actor` is who acts, where certificates do not say.
    """

    @property
    def _stub(self) -> Any:
        return CaseServiceStub(self.channel)

    async def record_alerts(
        self, alerts: Sequence[alert_pb2.Alert], patience_s: float | None = RECORD_PATIENCE_S
    ) -> list[alert_record_pb2.RecordAlertResult]:
        """Store alert revisions, in order and durably; repeated while the service is away (None: for ever)."""
        results: list[alert_record_pb2.RecordAlertResult] = []
        for start in range(0, len(alerts), ALERTS_A_REQUEST_MAX):
            request = alert_record_pb2.RecordAlertsRequest(alerts=alerts[start : start + ALERTS_A_REQUEST_MAX])
            answer = await self.call_persistently(self._stub.RecordAlerts, request, patience_s)
            results.extend(answer.results)
        return results

    async def record_changes(
        self, changes: Sequence[change_pb2.ConfigurationChange], patience_s: float | None = RECORD_PATIENCE_S
    ) -> list[alert_record_pb2.RecordChangeResult]:
        """Enter changes of detection in the audit trail, each once; repeated as `record_alerts` is."""
        results: list[alert_record_pb2.RecordChangeResult] = []
        for start in range(0, len(changes), CHANGES_A_REQUEST_MAX):
            request = alert_record_pb2.RecordChangesRequest(changes=changes[start : start + CHANGES_A_REQUEST_MAX])
            answer = await self.call_persistently(self._stub.RecordChanges, request, patience_s)
            results.extend(answer.results)
        return results

    async def list_alerts(self, filter_text: str = "", limit: int | None = None) -> list[alert_pb2.Alert]:
        """Alerts that satisfy a filter such as `rule_id = "spoofing" AND severity >= HIGH`, newest first."""
        request = alert_record_pb2.ListAlertsRequest(filter=filter_text, page_size=page_size_for(limit))
        pages = self.pages(self._stub.ListAlerts, request)
        return await limited((alert async for page in pages for alert in page.alerts), limit)

    async def get_alert(self, alert_id: str) -> alert_pb2.Alert:
        """One alert; ClientError NOT_FOUND."""
        return await self.call(self._stub.GetAlert, alert_record_pb2.GetAlertRequest(alert_id=alert_id))

    async def list_cases(self, filter_text: str = "", limit: int | None = None) -> list[case_pb2.Case]:
        """Cases that satisfy a filter such as `state = OPEN AND instrument = "ACME"`, newest first."""
        request = case_pb2.ListCasesRequest(filter=filter_text, page_size=page_size_for(limit))
        pages = self.pages(self._stub.ListCases, request)
        return await limited((case async for page in pages for case in page.cases), limit)

    async def get_case(self, case_id: str) -> case_pb2.Case:
        """One case by id or number; ClientError NOT_FOUND."""
        return await self.call(self._stub.GetCase, case_pb2.GetCaseRequest(case_id=case_id))

    def watch_alerts(
        self, cursor: str = "", *, patience_s: float | None = None
    ) -> AsyncGenerator[alert_record_pb2.WatchAlertsResponse, None]:
        """Stored alert revisions from a cursor on ("0": all; "": from now on), without end; resumes after a break."""
        return self.watch(self._stub.WatchAlerts, alert_record_pb2.WatchAlertsRequest(cursor=cursor), patience_s)

    def watch_cases(
        self, cursor: str = "", *, patience_s: float | None = None
    ) -> AsyncGenerator[case_pb2.WatchCasesResponse, None]:
        """Changed cases from a cursor on ("0": all; "": from now on), without end; resumes after a break."""
        return self.watch(self._stub.WatchCases, case_pb2.WatchCasesRequest(cursor=cursor), patience_s)

    async def assign_case(self, case: case_pb2.Case, actor: str, assignee: str) -> case_pb2.Case:
        """Give the case to an analyst."""
        request = case_pb2.AssignCaseRequest(assignee=assignee, **_verb(case, actor))
        return await self.call(self._stub.AssignCase, request)

    async def start_review(self, case: case_pb2.Case, actor: str) -> case_pb2.Case:
        """Begin the review."""
        return await self.call(self._stub.StartReview, case_pb2.StartReviewRequest(**_verb(case, actor)))

    async def escalate_case(self, case: case_pb2.Case, actor: str, reason: str) -> case_pb2.Case:
        """Hand the case up."""
        request = case_pb2.EscalateCaseRequest(reason=reason, **_verb(case, actor))
        return await self.call(self._stub.EscalateCase, request)

    async def close_case(self, case: case_pb2.Case, actor: str, disposition: int, reason: str) -> case_pb2.Case:
        """End the case with a Disposition."""
        request = case_pb2.CloseCaseRequest(**_verb(case, actor), reason=reason, disposition=disposition)  # type: ignore[arg-type]  # the stub wants the enum's wrapper
        return await self.call(self._stub.CloseCase, request)

    async def reopen_case(self, case: case_pb2.Case, actor: str, reason: str) -> case_pb2.Case:
        """Open a closed case again."""
        request = case_pb2.ReopenCaseRequest(reason=reason, **_verb(case, actor))
        return await self.call(self._stub.ReopenCase, request)

    async def comment_case(self, case: case_pb2.Case, actor: str, text: str) -> case_pb2.Case:
        """Add a comment."""
        return await self.call(self._stub.CommentCase, case_pb2.CommentCaseRequest(text=text, **_verb(case, actor)))

    async def list_audit_records(self, subject: str = "", limit: int | None = None) -> list[case_pb2.AuditRecord]:
        """Audit records of a case or alert or of "detection" (of all when empty), oldest first."""
        request = case_pb2.ListAuditRecordsRequest(subject=subject, page_size=page_size_for(limit))
        pages = self.pages(self._stub.ListAuditRecords, request)
        return await limited((record async for page in pages for record in page.records), limit)

    async def verify_audit(self) -> case_pb2.VerifyAuditResponse:
        """Check the hash chain."""
        return await self.call(self._stub.VerifyAudit, case_pb2.VerifyAuditRequest())


def _verb(case: case_pb2.Case, actor: str) -> dict[str, str]:
    return {"case_id": case.case_id, "etag": case.etag, "request_id": secrets.token_hex(16), "actor": actor}
