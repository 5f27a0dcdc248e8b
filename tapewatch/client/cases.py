"""The client of the case service: alerts, cases, their verbs, the audit trail."""

import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import pyarrow as pa
from google.protobuf.message_factory import GetMessageClass

from surveillance.v1 import alert_pb2, alert_record_pb2, case_pb2, case_work_pb2, change_pb2, rule_text_pb2
from surveillance.v1.case_pb2_grpc import CaseServiceStub
from tapewatch.client.connection import ServiceClient, limited, page_size_for
from tapewatch.client.tables import table_of

ALERTS_A_REQUEST_MAX = 1_000
CHANGES_A_REQUEST_MAX = 100
CASES_A_REQUEST_MAX = 100
RECORD_PATIENCE_S = 30.0
BATCH_TIMEOUT_S = 30.0


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

    async def record_rules(
        self, request: rule_text_pb2.RecordRulesRequest, patience_s: float | None = RECORD_PATIENCE_S
    ) -> int:
        """Keep the texts of rules as they are in force, each once; how many were new. Repeated as the others are."""
        answer = await self.call_persistently(self._stub.RecordRules, request, patience_s)
        return int(answer.recorded)

    async def list_alerts(
        self, filter_text: str = "", limit: int | None = None, *, order_by: str = "", search: str = ""
    ) -> list[alert_pb2.Alert]:
        """Alerts that satisfy a filter such as `rule_id = "spoofing" AND severity >= HIGH` and have a search's words.

        Newest first, or in an order such as `score desc`.
        """
        request = alert_record_pb2.ListAlertsRequest(
            filter=filter_text, page_size=page_size_for(limit), order_by=order_by, search=search
        )
        pages = self.pages(self._stub.ListAlerts, request)
        return await limited((alert async for page in pages for alert in page.alerts), limit)

    async def get_alert(self, alert_id: str) -> alert_pb2.Alert:
        """One alert; ClientError NOT_FOUND."""
        return await self.call(self._stub.GetAlert, alert_record_pb2.GetAlertRequest(alert_id=alert_id))

    async def list_cases(
        self, filter_text: str = "", limit: int | None = None, *, order_by: str = "", search: str = ""
    ) -> list[case_pb2.Case]:
        """Cases that satisfy a filter such as `state = OPEN AND instrument = "ACME"` and have the words of a search.

        Newest first, or in an order such as `priority, due_time_ns`.
        """
        request = case_pb2.ListCasesRequest(
            filter=filter_text, page_size=page_size_for(limit), order_by=order_by, search=search
        )
        pages = self.pages(self._stub.ListCases, request)
        return await limited((case async for page in pages for case in page.cases), limit)

    async def alerts_table(
        self, filter_text: str = "", limit: int | None = None, *, order_by: str = "", search: str = ""
    ) -> pa.Table:
        """The same alerts as `list_alerts` as columns (tapewatch.client.tables); `.to_pandas()` makes a data frame."""
        found = await self.list_alerts(filter_text, limit, order_by=order_by, search=search)
        return table_of(alert_pb2.Alert, found)

    async def cases_table(
        self, filter_text: str = "", limit: int | None = None, *, order_by: str = "", search: str = ""
    ) -> pa.Table:
        """The same cases as `list_cases` as columns (tapewatch.client.tables); `.to_pandas()` makes a data frame."""
        found = await self.list_cases(filter_text, limit, order_by=order_by, search=search)
        return table_of(case_pb2.Case, found)

    async def get_case(
        self, case_id: str, *, revision: int = 0, as_of_time_ns: int = 0, fields: Sequence[str] = ()
    ) -> case_pb2.Case:
        """One case by id or number, as it is or as it was; only some fields where named. ClientError NOT_FOUND."""
        request = case_pb2.GetCaseRequest(case_id=case_id, revision=revision, as_of_time_ns=as_of_time_ns)
        request.read_mask.paths.extend(fields)
        return await self.call(self._stub.GetCase, request)

    async def get_rule_text(
        self, rule_id: str, rule_version: str = "", config_digest: str = ""
    ) -> rule_text_pb2.RuleText:
        """A rule's text as it was in force with a configuration, or the newest of a version; ClientError NOT_FOUND."""
        request = rule_text_pb2.GetRuleTextRequest(
            rule_id=rule_id, rule_version=rule_version, config_digest=config_digest
        )
        return await self.call(self._stub.GetRuleText, request)

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
        return await self._move("AssignCase", case, actor, assignee=assignee)

    async def release_case(self, case: case_pb2.Case, actor: str, reason: str) -> case_pb2.Case:
        """Give up who works the case."""
        return await self._move("ReleaseCase", case, actor, reason=reason)

    async def start_review(self, case: case_pb2.Case, actor: str) -> case_pb2.Case:
        """Begin the review."""
        return await self._move("StartReview", case, actor)

    async def escalate_case(self, case: case_pb2.Case, actor: str, reason: str) -> case_pb2.Case:
        """Hand the case up."""
        return await self._move("EscalateCase", case, actor, reason=reason)

    async def return_case(self, case: case_pb2.Case, actor: str, reason: str, assignee: str = "") -> case_pb2.Case:
        """Hand an escalated case back, to who had it where nobody is named."""
        return await self._move("ReturnCase", case, actor, reason=reason, assignee=assignee)

    async def close_case(self, case: case_pb2.Case, actor: str, disposition: int, reason: str) -> case_pb2.Case:
        """End the case with a Disposition; as reported it is only proposed until somebody else approves."""
        return await self._move("CloseCase", case, actor, disposition=disposition, reason=reason)

    async def approve_close(self, case: case_pb2.Case, actor: str, reason: str = "") -> case_pb2.Case:
        """Agree to a proposal to close as reported, made by somebody else."""
        return await self._move("ApproveClose", case, actor, reason=reason)

    async def reject_close(self, case: case_pb2.Case, actor: str, reason: str) -> case_pb2.Case:
        """Refuse a proposal to close as reported, made by somebody else."""
        return await self._move("RejectClose", case, actor, reason=reason)

    async def withdraw_close(self, case: case_pb2.Case, actor: str, reason: str) -> case_pb2.Case:
        """Take one's own proposal to close as reported back."""
        return await self._move("WithdrawClose", case, actor, reason=reason)

    async def reopen_case(self, case: case_pb2.Case, actor: str, reason: str) -> case_pb2.Case:
        """Open a closed case again."""
        return await self._move("ReopenCase", case, actor, reason=reason)

    async def comment_case(self, case: case_pb2.Case, actor: str, text: str) -> case_pb2.Case:
        """Add a comment."""
        return await self._move("CommentCase", case, actor, text=text)

    async def tag_case(
        self, case: case_pb2.Case, actor: str, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> case_pb2.Case:
        """Put tags on and take some off."""
        return await self._move("TagCase", case, actor, add=add, remove=remove)

    async def check_step(
        self, case: case_pb2.Case, actor: str, step_id: str, *, done: bool = True, note: str = ""
    ) -> case_pb2.Case:
        """Say that a step of the checklist was done, or was not."""
        return await self._move("CheckStep", case, actor, step_id=step_id, done=done, note=note)

    async def link_case(
        self, case: case_pb2.Case, actor: str, other_case_id: str, kind: int, reason: str
    ) -> case_pb2.Case:
        """Say that two cases belong together: a LinkKind, related or duplicate of the other."""
        return await self._move("LinkCase", case, actor, other_case_id=other_case_id, kind=kind, reason=reason)

    async def unlink_case(self, case: case_pb2.Case, actor: str, other_case_id: str, reason: str) -> case_pb2.Case:
        """Take the link of two cases away."""
        return await self._move("UnlinkCase", case, actor, other_case_id=other_case_id, reason=reason)

    async def attach_file(
        self, case: case_pb2.Case, actor: str, name: str, content: bytes, media_type: str = ""
    ) -> case_pb2.Case:
        """Keep a file with the case."""
        return await self._move("AttachFile", case, actor, name=name, content=content, media_type=media_type)

    async def get_attachment(self, case_id: str, sha256: str, actor: str = "") -> case_work_pb2.GetAttachmentResponse:
        """A file kept with a case; ClientError NOT_FOUND."""
        request = case_work_pb2.GetAttachmentRequest(case_id=case_id, sha256=sha256, actor=actor)
        return await self.call(self._stub.GetAttachment, request)

    async def assign_cases(
        self, cases: Sequence[case_pb2.Case], actor: str, assignee: str
    ) -> list[case_work_pb2.BatchResult]:
        """Give many cases to an analyst, each on its own; what became of each, in order."""
        return await self._move_each("BatchAssignCases", cases, actor, assignee=assignee)

    async def close_cases(
        self, cases: Sequence[case_pb2.Case], actor: str, disposition: int, reason: str
    ) -> list[case_work_pb2.BatchResult]:
        """End many cases, each on its own; what became of each, in order."""
        return await self._move_each("BatchCloseCases", cases, actor, disposition=disposition, reason=reason)

    async def _move(self, method: str, case: case_pb2.Case, actor: str, **fields: Any) -> case_pb2.Case:
        """Apply a verb to a case as it was seen."""
        request_id = secrets.token_hex(16)
        request = _REQUESTS[method](case_id=case.case_id, etag=case.etag, request_id=request_id, actor=actor, **fields)
        return await self.call(getattr(self._stub, method), request)

    async def _move_each(
        self, method: str, cases: Sequence[case_pb2.Case], actor: str, **fields: Any
    ) -> list[case_work_pb2.BatchResult]:
        results: list[case_work_pb2.BatchResult] = []
        for start in range(0, len(cases), CASES_A_REQUEST_MAX):
            part = cases[start : start + CASES_A_REQUEST_MAX]
            seen = [case_work_pb2.CaseVersion(case_id=each.case_id, etag=each.etag) for each in part]
            request = _REQUESTS[method](cases=seen, request_id=secrets.token_hex(16), actor=actor, **fields)
            answer = await self.call(getattr(self._stub, method), request, BATCH_TIMEOUT_S)
            results.extend(answer.results)
        return results

    async def list_audit_records(self, subject: str = "", limit: int | None = None) -> list[case_pb2.AuditRecord]:
        """Audit records of a case or alert or of "detection" (of all when empty), oldest first."""
        request = case_pb2.ListAuditRecordsRequest(subject=subject, page_size=page_size_for(limit))
        pages = self.pages(self._stub.ListAuditRecords, request)
        return await limited((record async for page in pages for record in page.records), limit)

    async def verify_audit(self) -> case_pb2.VerifyAuditResponse:
        """Check the hash chain."""
        return await self.call(self._stub.VerifyAudit, case_pb2.VerifyAuditRequest())


_METHODS = case_pb2.DESCRIPTOR.services_by_name["CaseService"].methods_by_name
_REQUESTS: Mapping[str, Any] = {name: GetMessageClass(method.input_type) for name, method in _METHODS.items()}
