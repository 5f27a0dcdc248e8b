"""What is read: alerts, cases as they are and were, the history."""

from collections.abc import AsyncIterator

from case_service.commands import wrong
from case_service.confidentiality.reads import note_if_restricted
from case_service.convert import (
    audit_message,
    case_message,
)
from case_service.listing import ALERTS, CASES
from case_service.masks import checked_mask, masked
from case_service.paging import page_size_of
from case_service.servicers.serving import Context, Served
from case_service.store import reading
from case_service.store.past import case_as_it_was
from case_service.watch import watch
from surveillance.v1 import alert_pb2, alert_record_pb2, case_pb2
from tapewatch.runtime.access import caller_of


class ReadingMethods(Served):
    """Get, list and watch alerts and cases; the audit trail."""

    async def ListAlerts(
        self, request: alert_record_pb2.ListAlertsRequest, context: Context
    ) -> alert_record_pb2.ListAlertsResponse:
        """Newest first where no order is asked for."""
        mask = checked_mask(request.read_mask, alert_pb2.Alert)
        page = await self._desk.store.read(reading.alerts_page, ALERTS.asked(request, self._desk.tokens))
        token = ALERTS.next_page_token(request, self._desk.tokens, page)
        messages = [masked(alert_pb2.Alert.FromString(each.body), mask) for each in page.items]
        return alert_record_pb2.ListAlertsResponse(alerts=messages, next_page_token=token)

    async def GetAlert(self, request: alert_record_pb2.GetAlertRequest, context: Context) -> alert_pb2.Alert:
        """By id."""
        mask = checked_mask(request.read_mask, alert_pb2.Alert)
        found = await self._desk.store.read(reading.alert_named, request.alert_id)
        return masked(alert_pb2.Alert.FromString(found.body), mask)

    async def WatchAlerts(
        self, request: alert_record_pb2.WatchAlertsRequest, context: Context
    ) -> AsyncIterator[alert_record_pb2.WatchAlertsResponse]:
        """Until the caller or the service stops."""
        position = await self._position(request.cursor)
        with self._watching():
            async for each in watch(self._desk.store.bell, self._alerts_changed, position):
                alert = alert_pb2.Alert.FromString(each.body)
                yield alert_record_pb2.WatchAlertsResponse(alert=alert, cursor=str(each.change_sequence))

    async def ListCases(self, request: case_pb2.ListCasesRequest, context: Context) -> case_pb2.ListCasesResponse:
        """Newest first where no order is asked for."""
        mask = checked_mask(request.read_mask, case_pb2.Case)
        page = await self._desk.store.read(reading.cases_page, CASES.asked(request, self._desk.tokens))
        token = CASES.next_page_token(request, self._desk.tokens, page)
        now_ns = self._desk.clock_ns()
        cases = [masked(case_message(each.case, now_ns), mask) for each in page.items]
        return case_pb2.ListCasesResponse(cases=cases, next_page_token=token)

    async def GetCase(self, request: case_pb2.GetCaseRequest, context: Context) -> case_pb2.Case:
        """By id or number; as it is, or as it was at a revision or a time."""
        mask = checked_mask(request.read_mask, case_pb2.Case)
        if request.revision or request.as_of_time_ns:
            past = _past_of(request)
            case, now_ns = await self._desk.store.read(case_as_it_was, request.case_id, *past)
        else:
            case, now_ns = await self._desk.store.read(reading.case_named, request.case_id), self._desk.clock_ns()
        await note_if_restricted(self._desk.store, case, caller_of(context))
        return masked(case_message(case, now_ns), mask)

    async def WatchCases(
        self, request: case_pb2.WatchCasesRequest, context: Context
    ) -> AsyncIterator[case_pb2.WatchCasesResponse]:
        """Until the caller or the service stops."""
        position = await self._position(request.cursor)
        with self._watching():
            async for each in watch(self._desk.store.bell, self._cases_changed, position):
                case = case_message(each.case, self._desk.clock_ns())
                yield case_pb2.WatchCasesResponse(case=case, cursor=str(each.change_sequence))

    async def _alerts_changed(self, after: int, count: int) -> reading.Page[reading.StoredAlert]:
        return await self._desk.store.read(reading.alerts_changed, after, count)

    async def _cases_changed(self, after: int, count: int) -> reading.Page[reading.ChangedCase]:
        return await self._desk.store.read(reading.cases_changed, after, count)

    async def ListAuditRecords(
        self, request: case_pb2.ListAuditRecordsRequest, context: Context
    ) -> case_pb2.ListAuditRecordsResponse:
        """Oldest first."""
        after = self._desk.tokens.read(request.page_token, "ListAuditRecords", request.subject)
        page = await self._desk.store.read(reading.audit_page, request.subject, after, page_size_of(request.page_size))
        token = (
            self._desk.tokens.make("ListAuditRecords", request.subject, page.items[-1].sequence) if page.more else ""
        )
        return case_pb2.ListAuditRecordsResponse(
            records=[audit_message(each) for each in page.items], next_page_token=token
        )

    async def VerifyAudit(self, request: case_pb2.VerifyAuditRequest, context: Context) -> case_pb2.VerifyAuditResponse:
        """The whole trail, as it stood when the call began."""
        finding = await self._desk.auditor.verify()
        return case_pb2.VerifyAuditResponse(
            records=finding.records,
            intact=finding.first_bad_sequence == 0,
            first_bad_sequence=finding.first_bad_sequence,
            problem=finding.problem,
            checkpoints=finding.checkpoints,
            signed_sequence=finding.signed_sequence,
        )


def _past_of(request: case_pb2.GetCaseRequest) -> tuple[int, int]:
    """The revision and the time a request asks for, one of them; InvalidArgument."""
    revision, time_ns = request.revision, request.as_of_time_ns
    if min(revision, time_ns) < 0 or (revision and time_ns):
        raise wrong("GetCase", "revision", "a revision from 1, or an as_of_time_ns, not both", f"{revision}, {time_ns}")
    return revision, time_ns
