"""`surveillance.v1.CaseService`: requests to domain calls and back."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import grpc.aio
from prometheus_client import CollectorRegistry, Counter, Gauge

from case_service.change import change_of
from case_service.convert import audit_message, case_bytes, case_message, command_of, incoming_of
from case_service.grouping import Policy
from case_service.listing import ALERTS, CASES
from case_service.paging import PageTokens, page_size_of
from case_service.recorder import Recorder
from case_service.store import reading
from case_service.store.batch import Outcome
from case_service.store.changes import record_changes
from case_service.store.store import Store
from case_service.store.verbs import perform
from case_service.watch import RETRY_AFTER_MS, parse_cursor, watch
from surveillance.v1 import alert_pb2, alert_record_pb2, case_pb2, case_pb2_grpc
from tapewatch.runtime.access import caller_of
from tapewatch.runtime.errors import ResourceExhausted

SERVICE_NAME = "surveillance.v1.CaseService"
BATCH_ALERTS_MAX = 1_000
BATCH_CHANGES_MAX = 100
WATCHERS_MAX = 200
Context = grpc.aio.ServicerContext[Any, Any]


class CaseMetrics:
    """What is counted about alerts and watchers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.revisions = Counter(
            "tapewatch_cases_alert_revisions",
            "Alert revisions received, by what became of them: changed, unchanged, conflict.",
            ["outcome"],
            registry=registry,
        )
        self.watchers = Gauge("tapewatch_cases_watchers", "Watch streams open now.", registry=registry)

    def count(self, outcomes: list[Outcome]) -> None:
        """Count the outcomes of a batch."""
        for each in outcomes:
            name = "conflict" if each.conflict else "changed" if each.changed else "unchanged"
            self.revisions.labels(name).inc()


class CaseServicer(case_pb2_grpc.CaseServiceServicer):
    """Serves alerts, cases and their history from a store."""

    def __init__(
        self, store: Store, recorder: Recorder, policy: Policy, tokens: PageTokens, metrics: CaseMetrics
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._policy = policy
        self._tokens = tokens
        self._metrics = metrics
        self._watchers = 0

    async def RecordAlerts(
        self, request: alert_record_pb2.RecordAlertsRequest, context: Context
    ) -> alert_record_pb2.RecordAlertsResponse:
        """Durable when answered; a batch takes effect whole or not at all."""
        if len(request.alerts) > BATCH_ALERTS_MAX:
            raise ResourceExhausted(
                "BATCH_TOO_LARGE",
                f"alerts: expected at most {BATCH_ALERTS_MAX} a request, found {len(request.alerts)}; send several",
                field="alerts",
            )
        incoming = [incoming_of(message, position) for position, message in enumerate(request.alerts)]
        outcomes = await self._recorder.record(incoming)
        self._metrics.count(outcomes)
        return alert_record_pb2.RecordAlertsResponse(
            results=[
                alert_record_pb2.RecordAlertResult(
                    alert_id=each.alert_id, revision=each.revision, case_id=each.case_id, changed=each.changed
                )
                for each in outcomes
            ]
        )

    async def RecordChanges(
        self, request: alert_record_pb2.RecordChangesRequest, context: Context
    ) -> alert_record_pb2.RecordChangesResponse:
        """Durable when answered; a change told again keeps its record."""
        if len(request.changes) > BATCH_CHANGES_MAX:
            raise ResourceExhausted(
                "BATCH_TOO_LARGE",
                f"changes: expected at most {BATCH_CHANGES_MAX} a request, found {len(request.changes)}; send several",
                field="changes",
            )
        changes = [change_of(message, position) for position, message in enumerate(request.changes)]
        channel = caller_of(context).channel
        recorded = await self._store.write(lambda shared: record_changes(shared, changes, channel))
        return alert_record_pb2.RecordChangesResponse(
            results=[
                alert_record_pb2.RecordChangeResult(
                    change_id=each.change_id, audit_sequence=each.audit_sequence, changed=each.changed
                )
                for each in recorded
            ]
        )

    async def ListAlerts(
        self, request: alert_record_pb2.ListAlertsRequest, context: Context
    ) -> alert_record_pb2.ListAlertsResponse:
        """Newest first where no order is asked for."""
        page = await self._store.read(reading.alerts_page, ALERTS.asked(request, self._tokens))
        token = ALERTS.next_page_token(request, self._tokens, page)
        messages = [alert_pb2.Alert.FromString(each.body) for each in page.items]
        return alert_record_pb2.ListAlertsResponse(alerts=messages, next_page_token=token)

    async def GetAlert(self, request: alert_record_pb2.GetAlertRequest, context: Context) -> alert_pb2.Alert:
        """By id."""
        found = await self._store.read(reading.alert_named, request.alert_id)
        return alert_pb2.Alert.FromString(found.body)

    async def WatchAlerts(
        self, request: alert_record_pb2.WatchAlertsRequest, context: Context
    ) -> AsyncIterator[alert_record_pb2.WatchAlertsResponse]:
        """Until the caller or the service stops."""
        position = await self._position(request.cursor)
        with self._watching():
            async for each in watch(self._store.bell, self._alerts_changed, position):
                alert = alert_pb2.Alert.FromString(each.body)
                yield alert_record_pb2.WatchAlertsResponse(alert=alert, cursor=str(each.change_sequence))

    async def ListCases(self, request: case_pb2.ListCasesRequest, context: Context) -> case_pb2.ListCasesResponse:
        """Newest first where no order is asked for."""
        page = await self._store.read(reading.cases_page, CASES.asked(request, self._tokens))
        token = CASES.next_page_token(request, self._tokens, page)
        return case_pb2.ListCasesResponse(cases=[case_message(each.case) for each in page.items], next_page_token=token)

    async def GetCase(self, request: case_pb2.GetCaseRequest, context: Context) -> case_pb2.Case:
        """By id or number."""
        return case_message(await self._store.read(reading.case_named, request.case_id))

    async def WatchCases(
        self, request: case_pb2.WatchCasesRequest, context: Context
    ) -> AsyncIterator[case_pb2.WatchCasesResponse]:
        """Until the caller or the service stops."""
        position = await self._position(request.cursor)
        with self._watching():
            async for each in watch(self._store.bell, self._cases_changed, position):
                yield case_pb2.WatchCasesResponse(case=case_message(each.case), cursor=str(each.change_sequence))

    async def AssignCase(self, request: case_pb2.AssignCaseRequest, context: Context) -> case_pb2.Case:
        """OPEN or ASSIGNED to ASSIGNED."""
        return await self._perform(request, context)

    async def StartReview(self, request: case_pb2.StartReviewRequest, context: Context) -> case_pb2.Case:
        """ASSIGNED to IN_REVIEW."""
        return await self._perform(request, context)

    async def EscalateCase(self, request: case_pb2.EscalateCaseRequest, context: Context) -> case_pb2.Case:
        """ASSIGNED or IN_REVIEW to ESCALATED."""
        return await self._perform(request, context)

    async def CloseCase(self, request: case_pb2.CloseCaseRequest, context: Context) -> case_pb2.Case:
        """ASSIGNED, IN_REVIEW or ESCALATED to CLOSED."""
        return await self._perform(request, context)

    async def ReopenCase(self, request: case_pb2.ReopenCaseRequest, context: Context) -> case_pb2.Case:
        """CLOSED to OPEN."""
        return await self._perform(request, context)

    async def CommentCase(self, request: case_pb2.CommentCaseRequest, context: Context) -> case_pb2.Case:
        """In any state."""
        return await self._perform(request, context)

    async def ListAuditRecords(
        self, request: case_pb2.ListAuditRecordsRequest, context: Context
    ) -> case_pb2.ListAuditRecordsResponse:
        """Oldest first."""
        after = self._tokens.read(request.page_token, "ListAuditRecords", request.subject)
        page = await self._store.read(reading.audit_page, request.subject, after, page_size_of(request.page_size))
        token = self._tokens.make("ListAuditRecords", request.subject, page.items[-1].sequence) if page.more else ""
        return case_pb2.ListAuditRecordsResponse(
            records=[audit_message(each) for each in page.items], next_page_token=token
        )

    async def VerifyAudit(self, request: case_pb2.VerifyAuditRequest, context: Context) -> case_pb2.VerifyAuditResponse:
        """The whole trail, as it stood when the call began."""
        finding = await self._store.read(reading.verify_audit)
        return case_pb2.VerifyAuditResponse(
            records=finding.records,
            intact=finding.first_bad_sequence == 0,
            first_bad_sequence=finding.first_bad_sequence,
            problem=finding.problem,
        )

    async def _perform(self, request: Any, context: Context) -> case_pb2.Case:
        command = command_of(request, caller_of(context))
        response = await self._store.write(lambda shared: perform(shared, command, self._policy, case_bytes))
        return case_pb2.Case.FromString(response)

    async def _alerts_changed(self, after: int, count: int) -> reading.Page[reading.StoredAlert]:
        return await self._store.read(reading.alerts_changed, after, count)

    async def _cases_changed(self, after: int, count: int) -> reading.Page[reading.ChangedCase]:
        return await self._store.read(reading.cases_changed, after, count)

    async def _position(self, cursor: str) -> int:
        position = parse_cursor(cursor, await self._store.read(reading.change_head))
        return self._store.bell.position if position is None else position

    @contextmanager
    def _watching(self) -> Iterator[None]:
        if self._watchers == WATCHERS_MAX:
            raise ResourceExhausted(
                "TOO_MANY_WATCHERS",
                f"expected fewer than {WATCHERS_MAX} open watch streams, found as many; close some or try again later",
                retry_after_ms=RETRY_AFTER_MS,
            )
        self._watchers += 1
        self._metrics.watchers.set(self._watchers)
        try:
            yield
        finally:
            self._watchers -= 1
            self._metrics.watchers.set(self._watchers)
